import { DcuError } from '../../base/errors.ts';
import { crc16, createHdlcDeframer } from '../../kernels/index.ts';
import type { HdlcFrame } from '../../kernels/types.ts';
import { type HdlcAddress, putAddress } from './address.ts';

/** Largest length that the format field can state: everything between the flags. */
export const MAX_FRAME_LENGTH = 0x7ff;

const FLAG = 0x7e;
const FORMAT_TYPE_3 = 0xa000;
const SEGMENTED = 0x0800;

/** What a control field says (ISO/IEC 13239, modulo 8; IEC 62056-46). */
export type Control =
  | { readonly kind: 'i'; readonly ns: number; readonly nr: number; readonly pf: boolean }
  | { readonly kind: 'rr' | 'rnr' | 'rej'; readonly nr: number; readonly pf: boolean }
  | { readonly kind: UnnumberedKind | 'unknown'; readonly pf: boolean };

export type UnnumberedKind = keyof typeof UNNUMBERED;
export type FrameKind = Control['kind'];

const POLL_FINAL = 0x10;
const UNNUMBERED = { snrm: 0x83, ua: 0x63, disc: 0x43, dm: 0x0f, frmr: 0x87, ui: 0x03 } as const;
const UNNUMBERED_KINDS = new Map<number, UnnumberedKind>(
  (Object.keys(UNNUMBERED) as UnnumberedKind[]).map((kind) => [UNNUMBERED[kind], kind]),
);
const SUPERVISORY = { rr: 0x01, rnr: 0x05, rej: 0x09 } as const;
const SUPERVISORY_KINDS = new Map<number, keyof typeof SUPERVISORY>([
  [SUPERVISORY.rr, 'rr'],
  [SUPERVISORY.rnr, 'rnr'],
  [SUPERVISORY.rej, 'rej'],
]);

export function decodeControl(control: number): Control {
  const pf = (control & POLL_FINAL) !== 0;
  if ((control & 0x01) === 0) return { kind: 'i', ns: (control >> 1) & 7, nr: control >> 5, pf };
  if ((control & 0x02) === 0) {
    const kind = SUPERVISORY_KINDS.get(control & 0x0f);
    return kind === undefined ? { kind: 'unknown', pf } : { kind, nr: control >> 5, pf };
  }
  return { kind: UNNUMBERED_KINDS.get(control & ~POLL_FINAL & 0xff) ?? 'unknown', pf };
}

export function informationControl(ns: number, nr: number, pf: boolean): number {
  return (nr << 5) | (pf ? POLL_FINAL : 0) | (ns << 1);
}

export function supervisoryControl(kind: 'rr' | 'rnr' | 'rej', nr: number, pf: boolean): number {
  return (nr << 5) | (pf ? POLL_FINAL : 0) | SUPERVISORY[kind];
}

export function unnumberedControl(kind: UnnumberedKind, pf: boolean): number {
  return UNNUMBERED[kind] | (pf ? POLL_FINAL : 0);
}

export interface OutgoingFrame {
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
  readonly control: number;
  /** More segments of the same APDU follow. */
  readonly segmented?: boolean;
  /** Absent or empty: the frame ends with the header check sequence. */
  readonly info?: Uint8Array;
}

/**
 * One frame with flags and check sequences (frame format type 3). Check sequences go low byte first.
 * Throws `overflow` when the length field cannot state it.
 */
export function encodeFrame(frame: OutgoingFrame): Uint8Array {
  const info = frame.info ?? new Uint8Array(0);
  const headerLength = 2 + frame.destination.bytes + frame.source.bytes + 1 + 2;
  const length = headerLength + (info.length > 0 ? info.length + 2 : 0);
  if (length > MAX_FRAME_LENGTH) {
    throw new DcuError('overflow', `an HDLC frame of ${length} bytes exceeds ${MAX_FRAME_LENGTH}`);
  }
  const bytes = new Uint8Array(length + 2);
  const format = FORMAT_TYPE_3 | (frame.segmented === true ? SEGMENTED : 0) | length;
  bytes[0] = FLAG;
  bytes[1] = format >> 8;
  bytes[2] = format & 0xff;
  let at = putAddress(bytes, 3, frame.destination);
  at = putAddress(bytes, at, frame.source);
  bytes[at++] = frame.control;
  at = putCheck(bytes, at);
  if (info.length > 0) {
    bytes.set(info, at);
    putCheck(bytes, at + info.length);
  }
  bytes[length + 1] = FLAG;
  return bytes;
}

function putCheck(bytes: Uint8Array, at: number): number {
  const check = crc16(bytes.subarray(1, at));
  bytes[at] = check & 0xff;
  bytes[at + 1] = check >> 8;
  return at + 2;
}

/**
 * The first good frame of `bytes`, for tools and tests; a link scans its stream with a deframer of its own.
 * Throws `frame-corrupt` when there is none.
 */
export function decodeFrame(bytes: Uint8Array): HdlcFrame {
  const [frame] = createHdlcDeframer({ maxFrameLength: MAX_FRAME_LENGTH }).push(bytes);
  if (frame === undefined)
    throw new DcuError('frame-corrupt', 'no HDLC frame with good check sequences', { offset: 0 });
  return frame;
}
