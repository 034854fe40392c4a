import type { ByteReader } from '../../../base/bytes.ts';
import { DcuError } from '../../../base/errors.ts';
import { conformanceNames } from '../../apdu/conformance.ts';
import { actionResultName, dataAccessResultName } from '../../apdu/results.ts';
import { decodeDateTime, formatDateTime } from '../../datetime.ts';
import { formatObis } from '../../obis.ts';
import { dataValue } from './data.ts';
import { nameOfAttribute, nameOfClass, nameOfMethod, nameOfObis } from './object-names.ts';
import type { Part } from './part.ts';
import { choice, code, fixed, octets, optional, pascal, type Rule, sequence, unsigned } from './rules.ts';

/** Parts that several services have. */

export const invokeIdAndPriority = unsigned('invoke-id-and-priority', 1, (value) => {
  const service = (value & 0x40) !== 0 ? 'confirmed' : 'unconfirmed';
  return `id ${value & 0x0f}, ${service}, ${(value & 0x80) !== 0 ? 'high' : 'normal'} priority`;
});

export const longInvokeIdAndPriority = unsigned('long-invoke-id-and-priority', 4, (value) => {
  const told = [
    `id ${value & 0xffffff}`,
    (value & 0x40000000) !== 0 ? 'confirmed' : 'unconfirmed',
    (value & 0x80000000) !== 0 ? 'high priority' : 'normal priority',
    ...((value & 0x10000000) !== 0 ? ['self-descriptive'] : []),
    ...((value & 0x20000000) !== 0 ? ['break on error'] : []),
  ];
  return told.join(', ');
});

export function dateTimeMeaning(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'not given';
  try {
    return formatDateTime(decodeDateTime(bytes));
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    return 'not a valid date-time';
  }
}

/** Octet string of 12 bytes or none. */
export const dateTime = (name: string): Rule => octets(name, { mean: dateTimeMeaning });

/** Class, logical name and index; the names of what they denote stand beside them. */
function descriptor(name: string, kind: 'attribute' | 'method'): Rule {
  const nameOf = kind === 'attribute' ? nameOfAttribute : nameOfMethod;
  return (reader: ByteReader): Part => {
    const from = reader.offset;
    const classPart = unsigned('class-id', 2, nameOfClass)(reader);
    const instance = fixed('instance-id', 6, (bytes) => nameOfObis(formatObis(bytes)))(reader);
    const index = unsigned(`${kind}-id`, 1, (value) => nameOf(Number(classPart.value), (value << 24) >> 24))(
      reader,
    );
    const children = [classPart, instance, index];
    return { name, from, to: reader.offset, children, xml: { tag: `${pascal(kind)}Descriptor` } };
  };
}

export const attributeDescriptor = descriptor('cosem-attribute-descriptor', 'attribute');
export const methodDescriptor = descriptor('cosem-method-descriptor', 'method');

const SELECTORS: Readonly<Record<number, string>> = { 1: 'range', 2: 'entry' };

export const accessSelection = sequence('access-selection', [
  unsigned('access-selector', 1, (value) => SELECTORS[value]),
  sequence('access-parameters', [dataValue]),
]);

export const selectedAttribute = sequence(
  'cosem-attribute-descriptor-with-selection',
  [attributeDescriptor, optional('access-selection', accessSelection)],
  { tag: 'AttributeDescriptorWithSelection' },
);

export const dataAccessResult = (name: string, tag?: string): Rule =>
  code(name, dataAccessResultName, tag === undefined ? {} : { tag });
export const actionResult = (name: string): Rule => code(name, actionResultName);

/** Get-Data-Result: data, or why there is none. */
export const getDataResult = choice('get-data-result', {
  0: sequence('data', [dataValue]),
  1: dataAccessResult('data-access-result', 'DataAccessError'),
});

export const blockNumber = unsigned('block-number', 4);
export const rawData = octets('raw-data');

/** DataBlock-SA. */
export const dataBlock = sequence('datablock', [boolean('last-block'), blockNumber, rawData], {
  tag: 'DataBlock',
});

export function boolean(name: string): Rule {
  return unsigned(name, 1, (value) => (value === 0 ? 'false' : 'true'));
}

/** 5F 1F 04 00 and 24 bits; some leave the second tag byte out. */
export function conformance(name: string): Rule {
  return (reader) => {
    const from = reader.offset;
    const header = reader.take(reader.bytes[from + 1] === 0x1f ? 4 : 3, name);
    if (header[0] !== 0x5f || header.at(-2) !== 4 || header.at(-1) !== 0) {
      throw new DcuError('apdu-invalid', 'not a conformance block of 24 bits', { offset: from });
    }
    const at = reader.offset;
    const mask = (reader.u8(name) << 16) | reader.u16(name);
    const children = conformanceNames(mask).map(
      (bit): Part => ({
        name: bit,
        from: at,
        to: reader.offset,
        children: [],
        xml: { tag: 'ConformanceBit', attribute: 'Name', value: pascal(bit) },
      }),
    );
    return {
      name,
      from,
      to: reader.offset,
      value: mask.toString(16).padStart(6, '0'),
      children,
      xml: { value: false },
    };
  };
}
