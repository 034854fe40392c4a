import { describe, expect, test } from 'bun:test';
import { runCli } from '../../src/cli/program.ts';
import { simulateCommand } from '../../src/cli/simulate.ts';

/** Runs until the first line of output, or to the end if it fails before. */
async function run(...args: readonly string[]): Promise<{ status: number; out: string[]; err: string[] }> {
  const end = new AbortController();
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => {
      out.push(line);
      queueMicrotask(() => end.abort());
    },
    err: (line: string) => err.push(line),
    signal: end.signal,
  };
  const status = await runCli(['simulate', ...args], io, [simulateCommand]);
  return { status, out, err };
}

describe('dcu simulate', () => {
  test('prints one line of JSON with the names that readers rely on', async () => {
    const { status, out } = await run('--meters', '2', '--tcp', '0', '--auth', 'hls-gmac', '--json');
    expect(status).toBe(0);
    expect(out).toHaveLength(1);
    const { meters } = JSON.parse(out[0] ?? '{}');
    expect(meters).toHaveLength(2);
    expect(meters[0]).toEqual({
      meterNo: '261100000001',
      host: '127.0.0.1',
      port: expect.any(Number),
      framing: 'wrapper',
      client: 1,
      server: 1,
      auth: 'hls-gmac',
      systemTitle: expect.stringMatching(/^4f4443[0-9a-f]{10}$/),
      encryptionKey: expect.stringMatching(/^[0-9a-f]{32}$/),
      authenticationKey: expect.stringMatching(/^[0-9a-f]{32}$/),
      masterKey: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test('HDLC states its addressing, LLS its password, RS-485 its line', async () => {
    const hdlc = ['--tcp', '0', '--framing', 'hdlc', '--auth', 'lls', '--json'];
    const { out } = await run('--meters', '3', '--rs485', '1', ...hdlc);
    const { meters } = JSON.parse(out[0] ?? '{}');
    expect(meters.map((meter: { serial?: string }) => meter.serial?.startsWith('/dev/pts/'))).toEqual([
      true,
      true,
      true,
    ]);
    expect(meters[2]).toMatchObject({ framing: 'hdlc', physicalAddress: 19, addressBytes: 2 });
    const tcp = await run('--meters', '1', ...hdlc);
    expect(JSON.parse(tcp.out[0] ?? '{}').meters[0]).toMatchObject({
      framing: 'hdlc',
      addressBytes: 1,
      password: expect.stringMatching(/^\d{8}$/),
    });
  });

  test('short names, the suite and key pairs are told', async () => {
    const ecdsa = ['--auth', 'hls-ecdsa', '--suite', '2', '--referencing', 'sn'];
    const { out } = await run('--meters', '1', '--tcp', '0', ...ecdsa, '--json');
    const [meter] = JSON.parse(out[0] ?? '{}').meters;
    expect(meter).toMatchObject({
      referencing: 'sn',
      suite: 2,
      systemTitle: expect.stringMatching(/^4f4443/),
      signingKey: expect.stringContaining('BEGIN PRIVATE KEY'),
      meterSigningKey: expect.stringContaining('BEGIN PUBLIC KEY'),
    });
    expect(meter).not.toHaveProperty('password');
    const gmac = await run('--meters', '1', '--tcp', '0', '--auth', 'hls-gmac', '--suite', '2', '--json');
    expect(JSON.parse(gmac.out[0] ?? '{}').meters[0].encryptionKey).toMatch(/^[0-9a-f]{64}$/);
  });

  test('prints a table for people', async () => {
    const { out, err } = await run('--meters', '3', '--tcp', '0');
    expect(out).toHaveLength(4);
    expect(out[0]).toMatch(/^MeterNo\s+Where\s+Framing/);
    expect(out[3]).toMatch(/^261100000003\s+127\.0\.0\.1:\d+\s+wrapper/);
    expect(err.join('')).toContain('3 meters');
  });

  test.each([
    ['meters', ['--meters', '0']],
    ['meters', ['--meters', '2041']],
    ['meters', ['--meters', 'many']],
    ['tcp', ['--tcp', '70000']],
    ['tcp', ['--tcp', '65535', '--meters', '2']],
    ['framing', ['--framing', 'ppp']],
    ['auth', ['--auth', 'sha']],
    ['suite', ['--suite', '3']],
    ['suite', ['--auth', 'hls-ecdsa']],
    ['referencing', ['--referencing', 'xn']],
    ['seed', ['--seed', '-1']],
    ['host', ['--host', '']],
    ['rs485', ['--rs485', '11', '--meters', '10']],
    ['fault', ['--fault', 'fire']],
    ['fault', ['--fault', 'drop=7']],
    ['fault', ['--fault', 'silence@11', '--meters', '10']],
  ])('--%s is named when wrong: %p', async (option, args) => {
    const { status, out, err } = await run(...args, '--json');
    expect(status).toBe(2);
    const { ok, error } = JSON.parse(out[0] ?? '{}');
    expect([ok, error.code, error.field]).toEqual([false, 'usage', option]);
    expect(err.join('\n')).toContain(`--${option}`);
  });
});
