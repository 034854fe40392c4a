import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '../../src/base/bytes.ts';
import { conformanceCommand } from '../../src/cli/conformance.ts';
import { runCli } from '../../src/cli/program.ts';
import { startSoundMeter } from '../conformance/sound-meter.ts';

interface Run {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

async function dcu(...args: readonly string[]): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    signal: new AbortController().signal,
  };
  return { status: await runCli(['conformance', ...args], io, [conformanceCommand]), out, err };
}

const TARGET = ['--framing', 'wrapper', '--client', '1', '--server', '1'];

const KEY = '0f'.repeat(16);
const CIPHERED = ['--auth', 'hls-gmac', '--encryption-key', KEY, '--authentication-key', KEY];

describe('dcu conformance', () => {
  test.each([
    ['sn', 'sn'],
    ['auto', 'sn'],
  ])('a meter with short names is tested with --referencing %s', async (option, found) => {
    const meter = await startSoundMeter({ framing: 'wrapper', auth: 'hls-gmac', referencing: 'sn' });
    try {
      const { port = 0, encryptionKey, authenticationKey } = meter.served;
      const reach = ['--host', '127.0.0.1', '--port', String(port), '--auth', 'hls-gmac'];
      const keys = [encryptionKey, authenticationKey].map((key) => toHex(key ?? new Uint8Array(0)));
      const only = ['--json', '--only', 'APPL_OPEN_P1', 'SYMSEC_DED_P1'];
      const how = ['--referencing', option, '--dedicated', '--encryption-key', keys[0] ?? ''];
      const { status, out } = await dcu(
        ...TARGET,
        ...reach,
        ...how,
        '--authentication-key',
        keys[1] ?? '',
        ...only,
      );
      expect(status).toBe(0);
      expect(JSON.parse(out[0] ?? '')).toMatchObject({
        target: { referencing: found, form: 'service-specific', dedicated: true, signed: false },
        summary: { pass: 2, fail: 0, inconclusive: 0 },
      });
    } finally {
      await meter.stop();
    }
  });

  test('reports as JSON and as a page, and ends with 0 when nothing fails', async () => {
    const meter = await startSoundMeter({ framing: 'wrapper', auth: 'lls' });
    const directory = mkdtempSync(join(tmpdir(), 'dcu-conformance-'));
    try {
      const page = join(directory, 'report.html');
      const { port = 0, password = '' } = meter.served;
      const reach = ['--host', '127.0.0.1', '--port', String(port), '--auth', 'lls', '--password', password];
      const only = ['--quiet-ms', '100', '--only', 'APPL_OPEN_P1', 'COSEM_NAME_P1'];
      const { status, out, err } = await dcu(...TARGET, ...reach, '--json', '--html', page, ...only);
      expect(status).toBe(0);
      expect(out).toHaveLength(1);
      const report: unknown = JSON.parse(out[0] ?? '');
      expect(report).toMatchObject({
        ok: true,
        target: { framing: 'wrapper', auth: 'lls' },
        summary: { pass: 2, fail: 0, inconclusive: 0 },
        results: [{ id: 'APPL_OPEN_P1', verdict: 'pass' }, { id: 'COSEM_NAME_P1' }],
      });
      expect(err.some((line) => line.includes('reading object'))).toBe(true);
      expect(readFileSync(page, 'utf8')).toContain(`ODC${meter.served.meterNo}`);
    } finally {
      rmSync(directory, { recursive: true });
      await meter.stop();
    }
  });

  test('ends with 1 when a test fails', async () => {
    const meter = await startSoundMeter({ framing: 'wrapper', auth: 'lls' });
    try {
      const reach = ['--host', '127.0.0.1', '--port', String(meter.served.port), '--auth', 'lls'];
      const only = ['--timeout-ms', '500', '--quiet-ms', '100', '--only', 'APPL_OPEN_P1'];
      const { status, out } = await dcu(...TARGET, ...reach, '--password', 'wrong', ...only);
      expect(status).toBe(1);
      expect(out.at(-1)).toBe('0 passed, 1 failed, 0 inconclusive (0 not applicable)');
    } finally {
      await meter.stop();
    }
  });

  test.each([
    ['an unknown test', ['--auth', 'none', '--only', 'NOTHING_P1'], 'there is no test'],
    ['an unknown group', ['--auth', 'none', '--group', 'XYZ'], '--group must be'],
    [
      'a form that needs keys made for each message',
      [...CIPHERED, '--master-key', KEY, '--form', 'wrapped-key'],
      '--form must be',
    ],
    ['a broadcast key of the wrong size', [...CIPHERED, '--broadcast-key', '00'], '--broadcast-key'],
    [
      'a choice that leaves nothing',
      ['--auth', 'none', '--group', 'COSEM', '--only', 'HDLC_FRAME_P1'],
      'leave no test',
    ],
  ])('%s is wrong usage', async (_, args, message) => {
    const { status, err } = await dcu(...TARGET, '--host', '127.0.0.1', '--port', '9', ...args);
    expect(status).toBe(2);
    expect(err.join('\n')).toContain(message);
  });

  test('a meter that is not there is an error', async () => {
    const { status, out } = await dcu(
      ...TARGET,
      '--host',
      '127.0.0.1',
      '--port',
      '9',
      '--auth',
      'none',
      '--json',
    );
    expect(status).toBe(1);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ ok: false, error: { code: 'channel-open-failed' } });
  });
});
