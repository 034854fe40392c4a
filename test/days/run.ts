import { DAY_MS } from '../../src/simulator/calendar.ts';
import { type Checked, checkStore } from './check.ts';
import { FaultPlan } from './fault-plan.ts';
import { checkGaps } from './gap-check.ts';
import { checkLiveness, checkMemory } from './liveness.ts';
import type { Violation } from './violations.ts';
import { World, type WorldOptions } from './world.ts';

export interface DaysOptions extends WorldOptions {
  readonly days: number;
  /** Told before anything happens. */
  readonly onBegin?: (world: World) => void;
  /** Told after each day. */
  readonly onDay?: (day: number, world: World) => void;
}

export interface DaysReport {
  readonly seed: number;
  /** That were lived; fewer than asked for when something did not hold. */
  readonly days: number;
  readonly violations: readonly Violation[];
  /** Of all that happened; equal for equal runs. */
  readonly digest: string;
  readonly checked: Checked;
  readonly runs: number;
}

/** Days at the end in which nothing goes wrong any more. */
const SETTLING_DAYS = 2;

/** Runs one seed day by day until something does not hold, or the days are over. */
export async function runDays(options: DaysOptions): Promise<DaysReport> {
  const { days, onDay } = options;
  const world = new World(options);
  const faults = new FaultPlan(world);
  let checked: Checked = { rows: 0, events: 0, due: 0, misstamped: 0 };
  try {
    options.onBegin?.(world);
    world.dcu.start();
    await world.up();
    let lived = 0;
    for (let day = 1; day <= days && world.violations.length === 0; day++) {
      if (day > days - SETTLING_DAYS) faults.settle();
      else faults.planDay();
      await world.clock.advance(day * DAY_MS - world.clock.monotonicMs());
      checked = await checkDay(world);
      lived = day;
      onDay?.(day, world);
    }
    return {
      seed: options.seed,
      days: lived,
      violations: world.violations,
      digest: world.trace.digest,
      checked,
      runs: world.dcu.runs,
    };
  } finally {
    await world.dcu.end();
  }
}

async function checkDay(world: World): Promise<Checked> {
  const core = await world.up();
  await world.until(world.tendArchive());
  const checked = await checkStore(world, core);
  await checkGaps(world, core);
  checkLiveness(world);
  checkMemory(world, core);
  return checked;
}
