import { describe, expect, test } from 'bun:test';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { following } from '../../../src/base/table.ts';
import {
  encodeMbus,
  MBUS_AFTER,
  MBUS_INPUTS,
  MBUS_TABLE,
  type MbusInput,
  MbusReassembly,
  type MbusState,
  mbusSegment,
  scanMbus,
} from '../../../src/dlms/link/mbus.ts';
import frames from '../../vectors/meter-push-frames.json' with { type: 'json' };
import { pattern } from './world.ts';

const METER = { address: 0xff, source: 1, destination: 0x67 };

/** One frame with this CI, its transport layer and content; sums and lengths right. */
function frame(ci: number, content: string, { address, source, destination } = METER): Uint8Array {
  const body = concat([Uint8Array.of(0x53, address, ci, source, destination), fromHex(content)]);
  const sum = body.reduce((total, byte) => (total + byte) & 0xff, 0);
  return concat([Uint8Array.of(0x68, body.length, body.length, 0x68), body, Uint8Array.of(sum, 0x16)]);
}

function feed(reassembly: MbusReassembly, bytes: Uint8Array): string {
  const scan = scanMbus(bytes, 0);
  if (scan.kind !== 'frame') return scan.kind;
  const segment = mbusSegment(bytes, scan.frame);
  if (segment === undefined) return 'foreign';
  const { apdu, lost } = reassembly.take(segment, bytes);
  return `${reassembly.state} ${apdu?.toHex() ?? '-'} ${lost}`;
}

describe('states of the transport layer', () => {
  const INPUTS: Record<MbusInput, readonly Uint8Array[]> = {
    first: [frame(0x00, 'aa')],
    'first-final': [frame(0x10, 'bb')],
    next: [frame(0x01, 'cc')],
    'next-final': [frame(0x11, 'dd')],
    // A number out of turn, and the number that is due from somebody else.
    stray: [frame(0x05, 'ee'), frame(0x01, 'ee', { ...METER, source: 2 })],
  };
  const EXPECTED: Record<MbusState, Record<MbusInput, string>> = {
    idle: {
      first: 'assembling - 0',
      'first-final': 'idle bb 0',
      next: 'idle - 1',
      'next-final': 'idle - 1',
      stray: 'idle - 1',
    },
    assembling: {
      first: 'assembling - 1',
      'first-final': 'idle bb 1',
      next: 'assembling - 0',
      'next-final': 'idle 99dd 0',
      stray: 'idle - 2',
    },
  };

  for (const state of ['idle', 'assembling'] as const) {
    test.each([...MBUS_INPUTS])(`${state}: %s`, (input) => {
      for (const bytes of INPUTS[input]) {
        const reassembly = new MbusReassembly(1000);
        if (state === 'assembling') feed(reassembly, frame(0x00, '99'));
        expect(reassembly.state).toBe(state);
        expect(feed(reassembly, bytes)).toBe(EXPECTED[state][input]);
        expect(following(MBUS_TABLE, MBUS_AFTER, state, input)).toContain(reassembly.state);
      }
    });
  }

  test('the table has an action for every state and input', () => {
    for (const row of Object.values(MBUS_TABLE))
      expect(Object.keys(row).sort()).toEqual([...MBUS_INPUTS].sort());
  });

  test('what is put together is bounded', () => {
    const reassembly = new MbusReassembly(3);
    expect(feed(reassembly, frame(0x00, 'aabb'))).toBe('assembling - 0');
    expect(feed(reassembly, frame(0x01, 'ccdd'))).toBe('idle - 2');
    expect(feed(reassembly, frame(0x10, 'aabbcc'))).toBe('idle aabbcc 0');
  });

  test('segment numbers begin anew after the sixteenth', () => {
    const reassembly = new MbusReassembly(1000);
    for (let i = 0; i < 20; i++) expect(feed(reassembly, frame(i % 16, '00'))).toBe('assembling - 0');
    expect(feed(reassembly, frame(0x14, '01'))).toBe(`idle ${'00'.repeat(20)}01 0`);
  });
});

describe('frames', () => {
  test.each([
    ['6805046853ff100167ba16', 1],
    ['6804056853ff100167ba16', 1],
    ['69050568', 0],
    ['6805056953ff100167ca16', 3],
    ['680202685310', 1],
    ['6805056853ff100167cb16', 9],
    ['6805056853ff100167ca17', 10],
  ])('%s is none', (hex, offset) => {
    expect(scanMbus(fromHex(hex), 0)).toMatchObject({ kind: 'bad', offset });
  });

  test('every cut waits for more, and the verdict does not change with what follows', () => {
    const whole = frame(0x10, '0f00');
    for (let length = 0; length < whole.length; length++) {
      expect(scanMbus(whole.subarray(0, length), 0).kind).toBe('more');
    }
    expect(scanMbus(concat([Uint8Array.of(1, 2), whole, whole]), 2)).toMatchObject({
      kind: 'frame',
      end: whole.length + 2,
    });
  });

  test('other applications and frames without access points carry no segment', () => {
    const reassembly = new MbusReassembly(1000);
    expect(feed(reassembly, frame(0x72, '0102'))).toBe('foreign');
    expect(feed(reassembly, fromHex('6803036853ff10621 6'))).toBe('foreign');
  });

  test('what is encoded is what a real meter sends', () => {
    const vector = frames.vectors.find(({ transport }) => transport === 'mbus');
    const bytes = fromHex(vector?.hex ?? '');
    const reassembly = new MbusReassembly(1000);
    let apdu = '';
    for (let at = 0; at < bytes.length; ) {
      const scan = scanMbus(bytes, at);
      if (scan.kind !== 'frame') throw new Error(`no frame at ${at}`);
      apdu = feed(reassembly, bytes.subarray(at, scan.end)).split(' ')[1] ?? '';
      at = scan.end;
    }
    expect(concat(encodeMbus(fromHex(apdu), METER)).toHex()).toBe(bytes.toHex());
  });

  test.each([0, 1, 245, 246, 3920])('%d bytes there and back', (length) => {
    const reassembly = new MbusReassembly(5000);
    const results = encodeMbus(pattern(length, 1), METER).map((bytes) => feed(reassembly, bytes));
    expect(results.at(-1)).toBe(`idle ${pattern(length, 1).toHex()} 0`);
  });

  test('more than sixteen frames are refused', () => {
    expect(() => encodeMbus(pattern(3921, 1), METER)).toThrow(DcuError);
  });
});
