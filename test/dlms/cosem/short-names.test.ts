import { describe, expect, test } from 'bun:test';
import { toHex } from '../../../src/base/bytes.ts';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { decodeData, encodeData } from '../../../src/dlms/axdr.ts';
import { decodeObjectList } from '../../../src/dlms/cosem/short-name-list.ts';
import { i8, octetString, u16, u32 } from '../../../src/dlms/values.ts';
import { HDLC, type PairOptions, pair, WRAPPER } from './loopback.ts';
import { ENERGY, HIDDEN, LIST, LONG, NOTE, namedDevice, PROFILE, RELAY } from './short-name-device.ts';

const AUTHS: readonly AuthMechanism[] = ['none', 'lls', 'hls-sha1', 'hls-gmac'];
const POLICIES: readonly SecurityPolicy[] = ['none', 'auth-enc'];
const of = <Object extends object>(object: Object, attribute: number) => ({ ...object, attribute });
const five = { ok: true, data: encodeData(u32(5)) } as const;
const long = { ok: true, data: encodeData(LONG) } as const;
const undefinedObject = { ok: false, result: 'object-undefined' } as const;

function shortNamePair(
  options: Partial<PairOptions> & { auth?: AuthMechanism; policy?: SecurityPolicy } = {},
) {
  const { auth = 'none', policy = 'none' } = options;
  const { device, state } = namedDevice({ auth, policy });
  const line = pair({
    auth,
    policy,
    devices: [device],
    ...options,
    client: { referencing: 'sn', ...options.client },
  });
  return { line, state, device };
}

for (const link of [WRAPPER, HDLC]) {
  for (const auth of AUTHS) {
    for (const policy of POLICIES) {
      test(`${link.framing}, auth ${auth}, policy ${policy}: every service, whole and in blocks`, () => {
        const { line, state } = shortNamePair({ link, auth, policy, clientPdu: 300, serverPdu: 200 });
        expect(line.last({ type: 'open' })).toMatchObject({
          type: 'opened',
          association: { referencing: 'sn', serverMaxPduSize: 200 },
        });
        // The first request brings the list with it, and nothing of the list is told.
        expect(line.run({ type: 'get', attribute: of(ENERGY, 2) })).toEqual([
          { type: 'get-result', results: [five] },
        ]);
        const events = line.run({ type: 'get', attribute: of(LIST, 2) });
        expect(events.at(-1)).toEqual({ type: 'get-result', results: [long] });
        const blocks = events.filter((event) => event.type === 'block');
        expect(blocks.length).toBeGreaterThan(10);
        expect(blocks.map(({ blockNumber }) => blockNumber)).toEqual(blocks.map((_, i) => i + 1));
        expect(toHex(Buffer.concat(blocks.map(({ data }) => data)))).toBe(toHex(long.data));
        expect(
          line.last({
            type: 'get-list',
            attributes: [of(ENERGY, 2), of(HIDDEN, 2), of(LIST, 2), of(RELAY, 9), of(ENERGY, 2)],
          }),
        ).toEqual({
          type: 'get-result',
          results: [five, undefinedObject, long, undefinedObject, five],
        });
        expect(
          line.last({
            type: 'get',
            attribute: of(PROFILE, 2),
            selection: { by: 'entry', fromEntry: 3, toEntry: 8 },
          }),
        ).toMatchObject({
          results: [{ ok: true, data: encodeData({ type: 'array', elements: [u32(3), u32(8)] }) }],
        });
        expect(line.last({ type: 'set', attribute: of(NOTE, 2), value: u16(77) })).toEqual({
          type: 'set-result',
          result: 'success',
        });
        expect(state.note).toEqual(u16(77));
        expect(line.last({ type: 'set', attribute: of(NOTE, 2), value: LONG })).toEqual({
          type: 'set-result',
          result: 'success',
        });
        expect(state.note).toEqual(LONG);
        expect(
          line.last({
            type: 'set-list',
            settings: [
              { attribute: of(NOTE, 2), value: u16(5) },
              { attribute: of(HIDDEN, 2), value: u16(5) },
              { attribute: of(ENERGY, 2), value: u32(1) },
            ],
          }),
        ).toEqual({ type: 'set-list-result', results: ['success', 'object-undefined', 'read-write-denied'] });
        expect(line.last({ type: 'set', attribute: of(NOTE, 2), value: u16(9), confirmed: false })).toEqual({
          type: 'set-result',
          result: 'success',
        });
        expect(line.last({ type: 'action', method: of(RELAY, 1), parameter: i8(0) })).toEqual({
          type: 'action-result',
          result: 'success',
        });
        expect(line.last({ type: 'action', method: of(RELAY, 1) })).toMatchObject({ result: 'success' });
        expect(
          line.last({
            type: 'action-list',
            calls: [
              { method: of(RELAY, 2) },
              { method: of(HIDDEN, 1) },
              { method: of(PROFILE, 2), parameter: i8(0) },
            ],
          }),
        ).toEqual({
          type: 'action-list-result',
          results: [{ result: 'temporary-failure' }, { result: 'object-undefined' }, { result: 'success' }],
        });
        expect(state.log).toEqual(['off integer', 'off nothing', 'on', 'capture']);
        expect(state.note).toEqual(u16(9));
        expect(line.last({ type: 'release' })).toEqual({ type: 'released' });
        expect(line.last({ type: 'open' })).toMatchObject({ type: 'opened' });
      });
    }
  }
}

describe('who speaks what', () => {
  test('auto falls back on short names, and stays with logical ones where it can', () => {
    for (const [referencing, expected] of [
      [['sn'], 'sn'],
      [['ln', 'sn'], 'ln'],
    ] as const) {
      const { device } = namedDevice({ referencing });
      const line = pair({ devices: [device], client: { referencing: 'auto' } });
      expect(line.last({ type: 'open' })).toMatchObject({ association: { referencing: expected } });
      expect(line.last({ type: 'get', attribute: of(ENERGY, 2) })).toMatchObject({ results: [five] });
    }
  });

  test('a device without short names, or a policy without them, refuses the context', () => {
    const { device } = namedDevice({ referencing: ['ln'] });
    const line = pair({ devices: [device], client: { referencing: 'sn' } });
    expect(line.last({ type: 'open' })).toMatchObject({
      type: 'failed',
      error: {
        code: 'association-refused',
        facts: { diagnostic: 'application-context-name-not-supported' },
      },
    });
  });

  test('class 12 is not there for logical names, class 15 not for short ones', () => {
    const { device } = namedDevice();
    const line = pair({ devices: [device] });
    line.run({ type: 'open' });
    expect(
      line.last({ type: 'get', attribute: { classId: 12, obis: '0.0.40.0.0.255', attribute: 2 } }),
    ).toMatchObject({ results: [{ ok: false }] });
    const { line: short } = shortNamePair();
    short.run({ type: 'open' });
    expect(
      short.last({ type: 'get', attribute: { classId: 15, obis: '0.0.40.0.0.255', attribute: 2 } }),
    ).toMatchObject({ results: [undefinedObject] });
  });

  test('known names are used as they are, and the list is left alone', () => {
    const { device } = namedDevice();
    const known = device.shortNames ?? [];
    const line = pair({ devices: [device], client: { referencing: 'sn', shortNames: known } });
    line.run({ type: 'open' });
    const before = line.wire.length;
    expect(line.last({ type: 'get', attribute: of(ENERGY, 2) })).toMatchObject({ results: [five] });
    expect(line.wire.length - before).toBe(2);
    expect(toHex(line.wire[before]?.bytes.subarray(8) ?? new Uint8Array(0))).toBe('0501024008');
    expect(line.run({ type: 'get', attribute: of({ classId: 3, obis: '9.9.9.9.9.9' }, 2) })).toEqual([
      { type: 'get-result', results: [undefinedObject] },
    ]);
    expect(line.wire.length - before).toBe(2);
  });
});

describe('class 12', () => {
  const association = { classId: 12, obis: '0.0.40.0.0.255' } as const;
  const ask = (selector: number, parameter: Parameters<typeof encodeData>[0], attribute = 2) => {
    const { line } = shortNamePair();
    line.run({ type: 'open' });
    const event = line.last({
      type: 'get',
      attribute: of(association, attribute),
      selection: { by: 'selector', selector, parameter },
    });
    if (event.type !== 'get-result') throw new Error(event.type);
    const [result] = event.results;
    return result?.ok ? decodeData(result.data) : result?.result;
  };
  const name = (obis: string) => octetString(Uint8Array.from(obis.split('.'), Number));
  const object = (classId: number, obis: string) => ({
    type: 'structure' as const,
    elements: [u16(classId), name(obis)],
  });

  test('its list holds what the client may see, the reserved names where the standard has them', () => {
    const { line, device } = shortNamePair();
    line.run({ type: 'open' });
    const event = line.last({ type: 'get', attribute: of(association, 2) });
    if (event.type !== 'get-result' || !event.results[0]?.ok) throw new Error('no list');
    const list = decodeObjectList(event.results[0].data);
    expect(list.find(({ obis }) => obis === HIDDEN.obis)).toBeUndefined();
    expect(device.shortNames?.find(({ obis }) => obis === HIDDEN.obis)).toBeDefined();
    const baseOf = (obis: string) => list.find((one) => one.obis === obis)?.baseName;
    expect(baseOf('0.0.40.0.0.255')).toBe(0xfa00);
    expect(baseOf('0.0.41.0.0.255')).toBe(0xfc00);
    expect(baseOf('0.0.42.0.0.255')).toBe(0xfd00);
    expect(baseOf(ENERGY.obis)).toBe(0x4000);
    expect(list.every(({ baseName }) => baseName % 8 === 0)).toBe(true);
  });

  test('selective access by class, by object and by name', () => {
    expect(ask(1, u16(70))).toMatchObject({
      type: 'array',
      elements: [{ elements: [{}, u16(70), {}, name(RELAY.obis)] }],
    });
    expect(ask(1, u16(99))).toEqual({ type: 'array', elements: [] });
    expect(ask(2, object(3, ENERGY.obis))).toMatchObject({
      type: 'structure',
      elements: [{ type: 'long', value: 0x4000 }, u16(3), {}, name(ENERGY.obis)],
    });
    expect(ask(2, object(3, HIDDEN.obis))).toBe('object-undefined');
    expect(ask(2, object(4, ENERGY.obis))).toBe('object-undefined');
    expect(ask(3, u16(0x4000))).toBe('scope-of-access-violated');
    expect(ask(1, u32(3))).toBe('type-unmatched');
    expect(ask(2, u16(3))).toBe('type-unmatched');
    expect(ask(3, { type: 'long', value: 0x4000 }, 3)).toMatchObject({
      type: 'structure',
      elements: [{ type: 'long', value: 0x4000 }, { type: 'array' }, { type: 'array' }],
    });
    expect(ask(3, { type: 'long', value: 0xfa00 - 0x10000 }, 3)).toMatchObject({ type: 'structure' });
    expect(ask(2, object(70, RELAY.obis), 3)).toMatchObject({
      elements: [
        {},
        { elements: [{ elements: [i8(1), { value: 1 }, {}] }, {}, {}, {}] },
        { elements: [{ elements: [i8(1), { value: 1 }] }, { elements: [i8(2), { value: 1 }] }] },
      ],
    });
  });

  test('read_by_logicalname and get_attributes&services', () => {
    const { line } = shortNamePair();
    line.run({ type: 'open' });
    const attribute = (classId: number, obis: string, index: number) => ({
      type: 'structure' as const,
      elements: [u16(classId), name(obis), i8(index)],
    });
    const call = (method: number, elements: readonly Parameters<typeof encodeData>[0][]) =>
      line.last({ type: 'action', method: of(association, method), parameter: { type: 'array', elements } });
    expect(call(3, [attribute(3, ENERGY.obis, 2), attribute(1, NOTE.obis, 2)])).toEqual({
      type: 'action-result',
      result: 'success',
      data: encodeData({ type: 'structure', elements: [u32(5), u16(1)] }),
    });
    expect(call(3, [attribute(3, HIDDEN.obis, 2)])).toMatchObject({ result: 'object-undefined' });
    expect(call(3, [u16(1)])).toMatchObject({ result: 'type-unmatched' });
    expect(call(4, [object(3, ENERGY.obis)])).toMatchObject({ result: 'success' });
    expect(call(4, [object(3, HIDDEN.obis)])).toMatchObject({ result: 'object-undefined' });
    expect(call(4, [u16(1)])).toMatchObject({ result: 'type-unmatched' });
  });
});

test('secrets are changed by the method of their mechanism', () => {
  const change = (auth: AuthMechanism, attribute: number) => {
    const { line, state } = shortNamePair({ auth });
    line.run({ type: 'open' });
    const event = line.last({
      type: 'action',
      method: { classId: 12, obis: '0.0.40.0.0.255', attribute },
      parameter: octetString(new Uint8Array(9)),
    });
    return ['result' in event ? event.result : event.type, ...state.log];
  };
  expect(change('lls', 5)).toEqual(['success', 'secret 9']);
  expect(change('hls-sha1', 6)).toEqual(['success', 'secret 9']);
  expect(change('lls', 6)).toEqual(['read-write-denied']);
  expect(change('hls-sha1', 5)).toEqual(['read-write-denied']);
  expect(change('none', 6)).toEqual(['read-write-denied']);
  // Out of the authentication there is nothing to reply to.
  expect(change('lls', 8)).toEqual(['temporary-failure']);
});

describe('only what was granted is used', () => {
  const offered = (...proposedConformance: NonNullable<PairOptions['client']>['proposedConformance'] & {}) =>
    shortNamePair({ clientPdu: 64, serverPdu: 64, client: { proposedConformance } });

  test('without lists, parameters, blocks or a whole service', () => {
    const { line } = offered('read', 'write', 'block-transfer-with-get-or-read');
    line.run({ type: 'open' });
    expect(line.last({ type: 'get-list', attributes: [of(ENERGY, 2), of(NOTE, 2)] })).toMatchObject({
      results: [five, { ok: true }],
    });
    expect(
      line.last({
        type: 'get',
        attribute: of(PROFILE, 2),
        selection: { by: 'entry', fromEntry: 1, toEntry: 2 },
      }),
    ).toMatchObject({ type: 'request-failed', error: { code: 'not-granted' } });
    expect(line.last({ type: 'set', attribute: of(NOTE, 2), value: LONG })).toMatchObject({
      type: 'request-failed',
      error: { code: 'not-granted' },
    });
    expect(line.last({ type: 'set', attribute: of(NOTE, 2), value: u16(1), confirmed: false })).toMatchObject(
      { type: 'request-failed', error: { code: 'not-granted' } },
    );
    expect(line.last({ type: 'access', specifications: [] })).toMatchObject({
      type: 'request-failed',
      error: { code: 'unsupported' },
    });
    expect(line.last({ type: 'get', attribute: of(ENERGY, 2) })).toMatchObject({ results: [five] });
  });

  test('an answer that needs blocks, and no blocks', () => {
    const { line } = shortNamePair({
      clientPdu: 512,
      client: { proposedConformance: ['read', 'multiple-references'] },
    });
    line.run({ type: 'open' });
    expect(line.last({ type: 'get', attribute: of(LIST, 2) })).toMatchObject({
      results: [{ ok: false, result: 'other-reason' }],
    });
    expect(line.last({ type: 'get-list', attributes: [of(LIST, 2), of(ENERGY, 2)] })).toMatchObject({
      results: [
        { ok: false, result: 'other-reason' },
        { ok: false, result: 'other-reason' },
      ],
    });
    expect(line.last({ type: 'set', attribute: of(NOTE, 2), value: u16(1) })).toMatchObject({
      error: { code: 'not-granted' },
    });
  });
});

test('the public client sees what it may', () => {
  const { device } = namedDevice();
  const link = { ...WRAPPER, clientAddress: 16 };
  const line = pair({ link, devices: [device], client: { referencing: 'sn', auth: 'none' } });
  line.run({ type: 'open' });
  expect(
    line.last({ type: 'get', attribute: { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 } }),
  ).toMatchObject({ results: [{ ok: true }] });
  expect(line.last({ type: 'get', attribute: of(ENERGY, 2) })).toMatchObject({ results: [undefinedObject] });
});
