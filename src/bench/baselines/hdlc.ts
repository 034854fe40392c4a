/** HDLC deframing in TypeScript: a lean scanner with descriptors, and a plain one with objects. */

import { crcIdiomatic, crcRegisterTuned } from './crc.ts';

const FLAG = 0x7e;
const RESIDUE = 0xf0b8;

/** Start, information offset and length, destination, source, control, format, end. */
export const DESCRIPTOR_WORDS = 8;

function addressLength(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  if ((bytes[at] as number) & 1) return 1;
  if (at + 1 >= end) return 0;
  if ((bytes[at + 1] as number) & 1) return 2;
  if (at + 3 >= end || (bytes[at + 2] as number) & 1 || !((bytes[at + 3] as number) & 1)) return 0;
  return 4;
}

function addressValue(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = (value << 7) | ((bytes[at + i] as number) >> 1);
  return value;
}

/** The kernel's own algorithm in TypeScript: one scan, no copies, the residue trick, slice-16. */
export function deframeTuned(bytes: Uint8Array, out: Int32Array): number {
  const e = bytes.length;
  let frames = 0;
  let p = 0;
  while (p < e) {
    if (bytes[p] !== FLAG) {
      p = bytes.indexOf(FLAG, p);
      if (p < 0) break;
    }
    if (p + 9 > e) break;
    const first = bytes[p + 1] as number;
    if (first >> 4 !== 0xa) {
      p++;
      continue;
    }
    const format = (first << 8) | (bytes[p + 2] as number);
    const end = p + 1 + (format & 0x7ff);
    if (end >= e || bytes[end] !== FLAG) {
      p++;
      continue;
    }
    const destination = addressLength(bytes, p + 3, end);
    const source = destination === 0 ? 0 : addressLength(bytes, p + 3 + destination, end);
    const control = p + 3 + destination + source;
    const info = control + 3;
    if (source === 0 || (info !== end && info + 2 > end)) {
      p++;
      continue;
    }
    if (
      crcRegisterTuned(bytes, p + 1, info, 0xffff) !== RESIDUE ||
      (info < end && crcRegisterTuned(bytes, info, end, RESIDUE) !== RESIDUE)
    ) {
      p++;
      continue;
    }
    const at = frames * DESCRIPTOR_WORDS;
    out[at] = p;
    out[at + 1] = info;
    out[at + 2] = info < end ? end - info - 2 : 0;
    out[at + 3] = addressValue(bytes, p + 3, destination);
    out[at + 4] = addressValue(bytes, p + 3 + destination, source);
    out[at + 5] = (bytes[control] as number) | (destination << 8) | (source << 12);
    out[at + 6] = format;
    out[at + 7] = end;
    frames++;
    p = end;
  }
  return frames;
}

export interface PlainFrame {
  readonly destination: number;
  readonly source: number;
  readonly control: number;
  readonly segmented: boolean;
  readonly info: Uint8Array;
}

function readAddress(
  frame: Uint8Array,
  at: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = at; i < Math.min(at + 4, frame.length); i++) {
    const byte = frame[i] ?? 0;
    value = (value << 7) | (byte >> 1);
    if (byte & 1) return i - at === 2 ? undefined : { value, end: i + 1 };
  }
  return undefined;
}

function parseFrame(frame: Uint8Array): PlainFrame | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const format = view.getUint16(0);
  const destination = readAddress(frame, 2);
  const source = destination && readAddress(frame, destination.end);
  if (destination === undefined || source === undefined) return undefined;
  const header = source.end + 1;
  if (header + 2 > frame.length) return undefined;
  if (crcIdiomatic(frame.subarray(0, header)) !== view.getUint16(header, true)) return undefined;
  const hasInfo = header + 2 < frame.length;
  const fcs = frame.length - 2;
  if (hasInfo && crcIdiomatic(frame.subarray(0, fcs)) !== view.getUint16(fcs, true)) return undefined;
  return {
    destination: destination.value,
    source: source.value,
    control: frame[source.end] ?? 0,
    segmented: (format & 0x800) !== 0,
    info: hasInfo ? frame.slice(header + 2, fcs) : new Uint8Array(0),
  };
}

/** As one writes it at first: slices, objects, a table CRC over header and frame. */
export function deframeIdiomatic(bytes: Uint8Array): PlainFrame[] {
  const frames: PlainFrame[] = [];
  let at = bytes.indexOf(FLAG);
  while (at >= 0 && at + 8 < bytes.length) {
    const format = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const end = at + 1 + (format & 0x7ff);
    if (format >> 12 === 0xa && bytes[end] === FLAG) {
      const frame = parseFrame(bytes.slice(at + 1, end));
      if (frame !== undefined) {
        frames.push(frame);
        at = end;
        continue;
      }
    }
    at = bytes.indexOf(FLAG, at + 1);
  }
  return frames;
}
