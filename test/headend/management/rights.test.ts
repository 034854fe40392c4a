import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { decodeData } from '../../../src/dlms/axdr.ts';
import { checkAgainst } from '../../../src/dlms/cosem/classes/check-against.ts';
import { interfaceClass } from '../../../src/dlms/cosem/classes/index.ts';
import { NULL_DATA } from '../../../src/dlms/values.ts';
import { openServed, type ServedHouse } from '../served.ts';
import { type ListedObject, objectsOf } from './walk.ts';

setDefaultTimeout(120_000);

const READER = { client: 7, password: new TextEncoder().encode('Reads-Only-1') };
const PUBLIC = { client: 16, auth: 'none' } as const;
/** Attributes that go in only: what is to be taken away or done, and the PIN. */
const WRITE_ONLY = /^(?:1:0\.128\.96\.(?:1\.[234]|[789]\.1)\.255 2|45:0\.0\.25\.4\.0\.255 3)$/;

let served: ServedHouse;
beforeAll(async () => {
  served = await openServed();
  await served.attributes({
    'hes.rights': 'full',
    'hes.reader.client': '7',
    'hes.reader.auth': 'lls',
    'hes.reader.password': 'Reads-Only-1',
  });
});
afterEach(() => served.hangUp());
afterAll(() => served.end());

const nameOf = ({ classId, obis }: ListedObject, attribute: number): string =>
  `${classId}:${obis} ${attribute}`;

/** Every attribute of every object by its access mode. */
function* attributesOf(objects: readonly ListedObject[]) {
  for (const object of objects) {
    const { classId, obis } = object;
    for (const [attribute, mode] of object.attributes)
      yield { object, mode, at: { classId, obis, attribute }, name: nameOf(object, attribute) };
  }
}

describe('the concentrator as logical device 1', () => {
  test('whoever may do all reads all but what only goes in, and every value is of its class', async () => {
    const client = await served.associate(1);
    const objects = await objectsOf(client);
    const wrong: string[] = [];
    const unreadable: string[] = [];
    for (const { object, mode, at, name } of attributesOf(objects)) {
      const result = await client.get(at);
      if (result.ok !== ((mode & 1) !== 0))
        wrong.push(`${name}: ${mode} ${result.ok ? 'read' : result.result}`);
      if (!result.ok) {
        if (result.result === 'read-write-denied') unreadable.push(name);
        continue;
      }
      const definition = interfaceClass(object.classId);
      if (definition === undefined) continue;
      const value = decodeData(result.data);
      wrong.push(
        ...checkAgainst(definition, object.version, at.attribute, value).map((line) => `${name}: ${line}`),
      );
    }
    expect(wrong).toEqual([]);
    const writeOnly = unreadable.filter((name) => WRITE_ONLY.test(name));
    expect(writeOnly).toHaveLength(7);
    // Of the others nobody may know: the secret of an association, and what an object does not have.
    const others = unreadable.filter((name) => !WRITE_ONLY.test(name));
    for (const name of others) expect(name).not.toMatch(/^1:/);
    expect(objects.length).toBeGreaterThan(45);
    await client.release();
  });

  test('an association that only reads sets nothing and does nothing, whatever it tries', async () => {
    const { store } = served.house.concentrator;
    const state = async () =>
      JSON.stringify([
        await store.configuration.settings(),
        await store.configuration.channels(),
        await store.configuration.channelAttributes(),
        await store.configuration.protocolAttributes(),
        await store.configuration.taskGroups(),
        await store.configuration.taskItems(),
        await store.blacklist.list(),
        (await store.archive.list({})).rows,
        (await store.audit.list({ limit: 1, offset: 0 })).total,
      ]);
    const before = await state();
    const full = await served.associate(1);
    const known = await objectsOf(full);
    await full.release();
    const client = await served.associate(1, READER);
    const shown = await objectsOf(client);
    for (const { mode, name } of attributesOf(shown)) expect(`${name} ${mode & 2}`).toBe(`${name} 0`);
    for (const { at, name } of attributesOf(known)) {
      const result = await client.set(at, NULL_DATA);
      const denied = result === 'read-write-denied' || result === 'object-undefined';
      expect(`${name} ${denied ? 'denied' : result}`).toBe(`${name} denied`);
    }
    for (const { classId, obis, methods } of known) {
      for (const attribute of methods.keys()) {
        const { result } = await client.action({ classId, obis, attribute }, { type: 'integer', value: 0 });
        expect(`${obis} ${attribute} ${result}`).toMatch(/(?:read-write-denied|object-undefined)$/);
      }
    }
    expect(await state()).toBe(before);
    await client.release();
  });

  test('the public client sees who it is and what time it is, and nothing else', async () => {
    const full = await served.associate(1);
    const known = await objectsOf(full);
    await full.release();
    const client = await served.associate(1, PUBLIC);
    const shown = (await objectsOf(client)).map(({ obis }) => obis);
    expect(shown.toSorted()).toEqual(
      [
        '0.0.1.0.0.255',
        '0.0.40.0.0.255',
        '0.0.41.0.0.255',
        '0.0.42.0.0.255',
        '0.0.96.1.0.255',
        '1.0.0.2.0.255',
      ].toSorted(),
    );
    for (const { at, name } of attributesOf(known)) {
      if (shown.includes(at.obis)) continue;
      const result = await client.get(at);
      expect(`${name} ${result.ok ? 'read' : result.result}`).toBe(`${name} object-undefined`);
      expect(await client.set(at, NULL_DATA)).toBe('object-undefined');
    }
    const clock = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
    const read = await client.get(clock);
    expect(read.ok).toBe(true);
    if (read.ok) expect(await client.set(clock, decodeData(read.data))).toBe('read-write-denied');
    await client.release();
  });
});
