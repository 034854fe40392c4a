import { DcuError } from '../../base/errors.ts';
import { beginsWithLlc } from '../link/apdu-extent.ts';
import { mbusSegment, scanMbus } from '../link/mbus.ts';
import { FLAG, type Scan, scanHdlc, scanWrapper } from '../link/scan.ts';
import { join, part, type Traced } from './telegram.ts';

/** What carries the APDU. `auto` looks at the first bytes. */
export const TRANSPORTS = ['auto', 'hdlc', 'wrapper', 'mbus', 'apdu'] as const;
export type Transport = (typeof TRANSPORTS)[number];

const LONG_FRAME = 0x68;
const LLC_LENGTH = 3;

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
  return beginsWithLlc(apdu.bytes) ? part(apdu, LLC_LENGTH, apdu.bytes.length) : apdu;
}

/** The frame at `at`. Throws `truncated` when bytes are missing, `frame-corrupt` with the offset when it is none. */
function whole<Frame>(
  scan: Scan<Frame>,
  { bytes: { length } }: Traced,
): { readonly frame: Frame; readonly end: number } {
  if (scan.kind === 'more') fail('truncated', `${scan.what} is cut`, length);
  if (scan.kind === 'bad') fail('frame-corrupt', scan.what, scan.offset);
  return scan;
}

/** HDLC frames; segments are joined. */
function hdlc(input: Traced): Traced[] {
  const { bytes } = input;
  const apdus: Traced[] = [];
  let segments: Traced[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== FLAG) fail('frame-corrupt', 'no HDLC flag where a frame begins', at);
    // The flag that ends one frame may begin the next one, or stand twice.
    if (at + 1 === bytes.length || bytes[at + 1] === FLAG) {
      at++;
      continue;
    }
    const { frame, end } = whole(scanHdlc(bytes, at), input);
    const { info, control, segmented } = frame;
    if (info !== undefined && (control.kind === 'i' || control.kind === 'ui')) {
      segments.push(part(input, info.from, info.to));
      if (!segmented) {
        apdus.push(join(segments));
        segments = [];
      }
    }
    at = end;
  }
  if (segments.length > 0) fail('truncated', 'the last segment of the APDU is missing', bytes.length);
  return apdus;
}

/** TCP-UDP/IP wrapper frames. */
function wrapper(input: Traced): Traced[] {
  const { bytes } = input;
  const apdus: Traced[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { frame, end } = whole(scanWrapper(bytes, at), input);
    apdus.push(part(input, frame.apdu.from, frame.apdu.to));
    at = end;
  }
  return apdus;
}

/** Wired M-Bus long frames; the segments of the transport layer are joined. */
function mbus(input: Traced): Traced[] {
  const { bytes } = input;
  const apdus: Traced[] = [];
  let segments: Traced[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { frame, end } = whole(scanMbus(bytes, at), input);
    const segment = mbusSegment(bytes, frame);
    if (segment === undefined || segment.number !== (segments.length & 0x0f)) {
      fail('link-protocol', `M-Bus segment ${segments.length} expected, CI is ${frame.ci}`, frame.from - 1);
    }
    segments.push(part(input, segment.from, segment.to));
    if (segment.final) {
      apdus.push(join(segments));
      segments = [];
    }
    at = end;
  }
  if (segments.length > 0) fail('truncated', 'the last M-Bus segment is missing', bytes.length);
  return apdus;
}
