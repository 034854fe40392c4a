import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { runCli } from '../../src/cli/program.ts';
import { readCommand } from '../../src/cli/read.ts';
import { parseTarget } from '../../src/cli/read-options.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';

let neighbourhood: Neighbourhood;

beforeAll(async () => {
  neighbourhood = await startNeighbourhood({
    seed: 3,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({
      seed: 3,
      meters: 8,
      tcpBase: 0,
      framing: 'mixed',
      auth: 'mixed',
      rs485Lines: 1,
      metersPerLine: 2,
    }),
  });
});
afterAll(() => neighbourhood.stop());

function meterWith(auth: ServedMeter['auth'], framing: ServedMeter['framing']): ServedMeter {
  const found = neighbourhood.meters.find(
    (one) => one.auth === auth && one.framing === framing && one.port !== undefined,
  );
  if (found === undefined) throw new Error(`no meter with ${auth} and ${framing}`);
  return found;
}

function connection(one: ServedMeter): string[] {
  const where =
    one.serialPath === undefined
      ? ['--host', one.host ?? '', '--port', String(one.port)]
      : ['--serial', one.serialPath, '--baud', '9600'];
  const physical =
    one.physicalAddress === undefined
      ? []
      : ['--hdlc-physical', String(one.physicalAddress), '--hdlc-address-bytes', String(one.addressBytes)];
  return [
    ...where,
    ...physical,
    '--framing',
    one.framing,
    '--client',
    String(one.client),
    '--server',
    String(one.server),
  ];
}

function credentials(one: ServedMeter): string[] {
  const { auth, password, encryptionKey, authenticationKey } = one;
  return [
    '--auth',
    auth,
    ...(auth === 'lls' && password !== undefined ? ['--password', password] : []),
    ...(encryptionKey === undefined ? [] : ['--encryption-key', encryptionKey.toHex()]),
    ...(authenticationKey === undefined ? [] : ['--authentication-key', authenticationKey.toHex()]),
    ...(auth === 'hls-gmac' ? ['--read-counter'] : []),
  ];
}

async function dcu(
  ...args: string[]
): Promise<{ readonly status: number; readonly out: string[]; readonly err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    signal: new AbortController().signal,
  };
  const status = await runCli(['read', ...args], io, [readCommand]);
  return { status, out, err };
}

async function json(
  ...args: string[]
): Promise<{ readonly status: number; readonly answer: Record<string, unknown> }> {
  const { status, out } = await dcu('--json', ...args);
  expect(out).toHaveLength(1);
  return { status, answer: JSON.parse(out[0] ?? '') };
}

const BASICS = [
  '8:0.0.1.0.0.255:2',
  '3:1.0.1.8.0.255:2',
  '1:0.0.96.1.0.255:2',
  '3:1.0.99.99.0.255:2',
  '70:0.0.96.3.10.255:2',
];

describe('values', () => {
  test.each([
    ['none', 'wrapper'],
    ['lls', 'hdlc'],
    ['hls-gmac', 'wrapper'],
  ] as const)('%s over %s', async (auth, framing) => {
    const one = meterWith(auth, framing);
    const { status, answer } = await json(...connection(one), ...credentials(one), ...BASICS);
    expect(status).toBe(0);
    expect(answer).toEqual({
      ok: true,
      results: [
        {
          classId: 8,
          obis: '0.0.1.0.0.255',
          attribute: 2,
          type: 'octet-string',
          value: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d\d)?\+0[12]:00$/),
        },
        {
          classId: 3,
          obis: '1.0.1.8.0.255',
          attribute: 2,
          type: 'double-long-unsigned',
          value: expect.stringMatching(/^\d+$/),
          scaler: 0,
          unit: 'Wh',
        },
        {
          classId: 1,
          obis: '0.0.96.1.0.255',
          attribute: 2,
          type: 'octet-string',
          value: new TextEncoder().encode(one.meterNo).toHex(),
          text: one.meterNo,
        },
        { classId: 3, obis: '1.0.99.99.0.255', attribute: 2, error: 'object-undefined' },
        { classId: 70, obis: '0.0.96.3.10.255', attribute: 2, type: 'boolean', value: true },
      ],
    });
  });

  test('over a serial line, one of several meters on it', async () => {
    for (const one of neighbourhood.meters.filter((meter) => meter.serialPath !== undefined)) {
      const { status, answer } = await json(...connection(one), ...credentials(one), '1:0.0.96.1.0.255:2');
      expect({ status, answer }).toMatchObject({ status: 0, answer: { results: [{ text: one.meterNo }] } });
    }
  });

  test('a profile by range and by entry, with columns, units and rows of text', async () => {
    const one = meterWith('lls', 'hdlc');
    const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    const range = ['--from', `${day}T00:00:00Z`, '--to', `${day}T23:59:59Z`];
    const { answer } = await json(...connection(one), ...credentials(one), ...range, '7:1.0.99.1.0.255:2');
    const [buffer] = answer['results'] as { columns: unknown[]; rows: string[][]; type: string }[];
    expect(buffer?.columns.slice(0, 3)).toEqual([
      { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, scaler: null, unit: null },
      { classId: 1, obis: '0.0.96.10.1.255', attribute: 2, scaler: null, unit: null },
      { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, scaler: 0, unit: 'Wh' },
    ]);
    expect(buffer?.rows.length).toBeGreaterThan(40);
    expect(buffer?.rows.length).toBeLessThanOrEqual(97);
    for (const row of buffer?.rows ?? []) {
      const time = Date.parse(row[0] ?? '');
      expect(time).toBeGreaterThanOrEqual(Date.parse(`${day}T00:00:00Z`));
      expect(time).toBeLessThan(Date.parse(`${day}T00:00:00Z`) + 86_400_000);
      expect(row[2]).toMatch(/^\d+$/);
    }
    const entries = await json(
      ...connection(one),
      ...credentials(one),
      '--entries',
      '2-4',
      '7:1.0.99.1.0.255:2',
    );
    expect(entries.answer).toMatchObject({ ok: true, results: [{ type: 'array' }] });
    const [picked] = entries.answer['results'] as { rows: unknown[][] }[];
    expect(picked?.rows).toHaveLength(3);
  });

  test('lists keep the types of their elements; people get a table', async () => {
    const one = meterWith('none', 'wrapper');
    const { answer } = await json(
      ...connection(one),
      ...credentials(one),
      '3:1.0.1.8.0.255:3',
      '8:0.0.1.0.0.255:1',
    );
    expect(answer['results']).toEqual([
      {
        classId: 3,
        obis: '1.0.1.8.0.255',
        attribute: 3,
        type: 'structure',
        value: [
          { type: 'integer', value: '0' },
          { type: 'enum', value: '30' },
        ],
      },
      {
        classId: 8,
        obis: '0.0.1.0.0.255',
        attribute: 1,
        type: 'octet-string',
        value: '0000010000ff',
        text: '0.0.1.0.0.255',
      },
    ]);
    const { status, out } = await dcu(...connection(one), ...credentials(one), ...BASICS.slice(1, 4));
    expect(status).toBe(0);
    expect(out[0]).toMatch(
      /^3:1\.0\.1\.8\.0\.255:2 {2}Active energy import \(\+A\), total, value {2}\d+ Wh {2}\(double-long-unsigned\)$/,
    );
    expect(out[2]).toBe('3:1.0.99.99.0.255:2  Certification data log 1, value  object-undefined');
  });
});

describe('failures end with status 1 and a code', () => {
  test('a wrong password, a wrong key', async () => {
    const lls = meterWith('lls', 'hdlc');
    const wrong = await json(...connection(lls), '--auth', 'lls', '--password', 'nonsense', BASICS[0] ?? '');
    expect(wrong).toMatchObject({ status: 1, answer: { ok: false, error: { code: 'association-refused' } } });
    const hls = meterWith('hls-gmac', 'wrapper');
    const key = '00'.repeat(16);
    const keys = [
      '--auth',
      'hls-gmac',
      '--encryption-key',
      key,
      '--authentication-key',
      key,
      '--read-counter',
    ];
    const bad = await json(...connection(hls), ...keys, BASICS[0] ?? '');
    expect(bad).toMatchObject({ status: 1, answer: { ok: false, error: { code: expect.any(String) } } });
    expect(JSON.stringify(bad.answer)).not.toContain(key);
  });

  test('no answer, nobody there', async () => {
    const one = meterWith('none', 'wrapper');
    one.device.turnOn({ kind: 'silence' });
    const silent = await json(...connection(one), '--auth', 'none', '--timeout-ms', '200', BASICS[0] ?? '');
    one.device.turnOff('silence');
    expect(silent).toMatchObject({ status: 1, answer: { ok: false, error: { code: 'link-timeout' } } });
    const closed = [
      '--host',
      '127.0.0.1',
      '--port',
      '1',
      '--framing',
      'wrapper',
      '--client',
      '1',
      '--server',
      '1',
    ];
    const nobody = await json(...closed, '--auth', 'none', BASICS[0] ?? '');
    expect(nobody).toMatchObject({
      status: 1,
      answer: { ok: false, error: { code: 'channel-open-failed' } },
    });
  });
});

describe('wrong calls end with status 2', () => {
  const tcp = ['--host', 'h', '--port', '1', '--framing', 'wrapper', '--client', '1', '--server', '1'];
  const hdlc = ['--host', 'h', '--port', '1', '--framing', 'hdlc', '--client', '1'];
  const none = ['--auth', 'none'];
  const target = '8:0.0.1.0.0.255:2';

  test.each([
    ['no target', [...tcp, ...none]],
    ['a bad target', [...tcp, ...none, '3-1.0.1.8.0.255']],
    ['a bad OBIS code', [...tcp, ...none, '3:1.0.1.8:2']],
    ['no transport', [...tcp.slice(4), ...none, target]],
    ['two transports', [...tcp, '--serial', '/dev/x', '--baud', '9600', ...none, target]],
    ['a serial port without a speed', [...tcp.slice(4), '--serial', '/dev/x', ...none, target]],
    ['a port that is none', ['--port', '70000', ...tcp, ...none, target]],
    ['no authentication named', [...tcp, target]],
    ['LLS without a password', [...tcp, '--auth', 'lls', target]],
    ['two passwords', [...tcp, '--auth', 'lls', '--password', 'a', '--password-hex', '61', target]],
    ['HLS without keys', [...tcp, '--auth', 'hls-gmac', target]],
    [
      'a short key',
      [...tcp, '--auth', 'hls-gmac', '--encryption-key', '00', '--authentication-key', '00', target],
    ],
    ['no hex', [...tcp, ...none, '--system-title', 'xyz', target]],
    ['from without to', [...tcp, ...none, '--from', '2026-01-01', target]],
    ['a time that is none', [...tcp, ...none, '--from', 'yesterday', '--to', '2026-01-01', target]],
    ['entries that are none', [...tcp, ...none, '--entries', '5-2', target]],
    [
      'entries and range',
      [...tcp, ...none, '--entries', '1-2', '--from', '2026-01-01', '--to', '2026-01-02', target],
    ],
    ['an address that does not fit', [...hdlc, '--server', '200', ...none, target]],
    [
      'a physical address in one byte',
      [...hdlc, '--server', '1', '--hdlc-address-bytes', '1', '--hdlc-physical', '17', ...none, target],
    ],
    ['three address bytes', [...hdlc, '--server', '1', '--hdlc-address-bytes', '3', ...none, target]],
  ])('%s', async (_, args) => {
    const { status, out } = await dcu('--json', ...args);
    expect(status).toBe(2);
    const last = JSON.parse(out.at(-1) ?? '');
    expect(last).toMatchObject({
      ok: false,
      error: { code: expect.stringMatching(/^(usage|invalid-argument)$/) },
    });
  });

  test('an OBIS code is understood in its other spellings', () => {
    expect(parseTarget('3:1-0:1.8.0*255:2')).toEqual({ classId: 3, obis: '1.0.1.8.0.255', attribute: 2 });
    expect(parseTarget('3:1-0:1.8.0:2')).toEqual({ classId: 3, obis: '1.0.1.8.0.255', attribute: 2 });
  });
});
