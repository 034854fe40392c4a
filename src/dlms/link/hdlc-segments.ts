import { concat } from '../../base/bytes.ts';
import { beginsWithLlc, mayBePushed } from './apdu-extent.ts';

/** Information fields may be empty; so many segments without an end are no APDU. */
const MOST_SEGMENTS = 0x1000;

/** What became of a segment: the whole APDU when it was the last one; `lost` counts segments that belong to none. */
export interface SegmentOutcome {
  readonly apdu?: Uint8Array;
  /** The APDU came in one frame. */
  readonly alone?: boolean;
  readonly lost: number;
}

/**
 * Puts the information fields of pushed HDLC frames together, `limit` bytes at most. UI frames have no numbers, so what
 * follows a segment that is known to be lost counts as the rest of its APDU, until one is the last or begins another.
 */
export class HdlcSegments {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  #from = '';
  #broken = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `from` names sender and addressee; `more`: another segment of the same APDU follows. */
  take(part: Uint8Array, from: string, more: boolean): SegmentOutcome {
    const begins = beginsWithLlc(part);
    let lost = begins || from !== this.#from ? this.forget() : 0;
    const orphan = this.#parts.length === 0 && !begins && (this.#broken || !mayBePushed(part[0] ?? 0));
    this.#broken = orphan && more;
    if (orphan) return { lost: lost + 1 };
    this.#parts.push(part);
    this.#length += part.length;
    this.#from = from;
    if (this.#length > this.#limit || this.#parts.length > MOST_SEGMENTS) {
      lost += this.segmentLost();
      this.#broken = more;
      return { lost };
    }
    if (more) return { lost };
    const apdu = concat(this.#parts);
    return { apdu, alone: this.forget() === 1, lost };
  }

  get assembling(): boolean {
    return this.#parts.length > 0;
  }

  /** Something on the line was no good frame. Returns the number of segments given up for it. */
  segmentLost(): number {
    this.#broken = true;
    return this.forget();
  }

  forget(): number {
    const lost = this.#parts.length;
    this.#parts = [];
    this.#length = 0;
    return lost;
  }
}
