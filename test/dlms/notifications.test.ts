import { describe, expect, test } from 'bun:test';
import { concat } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import { decodeDataNotificationConfirm, encodeDataNotification } from '../../src/dlms/apdu/notification.ts';
import { MessageSecurity, type Protection } from '../../src/dlms/ciphering/message-security.ts';
import type { CipheringForm, KeyMaterial } from '../../src/dlms/ciphering/types.ts';
import { pushBlocks } from '../../src/dlms/cosem/push-body.ts';
import { claimsOf, confirmPushed, openPushed } from '../../src/dlms/notifications.ts';
import { PushAssembly } from '../../src/dlms/push-assembly.ts';
import { ReplayGuard } from '../../src/dlms/replay-guard.ts';
import { ecPublicKey } from '../../src/kernels/index.ts';

const bytes = (length: number, from: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);
const METER = Uint8Array.fromHex('4f44430000000001');
const RECEIVER = Uint8Array.fromHex('4f44430000000002');
const PLAIN = encodeDataNotification({ longInvoke: 0x4000_0005, body: Uint8Array.of(0x11, 7) });
const random = (length: number): Uint8Array => bytes(length, 1);

/** Keys of one side of a suite, and what the other side knows of it. */
function pair(suite: 0 | 1 | 2): { meter: KeyMaterial; receiver: KeyMaterial } {
  const length = suite === 2 ? 32 : 16;
  const shared = {
    encryptionKey: bytes(length, 1),
    authenticationKey: bytes(length, 64),
    masterKey: bytes(length, 128),
  };
  if (suite === 0) return { meter: shared, receiver: shared };
  const curve = suite === 2 ? 'P-384' : 'P-256';
  const size = suite === 2 ? 48 : 32;
  const keyPair = (from: number) => {
    const privateKey = bytes(size, from);
    return { privateKey, publicKey: ecPublicKey(curve, privateKey) };
  };
  const [signing, own, theirs] = [keyPair(1), keyPair(2), keyPair(3)];
  return {
    meter: { ...shared, signingKey: signing, agreementKey: own, peerAgreementKey: theirs.publicKey },
    receiver: {
      ...shared,
      peerSigningKey: signing.publicKey,
      agreementKey: theirs,
      peerAgreementKey: own.publicKey,
    },
  };
}

function sealed(suite: 0 | 1 | 2, protection: Protection, counter = 5): Uint8Array {
  const security = new MessageSecurity({
    ...pair(suite).meter,
    suite,
    systemTitle: METER,
    nextInvocationCounter: () => counter,
    randomBytes: random,
  });
  try {
    return security.protect(PLAIN, protection, RECEIVER);
  } finally {
    security.release();
  }
}

const FORMS: readonly CipheringForm[] = [
  'service-specific',
  'general-glo',
  'identified-key',
  'wrapped-key',
  'one-pass-diffie-hellman',
  'static-unified-model',
];
const CASES = ([0, 1, 2] as const).flatMap((suite) =>
  FORMS.filter((form) => suite > 0 || !/diffie|unified/.test(form)).flatMap((form) =>
    [false, true].filter((signed) => suite > 0 || !signed).map((signed) => [suite, form, signed] as const),
  ),
);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DcuError) return error.code;
    throw error;
  }
  return 'none';
}

describe.each(CASES)('suite %i, %s, signed: %p', (suite, form, signed) => {
  const protection: Protection = { policy: 'auth-enc', form, signed, key: 'unicast' };
  const apdu = sealed(suite, protection);
  const { receiver } = pair(suite);

  test('says who has sent it and is opened', () => {
    const claims = claimsOf(apdu);
    expect(claims).toMatchObject({ protected: true, suite, policy: 'auth-enc' });
    expect(claims.originator).toEqual(METER);
    const opened = openPushed(apdu, receiver);
    expect(opened.plaintext).toEqual(PLAIN);
    expect(opened.protection).toMatchObject({ policy: 'auth-enc', signed });
  });

  test('is refused for another receiver, without the keys, and when a bit has changed', () => {
    if (form !== 'service-specific' && form !== 'general-glo') {
      expect(codeOf(() => openPushed(apdu, { ...receiver, recipient: METER.map((b) => b ^ 3) }))).toBe(
        'decryption-failed',
      );
    }
    expect(codeOf(() => openPushed(apdu, {}))).toBe('security-required');
    const { authenticationKey: _, ...without } = receiver;
    expect(codeOf(() => openPushed(apdu, without))).toBe('security-required');
    const changed = apdu.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(codeOf(() => openPushed(changed, receiver))).toBe('decryption-failed');
    for (const length of [1, 3, 12, apdu.length - 1]) {
      expect(codeOf(() => openPushed(apdu.slice(0, length), receiver))).not.toBe('none');
    }
  });

  test('is confirmed under the same protection', () => {
    const opened = openPushed(apdu, receiver);
    const answer = confirmPushed(opened, METER, receiver, {
      systemTitle: RECEIVER,
      nextInvocationCounter: () => 77,
      randomBytes: random,
    });
    if (answer === undefined) throw new Error('no confirmation');
    const meter = new MessageSecurity({
      ...pair(suite).meter,
      suite,
      systemTitle: METER,
      randomBytes: random,
    });
    const { plaintext, protection: back } = meter.open(answer, RECEIVER);
    meter.release();
    expect(decodeDataNotificationConfirm(plaintext).longInvoke).toBe(0x4000_0005);
    expect(back.policy).toBe('auth-enc');
  });

  test('is taken once', () => {
    const guard = new ReplayGuard({ limit: 4 });
    const opened = openPushed(apdu, receiver);
    guard.accept(METER, opened);
    expect(codeOf(() => guard.accept(METER, opened))).toBe('replay-detected');
  });
});

describe('an APDU without protection', () => {
  test('comes back as it is, and is confirmed as it is', () => {
    expect(claimsOf(PLAIN)).toEqual({ protected: false, suite: 0, policy: 'none', signed: false });
    const opened = openPushed(PLAIN, {});
    expect(opened).toMatchObject({ plaintext: PLAIN, protection: { policy: 'none' } });
    const own = { systemTitle: RECEIVER, nextInvocationCounter: () => 1, randomBytes: random };
    expect(confirmPushed(opened, undefined, {}, own)?.toHex()).toBe('104000000500');
    const unasked = encodeDataNotification({ longInvoke: 5, body: Uint8Array.of(0) });
    expect(confirmPushed(openPushed(unasked, {}), undefined, {}, own)).toBeUndefined();
  });

  test('that nobody pushes is refused', () => {
    for (const hex of ['c001c100080000010000ff0200', '6100', 'e0', '99', '']) {
      expect(codeOf(() => openPushed(Uint8Array.fromHex(hex), {}))).toBe('apdu-unexpected');
    }
  });
});

test('encrypted without a tag, another key gives no sense', () => {
  const apdu = sealed(0, { policy: 'enc', form: 'general-glo', signed: false, key: 'unicast' });
  expect(openPushed(apdu, pair(0).receiver).plaintext).toEqual(PLAIN);
  const other = { ...pair(0).receiver, encryptionKey: bytes(16, 99) };
  expect(codeOf(() => openPushed(apdu, other))).toBe('decryption-failed');
});

test('keys of another suite are none', () => {
  const apdu = sealed(0, { policy: 'auth-enc', form: 'general-glo', signed: false, key: 'unicast' });
  expect(codeOf(() => openPushed(apdu, pair(2).receiver))).toBe('decryption-failed');
});

describe('the replay guard', () => {
  const opened = (counter: number, policy: 'auth-enc' | 'enc' = 'auth-enc') => ({
    plaintext: PLAIN,
    protection: { policy, form: 'general-glo', signed: false, key: 'unicast' } as const,
    invocationCounter: counter,
    suite: 0 as const,
  });

  test('takes gaps, and refuses what is not above', () => {
    const guard = new ReplayGuard({ limit: 2 });
    for (const counter of [0, 1, 50, 0xffff_ffff]) guard.accept(METER, opened(counter));
    expect(guard.last(METER)).toBe(0xffff_ffff);
    try {
      guard.accept(METER, opened(50));
      throw new Error('taken');
    } catch (error) {
      expect(error).toMatchObject({
        code: 'replay-detected',
        facts: { invocationCounter: 50, lowered: true },
      });
    }
  });

  test('counts authenticated APDUs apart from those that anybody can make up', () => {
    const guard = new ReplayGuard({ limit: 2 });
    guard.accept(METER, opened(0xffff_ffff, 'enc'));
    guard.accept(METER, opened(1));
    expect(guard.last(METER)).toBe(1);
  });

  test('goes on from what it is told, and forgets nobody for another', () => {
    const guard = new ReplayGuard({ limit: 2 });
    guard.remember(METER, 9);
    guard.remember(METER, 4);
    expect(codeOf(() => guard.accept(METER, opened(9)))).toBe('replay-detected');
    guard.accept(METER, opened(10));
    guard.accept(RECEIVER, opened(1));
    expect(codeOf(() => guard.accept(bytes(8, 1), opened(1)))).toBe('overflow');
    expect(codeOf(() => guard.accept(METER, opened(10)))).toBe('replay-detected');
    expect(guard.last(bytes(8, 1))).toBeUndefined();
  });
});

describe('the assembly of blocks', () => {
  const long = concat([PLAIN, new Uint8Array(300)]);

  test('in order, twice and late gives the APDU once', () => {
    const [first, second, ...rest] = pushBlocks(long, 64);
    if (first === undefined || second === undefined) throw new Error('too few blocks');
    const assembly = new PushAssembly({ maxApdu: 1000 });
    const whole = [first, first, ...rest.slice(0, -1), second, ...rest.slice(-1)].flatMap((block) => {
      const { apdu } = assembly.take('a', block);
      return apdu === undefined ? [] : [apdu];
    });
    expect(whole).toEqual([long]);
  });

  test('of several senders at once keeps them apart; another APDU passes between them', () => {
    const assembly = new PushAssembly({ maxApdu: 1000 });
    const ofA = pushBlocks(long, 64);
    const ofB = pushBlocks(long.toReversed(), 64);
    const whole: Uint8Array[] = [];
    for (const [i, block] of ofA.entries()) {
      const other = ofB[i];
      const taken = [
        assembly.take('a', block),
        assembly.take('a', PLAIN),
        ...(other ? [assembly.take('b', other)] : []),
      ];
      for (const { apdu } of taken) if (apdu !== undefined && apdu !== PLAIN) whole.push(apdu);
    }
    expect(whole).toEqual([long, long.toReversed()]);
  });

  test('is bounded', () => {
    const assembly = new PushAssembly({ maxApdu: 100 });
    expect(codeOf(() => pushBlocks(long, 64).map((block) => assembly.take('a', block)))).toBe(
      'apdu-too-long',
    );
    expect(codeOf(() => pushBlocks(long, 9))).toBe('apdu-too-long');
  });

  test('without the last block there is nothing', () => {
    const assembly = new PushAssembly({ maxApdu: 1000 });
    for (const block of pushBlocks(long, 64).slice(0, -1))
      expect(assembly.take('a', block).apdu).toBeUndefined();
  });
});
