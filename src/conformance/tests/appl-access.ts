import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import {
  type AccessRequestItem,
  type AccessResponse,
  decodeAccessResponse,
  encodeAccessRequest,
  LONG_INVOKE,
} from '../../dlms/apdu/access.ts';
import type { CosemAttribute } from '../../dlms/client-types.ts';
import { BIT } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { inGeneralBlocks } from '../general-blocks.ts';
import { type Answer, outcomeText, type Session } from '../session.ts';
import { OBJECT_LIST } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

const NAME_OF_ASSOCIATION: CosemAttribute = { ...OBJECT_LIST, attribute: 1 };
const NO_OBJECT: CosemAttribute = { classId: 3, obis: '1.0.99.254.77.254', attribute: 2 };
const NULL_DATA = Uint8Array.of(0);
const CONFIRMED = LONG_INVOKE.confirmed;
const ACCESS_RESPONSE = 0xda;

async function accessing(bench: Bench, more = 0): Promise<Session> {
  const session = await bench.associate({
    conformance: bench.usual | BIT.access | more,
    ...(more === 0 ? {} : { maxPdu: 512 }),
  });
  if (!session.granted(BIT.access)) notApplicable('ACCESS is not granted');
  // The service has no glo- tag of its own.
  if (bench.ciphered && !session.granted(BIT.generalProtection)) {
    notApplicable('general protection is not granted');
  }
  return session;
}

const get = (attribute: CosemAttribute): AccessRequestItem => ({ type: 'get', attribute });

function request(
  items: readonly AccessRequestItem[],
  longInvoke: number = CONFIRMED | 1,
  data: readonly Uint8Array[] = items.map(() => NULL_DATA),
): Uint8Array {
  return encodeAccessRequest({ longInvoke: longInvoke >>> 0, items, data });
}

/** @throws Failure when it is no access-response with as many results and data as there were items */
function responseOf(answer: Answer | undefined, items: number): AccessResponse {
  const plain = answer?.plain;
  if (plain?.[0] !== ACCESS_RESPONSE) {
    fail(`it is answered by ${plain === undefined ? 'nothing that opens' : describeApdu(plain)}`);
  }
  try {
    const response = decodeAccessResponse(plain);
    expect(response.results.length === items, `${response.results.length} results for ${items} items`);
    expect(response.data.length === items, `${response.data.length} values for ${items} items`);
    return response;
  } catch (error) {
    if (error instanceof DcuError) fail(`the access-response is malformed: ${error.message}`);
    throw error;
  }
}

async function ask(
  session: Session,
  items: readonly AccessRequestItem[],
  longInvoke?: number,
): Promise<AccessResponse> {
  return responseOf(await session.request(request(items, longInvoke)), items.length);
}

export const APPL_ACCESS_TESTS = defineTests(
  { group: 'APPL', reference: 'Green Book 9.3.13, the ACCESS service', needs: { referencing: 'ln' } },
  [
    {
      id: 'APPL_ACCESS_P1',
      title: 'A list of gets is answered in its order',
      purpose: 'Values and results are those that single GETs give.',
      async run(bench) {
        const session = await accessing(bench);
        const attributes = [DEVICE_NAME, NAME_OF_ASSOCIATION];
        const { data, results } = await ask(session, attributes.map(get));
        for (const [i, attribute] of attributes.entries()) {
          const alone = await session.get(attribute);
          const { type, result } = results[i] ?? {};
          expect(type === 'get' && result === 'success', `item ${i + 1} is ${type ?? '-'}, ${result ?? '-'}`);
          const value = data[i];
          const same = alone.kind === 'data' && value !== undefined && equalBytes(alone.data, value);
          expect(same, `item ${i + 1} is not what a single GET gives`);
        }
      },
    },
    {
      id: 'APPL_ACCESS_P2',
      title: 'One bad item does not spoil the others',
      purpose:
        'A get of an unknown object has a result of its own and null-data; the one behind it has data.',
      async run(bench) {
        const session = await accessing(bench);
        const { data, results } = await ask(session, [get(NO_OBJECT), get(DEVICE_NAME)]);
        expect(results[0]?.result !== 'success', 'an object that does not exist is found');
        expect(data[0]?.[0] === 0, 'a refused get has a value');
        expect(results[1]?.result === 'success', `the good item is ${results[1]?.result ?? '-'}`);
      },
    },
    {
      id: 'APPL_ACCESS_P3',
      title: 'The long invoke id comes back',
      purpose: 'Its 24 bits and the priority are repeated in the response.',
      async run(bench) {
        const session = await accessing(bench);
        for (const id of [0, 1, 0xabcdef, 0xffffff]) {
          const { longInvoke } = await ask(
            session,
            [get(DEVICE_NAME)],
            CONFIRMED | LONG_INVOKE.highPriority | id,
          );
          expect((longInvoke & LONG_INVOKE.id) === id, `${id} comes back as ${longInvoke & LONG_INVOKE.id}`);
          expect((longInvoke & LONG_INVOKE.highPriority) !== 0, 'the priority does not come back');
        }
      },
    },
    {
      id: 'APPL_ACCESS_P4',
      title: 'A self-descriptive response repeats the request',
      purpose: 'With the bit the specifications come back as they were sent, without it they do not.',
      async run(bench) {
        const session = await accessing(bench);
        const items = [get(DEVICE_NAME), get(NAME_OF_ASSOCIATION)];
        const described = await ask(session, items, CONFIRMED | LONG_INVOKE.selfDescriptive | 2);
        expect(described.items !== undefined, 'the specifications do not come back');
        const same = equalBytes(request(described.items), request(items));
        expect(same, 'the specifications that come back are others');
        expect(
          (await ask(session, items)).items === undefined,
          'they come back though they were not asked for',
        );
      },
    },
    {
      id: 'APPL_ACCESS_P5',
      title: 'Break on error stops behind the first fault',
      purpose: 'With the bit a get behind one that fails gives no data.',
      async run(bench) {
        const session = await accessing(bench);
        const items = [get(DEVICE_NAME), get(NO_OBJECT), get(NAME_OF_ASSOCIATION)];
        const { results, data } = await ask(session, items, CONFIRMED | LONG_INVOKE.breakOnError | 3);
        expect(results[0]?.result === 'success', 'the item before the fault has no success');
        expect(results[1]?.result !== 'success', 'an object that does not exist is found');
        expect(results[2]?.result !== 'success', 'the item behind the fault is served');
        expect(data[2]?.[0] === 0, 'the item behind the fault has a value');
      },
    },
    {
      id: 'APPL_ACCESS_P6',
      title: 'A long response comes in general blocks',
      purpose: 'The object list by ACCESS is what GET gives.',
      async run(bench) {
        const session = await accessing(bench, BIT.generalBlockTransfer);
        if (!session.granted(BIT.generalBlockTransfer))
          notApplicable('general block transfer is not granted');
        const { answer } = await inGeneralBlocks(session, request([get(OBJECT_LIST)]));
        const { data, results } = responseOf(answer, 1);
        expect(results[0]?.result === 'success', `it is answered by ${results[0]?.result ?? '-'}`);
        const due = await (await bench.associate()).read(OBJECT_LIST);
        if (due.kind !== 'data') notApplicable(`GET of the object list: ${outcomeText(due)}`);
        expect(data[0] !== undefined && equalBytes(data[0], due.data), 'it is another list');
      },
    },
    {
      id: 'APPL_ACCESS_N1',
      title: 'ACCESS needs its conformance bit',
      purpose: 'Where it was not proposed an access-request is refused.',
      async run(bench) {
        const session = await bench.associate();
        if (session.granted(BIT.access)) notApplicable('ACCESS is granted all the same');
        const answer = await session.request(request([get(DEVICE_NAME)]), bench.target.quietMs);
        expect(answer?.plain?.[0] !== ACCESS_RESPONSE, 'ACCESS is served although it was not negotiated');
        await bench.alive('ACCESS that was not negotiated', session);
      },
    },
    {
      id: 'APPL_ACCESS_N2',
      title: 'As many values as items are needed',
      purpose: 'Two gets with one value are refused.',
      async run(bench) {
        const session = await accessing(bench);
        const odd = request([get(DEVICE_NAME), get(NAME_OF_ASSOCIATION)], CONFIRMED, [NULL_DATA]);
        const answer = await session.request(odd, bench.target.quietMs);
        expect(answer?.plain?.[0] !== ACCESS_RESPONSE, 'it is served');
        await bench.alive('ACCESS with too few values', session);
      },
    },
    {
      id: 'APPL_ACCESS_N3',
      title: 'The secret of the association is not readable',
      purpose: 'Attribute 7 of the current association is refused by ACCESS too.',
      async run(bench) {
        const session = await accessing(bench);
        const { results, data } = await ask(session, [get({ ...OBJECT_LIST, attribute: 7 })]);
        expect(results[0]?.result !== 'success' && data[0]?.[0] === 0, 'the secret is given away');
      },
    },
    {
      id: 'APPL_ACCESS_N4',
      title: 'Malformed ACCESS does no harm',
      purpose: 'Requests that break off, an empty one and counts that lie are refused or passed over.',
      async run(bench) {
        const session = await accessing(bench);
        const good = request([get(DEVICE_NAME)]);
        const requests = [
          request([]),
          ...[6, 7, 10, good.length - 1].map((length) => good.subarray(0, length)),
          Uint8Array.of(0xd9, 0x40, 0, 0, 1, 0, 0x84, 0xff, 0xff, 0xff, 0xff),
        ];
        for (const plain of requests) {
          if (session.link.closed) break;
          await session.request(plain, bench.target.quietMs);
        }
        await bench.alive('malformed ACCESS', session);
      },
    },
    {
      id: 'APPL_ACCESS_N5',
      title: 'What is read-only is not written by ACCESS',
      purpose: 'A set of attribute 1 is refused, and a get behind it is served.',
      needs: { writes: true },
      async run(bench) {
        const session = await accessing(bench);
        const items = [{ type: 'set' as const, attribute: NAME_OF_ASSOCIATION }, get(DEVICE_NAME)];
        const value = Uint8Array.of(0x09, 6, 0, 0, 40, 0, 0, 255);
        const plain = request(items, CONFIRMED, [value, NULL_DATA]);
        const { results } = responseOf(await session.request(plain), 2);
        expect(results[0]?.type === 'set', 'the result is not that of a set');
        expect(results[0].result !== 'success', 'a logical name is written');
        expect(results[1]?.result === 'success', `the get is answered by ${results[1]?.result ?? '-'}`);
      },
    },
    {
      id: 'APPL_ACCESS_N6',
      title: 'A method that does not exist is refused by ACCESS',
      purpose: 'An action of method 99 of the device name is refused, and a get behind it is served.',
      needs: { writes: true },
      async run(bench) {
        const session = await accessing(bench);
        const method = { ...DEVICE_NAME, attribute: 99 };
        const { results } = await ask(session, [{ type: 'action', method }, get(DEVICE_NAME)]);
        expect(results[0]?.type === 'action', 'the result is not that of an action');
        expect(results[0].result !== 'success', 'a method that does not exist succeeds');
        expect(results[1]?.result === 'success', `the get is answered by ${results[1]?.result ?? '-'}`);
      },
    },
    {
      id: 'APPL_ATTR0_P1',
      title: 'Attribute 0 is all attributes',
      purpose: 'Where attribute0-supported-with-get is granted, the device name comes with its logical name.',
      reference: 'Green Book 9.3.6, attribute_0',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.usual | BIT.attribute0Get });
        if (!session.granted(BIT.attribute0Get)) notApplicable('attribute 0 is not granted');
        const all = await session.get({ ...DEVICE_NAME, attribute: 0 });
        expect(all.kind === 'data', `it is answered by ${outcomeText(all)}`);
        const own = await session.get({ ...DEVICE_NAME, attribute: 1 });
        const value = await session.get(DEVICE_NAME);
        if (own.kind !== 'data' || value.kind !== 'data') notApplicable('an attribute is not readable');
        const due = new Uint8Array([0x02, 2, ...own.data, ...value.data]);
        expect(equalBytes(all.data, due), 'it is not the structure of both attributes');
      },
    },
    {
      id: 'APPL_NOTIFY_N1',
      title: 'Notifications to a meter are not misunderstood',
      purpose: 'DataNotification, its confirmation and EventNotification lead to no service and no harm.',
      reference: 'Green Book 9.3.10, DataNotification',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.usual | BIT.dataNotification });
        for (const plain of [
          Uint8Array.of(0x0f, 0x40, 0, 0, 1, 0, 0x02, 1, 0x11, 7),
          Uint8Array.of(0x10, 0, 0, 0, 1, 0),
          Uint8Array.of(0xc2, 0, 0, 1, 0, 0, 42, 0, 0, 255, 2, 0x09, 1, 0x41),
        ]) {
          if (session.link.closed) break;
          const answer = await session.request(plain, bench.target.quietMs);
          const tag = answer?.plain?.[0];
          const fits = tag === undefined || tag === 0xd8 || tag === 0x0e;
          expect(
            fits,
            `${describeApdu(plain)} is answered by ${answer?.plain && describeApdu(answer.plain)}`,
          );
        }
        await bench.alive('notifications', session);
      },
    },
  ],
);
