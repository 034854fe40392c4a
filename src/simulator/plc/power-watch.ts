import type { Clock } from '../../base/clock.ts';
import type { MeteringPoint } from '../metering-point.ts';

export interface PoweredNode {
  readonly address: string;
  readonly point: MeteringPoint;
}

/** How far ahead outages are looked for. */
const HORIZON_MS = 6 * 3_600_000;

/** Tells the network of the outages of its meters as they begin and end. */
export class PowerWatch {
  readonly #clock: Clock;
  readonly #nodes: readonly PoweredNode[];
  readonly #changed: (addresses: readonly string[], on: boolean) => void;
  readonly #out = new Set<string>();
  #cancel: (() => void) | undefined;

  /** `changed` gets the nodes that have lost their power or got it back at the same moment. */
  constructor(
    clock: Clock,
    nodes: readonly PoweredNode[],
    changed: (addresses: readonly string[], on: boolean) => void,
  ) {
    this.#clock = clock;
    this.#nodes = nodes;
    this.#changed = changed;
  }

  /** Looks at every meter, and again when one of them changes. To be called at start and when power was cut by hand. */
  look(): void {
    this.stop();
    const nowMs = this.#clock.now();
    let nextMs = nowMs + HORIZON_MS;
    const gone: string[] = [];
    const back: string[] = [];
    for (const { address, point } of this.#nodes) {
      const out = point.isOut(nowMs);
      if (out && !this.#out.has(address)) gone.push(address);
      if (!out && this.#out.has(address)) back.push(address);
      for (const { startMs, endMs } of point.outages(nextMs)) {
        if (startMs > nowMs) nextMs = Math.min(nextMs, startMs);
        else if (endMs > nowMs) nextMs = Math.min(nextMs, endMs);
      }
    }
    for (const address of gone) this.#out.add(address);
    for (const address of back) this.#out.delete(address);
    if (gone.length > 0) this.#changed(gone, false);
    if (back.length > 0) this.#changed(back, true);
    this.#cancel = this.#clock.after(nextMs - nowMs, () => this.look());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
