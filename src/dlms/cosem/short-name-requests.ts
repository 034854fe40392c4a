import { ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { type RawSelection, writeList } from '../apdu/fields.ts';
import { encodeConfirmedServiceError } from '../apdu/service-error.ts';
import type { VariableAccess } from '../apdu/variable-access.ts';
import { decodeData, encodeData } from '../axdr.ts';
import { DATA_TAGS } from '../axdr-types.ts';
import type { CosemAttribute } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { formatObis } from '../obis.ts';
import type { CosemResponse } from '../server-types.ts';
import { NULL_DATA } from '../values.ts';
import { decodeSelection } from './selective-access.ts';
import { actionItem, isGranted, type JobItem, type ServiceLimits, setItem } from './server-services.ts';
import { ASSOCIATION_SN, REPLY_TO_HLS_SN, type ShortNameTable } from './short-name-table.ts';

/** What one variable of a request asks of the device, and what the answers make. */
export interface Variable {
  readonly items: readonly JobItem[];
  readonly finish: (responses: readonly CosemResponse[]) => CosemResponse;
}

const NULL_DATA_TAG = 0;
const READ_BY_LOGICALNAME = 3;
/** Attributes that one read_by_logicalname may name. */
const MOST_ATTRIBUTES = 256;

/** Variables of one request; more would make a small request a long job. */
export const MOST_VARIABLES = 1024;

/**
 * What it means to read a variable: an attribute, a part of one, or a method with its parameter. A method is never
 * invoked by reading its bare name.
 */
export function readVariable(access: VariableAccess, names: ShortNameTable, limits: ServiceLimits): Variable {
  if (access.type !== 'variable-name' && access.type !== 'parameterized-access') throw strayBlock();
  const named = names.at(access.name);
  if (named === undefined) return refusal('object-undefined');
  const { kind, target } = named;
  if (access.type === 'variable-name') {
    return kind === 'attribute' ? single({ type: 'get', attribute: target }) : refusal('read-write-denied');
  }
  const { parameters } = access.selection;
  // The mechanism itself asks for this one method, whatever was granted.
  const granted = isGranted(limits, 'parameterized-access') || isSameMethod(target, REPLY_TO_HLS_SN);
  if (!granted) return refusal('scope-of-access-violated');
  if (kind === 'attribute') return selectedAttribute(target, access.selection);
  if (target.classId === ASSOCIATION_SN.classId && target.attribute === READ_BY_LOGICALNAME) {
    return byLogicalNames(parameters);
  }
  return {
    items: [methodItem(target, parameters)],
    // A method that went well and has nothing to say still has to be answered by a value.
    finish: ([response]) =>
      response?.result === 'success' ? { data: encodeData(NULL_DATA), ...response } : outcome(response),
  };
}

/** What it means to write a variable: an attribute, or a method whose parameter is the value. */
export function writeVariable(access: VariableAccess, value: Uint8Array, names: ShortNameTable): Variable {
  if (access.type !== 'variable-name' && access.type !== 'parameterized-access') throw strayBlock();
  const named = names.at(access.name);
  if (named === undefined) return refusal('object-undefined');
  if (access.type === 'parameterized-access') return refusal('scope-of-access-violated');
  const { kind, target } = named;
  return single(kind === 'method' ? methodItem(target, value) : setItem({ attribute: target }, value));
}

function isSameMethod(a: CosemAttribute, b: CosemAttribute): boolean {
  return a.classId === b.classId && a.obis === b.obis && a.attribute === b.attribute;
}

/** Short names know no absent parameter; null-data stands for it. */
function methodItem(method: CosemAttribute, parameter: Uint8Array): JobItem {
  return actionItem(method, parameter[0] === NULL_DATA_TAG ? undefined : parameter);
}

function selectedAttribute(attribute: CosemAttribute, selection: RawSelection): Variable {
  try {
    return single({ type: 'get', attribute, selection: decodeSelection(selection) });
  } catch (error) {
    if (error instanceof DcuError) return refusal('type-unmatched');
    throw error;
  }
}

/** The values of several attributes, as one structure; the first refusal is that of all. */
function byLogicalNames(parameters: Uint8Array): Variable {
  const attributes = attributesIn(parameters);
  if (attributes === undefined) return refusal('type-unmatched');
  if (attributes.length > MOST_ATTRIBUTES) return refusal('other-reason');
  return {
    items: attributes.map((attribute) => ({ type: 'get', attribute })),
    finish: (responses) => {
      const refused = responses.find(({ result, data }) => result !== 'success' || data === undefined);
      if (refused !== undefined) return outcome(refused);
      const writer = new ByteWriter(128).u8(DATA_TAGS.structure);
      writeList(writer, responses, (out, { data }) => data && out.put(data));
      return { result: 'success', data: writer.done() };
    },
  };
}

function attributesIn(parameters: Uint8Array): CosemAttribute[] | undefined {
  const data = decodedOrNothing(parameters);
  if (data?.type !== 'array') return undefined;
  const attributes: CosemAttribute[] = [];
  for (const element of data.elements) {
    const [classId, name, index] = element.type === 'structure' ? element.elements : [];
    if (classId?.type !== 'long-unsigned' || index?.type !== 'integer') return undefined;
    if (name?.type !== 'octet-string' || name.value.length !== 6) return undefined;
    attributes.push({ classId: classId.value, obis: formatObis(name.value), attribute: index.value });
  }
  return attributes;
}

function decodedOrNothing(bytes: Uint8Array): DlmsData | undefined {
  try {
    return decodeData(bytes);
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

function single(item: JobItem): Variable {
  return { items: [item], finish: ([response]) => outcome(response) };
}

function refusal(result: string): Variable {
  return { items: [], finish: () => ({ result }) };
}

function outcome(response: CosemResponse | undefined): CosemResponse {
  return response ?? { result: 'other-reason' };
}

function strayBlock(): DcuError {
  return new DcuError('apdu-invalid', 'a block among variables');
}

/** Answers of a whole request, cut into those of each variable. */
export function finishVariables(
  variables: readonly Variable[],
  responses: readonly CosemResponse[],
): CosemResponse[] {
  let from = 0;
  return variables.map(({ items, finish }) => {
    const own = responses.slice(from, from + items.length);
    from += items.length;
    return finish(own);
  });
}

/** The confirmed service error that tells why a READ or WRITE is not served; others go on to who knows them. */
export function serviceFault(service: 'read' | 'write', error: unknown): Uint8Array {
  if (!(error instanceof DcuError)) throw error;
  switch (error.code) {
    case 'not-granted':
      return encodeConfirmedServiceError({ service, error: 'service', value: 'service-unsupported' });
    case 'apdu-too-long':
    case 'overflow':
      return encodeConfirmedServiceError({ service, error: 'service', value: 'pdu-size' });
    case 'apdu-invalid':
    case 'axdr-invalid':
    case 'axdr-too-deep':
    case 'truncated':
      return encodeConfirmedServiceError({ service, error: 'service', value: 'other' });
    default:
      throw error;
  }
}
