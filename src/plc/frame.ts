import { DcuError } from '../base/errors.ts';
import { address as addressCodec, UnitReader, UnitWriter } from './codec.ts';
import {
  type DownInformation,
  decodeDown,
  decodeUp,
  encodeDown,
  encodeUp,
  INFORMATION_LENGTH,
  type UpInformation,
} from './information.ts';

export const START = 0x68;
const STOP = 0x16;
/** Start, two bytes of length, control. */
const INFORMATION_AT = 4;
const CONTROL_AT = 3;
/** AFN, DT1 and DT2. */
const UNIT_HEAD = 3;
const TAIL = 2;
const ADDRESS_LENGTH = 6;
/** A frame without addresses and data. */
export const SHORTEST_FRAME = INFORMATION_AT + INFORMATION_LENGTH + UNIT_HEAD + TAIL;
const MOST_RELAYS = 15;

/** Kind of the network that the module is of (control field D5-0). */
export const NETWORK_KINDS = {
  narrowband: 1,
  distributed: 2,
  hplc: 3,
  'hplc-rf': 4,
  rf: 10,
} as const;

interface Body {
  /** Control field D6: this frame begins an exchange; not set: it answers one. */
  readonly initiates: boolean;
  /** Control field D5-0, one of `NETWORK_KINDS`. */
  readonly kind: number;
  /** Present when the information field says that the frame is for a node. */
  readonly addresses?: FrameAddresses;
  readonly afn: number;
  /** Fn, 1 to 256. */
  readonly fn: number;
  readonly data: Uint8Array;
}

/** Twelve digits each. */
export interface FrameAddresses {
  readonly source: string;
  readonly relays: readonly string[];
  readonly destination: string;
}

export interface DownFrame extends Body {
  readonly direction: 'down';
  readonly information: DownInformation;
}

export interface UpFrame extends Body {
  readonly direction: 'up';
  readonly information: UpInformation;
}

/** A frame of the local interface: `68 | L | C | R | [A] | AFN | DT | data | CS | 16`; L counts all of it. */
export type PlcFrame = DownFrame | UpFrame;

/** DT1 and DT2 of Fn: one bit of eight in DT1, the group of eight in DT2. Throws `invalid-field`. */
export function encodeFn(fn: number): readonly [number, number] {
  if (!Number.isInteger(fn) || fn < 1 || fn > 256) {
    throw new DcuError('invalid-field', `F${fn} is not from 1 to 256`, { field: 'fn' });
  }
  return [1 << ((fn - 1) % 8), Math.floor((fn - 1) / 8)];
}

/** Fn of DT1 and DT2; undefined where DT1 does not name exactly one. */
export function decodeFn(dt1: number, dt2: number): number | undefined {
  const bit = Math.log2(dt1);
  return Number.isInteger(bit) && dt2 < 32 ? dt2 * 8 + bit + 1 : undefined;
}

/** The whole frame. Throws `invalid-field` when a field does not fit, `overflow` above 65,535 bytes. */
export function encodeFrame(frame: PlcFrame): Uint8Array {
  const up = frame.direction === 'up';
  const { information, addresses, afn, fn, data } = frame;
  if (information.toNode !== (addresses !== undefined)) {
    throw new DcuError('invalid-field', 'a frame has addresses if and only if it is for a node', {
      field: 'addresses',
    });
  }
  const relays = addresses?.relays ?? [];
  if (relays.length !== (addresses === undefined ? 0 : information.relays) || relays.length > MOST_RELAYS) {
    throw new DcuError('invalid-field', `${relays.length} relays, ${information.relays} are announced`, {
      field: 'relays',
    });
  }
  const written = new UnitWriter('10376.2');
  if (addresses !== undefined) {
    for (const one of [addresses.source, ...relays, addresses.destination]) addressCodec.write(written, one);
  }
  const path = written.done();
  const length = SHORTEST_FRAME + path.length + data.length;
  if (length > 0xffff) throw new DcuError('overflow', `a frame of ${length} bytes cannot be announced`);
  const bytes = new Uint8Array(length);
  bytes.set([START, length & 0xff, length >> 8]);
  bytes[CONTROL_AT] = (up ? 0x80 : 0) | (frame.initiates ? 0x40 : 0) | (frame.kind & 0x3f);
  bytes.set(
    frame.direction === 'up' ? encodeUp(frame.information) : encodeDown(frame.information),
    INFORMATION_AT,
  );
  const unitAt = INFORMATION_AT + INFORMATION_LENGTH + path.length;
  bytes.set(path, INFORMATION_AT + INFORMATION_LENGTH);
  bytes.set([afn & 0xff, ...encodeFn(fn)], unitAt);
  bytes.set(data, unitAt + UNIT_HEAD);
  bytes[length - TAIL] = checksum(bytes, length - TAIL);
  bytes[length - 1] = STOP;
  return bytes;
}

/** Sum of the bytes from the control field up to `end`, modulo 256. */
function checksum(bytes: Uint8Array, end: number): number {
  let sum = 0;
  for (let i = CONTROL_AT; i < end; i++) sum += bytes[i] ?? 0;
  return sum & 0xff;
}

/** Whether the frame that begins at `at` and has `length` bytes ends as it must. */
export function isSound(bytes: Uint8Array, at: number, length: number): boolean {
  const frame = bytes.subarray(at, at + length);
  return frame[length - 1] === STOP && frame[length - TAIL] === checksum(frame, length - TAIL);
}

/** Announced length of the frame at `at`; undefined while its first three bytes are not there. */
export function announcedLength(bytes: Uint8Array, at: number, end: number): number | undefined {
  return end - at < CONTROL_AT ? undefined : (bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8);
}

/**
 * One whole frame, nothing before or behind it. Throws `frame-corrupt` for what is no sound frame, `link-protocol` for
 * a sound one whose fields contradict each other, both with the offset.
 */
export function decodeFrame(bytes: Uint8Array): PlcFrame {
  const { length } = bytes;
  const announced = announcedLength(bytes, 0, length);
  if (bytes[0] !== START || announced !== length || length < SHORTEST_FRAME) {
    throw new DcuError('frame-corrupt', `no frame of ${length} bytes`, { offset: 0 });
  }
  if (!isSound(bytes, 0, length)) {
    throw new DcuError('frame-corrupt', 'checksum or stop byte is wrong', { offset: length - TAIL });
  }
  const control = bytes[CONTROL_AT] ?? 0;
  const up = (control & 0x80) !== 0;
  // The flag and the number of relays stand in the same place in both directions.
  const first = bytes[INFORMATION_AT] ?? 0;
  const toNode = (first & 4) !== 0;
  const pathAt = INFORMATION_AT + INFORMATION_LENGTH;
  const unitAt = pathAt + (toNode ? ((first >> 4) + 2) * ADDRESS_LENGTH : 0);
  if (unitAt + UNIT_HEAD + TAIL > length) {
    throw new DcuError('link-protocol', 'the addresses leave no room for a data unit', { offset: pathAt });
  }
  const fn = decodeFn(bytes[unitAt + 1] ?? 0, bytes[unitAt + 2] ?? 0);
  if (fn === undefined) {
    throw new DcuError('link-protocol', 'the frame does not name exactly one Fn', { offset: unitAt + 1 });
  }
  const body: Body = {
    initiates: (control & 0x40) !== 0,
    kind: control & 0x3f,
    ...(toNode ? { addresses: decodePath(bytes.subarray(pathAt, unitAt)) } : {}),
    afn: bytes[unitAt] ?? 0,
    fn,
    data: bytes.slice(unitAt + UNIT_HEAD, length - TAIL),
  };
  return up
    ? { direction: 'up', information: decodeUp(bytes, INFORMATION_AT), ...body }
    : { direction: 'down', information: decodeDown(bytes, INFORMATION_AT), ...body };
}

function decodePath(path: Uint8Array): FrameAddresses {
  const from = new UnitReader(path, '10376.2');
  const all = Array.from({ length: path.length / ADDRESS_LENGTH }, () => addressCodec.read(from));
  return { source: all[0] ?? '', relays: all.slice(1, -1), destination: all.at(-1) ?? '' };
}
