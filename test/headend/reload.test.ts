import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { openHouse } from '../concentrator/house.ts';
import { elements, openServed, readValue, type ServedHouse } from './served.ts';

setDefaultTimeout(60_000);

const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };

let served: ServedHouse;
beforeEach(async () => {
  served = await openServed({ meters: 1 });
});
afterEach(() => served.end());

test('a new concentrator listens to no head-end until it has a port', async () => {
  const house = await openHouse();
  try {
    expect(house.concentrator.headend.port('tcp_server')).toBeUndefined();
  } finally {
    await house.end();
  }
});

test('a channel that is switched off lets its clients go, and is there again when it is switched on', async () => {
  const { configuration } = served.house.concentrator.store;
  const channel = (await configuration.channels()).find(({ name }) => name === 'tcp_server');
  if (channel === undefined) throw new Error('no such channel');
  const client = await served.associate(1);
  await configuration.saveChannel({ ...channel, enabled: false });
  expect(served.house.concentrator.headend.port('tcp_server')).toBeUndefined();
  await expect(client.get(SAPS)).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:link-closed|channel-lost)$/),
  });
  await configuration.saveChannel({ ...channel, enabled: true });
  const again = await served.associate(1);
  expect(elements(await readValue(again, SAPS))).toHaveLength(2);
});

test('a new password holds from the next connection on; the one that stands goes on', async () => {
  const standing = await served.associate(1);
  await served.attributes({ 'hes.password': 'Another-Word-1' });
  expect(elements(await readValue(standing, SAPS))).toHaveLength(2);
  await expect(served.associate(1)).rejects.toMatchObject({ code: 'association-refused' });
  const next = await served.associate(1, { password: new TextEncoder().encode('Another-Word-1') });
  expect(elements(await readValue(next, SAPS))).toHaveLength(2);
});

test('secrets are sealed, never shown, and must be keys; the client of the public is not to be had', async () => {
  const { configuration } = served.house.concentrator.store;
  const shown = await configuration.channelAttributes('tcp_server');
  expect(shown.find(({ key }) => key === 'hes.password')?.value).toBe('***');
  const field = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => (error instanceof Error && 'field' in error ? error.field : error),
    );
  expect(await field(served.attributes({ 'hes.encryption.key': 'short' }))).toBe('hes.encryption.key');
  expect(await field(served.attributes({ 'hes.client': '16' }))).toBe('hes.client');
  expect(await field(served.attributes({ 'hes.auth': 'none' }))).toBe('hes.auth');
  expect(await field(served.attributes({ port: '65536' }))).toBe('port');
});
