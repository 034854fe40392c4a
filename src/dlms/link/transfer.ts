import { concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';

const MODULUS = 8;
/** Longest APDU whose segments are put together: what a PDU size can state, and the LLC bytes. */
export const MAX_REASSEMBLED = 0xffff + 3;

const distance = (from: number, to: number): number => (to - from) & (MODULUS - 1);

export interface Segment {
  readonly info: Uint8Array;
  /** Another segment of the same APDU follows. */
  readonly more: boolean;
}

/** Cuts an information run into pieces of at most `size` bytes. */
export function cut(info: Uint8Array, size: number): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < info.length; at += size) {
    segments.push({ info: info.subarray(at, at + size), more: at + size < info.length });
  }
  return segments;
}

/** Sending side of the numbered transfer: what is not yet acknowledged, from V(A) on. Goes back to V(A) at each turn. */
export class SendWindow {
  #segments: Segment[] = [];
  #first = 0;
  #sent = 0;

  add(segments: readonly Segment[]): void {
    this.#segments.push(...segments);
  }

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  /** Whether a segment was sent that is not acknowledged. */
  get begun(): boolean {
    return this.#sent > 0;
  }

  /** V(S): the number after the last one sent. */
  get ns(): number {
    return (this.#first + this.#sent) % MODULUS;
  }

  /** Segments of the next turn with their N(S); `again` were sent before. */
  burst(window: number): {
    readonly frames: readonly { ns: number; segment: Segment }[];
    readonly again: number;
  } {
    const segments = this.#segments.slice(0, window);
    const again = Math.min(this.#sent, segments.length);
    this.#sent = Math.max(this.#sent, segments.length);
    return { frames: segments.map((segment, i) => ({ ns: (this.#first + i) % MODULUS, segment })), again };
  }

  /** Whether N(R) names neither what was sent nor, up to `window` back, what was acknowledged. */
  neverSent(nr: number, window: number): boolean {
    return distance(this.#first, nr) > this.#sent && distance(nr, this.#first) > window;
  }

  /** Number of segments that N(R) acknowledges anew; undefined when it names one never sent. */
  acknowledge(nr: number): number | undefined {
    const count = distance(this.#first, nr);
    if (count > this.#sent) return undefined;
    this.#segments.splice(0, count);
    this.#first = nr;
    this.#sent -= count;
    return count;
  }
}

/** How a received N(S) relates to V(R). */
export type Arrival = 'expected' | 'gap' | 'repeated';

/** Receiving side: V(R), and the segments of the APDU under way. Bounded. */
export class ReceiveWindow {
  #next = 0;
  #parts: Uint8Array[] = [];
  #length = 0;

  get nr(): number {
    return this.#next;
  }

  /** Whether an APDU has begun and not ended. */
  get partial(): boolean {
    return this.#parts.length > 0;
  }

  arrival(ns: number, window: number): Arrival {
    const ahead = distance(this.#next, ns);
    if (ahead === 0) return 'expected';
    return ahead < window ? 'gap' : 'repeated';
  }

  /** Takes the expected segment; the whole when it was the last. Throws `apdu-too-long` past the bound. */
  take(segment: Segment): Uint8Array | undefined {
    this.#next = (this.#next + 1) % MODULUS;
    return this.join(segment);
  }

  /** As `take` for unnumbered frames, which carry the segmentation bit too. */
  join(segment: Segment): Uint8Array | undefined {
    // An empty one counts too, or a peer that sends nothing else would never come to an end.
    this.#length += Math.max(1, segment.info.length);
    if (this.#length > MAX_REASSEMBLED) {
      this.forget();
      throw new DcuError('apdu-too-long', `segments add up to more than ${MAX_REASSEMBLED} bytes`);
    }
    this.#parts.push(segment.info);
    if (segment.more) return undefined;
    const [only] = this.#parts;
    const whole = this.#parts.length === 1 && only !== undefined ? only : concat(this.#parts);
    this.forget();
    return whole;
  }

  forget(): void {
    this.#parts = [];
    this.#length = 0;
  }
}
