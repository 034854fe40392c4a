import { equalBytes } from '../../base/bytes.ts';
import { decodeData, encodeData } from '../../dlms/axdr.ts';
import { attributesOf, interfaceClass } from '../../dlms/cosem/classes/index.ts';
import { methodExtent } from '../../dlms/cosem/short-name-methods.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { parseObis } from '../../dlms/obis.ts';
import { array, i8, octetString, structure, u16 } from '../../dlms/values.ts';
import { BIT } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import { outcomeOf, outcomeText, type Session } from '../session.ts';
import { NAME_STEP, readRequest, SN } from '../short-names.ts';
import { baseNameOf, elementsOf, type SurveyedObject, survey } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

/** Base names that are the same in every meter, by class (Blue Book 4.1.3). */
const RESERVED = [
  { classId: 12, obis: '0.0.40.0.0.255', name: SN.association },
  { classId: 17, obis: '0.0.41.0.0.255', name: 0xfc00 },
  { classId: 1, obis: '0.0.42.0.0.255', name: SN.deviceName - NAME_STEP },
] as const;

const nameText = ({ classId, obis, baseName = 0 }: SurveyedObject): string =>
  `${classId}:${obis} at 0x${baseName.toString(16).padStart(4, '0')}`;

/** Octets of the name space that an object takes for itself. */
function extent({ classId, version }: SurveyedObject): number {
  const definition = interfaceClass(classId);
  const last = definition === undefined ? 1 : Math.max(1, ...attributesOf(definition, version).map(one));
  return Math.max(last * NAME_STEP, methodExtent(classId, version));
}
const one = ({ index }: { readonly index: number }): number => index;

async function parameterized(bench: Bench): Promise<Session> {
  const session = await bench.associate();
  return session.granted(BIT.parameterizedAccess)
    ? session
    : notApplicable('parameterized access is not granted');
}

/** A part of the object list; not applicable where the meter's class 12 has no such selection. */
async function partOfList(session: Session, selector: number, parameter: DlmsData): Promise<DlmsData> {
  const selection = { selector, parameters: encodeData(parameter) };
  const outcome = await session.readVariable({ name: SN.objectList, selection });
  if (outcome.kind === 'refused') notApplicable(`selector ${selector} is refused: ${outcome.result}`);
  if (outcome.kind !== 'data') fail(`selector ${selector} is answered by ${outcomeText(outcome)}`);
  return decodeData(outcome.data);
}

/** read_by_logicalname of one attribute; undefined when it is refused. */
async function byLogicalName(
  session: Session,
  { classId, obis }: SurveyedObject,
  attribute: number,
): Promise<Uint8Array | undefined> {
  const wanted = structure(u16(classId), octetString(parseObis(obis)), i8(attribute));
  const selection = { selector: 0, parameters: encodeData(array([wanted])) };
  const outcome = await session.readVariable({ name: SN.readByLogicalName, selection });
  if (outcome.kind !== 'data') return undefined;
  // A structure of one element.
  return outcome.data[0] === 0x02 && outcome.data[1] === 1 ? outcome.data.slice(2) : undefined;
}

const LONGEST_COMPARED = 600;

export const SN_OBJECT_TESTS = defineTests(
  {
    group: 'COSEM',
    reference: 'Blue Book 4.1.3 and 4.4.3, short names and class 12 Association SN',
    needs: { referencing: 'sn' },
  },
  [
    {
      id: 'SN_NAMES_P1',
      title: 'Base names are multiples of eight',
      purpose: 'Each object of the list has a base name that is aligned, and none is there twice.',
      async run(bench) {
        const { objects } = await survey(bench);
        const seen = new Set<number>();
        for (const object of objects) {
          const { baseName = 0 } = object;
          expect(baseName % NAME_STEP === 0, `${nameText(object)} is not aligned`);
          expect(!seen.has(baseName), `${nameText(object)} has the name of another object`);
          seen.add(baseName);
        }
      },
    },
    {
      id: 'SN_NAMES_P2',
      title: 'Names of objects do not overlap',
      purpose: 'Attributes and methods of an object end before the next base name.',
      async run(bench) {
        const { objects } = await survey(bench);
        const sorted = objects.toSorted((a, b) => (a.baseName ?? 0) - (b.baseName ?? 0));
        for (const [i, object] of sorted.entries()) {
          const next = sorted[i + 1];
          const end = (object.baseName ?? 0) + extent(object);
          if (next?.baseName === undefined) expect(end <= 0x10000, `${nameText(object)} does not fit`);
          else expect(end <= next.baseName, `${nameText(object)} reaches into ${nameText(next)}`);
        }
      },
    },
    {
      id: 'SN_NAMES_P3',
      title: 'Reserved names stand for their objects',
      purpose: 'Association, SAP assignment and device name are where every client looks for them.',
      async run(bench) {
        const { objects } = await survey(bench);
        for (const { classId, obis, name } of RESERVED) {
          const listed = objects.find((object) => object.classId === classId && object.obis === obis);
          const there = objects.find(({ baseName }) => baseName === name);
          if (listed !== undefined) expect(listed.baseName === name, `${nameText(listed)} is elsewhere`);
          if (there !== undefined) expect(there.obis === obis, `${nameText(there)} has a reserved name`);
        }
      },
    },
    {
      id: 'SN_NAMES_P4',
      title: 'Access rights are those of the listed objects',
      purpose: 'access_rights_list has one element for each object of the list, by the same base names.',
      async run(bench) {
        const { objects } = await survey(bench);
        const session = await bench.associate();
        const outcome = await session.readVariable({ name: SN.accessRights });
        if (outcome.kind !== 'data') notApplicable('access_rights_list is not there');
        const names = elementsOf(decodeData(outcome.data))?.map(baseNameOf) ?? fail('it is no array');
        const due = new Set(objects.map(({ baseName }) => baseName));
        expect(names.length === due.size, `${names.length} elements for ${due.size} objects`);
        for (const name of names) expect(due.has(name), `0x${(name ?? 0).toString(16)} is not listed`);
      },
    },
    {
      id: 'SN_PARAM_P1',
      title: 'The object list by class is a part of the whole',
      purpose: 'Selector 1 with class 1 gives the elements of that class, and those alone.',
      async run(bench) {
        const { objects } = await survey(bench);
        const due = objects.filter(({ classId }) => classId === 1).map(({ baseName }) => baseName);
        const list = await partOfList(await parameterized(bench), 1, u16(1));
        const names = elementsOf(list)?.map(baseNameOf) ?? fail('it is no array');
        const same = names.length === due.length && names.every((name) => due.includes(name));
        expect(same, `${names.length} elements where ${due.length} are due`);
      },
    },
    {
      id: 'SN_PARAM_P2',
      title: 'The object list by logical name is one element',
      purpose: 'Selector 2 with class and name of the device name gives its element.',
      async run(bench) {
        const wanted = structure(u16(1), octetString(parseObis('0.0.42.0.0.255')));
        const found = await partOfList(await parameterized(bench), 2, wanted);
        const element = found.type === 'array' ? (found.elements[0] ?? found) : found;
        const name = baseNameOf(element);
        expect(name === SN.deviceName - NAME_STEP, `its name is 0x${(name ?? 0).toString(16)}`);
      },
    },
    {
      id: 'SN_LNAME_P1',
      title: 'Values are the same by short and by logical name',
      purpose: 'read_by_logicalname gives what the short name of each readable attribute gives.',
      async run(bench) {
        const { objects } = await survey(bench);
        const session = await parameterized(bench);
        const [first] = objects;
        if (first === undefined || (await byLogicalName(session, first, 1)) === undefined) {
          notApplicable('read_by_logicalname is not served');
        }
        for (const object of objects) {
          for (const { index, outcome } of object.attributes) {
            if (outcome?.kind !== 'data' || outcome.data.length > LONGEST_COMPARED) continue;
            await compare(session, object, index);
          }
        }
      },
    },
    {
      id: 'SN_LNAME_N1',
      title: 'read_by_logicalname knows no other objects',
      purpose: 'An unknown logical name, and a parameter of another type, are refused.',
      async run(bench) {
        const session = await parameterized(bench);
        const unknown = structure(u16(3), octetString(parseObis('1.0.99.254.77.254')), i8(2));
        for (const parameter of [array([unknown]), u16(1)]) {
          const selection = { selector: 0, parameters: encodeData(parameter) };
          const answer = await session.request(readRequest({ name: SN.readByLogicalName, selection }));
          expect(outcomeOf(answer).kind !== 'data', 'it is answered by data');
        }
        await bench.alive('an unknown logical name', session);
      },
    },
  ],
);

/** Both ways of reading; a value that changes by itself is only held to its type. */
async function compare(session: Session, object: SurveyedObject, index: number): Promise<void> {
  const name = (object.baseName ?? 0) + NAME_STEP * (index - 1);
  const before = await session.readVariable({ name });
  const logical = await byLogicalName(session, object, index);
  const after = await session.readVariable({ name });
  if (before.kind !== 'data' || after.kind !== 'data') return;
  const what = `attribute ${index} of ${nameText(object)}`;
  expect(logical !== undefined, `${what} is not read by its logical name`);
  const changing = !equalBytes(before.data, after.data);
  const same = [before.data, after.data].some((data) => equalBytes(data, logical));
  expect(same || (changing && logical[0] === before.data[0]), `${what} differs by logical name`);
}
