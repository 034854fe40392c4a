import type { Clock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import type { VisitLine } from '../../meters/line-visit.ts';
import { LineShares } from './line-shares.ts';
import { MeterPipe, type PipeUser } from './meter-pipe.ts';
import type { MeterRequest } from './meter-request.ts';

/** Meters that head-ends talk to at a time, all together: what is left of the lines is for reading. */
const MOST_PIPES = 64;
/** Of one connection. */
const MOST_OF_USER = 32;

export interface MeterPipesOptions {
  readonly visit: VisitLine;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The transparent ways to all meters. Each head-end has a pipe of its own to a meter; where two want the same one, the
 * second waits until the first is silent.
 */
export class MeterPipes {
  readonly #options: MeterPipesOptions;
  readonly #shares: LineShares;
  readonly #lines = new Map<number, string>();
  readonly #pipes = new Map<PipeUser, Map<number, MeterPipe>>();
  #size = 0;
  #closed = false;

  constructor(options: MeterPipesOptions) {
    this.#options = options;
    this.#shares = new LineShares(options.clock);
  }

  /** Pipes that hold a line or wait for one. */
  get size(): number {
    return this.#size;
  }

  /** @throws DcuError `overflow` when head-ends talk to too many meters already, `cancelled` when all is closed */
  send(meter: Meter, request: MeterRequest, user: PipeUser): void {
    if (this.#closed) throw new DcuError('cancelled', 'the concentrator is stopping');
    const own = this.#pipes.get(user) ?? new Map<number, MeterPipe>();
    const open = own.get(meter.id);
    if (open !== undefined) {
      open.send(request);
      return;
    }
    if (this.#size >= MOST_PIPES || own.size >= MOST_OF_USER) {
      throw new DcuError('overflow', 'too many meters are talked to at once');
    }
    this.#size++;
    this.#pipes.set(user, own);
    const line = {
      get: () => this.#lines.get(meter.id),
      set: (name: string) => {
        this.#lines.set(meter.id, name);
      },
    };
    const onDone = (): void => {
      this.#size--;
      own.delete(meter.id);
      if (own.size === 0) this.#pipes.delete(user);
    };
    own.set(
      meter.id,
      new MeterPipe(request, user, { ...this.#options, meter, shares: this.#shares, line, onDone }),
    );
  }

  /** The head-end has gone; resolves when the lines of its meters are free. */
  async leave(user: PipeUser): Promise<void> {
    await Promise.all([...(this.#pipes.get(user)?.values() ?? [])].map((pipe) => pipe.close()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#pipes.keys()].map((user) => this.leave(user)));
  }
}
