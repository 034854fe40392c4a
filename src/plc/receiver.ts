import { toDcuError } from '../base/errors.ts';
import { announcedLength, decodeFrame, isSound, type PlcFrame, SHORTEST_FRAME, START } from './frame.ts';

export interface ReceiverCounters {
  bytes: number;
  frames: number;
  /** Frames whose checksum or last byte was wrong. */
  corrupt: number;
  /** Announced lengths that no frame can have. */
  badLengths: number;
  /** Sound frames whose fields contradict each other. */
  invalid: number;
  /** Bytes that belonged to no frame. */
  discarded: number;
}

/**
 * Finds frames in what comes over the line, however it is cut. A start byte that begins no sound frame is dropped and
 * the scan goes on behind it, so that one false length costs no true frame; what is held is never more than one frame.
 */
export class FrameReceiver {
  readonly counters: ReceiverCounters = {
    bytes: 0,
    frames: 0,
    corrupt: 0,
    badLengths: 0,
    invalid: 0,
    discarded: 0,
  };
  readonly #maxFrame: number;
  #held: Uint8Array;
  #length = 0;

  /** Longer frames than `maxFrame` bytes are taken for noise. */
  constructor(maxFrame: number) {
    this.#maxFrame = Math.max(maxFrame, SHORTEST_FRAME);
    this.#held = new Uint8Array(2 * this.#maxFrame);
  }

  /** Whether the beginning of a frame is there and its end is not. */
  get waiting(): boolean {
    return this.#length > 0;
  }

  /** The frames that end in these bytes. */
  push(bytes: Uint8Array): PlcFrame[] {
    this.counters.bytes += bytes.length;
    const frames: PlcFrame[] = [];
    let at = 0;
    while (at < bytes.length) {
      const taken = bytes.subarray(at, at + this.#held.length - this.#length);
      this.#held.set(taken, this.#length);
      this.#length += taken.length;
      at += taken.length;
      this.#scan(frames);
    }
    return frames;
  }

  /** The line has fallen silent in the middle: what looks like a beginning is none. The frames that were hidden in it. */
  giveUp(): PlcFrame[] {
    const frames: PlcFrame[] = [];
    while (this.#length > 0) {
      this.#drop(1);
      this.#scan(frames);
    }
    return frames;
  }

  #scan(frames: PlcFrame[]): void {
    let at = 0;
    while (at < this.#length) {
      const start = this.#held.indexOf(START, at);
      if (start < 0 || start >= this.#length) {
        this.counters.discarded += this.#length - at;
        at = this.#length;
        break;
      }
      this.counters.discarded += start - at;
      at = start;
      const length = announcedLength(this.#held, at, this.#length);
      if (length === undefined) break;
      if (length < SHORTEST_FRAME || length > this.#maxFrame) {
        this.counters.badLengths++;
      } else {
        if (this.#length - at < length) break;
        if (isSound(this.#held, at, length)) {
          this.#take(frames, this.#held.slice(at, at + length));
          at += length;
          continue;
        }
        this.counters.corrupt++;
      }
      this.counters.discarded++;
      at++;
    }
    this.#held.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  #take(frames: PlcFrame[], bytes: Uint8Array): void {
    try {
      frames.push(decodeFrame(bytes));
      this.counters.frames++;
    } catch (error) {
      // Only what the frame says can be wrong here: its ends are sound.
      if (toDcuError(error).code !== 'link-protocol') throw error;
      this.counters.invalid++;
    }
  }

  #drop(count: number): void {
    this.counters.discarded += count;
    this.#held.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}
