import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import type { Referencing } from '../../../src/dlms/client.ts';
import { type CosemObject, constant } from '../../../src/dlms/cosem/cosem-object.ts';
import { createLogicalDevice, FULL_RIGHTS, readOnly } from '../../../src/dlms/cosem/object-model.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { LogicalDevice } from '../../../src/dlms/server.ts';
import { array, boolean, octetText, scalerUnit, structure, u16, u32 } from '../../../src/dlms/values.ts';
import { counterFrom, KEYS } from './loopback.ts';

export const LONG = array(
  Array.from({ length: 500 }, (_, i) => structure(u32(i), octetText('x'.repeat(i % 7)))),
);
export const ENERGY = { classId: 3, obis: '1.0.1.8.0.255' } as const;
export const NOTE = { classId: 1, obis: '0.0.96.1.10.255' } as const;
export const LIST = { classId: 1, obis: '0.0.96.1.11.255' } as const;
export const RELAY = { classId: 70, obis: '0.0.96.3.10.255' } as const;
export const HIDDEN = { classId: 3, obis: '1.0.99.8.0.255' } as const;
export const PROFILE = { classId: 7, obis: '1.0.99.1.0.255' } as const;

export interface DeviceOptions {
  readonly auth?: AuthMechanism;
  readonly policy?: SecurityPolicy;
  readonly referencing?: readonly Referencing[];
}

/** A device of a few objects that has short names, and what was done to it. */
export function namedDevice(options: DeviceOptions = {}): {
  readonly device: LogicalDevice;
  readonly state: { log: string[]; note: DlmsData };
} {
  const { auth = 'none', policy = 'none', referencing = ['ln', 'sn'] } = options;
  const state: { log: string[]; note: DlmsData } = { log: [], note: u16(1) };
  let lowest = 0;
  const noted = (what: string, result = 'success'): string => {
    state.log.push(what);
    return result;
  };
  const register = (object: { classId: number; obis: string }, baseName?: number): CosemObject => ({
    ...object,
    version: 0,
    ...(baseName === undefined ? {} : { baseName }),
    attributes: { 2: constant(u32(5)), 3: constant(scalerUnit(-1, 30)) },
    methods: { 1: () => noted(`reset ${object.obis}`) },
  });
  const objects: CosemObject[] = [
    register(ENERGY, 0x4000),
    register(HIDDEN),
    {
      ...NOTE,
      version: 0,
      attributes: {
        2: {
          get: () => state.note,
          set: (value) => {
            state.note = value;
            return 'success';
          },
        },
      },
    },
    { ...LIST, version: 0, attributes: { 2: constant(LONG) } },
    {
      ...PROFILE,
      version: 1,
      attributes: {
        2: {
          selective: true,
          get: ({ selection }) =>
            selection?.by === 'entry' ? array([u32(selection.fromEntry), u32(selection.toEntry)]) : LONG,
        },
        3: constant(array([])),
      },
      methods: { 2: () => noted('capture') },
    },
    {
      ...RELAY,
      version: 0,
      attributes: {
        2: constant(boolean(true)),
        3: constant({ type: 'enum', value: 1 }),
        4: constant({ type: 'enum', value: 1 }),
      },
      methods: {
        1: (parameter) => noted(`off ${parameter?.type ?? 'nothing'}`),
        2: () => noted('on', 'temporary-failure'),
      },
    },
  ];
  const device = createLogicalDevice({
    address: 1,
    systemTitle: KEYS.serverTitle,
    name: 'ODC0001',
    objects,
    shortNames: true,
    changes: { secret: (_client, secret) => noted(`secret ${secret.length}`) },
    associations: [
      {
        clientAddress: 1,
        auth,
        policy,
        ...KEYS,
        referencing,
        rights: {
          ...FULL_RIGHTS,
          attribute: ({ obis }) => (obis === HIDDEN.obis ? 'none' : 'read-write'),
          method: ({ obis }) => obis !== HIDDEN.obis,
        },
      },
      { clientAddress: 16, auth: 'none', policy: 'none', referencing, rights: readOnly(() => false) },
    ],
    nextInvocationCounter: counterFrom(100),
    acceptInvocationCounter: (_client, counter) => {
      if (counter < lowest) return false;
      lowest = counter + 1;
      return true;
    },
  });
  return { device, state };
}
