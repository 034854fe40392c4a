import { afterAll, beforeAll, expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/index.ts';
import { runCli } from '../../src/cli/program.ts';

let directory: string;
let trusted: string;
const file = (name: string): string => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcu-image-'));
  trusted = file('keys');
  mkdirSync(trusted);
  writeKeys('release', trusted);
  writeKeys('stranger', directory);
  writeFileSync(file('dcu'), new Uint8Array(300_000).fill(7));
});
afterAll(() => rmSync(directory, { recursive: true }));

function writeKeys(name: string, publicDirectory: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(file(`${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(publicDirectory, `${name}.pem`), publicKey.export({ type: 'spki', format: 'pem' }));
}

async function run(...args: string[]): Promise<{ status: number; out: unknown; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    signal: new AbortController().signal,
  };
  const status = await runCli(['image', ...args], io, COMMANDS);
  return { status, out: out.length === 0 ? undefined : JSON.parse(out.join('\n')), err: err.join('\n') };
}

const sign = (key: string, image: string, version = '1.2.3') =>
  run(
    'sign',
    '--in',
    file('dcu'),
    '--out',
    file(image),
    '--as',
    version,
    '--key',
    file(`${key}.key`),
    '--json',
  );
const check = (image: string, ...more: string[]) =>
  run('check', file(image), '--keys', trusted, '--json', ...more);

test('an image that was signed with a trusted key is sound', async () => {
  expect(await sign('release', 'good.img')).toMatchObject({
    status: 0,
    out: { version: '1.2.3', size: 300_000 },
  });
  expect(await check('good.img')).toMatchObject({
    status: 0,
    out: { ok: true, product: 'opendcu', version: '1.2.3', signedBy: 'release' },
  });
});

test('an image of a stranger, a changed one, a short one and one for another machine are refused', async () => {
  await sign('stranger', 'stranger.img');
  expect(await check('stranger.img')).toMatchObject({
    status: 1,
    out: { error: { code: 'authentication-failed' } },
  });

  await sign('release', 'other.img');
  const bytes = readFileSync(file('other.img'));
  writeFileSync(file('short.img'), bytes.subarray(0, -1));
  expect(await check('short.img')).toMatchObject({ status: 1, out: { error: { field: 'size' } } });
  bytes[bytes.length - 1] = 8;
  writeFileSync(file('changed.img'), bytes);
  expect(await check('changed.img')).toMatchObject({
    status: 1,
    out: { error: { code: 'authentication-failed' } },
  });
  expect(await check('other.img', '--target', 'linux-mips')).toMatchObject({
    status: 1,
    out: { error: { field: 'target' } },
  });
});

test('what is no image is refused, whatever it claims to be', async () => {
  for (const bytes of [
    new Uint8Array(0),
    new Uint8Array(100),
    new TextEncoder().encode('ODCUIMG1'),
    new TextEncoder().encode('ODCUIMG1\xff\xff\xff\xffabc'),
    new TextEncoder().encode('ODCUIMG1\0\0\0\x03abcrest'),
  ]) {
    writeFileSync(file('none.img'), bytes);
    const { status, out } = await check('none.img');
    expect(status).toBe(1);
    expect(['invalid-field', 'authentication-failed']).toContain(
      (out as { error: { code: string } }).error.code,
    );
  }
});

test('a version that could leave its directory is not signed', async () => {
  expect(await sign('release', 'bad.img', '../../etc')).toMatchObject({
    status: 1,
    out: { error: { field: 'image' } },
  });
});

test('a private key among the trusted ones, or a weak one, is named', async () => {
  const keys = mkdtempSync(join(directory, 'odd-'));
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(keys, 'oops.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const oops = await run('check', file('good.img'), '--keys', keys, '--json');
  expect(oops).toMatchObject({ status: 1, out: { error: { field: 'oops.pem' } } });
  const weak = generateKeyPairSync('rsa', { modulusLength: 2048 });
  rmSync(join(keys, 'oops.pem'));
  writeFileSync(join(keys, 'weak.pem'), weak.publicKey.export({ type: 'spki', format: 'pem' }));
  expect((await run('check', file('good.img'), '--keys', keys, '--json')).err).toContain('2048 bits');
});

test('wrong usage of a command within a command is status 2', async () => {
  expect(await run('sign', '--in', file('dcu'), '--json')).toMatchObject({ status: 2 });
  expect(
    await run(
      'sign',
      '--in',
      file('missing'),
      '--out',
      file('x'),
      '--as',
      '1.0.0',
      '--key',
      file('release.key'),
      '--json',
    ),
  ).toMatchObject({ status: 2 });
});
