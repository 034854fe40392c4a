import { sleep, VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { LinkCounters } from '../../src/dlms/link/link.ts';
import { newLinkCounters } from '../../src/dlms/link/peer.ts';
import { DEFAULT_BACKOFF } from '../../src/meters/breaker.ts';
import { Line } from '../../src/meters/line.ts';
import type { JobOutcome, LineHooks, LineJob, LineOpening, LineSession } from '../../src/meters/line-job.ts';
import { Slots } from '../../src/meters/slots.ts';
import { meter } from '../tasks/fake-meter.ts';

/** An APDU and its answer take so long. */
export const APDU_MS = 1_000;
export const OPENING_MS = 500;

/** An association whose transfers go block by block in virtual time. */
export class FakeSession implements LineSession {
  open = true;
  outdated = false;
  readonly counters: LinkCounters = newLinkCounters();
  breaking = false;
  readonly #world: LineWorld;
  readonly #meterId: number;

  constructor(world: LineWorld, meterId: number) {
    this.#world = world;
    this.#meterId = meterId;
  }

  breakOff(wanted: boolean): void {
    this.breaking = wanted;
  }

  async apdu(signal: AbortSignal): Promise<void> {
    await sleep(this.#world.clock, APDU_MS, signal);
  }

  async close(): Promise<void> {
    this.open = false;
    this.#world.note(`close ${this.#meterId}`);
  }

  abort(): void {
    this.open = false;
  }
}

/** Fetches blocks one after the other, and goes on where it stood. */
export class BlockJob implements LineJob<FakeSession> {
  readonly id: string;
  readonly key: string;
  readonly meter;
  readonly name = 'blocks';
  readonly type = 'test';
  readonly priority: number;
  progress = 0;
  /** Called before each block. */
  onBlock: (fetched: number) => void = () => {};
  outcome: JobOutcome | undefined;
  readonly blocks: number;
  readonly #world: LineWorld;

  constructor(world: LineWorld, meterId: number, priority: number, blocks: number) {
    this.#world = world;
    this.id = `${meterId}/${priority}/${world.jobs++}`;
    this.key = this.id;
    this.meter = meter(meterId);
    this.priority = priority;
    this.blocks = blocks;
  }

  get meterId(): number {
    return this.meter.id;
  }

  async prepare(): Promise<undefined> {
    return undefined;
  }

  started(): void {
    this.#world.note(`start ${this.meterId}`);
  }

  async step(session: FakeSession, signal: AbortSignal): Promise<'done'> {
    while (this.progress < this.blocks) {
      this.onBlock(this.progress);
      await session.apdu(signal);
      this.progress++;
      this.#world.fetched.push({ meterId: this.meterId, atMs: this.#world.clock.monotonicMs() });
      if (session.breaking && this.progress < this.blocks) throw new DcuError('preempted', 'room was made');
    }
    return 'done';
  }

  async finished(outcome: JobOutcome): Promise<void> {
    this.outcome = outcome;
    this.#world.note(`${outcome.state} ${this.meterId}`);
  }
}

export class LineWorld {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly log: string[] = [];
  readonly states: string[] = [];
  readonly fetched: { readonly meterId: number; readonly atMs: number }[] = [];
  jobs = 0;
  /** Milliseconds that the opening of a meter takes before it fails; others answer. */
  readonly dead = new Map<number, number>();
  opening: Partial<LineOpening<FakeSession>> = {};
  readonly line: Line<FakeSession>;

  constructor(hooks: Partial<LineHooks<FakeSession>> = {}) {
    this.line = new Line('line', true, {
      clock: this.clock,
      log: silentLog,
      backoff: DEFAULT_BACKOFF,
      prepareOpening: async ({ id }) => ({
        tries: 1,
        linkRepeats: true,
        silentMs: 0,
        ...this.opening,
        open: async (signal) => {
          const deadMs = this.dead.get(id);
          await sleep(this.clock, deadMs ?? OPENING_MS, signal);
          if (deadMs !== undefined) throw new DcuError('link-timeout', 'no answer');
          this.note(`open ${id}`);
          return new FakeSession(this, id);
        },
      }),
      meterState: ({ id }, state) => this.states.push(`${id} ${state}`),
      changed: () => {},
      slots: new Slots(64),
      ...hooks,
    });
  }

  note(what: string): void {
    this.log.push(what);
  }

  add(meterId: number, priority: number, blocks: number): BlockJob {
    const job = new BlockJob(this, meterId, priority, blocks);
    if (!this.line.enqueue(job)) throw new Error('not queued');
    return job;
  }
}
