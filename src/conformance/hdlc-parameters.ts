import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/** Negotiable values as their sender sees the directions (IEC 62056-46). */
export interface HdlcParameters {
  readonly maxTransmit: number;
  readonly maxReceive: number;
  readonly windowTransmit: number;
  readonly windowReceive: number;
}

export const DEFAULTS: HdlcParameters = {
  maxTransmit: 128,
  maxReceive: 128,
  windowTransmit: 1,
  windowReceive: 1,
};

/** Information field of SNRM: all four values. `more`: further parameters, as bytes. */
export function parameterField(values: HdlcParameters, more: Uint8Array = new Uint8Array(0)): Uint8Array {
  const group = new ByteWriter();
  for (const [id, size] of [
    [5, values.maxTransmit],
    [6, values.maxReceive],
  ] as const) {
    if (size < 0x100) group.u8(id).u8(1).u8(size);
    else group.u8(id).u8(2).u16(size);
  }
  group.u8(7).u8(4).u32(values.windowTransmit).u8(8).u8(4).u32(values.windowReceive).put(more);
  return new ByteWriter().u8(0x81).u8(0x80).u8(group.length).put(group.done()).done();
}

/** What a UA states; absent values are the defaults. Undefined when the field is malformed. */
export function readParameters(info: Uint8Array): HdlcParameters | undefined {
  if (info.length === 0) return DEFAULTS;
  try {
    const reader = new ByteReader(info);
    if (reader.u8() !== 0x81 || reader.u8() !== 0x80 || reader.u8() !== reader.remaining) return undefined;
    const found = new Map<number, number>();
    while (reader.remaining > 0) {
      const id = reader.u8();
      found.set(
        id,
        reader.take(reader.u8()).reduce((sum, byte) => sum * 256 + byte, 0),
      );
    }
    return {
      maxTransmit: found.get(5) ?? DEFAULTS.maxTransmit,
      maxReceive: found.get(6) ?? DEFAULTS.maxReceive,
      windowTransmit: found.get(7) ?? DEFAULTS.windowTransmit,
      windowReceive: found.get(8) ?? DEFAULTS.windowReceive,
    };
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}
