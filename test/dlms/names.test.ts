import { describe, expect, test } from 'bun:test';
import { conformanceMask, conformanceNames } from '../../src/dlms/apdu/conformance.ts';
import {
  actionResultCode,
  actionResultName,
  dataAccessResultCode,
  dataAccessResultName,
} from '../../src/dlms/apdu/results.ts';
import { apduKind, apduName, globalTagOf } from '../../src/dlms/apdu/tags.ts';
import { formatObis, parseObis } from '../../src/dlms/obis.ts';
import { unitName, unitNumber } from '../../src/dlms/units.ts';
import { codeOf } from './mutation.ts';

describe('names and numbers of the standard', () => {
  test('OBIS codes', () => {
    expect([...parseObis('1.0.1.8.0.255')]).toEqual([1, 0, 1, 8, 0, 255]);
    expect([...parseObis('1-0:1.8.0*255')]).toEqual([1, 0, 1, 8, 0, 255]);
    expect([...parseObis('1-0:1.8.0')]).toEqual([1, 0, 1, 8, 0, 255]);
    expect(formatObis(Uint8Array.of(0, 0, 96, 1, 0, 255))).toBe('0.0.96.1.0.255');
    for (const text of [
      '',
      '1.2.3.4',
      '1.0.1.8.0.256',
      '1.0.1.8.0.255.1',
      '1.0.1.8.x.255',
      '1.0.1.8.-1.255',
    ]) {
      expect(codeOf(() => parseObis(text))).toBe('invalid-argument');
    }
    expect(codeOf(() => formatObis(new Uint8Array(5)))).toBe('invalid-argument');
  });

  test('units', () => {
    const known = {
      27: 'W',
      28: 'VA',
      29: 'var',
      30: 'Wh',
      31: 'VAh',
      32: 'varh',
      33: 'A',
      35: 'V',
      44: 'Hz',
    };
    for (const [unit, name] of Object.entries(known)) {
      expect(unitName(Number(unit))).toBe(name);
      expect(unitNumber(name)).toBe(Number(unit));
    }
    expect([unitName(255), unitName(254), unitName(199)]).toEqual([undefined, 'other', 'unit 199']);
    expect(codeOf(() => unitNumber('kWh'))).toBe('invalid-argument');
  });

  test('results: every code has a name, and every name its code', () => {
    for (let code = 0; code < 256; code++) {
      expect(dataAccessResultCode(dataAccessResultName(code))).toBe(code);
      expect(actionResultCode(actionResultName(code))).toBe(code);
    }
    expect([3, 4, 13, 15, 19].map(dataAccessResultName)).toEqual([
      'read-write-denied',
      'object-undefined',
      'scope-of-access-violated',
      'long-get-aborted',
      'data-block-number-invalid',
    ]);
    expect(actionResultName(15)).toBe('long-action-aborted');
    expect(codeOf(() => dataAccessResultCode('fine'))).toBe('invalid-argument');
  });

  test('conformance bits, as the Green Book example 00 7E 1F has them', () => {
    expect(conformanceNames(0x007e1f)).toEqual([
      'priority-mgmt-supported',
      'attribute0-supported-with-get',
      'block-transfer-with-get-or-read',
      'block-transfer-with-set-or-write',
      'block-transfer-with-action',
      'multiple-references',
      'get',
      'set',
      'selective-access',
      'event-notification',
      'action',
    ]);
    expect(conformanceMask(conformanceNames(0x007e1f))).toBe(0x007e1f);
  });

  test('APDU tags', () => {
    expect(apduName(0xc0)).toBe('get-request');
    expect(apduKind(0xc8)).toMatchObject({ name: 'glo-get-request', protection: 'global', plainTag: 0xc0 });
    expect(apduKind(0xd0)).toMatchObject({ protection: 'dedicated', plainTag: 0xc0 });
    expect(apduKind(0x21)).toMatchObject({ name: 'glo-initiate-request', plainTag: 0x01 });
    expect([0xdb, 0xdd].map((tag) => apduKind(tag)?.protection)).toEqual(['general', 'general']);
    expect([0xc0, 0xc4, 0xc7, 0x08, 0x0f].map(globalTagOf)).toEqual([0xc8, 0xcc, 0xcf, 0x28, undefined]);
    expect(apduName(0x99)).toBe('tag 0x99');
  });
});
