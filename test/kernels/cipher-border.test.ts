import { describe, expect, test } from 'bun:test';
import { createCipheriv } from 'node:crypto';
import { join } from 'node:path';
import { SeededRandom } from '../../src/base/random.ts';
import { createNativeGcmKey } from '../../src/kernels/native-gcm.ts';
import { kernels, memory, regions, reserveKeys } from '../../src/kernels/wasm.ts';
import { VERDICT } from './cold.fixture.ts';

// What only shows at the kernel's own border: addresses, canaries, counters, the cached AAD state, and secrets
// that must not stay behind.

const random = new SeededRandom(99);
const HANDLE = 4100;
reserveKeys(HANDLE + 2);
const { INPUT, OUTPUT } = regions;
const IV = INPUT;
const AAD = INPUT + 64;
const DATA = INPUT + 4096;
const TAG = INPUT + 20000;

function setKey(key: Uint8Array, handle = HANDLE): void {
  memory.bytes.set(key, INPUT);
  expect(kernels.keySetup(handle, INPUT, key.length)).toBe(1);
}

const at = (address: number, length: number): Uint8Array => memory.bytes.slice(address, address + length);
const scratchIsClean = (): boolean => at(regions.SCRATCH, regions.SCRATCH_SIZE).every((byte) => byte === 0);

describe('CTR', () => {
  test('the counter wraps at 2^32 and does not carry into the IV', () => {
    const key = random.bytes(16);
    setKey(key);
    const iv = random.bytes(12);
    memory.bytes.set(iv, IV);
    for (let start = 0xfffffffe; start <= 0x1_0000_0003; start++) {
      for (const blocks of [1, 2, 3, 4, 5, 7]) {
        const ecb = createCipheriv('aes-128-ecb', key, null);
        const expected = new Uint8Array(16 * blocks);
        for (let m = 0; m < blocks; m++) {
          const block = new Uint8Array(16);
          block.set(iv);
          new DataView(block.buffer).setUint32(12, (start + m) >>> 0);
          expected.set(ecb.update(block), 16 * m);
        }
        memory.bytes.fill(0, DATA, DATA + 16 * blocks);
        expect(kernels.ctrCrypt(HANDLE, IV, start >>> 0, DATA, 16 * blocks, DATA)).toBe(1);
        expect(at(DATA, 16 * blocks)).toEqual(expected);
      }
    }
    expect(scratchIsClean()).toBe(true);
  });
});

describe('open and seal', () => {
  const CANARY = 0xc7;

  test('any alignment of every argument; canaries before and behind every output', () => {
    const key = random.bytes(32);
    setKey(key);
    const native = createNativeGcmKey(key);
    for (let n = 0; n < 200; n++) {
      const length = Math.floor(random.next() * 100);
      const tagLength = n % 2 ? 12 : 16;
      const [iv, aad, plain] = [random.bytes(12), random.bytes(n % 40), random.bytes(length)];
      const expected = native.seal(iv, aad, plain, tagLength);
      const [i, a, d, t, o] = [
        IV + (n % 16),
        AAD + ((n * 3) % 16),
        DATA + ((n * 5) % 16),
        TAG + ((n * 7) % 16),
        OUTPUT + 64 + ((n * 11) % 16),
      ];
      memory.bytes.set(iv, i);
      memory.bytes.set(aad, a);
      memory.bytes.set(plain, d);
      memory.bytes.fill(CANARY, OUTPUT, OUTPUT + 512);
      memory.bytes.fill(CANARY, TAG - 32, TAG + 64);
      expect(kernels.gcmSeal(HANDLE, i, a, aad.length, d, length, o, t, tagLength)).toBe(1);
      expect(at(o, length)).toEqual(expected.slice(0, length));
      expect(at(t, tagLength)).toEqual(expected.slice(length));
      const untouched = (from: number, to: number): boolean =>
        at(from, to - from).every((byte) => byte === CANARY);
      expect(untouched(OUTPUT, o) && untouched(o + length, OUTPUT + 512)).toBe(true);
      expect(untouched(TAG - 32, t) && untouched(t + tagLength, TAG + 64)).toBe(true);

      const back = OUTPUT + 1024 + ((n * 13) % 16);
      memory.bytes.fill(CANARY, OUTPUT + 900, OUTPUT + 1400);
      expect(kernels.gcmOpen(HANDLE, i, a, aad.length, o, length, back, t, tagLength)).toBe(1);
      expect(at(back, length)).toEqual(plain);
      expect(untouched(OUTPUT + 900, back) && untouched(back + length, OUTPUT + 1400)).toBe(true);
      // In place, and to an address below the source.
      expect(kernels.gcmOpen(HANDLE, i, a, aad.length, o, length, o - 7, t, tagLength)).toBe(1);
      expect(at(o - 7, length)).toEqual(plain);
    }
    expect(scratchIsClean()).toBe(true);
  });

  test('bytes behind the arguments have no say', () => {
    const key = random.bytes(16);
    setKey(key);
    const native = createNativeGcmKey(key);
    for (const length of [1, 15, 16, 17, 33, 47, 63, 65]) {
      const [iv, aad, plain] = [random.bytes(12), random.bytes(length), random.bytes(length)];
      const expected = native.seal(iv, aad, plain, 12);
      for (const filler of [0, 0xff]) {
        memory.bytes.fill(filler, INPUT, INPUT + 30000);
        memory.bytes.set(iv, IV);
        memory.bytes.set(aad, AAD);
        memory.bytes.set(expected, DATA);
        expect(kernels.gcmOpen(HANDLE, IV, AAD, length, DATA, length, OUTPUT, DATA + length, 12)).toBe(1);
        expect(at(OUTPUT, length)).toEqual(plain);
      }
    }
  });

  test('a forged message leaves the output as it was and scratch empty, and the next good one opens', () => {
    const key = random.bytes(16);
    setKey(key);
    const [iv, aad, plain] = [random.bytes(12), random.bytes(17), random.bytes(70)];
    const sealed = createNativeGcmKey(key).seal(iv, aad, plain, 12);
    memory.bytes.set(iv, IV);
    memory.bytes.set(aad, AAD);
    const open = (): number => kernels.gcmOpen(HANDLE, IV, AAD, 17, DATA, 70, OUTPUT, DATA + 70, 12);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      memory.bytes.set(sealed, DATA);
      const byte = DATA + (bit >> 3);
      memory.bytes[byte] = (memory.bytes[byte] ?? 0) ^ (1 << (bit & 7));
      memory.bytes.fill(CANARY, OUTPUT, OUTPUT + 200);
      expect(open()).toBe(0);
      expect(at(OUTPUT, 200).every((value) => value === CANARY)).toBe(true);
    }
    expect(scratchIsClean()).toBe(true);
    memory.bytes.set(sealed, DATA);
    expect(open()).toBe(1);
    expect(at(OUTPUT, 70)).toEqual(plain);
  });

  test('tags of other lengths are refused, whatever the message says', () => {
    setKey(random.bytes(16));
    for (const length of [0, 1, 8, 11, 13, 14, 15, 17, 32, -1]) {
      expect(kernels.gcmOpen(HANDLE, IV, AAD, 17, DATA, 8, OUTPUT, TAG, length)).toBe(-1);
      expect(kernels.gcmSeal(HANDLE, IV, AAD, 17, DATA, 8, OUTPUT, TAG, length)).toBe(-1);
    }
  });
});

describe('the cached AAD state', () => {
  const aadOf = (control: number, key: Uint8Array): Uint8Array => Uint8Array.of(control, ...key);

  test('is as the computed one for every security control, warm or not, with any authentication key', () => {
    const key = random.bytes(16);
    setKey(key);
    const native = createNativeGcmKey(key);
    const keys = [random.bytes(16), random.bytes(16)];
    for (let n = 0; n < 600; n++) {
      const control = n < 256 ? n : Math.floor(random.next() * 4) * 16;
      const aad = aadOf(control, keys[n % 7 === 0 ? 1 : 0] ?? key);
      const iv = random.bytes(12);
      const sealed = native.seal(iv, aad, random.bytes(20), 12);
      memory.bytes.set(iv, IV);
      memory.bytes.set(aad, AAD);
      memory.bytes.set(sealed, DATA);
      expect(kernels.gcmOpen(HANDLE, IV, AAD, 17, DATA, 20, OUTPUT, DATA + 20, 12)).toBe(1);
    }
  });

  test('does not let a forged security control or authentication key through when it is warm', () => {
    const key = random.bytes(16);
    setKey(key);
    const native = createNativeGcmKey(key);
    const authentication = random.bytes(16);
    const iv = random.bytes(12);
    const sealed = native.seal(iv, aadOf(0x30, authentication), random.bytes(20), 12);
    const open = (aad: Uint8Array): number => {
      memory.bytes.set(iv, IV);
      memory.bytes.set(aad, AAD);
      memory.bytes.set(sealed, DATA);
      return kernels.gcmOpen(HANDLE, IV, AAD, 17, DATA, 20, OUTPUT, DATA + 20, 12);
    };
    expect(open(aadOf(0x30, authentication))).toBe(1);
    for (let control = 0; control < 256; control++) {
      expect(open(aadOf(control, authentication))).toBe(control === 0x30 ? 1 : 0);
      expect(open(aadOf(0x30, authentication))).toBe(1);
    }
    for (let bit = 0; bit < 128; bit++) {
      const other = authentication.slice();
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(open(aadOf(0x30, other))).toBe(0);
    }
    expect(open(aadOf(0x30, authentication))).toBe(1);
  });

  test('goes when another key takes the handle', () => {
    const authentication = random.bytes(16);
    for (let n = 0; n < 4; n++) {
      const key = random.bytes(16);
      setKey(key);
      const iv = random.bytes(12);
      const sealed = createNativeGcmKey(key).seal(iv, aadOf(0x30, authentication), random.bytes(9), 12);
      memory.bytes.set(iv, IV);
      memory.bytes.set(aadOf(0x30, authentication), AAD);
      memory.bytes.set(sealed, DATA);
      for (let again = 0; again < 3; again++) {
        expect(kernels.gcmOpen(HANDLE, IV, AAD, 17, DATA, 9, OUTPUT, DATA + 9, 12)).toBe(1);
      }
    }
  });
});

test('what is kept for the last lengths of a key is not used for others', () => {
  const key = random.bytes(16);
  setKey(key);
  const native = createNativeGcmKey(key);
  for (let n = 0; n < 400; n++) {
    const aad = random.bytes([0, 16, 17, 20][Math.floor(random.next() * 4)] ?? 0);
    const length = [0, 17, 20, 136, 272][Math.floor(random.next() * 5)] ?? 0;
    const iv = random.bytes(12);
    const sealed = native.seal(iv, aad, random.bytes(length), 12);
    memory.bytes.set(iv, IV);
    memory.bytes.set(aad, AAD);
    memory.bytes.set(sealed, DATA);
    expect(kernels.gcmOpen(HANDLE, IV, AAD, aad.length, DATA, length, OUTPUT, DATA + length, 12)).toBe(1);
  }
});

test('the first calls of a fresh process give what the thousandth gives: interpreter and both compilers agree', async () => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'cold.fixture.ts')], { stdout: 'pipe' });
  expect(await child.exited).toBe(0);
  expect((await new Response(child.stdout).text()).trim()).toBe(VERDICT);
});
