import { describe, expect, test } from 'bun:test';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import frames from '../vectors/meter-push-frames.json';

const MAIN = join(import.meta.dir, '../../src/main.ts');

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** The real program in a process of its own. */
async function dcu(args: readonly string[], input = ''): Promise<Ran> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, out, err };
}

const HAN = frames.vectors.find(({ id }) => id === 'hdlc_norway_han_1phase')?.hex ?? '';

describe('dcu decode', () => {
  test('--json prints one document', async () => {
    const { status, out, err } = await dcu(['decode', '--json', HAN]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const document = JSON.parse(out);
    expect(document).toMatchObject({ ok: true, layers: ['hdlc', 'data-notification'], dateTime: null });
    expect(document.readings[3]).toEqual({ obis: '1.0.1.7.0.255', value: '1362', scaler: 0, unit: 'W' });
    expect(document.apdu.type).toBe('data-notification');
  });

  test('standard input, with blanks and line ends in it', async () => {
    const spaced = HAN.replaceAll(/(..)/g, '$1 ').replaceAll(/(.{48})/g, '$1\r\n');
    const { status, out } = await dcu(['decode', '--json', '-'], spaced);
    expect(status).toBe(0);
    expect(JSON.parse(out).readings).toHaveLength(9);
  });

  test('text for people', async () => {
    const { status, out } = await dcu(['decode', HAN]);
    expect(status).toBe(0);
    expect(out).toContain('layers    hdlc > data-notification\n');
    expect(out).toContain('1.0.32.7.0.255     2500 × 10^-1 V\n');
  });

  test('damage ends with 1, code and offset', async () => {
    const { status, out, err } = await dcu(['decode', '--json', HAN.slice(0, 60)]);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      error: { code: 'truncated', message: 'HDLC frame of 210 bytes is cut', offset: 30 },
    });
    expect(err).toContain('(truncated)');
  });

  test.each([
    ['no hexadecimal', ['xyz'], 'hex'],
    ['half a byte', ['7ea'], 'hex'],
    ['a key of another length', ['--encryption-key', '00ff', HAN], 'encryptionKey'],
  ])('%s ends with 2 and names the field', async (_what, args, field) => {
    const { status, out } = await dcu(['decode', '--json', ...args]);
    expect(status).toBe(2);
    expect(JSON.parse(out).error).toMatchObject({ code: 'invalid-argument', field });
  });

  test('a transport that does not exist', async () => {
    const { status, out } = await dcu(['decode', '--json', '--transport', 'pigeon', HAN]);
    expect(status).toBe(2);
    expect(JSON.parse(out).error.code).toBe('usage');
  });

  test('keys never show in an error', async () => {
    const key = 'A1B2C3D4E5F60718293A4B5C6D7E8F90';
    const vector = frames.vectors.find(({ id }) => id === 'hdlc_kamstrup_omnipower');
    const args = ['--encryption-key', key, '--authentication-key', key, vector?.hex ?? ''];
    const { status, out, err } = await dcu(['decode', '--json', ...args]);
    expect(status).toBe(1);
    expect(JSON.parse(out).error.code).toBe('decryption-failed');
    expect((out + err).toUpperCase()).not.toContain(key.slice(0, 8));
  });

  test('a long result reaches a slow pipe whole', async () => {
    // 20,000 integers: more than a pipe holds.
    const apdu = `0f00000000000182${(20_000).toString(16)}${'1234ab'.repeat(20_000)}`;
    const child = Bun.spawn([process.execPath, MAIN, 'decode', '--json', '-'], {
      stdin: new Blob([apdu]),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    await Bun.sleep(300);
    const out = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(JSON.parse(out).apdu.body.elements).toHaveLength(20_000);
  });

  test('a reader that leaves early is no crash', async () => {
    const apdu = `0f00000000000182${(20_000).toString(16)}${'1234ab'.repeat(20_000)}`;
    const script = `"$1" "$2" decode --json - | head -c 10; exit \${PIPESTATUS[0]}`;
    const child = Bun.spawn(['bash', '-c', script, 'bash', process.execPath, MAIN], {
      stdin: new Blob([apdu]),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err, status] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    expect({ out, err, status }).toEqual({ out: '{"ok":true', err: '', status: 0 });
  });
});

describe('dcu decode, forms of input and output', () => {
  const GET = 'c001c100080000010000ff0200';

  test('base64 is told from hexadecimal', async () => {
    const base64 = Buffer.from(GET, 'hex').toString('base64');
    const { status, out } = await dcu(['decode', '--json', base64]);
    expect(status).toBe(0);
    expect(JSON.parse(out).layers).toEqual(['get-request']);
  });

  test('a binary file', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'decode-')), 'apdu.bin');
    await Bun.write(file, Uint8Array.fromHex(GET));
    const { status, out } = await dcu(['decode', '--xml', '--file', file]);
    expect(status).toBe(0);
    expect(out).toContain('<ClassId Value="0008" />');
  });

  test('a log: every line with hexadecimal in it, segments joined, the rest reported', async () => {
    const frame = frames.vectors.find(({ id }) => id === 'hdlc_iskra550')?.hex ?? '';
    const spaced = frame.replaceAll(/(..)/g, '$1 ').trim();
    const cut = spaced.indexOf('7e 7e') + 2;
    const log = [
      '2026-11-23 10:11:12.345 INFO opening',
      `2026-11-23 10:11:12.400 TX: ${GET}`,
      `10:11:13 RX: ${spaced.slice(0, cut)}`,
      `10:11:14 RX: ${spaced.slice(cut).trim()}`,
      '10:11:15 RX: 99 99 99 99 99 99',
    ].join('\n');
    const { status, out } = await dcu(['decode', '--json', '-'], log);
    expect(status).toBe(0);
    const { telegrams } = JSON.parse(out);
    expect(telegrams.map(({ line, ok }: { line: number; ok: boolean }) => [line, ok])).toEqual([
      [2, true],
      [3, true],
      [5, false],
    ]);
    expect(telegrams[1].readings).toHaveLength(16);
  });

  test('--explain prints ranges, names and meanings', async () => {
    const { status, out } = await dcu(['decode', '--explain', GET]);
    expect(status).toBe(0);
    expect(out).toContain(' 2- 2      invoke-id-and-priority 193  (id 1, confirmed, high priority)\n');
    expect(out).toContain('instance-id 0000010000FF  (0.0.1.0.0.255');
  });

  test('keys come from a file by system title, and are in no output', async () => {
    const vector = frames.vectors.find(({ id }) => id === 'hdlc_kamstrup_omnipower');
    const { encryptionKey, authenticationKey, hex = '' } = vector ?? {};
    const file = join(mkdtempSync(join(tmpdir(), 'decode-')), 'keys.json');
    await Bun.write(file, JSON.stringify({ default: { encryptionKey, authenticationKey } }));
    const { status, out, err } = await dcu(['decode', '--keys', file, hex]);
    expect(status).toBe(0);
    expect(out).toContain('data-notification');
    expect((out + err).toLowerCase()).not.toContain(String(encryptionKey).toLowerCase());
  });

  test('neither argument nor file, and both, end with 2', async () => {
    for (const args of [['decode'], ['decode', GET, '--file', 'x'], ['decode', '--file', '/nowhere']]) {
      expect((await dcu(args)).status).toBe(2);
    }
  });
});
