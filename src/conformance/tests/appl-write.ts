import { concat } from '../../base/bytes.ts';
import { encodeActionRequest } from '../../dlms/apdu/action.ts';
import { dataAccessResultName } from '../../dlms/apdu/results.ts';
import { encodeSetRequest } from '../../dlms/apdu/set.ts';
import type { CosemAttribute } from '../../dlms/client-types.ts';
import { BIT } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { isHls } from '../hls.ts';
import type { Session } from '../session.ts';
import { survey } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, notApplicable } from '../verdict.ts';

const OCTETS = Uint8Array.of(0x09, 1, 0x41);

const setRequest = (attribute: CosemAttribute, value: Uint8Array): Uint8Array =>
  encodeSetRequest({ type: 'normal', invoke: 0xc1, request: { attribute }, value });

/** Result of a SET or ACTION by name, or what else came. */
function resultOf(plain: Uint8Array | undefined): string {
  if (plain === undefined) return 'no answer';
  if ((plain[0] === 0xc5 || plain[0] === 0xc7) && plain[1] === 1) return dataAccessResultName(plain[3] ?? 0);
  return describeApdu(plain);
}

async function send(session: Session, plain: Uint8Array): Promise<string> {
  return resultOf((await session.request(plain))?.plain);
}

async function setting(bench: Bench): Promise<Session> {
  const session = await bench.associate();
  return session.granted(BIT.set) ? session : notApplicable('SET is not granted');
}

async function acting(bench: Bench): Promise<Session> {
  const session = await bench.associate();
  return session.granted(BIT.action) ? session : notApplicable('ACTION is not granted');
}

export const APPL_WRITE_TESTS = defineTests(
  {
    group: 'APPL',
    reference: 'Green Book 9.3.7 and 9.3.8, SET and ACTION',
    needs: { writes: true, referencing: 'ln' },
  },
  [
    {
      id: 'APPL_SET_N1',
      title: 'A read-only attribute is not written',
      purpose: 'SET of the logical device name, which the object list states as read-only, is refused.',
      async run(bench) {
        const { objects } = await survey(bench);
        const name = objects
          .find(({ obis }) => obis === DEVICE_NAME.obis)
          ?.attributes.find(({ index }) => index === 2);
        if (name === undefined || name.writable) notApplicable('no read-only device name is listed');
        const session = await setting(bench);
        const result = await send(session, setRequest(DEVICE_NAME, OCTETS));
        expect(result === 'read-write-denied', `it is answered by ${result}`);
        await bench.alive('a refused SET', session);
      },
    },
    {
      id: 'APPL_SET_N2',
      title: 'A logical name is not written',
      purpose: 'SET of attribute 1 is refused.',
      async run(bench) {
        const session = await setting(bench);
        const value = Uint8Array.of(0x09, 6, 0, 0, 42, 0, 0, 255);
        const result = await send(session, setRequest({ ...DEVICE_NAME, attribute: 1 }, value));
        expect(
          result === 'read-write-denied' || result === 'object-undefined',
          `it is answered by ${result}`,
        );
      },
    },
    {
      id: 'APPL_SET_N3',
      title: 'An object that does not exist is not written',
      purpose: 'SET of an unknown logical name brings object-undefined.',
      async run(bench) {
        const session = await setting(bench);
        const result = await send(
          session,
          setRequest({ classId: 1, obis: '0.0.99.254.77.254', attribute: 2 }, OCTETS),
        );
        expect(
          result === 'object-undefined' || result === 'object-unavailable',
          `it is answered by ${result}`,
        );
      },
    },
    {
      id: 'APPL_SET_N4',
      title: 'A value of the wrong type is not written',
      purpose: 'SET of the clock’s time to a boolean brings type-unmatched.',
      async run(bench) {
        const { objects } = await survey(bench);
        const clock = objects.find(({ classId }) => classId === 8);
        const time = clock?.attributes.find(({ index }) => index === 2);
        if (clock === undefined || !time?.writable) notApplicable('no clock can be set');
        const session = await setting(bench);
        const attribute = { classId: 8, obis: clock.obis, attribute: 2 };
        const result = await send(session, setRequest(attribute, Uint8Array.of(0x03, 1)));
        expect(result === 'type-unmatched', `it is answered by ${result}`);
      },
    },
    {
      id: 'APPL_SET_N5',
      title: 'A value that breaks off is not written',
      purpose: 'SET whose octet-string is shorter than it says is refused; the meter serves on.',
      async run(bench) {
        const session = await setting(bench);
        const request = setRequest(DEVICE_NAME, OCTETS);
        const broken = concat([request.subarray(0, -3), Uint8Array.of(0x09, 0x20, 0x41)]);
        const answer = await session.request(broken, bench.target.quietMs);
        expect(resultOf(answer?.plain) !== 'success', 'a broken value is written');
        await bench.alive('a broken SET', session);
      },
    },
    {
      id: 'APPL_SET_N6',
      title: 'SET without an association is not served',
      purpose: 'Before AARQ a SET brings an exception or nothing.',
      async run(bench) {
        const link = await bench.connect();
        const answer = await bench.exchange(link, setRequest(DEVICE_NAME, OCTETS), bench.target.quietMs);
        expect(resultOf(answer) !== 'success', 'a SET without an association succeeds');
      },
    },
    {
      id: 'APPL_SET_N7',
      title: 'SET needs its conformance bit',
      purpose: 'Where only GET was proposed, SET is refused.',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.with(BIT.get) });
        const answer = await session.request(setRequest(DEVICE_NAME, OCTETS), bench.target.quietMs);
        expect(answer?.plain?.[0] !== 0xc5, `it is answered by ${resultOf(answer?.plain)}`);
      },
    },
    {
      id: 'APPL_ACTION_N1',
      title: 'A method that does not exist is refused',
      purpose: 'ACTION of method 99 of the device name succeeds with nothing.',
      async run(bench) {
        const session = await acting(bench);
        const method = { ...DEVICE_NAME, attribute: 99 };
        const result = await send(session, encodeActionRequest({ type: 'normal', invoke: 0xc1, method }));
        expect(result !== 'success' && result !== 'no answer', `it is answered by ${result}`);
        await bench.alive('a refused ACTION', session);
      },
    },
    {
      id: 'APPL_ACTION_N2',
      title: 'A method of an object that does not exist is refused',
      purpose: 'ACTION on an unknown logical name brings object-undefined.',
      async run(bench) {
        const session = await acting(bench);
        const method = { classId: 70, obis: '0.0.99.254.77.254', attribute: 1 };
        const result = await send(session, encodeActionRequest({ type: 'normal', invoke: 0xc1, method }));
        expect(
          result === 'object-undefined' || result === 'object-unavailable',
          `it is answered by ${result}`,
        );
      },
    },
    {
      id: 'APPL_ACTION_N3',
      title: 'ACTION needs its conformance bit',
      purpose: 'Where only GET was proposed, ACTION is refused.',
      async run(bench) {
        if (isHls(bench.target.security.auth)) notApplicable('HLS itself needs ACTION');
        const session = await bench.associate({ conformance: BIT.get });
        const method = { ...DEVICE_NAME, attribute: 1 };
        const plain = encodeActionRequest({ type: 'normal', invoke: 0xc1, method });
        const answer = await session.request(plain, bench.target.quietMs);
        expect(answer?.plain?.[0] !== 0xc7, `it is answered by ${resultOf(answer?.plain)}`);
      },
    },
  ],
);
