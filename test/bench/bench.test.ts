import { describe, expect, test } from 'bun:test';
import { defineBench } from '../../src/bench/bench.ts';
import { BENCHES, runBenches, selectBenches } from '../../src/bench/index.ts';
import { type Measured, measure, median, QUICK, ratioOf } from '../../src/bench/measure.ts';
import { type BenchReport, machine, report, table } from '../../src/bench/report.ts';
import { SCENARIOS } from '../../src/bench/scenarios/index.ts';
import { bitSeconds, lineTable, resultOf } from '../../src/bench/scenarios/line-figures.ts';
import { TARGETS } from '../../src/bench/targets.ts';
import { benchCommand } from '../../src/cli/bench.ts';
import { runCli } from '../../src/cli/program.ts';

const TINY = { rounds: 2, turnMs: 0.5, warmUpMs: 1 };
const never = new AbortController().signal;

const measured = (candidate: Measured['candidate'], rounds: readonly number[]): Measured => ({
  candidate,
  value: median(rounds),
  spread: 0,
  rounds,
});

async function cli(...args: string[]): Promise<{ status: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), signal: never };
  const status = await runCli(['bench', ...args], io, [benchCommand]);
  return { status, out, err };
}

describe('every benchmark', () => {
  test('has the names and sizes that were promised', () => {
    expect(Object.fromEntries(BENCHES.map(({ name, sizes }) => [name, [...sizes]]))).toEqual({
      crc16: [16, 128, 1024, 65536],
      'hdlc-deframe': [128, 1024],
      'gcm-open': [64, 256, 512, 1024, 4096],
      'gcm-seal': [64, 256, 512, 1024, 4096],
      'key-setup': [128, 256],
      'axdr-profile': [2880],
      pipeline: [1024],
      'store-ingest': [96],
    });
  });

  test('validates its candidates and measures each of them', async () => {
    const seen: string[] = [];
    const result = await runBenches(BENCHES, TINY, never, (name, size) => seen.push(`${name} ${size}`));
    expect(seen.length).toBe(BENCHES.reduce((sum, bench) => sum + bench.sizes.length, 0));
    for (const row of result.results) {
      expect({ ...row, fine: row.value > 0 && Number.isFinite(row.value) && row.spread >= 0 }).toEqual({
        ...row,
        fine: true,
      });
    }
    for (const { name, size, of, to } of TARGETS) {
      const ratio = result.ratios.find(
        (row) => row.name === name && row.size === size && row.of === of && row.to === to,
      );
      expect(ratio?.reached).toBeDefined();
    }
    expect(result.limits.map((row) => row.size)).toEqual([128, 256]);
  }, 30_000);

  test('leaves no key, pipeline or directory open: a second run works', async () => {
    const some = selectBenches(['pipeline', 'key-setup']);
    await runBenches(some, TINY, never);
    await runBenches(some, TINY, never);
  });
});

describe('measuring', () => {
  test('a candidate with a wrong result is not timed', async () => {
    let runs = 0;
    const broken = defineBench({
      name: 'broken',
      about: '',
      sizeUnit: '',
      sizes: [1],
      unit: 'op/s',
      ratios: [],
      prepare: () => ({
        operations: 1,
        validate() {
          throw new Error('wasm gives a wrong result');
        },
        candidates: [{ name: 'wasm', run: () => void runs++ }],
      }),
    });
    await expect(runBenches([broken], TINY, never)).rejects.toThrow('wrong result');
    expect(runs).toBe(0);
  });

  test('candidates take turns, also when one of them is asynchronous', async () => {
    const order: string[] = [];
    const rows = await measure(
      {
        operations: 10,
        validate() {},
        candidates: [
          { name: 'wasm', run: () => void order.push('w') },
          {
            name: 'facade',
            async run() {
              order.push('f');
            },
          },
        ],
      },
      { rounds: 4, turnMs: 0.001, warmUpMs: 0 },
    );
    expect(order.slice(-8).join('')).toBe('wfwfwfwf');
    expect(rows.map((row) => row.rounds.length)).toEqual([4, 4]);
  });

  test('the ratio is the median of the ratios within the rounds', () => {
    // The machine is ten times slower in the second round, for both alike.
    expect(ratioOf(measured('wasm', [300, 30, 330]), measured('ts-tuned', [100, 10, 100]))).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test('says whether floor and stretch were reached', () => {
    const crc = BENCHES.filter((bench) => bench.name === 'crc16');
    const of = (wasm: number): BenchReport =>
      report(
        machine(),
        crc.map((bench) => ({
          bench,
          size: 1024,
          measured: [measured('wasm', [wasm]), measured('ts-tuned', [1])],
        })),
      );
    expect([1.9, 2, 2.9, 3].map((wasm) => of(wasm).ratios[0]?.reached)).toEqual([
      'missed',
      'floor',
      'floor',
      'stretch',
    ]);
    expect(table(of(2)).some((line) => line.includes('2 / 3  floor'))).toBe(true);
  });

  test('ends between two cases when it is interrupted', async () => {
    const stop = new AbortController();
    const run = runBenches(selectBenches(['crc16']), TINY, stop.signal, () => stop.abort());
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('dcu bench', () => {
  test('--json prints one document with machine, results and ratios', async () => {
    const { status, out, err } = await cli('crc16', '--quick', '--json');
    expect(status).toBe(0);
    expect(err).toEqual([]);
    expect(out.length).toBe(1);
    const document = JSON.parse(out[0] ?? '') as BenchReport;
    expect(document.machine.cores).toBeGreaterThan(0);
    expect(document.results).toContainEqual({
      name: 'crc16',
      size: 1024,
      candidate: 'wasm',
      unit: 'op/s',
      value: expect.any(Number),
      spread: expect.any(Number),
    });
    expect(document.ratios).toContainEqual(
      expect.objectContaining({
        name: 'crc16',
        size: 1024,
        of: 'wasm',
        to: 'ts-tuned',
        floor: 2,
        stretch: 3,
      }),
    );
  });

  test('without --json a table, progress apart from it', async () => {
    const { out, err } = await cli('key-setup', '--quick');
    expect(out.some((line) => /^key-setup +128 +wasm +[\d.]+ [kM]? ?op\/s/.test(line))).toBe(true);
    expect(err).toEqual(['key-setup 128', 'key-setup 256']);
  });

  test('--list names them all and runs none', async () => {
    const { out } = await cli('--list');
    expect(out.map((line) => line.split(' ')[0])).toEqual([...BENCHES, ...SCENARIOS].map(({ name }) => name));
    const json = JSON.parse((await cli('--list', '--json')).out[0] ?? '') as { benches: { name: string }[] };
    expect(json.benches.map((bench) => bench.name)).toEqual(BENCHES.map((bench) => bench.name));
  });

  test('an unknown name is a usage error that names it', async () => {
    const { status, out, err } = await cli('crc17', '--json');
    expect(status).toBe(2);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ ok: false, error: { code: 'usage', field: 'NAME' } });
    expect(err.join('\n')).toContain('crc17');
  });

  test('quick is quick', () => {
    expect(QUICK.rounds * QUICK.turnMs).toBeLessThan(20);
  });
});

describe('scenarios', () => {
  test('the useful share of a line: bits of the read over elapsed time', () => {
    expect(bitSeconds(9_600)).toBe(10);
    const result = resultOf('line-1', { meters: 1, rows: 96, bytes: 4_800, seconds: 5.2631 });
    expect(result).toEqual({
      name: 'line-1',
      unit: 'ratio',
      value: 0.95,
      meters: 1,
      rows: 96,
      bytes: 4_800,
      seconds: 5.263,
    });
    const text = lineTable([result], ['', 'gurux-1 is left out: there is no python3']);
    expect(text.some((line) => /^line-1 +1 +96 +4800 +5\.00 +5\.26 +0\.950$/.test(line))).toBe(true);
    expect(text.at(-1)).toContain('left out');
  });

  test('run alone', async () => {
    const { status, out } = await cli('line', 'crc16', '--json');
    expect(status).toBe(2);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ ok: false, error: { code: 'usage', field: 'NAME' } });
  });

  test('are listed beside the benchmarks', async () => {
    const json = JSON.parse((await cli('--list', '--json')).out[0] ?? '') as {
      scenarios: { name: string }[];
    };
    expect(json.scenarios.map(({ name }) => name)).toContain('line');
  });
});
