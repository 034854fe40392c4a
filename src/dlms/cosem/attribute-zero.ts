import { concat } from '../../base/bytes.ts';
import { DATA_TAGS } from '../axdr-types.ts';
import type { CosemAttribute } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import type { CosemResponse } from '../server-types.ts';
import { interfaceClass } from './classes/index.ts';
import type { JobItem } from './server-services.ts';

/**
 * Attribute 0 stands for all attributes of an object, as a structure in order of their numbers (Green Book 9.3.6,
 * 9.3.7). A device is asked for each by itself, so that its rights hold for each.
 */
const NULL_DATA = Uint8Array.of(0);
const LONGEST = 0x7f;
const UNKNOWN = { result: 'object-undefined' } as const;

/** A GET of each attribute that the class defines in any version. */
export function getEach(attribute: CosemAttribute): JobItem[] {
  const defined = interfaceClass(attribute.classId)?.attributes.map(({ index }) => index) ?? [];
  if (defined.length === 0) return [{ result: 'object-undefined' }];
  const last = Math.max(...defined);
  return Array.from({ length: last }, (_, i) => ({
    type: 'get',
    attribute: { ...attribute, attribute: i + 1 },
  }));
}

/** The structure of what was read; null-data where an attribute may not be read, nothing behind the last that exists. */
export function joinEach(responses: readonly CosemResponse[]): CosemResponse {
  const [first = UNKNOWN] = responses;
  if (first.result !== 'success') return first;
  const exists = responses.findLastIndex(({ result }) => result !== UNKNOWN.result);
  const values = responses
    .slice(0, exists + 1)
    .map(({ result, data }) => (result === 'success' ? data : undefined));
  if (values.length > LONGEST) return { result: 'other-reason' };
  const head = Uint8Array.of(DATA_TAGS.structure, values.length);
  return { result: 'success', data: concat([head, ...values.map((value) => value ?? NULL_DATA)]) };
}

/** A SET of each element that is not null-data; a refusal when the value is no structure, or longer than any object. */
export function setEach(attribute: CosemAttribute, value: DlmsData): JobItem[] {
  if (value.type !== 'structure' || value.elements.length > LONGEST) return [{ result: 'type-unmatched' }];
  return value.elements.flatMap((element, i): JobItem[] =>
    element.type === 'null-data'
      ? []
      : [{ type: 'set', attribute: { ...attribute, attribute: i + 1 }, value: element }],
  );
}

/** The first refusal, if there is one. */
export function resultOfEach(responses: readonly CosemResponse[]): string {
  return responses.find(({ result }) => result !== 'success')?.result ?? 'success';
}
