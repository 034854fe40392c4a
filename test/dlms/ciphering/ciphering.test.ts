import { describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { decodeInitiateRequest } from '../../../src/dlms/apdu/initiate.ts';
import { frameSealed, isCiphered, unframeSealed } from '../../../src/dlms/ciphering/ciphered-apdu.ts';
import { ContentCipher, readSealed } from '../../../src/dlms/ciphering/content-cipher.ts';
import { MessageSecurity } from '../../../src/dlms/ciphering/message-security.ts';
import {
  parseSecurityControl,
  satisfies,
  securityControl,
  strongest,
} from '../../../src/dlms/ciphering/security-control.ts';
import { codeOf, expectTotal } from '../mutation.ts';
import { decodeCiphered, encodeCiphered, SuiteZero } from './reference.ts';

const EK = fromHex('000102030405060708090A0B0C0D0E0F');
const AK = fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF');
const CLIENT = fromHex('4D4D4D0000000001');
const SERVER = fromHex('4D4D4D0000BC614E');
const PLAIN = fromHex('C0010000080000010000FF0200');
const POLICIES = ['none', 'auth', 'enc', 'auth-enc'] as const;
const suiteZero = (systemTitle: Uint8Array): MessageSecurity =>
  new MessageSecurity({
    suite: 0,
    systemTitle,
    encryptionKey: EK,
    authenticationKey: AK,
    nextInvocationCounter: () => 7,
    randomBytes: (length) => new Uint8Array(length),
  });

test('the ciphered InitiateRequest of the Green Book AARQ', () => {
  const aarq = decodeAarq(
    fromHex(
      '6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080201ac0a80083132333435363738' +
        'be34043221303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855',
    ),
  );
  const opened = suiteZero(CLIENT).open(aarq.userInformation ?? new Uint8Array(0), aarq.callingApTitle);
  expect(opened).toMatchObject({ protection: { policy: 'auth-enc' }, invocationCounter: 0x01234567 });
  expect(decodeInitiateRequest(opened.plaintext)).toMatchObject({ dlmsVersion: 6, conformance: 0x007e1f });
});

describe('content under one key', () => {
  const cipher = new ContentCipher(EK, AK);
  const reference = new SuiteZero(EK, AK);

  test('agrees with the plain reference, under every policy and length', () => {
    for (const policy of POLICIES) {
      for (const length of [0, 1, 15, 16, 17, 300, 2000]) {
        const plaintext = new Uint8Array(length).map((_, i) => i);
        const sealed = cipher.seal(securityControl(policy), SERVER, 7, plaintext);
        expect(sealed).toEqual(reference.seal(policy, SERVER, 7, plaintext));
        expect(cipher.open(SERVER, readSealed(sealed))).toEqual(plaintext);
        expect(reference.open(SERVER, sealed)).toEqual({ plaintext, policy, invocationCounter: 7 });
      }
    }
  });

  test('authenticated content with any bit changed, under another title or authentication key, is refused', () => {
    for (const policy of ['auth', 'auth-enc'] as const) {
      const sealed = cipher.seal(securityControl(policy), SERVER, 7, PLAIN);
      for (let bit = 8; bit < sealed.length * 8; bit++) {
        const flipped = sealed.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(codeOf(() => cipher.open(SERVER, readSealed(flipped)))).toBe('decryption-failed');
      }
      expect(codeOf(() => cipher.open(CLIENT, readSealed(sealed)))).toBe('decryption-failed');
      const other = new ContentCipher(
        EK,
        AK.map((byte) => byte ^ 1),
      );
      expect(codeOf(() => other.open(SERVER, readSealed(sealed)))).toBe('decryption-failed');
      expect(codeOf(() => cipher.open(SERVER, readSealed(sealed), Uint8Array.of(0)))).toBe(
        'decryption-failed',
      );
    }
  });

  test('missing bytes are told with their offset', () => {
    for (const [bytes, offset] of [
      ['', 20],
      ['30000000', 24],
      ['30000000010102030405060708090a0b', 36],
      ['1000000001', 25],
    ] as const) {
      expect(() => readSealed(fromHex(bytes), 20)).toThrow(
        expect.objectContaining({ code: 'truncated', offset }),
      );
    }
    expect(readSealed(fromHex('2000000001')).content.length).toBe(0);
    expect(() => readSealed(fromHex('20'))).toThrow(expect.objectContaining({ offset: 1 }));
  });

  test('counters and titles that do not fit', () => {
    const control = securityControl('enc');
    expect(codeOf(() => cipher.seal(control, SERVER, 2 ** 32, PLAIN))).toBe('invocation-counter-exhausted');
    expect(codeOf(() => cipher.seal(control, SERVER, -1, PLAIN))).toBe('invocation-counter-exhausted');
    expect(codeOf(() => cipher.seal(control, SERVER, 1.5, PLAIN))).toBe('invocation-counter-exhausted');
    expect(codeOf(() => cipher.seal(control, SERVER.slice(1), 1, PLAIN))).toBe('invalid-argument');
    expect(cipher.seal(control, SERVER, 0xffffffff, PLAIN).subarray(1, 5)).toEqual(fromHex('ffffffff'));
  });

  test('a released cipher is of no use', () => {
    const own = new ContentCipher(EK, AK);
    own.release();
    expect(() => own.seal(0x30, SERVER, 1, PLAIN)).toThrow(/released/);
  });
});

describe('framing of ciphered APDUs', () => {
  const sealed = new SuiteZero(EK, AK).seal('auth-enc', SERVER, 1, PLAIN);

  test('agrees with the plain reference', () => {
    for (const [form, tag] of [
      ['service-specific', 0xc0],
      ['service-specific', 0x01],
      ['service-specific', 0x0f],
      ['general-glo', 0xc0],
    ] as const) {
      const framed = frameSealed(form, false, tag, SERVER, sealed);
      expect(framed).toEqual(encodeCiphered(form, tag, SERVER, sealed));
      expect(unframeSealed(framed)).toMatchObject(decodeCiphered(framed));
    }
  });

  test('general forms carry the title, which may be left out; services without a tag of their own always use them', () => {
    const general = frameSealed('general-glo', false, 0xc0, SERVER, sealed);
    expect(toHex(general.subarray(0, 10))).toBe('db084d4d4d0000bc614e');
    expect(unframeSealed(general)).toEqual({
      form: 'general-glo',
      dedicated: false,
      systemTitle: SERVER,
      sealed,
    });
    expect(frameSealed('service-specific', false, 0x0f, SERVER, sealed)[0]).toBe(0xdb);
    expect(frameSealed('service-specific', true, 0x0f, SERVER, sealed)[0]).toBe(0xdc);
    expect(unframeSealed(fromHex('dc00020102'))).toEqual({
      form: 'general-ded',
      dedicated: true,
      sealed: fromHex('0102'),
    });
  });

  test('bytes behind are passed over, damage and other APDUs are refused', () => {
    const framed = frameSealed('service-specific', false, 0xc4, SERVER, sealed);
    expect(unframeSealed(Uint8Array.of(...framed, 1, 2, 3)).sealed).toEqual(sealed);
    expectTotal(framed, unframeSealed);
    for (const tag of [0xc0, 0x60, 0xdd, 0xdf, 0x99]) {
      expect(codeOf(() => unframeSealed(Uint8Array.of(tag, 0)))).toBe('apdu-invalid');
    }
  });

  test('which tags are ciphered', () => {
    expect([0x21, 0xc8, 0xd0, 0xdb, 0xdc, 0xdd, 0xdf].map(isCiphered)).toEqual(new Array(7).fill(true));
    expect([0xc0, 0x60, 0xd8, 0xd9, 0xe0, 0x99].map(isCiphered)).toEqual(new Array(6).fill(false));
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
  expect(securityControl('auth-enc', 2, true)).toBe(0x72);
  expect(parseSecurityControl(0xf2)).toEqual({
    suite: 2,
    policy: 'auth-enc',
    broadcastKey: true,
    compressed: true,
  });
});
