import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { hasGatewayPrefix } from '../apdu/gateway.ts';
import { apduKind, TAG } from '../apdu/tags.ts';
import { readLength, readOctets } from '../axdr-length.ts';
import { FIXED_SIZES, typeOfTag } from '../axdr-types.ts';

/** Where an APDU ends: not yet known, at this offset, or not to be told from its bytes. */
export type Extent = number | 'more' | 'unknown';

const INFORMATION_REPORT = 0x18;
const GENERAL_SIGNING = 0xdf;
const GENERAL_BLOCK_TRANSFER = 0xe0;
const LLC_LENGTH = 3;
const STRUCTURE = 0x02;
const DESCRIPTOR_SIZE = 9;
/** Longest type description of a compact-array that is followed. */
const LONGEST_DESCRIPTION = 1024;
/** Variables of an information report that are followed. */
const MOST_REPORTED = 1024;
/** Values that one APDU may announce; what takes more is not pushed data. */
const MOST_VALUES = 0x10000;

/** LLC bytes of either direction, which vendors put in front of pushed APDUs. */
export function beginsWithLlc(bytes: Uint8Array): boolean {
  const [first, second, quality] = bytes;
  return first === 0xe6 && (second === 0xe6 || second === 0xe7) && quality === 0x00;
}

/**
 * Whether an APDU that comes unasked may begin with this tag: notifications, reports, whatever protects or cuts them,
 * and the prefixes before them.
 */
export function mayBePushed(tag: number): boolean {
  if (tag === 0xe6 || tag === 0xe7) return true;
  const kind = apduKind(tag);
  if (kind === undefined) return false;
  const service = kind.plainTag ?? tag;
  if (kind.protection === 'general' || tag === GENERAL_BLOCK_TRANSFER) return true;
  return (
    service === TAG.dataNotification || service === TAG.eventNotification || service === INFORMATION_REPORT
  );
}

/**
 * Follows one APDU that nothing frames, as its bytes come: fields with a length, and A-XDR values to the last one. Give
 * it the same run each time, grown at its end; what was followed is not followed again.
 */
export class ApduExtent {
  /** Where the next value begins, once the fields before the values are known. */
  #at: number | undefined;
  /** Where the first one begins, and how many there are. */
  #first: { readonly at: number; readonly values: number } | undefined;
  /** Values still to come. */
  #values = 0;
  /** What is no A-XDR is followed once more with the untagged attribute descriptors of some vendors. */
  #descriptors = false;
  #unknown = false;

  of(bytes: Uint8Array): Extent {
    if (this.#unknown) return 'unknown';
    try {
      if (this.#at === undefined) {
        const reader = new ByteReader(bytes);
        this.#values = fieldsBeforeValues(reader);
        this.#at = reader.offset;
        this.#first = { at: this.#at, values: this.#values };
      }
      return this.#follow(bytes, this.#at);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      if (error.code === 'truncated') return 'more';
      if (this.#first === undefined || this.#descriptors) {
        this.#unknown = true;
        return 'unknown';
      }
      this.#descriptors = true;
      this.#at = this.#first.at;
      this.#values = this.#first.values;
      return this.of(bytes);
    }
  }

  #follow(bytes: Uint8Array, from: number): Extent {
    const reader = new ByteReader(bytes, from);
    for (;;) {
      this.#at = reader.offset;
      if (this.#values === 0) return this.#at;
      let more = skipValue(reader);
      if (more === 2 && this.#descriptors && bytes[this.#at] === STRUCTURE && skipDescriptor(reader))
        more = 1;
      this.#values += more - 1;
      if (this.#values > MOST_VALUES) throw new DcuError('axdr-invalid', 'too many values');
    }
  }
}

/** Passes one value without what an array or structure holds; returns the number of values it holds. */
function skipValue(reader: ByteReader): number {
  const tag = reader.u8('data tag');
  const type = typeOfTag(tag);
  if (type === undefined) throw new DcuError('axdr-invalid', `no data type has tag ${tag}`);
  const size = FIXED_SIZES[type];
  if (size !== undefined) {
    reader.take(size, type);
    return 0;
  }
  if (type === 'compact-array') skipDescription(reader);
  const length = readLength(reader);
  if (type === 'array' || type === 'structure') return length;
  reader.take(type === 'bit-string' ? Math.ceil(length / 8) : length, type);
  return 0;
}

/** Class below 256, logical name ending in 255, attribute: no tags. */
function skipDescriptor(reader: ByteReader): boolean {
  if (reader.u8('value') !== 0) {
    reader.offset--;
    return false;
  }
  const rest = reader.take(DESCRIPTOR_SIZE - 1, 'attribute descriptor');
  if (rest[6] === 0xff) return true;
  reader.offset -= DESCRIPTOR_SIZE;
  return false;
}

function skipDescription(reader: ByteReader): void {
  const from = reader.offset;
  for (let pending = 1; pending > 0; pending--) {
    const type = typeOfTag(reader.u8('type description'));
    if (type === 'structure') pending += readLength(reader);
    else if (type === 'array') {
      reader.u16('element count');
      pending++;
    } else if (type === undefined || type === 'compact-array') {
      throw new DcuError('axdr-invalid', 'not a type description');
    }
    if (reader.offset - from > LONGEST_DESCRIPTION || pending > LONGEST_DESCRIPTION) {
      throw new DcuError('axdr-invalid', 'the type description is too long');
    }
  }
}

/** Passes prefixes and the fields that have a length; returns how many values follow. */
function fieldsBeforeValues(reader: ByteReader): number {
  skipPrefixes(reader);
  const tag = reader.u8('APDU tag');
  const kind = apduKind(tag);
  if (!mayBePushed(tag) || kind === undefined)
    throw new DcuError('apdu-invalid', 'no APDU that comes unasked');
  if (kind.protection === 'global' || kind.protection === 'dedicated') return octets(reader, 1);
  switch (tag) {
    case TAG.dataNotification:
      reader.take(4, 'long-invoke-id-and-priority');
      skipDateTime(reader);
      return 1;
    case TAG.eventNotification:
      if (present(reader)) octets(reader, 1);
      reader.take(9, 'attribute descriptor');
      return 1;
    case INFORMATION_REPORT:
      return informationReport(reader);
    case TAG.generalGlo:
    case TAG.generalDed:
      return octets(reader, 2);
    case TAG.generalCiphering:
      octets(reader, 5);
      if (present(reader)) skipKeyInfo(reader);
      return octets(reader, 1);
    case GENERAL_SIGNING:
      return octets(reader, 7);
    case GENERAL_BLOCK_TRANSFER:
      reader.take(5, 'block header');
      return octets(reader, 1);
    default:
      throw new DcuError('apdu-invalid', 'no APDU that comes unasked');
  }
}

/** LLC header and gateway prefix, each at most once. */
function skipPrefixes(reader: ByteReader): void {
  const head = reader.bytes;
  if (head[0] === 0xe6 && head.length < LLC_LENGTH) reader.take(LLC_LENGTH, 'prefix');
  if (beginsWithLlc(head)) reader.take(LLC_LENGTH, 'LLC header');
  const rest = head.subarray(reader.offset);
  if (!hasGatewayPrefix(rest)) return;
  reader.take(2, 'gateway prefix');
  reader.take(reader.u8('address length'), 'physical device address');
}

/** Some meters write the date-time as a tagged octet-string. */
function skipDateTime(reader: ByteReader): void {
  const first = reader.u8('date-time');
  if (first === 0x09) {
    const second = reader.u8('date-time');
    // Nine bytes make no date-time, twelve do: the tag of an octet-string stands before its length.
    reader.take(second === 0x0c ? 12 : 8, 'date-time');
    return;
  }
  reader.offset--;
  octets(reader, 1);
}

function informationReport(reader: ByteReader): number {
  if (present(reader)) octets(reader, 1);
  const count = readLength(reader);
  if (count > MOST_REPORTED) throw new DcuError('apdu-invalid', `a report of ${count} variables`);
  for (let i = 0; i < count; i++) {
    if (reader.u8('variable access specification') !== 2) {
      throw new DcuError('apdu-invalid', 'a variable that is named otherwise than by its short name');
    }
    reader.take(2, 'short name');
  }
  return readLength(reader);
}

/** Key-info of general-ciphering: 0 identified, 1 wrapped, 2 agreed (Green Book 9.5; clause not checked). */
function skipKeyInfo(reader: ByteReader): void {
  const choice = reader.u8('key-info');
  if (choice === 0) reader.take(1, 'key-id');
  else if (choice === 1) {
    reader.take(1, 'kek-id');
    octets(reader, 1);
  } else if (choice === 2) octets(reader, 2);
  else throw new DcuError('apdu-invalid', 'no such key-info');
}

function present(reader: ByteReader): boolean {
  const flag = reader.u8('presence');
  if (flag > 1) throw new DcuError('apdu-invalid', 'neither present nor absent');
  return flag === 1;
}

/** Passes so many octet strings; nothing follows them. */
function octets(reader: ByteReader, count: number): 0 {
  for (let i = 0; i < count; i++) readOctets(reader, 'octets');
  return 0;
}
