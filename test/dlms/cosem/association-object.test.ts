import { describe, expect, test } from 'bun:test';
import { decodeData } from '../../../src/dlms/axdr.ts';
import type { AccessSelection, AssociationConfig } from '../../../src/dlms/client.ts';
import {
  type AccessProtection,
  type AccessRights,
  attributeAccessMode,
  FULL_RIGHTS,
  methodAccessMode,
} from '../../../src/dlms/cosem/access-rights.ts';
import type { AssociationVersion } from '../../../src/dlms/cosem/association-object.ts';
import type { CosemObject } from '../../../src/dlms/cosem/cosem-object.ts';
import { createLogicalDevice, type DeviceAssociation } from '../../../src/dlms/cosem/object-model.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { AssociationUser } from '../../../src/dlms/server.ts';
import {
  array,
  boolean,
  enumeration,
  i8,
  logicalName,
  NULL_DATA,
  octetString,
  structure,
  u8,
  u16,
  u32,
  visibleString,
} from '../../../src/dlms/values.ts';
import { counterFrom, KEYS, type Loopback, pair } from './loopback.ts';
import { MATERIAL } from './security-material.ts';

const RELAY: CosemObject = {
  classId: 70,
  version: 0,
  obis: '0.0.96.3.10.255',
  attributes: { 2: { get: () => boolean(true) }, 3: { get: () => enumeration(1) }, 4: {} },
  methods: { 1: () => 'success', 2: () => 'success' },
};
const REGISTER: CosemObject = {
  classId: 3,
  version: 0,
  obis: '1.0.1.8.0.255',
  attributes: { 2: { get: () => u32(5), set: () => 'success' } },
};

interface Options {
  readonly version?: AssociationVersion;
  readonly association?: Partial<DeviceAssociation>;
  readonly client?: Partial<AssociationConfig>;
}

interface Desk {
  readonly line: Loopback;
  readonly secrets: string[];
  readonly users: () => readonly AssociationUser[];
}

function desk({ version = 1, association = {}, client = {} }: Options = {}): Desk {
  const secrets: string[] = [];
  let users: readonly AssociationUser[] = association.users ?? [];
  const device = createLogicalDevice({
    address: 1,
    systemTitle: KEYS.serverTitle,
    name: 'ODC0000000000001',
    objects: [RELAY, REGISTER],
    associationVersion: version,
    changes: {
      secret: (clientAddress, secret) => {
        secrets.push(`${clientAddress} ${secret.toHex()}`);
        return 'success';
      },
      users: (_, changed) => {
        users = changed;
        return 'success';
      },
    },
    associations: () => [
      {
        clientAddress: 1,
        auth: 'lls',
        policy: 'none',
        password: KEYS.password,
        rights: FULL_RIGHTS,
        suite: 1,
        ...MATERIAL[1].server,
        ...association,
        users,
      },
    ],
    nextInvocationCounter: counterFrom(1),
    acceptInvocationCounter: () => true,
  });
  const { auth = 'lls', policy = 'none' } = { ...association, ...client };
  const line = pair({
    auth,
    policy,
    devices: [device],
    client: { suite: 1, ...MATERIAL[1].client, ...client },
  });
  expect(line.last({ type: 'open' }).type).toBe('opened');
  return { line, secrets, users: () => users };
}

function read(line: Loopback, attribute: number, selection?: AccessSelection): DlmsData | string | undefined {
  const event = line.last({
    type: 'get',
    attribute: { classId: 15, obis: '0.0.40.0.0.255', attribute },
    ...(selection ? { selection } : {}),
  });
  if (event.type !== 'get-result') throw new Error(event.type);
  const [result] = event.results;
  return result?.ok === true ? decodeData(result.data) : result?.result;
}

function method(line: Loopback, index: number, parameter: DlmsData): string {
  const event = line.last({
    type: 'action',
    method: { classId: 15, obis: '0.0.40.0.0.255', attribute: index },
    parameter,
  });
  if (event.type !== 'action-result') throw new Error(event.type);
  return event.result;
}

const elements = (data: DlmsData | string | undefined): readonly DlmsData[] =>
  typeof data === 'object' && (data.type === 'array' || data.type === 'structure') ? data.elements : [];

/** class_id, logical name and access rights of each row. */
const rows = (data: DlmsData | string | undefined): string[] =>
  elements(data).map((row) => {
    const [classId, , name, rights] = elements(row);
    const [attributes, methods] = elements(rights);
    const id = classId?.type === 'long-unsigned' ? classId.value : 0;
    const obis = name?.type === 'octet-string' ? name.value.join('.') : '';
    return `${id} ${obis} ${elements(attributes).length}+${elements(methods).length}`;
  });

const ALL = [
  '1 0.0.42.0.0.255',
  '17 0.0.41.0.0.255',
  '15 0.0.40.0.0.255',
  '70 0.0.96.3.10.255',
  '3 1.0.1.8.0.255',
];

describe('object_list', () => {
  const objectId = (classId: number, obis: string): DlmsData => structure(u16(classId), logicalName(obis));
  const by = (selector: number, parameter: DlmsData): AccessSelection => ({
    by: 'selector',
    selector,
    parameter,
  });

  test('whole, and by each selector', () => {
    const { line } = desk();
    expect(rows(read(line, 2)).map((row) => row.slice(0, row.lastIndexOf(' ')))).toEqual(ALL);
    expect(rows(read(line, 2, by(1, NULL_DATA)))).toEqual(ALL.map((row) => `${row} 0+0`));
    expect(rows(read(line, 2, by(2, array([u16(3), u16(70)]))))).toEqual([
      '70 0.0.96.3.10.255 0+0',
      '3 1.0.1.8.0.255 0+0',
    ]);
    const two = array([objectId(3, '1.0.1.8.0.255'), objectId(3, '1.0.2.8.0.255')]);
    expect(rows(read(line, 2, by(3, two)))).toEqual(['3 1.0.1.8.0.255 3+1']);
    expect(rows(array([read(line, 2, by(4, objectId(70, '0.0.96.3.10.255'))) as DlmsData]))).toEqual([
      '70 0.0.96.3.10.255 4+2',
    ]);
  });

  test.each([
    [by(1, u8(1)), 'type-unmatched'],
    [by(2, u16(3)), 'type-unmatched'],
    [by(2, array([u8(3)])), 'type-unmatched'],
    [by(3, objectId(3, '1.0.1.8.0.255')), 'type-unmatched'],
    [by(4, array([])), 'type-unmatched'],
    [by(4, objectId(3, '1.0.2.8.0.255')), 'object-undefined'],
    [by(5, NULL_DATA), 'scope-of-access-violated'],
    [{ by: 'entry', fromEntry: 1, toEntry: 2 } as const, 'scope-of-access-violated'],
  ])('a selection that means nothing (%#)', (selection, result) => {
    expect(read(desk().line, 2, selection)).toBe(result);
  });
});

describe('versions', () => {
  test.each([
    [0, 8],
    [1, 9],
    [2, 11],
    [3, 11],
  ] as const)('%i has attributes up to %i', (version, last) => {
    const { line } = desk({
      version,
      association: { users: [{ id: 0, name: 'all' }] },
      client: { userId: 0 },
    });
    expect(typeof read(line, last)).toBe('object');
    expect(read(line, last + 1)).toBe('object-undefined');
    const [element] = elements(read(line, 2)).filter((row) => elements(row)[0]?.type === 'long-unsigned');
    expect(elements(element)).toHaveLength(4);
  });

  test('0 has booleans for methods, the others enumerations', () => {
    const modeOf = (version: AssociationVersion): DlmsData | undefined => {
      const relay = elements(read(desk({ version }).line, 2)).find(
        (row) =>
          elements(row)[0]?.type === 'long-unsigned' && JSON.stringify(elements(row)[0]).includes('70'),
      );
      const [, methods] = elements(elements(relay)[3]);
      return elements(elements(methods)[0])[1];
    };
    expect(modeOf(0)).toEqual(boolean(true));
    expect(modeOf(1)).toEqual(enumeration(1));
    expect(modeOf(3)).toEqual(enumeration(1));
  });

  const plain = { policy: 'none', signed: false } as const;
  const tagged = { policy: 'auth', signed: false } as const;
  const full = { policy: 'auth-enc', signed: true } as const;
  const attributeModes: readonly (readonly [
    AssociationVersion,
    'none' | 'read' | 'write' | 'read-write',
    AccessProtection | undefined,
    number,
  ])[] = [
    [1, 'none', undefined, 0],
    [1, 'read', undefined, 1],
    [1, 'write', undefined, 2],
    [1, 'read-write', undefined, 3],
    [1, 'read', { request: tagged }, 4],
    [1, 'write', { request: tagged }, 5],
    [2, 'read-write', { request: full }, 6],
    [2, 'read', { request: plain }, 1],
    [2, 'read', { response: tagged }, 1],
    [3, 'none', { request: tagged }, 0],
    [3, 'read', undefined, 0b0000_0001],
    [3, 'read', { request: tagged }, 0b0000_0101],
    [3, 'read-write', { request: full }, 0b0001_1111],
    [3, 'write', { response: full }, 0b1110_0010],
    [3, 'read', { request: { policy: 'enc', signed: false }, response: tagged }, 0b0010_1001],
  ];
  test.each(attributeModes)('version %i, %s, %j: attribute mode %i', (version, right, protection, mode) => {
    expect(attributeAccessMode(version, right, protection)).toBe(mode);
  });

  const methodModes: readonly (readonly [
    AssociationVersion,
    boolean,
    AccessProtection | undefined,
    number,
  ])[] = [
    [0, true, { request: tagged }, 1],
    [1, false, { request: tagged }, 0],
    [1, true, undefined, 1],
    [1, true, { request: tagged }, 2],
    [3, true, { request: full, response: tagged }, 0b0011_1101],
    [3, false, { request: full }, 0],
  ];
  test.each(methodModes)('version %i, %p, %j: method mode %i', (version, granted, protection, mode) => {
    expect(methodAccessMode(version, granted, protection)).toBe(mode);
  });
});

describe('protection that one attribute asks for', () => {
  const rights: AccessRights = {
    ...FULL_RIGHTS,
    protection: ({ classId }, index, part) => {
      if (classId === 70 && part === 'method') return { request: { policy: 'auth-enc', signed: true } };
      if (classId === 3 && index === 2) return { request: { policy: 'auth', signed: false } };
      return classId === 70 && index === 2 ? { response: { policy: 'auth-enc', signed: false } } : undefined;
    },
  };
  const ends = (line: Loopback, classId: number, obis: string, attribute: number): string => {
    const event = line.last({ type: 'get', attribute: { classId, obis, attribute } });
    if (event.type !== 'get-result') throw new Error(event.type);
    return event.results[0]?.ok === true ? 'success' : (event.results[0]?.result ?? '');
  };
  const close = (line: Loopback): string => {
    const event = line.last({ type: 'action', method: { classId: 70, obis: RELAY.obis, attribute: 2 } });
    return event.type === 'action-result' ? event.result : event.type;
  };

  test('is refused to requests that have less', () => {
    const open = desk({ association: { rights } }).line;
    expect(ends(open, 3, REGISTER.obis, 2)).toBe('read-write-denied');
    expect(ends(open, 70, RELAY.obis, 3)).toBe('success');
    expect(close(open)).toBe('read-write-denied');
    const tagged = desk({ association: { rights }, client: { policy: 'auth' } }).line;
    expect(ends(tagged, 3, REGISTER.obis, 2)).toBe('success');
    expect(close(tagged)).toBe('read-write-denied');
    const signed = desk({ association: { rights }, client: { policy: 'auth-enc', signed: true } }).line;
    expect(close(signed)).toBe('success');
  });

  test('raises the answer', () => {
    const { line } = desk({ association: { rights }, client: { policy: 'auth' } });
    const control = (): number | undefined =>
      line.wire.findLast(({ direction }) => direction === 'up')?.bytes[10];
    ends(line, 70, RELAY.obis, 2);
    expect(control()).toBe(0x31);
    ends(line, 70, RELAY.obis, 3);
    expect(control()).toBe(0x11);
  });
});

describe('secrets', () => {
  const secret = octetString(Uint8Array.of(1, 2, 3));

  test('are never read, and changed by attribute 7 or method 2', () => {
    const { line, secrets } = desk();
    expect(read(line, 7)).toBe('read-write-denied');
    const attribute = { classId: 15, obis: '0.0.40.0.0.255', attribute: 7 };
    expect(line.last({ type: 'set', attribute, value: secret })).toMatchObject({ result: 'success' });
    expect(method(line, 2, secret)).toBe('success');
    expect(secrets).toEqual(['1 010203', '1 010203']);
    expect(method(line, 2, u8(1))).toBe('type-unmatched');
    expect(method(line, 2, octetString(new Uint8Array(0)))).toBe('other-reason');
    expect(method(line, 2, octetString(new Uint8Array(65)))).toBe('other-reason');
    expect(secrets).toHaveLength(2);
  });

  test('where the mechanism has none there is nothing to change', () => {
    const { line, secrets } = desk({ association: { auth: 'hls-gmac' } });
    expect(method(line, 2, secret)).toBe('read-write-denied');
    expect(secrets).toEqual([]);
  });

  test('out of passes 3 and 4 there is nothing to reply to', () => {
    expect(method(desk().line, 1, secret)).toBe('temporary-failure');
  });
});

describe('users', () => {
  const reader = { id: 3, name: 'reader' };
  const row = (id: number, name: string): DlmsData => structure(u8(id), visibleString(name));

  test('are listed, added and removed; the current one is named', () => {
    const one = desk({ version: 2, association: { users: [reader] }, client: { userId: 3 } });
    expect(read(one.line, 10)).toEqual(array([row(3, 'reader')]));
    expect(read(one.line, 11)).toEqual(row(3, 'reader'));
    expect(method(one.line, 5, row(4, 'fitter'))).toBe('success');
    expect(one.users()).toEqual([reader, { id: 4, name: 'fitter' }]);
    expect(method(one.line, 5, row(4, 'again'))).toBe('other-reason');
    expect(method(one.line, 6, row(3, 'reader'))).toBe('success');
    expect(one.users()).toEqual([{ id: 4, name: 'fitter' }]);
    expect(method(one.line, 6, row(3, 'reader'))).toBe('other-reason');
    expect(method(one.line, 5, i8(1))).toBe('type-unmatched');
    expect(method(one.line, 5, structure(u16(1), visibleString('x')))).toBe('type-unmatched');
  });

  test('are not there before version 2', () => {
    expect(method(desk({ version: 1 }).line, 5, row(4, 'fitter'))).toBe('object-undefined');
  });
});
