import { describe, expect, test } from 'bun:test';
import { concat } from '../../src/base/bytes.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { Evidence } from '../../src/conformance/evidence.ts';
import { isChanging, refuseChange } from '../../src/conformance/harmless.ts';
import {
  buildFrame,
  CONTROL,
  FrameSplitter,
  kindOf,
  parseFrame,
  serverField,
} from '../../src/conformance/hdlc-frame.ts';
import { DEFAULTS, parameterField, readParameters } from '../../src/conformance/hdlc-parameters.ts';
import { Secrets } from '../../src/conformance/secrets.ts';
import { buildWrapperFrame, WrapperSplitter } from '../../src/conformance/wrapper-frame.ts';
import { type AccessRequestItem, encodeAccessRequest } from '../../src/dlms/apdu/access.ts';
import { clientAddress, serverAddress } from '../../src/dlms/link/address.ts';
import { decodeFrame, encodeFrame } from '../../src/dlms/link/frame.ts';

const address = { destination: serverField(1, 17, 2), source: Uint8Array.of(0x21) };
const INFO = Uint8Array.of(0xe6, 0xe6, 0, 0x60, 0);

describe('frames of the tester', () => {
  test('a good frame is the one that the link layer makes, octet for octet', () => {
    const own = buildFrame({ ...address, control: 0x10, info: INFO });
    const theirs = encodeFrame({
      destination: serverAddress(1, 17, 2),
      source: clientAddress(16),
      control: 0x10,
      info: INFO,
    });
    expect(own).toEqual(theirs);
    expect(parseFrame(own)?.info).toEqual(INFO);
  });

  test.each([
    ['frame check', { spoilFrameCheck: true }],
    ['header check', { spoilHeaderCheck: true }],
    ['length', { lengthDelta: 1 }],
    ['format type', { formatType: 5 }],
    ['opening flag', { open: Uint8Array.of(0x55) }],
    ['closing flag', { close: Uint8Array.of(0) }],
  ])('a frame with a wrong %s is none', (_, defects) => {
    const frame = buildFrame({ ...address, control: 0x10, info: INFO }, defects);
    expect(parseFrame(frame)).toBeUndefined();
    expect(() => decodeFrame(frame)).toThrow();
  });

  test('any cut of a stream gives the same frames, and noise between them is told', () => {
    const frames = [CONTROL.snrm, CONTROL.disc].map((control) => buildFrame({ ...address, control }));
    const stream = concat([Uint8Array.of(1, 2), frames[0] ?? INFO, (frames[1] ?? INFO).subarray(1)]);
    for (let size = 1; size <= stream.length; size++) {
      const splitter = new FrameSplitter();
      const kinds: string[] = [];
      let noise = 0;
      for (let at = 0; at < stream.length; at += size) {
        for (const unit of splitter.push(stream.slice(at, at + size))) {
          if ('noise' in unit) noise += unit.noise.length;
          else kinds.push(kindOf(unit.control));
        }
      }
      expect({ size, kinds, noise }).toEqual({ size, kinds: ['snrm', 'disc'], noise: 2 });
    }
  });

  test('parameters come back as they were stated, and what is malformed is told', () => {
    const values = { maxTransmit: 2030, maxReceive: 64, windowTransmit: 7, windowReceive: 3 };
    expect(readParameters(parameterField(values))).toEqual(values);
    expect(readParameters(new Uint8Array(0))).toEqual(DEFAULTS);
    expect(readParameters(Uint8Array.of(0x81, 0x80, 9, 5))).toBeUndefined();
  });

  test('wrapper frames are cut by their length', () => {
    const frame = buildWrapperFrame({ source: 1, destination: 16, apdu: INFO });
    const splitter = new WrapperSplitter();
    expect(splitter.push(frame.subarray(0, 9))).toEqual([]);
    const [whole, second] = splitter.push(concat([frame.subarray(9), frame]));
    expect(whole?.apdu).toEqual(INFO);
    expect(second?.destination).toBe(16);
  });
});

describe('what a report may hold', () => {
  test('secrets are hidden wherever they stand', () => {
    const secrets = new Secrets();
    secrets.add(new TextEncoder().encode('secret'));
    const bytes = new TextEncoder().encode('a secret, a secret');
    const shown = secrets.show(bytes);
    expect(shown).not.toContain(Buffer.from('secret').toString('hex'));
    expect(shown.match(/\*\*/g)).toHaveLength(12);
    expect(secrets.show(Uint8Array.of(1, 2))).toBe('0102');
  });

  test('long evidence keeps its beginning and its end, and says what is missing', () => {
    const evidence = new Evidence(new VirtualClock(0), new Secrets());
    for (let i = 0; i < 1000; i++) evidence.remark(`${i}`);
    const notes = evidence.entries().map(({ note }) => note);
    expect(notes.length).toBeLessThan(300);
    expect(notes[0]).toBe('0');
    expect(notes.at(-1)).toBe('999');
    expect(notes).toContain(`${1000 - notes.length + 1} frames left out`);
  });

  test('ACCESS is held back unless it has gets alone', () => {
    const attribute = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };
    const get = { type: 'get', attribute } as const;
    const access = (...items: readonly AccessRequestItem[]): Uint8Array =>
      encodeAccessRequest({ longInvoke: 1, items, data: items.map(() => Uint8Array.of(0)) });
    const good = access(get, get);
    for (let length = 1; length <= good.length; length++) {
      expect(() => refuseChange(good.subarray(0, length), false)).not.toThrow();
    }
    for (const item of [
      { type: 'set', attribute },
      { type: 'action', method: attribute },
    ] as const) {
      for (const bad of [access(item), access(get, item), access(get, get, item)]) {
        expect(() => refuseChange(bad, false)).toThrow('writes are not allowed');
        expect(() => refuseChange(bad, true)).not.toThrow();
      }
    }
    const lie = Uint8Array.of(
      0xd9,
      0,
      0,
      0,
      1,
      0,
      0x81,
      1,
      ...access({ type: 'set', attribute }).subarray(7),
    );
    expect(() => refuseChange(lie, false)).toThrow('writes are not allowed');
  });

  test.each([0xc1, 0xc3, 0xc9, 0xcb, 0xd1, 0xd3, 0x06, 0x16, 0x26])(
    'an APDU of tag 0x%s is held back unless writes are allowed',
    (tag) => {
      expect(isChanging(tag)).toBe(true);
      expect(() => refuseChange(Uint8Array.of(tag), false)).toThrow('writes are not allowed');
      expect(() => refuseChange(Uint8Array.of(tag), true)).not.toThrow();
    },
  );

  test('reading is never held back', () => {
    for (const tag of [0x60, 0x62, 0xc0, 0xc8, 0x05]) {
      expect(() => refuseChange(Uint8Array.of(tag), false)).not.toThrow();
    }
  });
});
