import type { Clock } from '../base/clock.ts';

export interface HostRatesConfig {
  /** What a host may do in a second over a while. */
  readonly perSecond: number;
  /** What it may do at once. */
  readonly burst: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

/** Hosts that are remembered; one that is forgotten starts with a full bucket, as one that was quiet does. */
const MOST_HOSTS = 1024;

/** A token bucket for each host. */
export class HostRates {
  readonly #config: HostRatesConfig;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(config: HostRatesConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Whether the host may do one more thing now. */
  admits(host: string): boolean {
    const { perSecond, burst } = this.#config;
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(host) ?? { left: burst, atMs: nowMs };
    // Moved to the end: the first of the map is the one that was quiet for longest.
    this.#buckets.delete(host);
    this.#buckets.set(host, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_HOSTS && oldest !== undefined) this.#buckets.delete(oldest);
    bucket.left = Math.min(burst, bucket.left + ((nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }
}
