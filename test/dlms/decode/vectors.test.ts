import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { type Decoded, decodeTelegram } from '../../../src/dlms/decode/index.ts';
import knownAnswers from '../../vectors/known-answers.json';
import frames from '../../vectors/meter-push-frames.json';
import pdus from '../../vectors/meter-push-pdus.json';
import { keysOfVector, withKeys } from './keys.ts';
import { comparable, toXml } from './xml.ts';

type Frame = (typeof frames.vectors)[number];

function decodeFrame(vector: Frame): Decoded {
  return decodeTelegram(fromHex(vector.hex), {
    transport: 'auto',
    ...withKeys(keysOfVector(vector)),
  });
}

function frame(id: string): Frame {
  const found = frames.vectors.find((vector) => vector.id === id);
  if (found === undefined) throw new Error(`no vector ${id}`);
  return found;
}

describe('frames pushed by real meters', () => {
  for (const vector of frames.vectors) {
    test(`${vector.id} agrees with its source`, () => {
      expect(toXml(decodeFrame(vector).apdu)).toBe(comparable(vector.expectedXml));
    });
  }

  test('layers name what was taken off', () => {
    const layers = Object.fromEntries(
      frames.vectors.map((vector) => [vector.id, decodeFrame(vector).layers]),
    );
    expect(layers).toEqual({
      hdlc_iskra550: ['hdlc', 'data-notification'],
      hdlc_kamstrup_omnipower: ['hdlc', 'general-glo-ciphering', 'data-notification'],
      hdlc_landis_gyr_e450: ['hdlc', 'general-block-transfer', 'general-glo-ciphering', 'data-notification'],
      hdlc_norway_han_1phase: ['hdlc', 'data-notification'],
      mbus_netz_noe_p1: ['mbus', 'general-glo-ciphering', 'data-notification'],
      raw_energomera: ['data-notification'],
      raw_sagecom_xt211: ['data-notification'],
    });
  });

  test('readings of structures with scaler and unit', () => {
    const { readings, dateTime } = decodeFrame(frame('hdlc_iskra550'));
    expect(readings).toHaveLength(16);
    expect(readings[0]).toEqual({ obis: '0.0.96.1.0.255', value: '84895126', scaler: null, unit: null });
    expect(readings[2]).toEqual({ obis: '1.0.1.7.0.255', value: '182', scaler: 0, unit: 'W' });
    expect(readings[6]).toEqual({ obis: '1.0.32.7.0.255', value: '2364', scaler: -1, unit: 'V' });
    expect(dateTime).toBe('2023-04-01T21:32:35+02:00');
  });

  test('readings of a flat list with scaler and unit', () => {
    const { readings } = decodeFrame(frame('mbus_netz_noe_p1'));
    expect(readings.map(({ obis }) => obis)).toEqual([
      '1.0.1.8.0.255',
      '1.0.2.8.0.255',
      '1.0.1.7.0.255',
      '1.0.2.7.0.255',
      '1.0.32.7.0.255',
      '1.0.52.7.0.255',
      '1.0.72.7.0.255',
      '1.0.31.7.0.255',
      '1.0.51.7.0.255',
      '1.0.71.7.0.255',
      '1.0.13.7.0.255',
    ]);
    expect(readings.at(-1)).toEqual({ obis: '1.0.13.7.0.255', value: '1000', scaler: -3, unit: null });
  });

  test('readings of a flat list without units, a clock in it', () => {
    const { readings } = decodeFrame(frame('hdlc_kamstrup_omnipower'));
    expect(readings).toHaveLength(32);
    expect(readings.find(({ obis }) => obis === '0.1.1.0.0.255')?.value).toBe('2026-03-12T15:24:30');
    expect(readings.at(-1)).toEqual({ obis: '1.1.61.8.0.255', value: '2687644', scaler: null, unit: null });
  });

  test('readings named by the object list in front of them', () => {
    const { readings } = decodeFrame(frame('raw_energomera'));
    expect(readings).toEqual([
      { obis: '0.0.96.5.134.255', value: '1', scaler: null, unit: null },
      { obis: '0.0.42.0.0.255', value: 'EMR0222173608710', scaler: null, unit: null },
      { obis: '0.0.96.1.0.255', value: '012415173608710', scaler: null, unit: null },
      { obis: '0.0.97.98.0.255', value: '16', scaler: null, unit: null },
      { obis: '0.0.97.98.10.255', value: '65535', scaler: null, unit: null },
      { obis: '0.0.99.98.4.255', value: '3', scaler: null, unit: null },
    ]);
  });

  test('readings named by untagged attribute descriptors', () => {
    const { readings } = decodeFrame(frame('raw_sagecom_xt211'));
    expect(readings).toHaveLength(22);
    expect(readings[8]).toEqual({ obis: '1.0.1.7.0.255', value: '1956', scaler: null, unit: null });
  });
});

describe('pushed PDUs with LLC bytes', () => {
  const decode = (hex: string): Decoded => decodeTelegram(fromHex(hex), { transport: 'auto' });

  for (const { id, hex } of pdus.vectors.filter((vector) => !vector.id.startsWith('dlde::'))) {
    test(`${id} decodes to a notification`, () => {
      const { layers, apdu } = decode(hex);
      expect(layers).toEqual(['data-notification']);
      expect(apdu['body']).toBeDefined();
    });
  }

  test('a date-time with a tag in front, and values without names', () => {
    const vector = pdus.vectors.find(({ id }) => id === 'kaifa::no_list_1');
    const { dateTime, readings, apdu } = decode(vector?.hex ?? '');
    expect(dateTime).toBe('2019-02-04T23:52:22');
    expect(readings).toEqual([]);
    expect(apdu['body']).toEqual({
      type: 'structure',
      elements: [{ type: 'double-long-unsigned', value: '5852' }],
    });
  });

  test('a clock among the readings', () => {
    const vector = pdus.vectors.find(({ id }) => id === 'aidon::se_list');
    const { readings } = decode(vector?.hex ?? '');
    expect(readings).toHaveLength(27);
    expect(readings[0]).toEqual({
      obis: '0.0.1.0.0.255',
      value: '2019-12-16T07:59:40',
      scaler: null,
      unit: null,
    });
  });

  for (const { id, hex } of pdus.vectors.filter((vector) => vector.id.startsWith('dlde::'))) {
    test(`${id} is said to be text`, () => {
      expect(() => decode(hex)).toThrow(expect.objectContaining({ code: 'unsupported', offset: 0 }));
    });
  }
});

describe('service-specific ciphering', () => {
  const vectors = knownAnswers.vectors.filter(({ name }) => name.startsWith('jDLMS'));

  for (const { name, ek = '', ak = '', system_title = '', expected, plain } of vectors) {
    const keys = withKeys({ encryptionKey: fromHex(ek), authenticationKey: fromHex(ak) });
    test(name, () => {
      const options = { transport: 'apdu', ...keys, systemTitle: fromHex(system_title) } as const;
      const decoded = decodeTelegram(fromHex(expected), options);
      expect(decoded.layers).toEqual(['glo-get-request', 'get-request']);
      expect(decoded.apdu['apdu']).toEqual(decodeTelegram(fromHex(plain), { transport: 'apdu' }).apdu);
      expect(decoded.apdu['invocationCounter']).toBe(0x01234567);
    });

    test(`${name}, sender unknown`, () => {
      expect(() => decodeTelegram(fromHex(expected), { transport: 'apdu', ...keys })).toThrow(DcuError);
    });
  }
});
