import { describe, expect, test } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import type { Protection } from '../../src/dlms/ciphering/message-security.ts';
import { ReplayGuard } from '../../src/dlms/replay-guard.ts';

const METER = Uint8Array.fromHex('4d4d4d0000000001');
const titleOf = (n: number): Uint8Array => Uint8Array.of(0x4d, 0x4d, 0x4d, 0, 0, 0, n >> 8, n & 0xff);
const idOf = (n: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, n >> 8, n & 0xff);

const GLOBAL: Protection = { policy: 'auth-enc', form: 'general-glo', signed: false, key: 'unicast' };
const WRAPPED: Protection = { ...GLOBAL, form: 'wrapped-key' };
const SIGNED: Protection = { policy: 'none', form: 'service-specific', signed: true, key: 'unicast' };

const pushed = (protection: Protection, invocationCounter?: number, transactionId?: Uint8Array) => ({
  plaintext: Uint8Array.of(0x0f),
  suite: 0 as const,
  protection,
  ...(invocationCounter === undefined ? {} : { invocationCounter }),
  ...(transactionId === undefined ? {} : { transactionId }),
});

const codeOf = (run: () => void): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof DcuError ? error.code : String(error);
  }
};

describe('counters', () => {
  test('gaps are fine; what is not above the last one of its key is refused', () => {
    const guard = new ReplayGuard({ limit: 8 });
    const accept = (protection: Protection, counter: number) =>
      codeOf(() => guard.accept(METER, pushed(protection, counter)));
    expect(accept(GLOBAL, 5)).toBeUndefined();
    expect(accept(GLOBAL, 5)).toBe('replay-detected');
    expect(accept(GLOBAL, 4)).toBe('replay-detected');
    expect(accept(GLOBAL, 900)).toBeUndefined();
    expect(guard.last(METER)).toBe(900);
    // Another key counts by itself, and so does what carries no tag.
    expect(accept({ ...GLOBAL, key: 'broadcast' }, 1)).toBeUndefined();
    expect(accept({ ...GLOBAL, policy: 'enc' }, 1)).toBeUndefined();
    expect(accept(GLOBAL, 900)).toBe('replay-detected');
  });

  test('counters of a run before are refused', () => {
    const guard = new ReplayGuard({ limit: 8 });
    guard.remember(METER, 70);
    expect(codeOf(() => guard.accept(METER, pushed(GLOBAL, 70)))).toBe('replay-detected');
    expect(codeOf(() => guard.accept(METER, pushed(GLOBAL, 71)))).toBeUndefined();
  });
});

describe('keys for one message', () => {
  test('a transaction is taken once, also when many others came since', () => {
    const guard = new ReplayGuard({ limit: 8 });
    const accept = (n: number, counter: number) =>
      codeOf(() => guard.accept(METER, pushed(WRAPPED, counter, idOf(n))));
    for (let n = 0; n < 200; n++) expect(accept(n, 1000 + n)).toBeUndefined();
    expect(accept(199, 1199)).toBe('replay-detected');
    expect(accept(0, 1000)).toBe('replay-detected');
    // Out of order, but nothing that may have been forgotten.
    expect(accept(500, 1190)).toBeUndefined();
  });

  test('a sender whose counter stays 0 is told by its transactions', () => {
    const guard = new ReplayGuard({ limit: 8 });
    for (let n = 0; n < 200; n++) {
      expect(codeOf(() => guard.accept(METER, pushed(WRAPPED, 0, idOf(n))))).toBeUndefined();
    }
    expect(codeOf(() => guard.accept(METER, pushed(WRAPPED, 0, idOf(199))))).toBe('replay-detected');
  });

  test('without a transaction the counter tells', () => {
    const guard = new ReplayGuard({ limit: 8 });
    expect(codeOf(() => guard.accept(METER, pushed(WRAPPED, 7)))).toBeUndefined();
    expect(codeOf(() => guard.accept(METER, pushed(WRAPPED, 7)))).toBe('replay-detected');
  });

  test('what is only signed is told by its transaction', () => {
    const guard = new ReplayGuard({ limit: 8 });
    const accept = () => codeOf(() => guard.accept(METER, pushed(SIGNED, undefined, idOf(1))));
    expect(accept()).toBeUndefined();
    expect(accept()).toBe('replay-detected');
  });
});

test("one originator too many is refused; names that anybody can make up take nobody's place", () => {
  const guard = new ReplayGuard({ limit: 4 });
  for (let n = 0; n < 100; n++) {
    expect(codeOf(() => guard.accept(titleOf(n), pushed({ ...GLOBAL, policy: 'enc' }, 1)))).toBe(
      n < 4 ? undefined : 'overflow',
    );
  }
  for (let n = 0; n < 5; n++) {
    expect(codeOf(() => guard.accept(titleOf(n), pushed(GLOBAL, 1)))).toBe(n < 4 ? undefined : 'overflow');
  }
  expect(codeOf(() => guard.accept(titleOf(0), pushed(GLOBAL, 1)))).toBe('replay-detected');
});

test("what is not protected is nobody's", () => {
  const guard = new ReplayGuard({ limit: 1 });
  for (const title of [undefined, METER, titleOf(9)]) {
    expect(codeOf(() => guard.accept(title, pushed({ ...SIGNED, signed: false })))).toBeUndefined();
  }
});
