import { describe, expect, test } from 'bun:test';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { clientAddress, type HdlcAddress, serverAddress } from '../../../src/dlms/link/address.ts';
import {
  decodeControl,
  decodeFrame,
  encodeFrame,
  informationControl,
  supervisoryControl,
  unnumberedControl,
} from '../../../src/dlms/link/frame.ts';
import { createClientLink, createServerLink } from '../../../src/dlms/link/index.ts';
import type { HdlcLinkConfig, LinkEvent, LinkMachine } from '../../../src/dlms/link/link.ts';
import { decodeParameters, encodeAllParameters } from '../../../src/dlms/link/parameters.ts';
import { MAX_REASSEMBLED } from '../../../src/dlms/link/transfer.ts';
import { HDLC, pattern, World } from './world.ts';

const client = clientAddress(HDLC.clientAddress);
const server = serverAddress(HDLC.serverAddress, HDLC.physicalAddress, HDLC.addressBytes);
const LLC_ANSWER = Uint8Array.of(0xe6, 0xe7, 0x00);

interface Answer {
  readonly sent: string[];
  readonly events: LinkEvent[];
  readonly timers: string[];
}

/** Frames as `kind(ns,nr)`, `!` for P/F and `+` for segmented. */
function show(bytes: Uint8Array): string {
  const frame = decodeFrame(bytes);
  const control = decodeControl(frame.control);
  const numbers =
    control.kind === 'i' ? `(${control.ns},${control.nr})` : 'nr' in control ? `(${control.nr})` : '';
  return `${control.kind}${numbers}${control.pf ? '!' : ''}${frame.segmented ? '+' : ''}`;
}

class Probe {
  readonly link: LinkMachine;
  nowMs = 0;

  constructor(link: LinkMachine) {
    this.link = link;
  }

  #answer(effects: ReturnType<LinkMachine['step']>): Answer {
    return {
      sent: effects.flatMap((effect) => (effect.do === 'send' ? [show(effect.bytes)] : [])),
      events: effects.flatMap((effect) => (effect.do === 'emit' ? [effect.event] : [])),
      timers: effects.flatMap((effect) => (effect.do === 'arm' ? [`${effect.timer} ${effect.delayMs}`] : [])),
    };
  }

  command(type: 'connect' | 'disconnect'): Answer {
    return this.#answer(this.link.step({ on: 'command', command: { type } }, this.nowMs));
  }

  send(apdu: Uint8Array): Answer {
    return this.#answer(this.link.step({ on: 'command', command: { type: 'send', apdu } }, this.nowMs));
  }

  bytes(...bytes: Uint8Array[]): Answer {
    return this.#answer(this.link.step({ on: 'bytes', bytes: concat(bytes) }, this.nowMs));
  }

  timer(timer: string): Answer {
    return this.#answer(this.link.step({ on: 'timer', timer }, this.nowMs));
  }
}

const fromServer = (control: number, info?: Uint8Array, segmented = false): Uint8Array =>
  encodeFrame({
    destination: client,
    source: server,
    control,
    segmented,
    ...(info === undefined ? {} : { info }),
  });

const fromClient = (control: number, info?: Uint8Array, to: HdlcAddress = server, by = client): Uint8Array =>
  encodeFrame({ destination: to, source: by, control, ...(info === undefined ? {} : { info }) });

function openClient(config: Partial<HdlcLinkConfig> = {}, ua?: Uint8Array): Probe {
  const probe = new Probe(createClientLink({ ...HDLC, ...config }));
  probe.command('connect');
  const { events } = probe.bytes(fromServer(unnumberedControl('ua', true), ua));
  expect(events.map((event) => event.type)).toEqual(['connected']);
  return probe;
}

function openServer(config: Partial<HdlcLinkConfig> = {}): Probe {
  const probe = new Probe(createServerLink({ ...HDLC, ...config }));
  expect(probe.bytes(fromClient(unnumberedControl('snrm', true))).sent).toEqual(['ua!']);
  return probe;
}

const apdusOf = (answer: Answer): string[] =>
  answer.events.flatMap((event) => (event.type === 'apdu' ? [event.apdu.toHex()] : []));
const errorOf = (answer: Answer): string | undefined => {
  const event = answer.events.find((one) => one.type === 'disconnected');
  return event?.type === 'disconnected' ? event.error?.code : undefined;
};

describe('connecting', () => {
  test.each([1, 2, 4] as const)('%d-byte addresses', (addressBytes) => {
    const config = { ...HDLC, addressBytes };
    const world = new World(config, { ...config, clientAddress: 0 });
    world.onEvent = (side, event) => {
      if (side === 'client' && event.type === 'connected')
        world.command('client', { type: 'send', apdu: pattern(9, 1) });
      if (side === 'server' && event.type === 'apdu')
        world.command('server', { type: 'send', apdu: pattern(5, 2) });
      if (side === 'client' && event.type === 'apdu') world.command('client', { type: 'disconnect' });
    };
    world.command('client', { type: 'connect' });
    expect(world.run(60_000)).toBe(true);
    const peer = {
      clientAddress: 16,
      serverAddress: 1,
      ...(addressBytes === 1 ? {} : { physicalAddress: 17 }),
    };
    expect(world.events.server.at(1)).toEqual({
      type: 'apdu',
      apdu: pattern(9, 1),
      peer,
      unconfirmed: false,
    });
    expect(world.events.client.map((event) => event.type)).toEqual(['connected', 'apdu', 'disconnected']);
    expect(world.events.client.at(-1)).toEqual({ type: 'disconnected' });
    expect(world.armed('client')).toEqual([]);
    expect(world.armed('server')).toEqual([]);
  });

  test('both sides get the smaller sizes and windows, crossed over', () => {
    const world = new World(
      { ...HDLC, maxInfoTransmit: 2030, maxInfoReceive: 700, windowTransmit: 5, windowReceive: 7 },
      { ...HDLC, maxInfoTransmit: 1000, maxInfoReceive: 80, windowTransmit: 3, windowReceive: 2 },
    );
    world.command('client', { type: 'connect' });
    world.run(100);
    expect(world.events.client[0]).toMatchObject({
      parameters: { maxInfoTransmit: 80, maxInfoReceive: 700, windowTransmit: 2, windowReceive: 3 },
    });
    expect(world.events.server[0]).toMatchObject({
      parameters: { maxInfoTransmit: 700, maxInfoReceive: 80, windowTransmit: 3, windowReceive: 2 },
    });
  });

  test('a UA without parameters means the defaults, whatever was proposed', () => {
    const probe = new Probe(createClientLink({ ...HDLC, maxInfoTransmit: 1024, windowTransmit: 4 }));
    probe.command('connect');
    const { events } = probe.bytes(fromServer(unnumberedControl('ua', true)));
    expect(events[0]).toMatchObject({ parameters: { maxInfoTransmit: 128, windowTransmit: 1 } });
  });

  test('a published UA with sizes in two bytes', () => {
    const probe = new Probe(createClientLink(HDLC));
    probe.command('connect');
    const ua = fromHex('7EA023210002002373F6C58180140502008006020080070400000001080400000001CE6A7E');
    expect(probe.bytes(ua).events[0]).toMatchObject({
      type: 'connected',
      parameters: { maxInfoTransmit: 128 },
    });
  });

  test('malformed parameters are no UA; the SNRM is repeated', () => {
    const probe = new Probe(createClientLink(HDLC));
    probe.command('connect');
    expect(probe.bytes(fromServer(unnumberedControl('ua', true), Uint8Array.of(1, 2, 3))).events).toEqual([]);
    expect(probe.timer('link-response').sent).toEqual(['snrm!']);
  });

  test.each([1, 2, 3])(
    'with %i retries, one SNRM goes out without parameters before the peer is given up',
    (retries) => {
      const config = { ...HDLC, maxInfoTransmit: 512, maxInfoReceive: 512, windowReceive: 3, retries };
      const link = createClientLink(config);
      const asked: number[] = [];
      let events: LinkEvent[] = [];
      const take = (effects: ReturnType<LinkMachine['step']>): void => {
        for (const effect of effects) {
          if (effect.do === 'emit') events.push(effect.event);
          if (effect.do !== 'send') continue;
          const frame = decodeFrame(effect.bytes);
          if (decodeControl(frame.control).kind === 'snrm') asked.push(frame.info.length);
        }
      };
      take(link.step({ on: 'command', command: { type: 'connect' } }, 0));
      for (let tries = 0; tries < retries && !asked.includes(0); tries++) {
        take(link.step({ on: 'timer', timer: 'link-response' }, 0));
      }
      expect(asked.slice(0, -1).every((length) => length > 0)).toBe(true);
      expect(asked.at(-1)).toBe(0);
      expect(events).toEqual([]);
      // A server that states more than was asked for gets no more than what goes without saying.
      const most = { maxInfoTransmit: 512, maxInfoReceive: 512, windowTransmit: 7, windowReceive: 7 };
      take(
        link.step(
          { on: 'bytes', bytes: fromServer(unnumberedControl('ua', true), encodeAllParameters(most)) },
          0,
        ),
      );
      expect(events).toMatchObject([
        {
          type: 'connected',
          parameters: { maxInfoTransmit: 128, maxInfoReceive: 128, windowTransmit: 1, windowReceive: 1 },
        },
      ]);
      // The next link begins with all that there is.
      events = [];
      asked.length = 0;
      take(link.step({ on: 'closed' }, 0));
      take(link.step({ on: 'command', command: { type: 'connect' } }, 0));
      expect(asked.every((length) => length > 0)).toBe(true);
    },
  );

  test('a server that keeps silent to a repeated SNRM is sent DISC first', () => {
    const probe = new Probe(createClientLink(HDLC));
    expect(probe.command('connect').sent).toEqual(['snrm!']);
    expect(probe.timer('link-response').sent).toEqual(['snrm!']);
    expect(probe.timer('link-response').sent).toEqual(['disc!']);
    // This UA repeats the parameters, as some do.
    expect(probe.bytes(fromServer(unnumberedControl('ua', true), encodeAllParameters(HDLC))).sent).toEqual([
      'snrm!',
    ]);
    expect(probe.bytes(fromServer(unnumberedControl('ua', true))).events[0]?.type).toBe('connected');
  });

  test('a repeated SNRM is answered by UA and starts the numbers anew', () => {
    const probe = openServer();
    probe.bytes(fromClient(informationControl(0, 0, true), Uint8Array.of(0xe6, 0xe6, 0, 1)));
    expect(probe.send(Uint8Array.of(9)).sent).toEqual(['i(0,1)!']);
    const again = probe.bytes(fromClient(unnumberedControl('snrm', true)));
    expect(again.sent).toEqual(['ua!']);
    expect(again.events.map((event) => event.type)).toEqual(['connected']);
    expect(probe.bytes(fromClient(supervisoryControl('rr', 0, true))).sent).toEqual(['rr(0)!']);
    expect(apdusOf(probe.bytes(fromClient(informationControl(0, 0, true), Uint8Array.of(7))))).toEqual([
      '07',
    ]);
  });

  test('UA states the agreed values', () => {
    const link = createServerLink({ ...HDLC, maxInfoTransmit: 1024, maxInfoReceive: 1024 });
    const proposal = encodeAllParameters({ ...HDLC, maxInfoTransmit: 600, maxInfoReceive: 200 });
    const bytes = fromClient(unnumberedControl('snrm', true), proposal);
    const [ua] = link
      .step({ on: 'bytes', bytes }, 0)
      .flatMap((effect) => (effect.do === 'send' ? [effect.bytes] : []));
    expect(decodeParameters(decodeFrame(ua ?? new Uint8Array(0)).info)).toMatchObject({
      maxInfoTransmit: 200,
      maxInfoReceive: 600,
    });
  });
});

describe('transfer', () => {
  test.each([1, 3, 7])('window %d: as many frames a turn, P/F on the last', (window) => {
    const ua = encodeAllParameters({ ...HDLC, windowReceive: window });
    const probe = openClient({ windowTransmit: window }, ua);
    const { sent } = probe.send(pattern(128 * 8 - 3, 1));
    expect(sent).toHaveLength(window);
    expect(sent.filter((frame) => frame.includes('!'))).toEqual([sent.at(-1) ?? '']);
    const next = probe.bytes(fromServer(supervisoryControl('rr', window, true)));
    expect(next.sent[0]).toStartWith(`i(${window},0)`);
    expect(next.sent).toHaveLength(Math.min(window, 8 - window));
  });

  test('the size limit counts the information field, LLC bytes included', () => {
    const link = createClientLink({ ...HDLC, maxInfoTransmit: 80 });
    link.step({ on: 'command', command: { type: 'connect' } }, 0);
    link.step({ on: 'bytes', bytes: fromServer(unnumberedControl('ua', true)) }, 0);
    const lengths = (apdu: Uint8Array): unknown =>
      link
        .step({ on: 'command', command: { type: 'send', apdu } }, 0)
        .flatMap((effect) => (effect.do === 'send' ? [decodeFrame(effect.bytes)] : []))
        .map((frame) => [frame.info.length, frame.segmented]);
    expect(lengths(pattern(77, 1))).toEqual([[80, false]]);
    link.step({ on: 'bytes', bytes: fromServer(informationControl(0, 1, true), LLC_ANSWER) }, 0);
    link.step({ on: 'bytes', bytes: fromServer(informationControl(1, 1, true), Uint8Array.of(1)) }, 0);
    expect(lengths(pattern(78, 1))).toEqual([[80, true]]);
  });

  test('an answer in segments: polled by RR, joined, LLC bytes taken off', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    const first = probe.bytes(
      fromServer(informationControl(0, 1, true), concat([LLC_ANSWER, pattern(4, 1)]), true),
    );
    expect(first).toMatchObject({ sent: ['rr(1)!'], events: [] });
    const second = probe.bytes(fromServer(informationControl(1, 1, true), pattern(3, 2)));
    expect(second.sent).toEqual([]);
    expect(apdusOf(second)).toEqual([concat([pattern(4, 1), pattern(3, 2)]).toHex()]);
  });

  test.each([
    ['none', ''],
    ['those of a request', 'e6e600'],
    ['those of an answer', 'e6e700'],
  ])('LLC bytes: %s', (_, llc) => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    expect(apdusOf(probe.bytes(fromServer(informationControl(0, 1, true), fromHex(`${llc}c40100`))))).toEqual(
      ['c40100'],
    );
  });

  test('a repeated frame is answered and not delivered twice', () => {
    const probe = openServer();
    const request = fromClient(informationControl(0, 0, true), Uint8Array.of(0xe6, 0xe6, 0, 1));
    expect(apdusOf(probe.bytes(request))).toEqual(['01']);
    expect(probe.bytes(request)).toMatchObject({ sent: ['rr(1)!'], events: [] });
    // The answer is ready now but the turn is the client's: it goes out at the next poll.
    expect(probe.send(Uint8Array.of(2)).sent).toEqual([]);
    expect(probe.bytes(fromClient(supervisoryControl('rr', 0, true))).sent).toEqual(['i(0,1)!']);
    expect(probe.bytes(fromClient(supervisoryControl('rr', 0, true))).sent).toEqual(['i(0,1)!']);
    expect(probe.link.counters.retransmissions).toBe(1);
  });

  test('a client polls a server that is not ready, with growing pauses, and gives up in the end', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    const pauses: string[] = [];
    let answer = probe.bytes(fromServer(supervisoryControl('rr', 1, true)));
    for (
      ;
      errorOf(answer) === undefined;
      answer = probe.bytes(fromServer(supervisoryControl('rr', 1, true)))
    ) {
      pauses.push(...answer.timers);
      probe.nowMs += Number(answer.timers[0]?.split(' ')[1]);
      expect(probe.timer('link-poll').sent).toEqual(['rr(0)!']);
    }
    expect(pauses.slice(0, 8)).toEqual([10, 20, 40, 80, 160, 320, 500, 500].map((ms) => `link-poll ${ms}`));
    expect(errorOf(answer)).toBe('link-timeout');
    expect(probe.nowMs).toBeLessThan(5000);
  });

  test('a busy peer (RNR) gets no information until it is ready', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    expect(probe.bytes(fromServer(supervisoryControl('rnr', 0, true)))).toMatchObject({
      sent: [],
      timers: ['link-poll 10'],
    });
    expect(probe.timer('link-poll').sent).toEqual(['rr(0)!']);
    expect(probe.bytes(fromServer(supervisoryControl('rr', 0, true))).sent).toEqual(['i(0,0)!']);
  });

  test('a peer that never acknowledges is given up after the retries', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    const seen: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      const answer = probe.bytes(fromServer(supervisoryControl('rej', 0, true)));
      seen.push(answer.sent[0] ?? errorOf(answer));
    }
    expect(seen).toEqual(['i(0,0)!', 'i(0,0)!', 'i(0,0)!', 'link-timeout']);
  });

  test('a gap is answered by RR and the window comes again', () => {
    const probe = openClient({ windowReceive: 3 }, encodeAllParameters({ ...HDLC, windowTransmit: 3 }));
    probe.send(Uint8Array.of(0xc0));
    probe.bytes(fromServer(informationControl(0, 1, false), Uint8Array.of(1), true));
    expect(probe.bytes(fromServer(informationControl(2, 1, true), Uint8Array.of(3))).sent).toEqual([
      'rr(1)!',
    ]);
    probe.bytes(fromServer(informationControl(1, 1, false), Uint8Array.of(2), true));
    expect(apdusOf(probe.bytes(fromServer(informationControl(2, 1, true), Uint8Array.of(3))))).toEqual([
      '010203',
    ]);
  });

  test('an answer without the final bit gives the turn back all the same', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    expect(apdusOf(probe.bytes(fromServer(informationControl(0, 1, false), Uint8Array.of(1))))).toEqual([
      '01',
    ]);
    expect(probe.send(Uint8Array.of(0xc0)).sent).toEqual(['i(1,1)!']);
  });

  test('a notification in an I frame is delivered and the answer still waited for', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    const pushed = probe.bytes(fromServer(informationControl(0, 1, true), Uint8Array.of(0x0f, 1)));
    expect(apdusOf(pushed)).toEqual(['0f01']);
    expect(pushed.sent).toEqual(['rr(1)!']);
    expect(apdusOf(probe.bytes(fromServer(informationControl(1, 1, true), Uint8Array.of(0xc4))))).toEqual([
      'c4',
    ]);
  });

  test('an N(R) that names what was never sent is ignored', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    expect(probe.bytes(fromServer(supervisoryControl('rr', 5, true)))).toMatchObject({
      sent: [],
      events: [],
    });
    expect(probe.bytes(fromServer(informationControl(0, 3, true), Uint8Array.of(1)))).toMatchObject({
      sent: [],
      events: [],
    });
    expect(probe.link.counters.ignoredFrames).toBe(2);
  });

  test.each([2000, 0])('segments of %d bytes without an end are bounded', (size) => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    let error: string | undefined;
    let taken = 0;
    for (let ns = 0; error === undefined && taken < 2 * MAX_REASSEMBLED; ns = (ns + 1) % 8) {
      error = errorOf(probe.bytes(fromServer(informationControl(ns, 1, true), new Uint8Array(size), true)));
      taken += Math.max(1, size);
    }
    expect(error).toBe('apdu-too-long');
  });
});

describe('time', () => {
  test('silence in a frame: its flag is dropped and what lies behind is found', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    const answer = fromServer(informationControl(0, 1, true), Uint8Array.of(0xc4));
    // A frame whose end never comes, with a good one behind it.
    const cut = fromServer(informationControl(0, 1, true), new Uint8Array(90)).subarray(0, 40);
    const first = probe.bytes(cut, answer);
    expect(first).toMatchObject({ events: [], timers: ['link-octet 100'] });
    expect(apdusOf(probe.timer('link-octet'))).toEqual(['c4']);
    expect(probe.link.counters.rejectedHeaders).toBeGreaterThan(0);
  });

  test('a frame still coming in puts the time-out off, but only while it grows', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    const answer = fromServer(informationControl(0, 1, true), new Uint8Array(100));
    probe.bytes(answer.subarray(0, 50));
    expect(probe.timer('link-response')).toMatchObject({ sent: [], timers: ['link-response 100'] });
    expect(probe.timer('link-response').sent).toEqual(['i(0,0)!']);
    expect(apdusOf(probe.bytes(answer.subarray(50)))).toHaveLength(1);
  });

  test('no answer: the frame is repeated, then the link fails', () => {
    const probe = openClient();
    probe.send(Uint8Array.of(0xc0));
    const seen = [1, 2, 3, 4].map(() => {
      const answer = probe.timer('link-response');
      return answer.sent[0] ?? errorOf(answer);
    });
    expect(seen).toEqual(['i(0,0)!', 'i(0,0)!', 'i(0,0)!', 'link-timeout']);
    expect(probe.link.counters).toMatchObject({ timeouts: 4, retransmissions: 3 });
  });

  test('an idle link ends on the server', () => {
    const world = new World(HDLC);
    world.command('client', { type: 'connect' });
    expect(world.run(60_000)).toBe(true);
    expect(world.events.server.at(-1)).toMatchObject({
      type: 'disconnected',
      error: { code: 'link-timeout' },
    });
  });
});

describe('several stations on one line', () => {
  const snrm = unnumberedControl('snrm', true);

  test('frames to another physical or logical device, to all and to none are not answered', () => {
    const link = createServerLink(HDLC);
    for (const [upper, lower] of [
      [1, 18],
      [2, 17],
      [0x3fff, 0x3fff],
      [1, 0x3fff],
      [0, 17],
      [1, 0],
    ] as const) {
      expect(
        link.step({ on: 'bytes', bytes: fromClient(snrm, undefined, serverAddress(upper, lower, 4)) }, 0),
      ).toEqual([]);
    }
    expect(link.counters.ignoredFrames).toBe(6);
    expect(
      link.step({ on: 'bytes', bytes: fromClient(snrm, undefined, serverAddress(1, 17, 2)) }, 0),
    ).not.toEqual([]);
  });

  test('what others say is not for the client', () => {
    const probe = new Probe(createClientLink(HDLC));
    probe.command('connect');
    const stranger = serverAddress(1, 18, 4);
    const ua = unnumberedControl('ua', true);
    expect(probe.bytes(encodeFrame({ destination: client, source: stranger, control: ua })).events).toEqual(
      [],
    );
    expect(
      probe.bytes(encodeFrame({ destination: clientAddress(1), source: server, control: ua })).events,
    ).toEqual([]);
    // Its own frame, echoed by the line.
    expect(probe.bytes(fromClient(snrm)).events).toEqual([]);
    expect(probe.bytes(fromServer(ua)).events[0]?.type).toBe('connected');
  });

  test('three meters behind one client, one after the other, each answers for itself', () => {
    const meters = [17, 18, 19].map((physicalAddress) => createServerLink({ ...HDLC, physicalAddress }));
    for (const physicalAddress of [18, 17, 19]) {
      const probe = new Probe(createClientLink({ ...HDLC, physicalAddress }));
      const to = serverAddress(1, physicalAddress, 4);
      const answers = meters.flatMap((meter) =>
        meter.step({ on: 'bytes', bytes: fromClient(snrm, undefined, to) }, 0),
      );
      probe.command('connect');
      const sent = answers.flatMap((effect) => (effect.do === 'send' ? [effect.bytes] : []));
      expect(sent).toHaveLength(1);
      expect(probe.bytes(...sent).events[0]).toMatchObject({ type: 'connected', peer: { physicalAddress } });
    }
  });

  test('a server of several logical devices answers under the one that was called', () => {
    const probe = new Probe(createServerLink(HDLC, { logicalDevices: [1, 16] }));
    const { events } = probe.bytes(fromClient(snrm, undefined, serverAddress(16, 17, 4)));
    expect(events[0]).toMatchObject({ type: 'connected', peer: { serverAddress: 16, clientAddress: 16 } });
    // Another client, or another device, has no link here.
    const poll = supervisoryControl('rr', 0, true);
    expect(probe.bytes(fromClient(poll, undefined, server)).sent).toEqual(['dm!']);
    expect(
      probe.bytes(fromClient(poll, undefined, serverAddress(16, 17, 4), clientAddress(32))).sent,
    ).toEqual(['dm!']);
    expect(probe.bytes(fromClient(poll, undefined, serverAddress(16, 17, 4))).sent).toEqual(['rr(0)!']);
  });

  test('a broadcast in UI is heard and not answered', () => {
    const probe = new Probe(createServerLink(HDLC));
    const all = serverAddress(0x3fff, 0x3fff, 4);
    const answer = probe.bytes(
      fromClient(unnumberedControl('ui', false), Uint8Array.of(0xe6, 0xe6, 0, 5), all),
    );
    expect(apdusOf(answer)).toEqual(['05']);
    expect(answer.sent).toEqual([]);
  });
});

describe('pushed frames', () => {
  test('a segmented push is joined; a lost end does not spoil the next one', () => {
    const probe = openClient();
    const ui = unnumberedControl('ui', false);
    const part = (text: string, segmented: boolean): Uint8Array => fromServer(ui, fromHex(text), segmented);
    expect(apdusOf(probe.bytes(part('e6e7000f01', true), part('02', true), part('03', false)))).toEqual([
      '0f010203',
    ]);
    expect(apdusOf(probe.bytes(part('e6e7000f01', true), part('e6e7000f05', false)))).toEqual(['0f05']);
  });

  test('a server pushes without a link, in as many frames as it takes', () => {
    const probe = new Probe(createServerLink(HDLC));
    const effects = probe.link.step(
      { on: 'command', command: { type: 'send-unconfirmed', apdu: pattern(300, 1) } },
      0,
    );
    const sent = effects.flatMap((effect) => (effect.do === 'send' ? [effect.bytes] : []));
    expect(sent.map(show)).toEqual(['ui+', 'ui+', 'ui']);
    const listener = new Probe(createClientLink(HDLC));
    expect(apdusOf(listener.bytes(...sent))).toEqual([pattern(300, 1).toHex()]);
  });
});

test('whole, byte-wise and random splits of the input give the same events and frames', () => {
  const random = new SeededRandom(11);
  const stream: Uint8Array[] = [fromClient(unnumberedControl('snrm', true))];
  for (let i = 0; i < 30; i++) {
    stream.push(
      fromClient(informationControl(i % 8, 0, true), pattern(1 + Math.floor(random.next() * 120), i)),
    );
    if (i % 4 === 0) stream.push(random.bytes(1 + Math.floor(random.next() * 9)).map((byte) => byte & 0x3f));
    if (i % 7 === 0) stream.push(Uint8Array.of(0x7e, 0x7e));
  }
  stream.push(fromClient(unnumberedControl('disc', true)));
  const bytes = concat(stream);
  const observe = (chunks: readonly Uint8Array[]): unknown => {
    const probe = new Probe(createServerLink(HDLC));
    const answers = chunks.map((chunk) => probe.bytes(chunk));
    return {
      sent: answers.flatMap((answer) => answer.sent),
      events: answers.flatMap((answer) => answer.events),
    };
  };
  const whole = observe([bytes]);
  expect(whole).toMatchObject({ events: { length: 32 } });
  expect(observe([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  for (let round = 0; round < 20; round++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + Math.floor(random.next() * 60);
      chunks.push(bytes.subarray(at, at + length));
      at += length;
    }
    expect(observe(chunks)).toEqual(whole);
  }
});
