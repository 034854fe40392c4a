import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { DcuError, ERROR_TABLE } from '../../../src/base/errors.ts';
import {
  type Decoded,
  type DecodeOptions,
  decodeTelegram,
  TRANSPORTS,
} from '../../../src/dlms/decode/index.ts';
import frames from '../../vectors/meter-push-frames.json';
import pdus from '../../vectors/meter-push-pdus.json';
import { keysOfVector, withKeys } from './keys.ts';

interface Sample {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly options: DecodeOptions;
  /** Check sequences or a tag cover every byte. */
  readonly covered: boolean;
}

const SAMPLES: readonly Sample[] = [
  ...frames.vectors.map((vector) => ({
    id: vector.id,
    bytes: fromHex(vector.hex),
    options: {
      transport: vector.transport === 'raw' ? ('apdu' as const) : ('auto' as const),
      ...withKeys(keysOfVector(vector)),
    },
    covered: vector.transport !== 'raw',
  })),
  ...pdus.vectors
    .filter(({ id }) => !id.startsWith('dlde::'))
    .map(({ id, hex }) => ({
      id,
      bytes: fromHex(hex),
      options: { transport: 'auto' as const },
      covered: false,
    })),
];

/** The result, or the error if it is one of ours with an offset inside the input; anything else fails the test. */
function attempt(bytes: Uint8Array, options: DecodeOptions): Decoded | DcuError {
  try {
    return decodeTelegram(bytes, options);
  } catch (thrown) {
    if (!(thrown instanceof DcuError)) throw thrown;
    expect(Object.keys(ERROR_TABLE)).toContain(thrown.code);
    expect(thrown.code).not.toBe('internal');
    expect(thrown.offset).toBeGreaterThanOrEqual(0);
    expect(thrown.offset).toBeLessThanOrEqual(bytes.length);
    return thrown;
  }
}

const codeOf = (result: Decoded | DcuError): string => (result instanceof DcuError ? result.code : 'decoded');

describe('damage', () => {
  for (const { id, bytes, options, covered } of SAMPLES) {
    test(`${id}: every truncation is refused`, () => {
      for (let length = 0; length < bytes.length; length++) {
        const result = attempt(bytes.subarray(0, length), options);
        expect(codeOf(result)).not.toBe('decoded');
      }
    });

    test(`${id}: every flipped bit is ${covered ? 'refused' : 'refused or decoded'}`, () => {
      const whole = JSON.stringify(decodeTelegram(bytes, options));
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const damaged = bytes.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const result = attempt(damaged, options);
        if (covered) expect(codeOf(result)).not.toBe('decoded');
        else if (!(result instanceof DcuError))
          expect(JSON.stringify(result).length).toBeLessThan(whole.length * 4);
      }
    });
  }

  test('random bytes end in a typed error or a result', () => {
    const keys = withKeys({ encryptionKey: new Uint8Array(16), authenticationKey: new Uint8Array(16) });
    const first = fc.constantFrom(0x7e, 0x68, 0x00, 0x0f, 0xdb, 0xe0, 0xc4, 0xc8, 0x60, 0x61, 0xe6);
    fc.assert(
      fc.property(
        fc.constantFrom(...TRANSPORTS),
        fc.option(first, { nil: undefined }),
        fc.uint8Array({ maxLength: 300 }),
        (transport, begin, rest) => {
          const bytes = begin === undefined ? rest : concat([Uint8Array.of(begin), rest]);
          attempt(bytes, { transport, ...keys });
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('nesting and announced counts cost nothing', () => {
    const deep = new Uint8Array(60_000).fill(0x02).fill(0x01, 6);
    deep.set([0x0f, 0, 0, 0, 0, 0]);
    expect(codeOf(attempt(deep, { transport: 'apdu' }))).toBe('axdr-too-deep');
    const wide = fromHex('0f 00000000 00 01 84 ffffffff 00');
    expect(codeOf(attempt(wide, { transport: 'apdu' }))).toBe('truncated');
  });
});

const sample = (id: string): Sample => {
  const found = SAMPLES.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no sample ${id}`);
  return found;
};

function failure(bytes: Uint8Array, options: DecodeOptions): { code: string; offset: number | undefined } {
  const result = attempt(bytes, options);
  if (!(result instanceof DcuError)) throw new Error('decoded');
  return { code: result.code, offset: result.offset };
}

describe('errors say what and where', () => {
  const { bytes: iskra, options } = sample('hdlc_iskra550');
  const changed = (bytes: Uint8Array, at: number): Uint8Array => {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ 0x01;
    return copy;
  };

  test('a bit in the information field: the frame check sequence', () => {
    // The first frame's format field is A8A4: 0xA4 bytes between the flags, the last two are the check sequence.
    expect(failure(changed(iskra, 40), options)).toEqual({ code: 'frame-corrupt', offset: 1 + 0xa4 - 2 });
  });

  test('a segment that is missing', () => {
    const twoFrames = iskra.subarray(0, iskra.lastIndexOf(0x7e, iskra.length - 2));
    expect(failure(twoFrames, options)).toEqual({ code: 'truncated', offset: twoFrames.length });
  });

  test('a tag that does not verify', () => {
    const { bytes, options: keys } = sample('hdlc_kamstrup_omnipower');
    const wrong = withKeys({ ...keys.keysOf?.(undefined), authenticationKey: new Uint8Array(16) });
    expect(failure(bytes, { ...keys, ...wrong }).code).toBe('decryption-failed');
  });

  test('a wrong key where no tag tells', () => {
    const { bytes } = sample('mbus_netz_noe_p1');
    const wrong = { transport: 'auto', ...withKeys({ encryptionKey: new Uint8Array(16).fill(7) }) } as const;
    expect(failure(bytes, wrong).code).toBe('decryption-failed');
  });

  test('missing keys', () => {
    const { bytes, options: keys } = sample('hdlc_kamstrup_omnipower');
    expect(failure(bytes, { transport: 'auto' }).code).toBe('security-required');
    const { encryptionKey = new Uint8Array() } = keys.keysOf?.(undefined) ?? {};
    expect(failure(bytes, { transport: 'auto', ...withKeys({ encryptionKey }) }).code).toBe(
      'security-required',
    );
  });

  test('blocks out of order', () => {
    const { bytes, options: keys } = sample('hdlc_landis_gyr_e450');
    const second = 0x8b + 2;
    const swapped = concat([
      bytes.subarray(second, 2 * second),
      bytes.subarray(0, second),
      bytes.subarray(2 * second),
    ]);
    expect(failure(swapped, keys).code).toBe('block-out-of-order');
  });

  test('M-Bus segments out of order', () => {
    const { bytes, options: keys } = sample('mbus_netz_noe_p1');
    const first = 0xfa + 6;
    const swapped = concat([bytes.subarray(first), bytes.subarray(0, first)]);
    expect(failure(swapped, keys)).toEqual({ code: 'link-protocol', offset: 6 });
  });

  test('bytes behind the notification', () => {
    const { bytes } = sample('raw_energomera');
    const longer = concat([bytes, Uint8Array.of(0)]);
    expect(failure(longer, { transport: 'apdu' })).toEqual({ code: 'axdr-invalid', offset: bytes.length });
  });

  test('an offset in a later frame counts from the start of the input', () => {
    const apdu = fromHex('0f 00000001 00 02 01 63');
    const wrapped = concat([fromHex('0001 0001 0010 0009'), apdu]);
    expect(failure(wrapped, { transport: 'auto' })).toEqual({ code: 'axdr-invalid', offset: 8 + 8 });
  });

  test('two APDUs', () => {
    const once = fromHex('0001 0001 0010 0004 c501c100');
    const twice = concat([once, once]);
    expect(failure(twice, { transport: 'wrapper' })).toEqual({ code: 'apdu-unexpected', offset: 12 + 8 });
  });

  test('nothing at all', () => {
    expect(failure(new Uint8Array(), { transport: 'auto' })).toEqual({ code: 'truncated', offset: 0 });
  });
});

describe('other APDUs', () => {
  const decode = (hex: string): Decoded => decodeTelegram(fromHex(hex), { transport: 'auto' });

  test('a get-response in a wrapper', () => {
    expect(decode('0001 0001 0010 0009 c4 01 c1 00 06 0001e240')).toEqual({
      layers: ['wrapper', 'get-response'],
      apdu: {
        type: 'get-response',
        choice: 'normal',
        invoke: 0xc1,
        result: { ok: true, data: { type: 'double-long-unsigned', value: '123456' } },
      },
      readings: [],
      dateTime: null,
    });
  });

  test('a piece of a value stays bytes', () => {
    const { apdu } = decode('c4 02 c1 00 00000001 00 04 0102 0304');
    expect(apdu).toEqual({
      type: 'get-response',
      choice: 'with-datablock',
      invoke: 0xc1,
      last: false,
      blockNumber: 1,
      block: { ok: true, data: '01020304' },
    });
  });

  test('an association request says what it proposes', () => {
    // Green Book, example of an AARQ with the lowest level of security.
    const { layers, apdu } = decode(
      '60 1d a1 09 06 07 60857405080101 be 10 04 0e 01 00 00 00 06 5f1f 04 00 007e1f 04b0',
    );
    expect(layers).toEqual(['aarq']);
    expect(apdu['userInformation']).toMatchObject({
      type: 'initiate-request',
      dlmsVersion: 6,
      clientMaxReceivePduSize: 1200,
    });
  });

  test('an exception response', () => {
    expect(decode('d8 01 06 00000bb9').apdu).toEqual({
      type: 'exception-response',
      stateError: 'service-not-allowed',
      serviceError: 'invocation-counter-error',
      expectedInvocationCounter: 3001,
    });
  });

  test('an event notification carries its time', () => {
    const { apdu, dateTime } = decode('c2 01 0c 07ea0203020405060000 00 00 0003 0100010800ff 02 06 00000001');
    expect(apdu['value']).toEqual({ type: 'double-long-unsigned', value: '1' });
    expect(dateTime).toBe('2026-02-03T04:05:06Z');
  });
});
