import { ok, deepStrictEqual as same } from 'node:assert/strict';
import { join } from 'node:path';
import { type Cell, type Combination, cellOf, NotApplicable, serveGuruxMeter } from './peer.ts';

const MAIN = join(import.meta.dir, '../../src/main.ts');

interface Ran {
  readonly status: number;
  readonly document: unknown;
}

/** `dcu read --json` in a process of its own. */
async function read(
  port: number,
  { framing, auth }: Combination,
  args: readonly string[],
  secret: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const secrets: Readonly<Record<Combination['auth'], Readonly<Record<string, string>>>> = {
    none: {},
    lls: { password: '12345678' },
    'hls-gmac': {
      'system-title': '4443553030303031',
      'meter-system-title': '4755583132333435',
      'encryption-key': '000102030405060708090A0B0C0D0E0F',
      'authentication-key': 'D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF',
    },
  };
  const options = { host: '127.0.0.1', port: String(port), framing, client: '1', server: '1', auth };
  const named = Object.entries({ ...options, ...secrets[auth], ...secret }).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ]);
  const child = Bun.spawn([process.execPath, MAIN, 'read', '--json', ...named, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (out.trim() === '') throw new Error(`dcu read printed nothing: ${err.trim()}`);
  return { status, document: JSON.parse(out) };
}

const rowAt = (row: number): unknown[] => {
  const at = new Date(Date.UTC(2026, 0, 1) + row * 15 * 60_000).toISOString().replace('.000Z', 'Z');
  return [at, String(1_000_000 + 250 * row), row % 96 === 4 ? '128' : '0'];
};

type Test = (run: (...args: readonly string[]) => Promise<Ran>) => Promise<void>;

const TESTS: Readonly<Record<string, Test>> = {
  'registers, clock and a refusal': async (run) => {
    const attributes = [
      '3:1.0.1.8.0.255:2',
      '3:1.0.2.8.0.255:2',
      '8:0.0.1.0.0.255:2',
      '3:1.0.99.99.99.255:2',
    ];
    same(await run(...attributes), {
      status: 0,
      document: {
        ok: true,
        results: [
          {
            classId: 3,
            obis: '1.0.1.8.0.255',
            attribute: 2,
            type: 'double-long-unsigned',
            value: '123456',
            scaler: 0,
            unit: 'Wh',
          },
          {
            classId: 3,
            obis: '1.0.2.8.0.255',
            attribute: 2,
            type: 'long64-unsigned',
            value: '9223372036854775813',
            scaler: -3,
            unit: 'Wh',
          },
          {
            classId: 8,
            obis: '0.0.1.0.0.255',
            attribute: 2,
            type: 'octet-string',
            value: '2026-02-03T04:05:06Z',
          },
          { classId: 3, obis: '1.0.99.99.99.255', attribute: 2, error: 'object-undefined' },
        ],
      },
    });
  },
  'profile by range': async (run) => {
    const { document } = await run(
      '--from',
      '2026-01-02T10:00:00Z',
      '--to',
      '2026-01-02T11:00:00Z',
      '7:1.0.99.1.0.255:2',
    );
    const [profile] = resultsOf(document);
    same(profile?.['rows'], [136, 137, 138, 139, 140].map(rowAt));
    same(profile?.['columns'], [
      { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, scaler: null, unit: null },
      { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, scaler: 0, unit: 'Wh' },
      { classId: 1, obis: '0.0.96.10.1.255', attribute: 2, scaler: null, unit: null },
    ]);
  },
  'profile by entry': async (run) => {
    const [profile] = resultsOf((await run('--entries', '5-9', '7:1.0.99.1.0.255:2')).document);
    same(profile?.['rows'], [4, 5, 6, 7, 8].map(rowAt));
  },
};

function resultsOf(document: unknown): readonly Readonly<Record<string, unknown>>[] {
  const fits = typeof document === 'object' && document !== null && 'results' in document;
  if (!fits || !Array.isArray(document.results)) throw new Error(JSON.stringify(document));
  return document.results;
}

async function wrongSecret(port: number, combination: Combination): Promise<void> {
  if (combination.auth === 'none') throw new NotApplicable('there is no secret');
  const secret: Readonly<Record<string, string>> =
    combination.auth === 'lls' ? { password: 'wrong' } : { 'authentication-key': '0'.repeat(32) };
  const { status, document } = await read(port, combination, ['8:0.0.1.0.0.255:2'], secret);
  same(status, 1);
  ok(typeof document === 'object' && document !== null && 'ok' in document && 'error' in document);
  same(document.ok, false);
}

/** `dcu read` reads a meter that is made of the Gurux library. */
export async function ourCommandReadsGurux(python: string, combination: Combination): Promise<Cell[]> {
  const meter = await serveGuruxMeter(python, combination);
  const { port } = meter.ready;
  try {
    const cells: Cell[] = [];
    for (const [name, test] of Object.entries(TESTS)) {
      cells.push(await cellOf(name, combination, () => test((...args) => read(port, combination, args))));
    }
    cells.push(await cellOf('a wrong secret ends with 1', combination, () => wrongSecret(port, combination)));
    return cells;
  } finally {
    await meter.stop();
  }
}
