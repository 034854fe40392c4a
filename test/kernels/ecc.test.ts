import { describe, expect, test } from 'bun:test';

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { SeededRandom } from '../../src/base/random.ts';
import {
  type Curve,
  digest,
  ecdhSecret,
  ecdsaSign,
  ecdsaVerify,
  ecPublicKey,
  generateEcKeyPair,
  isEcPublicKey,
  scalarSize,
} from '../../src/kernels/index.ts';
import ecdh256 from '../vectors/wycheproof_ecdh_secp256r1_test.json' with { type: 'json' };
import ecdh384 from '../vectors/wycheproof_ecdh_secp384r1_test.json' with { type: 'json' };
import ecdsa256 from '../vectors/wycheproof_ecdsa_secp256r1_sha256_p1363_test.json' with { type: 'json' };
import ecdsa384 from '../vectors/wycheproof_ecdsa_secp384r1_sha384_p1363_test.json' with { type: 'json' };

const random = new SeededRandom(1);
const bytes = (length: number): Uint8Array => random.bytes(length);
const CURVES: readonly Curve[] = ['P-256', 'P-384'];

/** SubjectPublicKeyInfo with a named curve and an uncompressed point, up to X: the one form that carries X and Y as we take them. */
const SPKI: Readonly<Record<Curve, string>> = {
  'P-256': '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'P-384': '3076301006072a8648ce3d020106052b8104002203620004',
};

/** Wycheproof writes a scalar as a signed number: with a zero in front, or with zeros left out. */
function scalar(hex: string, size: number): Uint8Array {
  return Uint8Array.fromHex(hex.padStart(2 * size, '0').slice(-2 * size));
}

/** A crowded machine takes its time over more than a thousand agreements. */
const WHOLE_SUITE_MS = 60_000;

describe.each([
  ['P-256', ecdh256, { valid: 330, refused: 19, otherEncoding: 263 }],
  ['P-384', ecdh384, { valid: 771, refused: 19, otherEncoding: 257 }],
] as const)('ECDH on %s', (curve, wycheproof, expected) => {
  test(
    'Wycheproof: every case',
    () => {
      const size = scalarSize(curve);
      const counted = { valid: 0, refused: 0, otherEncoding: 0 };
      let leadingZero = 0;
      for (const vector of wycheproof.testGroups.flatMap(({ tests }) => tests)) {
        const id = vector.tcId;
        const privateKey = scalar(vector.private, size);
        const isOurs =
          vector.public.startsWith(SPKI[curve]) && vector.public.length === SPKI[curve].length + 4 * size;
        // Other curves, compressed points, explicit parameters and damaged DER: forms that no DLMS key has, as those are
        // X and Y alone. What is left of them where X and Y would stand must not pass either.
        const point = Uint8Array.fromHex(vector.public.slice(isOurs ? SPKI[curve].length : 0));
        const secret = ecdhSecret(curve, privateKey, point)?.toHex();
        if (!isOurs) {
          counted.otherEncoding++;
          expect({ id, result: vector.result, secret }).toEqual({
            id,
            result: vector.result,
            secret: undefined,
          });
          expect(vector.result === 'valid').toBe(false);
        } else if (vector.result === 'valid') {
          counted.valid++;
          if (vector.shared.startsWith('00')) leadingZero++;
          expect({ id, secret }).toEqual({ id, secret: vector.shared });
        } else {
          counted.refused++;
          // Points off the curve; one of them is "acceptable" to those who never look at Y.
          expect({ id, secret }).toEqual({ id, secret: undefined });
        }
      }
      expect(counted).toEqual(expected);
      expect(counted.valid + counted.refused + counted.otherEncoding).toBe(wycheproof.numberOfTests);
      expect(leadingZero).toBeGreaterThan(0);
    },
    WHOLE_SUITE_MS,
  );
});

describe.each([
  ['P-256', ecdsa256, { valid: 173, invalid: 89 }],
  ['P-384', ecdsa384, { valid: 193, invalid: 87 }],
] as const)('ECDSA on %s', (curve, wycheproof, expected) => {
  test(
    'Wycheproof: every case',
    () => {
      const counted = { valid: 0, invalid: 0 };
      for (const { publicKey, tests } of wycheproof.testGroups) {
        const point = Uint8Array.fromHex(publicKey.uncompressed.slice(2));
        for (const { tcId, msg, sig, result } of tests) {
          if (result !== 'valid' && result !== 'invalid') throw new Error(`case ${tcId} is ${result}`);
          counted[result]++;
          const verified = ecdsaVerify(curve, point, Uint8Array.fromHex(msg), Uint8Array.fromHex(sig));
          expect({ tcId, verified }).toEqual({ tcId, verified: result === 'valid' });
        }
      }
      expect(counted).toEqual(expected);
      expect(counted.valid + counted.invalid).toBe(wycheproof.numberOfTests);
    },
    WHOLE_SUITE_MS,
  );
});

describe.each(CURVES)('keys of %s', (curve) => {
  const size = scalarSize(curve);
  const own = generateEcKeyPair(curve, bytes);
  const peer = generateEcKeyPair(curve, bytes);
  const zero = new Uint8Array(size);

  test('a pair has a scalar and both coordinates; the same random source gives the same pair', () => {
    expect([own.privateKey.length, own.publicKey.length]).toEqual([size, 2 * size]);
    expect(ecPublicKey(curve, own.privateKey)).toEqual(own.publicKey);
    const again = (): unknown => generateEcKeyPair(curve, (length) => new SeededRandom(5).bytes(length));
    expect(again()).toEqual(again());
  });

  test('numbers that are no scalar are passed over, and a source that brings nothing else is refused', () => {
    const drawn = [zero, new Uint8Array(size).fill(0xff), own.privateKey];
    expect(generateEcKeyPair(curve, () => drawn.shift() ?? zero).publicKey).toEqual(own.publicKey);
    expect(() => generateEcKeyPair(curve, () => zero)).toThrow(/random source/);
  });

  test('private keys out of range or of another length are refused, and named without their bytes', () => {
    for (const key of [
      zero,
      new Uint8Array(size).fill(0xff),
      own.privateKey.slice(1),
      new Uint8Array(size + 1),
    ]) {
      for (const use of [
        () => ecPublicKey(curve, key),
        () => ecdsaSign(curve, key, zero),
        () => ecdhSecret(curve, key, peer.publicKey),
      ]) {
        expect(use).toThrow(expect.objectContaining({ code: 'invalid-argument', field: 'privateKey' }));
      }
    }
  });

  test('any flipped bit of a public key leaves the curve or is another key', () => {
    const message = bytes(50);
    const signature = ecdsaSign(curve, own.privateKey, message);
    for (let bit = 0; bit < own.publicKey.length * 8; bit += 23) {
      const changed = own.publicKey.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isEcPublicKey(curve, changed)).toBe(false);
      expect(ecdhSecret(curve, peer.privateKey, changed)).toBeUndefined();
      expect(ecdsaVerify(curve, changed, message, signature)).toBe(false);
    }
    for (const length of [0, 1, size, 2 * size - 1, 2 * size + 1]) {
      expect(isEcPublicKey(curve, new Uint8Array(length))).toBe(false);
      expect(ecdhSecret(curve, own.privateKey, new Uint8Array(length))).toBeUndefined();
    }
    expect(isEcPublicKey(curve, new Uint8Array(2 * size))).toBe(false);
  });

  test('a signature holds for its message and key alone (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (message, at) => {
        const signature = ecdsaSign(curve, own.privateKey, message);
        expect(signature.length).toBe(2 * size);
        expect(ecdsaVerify(curve, own.publicKey, message, signature)).toBe(true);
        expect(ecdsaVerify(curve, peer.publicKey, message, signature)).toBe(false);
        const changed = signature.slice();
        const bit = at % (signature.length * 8);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(ecdsaVerify(curve, own.publicKey, message, changed)).toBe(false);
        expect(ecdsaVerify(curve, own.publicKey, Uint8Array.of(...message, 0), signature)).toBe(false);
        expect(ecdsaVerify(curve, own.publicKey, message, signature.slice(1))).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  test('both sides share the same secret, as long as a scalar', () => {
    for (let i = 0; i < 10; i++) {
      const other = generateEcKeyPair(curve, bytes);
      const secret = ecdhSecret(curve, own.privateKey, other.publicKey);
      expect(secret).toEqual(ecdhSecret(curve, other.privateKey, own.publicKey));
      expect(secret?.length).toBe(size);
    }
  });
});

test('digests as the runtime names them, on the empty and a short message', () => {
  expect(digest('md5', new Uint8Array(0)).toHex()).toBe('d41d8cd98f00b204e9800998ecf8427e');
  expect(digest('sha1', new TextEncoder().encode('abc')).toHex()).toBe(
    'a9993e364706816aba3e25717850c26c9cd0d89d',
  );
  expect(digest('sha256', new TextEncoder().encode('abc')).toHex()).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(digest('sha384', new TextEncoder().encode('abc')).toHex()).toBe(
    createHash('sha384').update('abc').digest('hex'),
  );
});
