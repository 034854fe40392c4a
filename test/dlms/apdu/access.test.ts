import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import {
  type AccessRequest,
  type AccessRequestItem,
  type AccessResponse,
  decodeAccessRequest,
  decodeAccessResponse,
  encodeAccessRequest,
  encodeAccessResponse,
  hasLongInvokeBit,
} from '../../../src/dlms/apdu/access.ts';
import {
  decodeInformationReport,
  encodeInformationReport,
} from '../../../src/dlms/apdu/information-report.ts';
import {
  decodeDataNotificationConfirm,
  encodeDataNotificationConfirm,
} from '../../../src/dlms/apdu/notification.ts';
import {
  decodeConfirmedServiceError,
  encodeConfirmedServiceError,
} from '../../../src/dlms/apdu/service-error.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { octetString } from '../../../src/dlms/values.ts';
import { codeOf, expectTotal } from '../mutation.ts';

const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
const FIVE = Uint8Array.of(0x12, 0, 5);
const NULL = Uint8Array.of(0);

/** Bytes whose translation by gurux-dlms 1.0.203 (pduToXml) says what stands beside them. */
describe('APDUs as gurux-dlms reads them', () => {
  test('AccessRequest: get, set of UInt16 5, action of method 1 with Int8 0', () => {
    const hex =
      'd9 40000001 00 03 01 0003 0100010800ff 02 02 0003 0100010800ff 02 03 0003 0100010800ff 01 03 00 120005 0f00';
    const request: AccessRequest = {
      longInvoke: 0x40000001,
      items: [
        { type: 'get', attribute: ENERGY },
        { type: 'set', attribute: ENERGY },
        { type: 'action', method: { ...ENERGY, attribute: 1 } },
      ],
      data: [NULL, FIVE, Uint8Array.of(0x0f, 0)],
    };
    expect(toHex(encodeAccessRequest(request))).toBe(hex.replaceAll(' ', ''));
    expect(decodeAccessRequest(fromHex(hex))).toEqual(request);
  });

  test('AccessResponse: UInt16 5 and two times nothing, three times success', () => {
    const hex = 'da 40000001 00 00 03 120005 00 00 03 0100 0200 0300';
    const response: AccessResponse = {
      longInvoke: 0x40000001,
      data: [FIVE, NULL, NULL],
      results: [
        { type: 'get', result: 'success' },
        { type: 'set', result: 'success' },
        { type: 'action', result: 'success' },
      ],
    };
    expect(toHex(encodeAccessResponse(response))).toBe(hex.replaceAll(' ', ''));
    expect(decodeAccessResponse(fromHex(hex))).toEqual(response);
  });

  test('InformationReportRequest: variables 0100 and 0108, two times UInt16 5', () => {
    const hex = '18 00 02 02 0100 02 0108 02 120005 120005';
    const report = { names: [0x100, 0x108], values: [FIVE, FIVE] };
    expect(toHex(encodeInformationReport(report))).toBe(hex.replaceAll(' ', ''));
    expect(decodeInformationReport(fromHex(hex))).toEqual(report);
  });
});

describe('ACCESS', () => {
  const selection = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 9 }))
    .map(([selector, bytes]) => ({ selector, parameters: encodeData(octetString(bytes)) }));
  const descriptor = fc.record({
    classId: fc.integer({ min: 0, max: 0xffff }),
    obis: fc
      .tuple(...Array.from({ length: 6 }, () => fc.integer({ min: 0, max: 255 })))
      .map((one) => one.join('.')),
    attribute: fc.integer({ min: -128, max: 127 }),
  });
  const item: fc.Arbitrary<AccessRequestItem> = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('get' as const, 'set' as const),
        descriptor,
        fc.option(selection, { nil: undefined }),
      )
      .map(([type, attribute, chosen]) => ({ type, attribute, ...(chosen ? { selection: chosen } : {}) })),
    descriptor.map((method) => ({ type: 'action' as const, method })),
  );
  const value = fc.uint8Array({ maxLength: 6 }).map((bytes) => encodeData(octetString(bytes)));
  const header = fc.record({
    longInvoke: fc.integer({ min: 0, max: 0xffffffff }),
    dateTime: fc.option(fc.uint8Array({ minLength: 12, maxLength: 12 }), { nil: undefined }),
  });
  const headerOf = ({ longInvoke, dateTime }: { longInvoke: number; dateTime?: Uint8Array | undefined }) => ({
    longInvoke,
    ...(dateTime ? { dateTime } : {}),
  });

  test('requests and responses come back as they went, and damaged ones end in a DcuError', () => {
    fc.assert(
      fc.property(
        header,
        fc.array(item, { maxLength: 6 }),
        fc.array(value, { maxLength: 6 }),
        (head, items, data) => {
          const request = { ...headerOf(head), items, data };
          const encoded = encodeAccessRequest(request);
          expect(decodeAccessRequest(encoded)).toEqual(request);
          const results = items.map(({ type }) => ({
            type,
            result: type === 'action' ? 'long-action-aborted' : 'result-77',
          }));
          const response = { ...headerOf(head), ...(items.length > 2 ? { items } : {}), data, results };
          const answered = encodeAccessResponse(response);
          expect(decodeAccessResponse(answered)).toEqual(response);
          expectTotal(encoded.subarray(0, 40), decodeAccessRequest);
          expectTotal(answered.subarray(0, 40), decodeAccessResponse);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('bits of the long invoke id', () => {
    const bits = (longInvoke: number) =>
      (['selfDescriptive', 'breakOnError', 'confirmed', 'highPriority'] as const).filter((bit) =>
        hasLongInvokeBit(longInvoke, bit),
      );
    expect(bits(0x10000000)).toEqual(['selfDescriptive']);
    expect(bits(0x20000000)).toEqual(['breakOnError']);
    expect(bits(0xc0ffffff)).toEqual(['confirmed', 'highPriority']);
  });

  test('choices that do not exist are refused', () => {
    expect(
      codeOf(() => decodeAccessRequest(fromHex('d9 40000001 00 01 06 0003 0100010800ff 02 01 00'))),
    ).toBe('apdu-invalid');
    expect(codeOf(() => decodeAccessResponse(fromHex('da 40000001 00 00 01 00 01 0400')))).toBe(
      'apdu-invalid',
    );
    expect(codeOf(() => decodeAccessRequest(fromHex('d9 40000001 00 00 00 ff')))).toBe('apdu-invalid');
    expect(codeOf(() => decodeAccessRequest(fromHex('d9 40000001 00 84ffffffff')))).toBe('truncated');
  });
});

describe('confirmations, reports and errors', () => {
  test('DataNotificationConfirm', () => {
    expect(toHex(encodeDataNotificationConfirm({ longInvoke: 0x40000007 }))).toBe('104000000700');
    const dated = { longInvoke: 7, dateTime: new Uint8Array(12).fill(9) };
    expect(decodeDataNotificationConfirm(encodeDataNotificationConfirm(dated))).toEqual(dated);
    expectTotal(encodeDataNotificationConfirm(dated), decodeDataNotificationConfirm);
  });

  test('InformationReport with its time, and one that does not add up', () => {
    const report = { time: '20261123155400Z', names: [0xfa00], values: [FIVE] };
    const encoded = encodeInformationReport(report);
    expect(toHex(encoded)).toStartWith('18010f3230323631313233');
    expect(decodeInformationReport(encoded)).toEqual(report);
    expectTotal(encoded, decodeInformationReport);
    expect(codeOf(() => decodeInformationReport(fromHex('18 00 01 02 0100 00')))).toBe('apdu-invalid');
    expect(codeOf(() => decodeInformationReport(fromHex('18 00 01 04 0100 01 00')))).toBe('apdu-invalid');
  });

  test('every confirmed service error that has a name', () => {
    let known = 0;
    for (const service of [1, 2, 3, 4, 5, 6, 7, 19]) {
      for (let kind = 0; kind < 9; kind++) {
        for (let code = 0; code < 9; code++) {
          const bytes = Uint8Array.of(0x0e, service, kind, code);
          const error = decodeConfirmedServiceError(bytes);
          if (error.error.startsWith('error-') || /^\d$/.test(error.value)) {
            expect(codeOf(() => encodeConfirmedServiceError(error))).toBe('invalid-argument');
          } else {
            known++;
            expect(encodeConfirmedServiceError(error)).toEqual(bytes);
          }
        }
      }
    }
    expect(known).toBe(8 * 34);
  });
});
