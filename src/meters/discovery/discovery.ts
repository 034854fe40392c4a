import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { DiscoveryRequest, DiscoveryRun, OpenRun } from './run.ts';
import { type ChannelKind, type PlannedSearch, Searches, type SearchOptions } from './searches.ts';

export interface DiscoveryOptions extends SearchOptions {
  readonly log: Log;
}

interface Running {
  readonly run: OpenRun;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

const KINDS: Readonly<Record<number, ChannelKind>> = {
  2: 'module',
  4: 'line',
  7: 'line',
  8: 'line',
  12: 'network',
  14: 'network',
};
const RUNS_KEPT = 20;

/** Looks for devices on lines and networks, behind all reading, and proposes the meters that they would be. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #searches: Searches;
  readonly #runs: OpenRun[] = [];
  readonly #running = new Map<string, Running>();
  #number = 0;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#searches = new Searches(options);
  }

  /** The running ones and the last that ended, newest first. */
  runs(): readonly DiscoveryRun[] {
    return this.#runs.map((run) => ({ ...run, found: [...run.found] }));
  }

  /**
   * Begins to look; resolves to the id of the run.
   * @throws DcuError `not-found`, `conflict` (this channel is being looked at), `invalid-argument` naming the field
   */
  async start(request: DiscoveryRequest): Promise<string> {
    const channel = (await this.#options.channels()).find(({ name }) => name === request.channel);
    if (channel === undefined) {
      throw new DcuError('not-found', `there is no channel named "${request.channel}"`, { field: 'channel' });
    }
    const kind = KINDS[channel.commType];
    if (kind === undefined || !channel.enabled) {
      const why = kind === undefined ? 'does not lead to meters' : 'is disabled';
      throw new DcuError('invalid-argument', `channel ${channel.name} ${why}`, { field: 'channel' });
    }
    const search = await this.#searches.plan(kind, channel, request);
    const busy = [...this.#running.values()].find(({ run }) => run.channel === channel.name);
    if (busy !== undefined) {
      throw new DcuError('conflict', `channel ${channel.name} is being looked at already`, {
        field: 'channel',
      });
    }
    const id = `discovery-${++this.#number}`;
    const run: OpenRun = {
      id,
      channel: channel.name,
      state: 'running',
      startedAt: this.#options.clock.now(),
      finishedAt: null,
      total: search.total,
      asked: 0,
      found: [],
      error: null,
    };
    this.#runs.unshift(run);
    this.#runs.splice(RUNS_KEPT);
    const abort = new AbortController();
    const ended = this.#run(run, abort.signal, search.work);
    this.#running.set(id, { run, abort, ended });
    return id;
  }

  /** False when there is no such run under way. */
  cancel(id: string): boolean {
    const running = this.#running.get(id);
    running?.abort.abort(new DcuError('cancelled', 'cancelled on request'));
    return running !== undefined;
  }

  /** Resolves when the run has ended; at once when it has. */
  async settled(id: string): Promise<void> {
    await this.#running.get(id)?.ended;
  }

  /** Cancels what is under way and waits for its end. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { run } of running) this.cancel(run.id);
    await Promise.all(running.map(({ ended }) => ended));
  }

  async #run(run: OpenRun, signal: AbortSignal, work: PlannedSearch['work']): Promise<void> {
    try {
      await work(run, signal);
      run.state = 'done';
    } catch (thrown) {
      const error = toDcuError(signal.aborted ? signal.reason : thrown);
      run.state = error.code === 'cancelled' ? 'cancelled' : 'failed';
      run.error = { code: error.code, message: error.message };
      const { log } = this.#options;
      if (run.state === 'failed')
        log.warn('a search ended early', { channel: run.channel, ...error.toJSON() });
    } finally {
      run.finishedAt = this.#options.clock.now();
      this.#running.delete(run.id);
    }
  }
}
