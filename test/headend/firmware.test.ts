import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { toDcuError } from '../../src/base/errors.ts';
import type { DlmsClient } from '../../src/channels/dlms-client.ts';
import { type ImageOutcome, transferImage } from '../../src/dlms/cosem/image-transfer.ts';
import { IMAGE_STATUS } from '../../src/dlms/cosem/image-transfer-object.ts';
import { octetString, structure, u32 } from '../../src/dlms/values.ts';
import { answerTo } from '../interop/our-operations.ts';
import { Signer } from './firmware-images.ts';
import { openServed, readValue, type ServedHouse } from './served.ts';

setDefaultTimeout(60_000);

const OBIS = '0.0.44.0.0.255';
const at = (attribute: number) => ({ classId: 18, obis: OBIS, attribute });
const EXECUTABLE = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 31) & 0xff);
const BLOCK = 4096;

let served: ServedHouse;
let signer: Signer;
beforeEach(async () => {
  served = await openServed({ meters: 1 });
  await served.attributes({ 'hes.rights': 'full' });
  signer = new Signer();
  signer.trust(served.house.directory);
});
afterEach(() => served.end());

/** Looks again until it holds; the time limit of the test ends it otherwise. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(10);
}

const home = (...path: string[]): string => join(served.house.directory, 'firmware', ...path);

async function transfer(client: DlmsClient, image: Uint8Array): Promise<ImageOutcome> {
  const steps = transferImage({
    obis: OBIS,
    identifier: new TextEncoder().encode('opendcu'),
    image,
    pollMs: 20,
    polls: 200,
  });
  let step = steps.next();
  while (step.done !== true) step = steps.next(await answerTo(client, step.value));
  return step.value;
}

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: unknown) => toDcuError(error).code,
  );

async function logged(): Promise<string[]> {
  const { rows } = await served.house.concentrator.store.logbook.list({ limit: 100, offset: 0 });
  return rows.filter(({ type }) => type === 'firmware-image').map(({ detail }) => detail);
}

const status = async (client: DlmsClient): Promise<unknown> => {
  const data = await readValue(client, at(6));
  return 'value' in data ? data.value : undefined;
};

test('an image is transferred, proved and made the one to start next', async () => {
  const client = await served.associate(1);
  const outcome = await transfer(client, await signer.image('1.2.3', EXECUTABLE));
  expect(outcome).toMatchObject({ blockSize: BLOCK, activated: true });
  expect(readlinkSync(home('current'))).toBe('1.2.3');
  expect(new Uint8Array(readFileSync(home('current', 'dcu')))).toEqual(EXECUTABLE);
  await until(async () => (await logged()).length === 2);
  expect((await logged()).toReversed()).toEqual([
    'image 1.2.3 is sound, signed by release',
    'image 1.2.3 was activated; it runs from the next start on',
  ]);
});

test('what somebody else has signed, and what was changed on its way, is refused and stands nowhere', async () => {
  const client = await served.associate(1);
  expect(await refusal(transfer(client, await new Signer().image('6.6.6', EXECUTABLE)))).not.toBe('nothing');
  expect(await status(client)).toBe(IMAGE_STATUS['verification-failed']);
  const changed = await signer.image('1.2.3', EXECUTABLE);
  changed[changed.length - 1] = 0;
  expect(await refusal(transfer(client, changed))).not.toBe('nothing');
  expect(existsSync(home('current'))).toBe(false);
  await until(async () => (await logged()).length === 2);
  expect((await logged()).toReversed()).toEqual([
    'image refused: the image is signed by none of the trusted keys',
    'image refused: the image is not the one that was signed',
  ]);
  // The way is free for a sound one.
  expect(await transfer(client, await signer.image('1.2.4', EXECUTABLE))).toMatchObject({ activated: true });
});

const initiate = (client: DlmsClient, size: number) =>
  client.action(at(1), structure(octetString(new TextEncoder().encode('x')), u32(size)));
const block = (client: DlmsClient, number: number, bytes: Uint8Array) =>
  client.action(at(2), structure(u32(number), octetString(bytes)));

test('an image that is cut off is not verified, and goes on where it stopped after the connection is back', async () => {
  const image = await signer.image('1.2.3', EXECUTABLE);
  const first = await served.associate(1);
  expect((await initiate(first, image.length)).result).toBe('success');
  expect((await block(first, 0, image.subarray(0, BLOCK))).result).toBe('success');
  await served.hangUp();
  const second = await served.associate(1);
  expect((await second.action(at(3), u32(0))).result).toBe('other-reason');
  expect(await readValue(second, at(4))).toEqual(u32(1));
  for (let number = 1; number * BLOCK < image.length; number++) {
    const bytes = image.subarray(number * BLOCK, (number + 1) * BLOCK);
    expect((await block(second, number, bytes)).result).toBe('success');
  }
  await until(async () => (await second.action(at(3), u32(0))).result !== 'temporary-failure');
  expect(await status(second)).toBe(IMAGE_STATUS['verification-successful']);
});

test('blocks that cannot be, and an image that is too large, are refused by name', async () => {
  const client = await served.associate(1);
  expect((await initiate(client, 0)).result).toBe('other-reason');
  expect((await initiate(client, 0xffff_ffff)).result).toBe('other-reason');
  expect((await block(client, 0, new Uint8Array(BLOCK))).result).toBe('other-reason');
  await initiate(client, BLOCK + 1);
  expect((await block(client, 2, new Uint8Array(1))).result).toBe('other-reason');
  expect((await block(client, 0, new Uint8Array(1))).result).toBe('other-reason');
  expect((await client.action(at(2), octetString(new Uint8Array(4)))).result).toBe('type-unmatched');
  expect((await client.action(at(4), u32(0))).result).toBe('other-reason');
});

test('who may only read transfers nothing', async () => {
  await served.attributes({ 'hes.rights': 'read' });
  const client = await served.associate(1);
  expect((await initiate(client, 100)).result).toBe('read-write-denied');
  expect(existsSync(home('incoming.img'))).toBe(false);
});

test('where no key is trusted every image is refused', async () => {
  const bare = await openServed({ meters: 1 });
  try {
    await bare.attributes({ 'hes.rights': 'full' });
    const client = await bare.associate(1);
    expect(await refusal(transfer(client, await signer.image('1.2.3', EXECUTABLE)))).not.toBe('nothing');
    expect(existsSync(join(bare.house.directory, 'firmware', 'current'))).toBe(false);
  } finally {
    await bare.end();
  }
});
