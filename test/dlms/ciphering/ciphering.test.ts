import { describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { decodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { decodeInitiateRequest } from '../../../src/dlms/apdu/initiate.ts';
import { decodeCiphered, encodeCiphered, isCiphered } from '../../../src/dlms/ciphering/ciphered-apdu.ts';
import { GlobalCipher } from '../../../src/dlms/ciphering/global-cipher.ts';
import {
  parseSecurityControl,
  satisfies,
  securityControl,
  strongest,
} from '../../../src/dlms/ciphering/security-control.ts';
import { vectors } from '../../vectors/known-answers.json';
import { codeOf, expectTotal } from '../mutation.ts';

const EK = fromHex('000102030405060708090A0B0C0D0E0F');
const AK = fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF');
const CLIENT = fromHex('4D4D4D0000000001');
const SERVER = fromHex('4D4D4D0000BC614E');
const PLAIN = fromHex('C0010000080000010000FF0200');
const POLICIES = ['none', 'auth', 'enc', 'auth-enc'] as const;

describe('suite 0', () => {
  const cipher = new GlobalCipher(EK, AK);

  for (const vector of vectors.filter(({ sc }) => sc !== undefined)) {
    test(vector.name, () => {
      const own = new GlobalCipher(fromHex(vector.ek ?? ''), fromHex(vector.ak ?? ''));
      const title = fromHex(vector.system_title ?? '');
      const { policy } = parseSecurityControl(Number.parseInt(vector.sc ?? '', 16));
      const sealed = own.seal(
        policy,
        title,
        Number.parseInt(vector.ic ?? '', 16),
        fromHex(vector.plain ?? ''),
      );
      expect(toHex(encodeCiphered('service-specific', 0xc0, title, sealed))).toBe(
        vector.expected.toLowerCase(),
      );
      const framed = decodeCiphered(fromHex(vector.expected));
      expect(framed.form).toBe('service-specific');
      expect(own.open(title, framed.sealed)).toEqual({
        plaintext: fromHex(vector.plain ?? ''),
        policy,
        invocationCounter: 0x01234567,
      });
    });
  }

  test('the ciphered InitiateRequest of the Green Book AARQ', () => {
    const aarq = decodeAarq(
      fromHex(
        '6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080201ac0a80083132333435363738' +
          'be34043221303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855',
      ),
    );
    const { sealed } = decodeCiphered(aarq.userInformation ?? new Uint8Array(0));
    const opened = cipher.open(aarq.callingApTitle ?? new Uint8Array(0), sealed);
    expect(opened).toMatchObject({ policy: 'auth-enc', invocationCounter: 0x01234567 });
    expect(decodeInitiateRequest(opened.plaintext)).toMatchObject({ dlmsVersion: 6, conformance: 0x007e1f });
  });

  test('HLS-GMAC as the Green Book computes it', () => {
    const challenge = new TextEncoder().encode('P6wRJ21F');
    const answer = cipher.gmac(CLIENT, 1, challenge);
    expect(toHex(answer)).toBe('10000000011a52fe7dd3e72748973c1e28');
    expect(cipher.verifyGmac(CLIENT, challenge, answer)).toBe(true);
    expect(cipher.verifyGmac(SERVER, challenge, answer)).toBe(false);
    expect(cipher.verifyGmac(CLIENT, new TextEncoder().encode('P6wRJ21G'), answer)).toBe(false);
    for (let bit = 0; bit < answer.length * 8; bit++) {
      const flipped = answer.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(cipher.verifyGmac(CLIENT, challenge, flipped)).toBe(false);
    }
    expect(cipher.verifyGmac(CLIENT, challenge, answer.slice(0, 16))).toBe(false);
  });

  test('what is sealed is opened, under every policy and length', () => {
    for (const policy of POLICIES) {
      for (const length of [0, 1, 15, 16, 17, 300, 2000]) {
        const plaintext = new Uint8Array(length).map((_, i) => i);
        expect(cipher.open(SERVER, cipher.seal(policy, SERVER, 7, plaintext))).toEqual({
          plaintext,
          policy,
          invocationCounter: 7,
        });
      }
    }
  });

  test('an authenticated APDU with any bit changed, or under another title, is refused', () => {
    for (const policy of ['auth', 'auth-enc'] as const) {
      const sealed = cipher.seal(policy, SERVER, 7, PLAIN);
      for (let bit = 8; bit < sealed.length * 8; bit++) {
        const flipped = sealed.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(codeOf(() => cipher.open(SERVER, flipped))).toBe('decryption-failed');
      }
      expect(codeOf(() => cipher.open(CLIENT, sealed))).toBe('decryption-failed');
      expect(codeOf(() => cipher.open(SERVER, sealed.slice(0, 10)))).toBe('truncated');
      const other = new GlobalCipher(
        EK,
        AK.map((byte) => byte ^ 1),
      );
      expect(codeOf(() => other.open(SERVER, sealed))).toBe('decryption-failed');
    }
  });

  test('suites, keys and compression that are not ours are refused', () => {
    const sealed = cipher.seal('auth-enc', SERVER, 7, PLAIN);
    for (const control of [0x31, 0x32, 0x70, 0xb0]) {
      expect(codeOf(() => cipher.open(SERVER, Uint8Array.of(control, ...sealed.subarray(1))))).toBe(
        'decryption-failed',
      );
    }
  });

  test('counters and titles that do not fit, and keys of another length', () => {
    expect(codeOf(() => cipher.seal('enc', SERVER, 2 ** 32, PLAIN))).toBe('invocation-counter-exhausted');
    expect(codeOf(() => cipher.seal('enc', SERVER, -1, PLAIN))).toBe('invocation-counter-exhausted');
    expect(codeOf(() => cipher.seal('enc', SERVER.slice(1), 1, PLAIN))).toBe('invalid-argument');
    expect(codeOf(() => new GlobalCipher(EK.slice(1), AK))).toBe('invalid-argument');
    expect(codeOf(() => new GlobalCipher(EK, new Uint8Array(32)))).toBe('invalid-argument');
  });

  test('no error carries a key or plaintext', () => {
    const sealed = cipher.seal('auth-enc', SERVER, 7, PLAIN);
    sealed[6] = (sealed[6] ?? 0) ^ 1;
    try {
      cipher.open(SERVER, sealed);
      throw new Error('accepted');
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      const text = `${error.message} ${JSON.stringify(error)} ${JSON.stringify(error.facts)} ${error.stack}`;
      for (const secret of [EK, AK, PLAIN]) expect(text.toLowerCase()).not.toContain(toHex(secret));
    }
  });

  test('a released cipher is of no use', () => {
    const own = new GlobalCipher(EK, AK);
    own.release();
    expect(() => own.seal('auth-enc', SERVER, 1, PLAIN)).toThrow(DcuError);
  });
});

describe('framing of ciphered APDUs', () => {
  const sealed = new GlobalCipher(EK, AK).seal('auth-enc', SERVER, 1, PLAIN);

  test('general-glo-ciphering carries the title; services without a glo- tag always use it', () => {
    const general = encodeCiphered('general-glo', 0xc0, SERVER, sealed);
    expect(toHex(general.subarray(0, 10))).toBe('db084d4d4d0000bc614e');
    expect(decodeCiphered(general)).toEqual({ form: 'general-glo', systemTitle: SERVER, sealed });
    expect(encodeCiphered('service-specific', 0x0f, SERVER, sealed)[0]).toBe(0xdb);
    expect(decodeCiphered(fromHex('db00020102'))).toEqual({ form: 'general-glo', sealed: fromHex('0102') });
  });

  test('bytes behind are passed over, damage is refused', () => {
    const framed = encodeCiphered('service-specific', 0xc4, SERVER, sealed);
    expect(decodeCiphered(Uint8Array.of(...framed, 1, 2, 3)).sealed).toEqual(sealed);
    expectTotal(framed, decodeCiphered);
  });

  test('dedicated and general ciphering are told apart and refused', () => {
    for (const tag of [0xd0, 0xdc, 0xdd, 0xdf]) {
      expect(isCiphered(tag)).toBe(true);
      expect(codeOf(() => decodeCiphered(Uint8Array.of(tag, 0)))).toBe('security-required');
    }
    expect([0xc0, 0x60, 0xd8].map(isCiphered)).toEqual([false, false, false]);
  });
});

test('policies are ordered by what they protect', () => {
  const table = POLICIES.map((actual) => POLICIES.map((least) => satisfies(actual, least)));
  expect(table).toEqual([
    [true, false, false, false],
    [true, true, false, false],
    [true, false, true, false],
    [true, true, true, true],
  ]);
  expect(strongest('auth', 'enc')).toBe('auth-enc');
  expect(POLICIES.map((policy) => strongest(policy, 'none'))).toEqual([...POLICIES]);
  expect(POLICIES.map((policy) => securityControl(policy))).toEqual([0, 0x10, 0x20, 0x30]);
});
