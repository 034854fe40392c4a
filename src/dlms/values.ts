import type { DlmsData } from './data.ts';
import { parseObis } from './obis.ts';

/** Constructors of DLMS values. They build; range checks happen when the value is encoded. */
export const NULL_DATA: DlmsData = { type: 'null-data' };

export const structure = (...elements: readonly DlmsData[]): DlmsData => ({ type: 'structure', elements });
export const array = (elements: readonly DlmsData[]): DlmsData => ({ type: 'array', elements });
export const boolean = (value: boolean): DlmsData => ({ type: 'boolean', value });
export const i8 = (value: number): DlmsData => ({ type: 'integer', value });
export const i16 = (value: number): DlmsData => ({ type: 'long', value });
export const i32 = (value: number): DlmsData => ({ type: 'double-long', value });
export const i64 = (value: bigint): DlmsData => ({ type: 'long64', value });
export const u8 = (value: number): DlmsData => ({ type: 'unsigned', value });
export const u16 = (value: number): DlmsData => ({ type: 'long-unsigned', value });
export const u32 = (value: number): DlmsData => ({ type: 'double-long-unsigned', value });
export const u64 = (value: bigint): DlmsData => ({ type: 'long64-unsigned', value });
export const enumeration = (value: number): DlmsData => ({ type: 'enum', value });
export const float32 = (value: number): DlmsData => ({ type: 'float32', value });
export const float64 = (value: number): DlmsData => ({ type: 'float64', value });
export const octetString = (value: Uint8Array): DlmsData => ({ type: 'octet-string', value });
/** An octet-string that holds the text's Latin-1 bytes, as device names and serial numbers are kept. */
export const octetText = (text: string): DlmsData => ({
  type: 'octet-string',
  value: Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff),
});
export const visibleString = (value: string): DlmsData => ({ type: 'visible-string', value });
export const utf8String = (value: string): DlmsData => ({ type: 'utf8-string', value });
export const bitString = (value: Uint8Array, bits: number): DlmsData => ({ type: 'bit-string', value, bits });
/** A logical name as an octet-string of six bytes. */
export const logicalName = (obis: string): DlmsData => octetString(parseObis(obis));
/** Scaler and unit of a register (Blue Book, class 3 attribute 3). */
export const scalerUnit = (scaler: number, unit: number): DlmsData =>
  structure(i8(scaler), enumeration(unit));
