import type { Attempt, ClockCheck, ClockCorrection } from '../../src/base/collection.ts';
import type { CollectionKind, TaskItem, TaskType } from '../../src/base/model.ts';
import type { AcknowledgedBatch, Core } from '../../src/concentrator/core.ts';
import { putAddress, serverAddress } from '../../src/dlms/link/address.ts';
import type { MeterPlan } from '../../src/simulator/plan.ts';
import type { CollectorEvents } from '../../src/tasks/events.ts';
import type { Resident } from './resident.ts';
import type { World } from './world.ts';

/** What each task type collects. */
export const KINDS: Readonly<Partial<Record<TaskType, CollectionKind>>> = {
  'Energy profile': 'energy',
  'Demand profile': 'demand',
  'Monthly Billing': 'billing',
  'Fraud Event': 'fraud',
  'Relay Event': 'relay',
  'Standard Event': 'standard',
  'Power Failure Event': 'power-failure',
  'Phase Interruption Event': 'phase-interruption',
  'Power Quality Event': 'power-quality',
};

/** A read that went well. */
export interface Success {
  /** True time at which the meter was first asked. */
  readonly startMs: number;
  /** The same by the concentrator's wall clock. */
  readonly wallMs: number;
  /** What the meter's clock showed at the end; a meter whose clock has jumped back meanwhile is asked for no more than that. */
  readonly shownMs?: number;
}

interface OnDemand {
  readonly meterId: number;
  readonly line: string;
  /** Jobs that were begun on the line meanwhile. */
  readonly others: string[];
}

/** The setting `clock.threshold`. */
const THRESHOLD_MS = 2_000;
/** What a clock may be off after its task: the threshold, and what a second's resolution and a slow line add. */
const CLOCK_LIMIT_MS = 4_000;
/** How long a meter is left in peace, and more. */
const PEACE_MS = 5_000;

/** Behind the flag and the two bytes of the format. */
const DESTINATION_AT = 3;

/** Whether an HDLC frame is for a meter. */
function isCalled(frame: Uint8Array, { server, physicalAddress, addressBytes }: MeterPlan): boolean {
  const address = new Uint8Array(addressBytes);
  putAddress(address, 0, serverAddress(server, physicalAddress, addressBytes));
  return address.every((byte, i) => frame[DESTINATION_AT + i] === byte);
}

type JobStarted = CollectorEvents['job-started'];
type JobFinished = CollectorEvents['job-finished'];

/** Hears what the concentrator does, and holds it against what it may do. */
export class Watch {
  readonly #world: World;
  readonly #successes = new Map<Resident, Map<CollectionKind, Success>>();
  readonly #acknowledged = new Map<number, Map<CollectionKind, Set<number>>>();
  readonly #starts = new Map<string, Success>();
  readonly #unwell = new Set<number>();
  /** Monotonic ms at which meters were talked to last, at most so late. */
  readonly #talkedMs = new Map<number, number>();
  /** By line, the meter whose work was begun last: its association is ended, which may take long, when another's begins. */
  readonly #onLine = new Map<string, number>();
  readonly #onDemand = new Set<OnDemand>();
  #core: Core | undefined;
  /** Of task items, by name; undefined where two have the same name. */
  #priorities = new Map<string, number | undefined>();
  /** Task items that keep clocks. */
  #clockItems: ReadonlySet<number> = new Set();
  readonly #lastErrors = new Map<number, string>();
  /** Finished jobs by outcome and error. */
  readonly outcomes = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** `items` as they are configured. */
  started(core: Core, items: readonly TaskItem[]): void {
    this.#core = core;
    this.#priorities = new Map();
    this.#clockItems = new Set(items.filter(({ type }) => type === 'Meter Clock').map(({ id }) => id));
    for (const { name, priority, enabled } of items) {
      // Items of one name cannot be told apart.
      if (enabled) this.#priorities.set(name, this.#priorities.has(name) ? undefined : priority);
    }
    const mine =
      <Event>(listener: (event: Event) => void) =>
      (event: Event): void => {
        if (this.#core === core) listener(event);
      };
    const { bus } = core.collector;
    bus.on(
      'job-started',
      mine((event) => this.#jobStarted(core, event)),
    );
    bus.on(
      'job-finished',
      mine((event) => this.#jobFinished(event)),
    );
    bus.on(
      'meter-state',
      mine(({ meterId, state }) => {
        if (state === 'offline') this.#unwell.add(meterId);
      }),
    );
  }

  /** The process is gone, and with it all that only it knew. */
  ended(): void {
    this.#core = undefined;
    this.#starts.clear();
    this.#unwell.clear();
    this.#talkedMs.clear();
    this.#onLine.clear();
    this.#onDemand.clear();
  }

  /**
   * A meter that is spoken to on a shared line has been talked to, also where no job came of it: an operator may have come while it
   * was being opened for one.
   */
  heard(wire: string, direction: 'down' | 'up', bytes: Uint8Array): void {
    if (direction !== 'down') return;
    const { clock, residents } = this.#world;
    for (const { id, place } of residents) {
      const { where, meter } = place;
      const here = where.kind === 'rs485' && wire === `485_${where.line + 1}`;
      if (id !== undefined && here && isCalled(bytes, meter.plan))
        this.#talkedMs.set(id, clock.monotonicMs());
    }
  }

  acknowledged({ meterId, kind, times }: AcknowledgedBatch): void {
    const byKind = this.#acknowledged.get(meterId) ?? new Map<CollectionKind, Set<number>>();
    this.#acknowledged.set(meterId, byKind);
    const known = byKind.get(kind) ?? new Set<number>();
    byKind.set(kind, known);
    for (const time of times) known.add(time);
  }

  /** Times of rows of which the store has said that they are on disk, since the last call. */
  takeAcknowledged(meterId: number, kind: CollectionKind): ReadonlySet<number> {
    const times = this.#acknowledged.get(meterId)?.get(kind) ?? new Set<number>();
    this.#acknowledged.get(meterId)?.delete(kind);
    return times;
  }

  /** What failed last at a meter. */
  lastError(meterId: number): string {
    return this.#lastErrors.get(meterId) ?? 'none';
  }

  lastSuccess(resident: Resident, kind: CollectionKind): Success | undefined {
    return this.#successes.get(resident)?.get(kind);
  }

  /** An operator reads a meter, and is not to wait for others. */
  readNow(resident: Resident): void {
    const core = this.#core;
    const { id, place } = resident;
    if (core === undefined || id === undefined) return;
    const line = place.where.kind === 'rs485' ? `485_${place.where.line + 1}` : place.name;
    const waiting: OnDemand = { meterId: id, line, others: [] };
    this.#onDemand.add(waiting);
    this.#world.trace.add(this.#world.clock.now(), `read now ${resident.meterNo}`);
    const over = (): void => {
      this.#onDemand.delete(waiting);
    };
    this.#world.askNow(core, id).then(over, over);
  }

  #jobStarted(core: Core, { jobId, meterId, line, item, type }: JobStarted): void {
    const { clock, wall, trace } = this.#world;
    trace.add(clock.now(), `started ${line} ${meterId} ${item}`);
    const before = this.#onLine.get(line);
    if (before !== undefined && before !== meterId) this.#talkedMs.set(before, clock.monotonicMs());
    this.#onLine.set(line, meterId);
    this.#starts.set(jobId, { startMs: clock.now(), wallMs: wall.now() });
    for (const waiting of this.#onDemand) {
      if (waiting.line !== line) continue;
      if (waiting.meterId === meterId && !(type in KINDS) && type !== 'Meter Clock')
        this.#onDemand.delete(waiting);
      else if (!this.#unwell.has(waiting.meterId)) {
        waiting.others.push(`${item} of ${meterId}`);
        // The one whose meter was being opened when the operator came is the step under way.
        if (waiting.others.length === 2) {
          this.#world.violate('on-demand-waited', `${line}: ${waiting.others.join(' and ')} came first`);
        }
      }
    }
    this.#checkPriority(core, jobId, line);
  }

  /**
   * Among meters that may be asked, more urgent work that came no later goes first. A meter may not be asked for some
   * seconds after its association has ended (`send.silent`), in the back-off after an error of any of its jobs, and while it
   * is silent.
   */
  #checkPriority(core: Core, jobId: string, line: string): void {
    const jobs = core.collector.snapshot().jobs.filter((job) => job.line === line);
    const started = jobs.find(({ id }) => id === jobId);
    const own = started && this.#priorities.get(started.name);
    if (started === undefined || own === undefined) return;
    const nowMs = this.#world.clock.monotonicMs();
    // What was begun and waits again has met an error: its whole meter is left in peace for a while.
    const backingOff = new Set(
      jobs
        .filter(({ state, startedAt }) => state === 'queued' && startedAt !== null)
        .map((job) => job.meterId),
    );
    const passed = jobs.find(
      (job) =>
        job.state === 'queued' &&
        (this.#priorities.get(job.name) ?? Number.POSITIVE_INFINITY) < own &&
        job.queuedAt <= started.queuedAt &&
        !this.#unwell.has(job.meterId) &&
        !backingOff.has(job.meterId) &&
        nowMs - (this.#talkedMs.get(job.meterId) ?? Number.NEGATIVE_INFINITY) > PEACE_MS,
    );
    if (passed === undefined) return;
    this.#world.violate(
      'priority',
      `${line}: ${started.name} (${own}) of ${started.meterNo} began before ${passed.name} of ${passed.meterNo}`,
    );
  }

  #jobFinished(event: JobFinished): void {
    const { clock, trace } = this.#world;
    const { jobId, meterId, item, type, outcome, rows, error } = event;
    const how = `${outcome}${error === undefined ? '' : ` ${error.code}`}`;
    trace.add(clock.now(), `finished ${meterId} ${item} ${how} ${rows}`);
    this.outcomes.set(how, (this.outcomes.get(how) ?? 0) + 1);
    if (outcome !== 'skipped') this.#talkedMs.set(meterId, clock.monotonicMs());
    if (outcome === 'failed') {
      this.#unwell.add(meterId);
      this.#lastErrors.set(meterId, `${error?.code}: ${error?.message}`);
      if (error?.code === 'internal') this.#world.violate('failure', `${item}: ${error.message}`);
    }
    const start = this.#starts.get(jobId);
    this.#starts.delete(jobId);
    if (outcome !== 'done' || start === undefined) return;
    this.#unwell.delete(meterId);
    const resident = this.#world.residents.find(({ id }) => id === meterId);
    if (resident === undefined) return;
    const kind = KINDS[type as TaskType];
    if (kind !== undefined) {
      const known = this.#successes.get(resident) ?? new Map<CollectionKind, Success>();
      const shownMs = resident.truth.meter.point.clock.at(clock.now());
      this.#successes.set(resident, known.set(kind, { ...start, shownMs }));
    }
  }

  /** What the concentrator has found out about a clock. */
  clockChecked({ meterId, driftMs, action }: ClockCheck): void {
    // A correction that waits for a better moment says so by what it has found.
    if (action === 'none' && Math.abs(driftMs) <= THRESHOLD_MS) this.#checkClock(meterId, 'found right');
  }

  /** What says that it has left the clock off is followed by another correction, or by no success. */
  clockCorrected({ meterId, action, leftMs = 0 }: ClockCorrection): void {
    if (action !== 'refused' && Math.abs(leftMs) <= THRESHOLD_MS) this.#checkClock(meterId, action);
  }

  /** A task that went well, so its record says. */
  attempted({ meterId, itemId, error }: Attempt): void {
    if (error === undefined && this.#clockItems.has(itemId)) this.#checkClock(meterId, 'kept');
  }

  #checkClock(meterId: number, why: string): void {
    const { clock, wall, residents } = this.#world;
    const resident = residents.find(({ id }) => id === meterId);
    if (resident === undefined) return;
    const offMs = resident.truth.meter.point.clock.at(clock.now()) - wall.now();
    if (Math.abs(offMs) <= CLOCK_LIMIT_MS) return;
    // An answer that is late one way only cannot be told from a clock that is off.
    if (resident.truth.meter.faults.has('delay')) return;
    this.#world.violate('clock-wrong', `${Math.round(offMs)} ms off after it was ${why}`, resident.meterNo);
  }
}
