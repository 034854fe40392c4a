import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import type { CollectionStore } from '../../src/base/collection.ts';
import { toDcuError } from '../../src/base/errors.ts';
import type { Log } from '../../src/base/log.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { type AcknowledgedBatch, type Core, startCore } from '../../src/concentrator/core.ts';
import type { Transports } from '../../src/concentrator/transports.ts';
import { openSealer } from '../concentrator/open-sealer.ts';
import { ProcessClock, type WallClock } from './process-clock.ts';
import type { Owner } from './wires.ts';

const DATABASE = 'dcu.db';
const MEMORY_DISK = '/dev/shm';

export interface DcuOptions {
  readonly clock: Clock;
  readonly wall: WallClock;
  readonly random: SeededRandom;
  readonly log: Log;
  readonly transports: (owner: Owner) => Transports;
  /** What stands between collecting and the store. */
  readonly collection: (store: CollectionStore, owner: Owner) => CollectionStore;
  readonly onAcknowledged: (batch: AcknowledgedBatch) => void;
  /** Called with each start, before the schedule begins. */
  readonly onStarted: (core: Core) => Promise<void>;
  readonly onEnd: (why: 'killed' | 'stopped') => void;
  /** Something in the product failed that has no business to fail. */
  readonly onFailure: (error: unknown) => void;
}

/** One run of the concentrator's process. */
class Run implements Owner {
  readonly clock: ProcessClock;
  readonly directory: string;
  core: Core | undefined;
  readonly #listeners: (() => void)[] = [];

  constructor(clock: ProcessClock, directory: string) {
    this.clock = clock;
    this.directory = directory;
  }

  get dead(): boolean {
    return this.clock.dead;
  }

  onDeath(listener: () => void): void {
    this.#listeners.push(listener);
  }

  die(): void {
    this.clock.kill();
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** A commit takes up to so long. */
const SLOWEST_COMMIT_MS = 40;

/** The concentrator as something that is switched on, dies and comes up again on what was on its disk. */
export class Dcu {
  readonly #options: DcuOptions;
  readonly #root: string;
  #run: Run | undefined;
  #runs = 0;
  #directory: string;
  #commitsToDeath: { left: number; readonly before: boolean; readonly downMs: number } | undefined;

  constructor(options: DcuOptions) {
    this.#options = options;
    this.#root = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), 'opendcu-days-'));
    this.#directory = join(this.#root, 'run-0');
    mkdirSync(this.#directory);
  }

  /** Undefined while it is down or comes up. */
  get core(): Core | undefined {
    return this.#run?.core;
  }

  get runs(): number {
    return this.#runs;
  }

  /** Begins to come up; what goes wrong is told to `onFailure`. */
  start(): void {
    const { clock, wall, random, log, transports, collection, onAcknowledged } = this.#options;
    const number = this.#runs++;
    const run = new Run(new ProcessClock(clock, wall), this.#directory);
    this.#run = run;
    const own = random.fork(`run ${number}`);
    const disk = own.fork('disk');
    startCore({
      directory: run.directory,
      version: '0.0.0',
      bootedAt: wall.now(),
      clock: run.clock,
      random: own,
      log,
      transports: transports(run),
      thread: 'same',
      sealer: openSealer,
      defer: (commit) =>
        run.clock.after(disk.next() ** 3 * SLOWEST_COMMIT_MS, () => this.#commit(run, commit)),
      collection: (store) => collection(store, run),
      onAcknowledged: (batch) => {
        if (!run.dead) onAcknowledged(batch);
      },
    })
      .then(async (core) => {
        if (run.dead) return;
        await this.#options.onStarted(core);
        if (run.dead) return;
        await core.collector.start();
        if (!run.dead) run.core = core;
      })
      .catch((error: unknown) => {
        if (!run.dead) this.#options.onFailure(error);
      });
  }

  /**
   * The process dies now: no timer, no byte, no commit of it happens any more; what is on its disk stays, with the
   * beginning of a write behind it. It comes up again after `downMs`.
   */
  kill(downMs: number, torn: number): void {
    const run = this.#run;
    if (run === undefined || run.dead) return;
    run.die();
    this.#run = undefined;
    this.#commitsToDeath = undefined;
    // A copy of the files as they are is what the next process finds; the dead one may go on with its own.
    this.#directory = join(this.#root, `run-${this.#runs}`);
    mkdirSync(this.#directory);
    for (const file of [DATABASE, `${DATABASE}-wal`]) {
      const from = join(run.directory, file);
      if (existsSync(from)) copyFileSync(from, join(this.#directory, file));
    }
    const log = join(this.#directory, `${DATABASE}-wal`);
    if (torn > 0 && existsSync(log)) appendFileSync(log, this.#options.random.bytes(torn));
    rmSync(run.directory, { recursive: true, force: true });
    this.#options.onEnd('killed');
    run.core?.store.close().catch(() => undefined);
    this.#comeUp(downMs);
  }

  /** Dies with one of its next commits: just before it, or when it is on disk and nobody knows yet. */
  killAtCommit(commits: number, before: boolean, downMs: number): void {
    this.#commitsToDeath = { left: commits, before, downMs };
  }

  /** Stops in order and comes up again. */
  async restart(downMs: number): Promise<void> {
    const run = this.#run;
    if (run?.core === undefined) return;
    const { core } = run;
    run.core = undefined;
    await core.stop();
    if (run.dead) return;
    run.die();
    this.#run = undefined;
    this.#options.onEnd('stopped');
    this.#comeUp(downMs);
  }

  /** Ends for good and leaves nothing behind. */
  async end(): Promise<void> {
    const run = this.#run;
    run?.die();
    this.#run = undefined;
    await run?.core?.store.close().catch(() => undefined);
    rmSync(this.#root, { recursive: true, force: true });
  }

  #comeUp(downMs: number): void {
    this.#options.clock.after(downMs, () => {
      if (this.#run === undefined) this.start();
    });
  }

  #commit(run: Run, commit: () => void): void {
    const death = this.#commitsToDeath;
    if (death === undefined || run !== this.#run || --death.left > 0) {
      commit();
      return;
    }
    this.#commitsToDeath = undefined;
    try {
      if (!death.before) commit();
    } catch (error) {
      this.#options.onFailure(toDcuError(error));
    }
    this.kill(death.downMs, 0);
  }
}
