/** Data that the benchmarks run on; deterministic. */

import { SeededRandom } from '../base/random.ts';
import { crcIdiomatic } from './baselines/crc.ts';

export const random = new SeededRandom(4711);

/** A frame of exactly `length` bytes between its flags, source address of two bytes, one flag behind it. */
export function hdlcFrame(source: number, info: Uint8Array): Uint8Array {
  const header = 2 + 1 + 2 + 1 + 2;
  const length = header + info.length + 2;
  const frame = new Uint8Array(length + 1);
  frame[0] = 0xa0 | (length >> 8);
  frame[1] = length & 0xff;
  frame[2] = 0x03;
  frame[3] = (source >> 7) << 1;
  frame[4] = ((source & 0x7f) << 1) | 1;
  frame[5] = 0x13;
  const hcs = crcIdiomatic(frame.subarray(0, 6));
  frame[6] = hcs & 0xff;
  frame[7] = hcs >> 8;
  frame.set(info, header);
  const fcs = crcIdiomatic(frame.subarray(0, length - 2));
  frame[length - 2] = fcs & 0xff;
  frame[length - 1] = fcs >> 8;
  frame[length] = 0x7e;
  return frame;
}

/** Frames in a row that share their flags. */
export function hdlcStream(frames: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(1 + frames.reduce((sum, frame) => sum + frame.length, 0));
  out[0] = 0x7e;
  let at = 1;
  for (const frame of frames) {
    out.set(frame, at);
    at += frame.length;
  }
  return out;
}

export const PROFILE_ROW_BYTES = 38;

/** One row of date-time, u8 and four u32, `row` quarter hours after 2026-01-01. */
function writeRow(out: Uint8Array, at: number, row: number): void {
  const view = new DataView(out.buffer, out.byteOffset + at, PROFILE_ROW_BYTES);
  const time = new Date(Date.UTC(2026, 0, 1) + row * 900_000);
  out.set([2, 6, 9, 12], at);
  view.setUint16(4, time.getUTCFullYear());
  view.setUint8(6, time.getUTCMonth() + 1);
  view.setUint8(7, time.getUTCDate());
  view.setUint8(8, time.getUTCDay() === 0 ? 7 : time.getUTCDay());
  view.setUint8(9, time.getUTCHours());
  view.setUint8(10, time.getUTCMinutes());
  view.setUint8(11, 0);
  view.setUint8(12, 0xff);
  view.setInt16(13, 0);
  view.setUint8(15, 0);
  view.setUint8(16, 17);
  view.setUint8(17, row & 0x0f);
  for (let i = 0; i < 4; i++) {
    view.setUint8(18 + i * 5, 6);
    view.setUint32(19 + i * 5, Math.floor(random.next() * 2 ** 32));
  }
}

/** A profile buffer of `rows` rows, beginning with row number `first`. */
export function profileBuffer(rows: number, first = 0): Uint8Array {
  const head = rows < 0x80 ? [1, rows] : [1, 0x82, rows >> 8, rows & 0xff];
  const out = new Uint8Array(head.length + rows * PROFILE_ROW_BYTES);
  out.set(head);
  for (let row = 0; row < rows; row++) writeRow(out, head.length + row * PROFILE_ROW_BYTES, first + row);
  return out;
}
