const TICK_MS = 5;
const RSS_EVERY_TICKS = 10;
const MIB = 2 ** 20;

/** How late timers of this process are, and how much memory it takes, from now until `end`. */
export class Strain {
  readonly #delays: number[] = [];
  #rss = process.memoryUsage.rss();
  #dueMs = performance.now() + TICK_MS;
  #ticks = 0;
  #timer: ReturnType<typeof setTimeout>;

  constructor() {
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
  }

  end(): { readonly loopDelayP99Ms: number; readonly rssPeakMiB: number } {
    clearTimeout(this.#timer);
    const sorted = this.#delays.toSorted((a, b) => a - b);
    const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
    return { loopDelayP99Ms: Math.round(p99 * 10) / 10, rssPeakMiB: Math.round((this.#rss / MIB) * 10) / 10 };
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#delays.push(Math.max(0, nowMs - this.#dueMs));
    if (this.#ticks++ % RSS_EVERY_TICKS === 0) this.#rss = Math.max(this.#rss, process.memoryUsage.rss());
    this.#dueMs = performance.now() + TICK_MS;
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
  }
}
