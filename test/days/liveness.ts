import type { Core } from '../../src/concentrator/core.ts';
import { HOUR_MS } from '../../src/simulator/calendar.ts';
import type { World } from './world.ts';

/** Task items of a meter, and what else may wait for it at a time. */
const JOBS_PER_METER = 24;
/** Timers that a meter, a line or a job may have. */
const TIMERS_PER_METER = 60;

/** Every meter that can be reached is read, within three rounds and some hours. */
export function checkLiveness(world: World): void {
  const nowMs = world.clock.now();
  const limitMs = (3 * world.scenery.everyHours + 3) * HOUR_MS;
  if (world.diskFull) return;
  for (const resident of world.residents) {
    const { id, leftMs, meterNo, truth } = resident;
    if (id === undefined || leftMs !== undefined) continue;
    const outageEndMs = truth.meter.point.outages(nowMs).at(-1)?.endMs ?? 0;
    const readMs = world.watch.lastSuccess(resident, 'energy')?.startMs ?? 0;
    const sinceMs = Math.max(resident.reachableSinceMs, world.troubledMs, outageEndMs, readMs);
    if (nowMs - sinceMs <= limitMs) continue;
    const hours = Math.round((nowMs - sinceMs) / HOUR_MS);
    const last = readMs === 0 ? 'never' : new Date(readMs).toISOString();
    world.violate(
      'starved',
      `in reach for ${hours} h, read ${last}, last error ${world.watch.lastError(id)}`,
      meterNo,
    );
  }
}

/** What is kept in memory follows from how many meters there are, not from how long it runs. */
export function checkMemory(world: World, core: Core): void {
  const meters = world.residents.length;
  const jobs = core.collector.snapshot().jobs.length;
  if (jobs > meters * JOBS_PER_METER) {
    world.violate('memory-grows', `${jobs} jobs for ${meters} meters`);
  }
  const timers = world.clock.pending;
  if (timers > meters * TIMERS_PER_METER + 200) {
    world.violate('memory-grows', `${timers} timers for ${meters} meters`);
  }
}
