import { DcuError } from '../base/errors.ts';
import type { DeframerCounters, HdlcDeframer, HdlcFrame } from './types.ts';
import { kernels, memory, regions } from './wasm.ts';

const SHORTEST_FRAME = 7;
const LONGEST_FRAME = 0x7ff;
const NOTHING = new Uint8Array(0);

/** Words of a descriptor (`hdlcScan` in asm/hdlc.ts). */
const WORDS = 8;

function addressLength(bytes: number): 1 | 2 | 4 {
  return bytes === 1 || bytes === 2 ? bytes : 4;
}

class Deframer implements HdlcDeframer {
  readonly #longest: number;
  /** What waits for its rest; starts with the flag of the frame that waits. */
  readonly #held: Uint8Array;
  #heldLength = 0;
  #frames = 0;
  #rejectedHeaders = 0;
  #badFcs = 0;

  constructor(maxFrameLength: number) {
    this.#longest = maxFrameLength;
    // A wait is never longer than the longest frame between its flags.
    this.#held = new Uint8Array(maxFrameLength + 2);
  }

  push(bytes: Uint8Array): HdlcFrame[] {
    const frames: HdlcFrame[] = [];
    const room = regions.INPUT_SIZE - this.#held.length;
    if (bytes.length <= room) {
      this.#take(bytes, frames);
    } else {
      for (let at = 0; at < bytes.length; at += room) this.#take(bytes.subarray(at, at + room), frames);
    }
    return frames;
  }

  /** A lone flag is an idle line and counts as nothing. */
  get pending(): number {
    return this.#heldLength > 1 ? this.#heldLength : 0;
  }

  giveUp(): HdlcFrame[] {
    const frames: HdlcFrame[] = [];
    if (this.#heldLength < 2) return frames;
    this.#rejectedHeaders++;
    const rest = this.#held.slice(1, this.#heldLength);
    this.#heldLength = 0;
    this.#take(rest, frames);
    return frames;
  }

  reset(): void {
    this.#heldLength = 0;
  }

  get counters(): DeframerCounters {
    return { frames: this.#frames, rejectedHeaders: this.#rejectedHeaders, badFcs: this.#badFcs };
  }

  /** One window: what is held and `bytes`, which fit the input region together. */
  #take(bytes: Uint8Array, frames: HdlcFrame[]): void {
    const { INPUT } = regions;
    if (this.#heldLength > 0) memory.bytes.set(this.#held.subarray(0, this.#heldLength), INPUT);
    memory.bytes.set(bytes, INPUT + this.#heldLength);
    const end = INPUT + this.#heldLength + bytes.length;
    let from = INPUT;
    for (;;) {
      const found = kernels.hdlcScan(from, end, regions.DESCRIPTORS, regions.DESCRIPTOR_LIMIT, this.#longest);
      this.#collect(found, frames);
      from = this.#word(regions.RESULT, 0);
      if (found < regions.DESCRIPTOR_LIMIT) break;
    }
    this.#heldLength = end - from;
    if (this.#heldLength > 0) this.#held.set(memory.bytes.subarray(from, end));
  }

  #word(address: number, index: number): number {
    return memory.words[(address >> 2) + index] ?? 0;
  }

  #collect(found: number, frames: HdlcFrame[]): void {
    this.#frames += found;
    this.#rejectedHeaders += this.#word(regions.RESULT, 1);
    this.#badFcs += this.#word(regions.RESULT, 2);
    const { words, bytes } = memory;
    const base = regions.DESCRIPTORS >> 2;
    for (let i = 0, at = base; i < found; i++, at += WORDS) {
      const info = words[at + 1] ?? 0;
      const length = words[at + 2] ?? 0;
      const packed = words[at + 5] ?? 0;
      frames.push({
        destination: words[at + 3] ?? 0,
        destinationBytes: addressLength((packed >> 8) & 15),
        source: words[at + 4] ?? 0,
        sourceBytes: addressLength((packed >> 12) & 15),
        control: packed & 0xff,
        segmented: ((words[at + 6] ?? 0) & 0x800) !== 0,
        info: length === 0 ? NOTHING : bytes.slice(info, info + length),
      });
    }
  }
}

/**
 * A deframer for one line (frame format type 3, ISO/IEC 13239). `maxFrameLength` is the largest accepted value
 * of the format field's length (everything between the flags), 7 to 2047; anything else ends in DcuError
 * `invalid-argument`.
 */
export function createHdlcDeframer(options: { readonly maxFrameLength: number }): HdlcDeframer {
  const { maxFrameLength } = options;
  if (
    !Number.isInteger(maxFrameLength) ||
    maxFrameLength < SHORTEST_FRAME ||
    maxFrameLength > LONGEST_FRAME
  ) {
    throw new DcuError('invalid-argument', `maxFrameLength is to be ${SHORTEST_FRAME} to ${LONGEST_FRAME}`, {
      field: 'maxFrameLength',
    });
  }
  return new Deframer(maxFrameLength);
}
