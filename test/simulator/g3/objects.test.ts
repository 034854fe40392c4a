import { describe, expect, test } from 'bun:test';
import { checkAgainst, interfaceClass } from '../../../src/dlms/cosem/classes/index.ts';
import type { CosemObject } from '../../../src/dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { Caller } from '../../../src/dlms/server.ts';
import { octetString, u8 } from '../../../src/dlms/values.ts';
import { wrapKey } from '../../../src/kernels/index.ts';
import { G3Network } from '../../../src/simulator/g3/network.ts';
import {
  G3_PSK_CHECK_OBJECT,
  G3_PSK_OBJECT,
  type G3Meter,
  g3Objects,
} from '../../../src/simulator/g3/objects.ts';

const START_MS = Date.UTC(2026, 0, 5, 12);
const MASTER = new Uint8Array(16).fill(0x6b);
const KEY = new Uint8Array(16).fill(0x2e);
const members = Array.from({ length: 8 }, (_, i) => ({
  meterNo: `m${i}`,
  feeder: i % 2,
  phases: 1 as const,
}));

function meterOf(meterNo: string, at: () => number): G3Meter {
  const security = { key: (name: string) => (name === 'masterKey' ? MASTER : undefined) };
  return { plan: { meterNo }, now: at, security: security as unknown as G3Meter['security'] };
}

const caller = (policy: 'auth-enc' | 'auth' | undefined): Caller =>
  ({
    clientAddress: 1,
    ...(policy === undefined ? {} : { protection: { policy, signed: false } }),
  }) as Caller;

function value(object: CosemObject | undefined, attribute: number): DlmsData | undefined {
  const got = object?.attributes[attribute]?.get?.({ caller: caller('auth-enc') });
  return got !== undefined && 'type' in got ? got : undefined;
}

describe('objects of a meter of a G3-PLC network', () => {
  const network = new G3Network({ seed: 2, members, takeOverMs: 1_000, blacklists: { m3: [5] } });

  test('have every attribute of their class and version, of its type', () => {
    const objects = g3Objects(
      meterOf('m3', () => START_MS),
      network,
    );
    expect(objects.map(({ classId, obis }) => `${classId} ${obis}`).slice(0, 3)).toEqual([
      '90 0.0.29.0.0.255',
      '91 0.0.29.1.0.255',
      '92 0.0.29.2.0.255',
    ]);
    for (const object of objects.slice(0, 3)) {
      const definition = interfaceClass(object.classId);
      if (definition === undefined) throw new Error('no such class');
      for (const number of Object.keys(object.attributes).map(Number)) {
        const data = value(object, number);
        if (data === undefined) throw new Error(`${object.obis} attribute ${number} has no value`);
        expect(checkAgainst(definition, object.version, number, data)).toEqual([]);
      }
    }
    expect(
      g3Objects(
        meterOf('nobody', () => START_MS),
        network,
      ),
    ).toEqual([]);
  });

  test('take a wrapped key under full protection only, use it later, and never tell it', () => {
    let nowMs = START_MS;
    const objects = g3Objects(
      meterOf('m1', () => nowMs),
      network,
    );
    const psk = objects.find(({ obis }) => obis === G3_PSK_OBJECT)?.attributes[2];
    const check = objects.find(({ obis }) => obis === G3_PSK_CHECK_OBJECT);
    const wrapped = octetString(wrapKey(MASTER, KEY));
    const before = value(check, 2);
    expect(psk?.get).toBeUndefined();
    for (const policy of ['auth', undefined] as const) {
      expect(psk?.set?.(wrapped, caller(policy))).toBe('read-write-denied');
    }
    expect(psk?.set?.(octetString(KEY), caller('auth-enc'))).toBe('other-reason');
    expect(psk?.set?.(u8(1), caller('auth-enc'))).toBe('type-unmatched');
    expect(psk?.set?.(wrapped, caller('auth-enc'))).toBe('success');
    expect(value(check, 2)).toEqual(before as DlmsData);
    nowMs += 1_000;
    expect(value(check, 2)).not.toEqual(before as DlmsData);
    expect(network.key('m1')?.at(nowMs)).toEqual(KEY);
  });

  test('a meter that loses its key is not in the network any more', () => {
    const place = network.key('m2');
    network.failKey('m2', 'lose');
    expect(place?.offer(KEY, START_MS)).toBe('success');
    expect(network.isJoined('m2', START_MS)).toBe(true);
    expect(network.isJoined('m2', START_MS + 1_000)).toBe(false);
    network.failKey('m2', undefined);
    expect(network.isJoined('m2', START_MS + 2_000)).toBe(true);
  });
});
