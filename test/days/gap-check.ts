import type { Interval } from '../../src/base/model.ts';
import type { Core } from '../../src/concentrator/core.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/simulator/calendar.ts';
import { clockChangesFrom, type Gap, namedGaps, powerOffFrom } from '../../src/tasks/gaps.ts';
import type { Resident } from './resident.ts';
import type { World } from './world.ts';

const PERIOD_MS = 15 * MINUTE_MS;
const CLOCK_RIGHT_MS = 90_000;
/** Days back that are looked at. */
const DAYS = 4;

/**
 * Every gap in the energy profile has a cause, and the right one: where it says that nothing is left to be fetched, the meter has
 * nothing; where the meter had no power, and its logs have been read since, it says so.
 */
export async function checkGaps(world: World, core: Core): Promise<void> {
  for (const resident of world.residents) {
    if (resident.id === undefined || resident.leftMs !== undefined) continue;
    const success = world.watch.lastSuccess(resident, 'energy');
    if (success === undefined) continue;
    const daysBack = Math.min(DAYS, world.scenery.recallDays) * DAY_MS;
    const interval = {
      fromMs: Math.ceil((success.wallMs - daysBack + 2 * HOUR_MS) / PERIOD_MS) * PERIOD_MS,
      toMs: Math.floor((success.wallMs - 2 * PERIOD_MS) / PERIOD_MS) * PERIOD_MS,
    };
    for (const gap of await gapsOf(world, core, resident, resident.id, interval)) {
      judge(world, resident, gap, success.startMs);
    }
  }
}

async function gapsOf(
  world: World,
  core: Core,
  resident: Resident,
  id: number,
  interval: Interval,
): Promise<readonly Gap[]> {
  const { readings } = core.store;
  const around = { fromMs: interval.fromMs - 2 * DAY_MS, toMs: interval.toMs + DAY_MS };
  const { rows } = await readings.events(id, { interval: around, limit: 100_000 });
  const events = rows.map(({ log, code, time, extra }) => ({
    time,
    extra,
    tells: BUILT_IN_PROFILES.event('generic', log, code)?.tells,
  }));
  const times = [...(resident.lastLook.get('energy')?.stored.times ?? [])];
  return namedGaps({
    interval,
    nowMs: world.wall.now(),
    rows: {
      times: times.filter((time) => time >= interval.fromMs && time < interval.toMs),
      periodMs: PERIOD_MS,
      marks: new Map(),
    },
    coverage: await readings.coverage(id, 'energy'),
    powerOff: powerOffFrom(events, world.wall.now()),
    clockChanges: clockChangesFrom(events, []),
    reading: {
      enabled: true,
      blacklisted: false,
      items: [{ maxRecallS: world.scenery.recallDays * 86_400 }],
      zone: 'Europe/Riga',
    },
  });
}

function judge(world: World, resident: Resident, gap: Gap, readMs: number): void {
  const { truth, meterNo } = resident;
  // What is not read yet may still come.
  if (gap.cause === 'unread') return;
  const where = `${new Date(gap.fromMs).toISOString()} to ${new Date(gap.toMs).toISOString()}`;
  const first = Math.floor(gap.fromMs / PERIOD_MS + 1) * PERIOD_MS;
  for (let stampMs = first; stampMs < gap.toMs; stampMs += PERIOD_MS) {
    const missed = truth.rows.energy
      .get(stampMs)
      ?.some(
        ({ timeMs, seen }) =>
          seen !== true && timeMs <= readMs && Math.abs(stampMs - timeMs) <= CLOCK_RIGHT_MS,
      );
    if (missed !== true) continue;
    world.violate('gap-without-cause', `${where} is called ${gap.cause}, and the meter has a row`, meterNo);
    return;
  }
  const powerless = truth.meter.point
    .outages(readMs)
    .some(({ startMs, endMs }) => startMs <= gap.fromMs + PERIOD_MS && endMs >= gap.toMs - PERIOD_MS);
  const logs = ['standard', 'power-failure'] as const;
  const logsRead = logs.every((log) => {
    const read = world.watch.lastSuccess(resident, log);
    return read !== undefined && read.startMs > gap.toMs + HOUR_MS;
  });
  if (gap.cause === 'meter-has-none' && powerless && logsRead) {
    world.violate('gap-without-cause', `${where} is called ${gap.cause}, and it had no power`, meterNo);
  }
}
