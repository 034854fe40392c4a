import { DcuError } from '../../base/errors.ts';
import { crc16 } from '../../kernels/index.ts';
import { decodeControl } from '../link/frame.ts';
import { join, part, type Traced } from './telegram.ts';

/** What carries the APDU. `auto` looks at the first bytes. */
export const TRANSPORTS = ['auto', 'hdlc', 'wrapper', 'mbus', 'apdu'] as const;
export type Transport = (typeof TRANSPORTS)[number];

const FLAG = 0x7e;
const LONG_FRAME = 0x68;
const MBUS_END = 0x16;
const MBUS_FIN = 0x10;
const WRAPPER_HEADER = 8;

function fail(code: 'truncated' | 'frame-corrupt' | 'link-protocol', message: string, at: number): never {
  throw new DcuError(code, message, { offset: at });
}

/** Which transport the bytes look like; an APDU when they look like none. */
export function detectTransport(bytes: Uint8Array): Exclude<Transport, 'auto'> {
  if (bytes[0] === FLAG) return 'hdlc';
  if (bytes[0] === LONG_FRAME && bytes[3] === LONG_FRAME) return 'mbus';
  // No APDU has tag 0, so the version word tells the wrapper.
  if (bytes[0] === 0x00 && bytes[1] === 0x01) return 'wrapper';
  return 'apdu';
}

/**
 * Takes the frames of `input` apart and gives the APDUs that they carry, LLC bytes removed. Every byte must
 * belong to a good frame. Throws `truncated`, `frame-corrupt` or `link-protocol` with the offset in the input.
 */
export function unframe(input: Traced, transport: Exclude<Transport, 'auto'>): Traced[] {
  switch (transport) {
    case 'hdlc':
      return hdlc(input).map(withoutLlc);
    case 'wrapper':
      return wrapper(input);
    case 'mbus':
      return mbus(input).map(withoutLlc);
    case 'apdu':
      return [withoutLlc(input)];
  }
}

/** Vendors put the LLC bytes where the standard has none and leave them out where it has them. */
function withoutLlc(apdu: Traced): Traced {
  const [dsap, ssap, quality] = apdu.bytes;
  const llc = dsap === 0xe6 && (ssap === 0xe6 || ssap === 0xe7) && quality === 0x00;
  return llc ? part(apdu, 3, apdu.bytes.length) : apdu;
}

/** HDLC frame format type 3 (IEC 62056-46); segments are joined. */
function hdlc(input: Traced): Traced[] {
  const { bytes } = input;
  const apdus: Traced[] = [];
  let segments: Traced[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== FLAG) fail('frame-corrupt', 'no HDLC flag where a frame begins', at);
    const start = at + 1;
    // The flag that ends one frame may begin the next one, or stand twice.
    if (start === bytes.length || bytes[start] === FLAG) {
      at = start;
      continue;
    }
    const format = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
    if (start + 2 > bytes.length) fail('truncated', 'HDLC frame ends in its format field', bytes.length);
    if (format >> 12 !== 0xa) fail('frame-corrupt', 'not an HDLC frame of format type 3', start);
    const end = start + (format & 0x7ff);
    if (end >= bytes.length) fail('truncated', `HDLC frame of ${format & 0x7ff} bytes is cut`, bytes.length);
    if (bytes[end] !== FLAG) fail('frame-corrupt', 'no HDLC flag where the frame ends', end);
    const info = hdlcInfo(input, start, end);
    if (info !== undefined) {
      segments.push(info);
      if ((format & 0x0800) === 0) {
        apdus.push(join(segments));
        segments = [];
      }
    }
    at = end;
  }
  if (segments.length > 0) fail('truncated', 'the last segment of the APDU is missing', bytes.length);
  return apdus;
}

/** Information field of the frame in [start, end), both check sequences verified; undefined when it has none. */
function hdlcInfo(input: Traced, start: number, end: number): Traced | undefined {
  const { bytes } = input;
  let at = start + 2;
  for (const address of ['destination', 'source']) {
    const from = at;
    while (at < end && ((bytes[at] ?? 0) & 1) === 0) at++;
    at++;
    if (at >= end || at - from > 4) fail('frame-corrupt', `the ${address} address does not end`, from);
  }
  const control = decodeControl(bytes[at] ?? 0);
  at++;
  const verify = (position: number, name: string): void => {
    const stated = (bytes[position] ?? 0) | ((bytes[position + 1] ?? 0) << 8);
    if (position + 2 > end || crc16(bytes.subarray(start, position)) !== stated) {
      fail('frame-corrupt', `${name} check sequence does not match`, position);
    }
  };
  verify(at, 'header');
  if (at + 2 === end) return undefined;
  verify(end - 2, 'frame');
  return control.kind === 'i' || control.kind === 'ui' ? part(input, at + 2, end - 2) : undefined;
}

/** TCP-UDP/IP wrapper (IEC 62056-47): version, source, destination, length, each 16 bits. */
function wrapper(input: Traced): Traced[] {
  const { bytes } = input;
  const apdus: Traced[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + WRAPPER_HEADER > bytes.length) fail('truncated', 'wrapper header is cut', bytes.length);
    const version = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (version !== 1) fail('frame-corrupt', `wrapper version ${version} is not 1`, at);
    const length = ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0);
    const end = at + WRAPPER_HEADER + length;
    if (end > bytes.length) fail('truncated', `wrapper announces ${length} bytes`, bytes.length);
    apdus.push(part(input, at + WRAPPER_HEADER, end));
    at = end;
  }
  return apdus;
}

/**
 * Wired M-Bus long frames with the transport layer of EN 13757-1: CI holds a segment number (4 bits) and the
 * final bit 0x10, then source and destination access point (clauses not checked; held to a real meter's frames).
 */
function mbus(input: Traced): Traced[] {
  const { bytes } = input;
  const apdus: Traced[] = [];
  let segments: Traced[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = bytes[at + 1] ?? 0;
    if (bytes[at] !== LONG_FRAME) fail('frame-corrupt', 'no M-Bus long frame begins here', at);
    if (at + 4 > bytes.length) fail('truncated', 'M-Bus header is cut', bytes.length);
    if (bytes[at + 2] !== length || bytes[at + 3] !== LONG_FRAME) {
      fail('frame-corrupt', 'the two M-Bus lengths differ', at + 1);
    }
    if (length < 5) fail('frame-corrupt', 'M-Bus frame is too short for a transport layer', at + 1);
    const content = at + 4;
    const end = content + length;
    if (end + 2 > bytes.length) fail('truncated', `M-Bus frame of ${length} bytes is cut`, bytes.length);
    const sum = bytes.subarray(content, end).reduce((total, byte) => (total + byte) & 0xff, 0);
    if (sum !== bytes[end]) fail('frame-corrupt', 'M-Bus checksum does not match', end);
    if (bytes[end + 1] !== MBUS_END)
      fail('frame-corrupt', 'no M-Bus stop byte where the frame ends', end + 1);
    const ci = bytes[content + 2] ?? 0;
    if (ci > 0x1f || (ci & 0x0f) !== (segments.length & 0x0f)) {
      fail('link-protocol', `M-Bus segment ${segments.length} expected, CI is ${ci}`, content + 2);
    }
    segments.push(part(input, content + 5, end));
    if ((ci & MBUS_FIN) !== 0) {
      apdus.push(join(segments));
      segments = [];
    }
    at = end + 2;
  }
  if (segments.length > 0) fail('truncated', 'the last M-Bus segment is missing', bytes.length);
  return apdus;
}
