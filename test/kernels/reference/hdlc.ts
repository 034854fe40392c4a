import type { HdlcFrame } from '../../../src/kernels/types.ts';
import { crcRegister } from './crc.ts';

const GOOD = 0xf0b8;

export interface ScanResult {
  readonly frames: readonly HdlcFrame[];
  /** Bytes that no later scan needs. */
  readonly consumed: number;
  readonly rejectedHeaders: number;
  readonly badFcs: number;
}

type Verdict =
  | { readonly is: 'wait' | 'fill' | 'reject' | 'bad-fcs' }
  | { readonly is: 'frame'; readonly frame: HdlcFrame; readonly end: number };

/** Thrown by the model when it would look behind the input: a fault of the model, not of the data. */
function byteAt(input: Uint8Array, at: number): number {
  const byte = input[at];
  if (byte === undefined) throw new Error(`read outside the input at ${at}`);
  return byte;
}

function isAddressLength(length: number): length is 1 | 2 | 4 {
  return length === 1 || length === 2 || length === 4;
}

type Address =
  | { readonly is: 'wait' | 'reject' }
  | { readonly is: 'address'; readonly value: number; readonly length: 1 | 2 | 4 };

function address(input: Uint8Array, at: number, end: number): Address {
  let value = 0;
  for (let length = 1; length <= 4; length++) {
    const here = at + length - 1;
    if (here >= end) return { is: 'reject' };
    if (here >= input.length) return { is: 'wait' };
    const byte = byteAt(input, here);
    value = value * 128 + (byte >> 1);
    if (byte & 1) return isAddressLength(length) ? { is: 'address', value, length } : { is: 'reject' };
  }
  return { is: 'reject' };
}

function judge(input: Uint8Array, p: number, maxFrameLength: number): Verdict {
  if (p + 1 >= input.length) return { is: 'wait' };
  const first = byteAt(input, p + 1);
  if (first === 0x7e) return { is: 'fill' };
  if (first >> 4 !== 0xa) return { is: 'reject' };
  if (p + 2 >= input.length) return { is: 'wait' };
  const format = first * 256 + byteAt(input, p + 2);
  const length = format & 0x7ff;
  if (length < 7 || length > maxFrameLength) return { is: 'reject' };
  const end = p + 1 + length;

  const destination = address(input, p + 3, end);
  if (destination.is !== 'address') return destination;
  const source = address(input, p + 3 + destination.length, end);
  if (source.is !== 'address') return source;

  const controlAt = p + 3 + destination.length + source.length;
  const headerEnd = controlAt + 3;
  if (headerEnd !== end && headerEnd + 2 > end) return { is: 'reject' };
  if (headerEnd > input.length) return { is: 'wait' };
  if (crcRegister(input.subarray(p + 1, headerEnd), 0xffff) !== GOOD) return { is: 'reject' };
  if (end >= input.length) return { is: 'wait' };
  if (byteAt(input, end) !== 0x7e) return { is: 'reject' };
  if (headerEnd < end && crcRegister(input.subarray(p + 1, end), 0xffff) !== GOOD) return { is: 'bad-fcs' };
  return {
    is: 'frame',
    end,
    frame: {
      destination: destination.value,
      destinationBytes: destination.length,
      source: source.value,
      sourceBytes: source.length,
      control: byteAt(input, controlAt),
      segmented: (format & 0x800) !== 0,
      info: headerEnd < end ? input.slice(headerEnd, end - 2) : new Uint8Array(0),
    },
  };
}

/** The deframer as a plain function of the whole input (ISO/IEC 13239, frame format type 3). */
export function scanHdlc(input: Uint8Array, maxFrameLength: number): ScanResult {
  const frames: HdlcFrame[] = [];
  let rejectedHeaders = 0;
  let badFcs = 0;
  let p = 0;
  for (;;) {
    p = input.indexOf(0x7e, p);
    if (p < 0) return { frames, consumed: input.length, rejectedHeaders, badFcs };
    const verdict = judge(input, p, maxFrameLength);
    if (verdict.is === 'wait') return { frames, consumed: p, rejectedHeaders, badFcs };
    if (verdict.is === 'frame') {
      frames.push(verdict.frame);
      p = verdict.end;
    } else {
      if (verdict.is === 'reject') rejectedHeaders++;
      if (verdict.is === 'bad-fcs') badFcs++;
      p++;
    }
  }
}
