import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { KEY_WRAP_OVERHEAD, unwrapKey, wrapKey } from '../../src/kernels/index.ts';
import { vectors } from '../vectors/known-answers.json';
import wycheproof from '../vectors/wycheproof_aes_wrap_test.json' with { type: 'json' };

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

describe('AES key wrap', () => {
  const known = vectors.filter(({ kind }) => kind === 'aes-kw');
  test.each(known)('$name', ({ kek = '', plain, expected }) => {
    expect(wrapKey(hex(kek), hex(plain)).toHex()).toBe(expected.toLowerCase());
    expect(unwrapKey(hex(kek), hex(expected))?.toHex()).toBe(plain);
  });

  test('Wycheproof: every case', () => {
    const counted = { valid: 0, refused: 0, tooShort: 0, otherKey: 0 };
    for (const { keySize, tests } of wycheproof.testGroups) {
      for (const { tcId, key, msg, ct, result, flags } of tests) {
        const kek = hex(key);
        if (keySize === 192) {
          counted.otherKey++;
          expect(() => unwrapKey(kek, hex(ct))).toThrow(expect.objectContaining({ field: 'kek' }));
          expect(() => wrapKey(kek, new Uint8Array(16))).toThrow(expect.objectContaining({ field: 'kek' }));
          continue;
        }
        const opened = unwrapKey(kek, hex(ct))?.toHex();
        if (result === 'valid') {
          counted.valid++;
          expect({ tcId, opened }).toEqual({ tcId, opened: msg });
          expect(wrapKey(kek, hex(msg)).toHex()).toBe(ct);
        } else if (result === 'acceptable') {
          // Eight bytes of key data, which RFC 3394 leaves out and no suite has.
          counted.tooShort++;
          expect({ tcId, flags, opened }).toEqual({ tcId, flags: ['ShortKey'], opened: undefined });
          expect(() => wrapKey(kek, hex(msg))).toThrow(expect.objectContaining({ field: 'key' }));
        } else {
          counted.refused++;
          expect({ tcId, opened }).toEqual({ tcId, opened: undefined });
          if (flags.includes('WrongDataSize')) {
            expect(() => wrapKey(kek, hex(msg))).toThrow(expect.objectContaining({ field: 'key' }));
          }
        }
      }
    }
    expect(counted).toEqual({ valid: 24, refused: 84, tooShort: 2, otherKey: 55 });
    const total = counted.valid + counted.refused + counted.tooShort + counted.otherKey;
    expect(total).toBe(wycheproof.numberOfTests);
  });

  test('what is wrapped is unwrapped; any flipped bit or another key is refused (property)', () => {
    const keys = fc.constantFrom(16, 32).chain((n) => fc.uint8Array({ minLength: n, maxLength: n }));
    fc.assert(
      fc.property(keys, keys, fc.nat(), (kek, key, at) => {
        const wrapped = wrapKey(kek, key);
        expect(wrapped.length).toBe(key.length + KEY_WRAP_OVERHEAD);
        expect(unwrapKey(kek, wrapped)).toEqual(Uint8Array.from(key));
        const changed = wrapped.slice();
        const bit = at % (wrapped.length * 8);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(unwrapKey(kek, changed)).toBeUndefined();
        const otherKek = Uint8Array.from(kek);
        otherKek[0] = (otherKek[0] ?? 0) ^ 1;
        expect(unwrapKey(otherKek, wrapped)).toBeUndefined();
      }),
    );
  });

  test('lengths that no wrapped key has', () => {
    for (const length of [0, 8, 16, 23, 25, 31]) {
      expect(unwrapKey(new Uint8Array(16), new Uint8Array(length))).toBeUndefined();
    }
    expect(() => wrapKey(new Uint8Array(24), new Uint8Array(16))).toThrow(/16 or 32 bytes/);
  });
});
