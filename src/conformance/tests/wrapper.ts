import { concat } from '../../base/bytes.ts';
import { aarq, parseAare } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { outcomeOf } from '../session.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, Inconclusive, notApplicable } from '../verdict.ts';
import type { WrapperFrame } from '../wrapper-frame.ts';
import type { WrapperStation } from '../wrapper-station.ts';

/** Enough for TCP to send them apart. */
const BETWEEN_OCTETS_MS = 3;

const request = (bench: Bench): Uint8Array => aarq(bench.fields());

const accepts = (frame: WrapperFrame | undefined): boolean =>
  frame !== undefined && parseAare(frame.apdu)?.result === 0;

/** Sends what must lead to no association; afterwards the meter serves a new connection. */
async function notAccepted(
  bench: Bench,
  station: WrapperStation,
  bytes: Uint8Array,
  what: string,
): Promise<void> {
  const answer = await station.ask(bytes, station.quietMs, what);
  expect(!accepts(answer), `${what} is accepted`);
  await bench.alive(what);
}

export const WRAPPER_TESTS = defineTests(
  {
    group: 'HDLC',
    reference: 'Green Book 7.3, TCP-UDP/IP wrapper (IEC 62056-47)',
    needs: { framing: 'wrapper' },
  },
  [
    {
      id: 'WRAPPER_P1',
      title: 'The header of the answer mirrors that of the request',
      purpose: 'Version 1, wPorts exchanged, and the length of the APDU.',
      async run(bench) {
        const station = await bench.wrapper();
        const answer = await station.ask(station.frame(request(bench)));
        expect(answer !== undefined, 'the AARQ is not answered');
        const { clientAddress, serverAddress } = station.config;
        expect(answer.version === 1, `the answer has version ${answer.version}`);
        expect(answer.source === serverAddress, `the answer comes from wPort ${answer.source}`);
        expect(answer.destination === clientAddress, `the answer goes to wPort ${answer.destination}`);
        expect(
          answer.apdu[0] === 0x61 || answer.apdu[0] === 0xd8,
          `the AARQ is answered by ${describeApdu(answer.apdu)}`,
        );
      },
    },
    {
      id: 'WRAPPER_P2',
      title: 'A header may come octet by octet',
      purpose: 'TCP segments cut the stream anywhere.',
      async run(bench) {
        const station = await bench.wrapper();
        const bytes = station.frame(request(bench));
        for (const byte of bytes.subarray(0, 8)) {
          await station.line.send(Uint8Array.of(byte), 'one octet of the header');
          await bench.pause(BETWEEN_OCTETS_MS);
        }
        expect(
          accepts(await station.ask(bytes.subarray(8), station.timeoutMs, 'the APDU')),
          'an AARQ behind a header in pieces is not accepted',
        );
      },
    },
    {
      id: 'WRAPPER_P3',
      title: 'An APDU may come in two pieces',
      purpose: 'A pause within the APDU does not end it.',
      async run(bench) {
        const station = await bench.wrapper();
        const bytes = station.frame(request(bench));
        await station.line.send(bytes.subarray(0, 12), 'the first half');
        await bench.pause(Math.min(station.quietMs, 300));
        expect(
          accepts(await station.ask(bytes.subarray(12), station.timeoutMs, 'the second half')),
          'an AARQ in two pieces is not accepted',
        );
      },
    },
    {
      id: 'WRAPPER_P4',
      title: 'Two requests in one segment are both answered',
      purpose: 'Two GETs written at once bring two answers in order.',
      async run(bench) {
        const session = await bench.associate();
        const { link } = session;
        if (!('line' in link)) notApplicable('for the wrapper only');
        const station = link as WrapperStation;
        const requests = [0xc1, 0xc2].map((invoke) => {
          const plain = bench.probe(invoke);
          return session.protection?.seal(plain) ?? plain;
        });
        await station.line.send(concat(requests.map((apdu) => station.frame(apdu))), 'two GETs in one write');
        for (const invoke of [0xc1, 0xc2]) {
          const frame = await station.next(station.timeoutMs);
          expect(frame !== undefined, `request ${invoke & 0x0f} of two is not answered`);
          const answer = session.openAnswer(frame.apdu);
          expect(outcomeOf(answer).kind === 'data', `request ${invoke & 0x0f} of two is refused`);
          const inOrder = bench.referencing === 'sn' || answer.plain?.[2] === invoke;
          expect(inOrder, `answer ${invoke & 0x0f} does not come in order`);
        }
      },
    },
    {
      id: 'WRAPPER_P5',
      title: 'Connections do not share associations',
      purpose: 'A second connection is not served through the association of the first one.',
      async run(bench) {
        const session = await bench.associate();
        if (bench.target.security.auth === 'none' && !bench.ciphered) {
          // Without any secret, whoever connects may be let in as well.
          const name = await session.get(DEVICE_NAME);
          expect(name.kind === 'data', 'the first connection is not served');
        }
        const second = await bench.wrapper({ beside: true });
        const plain = bench.probe();
        const answer = await second.exchange(session.protection?.seal(plain) ?? plain, second.quietMs);
        if (answer === undefined || answer[0] === 0xd8 || answer[0] === 0x0e) return;
        if (bench.target.security.auth === 'none' && !bench.ciphered)
          notApplicable('the association may be pre-established');
        fail('a second connection is served through the association of the first');
      },
    },
    {
      id: 'WRAPPER_N1',
      title: 'Another version is not served',
      purpose: 'A header with version 2 leads to no association.',
      async run(bench) {
        const station = await bench.wrapper();
        await notAccepted(
          bench,
          station,
          station.frame(request(bench), { version: 2 }),
          'a header with version 2',
        );
      },
    },
    {
      id: 'WRAPPER_N2',
      title: 'A server port that does not exist is not served',
      purpose: 'An AARQ to an unknown wPort leads to no association.',
      async run(bench) {
        const station = await bench.wrapper();
        const destination = station.config.serverAddress ^ 0x1a5;
        await notAccepted(
          bench,
          station,
          station.frame(request(bench), { destination }),
          'an unknown server wPort',
        );
      },
    },
    {
      id: 'WRAPPER_N3',
      title: 'A length that is too small is not served',
      purpose: 'An AARQ that its header cuts off leads to no association.',
      async run(bench) {
        const station = await bench.wrapper();
        const apdu = request(bench);
        await notAccepted(
          bench,
          station,
          station.frame(apdu, { length: apdu.length - 3 }),
          'a length that is 3 too small',
        );
      },
    },
    {
      id: 'WRAPPER_N4',
      title: 'A length that is too great is waited for',
      purpose: 'An AARQ shorter than its header says is not served.',
      async run(bench) {
        const station = await bench.wrapper();
        const apdu = request(bench);
        await notAccepted(
          bench,
          station,
          station.frame(apdu, { length: apdu.length + 5 }),
          'a length that is 5 too great',
        );
      },
    },
    {
      id: 'WRAPPER_N5',
      title: 'The greatest length does no harm',
      purpose: 'A header that announces 65535 octets and 8 KB of them is bounded; the meter serves on.',
      async run(bench) {
        const station = await bench.wrapper();
        const bytes = station.frame(new Uint8Array(8192), { length: 0xffff });
        await notAccepted(bench, station, bytes, 'a header that announces 65535 octets');
      },
    },
    {
      id: 'WRAPPER_N6',
      title: 'An empty APDU does no harm',
      purpose: 'A header with length 0 is passed over or ends the connection.',
      async run(bench) {
        const station = await bench.wrapper();
        await notAccepted(bench, station, station.frame(new Uint8Array(0)), 'a header with length 0');
      },
    },
    {
      id: 'WRAPPER_N7',
      title: 'Noise does no harm',
      purpose: 'A kilobyte of random octets, five times, leaves the meter serving.',
      async run(bench) {
        for (let i = 0; i < 5; i++) {
          const station = await bench.wrapper();
          const noise = bench.randomBytes(1024);
          // Not by chance a version that is right.
          noise[0] = (noise[0] ?? 0) | 0x80;
          await station.line.send(noise, 'random octets');
          await station.line.receive(Math.min(station.quietMs, 200));
        }
        await bench.alive('random octets');
      },
    },
    {
      id: 'WRAPPER_N8',
      title: 'A connection that breaks off within a header does no harm',
      purpose: 'Half a header and the end of the connection leave the meter serving.',
      async run(bench) {
        const station = await bench.wrapper();
        await station.line.send(station.frame(request(bench)).subarray(0, 5), 'half a header');
        await station.close();
        await bench.alive('half a header');
      },
    },
    {
      id: 'WRAPPER_N9',
      title: 'A client port that is not configured is not let in',
      purpose: 'An AARQ from an unknown wPort is refused or not answered.',
      async run(bench) {
        const station = await bench.wrapper();
        const source = 0x7ffe;
        const answer = await station.ask(station.frame(request(bench), { source }), station.quietMs);
        if (!accepts(answer)) return;
        if (bench.target.security.auth === 'none' && !bench.ciphered) {
          throw new Inconclusive('the meter lets every client in without a secret');
        }
        fail('an AARQ from an unknown client wPort is accepted');
      },
    },
  ],
);
