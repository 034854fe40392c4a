import { concat, equalBytes } from '../../base/bytes.ts';
import { buildFrame, CONTROL, type Defects, kindOf } from '../hdlc-frame.ts';
import { DEFAULTS, parameterField } from '../hdlc-parameters.ts';
import type { HdlcStation } from '../hdlc-station.ts';
import { defineTests } from '../test-case.ts';
import { expect } from '../verdict.ts';

const FLAG = 0x7e;
/** Enough for TCP to send them apart, far below any inter-octet time-out. */
const BETWEEN_OCTETS_MS = 3;
const INFO = parameterField(DEFAULTS);

const snrm = (station: HdlcStation, defects?: Defects): Uint8Array =>
  station.frame(CONTROL.snrm, INFO, false, defects);

/** The meter answers a good SNRM; after what it has gone through a second try is granted. */
export async function recovers(station: HdlcStation, after: string, tries = 2): Promise<void> {
  for (let i = 0; i < tries; i++) {
    const answer = await station.ask(snrm(station), station.timeoutMs);
    if (answer !== undefined && kindOf(answer.control) === 'ua') return;
  }
  expect(false, `a good SNRM is not answered after ${after}`);
}

/** Sends what must not be answered, then something good. */
async function ignored(station: HdlcStation, bytes: Uint8Array, what: string): Promise<void> {
  await station.line.send(bytes, what);
  expect(await station.silent(), `${what} is answered`);
  await recovers(station, what);
}

async function accepted(station: HdlcStation, bytes: Uint8Array, what: string): Promise<void> {
  const answer = await station.ask(bytes, station.timeoutMs, what);
  expect(answer !== undefined, `${what} is not answered`);
  expect(kindOf(answer.control) === 'ua', `${what} is answered by ${kindOf(answer.control)}`);
}

export const HDLC_FRAME_TESTS = defineTests(
  {
    group: 'HDLC',
    reference: 'Green Book 8.4.1, frame format type 3 (IEC 62056-46)',
    needs: { framing: 'hdlc' },
  },
  [
    {
      id: 'HDLC_FRAME_P1',
      title: 'A good frame is answered by a good frame',
      purpose: 'SNRM is answered by UA with P/F set, both check sequences right and addresses exchanged.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.line.send(snrm(station));
        const answer = await station.line.receive(station.timeoutMs);
        expect(answer !== undefined, 'SNRM is not answered by a good frame');
        expect(
          answer.control === CONTROL.ua,
          `the control field of the answer is 0x${answer.control.toString(16)}`,
        );
        expect(equalBytes(answer.destination, station.client), 'the answer is not addressed to the client');
        expect(
          equalBytes(answer.source, station.server),
          'the answer does not come from the address that was asked',
        );
      },
    },
    {
      id: 'HDLC_FRAME_P2',
      title: 'Flags between frames are filling',
      purpose: 'Several flags before a frame are taken as one.',
      async run(bench) {
        const station = await bench.hdlc();
        await accepted(
          station,
          snrm(station, { open: new Uint8Array(4).fill(FLAG) }),
          'SNRM behind four flags',
        );
      },
    },
    {
      id: 'HDLC_FRAME_P3',
      title: 'One flag ends a frame and begins the next',
      purpose: 'Of two frames with a common flag, the first for another station, the second is answered.',
      async run(bench) {
        const station = await bench.hdlc();
        const other = buildFrame({
          destination: Uint8Array.of(0x02, 0xfd),
          source: station.client,
          control: CONTROL.snrm,
        });
        const pair = concat([other.subarray(0, -1), snrm(station)]);
        await accepted(station, pair, 'SNRM behind a frame for another station');
      },
    },
    {
      id: 'HDLC_FRAME_P4',
      title: 'A frame may come octet by octet',
      purpose: 'A frame sent in single octets is put together.',
      async run(bench) {
        const station = await bench.hdlc();
        const frame = snrm(station);
        for (const byte of frame.subarray(0, -1)) {
          await station.line.send(Uint8Array.of(byte), 'one octet');
          await bench.pause(BETWEEN_OCTETS_MS);
        }
        await accepted(station, frame.subarray(-1), 'SNRM in single octets');
      },
    },
    {
      id: 'HDLC_FRAME_N1',
      title: 'A wrong frame check sequence is not answered',
      purpose: 'A frame whose FCS does not match is dropped without an answer; the next one is served.',
      async run(bench) {
        const station = await bench.hdlc();
        await ignored(station, snrm(station, { spoilFrameCheck: true }), 'an SNRM with a wrong FCS');
      },
    },
    {
      id: 'HDLC_FRAME_N2',
      title: 'A wrong header check sequence is not answered',
      purpose: 'A frame whose HCS does not match is dropped without an answer; the next one is served.',
      async run(bench) {
        const station = await bench.hdlc();
        await ignored(station, snrm(station, { spoilHeaderCheck: true }), 'an SNRM with a wrong HCS');
      },
    },
    {
      id: 'HDLC_FRAME_N3',
      title: 'A frame without opening flag is not answered',
      purpose: 'Behind octets that are no flag, a frame without its flag is not recognized.',
      async run(bench) {
        const station = await bench.hdlc();
        const bytes = snrm(station, { open: Uint8Array.of(0x55, 0x55) });
        await ignored(station, bytes, 'an SNRM without opening flag');
      },
    },
    {
      id: 'HDLC_FRAME_N4',
      title: 'Another frame format type is not answered',
      purpose: 'A frame whose format field does not say type 3 is dropped.',
      async run(bench) {
        const station = await bench.hdlc();
        await ignored(station, snrm(station, { formatType: 0x5 }), 'an SNRM of format type 5');
      },
    },
    {
      id: 'HDLC_FRAME_N5',
      title: 'A length field that is too great is not answered',
      purpose: 'A frame that is shorter than it says is dropped; the next one is served.',
      async run(bench) {
        const station = await bench.hdlc();
        await ignored(station, snrm(station, { lengthDelta: 1 }), 'an SNRM whose length is one too great');
      },
    },
    {
      id: 'HDLC_FRAME_N6',
      title: 'A length field that is too small is not answered',
      purpose: 'A frame that is longer than it says is dropped; the next one is served.',
      async run(bench) {
        const station = await bench.hdlc();
        await ignored(station, snrm(station, { lengthDelta: -1 }), 'an SNRM whose length is one too small');
      },
    },
    {
      id: 'HDLC_FRAME_N7',
      title: 'A frame that breaks off is forgotten',
      purpose: 'After the inter-octet time-out the half of a frame no longer disturbs the next one.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.line.send(snrm(station).subarray(0, 12), 'the beginning of an SNRM');
        expect(await station.silent(), 'half a frame is answered');
        await bench.pause(Math.max(station.config.interOctetTimeoutMs, station.quietMs));
        await recovers(station, 'a frame that broke off');
      },
    },
    {
      id: 'HDLC_FRAME_N8',
      title: 'A good frame directly behind a broken one is found',
      purpose: 'A frame cut off in the middle and followed at once by good ones does not wedge the receiver.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.line.send(snrm(station).subarray(0, 12), 'the beginning of an SNRM');
        await recovers(station, 'a frame cut off in the middle', 3);
      },
    },
    {
      id: 'HDLC_FRAME_N9',
      title: 'Three thousand octets without a flag do no harm',
      purpose: 'Line noise without flags is passed over and bounded.',
      async run(bench) {
        const station = await bench.hdlc();
        const noise = bench.randomBytes(3000).map((byte) => (byte === FLAG ? 0 : byte));
        await ignored(station, noise, 'noise without flags');
      },
    },
    {
      id: 'HDLC_FRAME_N10',
      title: 'A frame without closing flag is not answered',
      purpose: 'Where the closing flag is due another octet stands; the next frame is served.',
      async run(bench) {
        const station = await bench.hdlc();
        await ignored(station, snrm(station, { close: Uint8Array.of(0x00) }), 'an SNRM without closing flag');
      },
    },
  ],
);
