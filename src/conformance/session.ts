import { ByteReader, ByteWriter, concat } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { type AttributeRequest, readDataBytes } from '../dlms/apdu/fields.ts';
import { encodeGetRequest } from '../dlms/apdu/get.ts';
import { dataAccessResultName } from '../dlms/apdu/results.ts';
import { TAG } from '../dlms/apdu/tags.ts';
import { readOctets } from '../dlms/axdr-length.ts';
import type { AccessSelection, CosemAttribute } from '../dlms/client-types.ts';
import { encodeSelection } from '../dlms/cosem/selective-access.ts';
import { decodeObjectList } from '../dlms/cosem/short-name-list.ts';
import type { AareFields, InitiateAnswer } from './aarq.ts';
import type { ApduLink } from './apdu-link.ts';
import { describeApdu } from './describe.ts';
import { refuseChange } from './harmless.ts';
import type { OpenedApdu, Protection, SealChanges } from './protection.ts';
import {
  NAME_STEP,
  nextBlockRequest,
  readBlock,
  readRequest,
  readResults,
  resultList,
  SN,
  type Variable,
} from './short-names.ts';
import type { TargetReferencing } from './target.ts';

/** What a request led to. */
export type Outcome =
  | { readonly kind: 'data'; readonly data: Uint8Array }
  /** data-access-result by its name. */
  | { readonly kind: 'refused'; readonly result: string }
  | { readonly kind: 'exception'; readonly text: string }
  /** Nothing came. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'odd'; readonly text: string };

/** An answer as it came, and what is in it. */
export interface Answer {
  readonly wire: Uint8Array;
  /** The APDU itself; undefined when its protection does not open. */
  readonly plain: Uint8Array | undefined;
  /** How it was protected; undefined when it was not. */
  readonly opened: OpenedApdu | undefined;
}

/** One block of a GET response, or of a read-response. */
export interface GetBlock {
  readonly apduLength: number;
  readonly last: boolean;
  readonly number: number;
  readonly raw: Uint8Array;
}

const MOST_BLOCKS = 4096;
export const INVOKE = 0xc1;

/** An association that stands, and requests through it. */
export class Session {
  readonly link: ApduLink;
  readonly protection: Protection | undefined;
  readonly aare: AareFields;
  readonly negotiated: InitiateAnswer;
  readonly referencing: TargetReferencing;
  readonly #allowWrites: boolean;
  #invoke = 0;
  /** Base names by class and logical name, once they were asked for. */
  #names: ReadonlyMap<string, number> | undefined;

  constructor(
    link: ApduLink,
    protection: Protection | undefined,
    aare: AareFields,
    negotiated: InitiateAnswer,
    allowWrites: boolean,
    referencing: TargetReferencing = 'ln',
  ) {
    this.link = link;
    this.protection = protection;
    this.aare = aare;
    this.negotiated = negotiated;
    this.#allowWrites = allowWrites;
    this.referencing = referencing;
  }

  granted(bit: number): boolean {
    return (this.negotiated.conformance & bit) !== 0;
  }

  /** Sends a plain APDU under the protection of the association, or as `changes` say. */
  async request(plain: Uint8Array, withinMs?: number, changes?: SealChanges): Promise<Answer | undefined> {
    refuseChange(plain, this.#allowWrites);
    return this.raw(this.protection?.seal(plain, changes) ?? plain, withinMs);
  }

  /** Sends bytes as they are. */
  async raw(apdu: Uint8Array, withinMs?: number): Promise<Answer | undefined> {
    refuseChange(apdu, this.#allowWrites);
    const wire = await this.link.exchange(apdu, withinMs);
    return wire === undefined ? undefined : this.openAnswer(wire);
  }

  openAnswer(wire: Uint8Array): Answer {
    const opened = this.protection?.open(wire);
    const plain = opened?.plain ?? (isProtected(wire) ? undefined : wire);
    return { wire, plain, opened };
  }

  nextInvoke(): number {
    this.#invoke = (this.#invoke + 1) & 0x0f;
    return 0xc0 | this.#invoke;
  }

  /** One GET, or READ by short name, and its answer; a first block counts as `odd`. */
  async get(attribute: CosemAttribute, selection?: AccessSelection, withinMs?: number): Promise<Outcome> {
    if (this.referencing === 'ln') {
      return outcomeOf(await this.request(getRequest(attribute, selection, this.nextInvoke()), withinMs));
    }
    const variable = await this.#variable(attribute, selection);
    if ('kind' in variable) return variable;
    return outcomeOf(await this.request(readRequest(variable), withinMs));
  }

  /** A whole value, fetched in blocks where the meter sends it so. */
  async read(
    attribute: CosemAttribute,
    selection?: AccessSelection,
    onBlock?: (block: GetBlock) => void,
  ): Promise<Outcome> {
    if (this.referencing === 'sn') {
      const variable = await this.#variable(attribute, selection);
      return 'kind' in variable ? variable : this.readVariable(variable, onBlock);
    }
    const invoke = this.nextInvoke();
    return this.#joined(
      getRequest(attribute, selection, invoke),
      (blockNumber) => encodeGetRequest({ type: 'next', invoke, blockNumber }),
      (data) => ({ kind: 'data', data }),
      onBlock,
    );
  }

  /** A variable by its short name, in blocks where the meter sends it so. */
  readVariable(variable: Variable, onBlock?: (block: GetBlock) => void): Promise<Outcome> {
    return this.#joined(
      readRequest(variable),
      nextBlockRequest,
      (data) => resultList(data)?.[0] ?? { kind: 'odd', text: 'blocks that hold no list of results' },
      onBlock,
    );
  }

  async #joined(
    request: Uint8Array,
    next: (blockNumber: number) => Uint8Array,
    join: (data: Uint8Array) => Outcome,
    onBlock?: (block: GetBlock) => void,
  ): Promise<Outcome> {
    let answer = await this.request(request);
    const parts: Uint8Array[] = [];
    for (let blocks = 0; blocks < MOST_BLOCKS; blocks++) {
      const block = blockOf(answer?.plain);
      if (block === undefined) return outcomeOf(answer);
      onBlock?.(block);
      parts.push(block.raw);
      if (block.last) return join(concat(parts));
      answer = await this.request(next(block.number));
    }
    return { kind: 'odd', text: `more than ${MOST_BLOCKS} blocks` };
  }

  /** The short name of an attribute; two of them are the same in every meter, the others are in the object list. */
  async #variable(
    { classId, obis, attribute }: CosemAttribute,
    selection: AccessSelection | undefined,
  ): Promise<Variable | Outcome> {
    const known = RESERVED.get(obis) ?? (await this.#baseNames()).get(`${classId}/${obis}`);
    if (known === undefined) return { kind: 'refused', result: 'object-undefined' };
    const name = known + NAME_STEP * (attribute - 1);
    return { name, ...(selection === undefined ? {} : { selection: encodeSelection(selection) }) };
  }

  async #baseNames(): Promise<ReadonlyMap<string, number>> {
    if (this.#names !== undefined) return this.#names;
    const list = await this.readVariable({ name: SN.objectList });
    const objects = list.kind === 'data' ? decodeObjectList(list.data) : [];
    this.#names = new Map(objects.map(({ classId, obis, baseName }) => [`${classId}/${obis}`, baseName]));
    return this.#names;
  }

  close(): Promise<void> {
    return this.link.close();
  }
}

/** get-request-normal. */
export function getRequest(
  attribute: CosemAttribute,
  selection?: AccessSelection,
  invoke = INVOKE,
): Uint8Array {
  const request: AttributeRequest =
    selection === undefined ? { attribute } : { attribute, selection: encodeSelection(selection) };
  return encodeGetRequest({ type: 'normal', invoke, request });
}

/** Base names of the current association and the logical device name (Blue Book 4.1.3). */
const RESERVED: ReadonlyMap<string, number> = new Map([
  ['0.0.40.0.0.255', SN.association],
  ['0.0.42.0.0.255', SN.deviceName - NAME_STEP],
]);

const PLAIN_TAGS: ReadonlySet<number> = new Set([
  SN.readResponse,
  SN.writeResponse,
  TAG.getResponse,
  TAG.setResponse,
  TAG.actionResponse,
  TAG.exceptionResponse,
  TAG.confirmedServiceError,
  TAG.aare,
  TAG.rlre,
  0xda,
  0xe0,
]);

const isProtected = (wire: Uint8Array): boolean => !PLAIN_TAGS.has(wire[0] ?? 0);

/** A block of get-response-with-datablock or of a read-response; undefined for anything else. */
export function blockOf(plain: Uint8Array | undefined): GetBlock | undefined {
  const block = readBlock(plain);
  if (block !== undefined) return { ...block, apduLength: plain?.length ?? 0 };
  if (plain === undefined || plain[0] !== TAG.getResponse || plain[1] !== 2 || plain[8] !== 0)
    return undefined;
  const reader = new ByteReader(plain, 3);
  const last = reader.u8() !== 0;
  const number = reader.u32();
  reader.u8();
  try {
    const raw = readOctets(reader, 'raw-data').slice();
    return { apduLength: plain.length, last, number, raw };
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

/** What the answer to a GET-request-normal, or to a READ of one variable, means. */
export function outcomeOf(answer: Answer | undefined): Outcome {
  if (answer === undefined) return { kind: 'silent' };
  const { plain } = answer;
  if (plain === undefined) return { kind: 'odd', text: 'an answer whose protection does not open' };
  if (plain[0] === TAG.exceptionResponse) return { kind: 'exception', text: describeApdu(plain) };
  if (plain[0] === TAG.confirmedServiceError) return { kind: 'exception', text: 'confirmed-service-error' };
  const results = readResults(plain);
  if (results?.length === 1 && results[0] !== undefined) return results[0];
  if (plain[0] === TAG.getResponse && plain[1] === 1) {
    if (plain[3] === 1) return { kind: 'refused', result: dataAccessResultName(plain[4] ?? 0) };
    if (plain[3] === 0) return { kind: 'data', data: plain.slice(4) };
  }
  if (plain[0] === TAG.getResponse && plain[1] === 2 && plain[8] === 1) {
    return { kind: 'refused', result: dataAccessResultName(plain[9] ?? 0) };
  }
  return { kind: 'odd', text: describeApdu(plain) };
}

/** Get-Data-Results of get-response-with-list; undefined when it is none. */
export function listOf(plain: Uint8Array | undefined): Outcome[] | undefined {
  if (plain === undefined || plain[0] !== TAG.getResponse || plain[1] !== 3) return undefined;
  try {
    const reader = new ByteReader(plain, 3);
    const count = reader.u8();
    const results: Outcome[] = [];
    for (let i = 0; i < count; i++) {
      if (reader.u8() === 0) results.push({ kind: 'data', data: readDataBytes(reader).slice() });
      else results.push({ kind: 'refused', result: dataAccessResultName(reader.u8()) });
    }
    return reader.remaining === 0 ? results : undefined;
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

/** `data`, the name of the refusal, or what else came: for complaints. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'data':
      return 'data';
    case 'refused':
      return outcome.result;
    case 'silent':
      return 'no answer';
    default:
      return outcome.text;
  }
}

/** reply_to_HLS_authentication of the current association with a proof. */
export function replyToHls(proof: Uint8Array): Uint8Array {
  return new ByteWriter(64)
    .u8(TAG.actionRequest)
    .u8(1)
    .u8(INVOKE)
    .u16(15)
    .put(Uint8Array.of(0, 0, 40, 0, 0, 255, 1, 1, 0x09, proof.length))
    .put(proof)
    .done();
}

/** What reply_to_HLS_authentication returned; undefined unless it succeeded with an octet-string. */
export function hlsReplyOf(plain: Uint8Array | undefined): Uint8Array | undefined {
  const [read] = readResults(plain) ?? [];
  if (read?.kind === 'data') {
    const { data } = read;
    return data[0] === 0x09 && data.length === 2 + (data[1] ?? 0) ? data.slice(2) : undefined;
  }
  if (plain === undefined || plain[0] !== TAG.actionResponse || plain[1] !== 1 || plain[3] !== 0)
    return undefined;
  if (plain[4] !== 1 || plain[5] !== 0 || plain[6] !== 0x09) return undefined;
  const length = plain[7] ?? 0;
  return plain.length === 8 + length ? plain.slice(8) : undefined;
}
