import { describe, expect, test } from 'bun:test';
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
