import { concat } from '../base/bytes.ts';
import { crc16 } from '../kernels/index.ts';

/**
 * HDLC frames (format type 3) as a tester needs them: built with any part wrong, and taken apart without the link
 * layer that may be at the other end (IEC 62056-46).
 */

const FLAG = 0x7e;
const LONGEST = 0x7ff;
const FORMAT_TYPE_3 = 0xa;
const NOTHING = new Uint8Array(0);

export const CONTROL = { snrm: 0x93, ua: 0x73, disc: 0x53, dm: 0x1f, frmr: 0x97, ui: 0x03 } as const;
const POLL = 0x10;

export const informationControl = (ns: number, nr: number, poll = true): number =>
  ((nr & 7) << 5) | (poll ? POLL : 0) | ((ns & 7) << 1);
export const readyControl = (nr: number, poll = true): number => ((nr & 7) << 5) | (poll ? POLL : 0) | 0x01;
export const notReadyControl = (nr: number): number => ((nr & 7) << 5) | POLL | 0x05;

/** Seven bits a byte, high group first, bit 0 set in the last byte. */
export function addressField(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => {
    const group = (value >>> (7 * (bytes - 1 - i))) & 0x7f;
    return (group << 1) | (i === bytes - 1 ? 1 : 0);
  });
}

/** Server address field of upper (logical) and lower (physical) part. */
export function serverField(upper: number, lower: number, bytes: 1 | 2 | 4): Uint8Array {
  if (bytes === 1) return addressField(upper, 1);
  const half = bytes / 2;
  return concat([addressField(upper, half).map((byte) => byte & 0xfe), addressField(lower, half)]);
}

export interface FrameSpec {
  /** Address fields as they go on the wire. */
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly control: number;
  readonly info?: Uint8Array;
  readonly segmented?: boolean;
}

/** What is to be wrong with a frame; check sequences fit the rest unless they are spoilt themselves. */
export interface Defects {
  readonly formatType?: number;
  readonly lengthDelta?: number;
  readonly spoilHeaderCheck?: boolean;
  readonly spoilFrameCheck?: boolean;
  readonly open?: Uint8Array;
  readonly close?: Uint8Array;
}

/** The frame with its flags. */
export function buildFrame(spec: FrameSpec, defects: Defects = {}): Uint8Array {
  const { info = NOTHING, segmented = false } = spec;
  const address = concat([spec.destination, spec.source, Uint8Array.of(spec.control)]);
  const length = 2 + address.length + 2 + (info.length > 0 ? info.length + 2 : 0);
  const stated = (length + (defects.lengthDelta ?? 0)) & LONGEST;
  const format = ((defects.formatType ?? FORMAT_TYPE_3) << 12) | (segmented ? 0x800 : 0) | stated;
  const header = concat([Uint8Array.of(format >> 8, format & 0xff), address]);
  const checked = concat([header, check(header, defects.spoilHeaderCheck)]);
  const body =
    info.length === 0
      ? checked
      : concat([checked, info, check(concat([checked, info]), defects.spoilFrameCheck)]);
  return concat([defects.open ?? Uint8Array.of(FLAG), body, defects.close ?? Uint8Array.of(FLAG)]);
}

function check(bytes: Uint8Array, spoil = false): Uint8Array {
  const value = crc16(bytes) ^ (spoil ? 0x0101 : 0);
  return Uint8Array.of(value & 0xff, value >> 8);
}

export interface Frame {
  /** From flag to flag. */
  readonly bytes: Uint8Array;
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly control: number;
  readonly segmented: boolean;
  readonly info: Uint8Array;
  /** Where `info` begins in `bytes`. */
  readonly infoAt: number;
}

export type FrameKind =
  | 'i'
  | 'rr'
  | 'rnr'
  | 'rej'
  | 'snrm'
  | 'ua'
  | 'disc'
  | 'dm'
  | 'frmr'
  | 'ui'
  | 'unknown';

/** Kind of a control field, P/F bit aside. */
export function kindOf(control: number): FrameKind {
  if ((control & 1) === 0) return 'i';
  if ((control & 3) === 1) {
    const kinds: readonly FrameKind[] = ['rr', 'rnr', 'rej', 'unknown'];
    return kinds[(control >> 2) & 3] ?? 'unknown';
  }
  const plain = control | POLL;
  for (const kind of ['snrm', 'ua', 'disc', 'dm', 'frmr'] as const) if (plain === CONTROL[kind]) return kind;
  return (control & ~POLL & 0xff) === CONTROL.ui ? 'ui' : 'unknown';
}

export const isFinal = (control: number): boolean => (control & POLL) !== 0;
export const sendNumber = (control: number): number => (control >> 1) & 7;
export const receiveNumber = (control: number): number => control >> 5;

/** Cuts a stream into good frames; what is none is handed out as noise. */
export class FrameSplitter {
  #held: Uint8Array = NOTHING;

  push(bytes: Uint8Array): (Frame | { readonly noise: Uint8Array })[] {
    this.#held = concat([this.#held, bytes]);
    const found: (Frame | { readonly noise: Uint8Array })[] = [];
    for (;;) {
      const start = this.#held.indexOf(FLAG);
      if (start !== 0 && this.#held.length > 0) {
        const end = start < 0 ? this.#held.length : start;
        found.push({ noise: this.#held.slice(0, end) });
        this.#held = this.#held.slice(end);
      }
      while (this.#held[1] === FLAG) this.#held = this.#held.slice(1);
      if (this.#held.length < 3) return found;
      const format = ((this.#held[1] ?? 0) << 8) | (this.#held[2] ?? 0);
      const length = format & LONGEST;
      if (format >> 12 === FORMAT_TYPE_3 && length >= 7) {
        if (this.#held.length < length + 2) return found;
        const frame = parseFrame(this.#held.slice(0, length + 2));
        if (frame !== undefined) {
          found.push(frame);
          // The closing flag may open the next frame.
          this.#held = this.#held.slice(length + 1);
          continue;
        }
      }
      found.push({ noise: this.#held.slice(0, 1) });
      this.#held = this.#held.slice(1);
    }
  }
}

/** Undefined unless flags, length, addresses and check sequences are right. */
export function parseFrame(bytes: Uint8Array): Frame | undefined {
  const end = bytes.length - 1;
  if (bytes[0] !== FLAG || bytes[end] !== FLAG) return undefined;
  const format = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
  if (format >> 12 !== FORMAT_TYPE_3 || (format & LONGEST) !== end - 1) return undefined;
  let at = 3;
  const address = (): Uint8Array => {
    const from = at;
    while (at < end && ((bytes[at] ?? 0) & 1) === 0) at++;
    return bytes.slice(from, ++at);
  };
  const destination = address();
  const source = address();
  const control = bytes[at] ?? 0;
  const headerEnd = at + 1;
  if (headerEnd + 2 > end || !checks(bytes, headerEnd)) return undefined;
  const infoAt = headerEnd + 2;
  if (infoAt < end && (infoAt + 2 > end || !checks(bytes, end - 2))) return undefined;
  const info = infoAt < end ? bytes.slice(infoAt, end - 2) : NOTHING;
  const segmented = ((bytes[1] ?? 0) & 0x08) !== 0;
  return { bytes, destination, source, control, segmented, info, infoAt };
}

function checks(bytes: Uint8Array, at: number): boolean {
  return crc16(bytes.subarray(1, at)) === ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
}
