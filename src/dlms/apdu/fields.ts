import type { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { skipData } from '../axdr.ts';
import { readLength, readOctets, writeLength, writeOctets } from '../axdr-length.ts';
import type { CosemAttribute, GetResult } from '../client-types.ts';
import { formatObis, parseObis } from '../obis.ts';
import { dataAccessResultCode, dataAccessResultName } from './results.ts';

/** Invoke-Id-And-Priority: invoke id in bits 0-3, confirmed service in bit 6, high priority in bit 7. */
export const CONFIRMED = 0x40;
export const HIGH_PRIORITY = 0x80;

/** Selective-Access-Descriptor: the selector and the A-XDR bytes of its parameters. */
export interface RawSelection {
  readonly selector: number;
  readonly parameters: Uint8Array;
}

export interface AttributeRequest {
  readonly attribute: CosemAttribute;
  readonly selection?: RawSelection;
}

/** DataBlock-SA of SET and ACTION: one piece of an A-XDR value. */
export interface DataBlock {
  readonly last: boolean;
  readonly blockNumber: number;
  readonly raw: Uint8Array;
}

/** Cosem-Attribute-Descriptor and Cosem-Method-Descriptor: class 2, logical name 6, index 1 signed. */
export function writeDescriptor(writer: ByteWriter, attribute: CosemAttribute): void {
  writer
    .u16(attribute.classId)
    .put(parseObis(attribute.obis))
    .u8(attribute.attribute & 0xff);
}

export function readDescriptor(reader: ByteReader): CosemAttribute {
  return {
    classId: reader.u16('class id'),
    obis: formatObis(reader.take(6, 'logical name')),
    attribute: reader.i8('attribute index'),
  };
}

export function writeAttributeRequest(writer: ByteWriter, request: AttributeRequest): void {
  writeDescriptor(writer, request.attribute);
  if (request.selection === undefined) writer.u8(0);
  else writer.u8(1).u8(request.selection.selector).put(request.selection.parameters);
}

export function readAttributeRequest(reader: ByteReader): AttributeRequest {
  const attribute = readDescriptor(reader);
  if (!present(reader)) return { attribute };
  const selector = reader.u8('access selector');
  return { attribute, selection: { selector, parameters: readDataBytes(reader) } };
}

/** The bytes of the next A-XDR value, as a view. */
export function readDataBytes(reader: ByteReader): Uint8Array {
  const from = reader.offset;
  skipData(reader);
  return reader.bytes.subarray(from, reader.offset);
}

/**
 * The bytes of the last value of an APDU. Some servers append bytes behind it, which are cut off; a value that
 * is itself damaged is handed on whole, so that its decoder can save what is good and say where it breaks.
 */
export function readLastDataBytes(reader: ByteReader): Uint8Array {
  const from = reader.offset;
  try {
    skipData(reader);
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    reader.offset = reader.bytes.length;
  }
  return reader.bytes.subarray(from, reader.offset);
}

/** Get-Data-Result: 00 and data, or 01 and a data-access-result. */
export function writeGetResult(writer: ByteWriter, result: GetResult): void {
  if (result.ok) writer.u8(0).put(result.data);
  else writer.u8(1).u8(dataAccessResultCode(result.result));
}

export function readGetResult(reader: ByteReader, last: boolean): GetResult {
  if (!readChoice(reader))
    return { ok: true, data: last ? readLastDataBytes(reader) : readDataBytes(reader) };
  return { ok: false, result: dataAccessResultName(reader.u8('data-access-result')) };
}

/** The tag of a two-armed CHOICE: false = [0], true = [1]. */
export function readChoice(reader: ByteReader): boolean {
  const at = reader.offset;
  const choice = reader.u8('choice');
  if (choice > 1) throw new DcuError('apdu-invalid', `choice ${choice}`, { offset: at });
  return choice === 1;
}

export function writeDataBlock(writer: ByteWriter, block: DataBlock): void {
  writer.u8(block.last ? 1 : 0).u32(block.blockNumber);
  writeOctets(writer, block.raw);
}

export function readDataBlock(reader: ByteReader): DataBlock {
  return {
    last: reader.u8('last-block') !== 0,
    blockNumber: reader.u32('block number'),
    raw: readOctets(reader, 'raw-data'),
  };
}

export function readList<Item>(reader: ByteReader, read: (reader: ByteReader) => Item): Item[] {
  const at = reader.offset;
  const count = readLength(reader);
  if (count > reader.remaining) {
    throw new DcuError('truncated', `${count} list items announced, ${reader.remaining} bytes left`, {
      offset: at,
    });
  }
  const items: Item[] = [];
  for (let i = 0; i < count; i++) items.push(read(reader));
  return items;
}

export function writeList<Item>(
  writer: ByteWriter,
  items: readonly Item[],
  write: (writer: ByteWriter, item: Item) => void,
): void {
  writeLength(writer, items.length);
  for (const item of items) write(writer, item);
}

/** Throws `apdu-invalid` when a request does not end where its APDU ends. */
export function expectEnd(reader: ByteReader): void {
  if (reader.remaining > 0) {
    throw new DcuError('apdu-invalid', `${reader.remaining} bytes behind the request`, {
      offset: reader.offset,
    });
  }
}

export function unknownType(service: string, type: number): DcuError {
  return new DcuError('apdu-invalid', `${service} has no type ${type}`, { offset: 1 });
}

/** The presence flag of an OPTIONAL or DEFAULT element. */
export function present(reader: ByteReader): boolean {
  const at = reader.offset;
  const flag = reader.u8('presence flag');
  if (flag > 1) throw new DcuError('apdu-invalid', `presence flag ${flag}`, { offset: at });
  return flag === 1;
}

export function expectTag(reader: ByteReader, tag: number, name: string): void {
  const at = reader.offset;
  const found = reader.u8('APDU tag');
  if (found !== tag) {
    throw new DcuError('apdu-invalid', `tag 0x${found.toString(16)} where ${name} is expected`, {
      offset: at,
    });
  }
}
