import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import {
  AUTH_MECHANISMS,
  type AuthMechanism,
  type Framing,
  type SecuritySuite,
} from '../../src/base/model.ts';
import { aesHook } from '../../src/cli/hls-hook.ts';
import { runCli } from '../../src/cli/program.ts';
import { readCommand } from '../../src/cli/read.ts';
import type { EcKeyPair } from '../../src/dlms/ciphering/types.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';

const REGISTER = '3:1.0.1.8.0.255:2';
const folder = mkdtempSync(join(tmpdir(), 'dcu-read-'));
const running: Neighbourhood[] = [];

afterAll(async () => {
  for (const one of running) await one.stop();
  rmSync(folder, { recursive: true });
});

async function meter(
  auth: AuthMechanism,
  framing: Framing,
  suite: SecuritySuite = 0,
  referencing: 'ln' | 'sn' = 'ln',
): Promise<ServedMeter> {
  const neighbourhood = await startNeighbourhood({
    seed: 5,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({
      seed: 5,
      meters: 1,
      tcpBase: 0,
      framing,
      auth,
      suite,
      referencing,
      hookFor: aesHook,
    }),
  });
  running.push(neighbourhood);
  const [one] = neighbourhood.meters;
  if (one === undefined) throw new Error('no meter');
  return one;
}

async function dcu(...args: string[]): Promise<{ status: number; out: string[]; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const signal = new AbortController().signal;
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), signal };
  const status = await runCli(['read', ...args], io, [readCommand]);
  return { status, out, err: err.join('\n') };
}

const where = (one: ServedMeter): string[] => [
  `--host=${one.host}`,
  `--port=${one.port}`,
  `--framing=${one.framing}`,
  `--client=${one.client}`,
  `--server=${one.server}`,
];

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A pair of raw bytes as PEM: PKCS #8 and SPKI. */
function pemOf(name: string, { privateKey, publicKey }: EcKeyPair): { pkcs8: string; spki: string } {
  const size = privateKey.length;
  const part = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
  const jwk = {
    kty: 'EC',
    crv: size === 32 ? 'P-256' : 'P-384',
    d: part(privateKey),
    x: part(publicKey.subarray(0, size)),
    y: part(publicKey.subarray(size)),
  };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const pem = (object: KeyObject, type: 'pkcs8' | 'spki'): string => object.export({ type, format: 'pem' });
  return {
    pkcs8: file(`${name}.key`, pem(key, 'pkcs8')),
    spki: file(`${name}.pub`, pem(createPublicKey(key), 'spki')),
  };
}

function credentials(one: ServedMeter): string[] {
  const { auth, suite = 0, password, encryptionKey, authenticationKey, signingKeys } = one;
  const files = signingKeys && {
    client: pemOf(`client-${suite}`, signingKeys.client),
    meter: pemOf(`meter-${suite}`, signingKeys.meter),
  };
  return [
    `--auth=${auth}`,
    `--suite=${suite}`,
    ...(password ? ['--password', password] : []),
    ...(encryptionKey ? ['--encryption-key', encryptionKey.toHex()] : []),
    ...(authenticationKey ? ['--authentication-key', authenticationKey.toHex()] : []),
    ...(files ? ['--signing-key', files.client.pkcs8, '--meter-signing-key', files.meter.spki] : []),
  ];
}

describe.each(['wrapper', 'hdlc'] as const)('over %s', (framing) => {
  test.each(AUTH_MECHANISMS)('%s', async (auth) => {
    const one = await meter(auth, framing, auth === 'hls-ecdsa' ? 1 : 0);
    const { status, out, err } = await dcu(...where(one), ...credentials(one), REGISTER);
    expect(`${status} ${err}`).toBe('0 ');
    expect(out[0]).toMatch(/^3:1\.0\.1\.8\.0\.255:2 .* \d+ Wh /);
  });
});

test.each([
  ['hls-gmac', 1],
  ['hls-gmac', 2],
  ['hls-ecdsa', 2],
] as const)('%s in suite %i', async (auth, suite) => {
  const one = await meter(auth, 'wrapper', suite);
  expect((await dcu(...where(one), ...credentials(one), REGISTER)).status).toBe(0);
});

test.each(AUTH_MECHANISMS)('%s by short names', async (auth) => {
  const one = await meter(auth, 'hdlc', auth === 'hls-ecdsa' ? 1 : 0, 'sn');
  const { status, err } = await dcu(...where(one), ...credentials(one), '--referencing', 'sn', REGISTER);
  expect(`${status} ${err}`).toBe('0 ');
});

test.each(['sn', 'auto'] as const)('short names, %s', async (referencing) => {
  const one = await meter('hls-gmac', 'wrapper', 0, 'sn');
  const { status, err } = await dcu(
    ...where(one),
    ...credentials(one),
    '--referencing',
    referencing,
    REGISTER,
  );
  expect(`${status} ${err}`).toBe('0 ');
});

describe('forms of ciphering', () => {
  let one: ServedMeter;
  beforeAll(async () => {
    one = await meter('hls-gmac', 'wrapper', 1);
  });

  test.each([
    '--form general-glo',
    '--form identified-key',
    '--dedicated',
    '--form general-ded --dedicated',
    '--user-id 7',
  ])('%s', async (options) => {
    const more = ['--read-counter', ...options.split(' ')];
    const { status, err } = await dcu(...where(one), ...credentials(one), ...more, REGISTER);
    expect(`${status} ${err}`).toBe('0 ');
  });
});

describe('a key file', () => {
  let one: ServedMeter;
  let entry: Record<string, string>;
  beforeAll(async () => {
    one = await meter('hls-gmac', 'wrapper');
    entry = {
      encryptionKey: one.encryptionKey?.toHex() ?? '',
      authenticationKey: one.authenticationKey?.toHex() ?? '',
    };
  });
  const read = (keys: object, ...more: string[]) =>
    dcu(
      ...where(one),
      '--auth=hls-gmac',
      `--keys=${file('keys.json', JSON.stringify(keys))}`,
      '--read-counter',
      ...more,
      REGISTER,
    );
  const other = { encryptionKey: '00'.repeat(16), authenticationKey: '00'.repeat(16) };

  test('has entries by system title, a default, or one for whoever comes', async () => {
    const title = one.systemTitle.toHex().toUpperCase();
    const named = await read({ [title]: entry, '4d4d4d0000000009': other }, '--meter-system-title', title);
    expect(`${named.status} ${named.err}`).toBe('0 ');
    expect((await read({ default: entry, '4d4d4d0000000009': other })).status).toBe(0);
    expect((await read({ [title]: entry })).status).toBe(0);
  });

  test('holds passwords and names files as well', async () => {
    const secret = await meter('hls-sha256', 'wrapper');
    const path = file('secret.json', JSON.stringify({ default: { password: secret.password } }));
    expect((await dcu(...where(secret), '--auth', 'hls-sha256', '--keys', path, REGISTER)).status).toBe(0);
    const signing = await meter('hls-ecdsa', 'wrapper', 1);
    if (signing.signingKeys === undefined) throw new Error('no keys');
    const signingKey = pemOf('file-client', signing.signingKeys.client).pkcs8;
    const meterSigningKey = pemOf('file-meter', signing.signingKeys.meter).spki;
    const paths = file('paths.json', JSON.stringify({ default: { signingKey, meterSigningKey } }));
    const ecdsa = ['--auth', 'hls-ecdsa', '--suite', '1', '--keys', paths];
    expect((await dcu(...where(signing), ...ecdsa, REGISTER)).status).toBe(0);
  });

  test.each([
    ['of two meters, neither named', { '4d4d4d0000000009': other, '4d4d4d000000000a': other }],
    ['with a title that is none', { meter: other }],
    ['with a field that is none', { default: { ...other, enceyptionKey: '00' } }],
    ['with a key that is no text', { default: { encryptionKey: 5 } }],
    ['with a key that is no hex', { default: { ...other, encryptionKey: 'secret!!' } }],
    ['with a key that is too short', { default: { ...other, encryptionKey: 'abcdef' } }],
    ['that is a list', [other]],
  ])('%s is refused without a word of what is in it', async (_, keys) => {
    const { status, err } = await read(keys);
    expect(status).toBe(2);
    expect(err).not.toMatch(/secret!!|abcdef|0000000000000000000000/);
  });

  test('that is not there or no JSON', async () => {
    const broken = file('broken.json', '{"default": {"encryptionKey": "abcdef');
    for (const path of [broken, join(folder, 'nowhere.json')]) {
      const { status, err } = await dcu(...where(one), '--auth', 'hls-gmac', '--keys', path, REGISTER);
      expect(status).toBe(2);
      expect(err).toContain('--keys');
      expect(err).not.toContain('abcdef');
    }
  });
});

describe('wrong calls name the option, and end with status 2', () => {
  const tcp = ['--host', 'h', '--port', '1', '--framing', 'wrapper', '--client', '1', '--server', '1'];
  const keys = ['--encryption-key', '00'.repeat(16), '--authentication-key', '00'.repeat(16)];
  const gmac = ['--auth', 'hls-gmac', ...keys];
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const pem = (name: string, key: KeyObject): string =>
    file(name, key.export({ type: 'pkcs8', format: 'pem' }));
  const p256 = pem('p256.key', privateKey);
  const p384 = pem('p384.key', other);
  const junk = file('junk.key', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n');
  const ecdsa = ['--auth', 'hls-ecdsa', '--suite', '1', '--signing-key', p256];

  test.each([
    ['--password', ['--auth', 'hls']],
    ['--password', ['--auth', 'hls-md5']],
    ['--password', ['--auth', 'hls-sha1']],
    ['--password', ['--auth', 'hls-sha256']],
    ['--suite', ['--auth', 'hls-ecdsa']],
    ['--suite', ['--auth', 'none', '--suite', '3']],
    ['--suite', ['--auth', 'none', '--signing-key', p256]],
    ['--signing-key', ['--auth', 'hls-ecdsa', '--suite', '1']],
    ['--meter-signing-key', ecdsa],
    ['--meter-signing-key', [...ecdsa, '--meter-signing-key', p384]],
    ['--signing-key', ['--auth', 'hls-ecdsa', '--suite', '1', '--signing-key', p384]],
    ['--signing-key', ['--auth', 'hls-ecdsa', '--suite', '1', '--signing-key', junk]],
    ['--signing-key', ['--auth', 'hls-ecdsa', '--suite', '1', '--signing-key', '/nowhere/key']],
    ['--encryption-key', [...gmac, '--suite', '2']],
    ['--encryption-key', ['--auth', 'none', '--policy', 'auth']],
    ['--policy', ['--auth', 'none', '--dedicated']],
    ['--policy', ['--auth', 'none', '--form', 'general-glo']],
    ['--policy', ['--auth', 'none', '--signed']],
    ['--dedicated', [...gmac, '--form', 'general-ded']],
    ['--suite', [...gmac, '--signed']],
    ['--suite', [...gmac, '--form', 'static-unified-model']],
    ['--master-key', [...gmac, '--form', 'wrapped-key']],
    ['--agreement-key', [...gmac, '--suite', '1', '--form', 'static-unified-model']],
    [
      '--signing-key',
      [...gmac, '--suite', '1', '--form', 'one-pass-diffie-hellman', '--agreement-key', p256],
    ],
    ['--user-id', ['--auth', 'none', '--user-id', '256']],
    ['--read-counter', [...gmac, '--read-counter', '--invocation-counter', '5']],
    // Under a title that was there before, a counter from 1 would be used a second time.
    ['--invocation-counter', [...gmac, '--system-title', '4443550000000001']],
  ] as const)('%s (%#)', async (option, args) => {
    const { status, err } = await dcu(...tcp, ...args, REGISTER);
    expect(status).toBe(2);
    expect(err).toContain(option);
    expect(err).not.toContain('c2VjcmV0');
  });

  test('the help is in groups', async () => {
    const { status, out } = await dcu('--help');
    expect(status).toBe(0);
    const help = out.join('\n');
    for (const heading of ['Transport:', 'Data link:', 'Association:', 'Credentials:', 'Options:']) {
      expect(help).toContain(heading);
    }
  });
});
