import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { LinkParameters } from './link.ts';

/** What holds when SNRM or UA names no parameters (IEC 62056-46, default values). */
export const DEFAULT_PARAMETERS: LinkParameters = {
  maxInfoTransmit: 128,
  maxInfoReceive: 128,
  windowTransmit: 1,
  windowReceive: 1,
};

/** Largest information field that fits a frame with the longest addresses. */
const MAX_INFO = 2030;
const MAX_WINDOW = 7;

const FORMAT_IDENTIFIER = 0x81;
const GROUP_IDENTIFIER = 0x80;
const MAX_INFO_TRANSMIT = 5;
const MAX_INFO_RECEIVE = 6;
const WINDOW_TRANSMIT = 7;
const WINDOW_RECEIVE = 8;

/**
 * Information field of SNRM or UA, as its sender sees the directions. Sizes take one byte up to 255, else two;
 * windows always four. Empty when all are the defaults.
 */
export function encodeParameters(parameters: LinkParameters): Uint8Array {
  const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = parameters;
  const { maxInfoTransmit: transmit, maxInfoReceive: receive } = DEFAULT_PARAMETERS;
  if (
    maxInfoTransmit === transmit &&
    maxInfoReceive === receive &&
    windowTransmit === 1 &&
    windowReceive === 1
  ) {
    return new Uint8Array(0);
  }
  return encodeAllParameters(parameters);
}

/** As `encodeParameters`, defaults included: what a server puts into its UA. */
export function encodeAllParameters(parameters: LinkParameters): Uint8Array {
  const body = new ByteWriter(24);
  putSize(body, MAX_INFO_TRANSMIT, parameters.maxInfoTransmit);
  putSize(body, MAX_INFO_RECEIVE, parameters.maxInfoReceive);
  body.u8(WINDOW_TRANSMIT).u8(4).u32(parameters.windowTransmit);
  body.u8(WINDOW_RECEIVE).u8(4).u32(parameters.windowReceive);
  const group = body.done();
  return new ByteWriter(3 + group.length)
    .u8(FORMAT_IDENTIFIER)
    .u8(GROUP_IDENTIFIER)
    .u8(group.length)
    .put(group)
    .done();
}

function putSize(body: ByteWriter, identifier: number, size: number): void {
  if (size < 0x100) body.u8(identifier).u8(1).u8(size);
  else body.u8(identifier).u8(2).u16(size);
}

/**
 * What the sender of SNRM or UA states; parameters that it leaves out have their defaults, values of any length
 * up to four bytes are taken, unknown parameters are passed over. Throws `link-protocol` with the offset when the
 * field is malformed or a value is 0.
 */
export function decodeParameters(info: Uint8Array): LinkParameters {
  if (info.length === 0) return DEFAULT_PARAMETERS;
  const reader = new ByteReader(info, 0, 'link-protocol');
  const format = reader.u8('format identifier');
  const group = reader.u8('group identifier');
  if (format !== FORMAT_IDENTIFIER || group !== GROUP_IDENTIFIER) {
    throw new DcuError('link-protocol', 'HDLC parameters do not begin with 81 80', { offset: 0 });
  }
  const end = reader.u8('group length') + reader.offset;
  const found = new Map<number, number>();
  while (reader.offset < end && reader.remaining > 0) {
    const at = reader.offset;
    const identifier = reader.u8('parameter identifier');
    const value = reader.take(reader.u8('parameter length'), 'parameter value');
    if (identifier < MAX_INFO_TRANSMIT || identifier > WINDOW_RECEIVE) continue;
    const number = value.reduce((sum, byte) => sum * 0x100 + byte, 0);
    if (number === 0)
      throw new DcuError('link-protocol', `HDLC parameter ${identifier} is 0`, { offset: at });
    found.set(identifier, number);
  }
  const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = DEFAULT_PARAMETERS;
  return {
    maxInfoTransmit: found.get(MAX_INFO_TRANSMIT) ?? maxInfoTransmit,
    maxInfoReceive: found.get(MAX_INFO_RECEIVE) ?? maxInfoReceive,
    windowTransmit: found.get(WINDOW_TRANSMIT) ?? windowTransmit,
    windowReceive: found.get(WINDOW_RECEIVE) ?? windowReceive,
  };
}

/** What both sides can do, seen from the side that has `own` limits; `theirs` is as the peer stated it. */
export function agree(own: LinkParameters, theirs: LinkParameters): LinkParameters {
  return {
    maxInfoTransmit: Math.min(own.maxInfoTransmit, theirs.maxInfoReceive),
    maxInfoReceive: Math.min(own.maxInfoReceive, theirs.maxInfoTransmit),
    windowTransmit: Math.min(own.windowTransmit, theirs.windowReceive, MAX_WINDOW),
    windowReceive: Math.min(own.windowReceive, theirs.windowTransmit, MAX_WINDOW),
  };
}

/** The limits of a configuration. Throws `invalid-field` for a size outside 1..2030 or a window outside 1..7. */
export function limitsOf(config: LinkParameters): LinkParameters {
  const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = config;
  checkRange('maxInfoTransmit', maxInfoTransmit, MAX_INFO);
  checkRange('maxInfoReceive', maxInfoReceive, MAX_INFO);
  checkRange('windowTransmit', windowTransmit, MAX_WINDOW);
  checkRange('windowReceive', windowReceive, MAX_WINDOW);
  return { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive };
}

function checkRange(field: string, value: number, highest: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= highest) return;
  throw new DcuError('invalid-field', `${field} must be 1 to ${highest}, not ${value}`, { field });
}
