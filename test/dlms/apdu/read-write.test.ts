import { describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import {
  decodeReadList,
  decodeReadRequest,
  decodeReadResponse,
  decodeReadResults,
  encodeReadRequest,
  encodeReadResponse,
  type ReadResult,
} from '../../../src/dlms/apdu/read.ts';
import {
  decodeUnconfirmedWriteRequest,
  encodeUnconfirmedWriteRequest,
} from '../../../src/dlms/apdu/unconfirmed-write.ts';
import type { VariableAccess } from '../../../src/dlms/apdu/variable-access.ts';
import {
  decodeWriteLists,
  decodeWriteRequest,
  decodeWriteResponse,
  encodeWriteRequest,
  encodeWriteResponse,
} from '../../../src/dlms/apdu/write.ts';
import { codeOf, expectTotal } from '../mutation.ts';

const name = (value: number): VariableAccess => ({ type: 'variable-name', name: value });

/** Made by gurux-dlms 1.0.203 (PyPI), client role, PDU framing. */
const GURUX_READS: readonly (readonly [hex: string, accesses: readonly VariableAccess[]])[] = [
  ['050102fa08', [name(0xfa08)]],
  ['0501024008', [name(0x4008)]],
  ['0502024008020110', [name(0x4008), name(0x0110)]],
  [
    '050104030802020406000000010600000003120001120000',
    [
      {
        type: 'parameterized-access',
        name: 0x0308,
        selection: { selector: 2, parameters: fromHex('020406000000010600000003120001120000') },
      },
    ],
  ],
];
const GURUX_WRITES: readonly (readonly [hex: string, name: number, value: string])[] = [
  ['060102011001120102', 0x0110, '120102'],
  ['0601020228010f00', 0x0228, '0f00'],
];
/** Recorded from a meter; printed as a test of the "hdlctranslator" tool, where its XML says the same. */
const METER_RANGE =
  '050104C008010204020412000809060000010000FF0F02120000090C07DA041E050E2522618000FF090CFFFFFFFFFFFFFFFFFF8000FF0100';
/** From the same place, which cut it short: the length says 100 (64) there, and 91 (5B) bytes are left. */
const METER_BLOCK =
  '0C01020000015B01000155021D090C07E10418010E0120FF800000120420110112000' +
  '0150000000000000000150000000000000000150000000000000000150000000000000000' +
  '150000000000000000150000000000000000150000000000000000';

describe('against other stacks', () => {
  test('read-requests, both ways', () => {
    for (const [hex, accesses] of GURUX_READS) {
      expect(decodeReadRequest(fromHex(hex))).toEqual([...accesses]);
      expect(toHex(encodeReadRequest(accesses))).toBe(hex);
    }
    const [range] = decodeReadRequest(fromHex(METER_RANGE));
    expect(range).toMatchObject({ type: 'parameterized-access', name: 0xc008, selection: { selector: 1 } });
    expect(toHex(encodeReadRequest(range ? [range] : []))).toBe(METER_RANGE.toLowerCase());
  });

  test('write-requests, both ways', () => {
    for (const [hex, variable, value] of GURUX_WRITES) {
      const request = { accesses: [name(variable)], values: [fromHex(value)] };
      expect(decodeWriteRequest(fromHex(hex))).toEqual(request);
      expect(toHex(encodeWriteRequest(request))).toBe(hex);
    }
  });

  test('a block of a read-response of a real meter holds the list with its count and choice', () => {
    const [block, further] = decodeReadResponse(fromHex(METER_BLOCK));
    if (block?.type !== 'data-block-result') throw new Error('no block');
    expect(further).toBeUndefined();
    expect([block.last, block.blockNumber, block.raw.length]).toEqual([false, 1, 91]);
    // One result, data, an array of 85 structures of 29 elements.
    expect(toHex(block.raw.subarray(0, 6))).toBe('01000155021d');
    expect(toHex(encodeReadResponse([block]))).toBe(METER_BLOCK.toLowerCase());
  });
});

describe('every choice', () => {
  const accesses: readonly VariableAccess[] = [
    name(0),
    name(0xffff),
    {
      type: 'parameterized-access',
      name: 0xfa58,
      selection: { selector: 0, parameters: fromHex('0903aabbcc') },
    },
    { type: 'block-number-access', blockNumber: 0xfffe },
    { type: 'read-data-block-access', last: true, blockNumber: 2, raw: fromHex('0102') },
    { type: 'read-data-block-access', last: false, blockNumber: 3, raw: new Uint8Array(0) },
    { type: 'write-data-block-access', last: true, blockNumber: 258 },
    { type: 'write-data-block-access', last: false, blockNumber: 1 },
  ];
  const results: readonly ReadResult[] = [
    { type: 'data', data: fromHex('0600000007') },
    { type: 'data-access-error', result: 'object-undefined' },
    { type: 'data-access-error', result: 'result-77' },
    { type: 'data-block-result', last: true, blockNumber: 0x0102, raw: fromHex('aabb') },
    { type: 'data-block-result', last: false, blockNumber: 1, raw: fromHex('') },
    { type: 'block-number', blockNumber: 7 },
  ];

  test('read-request', () => {
    const bytes = encodeReadRequest(accesses);
    expect(toHex(bytes)).toBe(
      `0508 020000 02ffff 04fa58000903aabbcc 05fffe 06010002020102 060000030 0 07010102 07000001`.replaceAll(
        ' ',
        '',
      ),
    );
    expect(decodeReadRequest(bytes)).toEqual([...accesses]);
    expect(decodeReadList(bytes.subarray(1))).toEqual([...accesses]);
  });

  test('read-response', () => {
    const bytes = encodeReadResponse(results);
    expect(toHex(bytes)).toBe('0c06000600000007010401 4d0201010202aabb020000010003 0007'.replaceAll(' ', ''));
    expect(decodeReadResponse(bytes)).toEqual([...results]);
    expect(decodeReadResults(bytes.subarray(1))).toEqual([...results]);
  });

  test('write-request, unconfirmed or not, and write-response', () => {
    const request = { accesses: [name(8), name(16)], values: [fromHex('1105'), fromHex('00')] };
    expect(toHex(encodeWriteRequest(request))).toBe('06020200080200100211 0500'.replace(' ', ''));
    expect(toHex(encodeUnconfirmedWriteRequest(request))).toBe('16020200080200100211 0500'.replace(' ', ''));
    expect(decodeWriteRequest(encodeWriteRequest(request))).toEqual(request);
    expect(decodeWriteLists(encodeWriteRequest(request).subarray(1))).toEqual(request);
    expect(decodeUnconfirmedWriteRequest(encodeUnconfirmedWriteRequest(request))).toEqual(request);
    const answers = [
      { type: 'success' },
      { type: 'data-access-error', result: 'read-write-denied' },
      { type: 'block-number', blockNumber: 0x0102 },
    ] as const;
    expect(toHex(encodeWriteResponse(answers))).toBe('0d03000103020102');
    expect(decodeWriteResponse(fromHex('0d03000103020102'))).toEqual([...answers]);
  });

  test('the only value of a response is cut off where it ends, or handed on whole where it is damaged', () => {
    expect(decodeReadResponse(fromHex('0c0100110599'))).toEqual([{ type: 'data', data: fromHex('1105') }]);
    expect(decodeReadResponse(fromHex('0c010002021105'))).toEqual([
      { type: 'data', data: fromHex('02021105') },
    ]);
    expect(codeOf(() => decodeReadResponse(fromHex('0c02000202110500')))).toBe('truncated');
  });
});

describe('bad bytes', () => {
  const cases: readonly (readonly [decode: (bytes: Uint8Array) => unknown, hex: string, code: string])[] = [
    [decodeReadRequest, '0c0102fa08', 'apdu-invalid'],
    [decodeReadRequest, '050102fa0800', 'apdu-invalid'],
    [decodeReadRequest, '050103fa08', 'apdu-invalid'],
    [decodeReadRequest, '050102fa', 'truncated'],
    [decodeReadRequest, '050202fa08', 'truncated'],
    [decodeReadRequest, '050104fa080163', 'axdr-invalid'],
    [decodeReadResponse, '050100', 'apdu-invalid'],
    [decodeReadResponse, '0c0104', 'apdu-invalid'],
    [decodeReadResponse, '0c010200', 'truncated'],
    [decodeWriteRequest, '050102fa08', 'apdu-invalid'],
    [decodeWriteRequest, '06010200080111050 0'.replace(' ', ''), 'apdu-invalid'],
    [decodeWriteResponse, '0d0103', 'apdu-invalid'],
    [decodeWriteResponse, '0d01', 'truncated'],
    [decodeUnconfirmedWriteRequest, '0601020008011105', 'apdu-invalid'],
  ];
  test.each(cases)('%p of %s is %s', (decode, hex, code) => {
    expect(codeOf(() => decode(fromHex(hex)))).toBe(code);
  });

  test('damage of every kind ends in a value or a typed error', () => {
    expectTotal(fromHex(METER_RANGE), decodeReadRequest);
    expectTotal(fromHex(METER_BLOCK), decodeReadResponse);
    expectTotal(fromHex('0c020006000000070104'), decodeReadResponse);
    expectTotal(fromHex('0602020008020010021105120001'), decodeWriteRequest);
    expectTotal(fromHex('0d03000103020102'), decodeWriteResponse);
    expectTotal(fromHex('160102400801 1105'), decodeUnconfirmedWriteRequest);
  });
});
