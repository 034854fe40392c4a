import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import { expectTag, present, readDataBytes, readList, unknownType, writeList } from './fields.ts';
import { TAG } from './tags.ts';

/** Pushed by servers with short-name referencing: names and their values, in the same order. */
export interface InformationReport {
  /** GeneralizedTime, as its text. */
  readonly time?: string;
  /** Short names. */
  readonly names: readonly number[];
  /** A-XDR bytes, one for each name. */
  readonly values: readonly Uint8Array[];
}

/** Variable-Access-Specification [2]: a variable name. */
const VARIABLE_NAME = 2;

/** 18, optional current-time, variable access specifications, data (Green Book 9.5). */
export function encodeInformationReport(report: InformationReport): Uint8Array {
  const writer = new ByteWriter(64).u8(TAG.informationReport);
  if (report.time === undefined) writer.u8(0);
  else
    writeOctets(
      writer.u8(1),
      Uint8Array.from(report.time, (char) => char.charCodeAt(0)),
    );
  writeList(writer, report.names, (out, name) => out.u8(VARIABLE_NAME).u16(name));
  writeList(writer, report.values, (out, value) => out.put(value));
  return writer.done();
}

/** Throws `apdu-invalid` or `truncated`; bytes behind the values are passed over. */
export function decodeInformationReport(bytes: Uint8Array): InformationReport {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.informationReport, 'information-report-request');
  const time = present(reader) ? String.fromCharCode(...readOctets(reader, 'current-time')) : undefined;
  const names = readList(reader, (item) => {
    const choice = item.u8('variable-access-specification');
    if (choice !== VARIABLE_NAME) throw unknownType('variable-access-specification', choice);
    return item.u16('variable name');
  });
  const values = readList(reader, readDataBytes);
  if (names.length !== values.length) {
    throw new DcuError('apdu-invalid', `${values.length} values for ${names.length} names`, { offset: 1 });
  }
  return { ...(time === undefined ? {} : { time }), names, values };
}
