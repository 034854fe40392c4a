import { concat } from '../../base/bytes.ts';
import { buildFrame, CONTROL, informationControl, kindOf, readyControl, sendNumber } from '../hdlc-frame.ts';
import { DEFAULTS, type HdlcParameters, parameterField, readParameters } from '../hdlc-parameters.ts';
import type { HdlcStation } from '../hdlc-station.ts';
import { defineTests } from '../test-case.ts';
import { expect, Inconclusive } from '../verdict.ts';
import { recovers } from './hdlc-frames.ts';

/** SNRM with a proposal; what UA says, held against it. */
async function negotiate(station: HdlcStation, proposal: HdlcParameters): Promise<HdlcParameters> {
  const ua = await station.connect(proposal);
  const stated = readParameters(ua.info);
  expect(stated !== undefined, 'the parameters in UA are malformed');
  // The meter's transmitting is our receiving.
  expect(
    stated.maxTransmit <= proposal.maxReceive,
    `the meter would send ${stated.maxTransmit} octets, ${proposal.maxReceive} were offered`,
  );
  expect(
    stated.windowTransmit <= proposal.windowReceive,
    `the meter would send ${stated.windowTransmit} frames, ${proposal.windowReceive} were offered`,
  );
  for (const [name, value, most] of [
    ['maximum information length, transmit', stated.maxTransmit, 2030],
    ['maximum information length, receive', stated.maxReceive, 2030],
    ['window size, transmit', stated.windowTransmit, 7],
    ['window size, receive', stated.windowReceive, 7],
  ] as const) {
    expect(value >= 1 && value <= most, `${name} is ${value} in UA`);
  }
  return stated;
}

/** SNRM with an information field of any kind must not wedge the meter, nor be granted beyond the defaults. */
async function oddParameters(station: HdlcStation, info: Uint8Array, what: string): Promise<void> {
  const answer = await station.ask(station.frame(CONTROL.snrm, info), station.quietMs, `SNRM with ${what}`);
  if (answer !== undefined) {
    const kind = kindOf(answer.control);
    expect(kind === 'ua' || kind === 'dm' || kind === 'frmr', `SNRM with ${what} is answered by ${kind}`);
    const stated = kind === 'ua' ? readParameters(answer.info) : DEFAULTS;
    expect(
      stated !== undefined && stated.windowTransmit >= 1 && stated.maxTransmit >= 1,
      `UA to ${what} is malformed`,
    );
  }
  await recovers(station, what);
}

/** What a frame meets while there is no link. */
async function inDisconnected(station: HdlcStation, control: number, info?: Uint8Array): Promise<string> {
  const answer = await station.ask(station.frame(control, info), station.quietMs);
  return answer === undefined ? 'silence' : kindOf(answer.control);
}

const LLC = Uint8Array.of(0xe6, 0xe6, 0x00);
const SOME_APDU = concat([LLC, Uint8Array.of(0x60, 0x00)]);

export const HDLC_LINK_TESTS = defineTests(
  {
    group: 'HDLC',
    reference: 'Green Book 8.4.5, setting up and disconnecting (IEC 62056-46)',
    needs: { framing: 'hdlc' },
  },
  [
    {
      id: 'HDLC_NDM2NRM_P1',
      title: 'SNRM without parameters means the defaults',
      purpose: 'The meter does not claim more than 128 octets and a window of 1 where nothing was proposed.',
      async run(bench) {
        await negotiate(await bench.hdlc(), DEFAULTS);
        const station = await bench.hdlc();
        const ua = await station.connect(DEFAULTS, true);
        const stated = readParameters(ua.info);
        expect(stated !== undefined, 'the parameters in UA are malformed');
        expect(stated.maxTransmit <= 128, `the meter would send ${stated.maxTransmit} octets unasked`);
        expect(
          stated.windowTransmit <= 1,
          `the meter would use a window of ${stated.windowTransmit} unasked`,
        );
      },
    },
    {
      id: 'HDLC_NDM2NRM_P2',
      title: 'Parameters are negotiated downwards',
      purpose: 'UA never states more than SNRM has offered.',
      async run(bench) {
        await negotiate(await bench.hdlc(), {
          maxTransmit: 256,
          maxReceive: 200,
          windowTransmit: 1,
          windowReceive: 1,
        });
      },
    },
    {
      id: 'HDLC_NDM2NRM_P3',
      title: 'The greatest parameters are accepted',
      purpose: 'A proposal of 2030 octets and windows of 7 is answered by what the meter can.',
      async run(bench) {
        await negotiate(await bench.hdlc(), {
          maxTransmit: 2030,
          maxReceive: 2030,
          windowTransmit: 7,
          windowReceive: 7,
        });
      },
    },
    {
      id: 'HDLC_NDM2NRM_P4',
      title: 'A small receive length is honoured',
      purpose: 'Where we take 64 octets at a time, the meter does not claim to send more.',
      async run(bench) {
        await negotiate(await bench.hdlc(), { ...DEFAULTS, maxReceive: 64 });
      },
    },
    {
      id: 'HDLC_NDM2NRM_P5',
      title: 'Unknown parameters are passed over',
      purpose: 'A parameter identifier that is not defined does not prevent the link.',
      async run(bench) {
        const station = await bench.hdlc();
        const info = parameterField(DEFAULTS, Uint8Array.of(0x2a, 1, 0));
        const answer = await station.ask(station.frame(CONTROL.snrm, info), station.timeoutMs);
        expect(
          answer !== undefined && kindOf(answer.control) === 'ua',
          'SNRM with an unknown parameter is not answered by UA',
        );
      },
    },
    {
      id: 'HDLC_NDM2NRM_P6',
      title: 'SNRM on a standing link begins it anew',
      purpose: 'After a second SNRM the numbers of both sides start at 0.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.connect();
        await station.ask(station.frame(informationControl(0, 0), SOME_APDU), station.quietMs);
        await station.connect();
        const frame = station.frame(informationControl(0, 0), SOME_APDU);
        const answer = await station.ask(frame, station.timeoutMs);
        expect(answer !== undefined, 'the first frame after a second SNRM is not answered');
        const kind = kindOf(answer.control);
        expect(kind === 'i' || kind === 'rr', `the first frame after a second SNRM is answered by ${kind}`);
        expect(kind !== 'i' || sendNumber(answer.control) === 0, 'N(S) of the answer does not start at 0');
        expect(answer.control >> 5 === 1, 'N(R) of the answer does not acknowledge the first frame');
      },
    },
    {
      id: 'HDLC_NDM2NRM_N1',
      title: 'A truncated parameter field does no harm',
      purpose: 'SNRM whose parameters break off is refused or ignored; the next SNRM is served.',
      async run(bench) {
        await oddParameters(
          await bench.hdlc(),
          Uint8Array.of(0x81, 0x80, 0x14, 0x05, 0x01),
          'truncated parameters',
        );
      },
    },
    {
      id: 'HDLC_NDM2NRM_N2',
      title: 'Another format identifier does no harm',
      purpose:
        'SNRM whose information is not in the general format is refused, ignored, or the defaults hold.',
      async run(bench) {
        await oddParameters(
          await bench.hdlc(),
          Uint8Array.of(0x55, 0xaa, 0x01, 0x00),
          'an unknown format identifier',
        );
      },
    },
    {
      id: 'HDLC_NDM2NRM_N3',
      title: 'Sizes and windows of 0 are not granted',
      purpose: 'Zero octets or zero frames would be a link that can carry nothing.',
      async run(bench) {
        const zero = { maxTransmit: 0, maxReceive: 0, windowTransmit: 0, windowReceive: 0 };
        await oddParameters(await bench.hdlc(), parameterField(zero), 'sizes of 0');
      },
    },
    {
      id: 'HDLC_NRM2NDM_P1',
      title: 'DISC ends the link',
      purpose: 'DISC on a standing link is answered by UA; what comes next meets the disconnected state.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.connect();
        const answer = await station.ask(station.frame(CONTROL.disc));
        expect(
          answer !== undefined && kindOf(answer.control) === 'ua',
          'DISC on a standing link is not answered by UA',
        );
        const next = await inDisconnected(station, informationControl(0, 0), SOME_APDU);
        expect(next === 'dm' || next === 'silence', `information after DISC is answered by ${next}`);
      },
    },
    {
      id: 'HDLC_NDMOP_N1',
      title: 'DISC without a link is answered by DM',
      purpose: 'In the disconnected state DISC is answered by DM.',
      async run(bench) {
        const answer = await inDisconnected(await bench.hdlc(), CONTROL.disc);
        if (answer === 'silence') throw new Inconclusive('DISC without a link is not answered');
        expect(answer === 'dm', `DISC without a link is answered by ${answer}`);
      },
    },
    {
      id: 'HDLC_NDMOP_N2',
      title: 'Information without a link is not served',
      purpose: 'An I frame before SNRM is answered by DM or not at all.',
      async run(bench) {
        const answer = await inDisconnected(await bench.hdlc(), informationControl(0, 0), SOME_APDU);
        expect(
          answer === 'dm' || answer === 'silence',
          `information without a link is answered by ${answer}`,
        );
      },
    },
    {
      id: 'HDLC_NDMOP_N3',
      title: 'RR without a link is not served',
      purpose: 'A poll before SNRM is answered by DM or not at all.',
      async run(bench) {
        const answer = await inDisconnected(await bench.hdlc(), readyControl(0));
        expect(answer === 'dm' || answer === 'silence', `RR without a link is answered by ${answer}`);
      },
    },
    {
      id: 'HDLC_NDMOP_N4',
      title: 'Unnumbered information without the poll bit is not answered',
      purpose: 'UI with P = 0 gives the meter no right to transmit.',
      async run(bench) {
        const answer = await inDisconnected(await bench.hdlc(), CONTROL.ui, SOME_APDU);
        expect(answer === 'silence', `UI without a link is answered by ${answer}`);
      },
    },
    {
      id: 'HDLC_NDMOP_N5',
      title: 'An undefined control field without a link is not served',
      purpose: 'It is answered by DM or not at all.',
      async run(bench) {
        const station = await bench.hdlc();
        const answer = await inDisconnected(station, 0xbf);
        expect(
          answer === 'dm' || answer === 'frmr' || answer === 'silence',
          `an undefined control field is answered by ${answer}`,
        );
        await recovers(station, 'an undefined control field');
      },
    },
    {
      id: 'HDLC_FRMR_P1',
      title: 'An undefined control field on a link is rejected',
      purpose: 'FRMR reports a control field that is not defined; a new SNRM clears it.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.connect();
        const answer = await station.ask(station.frame(0xbf), station.quietMs);
        if (answer === undefined) throw new Inconclusive('an undefined control field is not answered');
        const kind = kindOf(answer.control);
        expect(kind === 'frmr' || kind === 'dm', `an undefined control field is answered by ${kind}`);
        await recovers(station, 'FRMR');
      },
    },
    {
      id: 'HDLC_NRM_N1',
      title: 'UA and DM from a client are not served',
      purpose: 'Responses that a primary station never sends are ignored; the link stands.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.connect();
        for (const control of [CONTROL.ua, CONTROL.dm]) {
          const { server: destination, client: source } = station;
          await station.line.send(buildFrame({ destination, source, control }));
          const answer = await station.line.receive(station.quietMs);
          const kind = answer && kindOf(answer.control);
          expect(
            kind === undefined || kind === 'frmr' || kind === 'dm',
            `a response from the client is answered by ${kind}`,
          );
        }
        await recovers(station, 'responses from the client');
      },
    },
  ],
);
