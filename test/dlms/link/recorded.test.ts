import { describe, test } from 'bun:test';
import { join } from 'node:path';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import type { Effect } from '../../../src/base/machine.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { encodeGateway } from '../../../src/dlms/apdu/gateway.ts';
import { clientAddress, type HdlcAddress, serverAddress } from '../../../src/dlms/link/address.ts';
import {
  type Control,
  decodeControl,
  decodeFrame,
  encodeFrame,
  informationControl,
  supervisoryControl,
  unnumberedControl,
} from '../../../src/dlms/link/frame.ts';
import {
  encodeDataBlock,
  encodeIdentification,
  encodeSelection,
  encodeSignOn,
} from '../../../src/dlms/link/iec62056-21.ts';
import { createClientLink, createServerLink } from '../../../src/dlms/link/index.ts';
import type {
  HdlcLinkConfig,
  LinkCommand,
  LinkMachine,
  WrapperLinkConfig,
} from '../../../src/dlms/link/link.ts';
import { encodeMbus } from '../../../src/dlms/link/mbus.ts';
import { Opening } from '../../../src/dlms/link/opening.ts';
import { createPushReceiver } from '../../../src/dlms/link/push-receiver.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { expectGolden } from '../../golden.ts';
import frames from '../../vectors/meter-push-frames.json' with { type: 'json' };
import { HDLC, pattern, WRAPPER } from './world.ts';

type Pick = <Item>(items: readonly Item[]) => Item;
const picking =
  (random: SeededRandom): Pick =>
  (items) => {
    const item = items[Math.floor(random.next() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };

const short = (bytes: Uint8Array): string =>
  bytes.length <= 16
    ? bytes.toHex()
    : `${bytes.subarray(0, 12).toHex()}…${bytes.length}/${Bun.hash.crc32(bytes).toString(16)}`;

/** An error, which becomes an object before it is written: its code counts, its words do not. */
const isError = (value: unknown): value is { readonly code: string } =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value;

function told(effect: Effect<object>): string {
  switch (effect.do) {
    case 'send':
      return `> ${short(effect.bytes)}`;
    case 'arm':
      return `arm ${effect.timer} ${effect.delayMs}`;
    case 'disarm':
      return `disarm ${effect.timer}`;
    case 'configure':
      return `line ${Object.values(effect.settings).join(' ')}`;
    case 'close':
      return `close ${effect.reason?.code ?? ''}`;
    case 'emit':
      return JSON.stringify(effect.event, (_, value: unknown) => {
        if (value instanceof Uint8Array) return short(value);
        return isError(value) ? { error: value.code } : value;
      });
  }
}

interface Walk {
  readonly steps: number;
  /** One input, as text, and what came of it. */
  next(): readonly [input: string, effects: readonly Effect<object>[]];
  end(): object;
}

function walked(walk: Walk): string {
  const lines: string[] = [];
  for (let i = 0; i < walk.steps; i++) {
    const [input, effects] = walk.next();
    lines.push(`${input} | ${effects.map(told).join(' | ')}`);
  }
  return `${lines.join('\n')}\n= ${JSON.stringify(walk.end())}\n`;
}

const CLIENT = clientAddress(HDLC.clientAddress);
const OTHER_CLIENT = clientAddress(33);
const SERVER = serverAddress(HDLC.serverAddress, HDLC.physicalAddress, HDLC.addressBytes);
const OTHER_SERVER = serverAddress(2, 18, 4);
const ALL = serverAddress(0x3fff, 0x3fff, 4);
const PARAMETERS = fromHex('818012050180060180070400000003080400000002');
const APDUS = [
  Uint8Array.of(0xc0, 1, 0xc1),
  pattern(40, 1),
  pattern(300, 2),
  Uint8Array.of(0x0f, 0, 0, 0, 1, 0, 0),
];

type Kind = Control['kind'];
/** What a peer has counted, and the kind of the last frame that it was sent. */
interface Numbers {
  ns: number;
  nr: number;
  last?: string;
}
/** What answers a frame of the link, or begins it. */
const DUE: Readonly<Record<string, readonly Kind[]>> = {
  snrm: ['ua', 'ua', 'ua', 'ua', 'ua', 'dm', 'rr'],
  disc: ['ua', 'dm', 'i'],
  none: ['snrm', 'snrm', 'snrm', 'i', 'ui'],
  dm: ['snrm', 'snrm', 'snrm', 'disc', 'rr'],
  frmr: ['snrm', 'snrm', 'i', 'disc'],
};
const TALK: readonly Kind[] = ['i', 'i', 'i', 'i', 'i', 'rr', 'rr', 'rnr', 'rej', 'ui'];
const RARE: readonly Kind[] = ['snrm', 'ua', 'disc', 'dm', 'frmr', 'unknown'];

/** A frame that a peer might send, mostly the one that is due. */
function anyFrame(random: SeededRandom, pick: Pick, role: 'client' | 'server', numbers: Numbers): Uint8Array {
  const [own, peer, other]: readonly HdlcAddress[] =
    role === 'client' ? [CLIENT, SERVER, OTHER_SERVER] : [SERVER, CLIENT, OTHER_CLIENT];
  if (own === undefined || peer === undefined || other === undefined) throw new Error('no address');
  const final = random.next() < 0.8;
  const llc = fromHex(role === 'client' ? 'e6e700' : 'e6e600');
  const ns = random.next() < 0.75 ? numbers.ns : Math.floor(random.next() * 8);
  const nr = random.next() < 0.8 ? numbers.nr : Math.floor(random.next() * 8);
  const kind = pick(DUE[numbers.last ?? 'none'] ?? (random.next() < 0.93 ? TALK : RARE));
  const segmented = (kind === 'i' || kind === 'ui') && random.next() < 0.3;
  const information =
    random.next() < 0.9
      ? concat([random.next() < 0.8 ? llc : new Uint8Array(0), pick(APDUS).subarray(0, 120)])
      : new Uint8Array(0);
  const setup =
    random.next() < 0.5 ? PARAMETERS : random.next() < 0.8 ? new Uint8Array(0) : fromHex('8180ff');
  const [control, info] = ((): [number, Uint8Array] => {
    switch (kind) {
      case 'i':
        return [informationControl(ns, nr, final), information];
      case 'rr':
      case 'rnr':
      case 'rej':
        return [supervisoryControl(kind, nr, final), random.next() < 0.1 ? information : new Uint8Array(0)];
      case 'ui':
        return [unnumberedControl('ui', false), information];
      case 'unknown':
        return [0xef, new Uint8Array(0)];
      default:
        return [unnumberedControl(kind, final), kind === 'snrm' || kind === 'ua' ? setup : new Uint8Array(0)];
    }
  })();
  if (kind === 'i' && ns === numbers.ns) numbers.ns = (numbers.ns + 1) % 8;
  if (kind === 'snrm' || kind === 'ua') numbers.ns = numbers.nr = 0;
  const destination = random.next() < 0.92 ? own : pick([ALL, OTHER_SERVER, OTHER_CLIENT]);
  const source = random.next() < 0.92 ? peer : other;
  return encodeFrame({ destination, source, control, segmented, ...(info.length > 0 ? { info } : {}) });
}

/** Now and then damage, noise, or only a part. */
function spoiled(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const fate = random.next();
  if (fate < 0.85) return bytes;
  const copy = bytes.slice();
  const at = Math.floor(random.next() * copy.length);
  if (fate < 0.9) copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
  else if (fate < 0.95) return copy.subarray(0, at);
  else return concat([random.bytes(3), copy]);
  return copy;
}

function linkWalk(
  link: LinkMachine,
  seed: number,
  role: 'client' | 'server',
  bytesOf: (random: SeededRandom, pick: Pick, sent: Uint8Array[]) => Uint8Array,
): Walk {
  const random = new SeededRandom(seed);
  const pick = picking(random);
  const armed = new Set<string>();
  const sent: Uint8Array[] = [];
  let nowMs = 0;
  const commands: readonly (() => LinkCommand)[] = [
    () => ({ type: 'connect' }),
    () => ({ type: 'send', apdu: pick(APDUS) }),
    () => ({ type: 'send', apdu: pick(APDUS) }),
    () => ({
      type: 'send-unconfirmed',
      apdu: pick(APDUS),
      ...(random.next() < 0.3 ? { broadcast: true } : {}),
    }),
    () => ({ type: 'busy', busy: random.next() < 0.5 }),
  ];
  return {
    steps: 150,
    next() {
      nowMs += Math.floor(random.next() * 400);
      const fate = random.next();
      const input = ((): Parameters<LinkMachine['step']>[0] => {
        if (role === 'client' && armed.size === 0 && fate < 0.4)
          return { on: 'command', command: { type: 'connect' } };
        if (fate < 0.65) return { on: 'bytes', bytes: spoiled(random, bytesOf(random, pick, sent)) };
        if (fate < 0.8) return { on: 'command', command: pick(commands)() };
        if (fate < 0.97) return { on: 'timer', timer: armed.size > 0 ? pick([...armed]) : 'link-none' };
        return fate < 0.985 ? { on: 'command', command: { type: 'disconnect' } } : { on: 'closed' };
      })();
      if (input.on === 'timer') armed.delete(input.timer);
      const effects = link.step(input, nowMs);
      for (const effect of effects) {
        if (effect.do === 'arm') armed.add(effect.timer);
        else if (effect.do === 'disarm') armed.delete(effect.timer);
        else if (effect.do === 'send') sent.push(effect.bytes);
      }
      const what =
        input.on === 'bytes'
          ? `< ${short(input.bytes)}`
          : input.on === 'command'
            ? input.command.type
            : input.on;
      return [`${nowMs} ${what}`, effects];
    },
    end: () => link.counters,
  };
}

/** The next frames of a peer that has counted what was sent. */
function peerOf(
  role: 'client' | 'server',
): (random: SeededRandom, pick: Pick, sent: Uint8Array[]) => Uint8Array {
  const numbers: Numbers = { ns: 0, nr: 0 };
  return (random, pick, sent) => {
    for (const bytes of sent.splice(0)) {
      if (bytes[0] !== 0x7e) continue;
      const { kind } = decodeControl(decodeFrame(bytes).control);
      numbers.last = kind;
      if (kind === 'i') numbers.nr = (numbers.nr + 1) % 8;
      else if (kind === 'snrm' || kind === 'ua') numbers.ns = numbers.nr = 0;
    }
    const first = anyFrame(random, pick, role, numbers);
    return random.next() < 0.2 ? concat([first, anyFrame(random, pick, role, numbers)]) : first;
  };
}

const WIDE: HdlcLinkConfig = {
  ...HDLC,
  windowTransmit: 3,
  windowReceive: 3,
  maxInfoTransmit: 200,
  maxInfoReceive: 200,
};
const HDLC_CONFIGS: Readonly<Record<string, HdlcLinkConfig>> = {
  narrow: HDLC,
  wide: WIDE,
  guarded: { ...WIDE, echo: true, interFrameTimeoutMs: 300 },
  gateway: { ...HDLC, gateway: { networkId: 0, address: Uint8Array.of(1, 2) } },
};

const RECORDS = [{ id: '1.8.0', value: '000123.45', unit: 'kWh' }];
const LINES = [
  encodeSignOn('42'),
  encodeSignOn(),
  encodeIdentification('ODC', 9600, 'M1'),
  encodeIdentification('odc', 2400, ''),
  fromHex('2f4f444340310d0a'),
  fromHex('2f4f444343310d0a'),
  encodeSelection('hdlc', 9600),
  encodeSelection('read-out', 4800),
  fromHex('063035310d0a'),
  Uint8Array.of(0x15),
  encodeDataBlock(RECORDS),
  fromHex('2f3f3f0d0a'),
];
const OPENING: HdlcLinkConfig = {
  ...HDLC,
  opening: { address: '42', baudRate: 9600, manufacturer: 'ODC', text: 'M1', readOut: () => RECORDS },
};

function openingWalk(seed: number, role: 'reader' | 'meter', purpose: 'hdlc' | 'read-out'): Walk {
  const random = new SeededRandom(seed);
  const pick = picking(random);
  const opening = new Opening(
    role === 'reader'
      ? { role, purpose, address: '42', baudRate: 9600, retries: 2 }
      : { role, address: '0042', baudRate: 9600, manufacturer: 'ODc', text: 'M1', readOut: () => RECORDS },
  );
  return {
    steps: 120,
    next() {
      const fate = random.next();
      if (opening.state === 'closed' || fate < 0.03)
        return ['start', opening.step({ on: 'command', command: { type: 'start' } })];
      if (fate < 0.05) return ['stop', opening.step({ on: 'command', command: { type: 'stop' } })];
      if (fate < 0.06) return ['closed', opening.step({ on: 'closed' })];
      if (fate < 0.4) {
        const timer = pick(['link-opening', 'link-opening-pause', 'link-opening-pause']);
        return [timer, opening.step({ on: 'timer', timer })];
      }
      const bytes = spoiled(random, pick(LINES));
      return [`< ${short(bytes)}`, opening.step({ on: 'bytes', bytes })];
    },
    end: () => ({ state: opening.state }),
  };
}

const NOTIFICATION = fromHex('0f0000000700020206000000051105');
const PUSHED = [
  ...frames.vectors.map(({ hex }) => fromHex(hex)),
  encodeWrapperFrame(1, 103, NOTIFICATION),
  encodeWrapperFrame(
    1,
    103,
    encodeGateway('response', { networkId: 1, address: Uint8Array.of(7) }, NOTIFICATION),
  ),
  NOTIFICATION,
  ...encodeMbus(pattern(300, 3), { address: 0xff, source: 1, destination: 103 }),
];

function receiverWalk(seed: number, framing: 'auto' | 'hdlc' | 'wrapper' | 'mbus' | 'raw'): Walk {
  const random = new SeededRandom(seed);
  const pick = picking(random);
  const receiver = createPushReceiver({ framing, gapMs: 100, maxApdu: 2000 });
  const queue: Uint8Array[] = [];
  return {
    steps: 80,
    next() {
      if (queue.length === 0 && random.next() < 0.25)
        return ['gap', receiver.step({ on: 'timer', timer: 'push-gap' }, 0)];
      const bytes = queue.shift() ?? spoiled(random, pick(PUSHED));
      const cut = Math.floor(random.next() * bytes.length);
      if (cut > 0 && random.next() < 0.4) queue.push(bytes.subarray(cut));
      const taken = queue.length > 0 ? bytes.subarray(0, cut) : bytes;
      return [`< ${short(taken)}`, receiver.step({ on: 'bytes', bytes: taken }, 0)];
    },
    end: () => ({ framing: receiver.framing, ...receiver.counters }),
  };
}

/** Long walks are held by their sums and how they ended. */
const summed = (name: string, text: string): string =>
  `${name}: ${Bun.hash.crc32(text).toString(16)} ${text.split('\n').length} lines ${text.slice(text.lastIndexOf('\n= ') + 1).trim()}`;

/**
 * Seeded walks through the links, what they were given and what they did: whatever a change does to a frame, a timer or
 * a counter shows here. That it is right is shown by the other tests; this one only says that it stays so.
 */
describe('recorded walks', () => {
  const golden = (name: string, lines: readonly string[]): void =>
    expectGolden(join(import.meta.dir, 'recorded', `${name}.txt`), `${lines.join('\n')}\n`);
  const seeds = Array.from({ length: 12 }, (_, i) => i + 1);

  test.each(Object.entries(HDLC_CONFIGS))('HDLC, %s', (name, config) => {
    const client = (seed: number): string =>
      walked(linkWalk(createClientLink(config), seed, 'client', peerOf('client')));
    const server = (seed: number): string => {
      const { gateway, ...own } = config;
      const link = createServerLink(own, { logicalDevices: [1, 2], gateway: gateway !== undefined });
      return walked(linkWalk(link, seed, 'server', peerOf('server')));
    };
    golden(`hdlc-${name}`, [
      client(100),
      server(200),
      ...seeds.flatMap((seed) => [
        summed(`client ${seed}`, client(seed)),
        summed(`server ${seed}`, server(seed)),
      ]),
    ]);
  });

  test('the opening before HDLC', () => {
    const either = (role: 'client' | 'server') => {
      const peer = peerOf(role);
      return (random: SeededRandom, pick: Pick, sent: Uint8Array[]): Uint8Array =>
        random.next() < 0.5 ? pick(LINES) : peer(random, pick, sent);
    };
    golden('opening', [
      walked(openingWalk(1, 'reader', 'hdlc')),
      walked(openingWalk(2, 'reader', 'read-out')),
      walked(openingWalk(3, 'meter', 'hdlc')),
      ...seeds.flatMap((seed) => [
        summed(`reader ${seed}`, walked(openingWalk(seed, 'reader', seed % 2 === 0 ? 'hdlc' : 'read-out'))),
        summed(`meter ${seed}`, walked(openingWalk(seed, 'meter', 'hdlc'))),
        summed(
          `client ${seed}`,
          walked(linkWalk(createClientLink(OPENING), seed, 'client', either('client'))),
        ),
        summed(
          `server ${seed}`,
          walked(linkWalk(createServerLink(OPENING), seed, 'server', either('server'))),
        ),
      ]),
    ]);
  });

  test('the wrapper', () => {
    const gateway = { networkId: 3, address: Uint8Array.of(9) };
    const content = (random: SeededRandom, pick: Pick): Uint8Array => {
      const apdu = random.next() < 0.05 ? new Uint8Array(WRAPPER.maxApdu + 1) : pick(APDUS);
      const fate = random.next();
      return fate < 0.5
        ? apdu
        : encodeGateway(
            fate < 0.75 ? 'response' : 'request',
            fate < 0.9 ? gateway : { ...gateway, networkId: 4 },
            apdu,
          );
    };
    const client = (random: SeededRandom, pick: Pick): Uint8Array =>
      encodeWrapperFrame(pick([1, 1, 1, 2]), pick([16, 16, 16, 17]), content(random, pick));
    const server = (random: SeededRandom, pick: Pick): Uint8Array =>
      encodeWrapperFrame(pick([16, 17]), pick([1, 2]), content(random, pick));
    const behind: WrapperLinkConfig = { ...WRAPPER, gateway };
    golden('wrapper', [
      walked(linkWalk(createClientLink(WRAPPER), 1, 'client', client)),
      walked(linkWalk(createServerLink(WRAPPER, { gateway: true }), 2, 'server', server)),
      ...seeds.flatMap((seed) => [
        summed(`client ${seed}`, walked(linkWalk(createClientLink(WRAPPER), seed, 'client', client))),
        summed(`behind ${seed}`, walked(linkWalk(createClientLink(behind), seed, 'client', client))),
        summed(`server ${seed}`, walked(linkWalk(createServerLink(WRAPPER), seed, 'server', server))),
        summed(
          `gateway ${seed}`,
          walked(linkWalk(createServerLink(WRAPPER, { gateway: true }), seed, 'server', server)),
        ),
      ]),
    ]);
  });

  test('what is pushed', () => {
    const framings = ['auto', 'hdlc', 'wrapper', 'mbus', 'raw'] as const;
    golden('push-receiver', [
      walked(receiverWalk(1, 'auto')),
      ...framings.flatMap((framing) =>
        seeds.map((seed) => summed(`${framing} ${seed}`, walked(receiverWalk(seed, framing)))),
      ),
    ]);
  });
});
