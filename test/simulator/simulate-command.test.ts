import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { lstatSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { g3Host } from '../../src/cli/g3-host.ts';
import { runCli } from '../../src/cli/program.ts';
import { simulateCommand } from '../../src/cli/simulate.ts';

interface Outcome {
  readonly status: number;
  readonly out: string[];
  readonly err: string[];
}

const run = (...args: readonly string[]): Promise<Outcome> => runUntil(() => {}, args);

/** Runs until the first line of output, at which it looks around, or to the end if it fails before. */
async function runUntil(look: () => void, args: readonly string[]): Promise<Outcome> {
  const end = new AbortController();
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => {
      out.push(line);
      look();
      queueMicrotask(() => end.abort());
    },
    err: (line: string) => err.push(line),
    signal: end.signal,
  };
  const status = await runCli(['simulate', ...args], io, [simulateCommand]);
  return { status, out, err };
}

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'opendcu-simulate-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

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

  test('prints where meters of each kind are', async () => {
    const kinds = ['--meters', '12', '--g3', '2', '--rs485', '2', '--mode-e', '1', '--plc-meters', '3'];
    const link = join(directory, 'all');
    const host = await g3Host(() => {});
    const { out } = await run(
      ...kinds,
      '--plc',
      link,
      '--tcp',
      '0',
      '--strangers',
      '1',
      '--auth',
      'mixed',
      '--json',
    );
    const { module, meters, strangers } = JSON.parse(out[0] ?? '{}');
    expect(module).toBe(link);
    const where = meters.map((meter: Record<string, unknown>) =>
      ['host', 'transport', 'node', 'serial', 'opening'].filter((key) => meter[key] !== undefined).join(' '),
    );
    expect(where).toEqual([
      'host',
      'host transport',
      'host transport',
      'node',
      'node',
      'node',
      'serial',
      'serial',
      'serial opening',
      'serial',
      'serial',
      'serial opening',
    ]);
    expect(meters[1]).toMatchObject({ host, transport: 'tcp', auth: 'hls-gmac' });
    expect(meters[3]).toMatchObject({ module: link, node: meters[3].meterNo, framing: 'hdlc' });
    expect(meters[8]).toMatchObject({ opening: 'mode-e', physicalAddress: 19 });
    expect(strangers).toHaveLength(1);
    const table = await run(...kinds, '--plc', link, '--tcp', '0');
    expect(table.out[2]).toContain(host === '::1' ? '[::1]:' : '127.0.0.1:');
    expect(table.out[3]).toContain('(udp)');
    expect(table.out[4]).toContain('node 261100000004');
    expect(table.err.join('')).toContain(link);
  });

  test('the link to the module is there while it runs, in the place of an older one, and gone at the end', async () => {
    const link = join(directory, 'link');
    symlinkSync(join(directory, 'nowhere'), link);
    let target = '';
    const args = [
      '--plc',
      link,
      '--meters',
      '3',
      '--json',
      '--fault',
      'module-reset=1',
      '--fault',
      'street-cut',
    ];
    const { status } = await runUntil(() => {
      target = readlinkSync(link);
    }, args);
    expect(status).toBe(0);
    expect(target).toMatch(/^\/dev\/pts\/\d+$/);
    expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined();
  });

  test.each(['file', 'folder'])('a %s in the place of the link is left alone', async (what) => {
    const path = join(directory, what);
    if (what === 'file') writeFileSync(path, 'mine');
    else mkdirSync(path);
    const { status, out } = await run('--plc', path, '--json');
    expect(status).toBe(2);
    expect(JSON.parse(out[0] ?? '{}').error).toMatchObject({ code: 'usage', field: 'plc' });
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
  });

  test("a link that has become somebody else's stays", async () => {
    const link = join(directory, 'taken');
    const { status } = await runUntil(() => {
      rmSync(link);
      symlinkSync(directory, link);
    }, ['--plc', link, '--json']);
    expect(status).toBe(0);
    expect(readlinkSync(link)).toBe(directory);
  });

  const plc = ['--plc', join(tmpdir(), 'no-such-folder', 'module')];
  test.each([
    ['plc', plc],
    ['plc', ['--plc', '']],
    ['plc', [...plc, '--plc-meters', '0']],
    ['plc-meters', [...plc, '--plc-meters', '11', '--meters', '10']],
    ['plc-meters', ['--plc-meters', '5']],
    ['loss', [...plc, '--loss', '0.95']],
    ['loss', [...plc, '--loss', '-0.1']],
    ['loss', [...plc, '--loss', 'much']],
    ['loss', ['--loss', '0.05']],
    ['away', ['--away', '0.05']],
    ['away', [...plc, '--away', '1']],
    ['strangers', ['--strangers', '2']],
    ['paced', ['--paced']],
    ['no-delay', ['--no-delay']],
    ['edition', [...plc, '--edition', '376.3']],
    ['g3', ['--g3', '11', '--meters', '10']],
    ['mode-e', ['--mode-e', '1']],
    ['mode-e', ['--mode-e', '3', '--rs485', '5', '--meters', '10']],
    ['rs485', [...plc, '--rs485', '10', '--meters', '10']],
    ['fault', ['--fault', 'module-reset']],
    ['fault', [...plc, '--fault', 'module-reset=-1']],
    ['fault', [...plc, '--fault', 'street-cut=1=2']],
    ['fault', [...plc, '--fault', 'street-cut@2']],
    ['auth', ['--auth', 'any']],
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
