import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import {
  type DownFrame,
  decodeFn,
  decodeFrame,
  encodeFn,
  encodeFrame,
  NETWORK_KINDS,
  type PlcFrame,
  type UpFrame,
} from '../../src/plc/frame.ts';
import { downInformation, upInformation } from '../../src/plc/information.ts';
import { FrameReceiver } from '../../src/plc/receiver.ts';
import { decodeData, encodeData, unitName } from '../../src/plc/unit.ts';
import { UNITS } from '../../src/plc/units/index.ts';
import published from '../vectors/plc-frames.json';
import { asJson } from './json.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof DcuError) return `${error.code} ${error.field ?? error.offset ?? ''}`.trim();
    throw error;
  }
  return 'nothing thrown';
};

const frameOf = (hex: string): PlcFrame => decodeFrame(fromHex(hex));

describe('frames that others published', () => {
  test.each(published.frames)('$id ($unit)', ({ hex, unit: name, ...rest }) => {
    const frame = frameOf(hex);
    expect(unitName(frame)).toBe(name);
    const unit = UNITS.find(frame);
    if (unit === undefined) throw new Error(`${name} is not known`);
    const up = published.frames.find((one) => one.hex === hex)?.id === 'correction-asked';
    const codec = frame.direction === 'up' || up ? unit.up : unit.down;
    const { value, trailing } = decodeData(codec, frame.data, '10376.2');
    expect(trailing).toBe(0);
    if ('value' in rest) expect(asJson(value)).toEqual(rest.value);
    expect(encodeData(codec, value, '10376.2').toHex()).toBe(frame.data.toHex());
    expect(encodeFrame(frame).toHex()).toBe(hex);
  });

  test('a frame whose length field is not its own is refused, by itself and on a line', () => {
    for (const { hex, unit: name, data, value } of published.refused) {
      expect(codeOf(() => frameOf(hex))).toBe('frame-corrupt 0');
      const receiver = new FrameReceiver(2048);
      expect([...receiver.push(fromHex(hex)), ...receiver.giveUp()]).toEqual([]);
      const unit = UNITS.all.find((one) => unitName(one) === name);
      if (unit === undefined) throw new Error(`${name} is not known`);
      const decoded = decodeData(unit.up, fromHex(data), '10376.2');
      expect(asJson(decoded.value)).toEqual(value);
      expect(encodeData(unit.up, decoded.value, '10376.2').toHex()).toBe(data);
    }
  });

  test('addresses are read low byte first: source, destination', () => {
    const frame = frameOf(
      '682d0043040000000000ab8967563412ab8967564321f1010002000e006812345678901268010243c3ac162616',
    );
    expect(frame).toMatchObject({
      direction: 'down',
      initiates: true,
      kind: NETWORK_KINDS.hplc,
      addresses: { source: '1234566789ab', relays: [], destination: '2143566789ab' },
    });
  });

  test('the information field of a module’s answer', () => {
    const frame = frameOf(
      '683200830400101f0051222202005002129078563412f10100021400680250000222226891083333343337363333a116b516',
    );
    expect(frame.information).toEqual({
      ...upInformation(0x51, true),
      meterChannel: 1,
      commandQuality: 15,
      replyQuality: 1,
    });
  });
});

describe('Fn and DT', () => {
  test.each([
    [1, '0100'],
    [8, '8000'],
    [10, '0201'],
    [21, '1002'],
    [31, '4003'],
    [112, '800d'],
    [256, '801f'],
  ])('F%d is %s', (fn, hex) => {
    const [dt1, dt2] = encodeFn(fn);
    expect(Uint8Array.of(dt1, dt2).toHex()).toBe(hex);
    expect(decodeFn(dt1, dt2)).toBe(fn);
  });

  test('every Fn comes back, and nothing else is an Fn', () => {
    const seen = new Set<number>();
    for (let dt1 = 0; dt1 < 256; dt1++) {
      for (let dt2 = 0; dt2 < 256; dt2++) {
        const fn = decodeFn(dt1, dt2);
        if (fn === undefined) continue;
        seen.add(fn);
        expect(encodeFn(fn)).toEqual([dt1, dt2]);
      }
    }
    expect(seen.size).toBe(256);
    for (const fn of [0, 257, 1.5]) expect(codeOf(() => encodeFn(fn))).toBe('invalid-field fn');
  });
});

describe('what cannot be encoded or decoded', () => {
  const down: DownFrame = {
    direction: 'down',
    initiates: true,
    kind: 3,
    information: downInformation(7),
    afn: 3,
    fn: 10,
    data: new Uint8Array(),
  };

  test('relays go between source and destination', () => {
    const up: UpFrame = {
      ...down,
      direction: 'up',
      information: { ...upInformation(9, true), relays: 2 },
      addresses: {
        source: '000000000001',
        relays: ['000000000002', '000000000003'],
        destination: '999999999999',
      },
    };
    const bytes = encodeFrame(up);
    expect(bytes.length).toBe(15 + 24);
    expect(decodeFrame(bytes)).toEqual(up);
  });

  test('addresses without the flag, the flag without addresses, relays that were not announced', () => {
    const addresses = { source: '000000000001', relays: [], destination: '000000000002' };
    expect(codeOf(() => encodeFrame({ ...down, addresses }))).toBe('invalid-field addresses');
    expect(codeOf(() => encodeFrame({ ...down, information: downInformation(7, true) }))).toBe(
      'invalid-field addresses',
    );
    const more = { ...addresses, relays: ['000000000003'] };
    expect(
      codeOf(() => encodeFrame({ ...down, information: downInformation(7, true), addresses: more })),
    ).toBe('invalid-field relays');
  });

  test('an address that is not twelve digits, a frame that is too long', () => {
    const information = downInformation(7, true);
    const addresses = { source: '1', relays: [], destination: '000000000002' };
    expect(codeOf(() => encodeFrame({ ...down, information, addresses }))).toBe('invalid-field digits');
    expect(codeOf(() => encodeFrame({ ...down, data: new Uint8Array(65_521) }))).toBe('overflow');
    expect(encodeFrame({ ...down, data: new Uint8Array(65_520) }).length).toBe(65_535);
  });

  test('corrupt and contradictory frames are told apart, with the offset', () => {
    const bytes = encodeFrame(down);
    const damaged = (at: number, value: number): Uint8Array => bytes.with(at, value);
    expect(codeOf(() => decodeFrame(damaged(0, 0x69)))).toBe('frame-corrupt 0');
    expect(codeOf(() => decodeFrame(damaged(1, 0x10)))).toBe('frame-corrupt 0');
    expect(codeOf(() => decodeFrame(damaged(14, 0x17)))).toBe('frame-corrupt 13');
    expect(codeOf(() => decodeFrame(damaged(9, 0x08)))).toBe('frame-corrupt 13');
    // Sound ends, but no Fn; or no room for the addresses that are announced.
    const noFn = bytes.with(11, 0).with(13, ((bytes[13] ?? 0) + 254) & 0xff);
    expect(codeOf(() => decodeFrame(noFn))).toBe('link-protocol 11');
    const noRoom = bytes.with(4, 4).with(13, ((bytes[13] ?? 0) + 4) & 0xff);
    expect(codeOf(() => decodeFrame(noRoom))).toBe('link-protocol 10');
  });
});
