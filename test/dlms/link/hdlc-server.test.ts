import { describe, expect, test } from 'bun:test';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { clientAddress, type HdlcAddress, serverAddress } from '../../../src/dlms/link/address.ts';
import {
  decodeControl,
  decodeFrame,
  encodeFrame,
  informationControl,
  supervisoryControl,
  unnumberedControl,
} from '../../../src/dlms/link/frame.ts';
import { HdlcServerLink, MAX_CONNECTIONS } from '../../../src/dlms/link/hdlc-server.ts';
import { createClientLink, createServerLink } from '../../../src/dlms/link/index.ts';
import type { HdlcLinkConfig, LinkEvent, LinkMachine, LinkPeer } from '../../../src/dlms/link/link.ts';
import { encodeAllParameters } from '../../../src/dlms/link/parameters.ts';
import { createServerMachine, type LogicalDevice } from '../../../src/dlms/server.ts';
import { HDLC, pattern, World } from './world.ts';

const SERVER = serverAddress(1, 17, 4);
const SNRM = unnumberedControl('snrm', true);
const DISC = unnumberedControl('disc', true);
const UI = unnumberedControl('ui', false);
const LLC = fromHex('e6e600');

interface Seen {
  /** `client:kind(ns,nr)!+` of each frame sent. */
  readonly sent: string[];
  readonly frames: Uint8Array[];
  readonly events: LinkEvent[];
  readonly timers: string[];
}

class Bench {
  readonly link: LinkMachine;
  nowMs = 0;

  constructor(config: Partial<HdlcLinkConfig> = {}, logicalDevices?: readonly number[]) {
    this.link = createServerLink(
      { ...HDLC, ...config },
      logicalDevices === undefined ? {} : { logicalDevices },
    );
  }

  step(input: Parameters<LinkMachine['step']>[0]): Seen {
    const effects = this.link.step(input, this.nowMs);
    const frames = effects.flatMap((effect) => (effect.do === 'send' ? [effect.bytes] : []));
    return {
      frames,
      sent: frames.map(shown),
      events: effects.flatMap((effect) => (effect.do === 'emit' ? [effect.event] : [])),
      timers: effects.flatMap((effect) =>
        effect.do === 'arm' || effect.do === 'disarm' ? [`${effect.do} ${effect.timer}`] : [],
      ),
    };
  }

  from(
    client: number,
    control: number,
    info?: Uint8Array,
    to: HdlcAddress = SERVER,
    segmented = false,
  ): Seen {
    const source = clientAddress(client);
    const frame = { destination: to, source, control, segmented, ...(info === undefined ? {} : { info }) };
    return this.step({ on: 'bytes', bytes: encodeFrame(frame) });
  }
}

function shown(bytes: Uint8Array): string {
  const frame = decodeFrame(bytes);
  const control = decodeControl(frame.control);
  const numbers =
    control.kind === 'i' ? `(${control.ns},${control.nr})` : 'nr' in control ? `(${control.nr})` : '';
  return `${frame.destination}:${control.kind}${numbers}${control.pf ? '!' : ''}${frame.segmented ? '+' : ''}`;
}

const request = (text: string): Uint8Array => concat([LLC, fromHex(text)]);
const peerOf = (client: number): LinkPeer => ({
  clientAddress: client,
  serverAddress: 1,
  physicalAddress: 17,
});

describe('several clients at once', () => {
  test('each has its own numbers, answers, idle time and end', () => {
    const bench = new Bench();
    expect(bench.from(16, SNRM).events).toMatchObject([{ type: 'connected', peer: peerOf(16) }]);
    expect(bench.from(32, SNRM).events).toMatchObject([{ type: 'connected', peer: peerOf(32) }]);
    expect(bench.from(16, informationControl(0, 0, true), request('c001')).events).toMatchObject([
      { type: 'apdu', peer: peerOf(16) },
    ]);
    expect(bench.from(32, informationControl(0, 0, true), request('c002')).events).toMatchObject([
      { type: 'apdu', peer: peerOf(32) },
    ]);
    const answer = (client: number, apdu: Uint8Array): Seen =>
      bench.step({ on: 'command', command: { type: 'send', apdu, peer: peerOf(client) } });
    expect(answer(16, fromHex('c4')).sent).toEqual(['16:i(0,1)!']);
    expect(answer(32, fromHex('c5')).sent).toEqual(['32:i(0,1)!']);
    expect(bench.from(16, informationControl(1, 1, true), request('c003')).events).toHaveLength(1);
    // Without a peer: to the sender of the last APDU.
    expect(bench.step({ on: 'command', command: { type: 'send', apdu: fromHex('c6') } }).sent).toEqual([
      '16:i(1,2)!',
    ]);
    const idle = bench.step({ on: 'timer', timer: 'link-idle:32/1/17' });
    expect(idle.events).toMatchObject([
      { type: 'disconnected', peer: peerOf(32), error: { code: 'link-timeout' } },
    ]);
    expect(bench.from(32, supervisoryControl('rr', 1, true)).sent).toEqual(['32:dm!']);
    const end = bench.from(16, DISC);
    expect(end.sent).toEqual(['16:ua!']);
    expect(end.events).toEqual([{ type: 'disconnected', peer: peerOf(16) }]);
  });

  test('an SNRM of one client starts its link anew and touches no other', () => {
    const bench = new Bench();
    bench.from(16, SNRM);
    bench.from(32, SNRM);
    bench.from(16, informationControl(0, 0, true), request('c001'));
    expect(bench.from(32, SNRM).events).toMatchObject([{ type: 'connected', again: true, peer: peerOf(32) }]);
    expect(bench.step({ on: 'command', command: { type: 'send', apdu: fromHex('c4') } }).sent).toEqual([
      '16:i(0,1)!',
    ]);
  });

  test('each negotiates for itself', () => {
    const bench = new Bench({
      maxInfoTransmit: 2030,
      maxInfoReceive: 2030,
      windowTransmit: 7,
      windowReceive: 7,
    });
    const small = { maxInfoTransmit: 64, maxInfoReceive: 64, windowTransmit: 2, windowReceive: 2 };
    bench.from(16, SNRM, encodeAllParameters(small));
    bench.from(32, SNRM, encodeAllParameters({ ...small, maxInfoReceive: 2030, windowReceive: 7 }));
    const long = pattern(150, 1);
    for (const [client, expected] of [
      [16, ['16:i(0,1)+', '16:i(1,1)!+']],
      [32, ['32:i(0,1)!']],
    ] as const) {
      bench.from(client, informationControl(0, 0, true), request('c0'));
      const { sent } = bench.step({
        on: 'command',
        command: { type: 'send', apdu: long, peer: peerOf(client) },
      });
      expect(sent).toEqual([...expected]);
    }
  });

  test('two logical devices are two links of one client', () => {
    const bench = new Bench({}, [1, 2]);
    bench.from(16, SNRM);
    bench.from(16, SNRM, undefined, serverAddress(2, 17, 4));
    bench.from(16, DISC);
    const other = bench.from(16, supervisoryControl('rr', 0, true), undefined, serverAddress(2, 17, 4));
    expect(other.sent).toEqual(['16:rr(0)!']);
  });

  test('two- and four-byte forms of an address are one link', () => {
    const bench = new Bench();
    bench.from(16, SNRM);
    const { sent } = bench.from(16, supervisoryControl('rr', 0, true), undefined, serverAddress(1, 17, 2));
    expect(sent).toEqual(['16:rr(0)!']);
  });

  test('to one client more than the most the server is not ready; the others keep their links', () => {
    const link = new HdlcServerLink(HDLC, undefined);
    const snrm = (client: number): string[] => {
      const bytes = encodeFrame({ destination: SERVER, source: clientAddress(client), control: SNRM });
      return link
        .step({ on: 'bytes', bytes }, 0)
        .flatMap((effect) => (effect.do === 'send' ? [shown(effect.bytes)] : []));
    };
    for (let client = 1; client <= MAX_CONNECTIONS; client++) expect(snrm(client)).toEqual([`${client}:ua!`]);
    expect(snrm(99)).toEqual(['99:dm!']);
    expect(snrm(3)).toEqual(['3:ua!']);
    expect(link.connections).toBe(MAX_CONNECTIONS);
    const disc = encodeFrame({ destination: SERVER, source: clientAddress(3), control: DISC });
    link.step({ on: 'bytes', bytes: disc }, 0);
    expect(snrm(99)).toEqual(['99:ua!']);
  });

  test('the end of the line, and our own, end every link', () => {
    for (const input of [{ on: 'closed' }, { on: 'command', command: { type: 'disconnect' } }] as const) {
      const bench = new Bench();
      bench.from(16, SNRM);
      bench.from(32, SNRM);
      const { events, timers } = bench.step(input);
      expect(events.map((event) => event.type === 'disconnected' && event.peer?.clientAddress)).toEqual([
        16, 32,
      ]);
      expect(timers).toEqual(['disarm link-idle:16/1/17', 'disarm link-idle:32/1/17']);
    }
    expect(new Bench().step({ on: 'command', command: { type: 'disconnect' } }).events).toMatchObject([
      { type: 'disconnected' },
    ]);
  });

  test('an answer to a client that is gone goes nowhere', () => {
    const bench = new Bench();
    bench.from(16, SNRM);
    const late = bench.step({
      on: 'command',
      command: { type: 'send', apdu: fromHex('c4'), peer: peerOf(32) },
    });
    expect(late.sent).toEqual([]);
    expect(late.events).toMatchObject([
      { type: 'disconnected', peer: peerOf(32), error: { code: 'link-closed' } },
    ]);
    expect(bench.from(16, supervisoryControl('rr', 0, true)).sent).toEqual(['16:rr(0)!']);
  });

  test('unasked information goes to whom it is for, connected or not, or to all clients', () => {
    const bench = new Bench();
    const push = (more: object): string[] =>
      bench.step({ on: 'command', command: { type: 'send-unconfirmed', apdu: fromHex('0f'), ...more } }).sent;
    expect(push({})).toEqual(['16:ui']);
    expect(push({ peer: peerOf(32) })).toEqual(['32:ui']);
    expect(push({ broadcast: true })).toEqual(['127:ui']);
    bench.from(48, SNRM);
    bench.from(48, informationControl(0, 0, true), request('c0'));
    expect(push({})).toEqual(['48:ui']);
  });

  test.each([
    ['to this station', SERVER],
    ['to all stations', serverAddress(0x3fff, 0x3fff, 4)],
  ])('what a stranger sends %s takes nothing from the client that is connected', (_, destination) => {
    const bench = new Bench();
    bench.from(48, SNRM);
    bench.from(48, informationControl(0, 0, true), request('c0'));
    expect(bench.from(32, UI, request('c1'), destination).events).toMatchObject([
      { type: 'apdu', peer: peerOf(32), unconfirmed: true },
    ]);
    const send = (type: 'send' | 'send-unconfirmed'): Seen =>
      bench.step({ on: 'command', command: { type, apdu: fromHex('0f') } });
    expect(send('send-unconfirmed').sent).toEqual(['48:ui']);
    const answer = send('send');
    expect(answer.events).toEqual([]);
    expect(answer.sent).toEqual(['48:i(0,1)!']);
  });

  test('a client that is connected is turned to when it sends to all stations', () => {
    const bench = new Bench();
    for (const client of [48, 32]) {
      bench.from(client, SNRM);
      bench.from(client, informationControl(0, 0, true), request('c0'));
    }
    bench.from(48, UI, request('c1'), serverAddress(0x3fff, 0x3fff, 4));
    const push = { type: 'send-unconfirmed', apdu: fromHex('0f') } as const;
    expect(bench.step({ on: 'command', command: push }).sent).toEqual(['48:ui']);
  });

  test('segments of unnumbered information of two strangers are not joined', () => {
    const bench = new Bench();
    bench.from(16, UI, request('0501'), SERVER, true);
    const other = bench.from(32, UI, fromHex('02'));
    expect(other.events.flatMap((event) => (event.type === 'apdu' ? [event.apdu.toHex()] : []))).toEqual([
      '02',
    ]);
    bench.from(16, UI, request('0501'), SERVER, true);
    expect(bench.from(16, UI, fromHex('02')).events).toMatchObject([
      { apdu: fromHex('050102'), peer: peerOf(16) },
    ]);
  });

  test('associations of two clients on one line live side by side', () => {
    const device: LogicalDevice = {
      address: 1,
      systemTitle: new Uint8Array(8),
      associations: [16, 32].map((client) => ({
        clientAddress: client,
        auth: 'none' as const,
        policy: 'none' as const,
      })),
      nextInvocationCounter: () => 1,
      acceptInvocationCounter: () => true,
      handle: () => ({ result: 'success', data: encodeData({ type: 'unsigned', value: 7 }) }),
    };
    const random = new SeededRandom(1);
    const machine = createServerMachine({
      link: HDLC,
      devices: [device],
      maxPduSize: 400,
      randomBytes: (length) => random.bytes(length),
      idleTimeoutMs: 60_000,
    });
    const told: string[] = [];
    const from = (client: number, control: number, info?: Uint8Array): string[] => {
      const frame = { destination: SERVER, source: clientAddress(client), control };
      const bytes = encodeFrame({ ...frame, ...(info === undefined ? {} : { info }) });
      return machine.step({ on: 'bytes', bytes }, 0).flatMap((effect) => {
        if (effect.do === 'emit') told.push(effect.event.type);
        return effect.do === 'send' ? [decodeFrame(effect.bytes).info.toHex()] : [];
      });
    };
    const aarq = request('601da109060760857405080101be10040e01000000065f1f0400001e1dffff');
    const get = request('c001c1000100000b0001ff0200'.replace('0b0001', '600100'));
    for (const client of [16, 32]) {
      from(client, SNRM);
      expect(from(client, informationControl(0, 0, true), aarq)[0]).toStartWith('e6e70061');
    }
    expect(from(16, informationControl(1, 1, true), get)[0]).toBe('e6e700c401c1001107');
    // The link of one ends: the association of the other goes on.
    from(16, DISC);
    expect(told).toEqual(['associated', 'associated', 'released']);
    expect(from(32, informationControl(1, 1, true), get)[0]).toBe('e6e700c401c1001107');
    // A broadcast is heard and not answered.
    expect(from(32, UI, get)).toEqual([]);
  });
});

describe('addresses', () => {
  const answers = (bench: Bench, to: HdlcAddress, control = SNRM, client = 16): boolean =>
    bench.from(client, control, undefined, to).sent.length > 0;

  test('one-byte and calling addresses mean the only server of a line, and no other', () => {
    for (const onlyServer of [true, false]) {
      const make = (): Bench => new Bench({ onlyServer });
      expect(answers(make(), serverAddress(1, undefined, 1))).toBe(onlyServer);
      expect(answers(make(), serverAddress(1, 0x3ffe, 4))).toBe(onlyServer);
      expect(answers(make(), serverAddress(1, 0x7e, 2))).toBe(onlyServer);
      expect(answers(make(), serverAddress(1, 17, 2))).toBe(true);
      expect(answers(make(), serverAddress(1, 18, 2))).toBe(false);
    }
  });

  test('a server of one-byte addresses takes longer ones where it knows its physical address', () => {
    expect(answers(new Bench({ addressBytes: 1 }), serverAddress(1, 17, 2))).toBe(true);
    expect(answers(new Bench({ addressBytes: 1 }), serverAddress(1, 18, 2))).toBe(false);
    expect(answers(new Bench({ addressBytes: 1 }), serverAddress(1, undefined, 1))).toBe(true);
  });

  test('nobody is connected as no-station or all-station', () => {
    for (const client of [0, 0x7f]) expect(answers(new Bench(), SERVER, SNRM, client)).toBe(false);
  });

  test.each([1, 2, 4] as const)(
    'a client sends to all stations with %d-byte addresses and waits for nothing',
    (bytes) => {
      const link = createClientLink({ ...HDLC, addressBytes: bytes });
      const apdu = fromHex('c1');
      const effects = link.step(
        { on: 'command', command: { type: 'send-unconfirmed', apdu, broadcast: true } },
        0,
      );
      expect(effects.map((effect) => effect.do)).toEqual(['send']);
      const [first] = effects;
      const frame = first?.do === 'send' ? first.bytes : new Uint8Array(0);
      const all = bytes === 4 ? 0x3fff : 0x7f;
      const value = bytes === 1 ? all : serverAddress(all, all, bytes).value;
      expect(decodeFrame(frame)).toMatchObject({ destination: value, destinationBytes: bytes, source: 16 });
      const bench = new Bench({ addressBytes: bytes });
      const heard = bench.step({ on: 'bytes', bytes: frame });
      expect(heard.sent).toEqual([]);
      expect(heard.events).toMatchObject([{ type: 'apdu', apdu, unconfirmed: true }]);
    },
  );
});

describe('frames that a server cannot take', () => {
  const V = (nr: number, ns: number): number => (nr << 5) | (ns << 1);

  function rejected(
    control: number,
    info?: Uint8Array,
    config: Partial<HdlcLinkConfig> = {},
  ): Uint8Array | undefined {
    const bench = new Bench(config);
    bench.from(16, SNRM);
    const { frames, sent, events } = bench.from(16, control, info);
    const [frame] = frames;
    expect(events).toEqual([]);
    expect(sent).toEqual(['16:frmr!']);
    // Whatever comes next but a reset gets the same answer.
    expect(bench.from(16, supervisoryControl('rr', 0, true)).frames).toEqual(frames);
    expect(bench.from(16, informationControl(0, 0, false), request('c0')).sent).toEqual([]);
    expect(bench.from(16, SNRM).sent).toEqual(['16:ua!']);
    expect(bench.from(16, supervisoryControl('rr', 0, true)).sent).toEqual(['16:rr(0)!']);
    return frame === undefined ? undefined : decodeFrame(frame).info;
  }

  test('an undefined control field: W', () => {
    expect(rejected(0xff)).toEqual(Uint8Array.of(0xff, V(0, 0), 0x01));
  });

  test('information where there must be none: W and X', () => {
    for (const kind of ['rr', 'rnr', 'rej'] as const) {
      const control = supervisoryControl(kind, 0, true);
      expect(rejected(control, fromHex('00'))).toEqual(Uint8Array.of(control, V(0, 0), 0x03));
    }
  });

  test('information longer than agreed: Y', () => {
    const control = informationControl(0, 0, true);
    expect(rejected(control, new Uint8Array(129))).toEqual(Uint8Array.of(control, V(0, 0), 0x04));
    const bench = new Bench();
    bench.from(16, SNRM);
    expect(bench.from(16, control, new Uint8Array(128).fill(1)).events).toHaveLength(1);
  });

  test('an N(R) of what was never sent: Z', () => {
    for (const control of [informationControl(0, 3, true), supervisoryControl('rr', 5, true)]) {
      const info = (control & 1) === 0 ? request('c0') : undefined;
      expect(rejected(control, info)).toEqual(Uint8Array.of(control, V(0, 0), 0x08));
    }
  });

  test('without a poll the rejection waits for one', () => {
    const bench = new Bench();
    bench.from(16, SNRM);
    expect(bench.from(16, 0xef).sent).toEqual([]);
    expect(bench.from(16, supervisoryControl('rr', 0, true)).sent).toEqual(['16:frmr!']);
    expect(bench.from(16, DISC).sent).toEqual(['16:ua!']);
  });

  test('an N(R) that lags behind is one that the line kept back, and is passed over', () => {
    const bench = new Bench();
    bench.from(16, SNRM);
    bench.from(16, informationControl(0, 0, true), request('c0'));
    bench.step({ on: 'command', command: { type: 'send', apdu: fromHex('c4') } });
    bench.from(16, informationControl(1, 1, true), request('c0'));
    expect(bench.from(16, informationControl(0, 0, true), request('c0')).sent).toEqual([]);
    expect(bench.link.counters.ignoredFrames).toBe(1);
  });

  test('a client that is rejected fails with the reason and begins anew', () => {
    const world = new World(HDLC);
    const errors: (string | undefined)[] = [];
    world.onEvent = (side, event) => {
      if (side === 'client' && event.type === 'connected' && errors.length === 0) {
        world.bytes('server', encodeFrame({ destination: SERVER, source: clientAddress(16), control: 0xff }));
      }
      if (side === 'client' && event.type === 'disconnected') {
        errors.push(event.error?.code);
        if (errors.length === 1) world.command('client', { type: 'connect' });
      }
    };
    world.command('client', { type: 'connect' });
    world.run(500);
    expect(errors).toEqual(['frame-rejected']);
    expect(world.events.server.filter((event) => event.type === 'connected')).toHaveLength(2);
  });
});

describe('not ready', () => {
  test('a busy server says so, keeps its place, and takes the frame later', () => {
    const bench = new Bench();
    bench.from(16, SNRM);
    bench.step({ on: 'command', command: { type: 'busy', busy: true } });
    const early = bench.from(16, informationControl(0, 0, true), request('c001'));
    expect(early.sent).toEqual(['16:rnr(0)!']);
    expect(early.events).toEqual([]);
    expect(bench.from(16, supervisoryControl('rr', 0, true)).sent).toEqual(['16:rnr(0)!']);
    bench.step({ on: 'command', command: { type: 'busy', busy: false } });
    expect(bench.from(16, supervisoryControl('rr', 0, true)).sent).toEqual(['16:rr(0)!']);
    expect(bench.from(16, informationControl(0, 0, true), request('c001')).events).toMatchObject([
      { type: 'apdu' },
    ]);
  });

  test.each([1, 3, 7])('window %d: both sides busy in turn, everything arrives once', (window) => {
    const config = { ...HDLC, windowTransmit: window, windowReceive: window };
    const world = new World(config, { ...config, responseTimeoutMs: 60_000 });
    const question = pattern(900, 1);
    const answer = pattern(1200, 2);
    world.onEvent = (side, event) => {
      if (side === 'client' && event.type === 'connected')
        world.command('client', { type: 'send', apdu: question });
      if (side === 'server' && event.type === 'apdu') world.command('server', { type: 'send', apdu: answer });
      if (side === 'client' && event.type === 'apdu') world.command('client', { type: 'disconnect' });
    };
    for (let atMs = 12; atMs < 3000; atMs += 130) {
      for (const side of ['server', 'client'] as const) {
        const offset = side === 'server' ? 0 : 37;
        world.later(atMs + offset, () => world.command(side, { type: 'busy', busy: true }));
        world.later(atMs + offset + 60, () => world.command(side, { type: 'busy', busy: false }));
      }
    }
    world.command('client', { type: 'connect' });
    expect(world.run(120_000)).toBe(true);
    expect(world.apdus('server')).toEqual([question]);
    expect(world.apdus('client')).toEqual([answer]);
    expect(world.events.client.at(-1)).toEqual({ type: 'disconnected' });
    const kinds = [...world.sent.client, ...world.sent.server].map(
      (bytes) => decodeControl(decodeFrame(bytes).control).kind,
    );
    expect(kinds).toContain('rnr');
  });

  test('a client that stays busy keeps the link alive and loses nothing', () => {
    const world = new World(HDLC, { ...HDLC, responseTimeoutMs: 60_000 });
    const answer = pattern(600, 2);
    world.onEvent = (side, event) => {
      if (side === 'client' && event.type === 'connected') {
        world.command('client', { type: 'busy', busy: true });
        world.command('client', { type: 'send', apdu: fromHex('c0') });
      }
      if (side === 'server' && event.type === 'apdu') world.command('server', { type: 'send', apdu: answer });
      if (side === 'client' && event.type === 'apdu') world.command('client', { type: 'disconnect' });
    };
    world.later(30_000, () => world.command('client', { type: 'busy', busy: false }));
    world.command('client', { type: 'connect' });
    expect(world.run(120_000)).toBe(true);
    expect(world.apdus('client')).toEqual([answer]);
    expect(world.nowMs).toBeGreaterThan(30_000);
  });
});

describe('parameters of real peers', () => {
  const ua = (hex: string): LinkEvent | undefined => {
    const link = createClientLink({
      ...HDLC,
      maxInfoTransmit: 2030,
      maxInfoReceive: 2030,
      windowTransmit: 7,
      windowReceive: 7,
    });
    link.step({ on: 'command', command: { type: 'connect' } }, 0);
    const bytes = encodeFrame({
      destination: clientAddress(16),
      source: SERVER,
      control: unnumberedControl('ua', true),
      info: fromHex(hex),
    });
    const emitted = link.step({ on: 'bytes', bytes }, 0).find((effect) => effect.do === 'emit');
    return emitted?.do === 'emit' ? emitted.event : undefined;
  };

  test.each([
    ['sizes in one byte, windows in four', '81801205018006018007040000000108040000000 1', 128, 128, 1, 1],
    ['sizes in two bytes, windows in one', '81800e05020400060204000701070801 07', 1024, 1024, 7, 7],
    ['sizes in four bytes', '81800c050400000800060400000080', 128, 2030, 1, 1],
    ['a window beyond seven', '8180060701ff0801ff', 128, 128, 7, 7],
    ['a size beyond ours', '81800805027fff06027fff', 2030, 2030, 1, 1],
    ['unknown parameters and a group of the vendor behind', '8180060101aa0601ff f0010203', 255, 128, 1, 1],
    ['a group that says it is longer than it is', '818020060140', 64, 128, 1, 1],
  ])('%s', (_name, hex, transmit, receive, windowTransmit, windowReceive) => {
    expect(ua(hex)).toMatchObject({
      type: 'connected',
      parameters: { maxInfoTransmit: transmit, maxInfoReceive: receive, windowTransmit, windowReceive },
    });
  });

  test.each(['8180030501', '818003050100', '8280', '81', '8180'])('%s is no UA', (hex) => {
    expect(ua(hex)).toBeUndefined();
  });
});
