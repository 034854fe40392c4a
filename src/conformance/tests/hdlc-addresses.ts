import { concat, equalBytes } from '../../base/bytes.ts';
import { addressField, buildFrame, CONTROL, kindOf, serverField } from '../hdlc-frame.ts';
import { DEFAULTS, parameterField } from '../hdlc-parameters.ts';
import type { HdlcStation } from '../hdlc-station.ts';
import { defineTests } from '../test-case.ts';
import { expect, notApplicable } from '../verdict.ts';
import { recovers } from './hdlc-frames.ts';

/** SNRM to an address that is not the meter's must meet silence. */
async function unanswered(
  station: HdlcStation,
  destination: Uint8Array,
  what: string,
  source = station.client,
): Promise<void> {
  await station.line.send(buildFrame({ destination, source, control: CONTROL.snrm }), `SNRM to ${what}`);
  expect(await station.silent(), `an SNRM to ${what} is answered`);
  await recovers(station, `an SNRM to ${what}`);
}

/** Addresses that stand for all, for nobody, or for the calling station in each width. */
const allStations = (bytes: 1 | 2 | 4): number => (bytes === 4 ? 0x3fff : 0x7f);

export const HDLC_ADDRESS_TESTS = defineTests(
  { group: 'HDLC', reference: 'Green Book 8.4.2, MAC addressing (IEC 62056-46)', needs: { framing: 'hdlc' } },
  [
    {
      id: 'HDLC_ADDRESS_P1',
      title: 'The address is answered in the form that was used',
      purpose: 'The source of UA is the destination of SNRM, octet for octet.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.line.send(station.frame(CONTROL.snrm, parameterField(DEFAULTS)));
        const answer = await station.line.receive(station.timeoutMs);
        expect(answer !== undefined, 'SNRM is not answered');
        expect(
          equalBytes(answer.source, station.server),
          'the meter answers with another form of its address',
        );
      },
    },
    {
      id: 'HDLC_ADDRESS_P2',
      title: 'Another width of the same address is answered in kind, or not at all',
      purpose:
        'A two-octet address written in four octets, or the reverse, gets no answer from another address.',
      async run(bench) {
        const station = await bench.hdlc();
        const { serverAddress, physicalAddress, addressBytes } = station.config;
        const fits = serverAddress < 0x80 && (physicalAddress ?? 0) < 0x80;
        if (addressBytes === 1 || !fits) notApplicable('the address has one width only');
        const other = serverField(serverAddress, physicalAddress ?? 0, addressBytes === 2 ? 4 : 2);
        const frame = buildFrame({ destination: other, source: station.client, control: CONTROL.snrm });
        await station.line.send(frame, 'SNRM to the other width of the address');
        const answer = await station.line.receive(station.quietMs);
        expect(
          answer === undefined ||
            equalBytes(answer.source, other) ||
            equalBytes(answer.source, station.server),
          'the answer comes from an address that is not the meter’s',
        );
        await recovers(station, 'another width of the address');
      },
    },
    {
      id: 'HDLC_ADDRESS_N1',
      title: 'Another physical device is not impersonated',
      purpose: 'A frame to a lower address that is not the meter’s is not answered.',
      async run(bench) {
        const station = await bench.hdlc();
        const { serverAddress, physicalAddress = 0, addressBytes } = station.config;
        if (addressBytes === 1) notApplicable('the address has no physical part');
        const other = (physicalAddress ^ 0x15) & allStations(addressBytes);
        await unanswered(station, serverField(serverAddress, other, addressBytes), 'another physical device');
      },
    },
    {
      id: 'HDLC_ADDRESS_N2',
      title: 'A logical device that does not exist is not answered',
      purpose: 'A frame to an upper address that the meter does not have is not answered.',
      async run(bench) {
        const station = await bench.hdlc();
        const { serverAddress, physicalAddress = 0, addressBytes } = station.config;
        const other = serverAddress ^ 0x2a;
        await unanswered(
          station,
          serverField(other, physicalAddress, addressBytes),
          'an unknown logical device',
        );
      },
    },
    {
      id: 'HDLC_ADDRESS_N3',
      title: 'SNRM to all stations is not answered',
      purpose: 'A frame to the all-station address may be taken in but is never answered.',
      async run(bench) {
        const station = await bench.hdlc();
        const { addressBytes } = station.config;
        const all = allStations(addressBytes);
        await unanswered(station, serverField(all, all, addressBytes), 'all stations');
      },
    },
    {
      id: 'HDLC_ADDRESS_N4',
      title: 'The no-station address is nobody’s',
      purpose: 'A frame to address 0 is not answered.',
      async run(bench) {
        const station = await bench.hdlc();
        await unanswered(station, serverField(0, 0, station.config.addressBytes), 'the no-station address');
      },
    },
    {
      id: 'HDLC_ADDRESS_N5',
      title: 'An address of three octets is not answered',
      purpose: 'Server addresses have one, two or four octets.',
      async run(bench) {
        const station = await bench.hdlc();
        await unanswered(station, addressField((station.config.serverAddress << 14) | 1, 3), 'three octets');
      },
    },
    {
      id: 'HDLC_ADDRESS_N6',
      title: 'An address of five octets is not answered',
      purpose: 'An address that does not end within four octets makes the frame invalid.',
      async run(bench) {
        const station = await bench.hdlc();
        const long = concat([new Uint8Array(4), addressField(station.config.serverAddress, 1)]);
        await unanswered(station, long, 'five octets');
      },
    },
    {
      id: 'HDLC_ADDRESS_N7',
      title: 'The meter does not answer its own frames',
      purpose: 'A UA with exchanged addresses, as an echo on the line, is not answered.',
      async run(bench) {
        const station = await bench.hdlc();
        const echo = buildFrame({ destination: station.client, source: station.server, control: CONTROL.ua });
        await station.line.send(echo, 'UA from the meter itself');
        expect(await station.silent(), 'an echo of its own frame is answered');
        await recovers(station, 'an echo');
      },
    },
    {
      id: 'HDLC_ADDRESS_N8',
      title: 'A link belongs to the client that set it up',
      purpose: 'DISC from another client address does not end the link.',
      async run(bench) {
        const station = await bench.hdlc();
        await station.connect();
        const other = addressField(station.config.clientAddress ^ 0x44, 1);
        const disc = buildFrame({ destination: station.server, source: other, control: CONTROL.disc });
        await station.line.send(disc, 'DISC from another client');
        await station.line.receive(station.quietMs);
        station.line.discard();
        const answer = await station.ask(station.frame(0x11), station.timeoutMs);
        expect(
          answer !== undefined && kindOf(answer.control) === 'rr',
          'a DISC from another client ended the link',
        );
      },
    },
  ],
);
