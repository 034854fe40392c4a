import { DcuError } from '../base/errors.ts';
import { warmUp } from '../kernels/index.ts';
import type { Bench } from './bench.ts';
import { axdrProfile } from './benches/axdr-profile.ts';
import { crc16Bench } from './benches/crc16.ts';
import { gcmOpen, gcmSeal } from './benches/gcm.ts';
import { hdlcDeframe } from './benches/hdlc-deframe.ts';
import { keySetup } from './benches/key-setup.ts';
import { pipelineBench } from './benches/pipeline.ts';
import { storeIngest } from './benches/store-ingest.ts';
import { type Effort, measure } from './measure.ts';
import { type BenchReport, type CaseResult, machine, report } from './report.ts';

/** Every benchmark of the product, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  crc16Bench,
  hdlcDeframe,
  gcmOpen,
  gcmSeal,
  keySetup,
  axdrProfile,
  pipelineBench,
  storeIngest,
];

/** The benchmarks with these names, all without any; DcuError `usage` for a name there is none of. */
export function selectBenches(names: readonly string[]): readonly Bench[] {
  const unknown = names.find((name) => BENCHES.every((bench) => bench.name !== name));
  if (unknown !== undefined) {
    throw new DcuError(
      'usage',
      `no benchmark is called ${unknown}; there are ${BENCHES.map((bench) => bench.name).join(', ')}`,
      { field: 'NAME' },
    );
  }
  return names.length === 0 ? BENCHES : BENCHES.filter((bench) => names.includes(bench.name));
}

/** Validates, warms up and measures; ends between two cases when `signal` aborts, with DcuError `cancelled`. */
export async function runBenches(
  benches: readonly Bench[],
  effort: Effort,
  signal: AbortSignal,
  onCase: (name: string, size: number) => void = () => {},
): Promise<BenchReport> {
  warmUp();
  const results: CaseResult[] = [];
  for (const bench of benches) {
    for (const size of bench.sizes) {
      if (signal.aborted) throw new DcuError('cancelled', 'the benchmark was interrupted');
      onCase(bench.name, size);
      const prepared = await bench.prepare(size);
      try {
        await prepared.validate();
        results.push({ bench, size, measured: await measure(prepared, effort) });
      } finally {
        await prepared.close?.();
      }
    }
  }
  return report(machine(), results);
}
