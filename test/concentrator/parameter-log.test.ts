import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type House, openHouse } from './house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.end());

const parameters = async (): Promise<string[]> => {
  const { rows } = await house.concentrator.store.logbook.list({ limit: 50, offset: 0 });
  return rows.filter(({ type }) => type === 'parameters-changed').map(({ detail }) => detail);
};

test('what is changed by hand is in the logbook, with who has done it and without its value', async () => {
  const secret = 'Ftp-Secret-77';
  await house.api('/api/settings/ftp.password', { method: 'PUT', body: { value: secret } });
  await house.api('/api/settings/ftp.port', { method: 'PUT', body: { value: '2121' } });
  expect(await parameters()).toEqual(['ftp.port by admin', 'ftp.password by admin']);
});

test('what is done to meters is no change of parameters', async () => {
  const before = await parameters();
  await house.api('/api/jobs/run', { method: 'POST', body: {} });
  expect(await parameters()).toEqual(before);
});
