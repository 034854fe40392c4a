import { describe, expect, test } from 'bun:test';
import { toHex } from '../../../src/base/bytes.ts';
import { LN_CONFORMANCE } from '../../../src/dlms/apdu/conformance.ts';
import { encodeDataNotification } from '../../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { createLogicalDevice, FULL_RIGHTS, readOnly } from '../../../src/dlms/cosem/object-model.ts';
import { octetString, scalerUnit, structure, u32 } from '../../../src/dlms/values.ts';
import { counterFrom, HDLC, KEYS, type Loopback, pair, WRAPPER } from './loopback.ts';

const stored: { scaler: number } = { scaler: 0 };
const device = (policy: 'none' | 'auth-enc' = 'none', rights = FULL_RIGHTS) =>
  createLogicalDevice({
    address: 1,
    systemTitle: KEYS.serverTitle,
    name: 'TEST',
    objects: [
      {
        classId: 3,
        version: 0,
        obis: '1.0.1.8.0.255',
        attributes: {
          2: { get: () => u32(77) },
          3: {
            get: () => scalerUnit(stored.scaler, 30),
            set: (value) => {
              const [scaler] = value.type === 'structure' ? value.elements : [];
              stored.scaler = scaler?.type === 'integer' ? scaler.value : 0;
              return 'success';
            },
          },
        },
      },
    ],
    associations: [{ clientAddress: 1, auth: 'none', policy, rights, ...KEYS }],
    nextInvocationCounter: counterFrom(1),
    acceptInvocationCounter: () => true,
  });

const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };

const notify = (line: Loopback, apdu: Uint8Array): void => {
  line.server.command({ type: 'notify', apdu, clientAddress: 1 }, line.nowMs);
  line.settle(1000, () => false);
};

describe('notifications under an association', () => {
  for (const link of [WRAPPER, HDLC]) {
    for (const policy of ['none', 'auth-enc'] as const) {
      test(`${link.framing}, ${policy}: short ones, long ones in general blocks, and their confirmation`, () => {
        const line = pair({
          link,
          policy,
          devices: [device(policy)],
          clientPdu: 128,
          client: { generalBlocks: { window: 3 } },
        });
        expect(line.last({ type: 'open' }).type).toBe('opened');
        for (const [length, confirmed] of [
          [20, false],
          [20, true],
          [900, true],
          [900, true],
        ] as const) {
          // On HDLC a server speaks when it has the turn, which blocks would need again and again.
          if (length > 100 && link === HDLC) continue;
          const body = encodeData(octetString(new Uint8Array(length).fill(length & 0xff)));
          const longInvoke = confirmed ? 0x40000000 + length : length;
          const apdu = encodeDataNotification({ longInvoke, body });
          const from = { client: line.client.events.length, server: line.server.events.length };
          notify(line, apdu);
          const turns = link === HDLC ? 2 : 0;
          for (let turn = 0; turn < turns; turn++) line.last({ type: 'get', attribute: ENERGY });
          line.settle(1000, () => false);
          expect(line.client.events.slice(from.client)).toContainEqual({ type: 'notification', apdu });
          expect(line.server.events.slice(from.server)).toEqual(
            confirmed ? [{ type: 'notification-confirmed', clientAddress: 1, longInvoke }] : [],
          );
        }
        expect(
          line.last({ type: 'get', attribute: { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 } }),
        ).toEqual({
          type: 'get-result',
          results: [{ ok: true, data: encodeData(u32(77)) }],
        });
      });
    }
  }

  test('what cannot be sent is told', () => {
    const apdu = encodeDataNotification({
      longInvoke: 1,
      body: encodeData(octetString(new Uint8Array(500))),
    });
    const withheld = LN_CONFORMANCE.filter((bit) => bit !== 'data-notification');
    const cases = [
      [pair({ devices: [device()] }), 'conflict'],
      [pair({ devices: [device()], client: { proposedConformance: withheld } }), 'not-granted'],
      [pair({ devices: [device()], clientPdu: 128 }), 'apdu-too-long'],
    ] as const;
    for (const [line, code] of cases) {
      if (code !== 'conflict') line.last({ type: 'open' });
      const from = line.server.events.length;
      notify(line, apdu);
      expect(line.server.events.slice(from)).toMatchObject([
        { type: 'notification-failed', clientAddress: 1, error: { code } },
      ]);
    }
  });
});

describe('attribute 0', () => {
  const all = { classId: 3, obis: '1.0.1.8.0.255', attribute: 0 };

  test('stands for all attributes, with the rights of each', () => {
    const line = pair({ devices: [device()] });
    line.last({ type: 'open' });
    const name = octetString(Uint8Array.of(1, 0, 1, 8, 0, 255));
    expect(line.last({ type: 'get', attribute: all })).toEqual({
      type: 'get-result',
      results: [{ ok: true, data: encodeData(structure(name, u32(77), scalerUnit(0, 30))) }],
    });
    const value = structure({ type: 'null-data' }, { type: 'null-data' }, scalerUnit(-3, 30));
    expect(line.last({ type: 'set', attribute: all, value })).toEqual({
      type: 'set-result',
      result: 'success',
    });
    expect(stored.scaler).toBe(-3);
    expect(
      line.last({ type: 'set', attribute: all, value: structure(u32(1), { type: 'null-data' }) }),
    ).toEqual({
      type: 'set-result',
      result: 'read-write-denied',
    });
    expect(line.last({ type: 'set', attribute: all, value: u32(1) })).toMatchObject({
      result: 'type-unmatched',
    });
    expect(line.last({ type: 'get', attribute: { ...all, obis: '1.0.9.9.9.255' } })).toEqual({
      type: 'get-result',
      results: [{ ok: false, result: 'object-undefined' }],
    });
    expect(line.last({ type: 'get', attribute: { ...all, classId: 60_000 } })).toMatchObject({
      results: [{ ok: false, result: 'object-undefined' }],
    });
  });

  test('what may not be read is null-data', () => {
    const rights = {
      ...readOnly(() => true),
      attribute: (_: unknown, index: number) => (index === 2 ? ('none' as const) : ('read' as const)),
    };
    const line = pair({ devices: [device('none', rights)] });
    line.last({ type: 'open' });
    const last = line.last({ type: 'get', attribute: all });
    const [result] = last.type === 'get-result' ? last.results : [];
    expect(result?.ok && toHex(result.data)).toStartWith(
      '0203 0906 0100010800ff 00 0202'.replaceAll(' ', ''),
    );
  });
});
