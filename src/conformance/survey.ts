import { DcuError } from '../base/errors.ts';
import { decodeData } from '../dlms/axdr.ts';
import type { AccessSelection, CosemAttribute } from '../dlms/client-types.ts';
import { attributesOf, interfaceClass } from '../dlms/cosem/classes/index.ts';
import type { DlmsData } from '../dlms/data.ts';
import { formatObis } from '../dlms/obis.ts';
import type { AareFields, InitiateAnswer } from './aarq.ts';
import type { Bench, RunMemory } from './bench.ts';
import type { EvidenceEntry } from './evidence.ts';
import { type Outcome, outcomeText, type Session } from './session.ts';
import { SN } from './short-names.ts';
import { Failure, Inconclusive } from './verdict.ts';

export interface SurveyedAttribute {
  readonly index: number;
  /** access_mode as the object list states it. */
  readonly mode: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly selectors: readonly number[];
  /** Undefined where it was not asked for: not readable, or a buffer too long. */
  readonly outcome?: Outcome;
  /** Decoded; undefined when it is no COSEM data. */
  readonly value?: DlmsData;
  /** The frames of its reading. */
  readonly evidence: readonly EvidenceEntry[];
}

export interface SurveyedObject {
  readonly classId: number;
  readonly version: number;
  readonly obis: string;
  /** Where short names are used. */
  readonly baseName?: number;
  readonly attributes: readonly SurveyedAttribute[];
  readonly methods: readonly { readonly index: number; readonly mode: number }[];
}

/** Everything that one association lets be read, read once. */
export interface Survey {
  readonly aare: AareFields;
  readonly negotiated: InitiateAnswer;
  readonly objects: readonly SurveyedObject[];
  /** Elements of the object list that have not the shape of object_list_element. */
  readonly malformed: number;
}

export const OBJECT_LIST: CosemAttribute = { classId: 15, obis: '0.0.40.0.0.255', attribute: 2 };

/** Mode of an attribute whose rights the meter does not state. */
export const NOT_STATED = -1;

/** Longest buffer of a profile that is read whole. */
const MOST_ROWS = 20;

/** One survey for each run. */
const SURVEYS = new WeakMap<RunMemory, Promise<Survey>>();

/** The survey of this run; made by the first test that needs it. @throws Inconclusive */
export function survey(bench: Bench): Promise<Survey> {
  const known = SURVEYS.get(bench.memory);
  if (known !== undefined) return known;
  const taken = takeSurvey(bench);
  SURVEYS.set(bench.memory, taken);
  return taken;
}

async function takeSurvey(bench: Bench): Promise<Survey> {
  const session = await bench.associate();
  try {
    const outcome = await session.read(OBJECT_LIST);
    if (outcome.kind !== 'data') {
      throw new Inconclusive(`the object list cannot be read: ${outcomeText(outcome)}`);
    }
    const { entries, malformed } =
      bench.referencing === 'sn' ? await namedObjects(session, outcome.data) : objectList(outcome.data);
    const reading: Reading = { session, silences: 0 };
    const objects: SurveyedObject[] = [];
    for (const [i, entry] of entries.entries()) {
      bench.memory.progress(`reading object ${i + 1} of ${entries.length}`);
      objects.push(await readObject(bench, reading, entry));
    }
    return { aare: session.aare, negotiated: session.negotiated, objects, malformed };
  } finally {
    await session.close();
  }
}

/** A survey under way: an attribute that silences the meter costs a new association, and a few of them its end. */
interface Reading {
  session: Session;
  silences: number;
}

const MOST_SILENCES = 5;

async function readObject(bench: Bench, reading: Reading, entry: SurveyedObject): Promise<SurveyedObject> {
  const attributes: SurveyedAttribute[] = [];
  const readBefore = (index: number): DlmsData | undefined =>
    attributes.find((attribute) => attribute.index === index)?.value;
  // A buffer is read after what says how long it is.
  const order = entry.attributes.toSorted((a, b) => Number(isBuffer(entry, a)) - Number(isBuffer(entry, b)));
  for (const attribute of order) {
    const selection = isBuffer(entry, attribute) ? firstRows(attribute, readBefore(7)) : undefined;
    const wanted = attribute.readable && selection !== 'too long' && reading.silences < MOST_SILENCES;
    if (!wanted) {
      attributes.push(attribute);
      continue;
    }
    const own = bench.newEvidence();
    const former = bench.evidence;
    bench.evidence = own;
    try {
      const { classId, obis } = entry;
      const target = { classId, obis, attribute: attribute.index };
      const outcome = await reading.session.read(target, selection);
      if (outcome.kind === 'silent') {
        reading.silences++;
        if (reading.silences < MOST_SILENCES) reading.session = await bench.associate();
      }
      const value = outcome.kind === 'data' ? decoded(outcome.data) : undefined;
      attributes.push({
        ...attribute,
        outcome,
        ...(value === undefined ? {} : { value }),
        evidence: own.entries(),
      });
    } finally {
      bench.evidence = former;
    }
  }
  return { ...entry, attributes: attributes.toSorted((a, b) => a.index - b.index) };
}

const isBuffer = (object: SurveyedObject, attribute: SurveyedAttribute): boolean =>
  object.classId === 7 && attribute.index === 2;

function firstRows(
  attribute: SurveyedAttribute,
  inUse: DlmsData | undefined,
): AccessSelection | 'too long' | undefined {
  if (attribute.selectors.includes(2)) return { by: 'entry', fromEntry: 1, toEntry: 2 };
  return inUse !== undefined && (numberOf(inUse) ?? Number.MAX_SAFE_INTEGER) <= MOST_ROWS
    ? undefined
    : 'too long';
}

function decoded(data: Uint8Array): DlmsData | undefined {
  try {
    return decodeData(data);
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

/** Number in any integer type or enum; undefined for all else. */
export function numberOf(data: DlmsData | undefined): number | undefined {
  if (data === undefined || !('value' in data)) return undefined;
  if (typeof data.value === 'bigint') return Number(data.value);
  return typeof data.value === 'number' ? data.value : undefined;
}

export function elementsOf(data: DlmsData | undefined): readonly DlmsData[] | undefined {
  return data !== undefined && 'elements' in data ? data.elements : undefined;
}

export function octetsOf(data: DlmsData | undefined): Uint8Array | undefined {
  return data?.type === 'octet-string' ? data.value : undefined;
}

/** object_list of class 15 (Blue Book 4.4.4). */
export function objectList(data: Uint8Array): { entries: SurveyedObject[]; malformed: number } {
  const list = decoded(data);
  if (list?.type !== 'array') throw new Failure('the object list is no array');
  const parsed = list.elements.map(listElement);
  const entries = parsed.filter((entry) => entry !== undefined);
  const own = entries.find(({ classId, obis }) => classId === 15 && obis === OBJECT_LIST.obis);
  const version = own?.version ?? 1;
  return {
    entries: entries.map((entry) => ({
      ...entry,
      attributes: entry.attributes.map((attribute) => ({
        ...attribute,
        ...rightsOf(attribute.mode, version),
      })),
    })),
    malformed: parsed.length - entries.length,
  };
}

/** access_mode: an enumeration up to version 2, bits from version 3 on. */
function rightsOf(mode: number, version: number): { readable: boolean; writable: boolean } {
  if (version >= 3) return { readable: (mode & 1) !== 0, writable: (mode & 2) !== 0 };
  return { readable: [1, 3, 4, 6].includes(mode), writable: [2, 3, 5, 6].includes(mode) };
}

/** object_list of class 12 with its access_rights_list (Blue Book 4.4.3). */
async function namedObjects(
  session: Session,
  data: Uint8Array,
): Promise<{ entries: SurveyedObject[]; malformed: number }> {
  const list = decoded(data);
  if (list?.type !== 'array') throw new Failure('the object list is no array');
  const parsed = list.elements.map(namedElement);
  const entries = parsed.filter((entry) => entry !== undefined);
  const answer = await session.readVariable({ name: SN.accessRights });
  const rights = answer.kind === 'data' ? elementsOf(decoded(answer.data)) : undefined;
  const byName = new Map(rights?.map((element) => [baseNameOf(element), elementsOf(element)]));
  return {
    entries: entries.map((entry) => {
      const [, attributes, methods] = byName.get(entry.baseName) ?? [];
      const listed = elementsOf(attributes)?.map(attributeAccess) ?? classAttributes(entry);
      return {
        ...entry,
        attributes: listed
          .filter((attribute) => attribute !== undefined)
          .map((attribute) =>
            attribute.mode === NOT_STATED ? attribute : { ...attribute, ...rightsOf(attribute.mode, 1) },
          ),
        methods: (elementsOf(methods) ?? []).map(methodAccess).filter((method) => method !== undefined),
      };
    }),
    malformed: parsed.length - entries.length,
  };
}

/** Of a meter without access rights, what its class has: each may be refused. */
function classAttributes({ classId, version }: SurveyedObject): SurveyedAttribute[] {
  const definition = interfaceClass(classId);
  const known = definition === undefined ? [] : attributesOf(definition, version);
  return [1, ...known.map(({ index }) => index)].map((index) => ({
    index,
    mode: NOT_STATED,
    readable: true,
    writable: false,
    selectors: [],
    evidence: [],
  }));
}

/** The signed long of a base name, as 16 bits. */
export function baseNameOf(element: DlmsData): number | undefined {
  const [name] = elementsOf(element) ?? [];
  const isName = name?.type === 'long' || name?.type === 'long-unsigned';
  return isName ? name.value & 0xffff : undefined;
}

function namedElement(data: DlmsData): SurveyedObject | undefined {
  const fields = elementsOf(data);
  const baseName = baseNameOf(data);
  if (data.type !== 'structure' || fields?.length !== 4 || baseName === undefined) return undefined;
  const classId = fields[1]?.type === 'long-unsigned' ? fields[1].value : undefined;
  const version = numberOf(fields[2]);
  const name = octetsOf(fields[3]);
  if (classId === undefined || version === undefined || name?.length !== 6) return undefined;
  return { classId, version, obis: formatObis(name), baseName, attributes: [], methods: [] };
}

function listElement(data: DlmsData): SurveyedObject | undefined {
  const fields = elementsOf(data);
  if (data.type !== 'structure' || fields?.length !== 4) return undefined;
  const classId = fields[0]?.type === 'long-unsigned' ? fields[0].value : undefined;
  const version = fields[1]?.type === 'unsigned' ? fields[1].value : undefined;
  const name = octetsOf(fields[2]);
  const access = elementsOf(fields[3]);
  if (classId === undefined || version === undefined || name?.length !== 6 || access?.length !== 2) {
    return undefined;
  }
  const attributes = elementsOf(access[0])?.map(attributeAccess);
  const methods = elementsOf(access[1])?.map(methodAccess);
  if (attributes === undefined || methods === undefined) return undefined;
  if (attributes.includes(undefined) || methods.includes(undefined)) return undefined;
  return {
    classId,
    version,
    obis: formatObis(name),
    attributes: attributes.filter((attribute) => attribute !== undefined),
    methods: methods.filter((method) => method !== undefined),
  };
}

function attributeAccess(data: DlmsData): SurveyedAttribute | undefined {
  const [index, mode, selectors] = elementsOf(data) ?? [];
  if (index?.type !== 'integer' || mode?.type !== 'enum' || selectors === undefined) return undefined;
  const listed = elementsOf(selectors)?.map(numberOf) ?? [];
  return {
    index: index.value,
    mode: mode.value,
    readable: false,
    writable: false,
    selectors: listed.filter((selector) => selector !== undefined),
    evidence: [],
  };
}

function methodAccess(data: DlmsData): { index: number; mode: number } | undefined {
  const [index, mode] = elementsOf(data) ?? [];
  const allowed = mode?.type === 'boolean' ? Number(mode.value) : numberOf(mode);
  return index?.type === 'integer' && allowed !== undefined
    ? { index: index.value, mode: allowed }
    : undefined;
}
