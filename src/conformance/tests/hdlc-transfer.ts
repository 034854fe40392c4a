import { concat, equalBytes } from '../../base/bytes.ts';
import { decodeData } from '../../dlms/axdr.ts';
import { aarq, parseAare } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import {
  CONTROL,
  type Frame,
  informationControl,
  isFinal,
  kindOf,
  notReadyControl,
  readyControl,
  receiveNumber,
  sendNumber,
} from '../hdlc-frame.ts';
import { DEFAULTS, type HdlcParameters, readParameters } from '../hdlc-parameters.ts';
import { HdlcStation } from '../hdlc-station.ts';
import { outcomeText, type Session } from '../session.ts';
import { numberOf, OBJECT_LIST } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

const LLC = Uint8Array.of(0xe6, 0xe6, 0x00);
const NEXT_POLL_MS = 20;

/** A link with nothing said on it yet. */
async function linked(bench: Bench, proposal?: HdlcParameters): Promise<HdlcStation> {
  const station = await bench.hdlc();
  await station.connect(proposal);
  return station;
}

const associationRequest = (bench: Bench): Uint8Array => concat([LLC, aarq(bench.fields())]);

/** The first frame that is not just RR, polling for it. */
async function informationAfter(
  bench: Bench,
  station: HdlcStation,
  frame: Uint8Array,
  withinMs: number,
): Promise<Frame | undefined> {
  let answer = await station.ask(frame, withinMs);
  for (let polls = 0; answer !== undefined && kindOf(answer.control) === 'rr' && polls < 10; polls++) {
    const next = station.frame(readyControl(station.nr));
    await bench.pause(NEXT_POLL_MS * 2 ** polls);
    answer = await station.ask(next, withinMs);
  }
  return answer;
}

/** An association whose link this test may look into. */
async function onStation(
  bench: Bench,
  hdlc: HdlcParameters,
): Promise<{ session: Session; station: HdlcStation }> {
  const session = await bench.associate({ hdlc, maxPdu: 2048 });
  const { link } = session;
  return link instanceof HdlcStation ? { session, station: link } : notApplicable('for HDLC only');
}

/** Reads the object list; whatever its length, it is longer than a small frame. */
async function readLong(session: Session): Promise<void> {
  const outcome = await session.read(OBJECT_LIST);
  expect(outcome.kind === 'data', `the object list is answered by ${outcomeText(outcome)}`);
}

export const HDLC_TRANSFER_TESTS = defineTests(
  {
    group: 'HDLC',
    reference: 'Green Book 8.4.5, data exchange in normal response mode (IEC 62056-46)',
    needs: { framing: 'hdlc' },
  },
  [
    {
      id: 'HDLC_INFO_P1',
      title: 'Information is numbered and acknowledged',
      purpose: 'The answer to the first I frame has N(S) = 0, N(R) = 1 and the LLC bytes E6 E7 00.',
      async run(bench) {
        const station = await linked(bench);
        const frame = station.frame(informationControl(0, 0), associationRequest(bench));
        const first = await station.ask(frame);
        expect(first !== undefined, 'information is not answered');
        expect(receiveNumber(first.control) === 1, 'the answer does not acknowledge the frame (N(R) = 1)');
        const answer =
          kindOf(first.control) === 'rr'
            ? await informationAfter(bench, station, station.frame(readyControl(0)), station.timeoutMs)
            : first;
        expect(answer !== undefined && kindOf(answer.control) === 'i', 'no information comes back');
        expect(sendNumber(answer.control) === 0, `N(S) of the first answer is ${sendNumber(answer.control)}`);
        expect(
          equalBytes(answer.info.subarray(0, 3), Uint8Array.of(0xe6, 0xe7, 0x00)),
          'the answer has not the LLC bytes E6 E7 00',
        );
      },
    },
    {
      id: 'HDLC_INFO_P2',
      title: 'A poll with nothing to send is answered by RR',
      purpose: 'After the answer has been acknowledged, RR with P set brings RR with F set.',
      async run(bench) {
        const session = await bench.associate();
        const { link } = session;
        if (!(link instanceof HdlcStation)) notApplicable('for HDLC only');
        const answer = await link.ask(link.frame(readyControl(link.nr)));
        expect(answer !== undefined, 'RR is not answered');
        expect(kindOf(answer.control) === 'rr', `RR is answered by ${kindOf(answer.control)}`);
        expect(isFinal(answer.control), 'RR is answered without the final bit');
        expect(receiveNumber(answer.control) === link.ns, 'N(R) of RR is not what was sent');
      },
    },
    {
      id: 'HDLC_INFO_P3',
      title: 'What was not acknowledged is sent again',
      purpose: 'RR that does not acknowledge the answer brings the same frame once more.',
      async run(bench) {
        const station = await linked(bench);
        const frame = station.frame(informationControl(0, 0), associationRequest(bench));
        const first = await informationAfter(bench, station, frame, station.timeoutMs);
        expect(first !== undefined && kindOf(first.control) === 'i', 'no information comes back');
        const again = await station.ask(station.frame(readyControl(0)));
        expect(
          again !== undefined && kindOf(again.control) === 'i',
          'what was not acknowledged is not sent again',
        );
        expect(sendNumber(again.control) === 0, 'it is sent again with another number');
        expect(equalBytes(again.info, first.info), 'it is sent again with other content');
      },
    },
    {
      id: 'HDLC_INFO_P4',
      title: 'Long answers come in segments of the negotiated length',
      purpose:
        'No information field exceeds what UA has agreed; the S bit is set on all segments but the last.',
      async run(bench) {
        const { session, station } = await onStation(bench, { ...DEFAULTS, maxReceive: 64 });
        station.received.length = 0;
        await readLong(session);
        const longest = Math.max(...station.received.map(({ info }) => info.length));
        expect(
          longest <= station.parameters.maxReceive,
          `a segment has ${longest} octets, agreed are ${station.parameters.maxReceive}`,
        );
        expect(
          station.received.some(({ segmented }) => segmented),
          'no frame is marked as a segment',
        );
      },
    },
    {
      id: 'HDLC_INFO_P5',
      title: 'Requests may come in segments',
      purpose: 'Each segment is acknowledged by RR, the whole is answered after the last one.',
      async run(bench) {
        const station = await linked(bench);
        station.parameters = { ...station.parameters, maxTransmit: 16 };
        const answer = await station.exchange(aarq(bench.fields()));
        expect(
          answer !== undefined && parseAare(answer)?.result === 0,
          'an AARQ in segments is not accepted',
        );
      },
    },
    {
      id: 'HDLC_INFO_P6',
      title: 'The window of the meter is kept',
      purpose: 'With a window of 3 at most three frames come in one turn, and only the last has F set.',
      async run(bench) {
        const { session, station } = await onStation(bench, {
          ...DEFAULTS,
          maxReceive: 64,
          windowReceive: 3,
        });
        station.received.length = 0;
        await readLong(session);
        let run = 0;
        for (const { control } of station.received) {
          run++;
          expect(
            run <= station.parameters.windowReceive,
            `${run} frames come in one turn, the window is ${station.parameters.windowReceive}`,
          );
          if (isFinal(control)) run = 0;
        }
        expect(run === 0, 'the last frame of a turn has no final bit');
      },
    },
    {
      id: 'HDLC_INFO_P7',
      title: 'Several frames in one turn are taken',
      purpose: 'Where UA grants a receive window of 2 or more, segments without P are put together.',
      async run(bench) {
        const station = await bench.hdlc();
        const ua = await station.connect({ ...DEFAULTS, windowTransmit: 3 });
        const window = readParameters(ua.info)?.windowReceive ?? 1;
        if (window < 2) notApplicable('the meter takes one frame at a time');
        station.parameters = { ...station.parameters, maxTransmit: 24, windowTransmit: Math.min(window, 3) };
        const answer = await station.exchange(aarq(bench.fields()));
        expect(
          answer !== undefined && parseAare(answer)?.result === 0,
          'an AARQ in a window of frames is not accepted',
        );
      },
    },
    {
      id: 'HDLC_INFO_P8',
      title: 'A client that is not ready gets no information',
      purpose: 'RNR in the middle of an answer stops it; RR lets it go on where it stopped.',
      async run(bench) {
        const { session, station } = await onStation(bench, { ...DEFAULTS, maxReceive: 64 });
        const request = bench.longProbe();
        const [info] = station.segments(session.protection?.seal(request) ?? request);
        expect(info !== undefined, 'there is nothing to send');
        const first = await informationAfter(
          bench,
          station,
          station.frame(informationControl(station.ns, station.nr), info),
          station.timeoutMs,
        );
        station.ns = (station.ns + 1) & 7;
        expect(
          first !== undefined && kindOf(first.control) === 'i',
          'the request is not answered by information',
        );
        if (!first.segmented) notApplicable('the answer fits one frame');
        station.nr = (station.nr + 1) & 7;
        const busy = await station.ask(station.frame(notReadyControl(station.nr)));
        expect(busy !== undefined, 'RNR is not answered');
        expect(kindOf(busy.control) === 'rr', `RNR is answered by ${kindOf(busy.control)}`);
        const next = await station.ask(station.frame(readyControl(station.nr)));
        expect(next !== undefined && kindOf(next.control) === 'i', 'the answer does not go on after RR');
        expect(sendNumber(next.control) === station.nr, 'the answer goes on with another number');
      },
    },
    {
      id: 'HDLC_INFO_N1',
      title: 'A frame out of sequence is not served',
      purpose: 'An I frame whose N(S) leaves a gap is answered without acknowledging it.',
      async run(bench) {
        const station = await linked(bench);
        const answer = await station.ask(
          station.frame(informationControl(3, 0), associationRequest(bench)),
          station.quietMs,
        );
        if (answer === undefined) return;
        const kind = kindOf(answer.control);
        expect(kind !== 'i' && kind !== 'ua', `a frame out of sequence is answered by ${kind}`);
        expect(
          kind === 'frmr' || kind === 'dm' || receiveNumber(answer.control) === 0,
          'a frame out of sequence is acknowledged',
        );
      },
    },
    {
      id: 'HDLC_INFO_N2',
      title: 'A repeated frame is not served twice',
      purpose: 'The same I frame once more brings the same answer or RR, never a second answer.',
      async run(bench) {
        const station = await linked(bench);
        const frame = station.frame(informationControl(0, 0), associationRequest(bench));
        const first = await informationAfter(bench, station, frame, station.timeoutMs);
        expect(first !== undefined && kindOf(first.control) === 'i', 'no information comes back');
        await station.line.send(frame, 'the same frame again');
        for (;;) {
          const answer = await station.own(station.quietMs);
          if (answer === undefined) return;
          expect(
            kindOf(answer.control) !== 'i' || sendNumber(answer.control) === 0,
            'a repeated frame is served twice',
          );
          if (isFinal(answer.control)) return;
        }
      },
    },
    {
      id: 'HDLC_INFO_N3',
      title: 'An acknowledgement of what was never sent is not taken',
      purpose: 'An I frame whose N(R) is impossible is rejected or ignored.',
      async run(bench) {
        const station = await linked(bench);
        const answer = await station.ask(
          station.frame(informationControl(0, 5), associationRequest(bench)),
          station.quietMs,
        );
        const kind = answer === undefined ? 'silence' : kindOf(answer.control);
        expect(kind !== 'i', 'a frame with an impossible N(R) is served');
        await bench.alive('a frame with an impossible N(R)');
      },
    },
    {
      id: 'HDLC_INFO_N4',
      title: 'An information field longer than agreed is not served',
      purpose: 'A frame above the negotiated length is rejected or ignored.',
      async run(bench) {
        const station = await linked(bench, { ...DEFAULTS, maxTransmit: 64 });
        const most = station.parameters.maxTransmit;
        const padding = new Uint8Array(most);
        const apdu = aarq({ ...bench.fields(), more: [concat([Uint8Array.of(0x9d, most), padding])] });
        const answer = await station.ask(
          station.frame(informationControl(0, 0), concat([LLC, apdu])),
          station.quietMs,
        );
        expect(
          answer === undefined || kindOf(answer.control) !== 'i',
          'an information field longer than agreed is served',
        );
        await bench.alive('an information field longer than agreed');
      },
    },
    {
      id: 'HDLC_INFO_N5',
      title: 'Other LLC bytes do not reach the application',
      purpose: 'An AARQ behind bytes that are no LLC header is not accepted.',
      async run(bench) {
        const station = await linked(bench);
        const info = concat([Uint8Array.of(0x11, 0x22, 0x33), aarq(bench.fields())]);
        const answer = await informationAfter(
          bench,
          station,
          station.frame(informationControl(0, 0), info),
          station.quietMs,
        );
        const apdu =
          answer !== undefined && kindOf(answer.control) === 'i'
            ? answer.info.subarray(3)
            : new Uint8Array(0);
        expect(parseAare(apdu)?.result !== 0, 'an AARQ behind wrong LLC bytes is accepted');
        await bench.alive('wrong LLC bytes');
      },
    },
    {
      id: 'HDLC_INFO_N6',
      title: 'An empty information field does no harm',
      purpose: 'An I frame without information is acknowledged or rejected; the meter serves on.',
      async run(bench) {
        const station = await linked(bench);
        const answer = await station.ask(station.frame(informationControl(0, 0)), station.quietMs);
        expect(answer === undefined || kindOf(answer.control) !== 'ua', 'an empty I frame is answered by UA');
        await bench.alive('an empty I frame');
      },
    },
    {
      id: 'HDLC_INFO_N7',
      title: 'A request whose segments never end does no harm',
      purpose: 'Forty full segments that announce more are bounded; the meter serves on.',
      async run(bench) {
        const station = await linked(bench);
        const part = new Uint8Array(station.parameters.maxTransmit);
        for (let i = 0; i < 40; i++) {
          const answer = await station.ask(
            station.frame(informationControl(station.ns, station.nr), part, true),
            station.quietMs,
          );
          if (answer === undefined || kindOf(answer.control) !== 'rr') break;
          station.ns = (station.ns + 1) & 7;
        }
        await bench.alive('segments without an end');
      },
    },
    {
      id: 'HDLC_UI_N1',
      title: 'Unnumbered information without P is not answered',
      purpose: 'UI on a standing link brings no answer and does not disturb it.',
      async run(bench) {
        const station = await linked(bench);
        const get = bench.probe();
        await station.line.send(station.frame(CONTROL.ui, concat([LLC, get])));
        expect(await station.silent(), 'UI without P is answered');
        const answer = await station.ask(station.frame(readyControl(0)));
        expect(
          answer !== undefined && ['rr', 'i'].includes(kindOf(answer.control)),
          'the link does not stand after UI',
        );
      },
    },
    {
      id: 'HDLC_ASSOC_P1',
      title: 'An association ends with its link',
      purpose: 'After DISC and SNRM a request of the former association is not served.',
      async run(bench) {
        const session = await bench.associate();
        const { link } = session;
        if (!(link instanceof HdlcStation)) notApplicable('for HDLC only');
        const ua = await link.ask(link.frame(CONTROL.disc));
        expect(ua !== undefined, 'DISC is not answered');
        await link.connect();
        const outcome = await session.get(DEVICE_NAME, undefined, link.quietMs);
        if (outcome.kind === 'data') {
          if (bench.target.security.auth === 'none' && !bench.ciphered)
            notApplicable('the association may be pre-established');
          fail('the association goes on without its link');
        }
      },
    },
    {
      id: 'HDLC_IDLE_P1',
      title: 'A link that is idle too long ends',
      purpose: 'After the inactivity time-out that the HDLC setup object states the meter is disconnected.',
      reference: 'Blue Book, class 23 IEC HDLC setup, inactivity_time_out',
      async run(bench) {
        const session = await bench.associate();
        const { link } = session;
        if (!(link instanceof HdlcStation)) notApplicable('for HDLC only');
        const outcome = await session.read({ classId: 23, obis: '0.0.22.0.0.255', attribute: 8 });
        const seconds = outcome.kind === 'data' ? numberOf(decodeData(outcome.data)) : undefined;
        if (seconds === undefined) notApplicable('no HDLC setup object can be read');
        if (seconds === 0 || seconds > 20) notApplicable(`its time-out of ${seconds} s is not waited for`);
        await bench.pause(seconds * 1000 + link.quietMs);
        const answer = await link.ask(link.frame(readyControl(link.nr)), link.quietMs);
        expect(
          answer === undefined || kindOf(answer.control) === 'dm',
          `the link stands after ${seconds} s of silence`,
        );
      },
    },
  ],
);
