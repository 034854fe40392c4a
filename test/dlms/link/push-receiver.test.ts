import { describe, expect, test } from 'bun:test';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { encodeGateway } from '../../../src/dlms/apdu/gateway.ts';
import { encodeDataNotification, encodeEventNotification } from '../../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { clientAddress, serverAddress } from '../../../src/dlms/link/address.ts';
import { ApduExtent } from '../../../src/dlms/link/apdu-extent.ts';
import { encodeFrame, unnumberedControl } from '../../../src/dlms/link/frame.ts';
import { encodeMbus } from '../../../src/dlms/link/mbus.ts';
import {
  createPushReceiver,
  GAP_TIMER,
  type PushEvent,
  type PushReceiver,
  type PushReceiverConfig,
} from '../../../src/dlms/link/push-receiver.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import frames from '../../vectors/meter-push-frames.json' with { type: 'json' };
import pdus from '../../vectors/meter-push-pdus.json' with { type: 'json' };

const AUTO: PushReceiverConfig = { framing: 'auto', gapMs: 100 };
const body = encodeData({
  type: 'structure',
  elements: [
    { type: 'octet-string', value: fromHex('0100010800ff') },
    { type: 'double-long-unsigned', value: 261_927 },
    { type: 'array', elements: [{ type: 'null-data' }, { type: 'visible-string', value: 'kWh' }] },
  ],
});
const notification = encodeDataNotification({ longInvoke: 7, body });
const event = encodeEventNotification({
  attribute: { classId: 1, obis: '0.0.96.11.0.255', attribute: 2 },
  value: encodeData({ type: 'unsigned', value: 3 }),
});
const long = encodeDataNotification({
  longInvoke: 9,
  dateTime: fromHex('07e704010615202300ff8880'),
  body: encodeData({ type: 'octet-string', value: new Uint8Array(700).fill(0x7e) }),
});

/** UI frames of a meter, as long APDUs are pushed: segments, LLC bytes in the first one. */
function hdlc(apdu: Uint8Array, size = 128): Uint8Array {
  const whole = concat([fromHex('e6e700'), apdu]);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += size) {
    parts.push(
      encodeFrame({
        destination: clientAddress(103),
        source: serverAddress(1, 17, 2),
        control: unnumberedControl('ui', false),
        segmented: at + size < whole.length,
        info: whole.subarray(at, at + size),
      }),
    );
  }
  return concat(parts);
}

const mbus = (apdu: Uint8Array): Uint8Array =>
  concat(encodeMbus(apdu, { address: 0xff, source: 1, destination: 0x67 }));
const wrapper = (apdu: Uint8Array): Uint8Array => encodeWrapperFrame(1, 102, apdu);

class Feed {
  readonly receiver: PushReceiver;
  readonly events: PushEvent[] = [];
  armed = false;

  constructor(config: PushReceiverConfig = AUTO) {
    this.receiver = createPushReceiver(config);
  }

  #step(input: Parameters<PushReceiver['step']>[0]): void {
    for (const effect of this.receiver.step(input, 0)) {
      if (effect.do === 'emit') this.events.push(effect.event);
      else if (effect.do === 'arm') this.armed = true;
      else if (effect.do === 'disarm') this.armed = false;
    }
  }

  bytes(...bytes: Uint8Array[]): this {
    for (const run of bytes) this.#step({ on: 'bytes', bytes: run });
    return this;
  }

  gap(): this {
    this.armed = false;
    this.#step({ on: 'timer', timer: GAP_TIMER });
    return this;
  }

  get apdus(): string[] {
    return this.events.map(({ apdu }) => apdu.toHex());
  }
}

const FRAMINGS = { hdlc, wrapper, mbus, raw: (apdu: Uint8Array): Uint8Array => apdu };

describe.each(Object.entries(FRAMINGS))('%s', (framing, frame) => {
  test('is found by its first bytes, APDU after APDU', () => {
    const feed = new Feed().bytes(concat([notification, event, long].map((apdu) => frame(apdu))));
    expect(feed.apdus).toEqual([notification, event, long].map((apdu) => apdu.toHex()));
    expect(feed.events.map((one) => one.framing as string)).toEqual([framing, framing, framing]);
    expect(feed.receiver.counters).toMatchObject({ apdus: 3, badFrames: 0, droppedBytes: 0 });
    expect(feed.armed).toBe(false);
  });

  test('any split gives the same', () => {
    const random = new SeededRandom(11);
    const stream = concat([frame(notification), frame(long), frame(event), frame(notification)]);
    const whole = new Feed().bytes(stream);
    expect(whole.apdus).toHaveLength(4);
    const byByte = new Feed().bytes(...Array.from(stream, (byte) => Uint8Array.of(byte)));
    expect(byByte.events).toEqual(whole.events);
    for (let round = 0; round < 30; round++) {
      const feed = new Feed();
      for (let at = 0; at < stream.length; ) {
        const length = 1 + Math.floor(random.next() * 200);
        feed.bytes(stream.subarray(at, at + length));
        at += length;
      }
      expect(feed.events).toEqual(whole.events);
      expect(feed.receiver.counters).toEqual(whole.receiver.counters);
    }
  });

  test('a cut frame is dropped after the gap and the next one is taken', () => {
    const feed = new Feed().bytes(frame(notification), frame(long).subarray(0, 60));
    expect(feed.armed).toBe(true);
    feed.gap().bytes(frame(event));
    expect(feed.apdus).toEqual([notification.toHex(), event.toHex()]);
    expect(feed.receiver.counters.badFrames).toBeGreaterThan(0);
  });

  test('a gateway prefix goes off and names the meter', () => {
    const gateway = { networkId: 2, address: fromHex('31323334') };
    const [first] = new Feed().bytes(frame(encodeGateway('response', gateway, notification))).events;
    expect(first?.apdu.toHex()).toBe(notification.toHex());
    expect(first?.peer.gateway).toEqual(gateway);
  });
});

test('addresses are told in the terms of the framing', () => {
  const peer = (bytes: Uint8Array): unknown => new Feed().bytes(bytes).events[0]?.peer;
  expect(peer(hdlc(event))).toEqual({ clientAddress: 103, serverAddress: 1, physicalAddress: 17 });
  expect(peer(wrapper(event))).toEqual({ clientAddress: 102, serverAddress: 1 });
  expect(peer(mbus(event))).toEqual({ clientAddress: 103, serverAddress: 1, physicalAddress: 255 });
  expect(peer(event)).toEqual({});
});

test('noise between checked frames costs no frame', () => {
  const random = new SeededRandom(5);
  for (const frame of [hdlc, mbus]) {
    const feed = new Feed({ framing: 'auto', gapMs: 100 });
    for (let i = 0; i < 200; i++) {
      feed
        .bytes(random.bytes(Math.floor(random.next() * 12)))
        .gap()
        .bytes(frame(notification));
    }
    expect(feed.apdus).toHaveLength(200);
  }
});

test('flipped bits never make an APDU of a checked framing that was not sent', () => {
  const random = new SeededRandom(6);
  for (const frame of [hdlc, mbus]) {
    for (let i = 0; i < 400; i++) {
      const stream = concat([frame(notification), frame(long), frame(event)]);
      const at = Math.floor(random.next() * stream.length);
      stream[at] = (stream[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      const feed = new Feed().bytes(stream).gap();
      const sent = [notification, long, event].map((apdu) => apdu.toHex());
      for (const apdu of feed.apdus) expect(sent).toContain(apdu);
      expect(feed.apdus.length).toBeGreaterThanOrEqual(1);
    }
  }
});

test('garbage holds no more than one frame and never throws', () => {
  const random = new SeededRandom(7);
  for (const framing of ['auto', 'hdlc', 'wrapper', 'mbus', 'raw'] as const) {
    const feed = new Feed({ framing, gapMs: 100, maxApdu: 512 });
    for (let i = 0; i < 300; i++) {
      const bytes = random.bytes(1 + Math.floor(random.next() * 900));
      const starts = [0x7e, 0x68, 0x00, 0x0f, 0xdb, 0xe7];
      if (i % 2 === 0) bytes[0] = starts[Math.floor(random.next() * starts.length)] ?? 0;
      feed.bytes(bytes);
      if (i % 7 === 0) feed.gap();
    }
    feed.gap();
    for (const { apdu } of feed.events) expect(apdu.length).toBeLessThanOrEqual(512);
    const { bytesReceived, droppedBytes } = feed.receiver.counters;
    expect(droppedBytes).toBeLessThanOrEqual(bytesReceived);
  }
});

test('an APDU beyond the limit is dropped in every framing', () => {
  for (const framing of ['hdlc', 'wrapper', 'mbus', 'raw'] as const) {
    const feed = new Feed({ framing, gapMs: 100, maxApdu: 256 });
    feed.bytes(FRAMINGS[framing](long)).gap().bytes(FRAMINGS[framing](event));
    expect(feed.apdus).toEqual([event.toHex()]);
  }
});

test('a raw APDU that does not tell its end is over after the gap', () => {
  const odd = fromHex('0f00000001000204ee01');
  const feed = new Feed({ framing: 'raw', gapMs: 100 }).bytes(odd.subarray(0, 9), odd.subarray(9));
  expect(feed.events).toEqual([]);
  expect(feed.armed).toBe(true);
  feed.gap();
  expect(feed.apdus).toEqual([odd.toHex()]);
  feed.bytes(event);
  expect(feed.apdus).toEqual([odd.toHex(), event.toHex()]);
});

describe('where an APDU ends', () => {
  test.each([
    ['data-notification with a tagged date-time', '0f00000001090c07e704010615202300ff88801205ff'],
    ['event-notification', 'c2000001000060 0b00ff021103'],
    ['event-notification with time', 'c2010c07e704010615202300ff888000010000600b00ff021103'],
    ['glo-event-notification', 'ca0630000000011122'.slice(0, -2)],
    ['general-glo-ciphering', 'db08414243444546474806300000000111'],
    ['general-ciphering, identified key', 'dd010101020103000001000007 30000000011122'],
    ['general-ciphering, no key', 'dd01010102010300000005 3000000001'],
    ['general-ciphering, wrapped key', 'dd0000000000010100020102053000000001'],
    ['general-ciphering, agreed key', 'dd00000000000102010102aabb053000000001'],
    ['general-block-transfer', 'e0c00001000003aabbcc'],
    ['information report', '180002020008021000021105120006'],
    ['compact-array', '0f000000010013020212110604 0a000b0c0d'],
    ['gateway prefix', 'e70002aabb0f0000000100 1103'],
    ['LLC header', 'e6e7000f00000001001103'],
  ])('%s', (_name, hex) => {
    const apdu = fromHex(hex);
    const extent = new ApduExtent();
    for (let length = 0; length < apdu.length; length++) {
      expect(extent.of(apdu.subarray(0, length))).toBe('more');
    }
    expect(extent.of(apdu)).toBe(apdu.length);
    expect(new ApduExtent().of(concat([apdu, Uint8Array.of(0, 1)]))).toBe(apdu.length);
  });

  test.each([
    ['no such type', '0f0000000100ee'],
    ['a tag that is never pushed', 'c401c1'],
    ['neither present nor absent', 'c207'],
    ['no key-info', 'dd0000000000010900'],
    ['a compact-array of compact-arrays', '0f00000001001313'],
    ['too many values', '0f0000000100018300ffff01'.concat('8300ffff01')],
  ])('%s is unknown', (_name, hex) => {
    const extent = new ApduExtent();
    expect(extent.of(fromHex(hex))).toBe('unknown');
    expect(extent.of(fromHex(`${hex}0000`))).toBe('unknown');
  });
});

describe('frames of real meters', () => {
  test.each(frames.vectors.map((vector) => [vector.id, vector] as const))('%s', (_id, { hex, transport }) => {
    const bytes = fromHex(hex);
    const whole = new Feed().bytes(bytes);
    expect(whole.events.length).toBeGreaterThan(0);
    expect(new Set(whole.events.map(({ framing }) => framing as string))).toEqual(new Set([transport]));
    expect(whole.receiver.counters).toMatchObject({ badFrames: 0, droppedBytes: 0, droppedSegments: 0 });
    const byByte = new Feed().bytes(...Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(byByte.events).toEqual(whole.events);
    const twice = new Feed().bytes(bytes).gap().bytes(bytes);
    expect(twice.apdus).toEqual([...whole.apdus, ...whole.apdus]);
  });

  const bare = pdus.vectors.filter(({ hex }) => hex.startsWith('e6e700'));
  test.each(bare.map(({ id, hex }) => [id, hex]))('%s as a bare APDU behind LLC bytes', (_id, hex) => {
    expect(new Feed().bytes(fromHex(hex)).apdus).toEqual([hex.slice(6).toLowerCase()]);
  });
});
