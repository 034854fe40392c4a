import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { encodeGeneralBlock, GENERAL_BLOCK_HEADER } from '../apdu/general-block-transfer.ts';
import { readData } from '../axdr.ts';
import { encodeData } from '../axdr-encode.ts';
import { writeLength } from '../axdr-length.ts';
import { DATA_TAGS } from '../axdr-types.ts';
import type { AccessSelection, CosemAttribute } from '../client-types.ts';
import type { PushObject, PushRestriction } from './push-setup-object.ts';

/** A-XDR bytes of an attribute; undefined where the device refuses it. */
export type ReadForPush = (attribute: CosemAttribute, selection?: AccessSelection) => Uint8Array | undefined;

const CLOCK: CosemAttribute = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
const NULL_DATA = Uint8Array.of(DATA_TAGS['null-data']);

/**
 * The body of a push: a structure of the values in the order of the list, or the value itself where there is only one
 * (what single-object meters do; clause not checked). A value that the device refuses is null-data.
 */
export function pushBody(objects: readonly PushObject[], read: ReadForPush): Uint8Array {
  const values = objects.map((object) => pushedValue(object, read));
  const [only] = values;
  if (only !== undefined && values.length === 1) return only;
  const writer = new ByteWriter(256).u8(DATA_TAGS.structure);
  writeLength(writer, values.length);
  for (const value of values) writer.put(value);
  return writer.done();
}

function pushedValue(object: PushObject, read: ReadForPush): Uint8Array {
  const { classId, obis, attribute, dataIndex, restriction, columns } = object;
  const selection = restriction === undefined ? undefined : selectionOf(restriction, columns);
  const bytes = read({ classId, obis, attribute }, selection);
  if (bytes === undefined) return NULL_DATA;
  if (dataIndex === 0) return bytes;
  const whole = readData(new ByteReader(bytes));
  const element = 'elements' in whole ? whole.elements[dataIndex - 1] : undefined;
  return element === undefined ? NULL_DATA : encodeData(element);
}

function selectionOf(restriction: PushRestriction, columns: PushObject['columns']): AccessSelection {
  if (restriction.by === 'entry') {
    return { by: 'entry', fromEntry: restriction.from, toEntry: restriction.to };
  }
  const { from, to } = restriction;
  return { by: 'range', restricting: CLOCK, from, to, ...(columns.length === 0 ? {} : { columns }) };
}

const MOST_BLOCKS = 0xffff;

/**
 * An APDU in general blocks that a receiver need not acknowledge (Green Book 9.4.6.13): all of them stream but the
 * last. Throws `apdu-too-long` where the numbers do not suffice or a block has no room for anything.
 */
export function pushBlocks(apdu: Uint8Array, maxPdu: number): Uint8Array[] {
  const room = maxPdu - GENERAL_BLOCK_HEADER;
  const count = Math.ceil(apdu.length / Math.max(1, room));
  if (room < 1 || count > MOST_BLOCKS) {
    throw new DcuError('apdu-too-long', `${apdu.length} bytes do not fit blocks of ${maxPdu}`);
  }
  return Array.from({ length: count }, (_, i) =>
    encodeGeneralBlock({
      last: i === count - 1,
      streaming: i < count - 1,
      window: 1,
      blockNumber: i + 1,
      blockNumberAck: 0,
      data: apdu.subarray(i * room, (i + 1) * room),
    }),
  );
}
