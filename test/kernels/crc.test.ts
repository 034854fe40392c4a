import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SeededRandom } from '../../src/base/random.ts';
import { crcIdiomatic, crcTuned } from '../../src/bench/baselines/crc.ts';
import { crc16 } from '../../src/kernels/crc.ts';
import { kernels, memory, regions } from '../../src/kernels/wasm.ts';
import { crc16 as crcPlain, crcRegister } from './reference/crc.ts';

const random = new SeededRandom(3);
const { INPUT } = regions;

function byKernel(bytes: Uint8Array, offset = 0): number {
  memory.bytes.set(bytes, INPUT + offset);
  return kernels.crc16(INPUT + offset, bytes.length);
}

const CANDIDATES: readonly (readonly [string, (bytes: Uint8Array) => number])[] = [
  ['reference', crcPlain],
  ['wasm', byKernel],
  ['façade', crc16],
  ['ts-tuned', crcTuned],
  ['ts-idiomatic', crcIdiomatic],
];

describe.each(CANDIDATES)('CRC-16/X.25 by %s', (_, crc) => {
  test('known answers', () => {
    expect(crc(new TextEncoder().encode('123456789'))).toBe(0x906e);
    expect(crc(new Uint8Array(0))).toBe(0);
    expect(crc(Uint8Array.of(0))).toBe(0xf078);
    expect(crc(Uint8Array.from({ length: 256 }, (_, i) => i))).toBe(0x303c);
  });

  test('every length to 600', () => {
    const bytes = random.bytes(600);
    for (let length = 0; length <= 600; length++) {
      expect(crc(bytes.subarray(0, length))).toBe(crcPlain(bytes.subarray(0, length)));
    }
  });

  test('data followed by its own CRC leaves 0F47, whatever the data', () => {
    for (let i = 0; i < 50; i++) {
      const data = random.bytes(Math.floor(random.next() * 200));
      const sum = crc(data);
      expect(crc(Uint8Array.of(...data, sum & 0xff, sum >> 8))).toBe(0x0f47);
    }
  });
});

describe('the kernel', () => {
  test('every length to 200 at every offset to 16', () => {
    const bytes = random.bytes(200);
    for (let offset = 0; offset <= 16; offset++) {
      for (let length = 0; length <= 200; length++) {
        const part = bytes.subarray(0, length);
        expect(byKernel(part, offset)).toBe(crcPlain(part));
      }
    }
  });

  test('bytes before and behind the message have no say', () => {
    const bytes = random.bytes(300);
    for (const length of [0, 1, 15, 16, 17, 79, 80, 81, 95, 96, 160, 300]) {
      const part = bytes.subarray(0, length);
      memory.bytes.fill(0xa5, INPUT, INPUT + 400);
      const expected = crcPlain(part);
      memory.bytes.set(part, INPUT + 20);
      expect(kernels.crc16(INPUT + 20, length)).toBe(expected);
      memory.bytes.fill(0x5a, INPUT, INPUT + 20);
      memory.bytes.fill(0x5a, INPUT + 20 + length, INPUT + 400);
      expect(kernels.crc16(INPUT + 20, length)).toBe(expected);
    }
  });

  test('any start register and any split give what the whole gives (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(0xffff), fc.nat(400), (data, register, at) => {
        const bytes = Uint8Array.from(data);
        const split = Math.min(at, bytes.length);
        memory.bytes.set(bytes, INPUT);
        const whole = crcRegister(bytes, register);
        expect(kernels.crcUpdate(register, INPUT, bytes.length)).toBe(whole);
        const first = kernels.crcUpdate(register, INPUT, split);
        expect(kernels.crcUpdate(first, INPUT + split, bytes.length - split)).toBe(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('the residue is F0B8 from any start register', () => {
    for (const register of [0, 1, 0xffff, 0x1234]) {
      for (const length of [3, 40, 200]) {
        const data = random.bytes(length);
        const sum = ~crcRegister(data, register) & 0xffff;
        memory.bytes.set(Uint8Array.of(...data, sum & 0xff, sum >> 8), INPUT);
        expect(kernels.crcUpdate(register, INPUT, length + 2)).toBe(0xf0b8);
      }
    }
  });

  test('the façade takes what is longer than the input region', () => {
    const long = random.bytes(regions.INPUT_SIZE * 2 + 77);
    expect(crc16(long)).toBe(crcTuned(long));
  });
});
