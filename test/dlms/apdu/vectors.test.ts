import { describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeAare, encodeAare } from '../../../src/dlms/apdu/aare.ts';
import { decodeAarq, encodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import {
  decodeActionRequest,
  decodeActionResponse,
  encodeActionRequest,
  encodeActionResponse,
} from '../../../src/dlms/apdu/action.ts';
import {
  decodeExceptionResponse,
  encodeExceptionResponse,
  exceptionError,
} from '../../../src/dlms/apdu/exception.ts';
import {
  decodeGetRequest,
  decodeGetResponse,
  encodeGetRequest,
  encodeGetResponse,
} from '../../../src/dlms/apdu/get.ts';
import {
  decodeInitiateRequest,
  decodeInitiateResponse,
  encodeInitiateRequest,
  encodeInitiateResponse,
} from '../../../src/dlms/apdu/initiate.ts';
import {
  decodeDataNotification,
  decodeEventNotification,
  encodeDataNotification,
  encodeEventNotification,
} from '../../../src/dlms/apdu/notification.ts';
import { decodeRlre, decodeRlrq, encodeRlre, encodeRlrq } from '../../../src/dlms/apdu/release.ts';
import { decodeConfirmedServiceError, encodeInitiateError } from '../../../src/dlms/apdu/service-error.ts';
import {
  decodeSetRequest,
  decodeSetResponse,
  encodeSetRequest,
  encodeSetResponse,
} from '../../../src/dlms/apdu/set.ts';
import { decodeSelection, encodeSelection } from '../../../src/dlms/cosem/selective-access.ts';
import { octetString } from '../../../src/dlms/values.ts';
import { codeOf, expectTotal } from '../mutation.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
const PROFILE = { classId: 7, obis: '1.0.99.1.0.255', attribute: 2 };
const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };

/** Examples of the Green Book (9.4.6 and 11), as open stacks quote them in their tests. */
describe('association APDUs of the Green Book', () => {
  const initiate = encodeInitiateRequest({
    responseAllowed: true,
    dlmsVersion: 6,
    conformance: 0x007e1f,
    clientMaxReceivePduSize: 0x04b0,
  });

  test('AARQ without security', () => {
    const hex = '601da109060760857405080101be10040e01000000065f1f0400007e1f04b0';
    expect(toHex(encodeAarq({ context: 'ln', userInformation: initiate }))).toBe(hex);
    const aarq = decodeAarq(fromHex(hex));
    expect(aarq).toEqual({ context: 'ln', userInformation: initiate });
    expect(decodeInitiateRequest(aarq.userInformation ?? new Uint8Array(0))).toEqual({
      responseAllowed: true,
      dlmsVersion: 6,
      conformance: 0x007e1f,
      clientMaxReceivePduSize: 1200,
    });
  });

  test('AARQ with a password, and with a challenge', () => {
    const cases = [
      ['lls', '12345678', '01', '3132333435363738'],
      ['hls-gmac', 'K56iVagY', '05', '4b35366956616759'],
    ] as const;
    for (const [mechanism, value, id, valueHex] of cases) {
      const aarq = {
        context: 'ln',
        mechanism,
        authenticationValue: ascii(value),
        userInformation: initiate,
      } as const;
      const hex =
        `6036a1090607608574050801018a0207808b07608574050802${id}ac0a8008${valueHex}` +
        'be10040e01000000065f1f0400007e1f04b0';
      expect(toHex(encodeAarq(aarq))).toBe(hex);
      expect(decodeAarq(fromHex(hex))).toEqual(aarq);
    }
  });

  test('AARQ with ciphering', () => {
    const hex =
      '6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080201ac0a80083132333435363738' +
      'be34043221303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855';
    const aarq = decodeAarq(fromHex(hex));
    expect(aarq).toMatchObject({ context: 'ln-ciphered', mechanism: 'lls' });
    expect(toHex(aarq.callingApTitle ?? new Uint8Array(0))).toBe('4d4d4d0000bc614e');
    expect(toHex(encodeAarq(aarq))).toBe(hex);
  });

  test('AARE: accepted, refused, with a challenge', () => {
    const response = {
      dlmsVersion: 6,
      conformance: 0x00501f,
      serverMaxReceivePduSize: 500,
      vaaName: 7,
    };
    const user = encodeInitiateResponse(response);
    expect(decodeInitiateResponse(user)).toEqual(response);
    const cases = [
      [
        '6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007',
        { context: 'ln', result: 'accepted', diagnostic: 'null', userInformation: user },
      ],
      [
        '6129a109060760857405080101a203020101a305a103020102be10040e0800065f1f040000501f01f40007',
        {
          context: 'ln',
          result: 'rejected-permanent',
          diagnostic: 'application-context-name-not-supported',
          userInformation: user,
        },
      ],
      [
        '611fa109060760857405080101a203020101a305a103020101be0604040e010601',
        {
          context: 'ln',
          result: 'rejected-permanent',
          diagnostic: 'no-reason-given',
          userInformation: encodeInitiateError('dlms-version-too-low'),
        },
      ],
      [
        '6142a109060760857405080101a203020100a305a10302010e88020780890760857405080205aa0a8008503677524a323146' +
          'be10040e0800065f1f040000501f01f40007',
        {
          context: 'ln',
          result: 'accepted',
          diagnostic: 'authentication-required',
          mechanism: 'hls-gmac',
          authenticationValue: ascii('P6wRJ21F'),
          userInformation: user,
        },
      ],
    ] as const;
    for (const [hex, aare] of cases) {
      expect(toHex(encodeAare(aare))).toBe(hex);
      expect(decodeAare(fromHex(hex))).toEqual(aare);
    }
  });

  test('an AARE of the service provider names it', () => {
    const hex = '611fa109060760857405080101a203020101a305a203020102be0604040e010601';
    expect(decodeAare(fromHex(hex)).diagnostic).toBe('provider: no-common-acse-version');
  });

  test('release', () => {
    expect(toHex(encodeRlrq({ reason: 0 }))).toBe('6203800100');
    expect(toHex(encodeRlre({ reason: 0 }))).toBe('6303800100');
    expect(decodeRlrq(fromHex('6203800100'))).toEqual({ reason: 0 });
    expect(decodeRlrq(fromHex('6200'))).toEqual({});
    expect(decodeRlre(fromHex('6303800100'))).toEqual({ reason: 0 });
    const carrying = { reason: 0, userInformation: fromHex('2103300102') };
    expect(decodeRlrq(encodeRlrq(carrying))).toEqual(carrying);
  });

  test('damage', () => {
    const user = encodeInitiateResponse({
      dlmsVersion: 6,
      conformance: 1,
      serverMaxReceivePduSize: 500,
      vaaName: 7,
    });
    expectTotal(
      encodeAarq({
        context: 'ln',
        mechanism: 'lls',
        callingApTitle: new Uint8Array(8),
        authenticationValue: ascii('12345678'),
        userInformation: initiate,
      }),
      decodeAarq,
    );
    expectTotal(
      encodeAare({ context: 'ln', result: 'accepted', diagnostic: 'null', userInformation: user }),
      decodeAare,
    );
    expectTotal(initiate, decodeInitiateRequest);
    expectTotal(user, decodeInitiateResponse);
    expectTotal(encodeRlrq({ reason: 0, userInformation: user }), decodeRlrq);
    expect(codeOf(() => decodeAarq(fromHex('600bbe0904070100000006ffff')))).toBe('apdu-invalid');
    expect(codeOf(() => decodeAare(fromHex('601d')))).toBe('truncated');
  });
});

interface Case {
  readonly hex: string;
  readonly encoded: () => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly value: unknown;
  /** Responses tolerate bytes behind them, requests do not. */
  readonly request?: boolean;
}

function get(hex: string, value: Parameters<typeof encodeGetRequest>[0]): Case {
  return { hex, encoded: () => encodeGetRequest(value), decode: decodeGetRequest, value, request: true };
}
function got(hex: string, value: Parameters<typeof encodeGetResponse>[0]): Case {
  return { hex, encoded: () => encodeGetResponse(value), decode: decodeGetResponse, value };
}
function set(hex: string, value: Parameters<typeof encodeSetRequest>[0]): Case {
  return { hex, encoded: () => encodeSetRequest(value), decode: decodeSetRequest, value, request: true };
}
function was(hex: string, value: Parameters<typeof encodeSetResponse>[0]): Case {
  return { hex, encoded: () => encodeSetResponse(value), decode: decodeSetResponse, value };
}
function act(hex: string, value: Parameters<typeof encodeActionRequest>[0]): Case {
  return {
    hex,
    encoded: () => encodeActionRequest(value),
    decode: decodeActionRequest,
    value,
    request: true,
  };
}
function did(hex: string, value: Parameters<typeof encodeActionResponse>[0]): Case {
  return { hex, encoded: () => encodeActionResponse(value), decode: decodeActionResponse, value };
}

const invoke = 0xc1;
const block = { last: false, blockNumber: 1, raw: fromHex('0901ff') };
const lastBlock = { last: true, blockNumber: 2, raw: fromHex('aabb') };

const SERVICES: readonly Case[] = [
  get('c001c100010000 2b0100ff0200', {
    type: 'normal',
    invoke,
    request: { attribute: { classId: 1, obis: '0.0.43.1.0.255', attribute: 2 } },
  }),
  get('c002c100000003', { type: 'next', invoke, blockNumber: 3 }),
  get('c003c102 000100002a0000ff0200 00080000010000ff0200', {
    type: 'with-list',
    invoke,
    requests: [{ attribute: { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 } }, { attribute: CLOCK }],
  }),
  got('c401c1000600001391', {
    type: 'normal',
    invoke,
    result: { ok: true, data: fromHex('0600001391') },
  }),
  got('c401c10101', { type: 'normal', invoke, result: { ok: false, result: 'hardware-fault' } }),
  got('c402c1000000000100030901ff', {
    type: 'with-datablock',
    invoke,
    last: false,
    blockNumber: 1,
    block: { ok: true, data: fromHex('0901ff') },
  }),
  got('c402c101000000020113', {
    type: 'with-datablock',
    invoke,
    last: true,
    blockNumber: 2,
    block: { ok: false, result: 'data-block-number-invalid' },
  }),
  got('c403c102 001105 0104', {
    type: 'with-list',
    invoke,
    results: [
      { ok: true, data: fromHex('1105') },
      { ok: false, result: 'object-undefined' },
    ],
  }),
  set('c101c1 00030100010800ff0200 0600000007', {
    type: 'normal',
    invoke,
    request: { attribute: ENERGY },
    value: fromHex('0600000007'),
  }),
  set('c102c1 00030100010800ff0200 0000000001 030901ff', {
    type: 'with-first-datablock',
    invoke,
    request: { attribute: ENERGY },
    block,
  }),
  set('c103c1 0100000002 02aabb', { type: 'with-datablock', invoke, block: lastBlock }),
  set('c104c1 01 00030100010800ff0200 01 1105', {
    type: 'with-list',
    invoke,
    requests: [{ attribute: ENERGY }],
    values: [fromHex('1105')],
  }),
  set('c105c1 01 00030100010800ff0200 0000000001 030901ff', {
    type: 'with-list-and-first-datablock',
    invoke,
    requests: [{ attribute: ENERGY }],
    block,
  }),
  was('c501c103', { type: 'normal', invoke, result: 'read-write-denied' }),
  was('c502c100000001', { type: 'datablock', invoke, blockNumber: 1 }),
  was('c503c10000000002', { type: 'last-datablock', invoke, result: 'success', blockNumber: 2 }),
  was('c504c1020004 00000002', {
    type: 'last-datablock-with-list',
    invoke,
    results: ['success', 'object-undefined'],
    blockNumber: 2,
  }),
  was('c505c102000c', { type: 'with-list', invoke, results: ['success', 'type-unmatched'] }),
  act('c301c1 00460000600 30aff02 01 0f00'.replaceAll(' ', ''), {
    type: 'normal',
    invoke,
    method: { classId: 70, obis: '0.0.96.3.10.255', attribute: 2 },
    parameter: fromHex('0f00'),
  }),
  act('c301c1 0046000060030aff01 00', {
    type: 'normal',
    invoke,
    method: { classId: 70, obis: '0.0.96.3.10.255', attribute: 1 },
  }),
  act('c302c100000001', { type: 'next-pblock', invoke, blockNumber: 1 }),
  act('c303c1 01 0046000060030aff01 01 0f00', {
    type: 'with-list',
    invoke,
    methods: [{ classId: 70, obis: '0.0.96.3.10.255', attribute: 1 }],
    parameters: [fromHex('0f00')],
  }),
  act('c304c1 0046000060030aff01 0000000001 030901ff', {
    type: 'with-first-pblock',
    invoke,
    method: { classId: 70, obis: '0.0.96.3.10.255', attribute: 1 },
    block,
  }),
  act('c305c1 01 0046000060030aff01 0000000001 030901ff', {
    type: 'with-list-and-first-pblock',
    invoke,
    methods: [{ classId: 70, obis: '0.0.96.3.10.255', attribute: 1 }],
    block,
  }),
  act('c306c1 0100000002 02aabb', { type: 'with-pblock', invoke, block: lastBlock }),
  did('c701c10000', { type: 'normal', invoke, response: { result: 'success' } }),
  did('c701c100010011 05', {
    type: 'normal',
    invoke,
    response: { result: 'success', returned: { ok: true, data: fromHex('1105') } },
  }),
  did('c701c1000101fa', {
    type: 'normal',
    invoke,
    response: { result: 'success', returned: { ok: false, result: 'other-reason' } },
  }),
  did('c702c10100000002 02aabb', { type: 'with-pblock', invoke, block: lastBlock }),
  did('c703c102 0000 0300', {
    type: 'with-list',
    invoke,
    responses: [{ result: 'success' }, { result: 'read-write-denied' }],
  }),
  did('c704c100000001', { type: 'next-pblock', invoke, blockNumber: 1 }),
];

describe('GET, SET and ACTION', () => {
  for (const { hex, encoded, decode, value, request } of SERVICES) {
    const bytes = fromHex(hex);
    test(toHex(bytes), () => {
      expect(toHex(encoded())).toBe(toHex(bytes));
      expect(decode(bytes)).toEqual(value);
      expectTotal(bytes, decode);
      const trailed = fromHex(`${hex}0102`);
      if (request) expect(codeOf(() => decode(trailed))).toBe('apdu-invalid');
      else expect(decode(trailed)).toEqual(value);
    });
  }

  test('unknown types and foreign tags are refused', () => {
    for (const decode of [
      decodeGetRequest,
      decodeGetResponse,
      decodeSetRequest,
      decodeSetResponse,
      decodeActionRequest,
      decodeActionResponse,
    ]) {
      expect(codeOf(() => decode(fromHex('610900')))).toBe('apdu-invalid');
      expect(codeOf(() => decode(new Uint8Array(0)))).toBe('truncated');
    }
    expect(codeOf(() => decodeGetResponse(fromHex('c409c1')))).toBe('apdu-invalid');
    expect(codeOf(() => decodeGetRequest(fromHex('c003c1848fffffff')))).toBe('truncated');
  });

  test('an action-response may end behind its result', () => {
    expect(decodeActionResponse(fromHex('c701c100'))).toEqual({
      type: 'normal',
      invoke,
      response: { result: 'success' },
    });
  });
});

describe('selective access', () => {
  test('a range of a profile, as the Green Book example has it', () => {
    const hex =
      'c001c1 0007 0100630100ff 02 01 01 0204 0204 120008 09060000010000ff 0f02 120000' +
      '090c07e40101ff00030000ff8800 090c07e40106ff00030000ffc400 0100';
    const selection = {
      by: 'range',
      restricting: CLOCK,
      from: octetString(fromHex('07e40101ff00030000ff8800')),
      to: octetString(fromHex('07e40106ff00030000ffc400')),
    } as const;
    const request = { attribute: PROFILE, selection: encodeSelection(selection) };
    expect(toHex(encodeGetRequest({ type: 'normal', invoke, request }))).toBe(hex.replaceAll(' ', ''));
    expect(decodeSelection(request.selection)).toEqual(selection);
  });

  test('entries and columns', () => {
    const raw = encodeSelection({ by: 'entry', fromEntry: 3, toEntry: 0 });
    expect([raw.selector, toHex(raw.parameters)]).toEqual([
      2,
      '02040600000003060000000012000112 0000'.replace(' ', ''),
    ]);
    expect(decodeSelection(raw)).toEqual({
      by: 'entry',
      fromEntry: 3,
      toEntry: 0,
      fromColumn: 1,
      toColumn: 0,
    });
    const range = {
      by: 'range',
      restricting: CLOCK,
      from: octetString(new Uint8Array(12)),
      to: octetString(new Uint8Array(12)),
      columns: [{ ...ENERGY, dataIndex: 0 }],
    } as const;
    expect(decodeSelection(encodeSelection(range))).toEqual(range);
    expectTotal(encodeSelection(range).parameters, (parameters) =>
      decodeSelection({ selector: 1, parameters }),
    );
    expect(decodeSelection({ selector: 3, parameters: raw.parameters })).toMatchObject({
      by: 'selector',
      selector: 3,
    });
    expect(decodeSelection({ selector: 1, parameters: raw.parameters })).toMatchObject({ by: 'selector' });
    expect(decodeSelection({ selector: 2, parameters: fromHex('1105') })).toEqual({
      by: 'selector',
      selector: 2,
      parameter: { type: 'unsigned', value: 5 },
    });
  });
});

describe('notifications and errors', () => {
  test('DataNotification', () => {
    const hex = '0f40000000 0c07ea0b16070c2238ffffc400 0201 1105';
    const value = {
      longInvoke: 0x40000000,
      dateTime: fromHex('07ea0b16070c2238ffffc400'),
      body: fromHex('02011105'),
    };
    expect(toHex(encodeDataNotification(value))).toBe(hex.replaceAll(' ', ''));
    expect(decodeDataNotification(fromHex(hex))).toEqual(value);
    expect(decodeDataNotification(fromHex(hex.replace(' 0c', '090c')))).toEqual(value);
    expect(decodeDataNotification(fromHex('0f00000001 00 1105 99'))).toEqual({
      longInvoke: 1,
      body: fromHex('1105'),
    });
    expectTotal(fromHex(hex), decodeDataNotification);
  });

  test('EventNotification', () => {
    const hex = 'c2010c07ea0b16070c2238ffffc400 00030100010800ff02 0600000007';
    const value = {
      time: fromHex('07ea0b16070c2238ffffc400'),
      attribute: ENERGY,
      value: fromHex('0600000007'),
    };
    expect(toHex(encodeEventNotification(value))).toBe(hex.replaceAll(' ', ''));
    expect(decodeEventNotification(fromHex(hex))).toEqual(value);
    expectTotal(fromHex(hex), decodeEventNotification);
  });

  test('exception-response, with and without the counter that is expected', () => {
    expect(toHex(encodeExceptionResponse('service-not-allowed', 'service-not-supported'))).toBe('d80102');
    expect(toHex(encodeExceptionResponse('service-not-allowed', 'invocation-counter-error', 0x1234))).toBe(
      'd8010600001234',
    );
    const response = decodeExceptionResponse(fromHex('d8010600001234'));
    expect(response).toEqual({
      stateError: 'service-not-allowed',
      serviceError: 'invocation-counter-error',
      expectedInvocationCounter: 0x1234,
    });
    expect(exceptionError(response)).toMatchObject({
      code: 'exception-response',
      facts: { expectedInvocationCounter: 0x1234 },
    });
    expect(decodeExceptionResponse(fromHex('d80106'))).toEqual({
      stateError: 'service-not-allowed',
      serviceError: 'invocation-counter-error',
    });
    expect(decodeExceptionResponse(fromHex('d80263'))).toEqual({
      stateError: 'service-unknown',
      serviceError: 'error-99',
    });
    expectTotal(fromHex('d8010600001234'), decodeExceptionResponse);
  });

  test('confirmed-service-error', () => {
    expect(decodeConfirmedServiceError(fromHex('0e010601'))).toEqual({
      service: 'initiate',
      error: 'initiate',
      value: 'dlms-version-too-low',
    });
    expect(decodeConfirmedServiceError(fromHex('0e050502'))).toEqual({
      service: 'read',
      error: 'access',
      value: 'object-access-violated',
    });
    expect(decodeConfirmedServiceError(fromHex('0e63630c'))).toEqual({
      service: 'service-99',
      error: 'error-99',
      value: '12',
    });
  });
});
