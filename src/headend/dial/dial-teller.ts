import type { Clock } from '../../base/clock.ts';

export type DialIncident = 'hes-connected' | 'hes-disconnected' | 'hes-fail-over' | 'hes-unreachable';

export interface DialTellerOptions {
  readonly channel: string;
  readonly clock: Clock;
  /** Into the concentrator's logbook. */
  readonly record: (type: DialIncident, detail: string) => void;
}

/** A kind that came so soon again is counted, and told with the next one. */
const TOLD_AGAIN_MS = 600_000;

/**
 * What a dialler tells the logbook: of connections on which something useful came, of their end, and once that nobody can
 * be reached; never of each try.
 */
export class DialTeller {
  readonly #options: DialTellerOptions;
  readonly #told = new Map<DialIncident, { atMs: number; since: number }>();
  /** The peer that was told of as connected. */
  #connected: string | undefined;
  #lastPeer: string | undefined;
  #unreachable = false;

  constructor(options: DialTellerOptions) {
    this.#options = options;
  }

  /** Something useful was exchanged. */
  useful(peer: string): void {
    if (this.#connected === peer) return;
    const before = this.#lastPeer;
    this.#connected = peer;
    this.#lastPeer = peer;
    this.#unreachable = false;
    if (before === undefined || before === peer) this.#tell('hes-connected', peer);
    else this.#tell('hes-fail-over', `from ${before} to ${peer}`);
  }

  /** Without a reason we have hung up. */
  lost(peer: string, reason: string | undefined): void {
    if (this.#connected !== peer) return;
    this.#connected = undefined;
    this.#tell('hes-disconnected', reason === undefined ? peer : `${peer}: ${reason}`);
  }

  /** No address could be used. */
  unreachable(reason: string | undefined): void {
    if (this.#unreachable) return;
    this.#unreachable = true;
    this.#connected = undefined;
    this.#tell('hes-unreachable', reason ?? 'no address could be used');
  }

  #tell(type: DialIncident, detail: string): void {
    const { channel, clock, record } = this.#options;
    const nowMs = clock.monotonicMs();
    const last = this.#told.get(type);
    if (last !== undefined && nowMs - last.atMs < TOLD_AGAIN_MS) {
      last.since++;
      return;
    }
    const times = last === undefined || last.since === 0 ? '' : `; ${last.since} more since the last entry`;
    this.#told.set(type, { atMs: nowMs, since: 0 });
    record(type, `${channel}, ${detail}${times}`);
  }
}
