import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fromHex } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { Edition } from '../../src/plc/codec.ts';
import { decodeData, encodeData, unitName } from '../../src/plc/unit.ts';
import { CONFIRM, denialText } from '../../src/plc/units/afn-00.ts';
import { MESSAGE_PROTOCOL } from '../../src/plc/units/afn-02.ts';
import { BANDS, BAUD_RATES } from '../../src/plc/units/afn-05.ts';
import { DATA_REPORT, DEVICES_REPORT, FINISHED_WORK } from '../../src/plc/units/afn-06.ts';
import { ADD_NODES } from '../../src/plc/units/afn-11.ts';
import { FORWARD_ROUTED } from '../../src/plc/units/afn-13.ts';
import { ASK_CONTENT, READ_FLAG } from '../../src/plc/units/afn-14.ts';
import { FILE, FILE_TARGET, PIECE_ERROR } from '../../src/plc/units/afn-15.ts';
import { UNITS } from '../../src/plc/units/index.ts';
import published from '../vectors/plc-frames.json';

const EDITIONS: readonly Edition[] = ['376.2', '10376.2'];
/** Every row of the table that the concentrator needs. */
const TABLE =
  '00F1 00F2 01F1 01F2 01F3 02F1 03F1 03F4 03F10 03F16 04F1 04F2 04F3 05F1 05F10 05F16 06F1 06F2 06F3 06F4 06F5 ' +
  '10F1 10F2 10F4 10F5 10F6 10F7 10F21 10F31 11F1 11F2 11F5 11F6 12F1 12F2 12F3 13F1 13F2 14F1 15F1 F0F1 F1F1';

test('every row of the table is there', () => {
  const names = UNITS.all.map(unitName);
  expect(TABLE.split(' ').filter((name) => !names.includes(name))).toEqual([]);
  for (const unit of UNITS.all) expect(UNITS.find(unit)).toBe(unit);
  expect(UNITS.find({ afn: 0x99, fn: 1 })).toBeUndefined();
});

describe('bytes of any kind', () => {
  test.each(UNITS.all.map((unit) => [unitName(unit), unit] as const))(
    '%s: refused as its own error, or read and written back',
    (_, unit) => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 80 }),
          fc.constantFrom(...EDITIONS),
          fc.boolean(),
          (data, edition, up) => {
            const codec = up ? unit.up : unit.down;
            try {
              const { value, trailing } = decodeData(codec, data, edition);
              const again = encodeData(codec, value, edition);
              expect(decodeData(codec, again, edition)).toEqual({ value, trailing: 0 });
              expect(again.length).toBeLessThanOrEqual(data.length - trailing);
            } catch (error) {
              if (!(error instanceof DcuError)) throw error;
              expect(['truncated', 'overflow']).toContain(error.code);
              expect(error.offset).toBeLessThanOrEqual(data.length);
            }
          },
        ),
        { numRuns: 200 },
      );
    },
  );

  test('a published unit that is cut anywhere is truncated, or means less', () => {
    for (const { hex, unit: name } of published.frames) {
      const unit = UNITS.all.find((one) => unitName(one) === name);
      if (unit === undefined) throw new Error(name);
      const data = fromHex(hex).subarray(-12, -2);
      for (let end = 0; end < data.length; end++) {
        for (const codec of [unit.up, unit.down]) {
          try {
            decodeData(codec, data.subarray(0, end), '10376.2');
          } catch (error) {
            expect(error instanceof DcuError && error.code).toBe('truncated');
          }
        }
      }
    }
  });
});

describe('what the editions have otherwise', () => {
  const node = { address: '201707130051', sequence: 0x0102, protocol: 0 };

  test('11F1 carries the place in the archive in 376.2 alone', () => {
    expect(encodeData(ADD_NODES.down, [node], '376.2').toHex()).toBe('01510013071720020100');
    expect(encodeData(ADD_NODES.down, [node], '10376.2').toHex()).toBe('0151001307172000');
  });

  test('13F1, 14F1 and 06F2 carry delays in 10376.2 alone', () => {
    const message = fromHex('c001');
    const request = { protocol: 0, delayMatters: 0, attached: [], message };
    expect(encodeData(FORWARD_ROUTED.down, request, '376.2').toHex()).toBe('000002c001');
    expect(encodeData(FORWARD_ROUTED.down, request, '10376.2').toHex()).toBe('00000002c001');
    const answer = { upTimeS: 3, protocol: 0, message };
    expect(encodeData(FORWARD_ROUTED.up, answer, '376.2').toHex()).toBe('0002c001');
    expect(encodeData(FORWARD_ROUTED.up, answer, '10376.2').toHex()).toBe('03000002c001');
    const content = { flag: 1, delayMatters: 0, message: new Uint8Array(), attached: [] };
    expect(encodeData(ASK_CONTENT.down, content, '376.2').toHex()).toBe('010000');
    expect(encodeData(ASK_CONTENT.down, content, '10376.2').toHex()).toBe('01000000');
    const report = { sequence: 5, protocol: 0, upTimeS: 0, message };
    expect(encodeData(DATA_REPORT.up, report, '376.2').toHex()).toBe('05000002c001');
    expect(encodeData(DATA_REPORT.up, report, '10376.2').toHex()).toBe('050000000002c001');
  });

  test('a confirmation is told by its length', () => {
    const read = (hex: string) => decodeData(CONFIRM.up, fromHex(hex), '10376.2').value;
    expect(read('010006000000')).toEqual({ status: 0x60001, waitS: 0, statusBytes: 4 });
    expect(read('01000600')).toEqual({ status: 1, waitS: 6, statusBytes: 2 });
  });
});

describe('single units', () => {
  test('devices with what is attached to them', () => {
    const devices = [
      {
        address: '000000000001',
        protocol: 0,
        sequence: 1,
        deviceType: 0,
        total: 3,
        attached: [{ address: '000000000002', protocol: 2 }],
      },
      { address: '000000000003', protocol: 0, sequence: 2, deviceType: 1, total: 0, attached: [] },
    ];
    const data = encodeData(DEVICES_REPORT.up, devices, '10376.2');
    expect(data.toHex()).toBe('02010000000000000100000301020000000000020300000000000002000100' + '00');
    expect(decodeData(DEVICES_REPORT.up, data, '10376.2').value).toEqual(devices);
  });

  test('a piece of a file, and the module’s refusal', () => {
    const piece = { fileId: 3, attribute: 1, command: 0, total: 2, piece: 1, data: fromHex('aabbcc') };
    expect(encodeData(FILE.down, piece, '10376.2').toHex()).toBe(
      '030100' + '0200' + '01000000' + '0300' + 'aabbcc',
    );
    expect(decodeData(FILE.up, fromHex('ffffffff'), '10376.2').value).toBe(PIECE_ERROR);
  });

  test('numbers on the line stand for what the standard says', () => {
    expect(BAUD_RATES.map((rate, index) => `${index}=${rate}`).join(' ')).toBe(
      '0=9600 1=19200 2=38400 3=57600 4=115200',
    );
    expect(BANDS.map(([from, to]) => `${from}-${to}`)).toEqual([
      '1.953-11.96',
      '2.441-5.615',
      '0.781-2.93',
      '1.758-2.93',
    ]);
    expect(MESSAGE_PROTOCOL).toEqual({ transparent: 0, 'dlt645-1997': 1, 'dlt645-2007': 2, 'dlt698.45': 3 });
    expect(FINISHED_WORK).toEqual({ reading: 1, search: 2, district: 3 });
    expect(READ_FLAG).toEqual({ failed: 0, done: 1, read: 2 });
    expect(FILE_TARGET).toEqual({ clear: 0, module: 3, all: 7, stations: 8 });
  });

  test('reasons have words, unknown ones their number', () => {
    expect(denialText(9)).toBe('the module is busy');
    expect(denialText(200)).toBe('reason 200');
  });

  test.each([
    ['a number', () => encodeData(FILE.up, -1, '10376.2'), 'value'],
    [
      'digits',
      () => encodeData(ADD_NODES.down, [{ address: '12', sequence: 0, protocol: 0 }], '10376.2'),
      'digits',
    ],
    [
      'a list',
      () =>
        encodeData(
          ADD_NODES.down,
          Array.from({ length: 256 }, () => ({ address: '000000000001', sequence: 0, protocol: 0 })),
          '10376.2',
        ),
      'items',
    ],
  ])('%s that does not fit is refused', (_, run, field) => {
    expect(run).toThrow(expect.objectContaining({ code: 'invalid-field', field }));
  });
});
