import { equalBytes } from '../../base/bytes.ts';
import { encodeGetRequest } from '../../dlms/apdu/get.ts';
import { decodeData, encodeData } from '../../dlms/axdr.ts';
import type { AccessSelection, CosemAttribute } from '../../dlms/client-types.ts';
import { captureObjectOf } from '../../dlms/cosem/selective-access.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { BIT } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { outcomeOf, outcomeText, type Session } from '../session.ts';
import { elementsOf, numberOf, type SurveyedObject, survey } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

const FEW = 4;

/** A profile of the meter whose buffer is readable by entry and has some rows. */
async function profileWithRows(bench: Bench, least: number): Promise<SurveyedObject> {
  const { objects } = await survey(bench);
  const found = objects.find((object) => {
    const buffer = object.attributes.find(({ index }) => index === 2);
    const inUse = numberOf(object.attributes.find(({ index }) => index === 7)?.value) ?? 0;
    return (
      object.classId === 7 && buffer?.readable === true && buffer.selectors.includes(2) && inUse >= least
    );
  });
  return found ?? notApplicable(`no profile with ${least} rows can be read by entry`);
}

const bufferOf = ({ classId, obis }: SurveyedObject): CosemAttribute => ({ classId, obis, attribute: 2 });

async function rows(
  session: Session,
  attribute: CosemAttribute,
  selection: AccessSelection,
): Promise<readonly DlmsData[]> {
  const outcome = await session.read(attribute, selection);
  if (outcome.kind !== 'data') fail(`rows are answered by ${outcomeText(outcome)}`);
  const value = decodeData(outcome.data);
  return elementsOf(value) ?? fail('the buffer is no array');
}

const sameRow = (a: DlmsData | undefined, b: DlmsData | undefined): boolean =>
  a !== undefined && b !== undefined && equalBytes(encodeData(a), encodeData(b));

const entries = (fromEntry: number, toEntry: number, more: object = {}): AccessSelection => ({
  by: 'entry',
  fromEntry,
  toEntry,
  ...more,
});

const selectionBit = ({ referencing }: Bench): number =>
  referencing === 'sn' ? BIT.parameterizedAccess : BIT.selectiveAccess;

async function selecting(bench: Bench): Promise<Session> {
  const session = await bench.associate();
  return session.granted(selectionBit(bench)) ? session : notApplicable('selective access is not granted');
}

export const APPL_SELECTIVE_TESTS = defineTests(
  { group: 'APPL', reference: 'Green Book 9.3.6 and Blue Book, class 7, selective access' },
  [
    {
      id: 'APPL_SEL_P1',
      title: 'Entries are those of the whole buffer',
      purpose: 'Rows 2 to 3 are the second and third of rows 1 to 4.',
      async run(bench) {
        const profile = await profileWithRows(bench, FEW + 2);
        const session = await selecting(bench);
        const whole = await rows(session, bufferOf(profile), entries(1, FEW));
        const part = await rows(session, bufferOf(profile), entries(2, 3));
        expect(whole.length === FEW, `rows 1 to ${FEW} are ${whole.length}`);
        expect(part.length === 2, `rows 2 to 3 are ${part.length}`);
        expect(
          sameRow(part[0], whole[1]) && sameRow(part[1], whole[2]),
          'rows 2 to 3 are not the second and third',
        );
      },
    },
    {
      id: 'APPL_SEL_P2',
      title: 'Columns are those of the whole row',
      purpose: 'Columns 1 to 1 of a row are its first element.',
      async run(bench) {
        const profile = await profileWithRows(bench, FEW);
        const session = await selecting(bench);
        const [whole] = await rows(session, bufferOf(profile), entries(1, 1));
        const [part] = await rows(session, bufferOf(profile), entries(1, 1, { fromColumn: 1, toColumn: 1 }));
        const cells = elementsOf(part);
        expect(cells?.length === 1, `column 1 of a row has ${cells?.length ?? 'no'} elements`);
        expect(sameRow(cells[0], elementsOf(whole)?.[0]), 'column 1 is not the first element of the row');
      },
    },
    {
      id: 'APPL_SEL_P3',
      title: 'Rows of a range are those within it',
      purpose: 'The range from the time of the second to that of the third row gives these two rows.',
      async run(bench) {
        const profile = await profileWithRows(bench, FEW + 2);
        const buffer = profile.attributes.find(({ index }) => index === 2);
        const captured = elementsOf(profile.attributes.find(({ index }) => index === 3)?.value)?.[0];
        const restricting = captured && captureObjectOf(captured);
        if (!buffer?.selectors.includes(1)) notApplicable('the profile cannot be read by range');
        if (restricting?.classId !== 8) notApplicable('the first column of the profile is not the clock');
        const session = await selecting(bench);
        const whole = await rows(session, bufferOf(profile), entries(1, FEW));
        const from = elementsOf(whole[1])?.[0];
        const to = elementsOf(whole[2])?.[0];
        if (from === undefined || to === undefined) notApplicable('the rows have no time');
        const part = await rows(session, bufferOf(profile), { by: 'range', restricting, from, to });
        expect(part.length === 2, `a range of two rows gives ${part.length}`);
        expect(sameRow(part[0], whole[1]) && sameRow(part[1], whole[2]), 'a range gives other rows');
      },
    },
    {
      id: 'APPL_SEL_P4',
      title: 'Entries beyond the last are none',
      purpose: 'Rows far beyond the buffer are an empty array or refused.',
      async run(bench) {
        const profile = await profileWithRows(bench, 1);
        const session = await selecting(bench);
        const outcome = await session.read(bufferOf(profile), entries(0x7fff_0000, 0x7fff_0001));
        if (outcome.kind === 'refused') return;
        expect(outcome.kind === 'data', `it is answered by ${outcomeText(outcome)}`);
        expect(elementsOf(decodeData(outcome.data))?.length === 0, 'there are rows beyond the last one');
      },
    },
    {
      id: 'APPL_SEL_N1',
      title: 'An access selector that is not defined is refused',
      purpose: 'Selector 99 of a buffer brings no data.',
      async run(bench) {
        const profile = await profileWithRows(bench, 1);
        const session = await selecting(bench);
        const selection = { selector: 99, parameters: Uint8Array.of(0) };
        const request = { attribute: bufferOf(profile), selection };
        const plain = encodeGetRequest({ type: 'normal', invoke: 0xc1, request });
        const outcome = outcomeOf(await session.request(plain));
        expect(
          outcome.kind === 'refused' || outcome.kind === 'exception',
          `it is answered by ${outcomeText(outcome)}`,
        );
      },
    },
    {
      id: 'APPL_SEL_N2',
      title: 'Selective access to an attribute that has none is refused',
      purpose: 'The logical device name cannot be read by entry.',
      async run(bench) {
        const session = await selecting(bench);
        const outcome = await session.get(DEVICE_NAME, entries(1, 1));
        expect(
          outcome.kind === 'refused' || outcome.kind === 'exception',
          `it is answered by ${outcomeText(outcome)}`,
        );
      },
    },
    {
      id: 'APPL_SEL_N3',
      title: 'Selective access needs its conformance bit',
      purpose: 'Where it was not negotiated, a selection is refused.',
      async run(bench) {
        const profile = await profileWithRows(bench, 1);
        const session = await bench.associate({ conformance: bench.with(bench.readBit | BIT.blockGet) });
        if (session.granted(selectionBit(bench))) notApplicable('selective access is granted all the same');
        const outcome = await session.get(bufferOf(profile), entries(1, 1), bench.target.quietMs);
        expect(outcome.kind !== 'data', 'selective access is served although it was not negotiated');
      },
    },
    {
      id: 'APPL_SEL_N4',
      needs: { referencing: 'ln' },
      title: 'A descriptor of the wrong shape is refused',
      purpose: 'An entry_descriptor that is an integer brings no data.',
      async run(bench) {
        const profile = await profileWithRows(bench, 1);
        const session = await selecting(bench);
        const selection = { selector: 2, parameters: Uint8Array.of(0x11, 1) };
        const request = { attribute: bufferOf(profile), selection };
        const plain = encodeGetRequest({ type: 'normal', invoke: 0xc1, request });
        const outcome = outcomeOf(await session.request(plain));
        expect(
          outcome.kind === 'refused' || outcome.kind === 'exception',
          `it is answered by ${outcomeText(outcome)}`,
        );
      },
    },
  ],
);
