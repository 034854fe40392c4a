import { crc16 } from '../../kernels/index.ts';
import type { HdlcAddress } from './address.ts';
import { type Control, decodeControl } from './frame.ts';

/**
 * What stands at the head of a run of bytes. The verdict on a run is final: more bytes behind it change only `more`.
 * Offsets count from the start of the run that was given.
 */
export type Scan<Frame> =
  /** `what` is cut. */
  | { readonly kind: 'more'; readonly what: string }
  | { readonly kind: 'bad'; readonly what: string; readonly offset: number }
  | { readonly kind: 'frame'; readonly frame: Frame; readonly end: number };

/** What is between the head and the tail of a frame. */
interface Content {
  readonly from: number;
  readonly to: number;
}

export interface ScannedHdlc {
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
  readonly control: Control;
  readonly segmented: boolean;
  /** Absent when the frame ends with the header check sequence. */
  readonly info?: Content;
}

export interface ScannedWrapper {
  readonly source: number;
  readonly destination: number;
  readonly apdu: Content;
}

export const FLAG = 0x7e;
const FORMAT_TYPE_3 = 0xa;
const SEGMENTED = 0x0800;
const SHORTEST_FRAME = 7;
const LONGEST_ADDRESS = 4;
export const WRAPPER_HEADER = 8;
const WRAPPER_VERSION = 1;

export const more = (what: string): Scan<never> => ({ kind: 'more', what });
export const bad = (what: string, offset: number): Scan<never> => ({ kind: 'bad', what, offset });

/**
 * The HDLC frame (format type 3, IEC 62056-46) whose opening flag is at `at`; `end` is at its closing flag, which may
 * open the next one. A bad header is known as soon as its check sequence is there.
 */
export function scanHdlc(bytes: Uint8Array, at: number): Scan<ScannedHdlc> {
  const start = at + 1;
  if (start + 2 > bytes.length) return more('HDLC frame');
  const format = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
  const length = format & 0x7ff;
  if (format >> 12 !== FORMAT_TYPE_3) return bad('not an HDLC frame of format type 3', start);
  if (length < SHORTEST_FRAME) return bad(`an HDLC frame of ${length} bytes`, start);
  const end = start + length;
  const destination = scanAddress(bytes, start + 2, 'destination');
  if (destination.kind !== 'frame') return destination;
  const source = scanAddress(bytes, destination.end, 'source');
  if (source.kind !== 'frame') return source;
  const header = source.end + 1;
  if (header + 2 > end) return bad('the header does not fit the HDLC frame', start);
  if (bytes.length < header + 2) return more(`HDLC frame of ${length} bytes`);
  if (!checks(bytes, start, header)) return bad('header check sequence does not match', header);
  if (bytes.length <= end) return more(`HDLC frame of ${length} bytes`);
  if (bytes[end] !== FLAG) return bad('no HDLC flag where the frame ends', end);
  const info = { from: header + 2, to: end - 2 };
  const hasInfo = header + 2 < end;
  if (hasInfo && (info.to < info.from || !checks(bytes, start, info.to))) {
    return bad('frame check sequence does not match', Math.max(header + 2, end - 2));
  }
  const frame: ScannedHdlc = {
    destination: destination.frame,
    source: source.frame,
    control: decodeControl(bytes[source.end] ?? 0),
    segmented: (format & SEGMENTED) !== 0,
    ...(hasInfo ? { info } : {}),
  };
  return { kind: 'frame', frame, end };
}

function checks(bytes: Uint8Array, start: number, at: number): boolean {
  return crc16(bytes.subarray(start, at)) === ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
}

function scanAddress(bytes: Uint8Array, from: number, name: string): Scan<HdlcAddress> {
  let value = 0;
  for (let i = 0; i < LONGEST_ADDRESS; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return more('HDLC frame');
    value = value * 0x80 + (byte >> 1);
    if ((byte & 1) === 0) continue;
    const width = i + 1;
    if (width === 3) return bad(`the ${name} address has three bytes`, from);
    return {
      kind: 'frame',
      frame: { value, bytes: width === 1 || width === 2 ? width : 4 },
      end: from + width,
    };
  }
  return bad(`the ${name} address does not end`, from);
}

/** The wrapper frame (IEC 62056-47) at `at`: version, source, destination, length, each 16 bits; then the APDU. */
export function scanWrapper(bytes: Uint8Array, at: number): Scan<ScannedWrapper> {
  const word = (offset: number): number => ((bytes[at + offset] ?? 0) << 8) | (bytes[at + offset + 1] ?? 0);
  const there = bytes.length - at;
  if (there >= 1 && bytes[at] !== 0) return bad('no wrapper header', at);
  if (there < 2) return more('wrapper header');
  if (word(0) !== WRAPPER_VERSION) return bad(`wrapper version ${word(0)} is not ${WRAPPER_VERSION}`, at);
  if (there < WRAPPER_HEADER) return more('wrapper header');
  const end = at + WRAPPER_HEADER + word(6);
  if (bytes.length < end) return more(`wrapper frame of ${word(6)} bytes`);
  const frame = { source: word(2), destination: word(4), apdu: { from: at + WRAPPER_HEADER, to: end } };
  return { kind: 'frame', frame, end };
}
