import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { SecurityPolicy } from '../../../src/base/model.ts';
import { type ConformanceBit, LN_CONFORMANCE, LN_PROPOSED } from '../../../src/dlms/apdu/conformance.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { ClientCommand, ClientEvent, CosemAttribute } from '../../../src/dlms/client.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import type { CosemRequest, LogicalDevice } from '../../../src/dlms/server.ts';
import { octetString, structure, u8, u16 } from '../../../src/dlms/values.ts';
import { counterFrom, HDLC, KEYS, type Loopback, pair, WRAPPER } from './loopback.ts';

const at = (index: number, attribute = 2): CosemAttribute => ({
  classId: 1,
  obis: `0.0.96.1.${index}.255`,
  attribute,
});
const value = (length: number, seed = 0): DlmsData =>
  octetString(Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff));
const RANGE = {
  by: 'range',
  restricting: { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 },
  from: octetString(new Uint8Array(12)),
  to: octetString(new Uint8Array(12)),
} as const;

/** A device that keeps what is set, returns the parameter of a method, and knows nothing of objects from 200 on. */
class Store implements LogicalDevice {
  readonly address = 1;
  readonly systemTitle = KEYS.serverTitle;
  readonly associations;
  readonly asked: CosemRequest[] = [];
  readonly values = new Map<string, DlmsData>();
  readonly nextInvocationCounter = counterFrom(100);
  #lowest = 0;

  constructor(policy: SecurityPolicy = 'none') {
    this.associations = [{ clientAddress: 1, auth: 'none' as const, policy, ...KEYS }];
  }

  acceptInvocationCounter(_client: number, counter: number): boolean {
    if (counter < this.#lowest) return false;
    this.#lowest = counter + 1;
    return true;
  }

  handle(request: CosemRequest) {
    this.asked.push(request);
    const { obis } = request.type === 'action' ? request.method : request.attribute;
    if (Number(obis.split('.')[4]) >= 200) return { result: 'object-undefined' };
    switch (request.type) {
      case 'get':
        return {
          result: 'success',
          data: encodeData(this.values.get(obis) ?? u16(Number(obis.split('.')[4]))),
        };
      case 'set':
        this.values.set(obis, request.value);
        return { result: 'success' };
      case 'action':
        return request.parameter === undefined
          ? { result: 'success' }
          : { result: 'success', data: encodeData(request.parameter) };
    }
  }
}

interface Setting {
  readonly link?: LinkConfig;
  readonly policy?: SecurityPolicy;
  readonly without?: readonly ConformanceBit[];
  readonly clientPdu?: number;
  readonly serverPdu?: number;
  readonly general?: { window: number; always?: boolean };
}

/** Proposing less is what makes the server grant less. */
function opened(setting: Setting = {}): { line: Loopback; device: Store } {
  const {
    link = WRAPPER,
    policy = 'none',
    without = [],
    clientPdu = 1024,
    serverPdu = 1024,
    general,
  } = setting;
  const device = new Store(policy);
  const proposed = (general ? LN_CONFORMANCE : LN_PROPOSED).filter((bit) => !without.includes(bit));
  const line = pair({
    link,
    policy,
    devices: [device],
    clientPdu,
    serverPdu,
    client: { proposedConformance: proposed, ...(general ? { generalBlocks: general } : {}) },
  });
  expect(line.last({ type: 'open' }).type).toBe('opened');
  return { line, device };
}

/** What every command of this suite must end with, however it travels. */
function expected(sizes: readonly number[]): readonly (readonly [ClientCommand, ClientEvent])[] {
  const each = sizes.map((size, i) => ({ attribute: at(i), value: value(size, i) }));
  const calls = sizes.map((size, i) => ({
    method: at(i, 1),
    ...(size === 0 ? {} : { parameter: value(size, i) }),
  }));
  const returned = sizes.map((size, i) =>
    size === 0 ? { result: 'success' } : { result: 'success', data: encodeData(value(size, i)) },
  );
  const undefinedObject = { result: 'object-undefined' };
  return [
    [
      { type: 'set-list', settings: each },
      { type: 'set-list-result', results: sizes.map(() => 'success') },
    ],
    [
      { type: 'get-list', attributes: [...sizes.keys()].map((i) => at(i)) },
      {
        type: 'get-result',
        results: sizes.map((size, i) => ({ ok: true, data: encodeData(value(size, i)) })),
      },
    ],
    [
      { type: 'action-list', calls: [...calls, { method: at(201, 1) }] },
      { type: 'action-list-result', results: [...returned, undefinedObject] },
    ],
    [
      {
        type: 'access',
        specifications: [
          { type: 'get', attribute: at(0) },
          { type: 'set', attribute: at(150), value: u8(9) },
          { type: 'get', attribute: at(250) },
          ...calls.map(({ method, parameter }) => ({
            type: 'action' as const,
            method,
            ...(parameter === undefined ? {} : { parameter }),
          })),
          { type: 'get', attribute: at(150) },
        ],
      },
      {
        type: 'access-result',
        results: [
          { result: 'success', data: encodeData(value(sizes[0] ?? 0, 0)) },
          { result: 'success' },
          undefinedObject,
          ...returned,
          { result: 'success', data: encodeData(u8(9)) },
        ],
      },
    ],
  ];
}

describe('services of logical names, client against server', () => {
  test('lists, blocks and ACCESS bring the same whatever was negotiated', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 })), { minLength: 1, maxLength: 12 }),
        fc.constantFrom(WRAPPER, HDLC),
        fc.constantFrom<SecurityPolicy>('none', 'auth-enc'),
        fc.subarray<ConformanceBit>(['multiple-references', 'priority-mgmt-supported', 'general-protection']),
        fc.integer({ min: 120, max: 700 }),
        fc.integer({ min: 120, max: 700 }),
        fc.option(fc.record({ window: fc.integer({ min: 1, max: 63 }), always: fc.boolean() }), {
          nil: undefined,
        }),
        (sizes, link, policy, without, clientPdu, serverPdu, general) => {
          const { line } = opened({
            link,
            policy,
            without,
            clientPdu,
            serverPdu,
            ...(general ? { general } : {}),
          });
          for (const [command, event] of expected(sizes)) {
            const last = line.last(command);
            const fits = general !== undefined;
            // ACCESS has no ciphered tag of its own.
            if (command.type === 'access' && policy !== 'none' && without.includes('general-protection')) {
              expect(last.type === 'request-failed' ? last.error.code : last.type).toMatch(
                /^(not-granted|apdu-too-long)$/,
              );
            } else if (command.type === 'access' && !fits && last.type === 'request-failed') {
              expect(last.error.code).toBe('apdu-too-long');
            } else if (command.type === 'access' && !fits && 'results' in last) {
              // Too long for the client: every item is refused rather than none answered.
              const refused = last.results.every((one) => typeof one === 'object' && 'result' in one);
              expect(refused).toBe(true);
            } else expect(last).toEqual(event);
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  test('with general blocks nothing else is needed for long requests and answers', () => {
    const blocks: readonly ConformanceBit[] = [
      'block-transfer-with-get-or-read',
      'block-transfer-with-set-or-write',
      'block-transfer-with-action',
    ];
    for (const policy of ['none', 'auth-enc'] as const) {
      for (const link of [WRAPPER, HDLC]) {
        const { line, device } = opened({
          link,
          policy,
          without: blocks,
          clientPdu: 200,
          serverPdu: 200,
          general: { window: 4 },
        });
        expect(line.last({ type: 'set', attribute: at(1), value: value(3000) })).toEqual({
          type: 'set-result',
          result: 'success',
        });
        expect(device.values.get('0.0.96.1.1.255')).toEqual(value(3000));
        expect(line.last({ type: 'get', attribute: at(1) })).toEqual({
          type: 'get-result',
          results: [{ ok: true, data: encodeData(value(3000)) }],
        });
        expect(line.last({ type: 'action', method: at(1, 1), parameter: value(2000) })).toEqual({
          type: 'action-result',
          result: 'success',
          data: encodeData(value(2000)),
        });
        expect(line.last({ type: 'release' }).type).toBe('released');
      }
    }
  });

  test('lost and doubled datagrams of a general block transfer are made good', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 5, maxLength: 40 }),
        fc.integer({ min: 1, max: 20 }),
        (losses, window) => {
          const { line } = opened({ clientPdu: 100, serverPdu: 100, general: { window, always: true } });
          let n = 0;
          let inARow = 0;
          line.tamper = (bytes) => {
            const lose = losses[n++] === true && inARow < 2;
            inARow = lose ? inARow + 1 : 0;
            return lose ? undefined : bytes;
          };
          const last = line.last({ type: 'action', method: at(1, 1), parameter: value(600) });
          // Three repetitions in vain end in a typed error, never in other bytes.
          if (last.type === 'failed') expect(last.error.code).toBe('link-timeout');
          else
            expect(last).toEqual({ type: 'action-result', result: 'success', data: encodeData(value(600)) });
        },
      ),
      { numRuns: 150 },
    );
  });

  test('unconfirmed SET and ACTION are done and not answered', () => {
    for (const link of [WRAPPER, HDLC]) {
      const { line, device } = opened({ link });
      const sent = line.wire.length;
      expect(line.last({ type: 'set', attribute: at(3), value: u8(7), confirmed: false })).toEqual({
        type: 'set-result',
        result: 'success',
      });
      expect(line.last({ type: 'action', method: at(3, 1), confirmed: false })).toEqual({
        type: 'action-result',
        result: 'success',
      });
      line.settle(0, () => false);
      expect(line.wire.slice(sent).map(({ direction }) => direction)).toEqual(['down', 'down']);
      expect(device.asked.map(({ type }) => type)).toEqual(['set', 'action']);
      expect(device.values.get('0.0.96.1.3.255')).toEqual(u8(7));
      expect(line.last({ type: 'get', attribute: at(3) })).toMatchObject({ type: 'get-result' });
    }
    const { line } = opened({ serverPdu: 100 });
    expect(line.last({ type: 'set', attribute: at(3), value: value(300), confirmed: false })).toMatchObject({
      type: 'request-failed',
      error: { code: 'not-granted' },
    });
  });

  test('ACCESS stops at the first failure where it is asked to', () => {
    const { line, device } = opened();
    const specifications = [
      { type: 'get' as const, attribute: at(1) },
      { type: 'get' as const, attribute: at(222) },
      { type: 'set' as const, attribute: at(4), value: u8(1) },
    ];
    expect(line.last({ type: 'access', specifications, breakOnError: true })).toEqual({
      type: 'access-result',
      results: [
        { result: 'success', data: encodeData(u16(1)) },
        { result: 'object-undefined' },
        { result: 'other-reason' },
      ],
    });
    expect(device.values.size).toBe(0);
    expect(line.last({ type: 'access', specifications })).toMatchObject({
      results: [{ result: 'success' }, { result: 'object-undefined' }, { result: 'success' }],
    });
  });

  test('empty lists ask for nothing', () => {
    const { line, device } = opened();
    const empty: readonly ClientCommand[] = [
      { type: 'get-list', attributes: [] },
      { type: 'set-list', settings: [] },
      { type: 'action-list', calls: [] },
      { type: 'access', specifications: [] },
    ];
    for (const command of empty) expect(line.last(command)).toMatchObject({ results: [] });
    expect(device.asked).toEqual([]);
  });
});

describe('nothing is used that was not granted', () => {
  const big = value(2000);
  const commands: readonly (readonly [string, ClientCommand])[] = [
    ['get', { type: 'get', attribute: at(1) }],
    ['get selected', { type: 'get', attribute: at(1), selection: RANGE }],
    ['get all', { type: 'get', attribute: at(1, 0) }],
    ['get list', { type: 'get-list', attributes: [at(1), at(2)] }],
    ['get list selected', { type: 'get-list', attributes: [at(1), { attribute: at(2), selection: RANGE }] }],
    ['set', { type: 'set', attribute: at(1), value: u8(1) }],
    ['set all', { type: 'set', attribute: at(1, 0), value: structure(u8(1)) }],
    ['set long', { type: 'set', attribute: at(1), value: big }],
    [
      'set list',
      {
        type: 'set-list',
        settings: [
          { attribute: at(1), value: u8(1) },
          { attribute: at(2), value: u8(1) },
        ],
      },
    ],
    ['set unconfirmed', { type: 'set', attribute: at(1), value: u8(1), confirmed: false }],
    ['get long', { type: 'get', attribute: at(5) }],
    ['action', { type: 'action', method: at(1, 1) }],
    ['action long', { type: 'action', method: at(1, 1), parameter: big }],
    ['action list', { type: 'action-list', calls: [{ method: at(1, 1) }, { method: at(2, 1) }] }],
    [
      'access',
      {
        type: 'access',
        specifications: [
          { type: 'get', attribute: at(1) },
          { type: 'set', attribute: at(1), value: u8(1) },
          { type: 'action', method: at(1, 1) },
        ],
      },
    ],
  ];

  /** Conformance bits that an APDU on the line makes use of. */
  function used(apdu: Uint8Array): ConformanceBit[] {
    const [tag = 0, type = 0, invoke = 0] = apdu;
    const priority: ConformanceBit[] = invoke & 0x80 ? ['priority-mgmt-supported'] : [];
    const pick = (service: ConformanceBit, rows: Readonly<Record<number, readonly ConformanceBit[]>>) => [
      service,
      ...(rows[type] ?? []),
      ...priority,
    ];
    const block = 'block-transfer-with-' as const;
    switch (tag) {
      case 0xc0:
        return pick('get', { 2: [`${block}get-or-read`], 3: ['multiple-references'] });
      case 0xc4:
        return pick('get', { 2: [`${block}get-or-read`], 3: ['multiple-references'] });
      case 0xc1:
        return pick('set', {
          2: [`${block}set-or-write`],
          3: [`${block}set-or-write`],
          4: ['multiple-references'],
          5: ['multiple-references', `${block}set-or-write`],
        });
      case 0xc5:
        return pick('set', {
          2: [`${block}set-or-write`],
          3: [`${block}set-or-write`],
          5: ['multiple-references'],
        });
      case 0xc3:
        return pick('action', {
          2: [`${block}action`],
          3: ['multiple-references'],
          4: [`${block}action`],
          5: ['multiple-references', `${block}action`],
          6: [`${block}action`],
        });
      case 0xc7:
        return pick('action', { 2: [`${block}action`], 3: ['multiple-references'], 4: [`${block}action`] });
      case 0xd9:
      case 0xda:
        return ['access', ...(type & 0x80 ? (['priority-mgmt-supported'] as const) : [])];
      case 0xe0:
        return ['general-block-transfer'];
      default:
        return [];
    }
  }

  for (const bit of LN_CONFORMANCE) {
    test(`without ${bit}`, () => {
      const { line, device } = opened({
        without: [bit],
        clientPdu: 400,
        serverPdu: 400,
        general: { window: 6 },
      });
      device.values.set('0.0.96.1.5.255', big);
      const from = line.wire.length;
      for (const [name, command] of commands) {
        const last = line.last(command);
        expect([name, last.type]).not.toEqual([name, 'failed']);
        if (last.type === 'request-failed')
          expect(['not-granted', 'apdu-too-long'].includes(last.error.code)).toBe(true);
      }
      for (const { bytes } of line.wire.slice(from)) expect(used(bytes.subarray(8))).not.toContain(bit);
      if (bit === 'selective-access') {
        expect(device.asked.some((one) => one.type === 'get' && one.selection !== undefined)).toBe(false);
      }
      const asksForAll = device.asked.map((one) =>
        one.type !== 'action' && one.attribute.attribute === 0 ? one.type : '',
      );
      if (bit === 'attribute0-supported-with-get') expect(asksForAll).not.toContain('get');
      if (bit === 'attribute0-supported-with-set') expect(asksForAll).not.toContain('set');
    });
  }

  test('with every bit each command uses what it is for', () => {
    const { line, device } = opened({ clientPdu: 400, serverPdu: 400, general: { window: 6 } });
    device.values.set('0.0.96.1.5.255', big);
    const from = line.wire.length;
    for (const [name, command] of commands)
      expect([name, line.last(command).type]).not.toContain('request-failed');
    const seen = new Set(line.wire.slice(from).flatMap(({ bytes }) => used(bytes.subarray(8))));
    expect([...seen].map(String).sort()).toEqual(
      [
        'access',
        'action',
        'block-transfer-with-action',
        'block-transfer-with-get-or-read',
        'block-transfer-with-set-or-write',
        'get',
        'multiple-references',
        'priority-mgmt-supported',
        'set',
      ].sort(),
    );
  });
});
