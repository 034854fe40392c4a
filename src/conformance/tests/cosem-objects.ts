import { equalBytes } from '../../base/bytes.ts';
import { attributesOf, checkAgainst, interfaceClass } from '../../dlms/cosem/classes/index.ts';
import { parseObis } from '../../dlms/obis.ts';
import type { Bench } from '../bench.ts';
import { outcomeText } from '../session.ts';
import {
  elementsOf,
  NOT_STATED,
  numberOf,
  octetsOf,
  type Survey,
  type SurveyedAttribute,
  type SurveyedObject,
  survey,
} from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

const nameOf = ({ classId, obis }: SurveyedObject, index?: number): string =>
  `${classId}:${obis}${index === undefined ? '' : `:${index}`}`;

const MOST_NAMED = 8;

/** Fails with what is wrong, the first of it with its frames. */
function complain(
  bench: Bench,
  complaints: readonly { readonly text: string; readonly at?: SurveyedAttribute }[],
): void {
  const [first] = complaints;
  if (first === undefined) return;
  for (const { at } of complaints.slice(0, MOST_NAMED)) bench.evidence.adopt(at?.evidence ?? []);
  const more = complaints.length > MOST_NAMED ? `, and ${complaints.length - MOST_NAMED} more` : '';
  fail(
    complaints
      .slice(0, MOST_NAMED)
      .map(({ text }) => text)
      .join('; ') + more,
  );
}

const pairs = ({ objects }: Survey): { object: SurveyedObject; attribute: SurveyedAttribute }[] =>
  objects.flatMap((object) => object.attributes.map((attribute) => ({ object, attribute })));

const MANDATORY = ['0.0.40.0.0.255', '0.0.42.0.0.255'];

export const COSEM_OBJECT_TESTS = [
  ...defineTests({ group: 'COSEM', reference: 'Blue Book 4.4.4, class 15 Association LN, object_list' }, [
    {
      id: 'COSEM_LIST_P1',
      title: 'The object list is well formed',
      purpose: 'Each element has class, version, logical name and access rights in their types.',
      async run(bench) {
        const { objects, malformed } = await survey(bench);
        expect(objects.length > 0, 'the object list is empty');
        expect(malformed === 0, `${malformed} elements have another shape`);
      },
    },
    {
      id: 'COSEM_LIST_P2',
      title: 'No object is listed twice',
      purpose: 'A logical name stands for one object.',
      async run(bench) {
        const { objects } = await survey(bench);
        const seen = new Set<string>();
        for (const { obis } of objects) {
          expect(!seen.has(obis), `${obis} is listed twice`);
          seen.add(obis);
        }
      },
    },
    {
      id: 'COSEM_LIST_P3',
      title: 'The mandatory objects are listed',
      purpose: 'Current association and logical device name are visible in every association.',
      reference: 'Blue Book 4.1.8, mandatory objects',
      async run(bench) {
        const { objects } = await survey(bench);
        for (const name of MANDATORY) {
          expect(
            objects.some(({ obis }) => obis === name),
            `${name} is not listed`,
          );
        }
      },
    },
    {
      id: 'COSEM_LIST_P4',
      title: 'Access rights cover the attributes of the class',
      purpose: 'Each attribute that the class definition has appears in attribute_access, none twice.',
      async run(bench) {
        const { objects } = await survey(bench);
        const complaints: { text: string }[] = [];
        for (const object of objects) {
          const listed = object.attributes.map(({ index }) => index);
          if (new Set(listed).size < listed.length)
            complaints.push({ text: `${nameOf(object)} lists an attribute twice` });
          const definition = interfaceClass(object.classId);
          if (definition === undefined || !definition.versions.includes(object.version)) continue;
          const missing = [1, ...attributesOf(definition, object.version).map(({ index }) => index)].filter(
            (index) => !listed.includes(index),
          );
          if (missing.length > 0)
            complaints.push({ text: `${nameOf(object)} lacks attribute ${missing.join(', ')}` });
        }
        complain(bench, complaints);
      },
    },
    {
      id: 'COSEM_LIST_P5',
      title: 'access_mode has a value of its class version',
      purpose: 'Up to version 2 it is 0 to 6.',
      async run(bench) {
        const found = await survey(bench);
        const version = found.objects.find(({ obis }) => obis === '0.0.40.0.0.255')?.version ?? 1;
        const complaints = pairs(found)
          .filter(({ attribute }) => attribute.mode < NOT_STATED || attribute.mode > (version >= 3 ? 255 : 6))
          .map(({ object, attribute }) => ({
            text: `${nameOf(object, attribute.index)} has access_mode ${attribute.mode}`,
          }));
        complain(bench, complaints);
      },
    },
  ]),
  ...defineTests({ group: 'COSEM', reference: 'Blue Book 4, interface classes' }, [
    {
      id: 'COSEM_READ_P1',
      title: 'What the object list calls readable can be read',
      purpose: 'Every attribute with read access gives data.',
      async run(bench) {
        const complaints = pairs(await survey(bench))
          .filter(({ attribute: { outcome, mode } }) => {
            const due = outcome?.kind !== 'refused' || mode !== NOT_STATED;
            return outcome !== undefined && outcome.kind !== 'data' && due;
          })
          .map(({ object, attribute }) => ({
            text: `${nameOf(object, attribute.index)}: ${attribute.outcome ? outcomeText(attribute.outcome) : ''}`,
            at: attribute,
          }));
        complain(bench, complaints);
      },
    },
    {
      id: 'COSEM_READ_P2',
      title: 'Every value is COSEM data',
      purpose: 'What is read decodes as one A-XDR value.',
      async run(bench) {
        const complaints = pairs(await survey(bench))
          .filter(({ attribute }) => attribute.outcome?.kind === 'data' && attribute.value === undefined)
          .map(({ object, attribute }) => ({
            text: `${nameOf(object, attribute.index)} is no A-XDR value`,
            at: attribute,
          }));
        complain(bench, complaints);
      },
    },
    {
      id: 'COSEM_READ_P3',
      title: 'Attribute 1 of every object is its logical name',
      purpose: 'The six octets are those of the object list.',
      async run(bench) {
        const complaints = pairs(await survey(bench))
          .filter(({ object, attribute }) => {
            if (attribute.index !== 1 || attribute.value === undefined) return false;
            const name = octetsOf(attribute.value);
            return name === undefined || !equalBytes(name, parseObis(object.obis));
          })
          .map(({ object, attribute }) => ({ text: `${nameOf(object, 1)} is another name`, at: attribute }));
        complain(bench, complaints);
      },
    },
    {
      id: 'COSEM_READ_P4',
      title: 'Every value has the type and shape of its class',
      purpose: 'Values are held against the class definitions of the Blue Book.',
      async run(bench) {
        const complaints: { text: string; at: SurveyedAttribute }[] = [];
        for (const { object, attribute } of pairs(await survey(bench))) {
          const definition = interfaceClass(object.classId);
          if (definition === undefined || attribute.value === undefined || attribute.index < 2) continue;
          const [deviation] = checkAgainst(definition, object.version, attribute.index, attribute.value);
          if (deviation === undefined) continue;
          complaints.push({ text: `${nameOf(object, attribute.index)} ${deviation}`.trim(), at: attribute });
        }
        complain(bench, complaints);
      },
    },
    {
      id: 'COSEM_READ_N1',
      title: 'What the object list forbids cannot be read',
      purpose: 'Attributes without read access are refused.',
      async run(bench) {
        const forbidden = pairs(await survey(bench)).filter(({ attribute }) => !attribute.readable);
        if (forbidden.length === 0) notApplicable('every attribute is readable');
        const session = await bench.associate();
        const complaints: { text: string }[] = [];
        for (const { object, attribute } of forbidden.slice(0, 60)) {
          const { classId, obis } = object;
          const outcome = await session.get({ classId, obis, attribute: attribute.index });
          if (outcome.kind === 'data')
            complaints.push({ text: `${nameOf(object, attribute.index)} gives data` });
        }
        complain(bench, complaints);
      },
    },
    {
      id: 'COSEM_READ_P5',
      title: 'Class versions are those that the Blue Book knows',
      purpose: 'A known class has a version that is defined.',
      async run(bench) {
        const { objects } = await survey(bench);
        const complaints = objects
          .filter(({ classId, version }) => interfaceClass(classId)?.versions.includes(version) === false)
          .map((object) => ({ text: `${nameOf(object)} has version ${object.version}` }));
        complain(bench, complaints);
      },
    },
    {
      id: 'COSEM_NAME_P1',
      title: 'The logical device name is three letters and more',
      purpose: 'Up to 16 octets, the first three the manufacturer’s FLAG id.',
      reference: 'Blue Book 4.1.8.2, logical device name',
      async run(bench) {
        const { objects } = await survey(bench);
        const attribute = objects
          .find(({ obis }) => obis === '0.0.42.0.0.255')
          ?.attributes.find(({ index }) => index === 2);
        if (attribute?.value === undefined) notApplicable('the logical device name was not read');
        bench.evidence.adopt(attribute.evidence);
        const { value } = attribute;
        const text =
          value.type === 'octet-string'
            ? String.fromCharCode(...value.value)
            : value.type === 'visible-string'
              ? value.value
              : undefined;
        expect(text !== undefined, `it is a ${value.type}`);
        expect(text.length >= 4 && text.length <= 16, `it has ${text.length} octets`);
        expect(/^[A-Z]{3}/.test(text), 'it does not begin with three capital letters');
      },
    },
    {
      id: 'COSEM_SAP_P1',
      title: 'The SAP assignment lists this logical device',
      purpose: 'Its own address is in the list, each address once.',
      reference: 'Blue Book 4.4.5, class 17 SAP assignment',
      async run(bench) {
        const { objects } = await survey(bench);
        const attribute = objects
          .find(({ classId }) => classId === 17)
          ?.attributes.find(({ index }) => index === 2);
        if (attribute?.value === undefined) notApplicable('there is no SAP assignment');
        bench.evidence.adopt(attribute.evidence);
        const addresses = elementsOf(attribute.value)?.map((entry) => numberOf(elementsOf(entry)?.[0]));
        expect(addresses !== undefined, 'it is no list');
        expect(addresses.includes(bench.target.link.serverAddress), 'its own address is not in it');
        expect(new Set(addresses).size === addresses.length, 'an address is in it twice');
      },
    },
  ]),
];
