import { ByteWriter, equalBytes } from '../../base/bytes.ts';
import { dataAccessResultName } from '../../dlms/apdu/results.ts';
import { BIT } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import type { Session } from '../session.ts';
import { SN } from '../short-names.ts';
import { defineTests } from '../test-case.ts';
import { expect, notApplicable } from '../verdict.ts';

const OCTETS = Uint8Array.of(0x09, 1, 0x41);
const UNCONFIRMED_WRITE = 0x16;
const SUCCESS = 'success';

/** write-request, or with another tag, of one variable and as many values as are given. */
function writeRequest(
  name: number,
  values: readonly Uint8Array[],
  tag: number = SN.writeRequest,
): Uint8Array {
  const writer = new ByteWriter(64).u8(tag).u8(1).u8(2).u16(name).u8(values.length);
  for (const value of values) writer.put(value);
  return writer.done();
}

/** Result of a write by name, or what else came. */
function resultOf(plain: Uint8Array | undefined): string {
  if (plain === undefined) return 'no answer';
  if (plain[0] !== SN.writeResponse || plain[1] !== 1) return describeApdu(plain);
  return plain[2] === 0 ? SUCCESS : dataAccessResultName(plain[3] ?? 0);
}

async function writing(bench: Bench): Promise<Session> {
  const session = await bench.associate();
  return session.granted(BIT.write) ? session : notApplicable('WRITE is not granted');
}

export const SN_WRITE_TESTS = defineTests(
  {
    group: 'APPL',
    reference: 'Green Book 9.3.15 and 9.3.16, Write and UnconfirmedWrite',
    needs: { referencing: 'sn', writes: true },
  },
  [
    {
      id: 'SN_WRITE_N1',
      title: 'A logical name is not written',
      purpose: 'WRITE of attribute 1 of the association is refused.',
      async run(bench) {
        const session = await writing(bench);
        const value = Uint8Array.of(0x09, 6, 0, 0, 40, 0, 0, 255);
        const result = resultOf((await session.request(writeRequest(SN.association, [value])))?.plain);
        expect(result !== SUCCESS && result !== 'no answer', `it is answered by ${result}`);
        await bench.alive('a refused WRITE', session);
      },
    },
    {
      id: 'SN_WRITE_N2',
      title: 'A name between attributes is not written',
      purpose: 'WRITE one octet behind the device name is refused.',
      async run(bench) {
        const session = await writing(bench);
        const result = resultOf((await session.request(writeRequest(SN.deviceName + 1, [OCTETS])))?.plain);
        expect(result !== SUCCESS && result !== 'no answer', `it is answered by ${result}`);
      },
    },
    {
      id: 'SN_WRITE_N3',
      title: 'Fewer values than variables are refused',
      purpose: 'WRITE of the device name without a value changes nothing.',
      async run(bench) {
        const session = await writing(bench);
        const answer = await session.request(writeRequest(SN.deviceName, []), bench.target.quietMs);
        const result = resultOf(answer?.plain);
        expect(result !== SUCCESS, 'a WRITE without a value succeeds');
        await bench.alive('a WRITE without a value', session);
      },
    },
    {
      id: 'SN_WRITE_N4',
      title: 'WRITE needs its conformance bit',
      purpose: 'Where only READ was proposed, WRITE is refused.',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.with(BIT.read) });
        const answer = await session.request(writeRequest(SN.deviceName, [OCTETS]), bench.target.quietMs);
        expect(resultOf(answer?.plain) !== SUCCESS, 'WRITE is served though it was not negotiated');
        expect(answer?.plain?.[0] !== SN.writeResponse, `it is answered by ${resultOf(answer?.plain)}`);
      },
    },
    {
      id: 'SN_WRITE_N5',
      title: 'WRITE without an association is not served',
      purpose: 'Before AARQ a WRITE brings an exception or nothing.',
      async run(bench) {
        const link = await bench.connect();
        const request = writeRequest(SN.deviceName, [OCTETS]);
        const answer = await bench.exchange(link, request, bench.target.quietMs);
        expect(resultOf(answer) !== SUCCESS, 'a WRITE without an association succeeds');
      },
    },
    {
      id: 'SN_WRITE_N6',
      title: 'An unconfirmed write is not answered, and what is read-only stays',
      purpose:
        'UnconfirmedWrite of the logical name of the association changes nothing and brings no answer.',
      async run(bench) {
        const session = await bench.associate();
        if (!session.granted(BIT.unconfirmedWrite)) notApplicable('UnconfirmedWrite is not granted');
        const before = await session.readVariable({ name: SN.association });
        const value = Uint8Array.of(0x09, 6, 1, 1, 1, 1, 1, 1);
        const request = writeRequest(SN.association, [value], UNCONFIRMED_WRITE);
        const answer = await session.request(request, bench.target.quietMs);
        expect(answer === undefined, `it is answered by ${answer?.plain ? describeApdu(answer.plain) : '?'}`);
        if (session.link.closed) return;
        const after = await session.readVariable({ name: SN.association });
        const same = before.kind === 'data' && after.kind === 'data' && equalBytes(before.data, after.data);
        expect(same, 'the value is not what it was');
      },
    },
  ],
);
