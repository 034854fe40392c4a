import { afterAll, describe, expect, test } from 'bun:test';
import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { SeededRandom } from '../../src/base/random.ts';
import { createGcmKey, createWasmGcmKey, WASM_UP_TO } from '../../src/kernels/gcm.ts';
import { createNativeGcmKey } from '../../src/kernels/native-gcm.ts';
import type { GcmKey } from '../../src/kernels/types.ts';
import wycheproof from '../vectors/wycheproof_aes_gcm_test.json' with { type: 'json' };
import { createPlainGcmKey } from './reference/gcm.ts';

const random = new SeededRandom(2024);

const CANDIDATES: readonly (readonly [string, (key: Uint8Array) => GcmKey])[] = [
  ['reference', createPlainGcmKey],
  ['wasm', createWasmGcmKey],
  ['node:crypto', createNativeGcmKey],
  ['façade', createGcmKey],
];

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

describe.each(CANDIDATES)('AES-GCM by %s', (name, create) => {
  test('known answers: suite 0 example, zero key, GCM specification', () => {
    const key = create(hex('000102030405060708090A0B0C0D0E0F'));
    const iv = hex('4D4D4D0000BC614E01234567');
    const aad = hex('30D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF');
    const plain = hex('C0010000080000010000FF0200');
    const sealed = key.seal(iv, aad, plain, 16);
    expect(sealed.toHex()).toBe('411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6bbee414e5');
    expect(key.seal(iv, aad, plain, 12)).toEqual(sealed.slice(0, 25));
    expect(key.open(iv, aad, sealed.slice(0, 25), 12)).toEqual(plain);
    expect(key.crypt(iv, plain).toHex()).toBe('411312ff935a47566827c467bc');

    const zero = create(new Uint8Array(16));
    const none = new Uint8Array(0);
    expect(zero.seal(new Uint8Array(12), none, none, 16).toHex()).toBe('58e2fccefa7e3061367f1d57a4e7455a');
    expect(zero.open(new Uint8Array(12), none, hex('58e2fccefa7e3061367f1d57'), 12)).toEqual(none);
    expect(zero.seal(new Uint8Array(12), none, new Uint8Array(16), 16).toHex()).toBe(
      '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
    );
    key.release();
    zero.release();
  });

  test('Wycheproof: every vector with a 96-bit IV, an AES-128 or AES-256 key and a 128-bit tag', () => {
    let valid = 0;
    let refused = 0;
    for (const group of wycheproof.testGroups) {
      if (group.ivSize !== 96 || (group.keySize !== 128 && group.keySize !== 256)) continue;
      expect(group.tagSize).toBe(128);
      for (const vector of group.tests) {
        const key = create(hex(vector.key));
        const opened = key.open(hex(vector.iv), hex(vector.aad), hex(vector.ct + vector.tag), 16);
        if (vector.result === 'valid') {
          valid++;
          expect({ id: vector.tcId, msg: opened?.toHex() }).toEqual({ id: vector.tcId, msg: vector.msg });
          const sealed = key.seal(hex(vector.iv), hex(vector.aad), hex(vector.msg), 16);
          expect(sealed.toHex()).toBe(vector.ct + vector.tag);
        } else {
          refused++;
          expect({ id: vector.tcId, opened }).toEqual({ id: vector.tcId, opened: undefined });
        }
        key.release();
      }
    }
    expect({ valid, refused }).toEqual({ valid: 79, refused: 54 });
  });

  test('a message shorter than its tag does not open', () => {
    const key = create(new Uint8Array(16));
    for (let length = 0; length < 12; length++) {
      expect(key.open(new Uint8Array(12), new Uint8Array(17), new Uint8Array(length), 12)).toBeUndefined();
    }
    key.release();
  });

  test('every flipped bit of tag, ciphertext, AAD and IV is refused, and the next good message opens', () => {
    const key = create(random.bytes(16));
    const iv = random.bytes(12);
    const aad = random.bytes(17);
    const plain = random.bytes(name === 'reference' ? 3 : 45);
    const sealed = key.seal(iv, aad, plain, 12);
    const parts = { iv, aad, sealed };
    for (const part of ['iv', 'aad', 'sealed'] as const) {
      for (let bit = 0; bit < parts[part].length * 8; bit++) {
        const changed = parts[part].slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const used = { ...parts, [part]: changed };
        expect(key.open(used.iv, used.aad, used.sealed, 12)).toBeUndefined();
      }
    }
    expect(key.open(iv, aad, sealed, 12)).toEqual(plain);
    expect(key.open(iv, aad, sealed.slice(0, -1), 12)).toBeUndefined();
    key.release();
  });
});

describe('all implementations agree', () => {
  const lengths = (upTo: number): number[] => Array.from({ length: upTo + 1 }, (_, i) => i);

  function agree(keyLength: 16 | 32, aadLength: number, length: number, tagLength: 12 | 16): void {
    const secret = random.bytes(keyLength);
    const wasm = createWasmGcmKey(secret);
    const native = createNativeGcmKey(secret);
    const iv = random.bytes(12);
    const aad = random.bytes(aadLength);
    const plain = random.bytes(length);
    const sealed = native.seal(iv, aad, plain, tagLength);
    expect(wasm.seal(iv, aad, plain, tagLength)).toEqual(sealed);
    expect(wasm.open(iv, aad, sealed, tagLength)).toEqual(plain);
    expect(wasm.crypt(iv, plain)).toEqual(native.crypt(iv, plain));
    wasm.release();
    native.release();
  }

  test('plaintext of 0 to 600 bytes', () => {
    for (const length of lengths(600)) agree(length % 2 ? 16 : 32, 17, length, length % 3 ? 12 : 16);
  });

  test('AAD of 0 to 80 bytes', () => {
    for (const length of lengths(80)) agree(16, length, 37, 12);
    for (const length of [0, 16, 17, 32]) agree(32, length, 0, 16);
  });

  test('up to 9,000 bytes, at random', () => {
    for (let i = 0; i < 60; i++) {
      agree(i % 2 ? 16 : 32, Math.floor(random.next() * 100), Math.floor(random.next() * 9000), 16);
    }
  });

  test('the reference agrees on blocks and bits that fill every carry', () => {
    const ones = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);
    for (const secret of [new Uint8Array(16), ones(16), ones(32), random.bytes(32)]) {
      const plainKey = createPlainGcmKey(secret);
      const wasm = createWasmGcmKey(secret);
      for (const length of [0, 1, 15, 16, 17, 48, 64, 65, 80, 130]) {
        const sealed = plainKey.seal(ones(12), ones(17), ones(length), 16);
        expect(wasm.seal(ones(12), ones(17), ones(length), 16)).toEqual(sealed);
        expect(wasm.open(ones(12), ones(17), sealed, 16)).toEqual(ones(length));
      }
      wasm.release();
    }
  });

  test('any key, IV, AAD and message (property)', () => {
    const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
    fc.assert(
      fc.property(
        fc.oneof(bytes(16, 16), bytes(32, 32)),
        bytes(12, 12),
        bytes(0, 60),
        bytes(0, 300),
        fc.constantFrom(12 as const, 16 as const),
        (secret, iv, aad, plain, tagLength) => {
          const wasm = createWasmGcmKey(secret);
          const sealed = wasm.seal(iv, aad, plain, tagLength);
          expect(sealed).toEqual(createNativeGcmKey(secret).seal(iv, aad, plain, tagLength));
          expect(wasm.open(iv, aad, sealed, tagLength)).toEqual(Uint8Array.from(plain));
          wasm.release();
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the façade', () => {
  const iv = random.bytes(12);
  const aad = random.bytes(17);

  test('answers alike on both sides of its size threshold', () => {
    const secret = random.bytes(16);
    const key = createGcmKey(secret);
    const native = createNativeGcmKey(secret);
    for (let length = WASM_UP_TO - 40; length <= WASM_UP_TO + 24; length++) {
      const plain = random.bytes(length);
      const sealed = key.seal(iv, aad, plain, 12);
      expect(sealed).toEqual(native.seal(iv, aad, plain, 12));
      expect(key.open(iv, aad, sealed, 12)).toEqual(plain);
      expect(key.crypt(iv, plain)).toEqual(native.crypt(iv, plain));
      sealed[length] = (sealed[length] ?? 0) ^ 1;
      expect(key.open(iv, aad, sealed, 12)).toBeUndefined();
    }
  });

  test('Wycheproof: keys and IVs of other sizes are refused, naming the field', () => {
    let otherIv = 0;
    let otherKey = 0;
    for (const group of wycheproof.testGroups) {
      for (const vector of group.tests) {
        if (group.keySize !== 128 && group.keySize !== 256) {
          otherKey++;
          expect(() => createGcmKey(hex(vector.key))).toThrow(/16 or 32 bytes/);
        } else if (group.ivSize !== 96) {
          otherIv++;
          const key = createGcmKey(hex(vector.key));
          expect(() => key.open(hex(vector.iv), hex(vector.aad), hex(vector.ct + vector.tag), 16)).toThrow(
            /IV has 12 bytes/,
          );
          key.release();
        }
      }
    }
    expect(otherIv + otherKey).toBe(wycheproof.numberOfTests - 79 - 54);
    expect(otherIv).toBeGreaterThan(0);
    expect(otherKey).toBeGreaterThan(0);
  });

  test('refuses tag lengths other than 12 and 16, and any use after release', () => {
    const key = createGcmKey(random.bytes(16));
    for (const length of [0, 4, 8, 11, 13, 15, 17]) {
      expect(() => key.open(iv, aad, new Uint8Array(40), length as 12)).toThrow(/12 or 16 bytes/);
    }
    key.release();
    key.release();
    expect(() => key.seal(iv, aad, new Uint8Array(1), 12)).toThrow(/released/);
    expect(() => key.open(iv, aad, new Uint8Array(40), 12)).toThrow(/released/);
    expect(() => key.crypt(iv, new Uint8Array(1))).toThrow(/released/);
  });

  test('a released handle that is used again holds the new key only', () => {
    const first = createWasmGcmKey(random.bytes(16));
    first.release();
    const secret = random.bytes(32);
    const second = createWasmGcmKey(secret);
    const sealed = second.seal(iv, aad, new Uint8Array(20), 12);
    expect(sealed).toEqual(createNativeGcmKey(secret).seal(iv, aad, new Uint8Array(20), 12));
    expect(() => first.seal(iv, aad, new Uint8Array(20), 12)).toThrow(/released/);
    second.release();
  });

  test('4,500 keys live side by side while memory grows, each with its own answers', () => {
    const secrets = Array.from({ length: 4500 }, () => random.bytes(16));
    const keys = secrets.map((secret) => createWasmGcmKey(secret));
    for (let i = 0; i < keys.length; i += 97) {
      const sealed = keys[i]?.seal(iv, aad, new Uint8Array(33), 12);
      expect(sealed).toEqual(
        createNativeGcmKey(secrets[i] ?? new Uint8Array(16)).seal(iv, aad, new Uint8Array(33), 12),
      );
    }
    for (const key of keys) key.release();
  });

  test('two keys used in turn do not disturb each other', () => {
    const secrets = [random.bytes(16), random.bytes(32)];
    const keys = secrets.map((secret) => createWasmGcmKey(secret));
    for (let i = 0; i < 40; i++) {
      const plain = random.bytes(i * 3);
      const sealed = keys[i % 2]?.seal(iv, aad, plain, 12) ?? new Uint8Array(0);
      expect(keys[i % 2]?.open(iv, aad, sealed, 12)).toEqual(plain);
      expect(keys[(i + 1) % 2]?.open(iv, aad, sealed, 12)).toBeUndefined();
    }
    for (const key of keys) key.release();
  });
});

test('node:crypto in ECB mode gives the keystream of the plain reference', () => {
  // Ties the slow reference to something outside this repository.
  const secret = random.bytes(16);
  const ecb = createCipheriv('aes-128-ecb', secret, null);
  const block = new Uint8Array(16);
  block[15] = 2;
  expect(createPlainGcmKey(secret).crypt(new Uint8Array(12), new Uint8Array(16))).toEqual(
    Uint8Array.from(ecb.update(block)),
  );
});

afterAll(() => {
  expect(wycheproof.numberOfTests).toBe(316);
});
