import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { silentLog } from '../../src/base/log.ts';
import type { Meter } from '../../src/base/model.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import type { PushPlan } from '../../src/simulator/push-plan.ts';
import { sendTcp } from '../cli/listening.ts';
import { FastClock, type House, newMeter, openHouse, secretsOf, until } from './house.ts';

/** No capture of a quarter hour falls into the time that a test takes. */
const START = Date.parse('2026-06-10T12:04:00Z');

let clock: FastClock;
let house: House;
const streets: Neighbourhood[] = [];

beforeEach(async () => {
  clock = new FastClock(1, START);
  house = await openHouse({ clock });
});
afterEach(async () => {
  for (const street of streets.splice(0)) await street.stop();
  await house.end();
});

/** Switches the listening channel on; its port. */
async function listen(): Promise<number> {
  const { configuration } = house.concentrator.store;
  for (const attribute of await configuration.channelAttributes('listen')) {
    const value = { host: '127.0.0.1', port: '0', transport: 'both' }[attribute.key];
    if (value !== undefined) await configuration.saveChannelAttribute({ ...attribute, value });
  }
  const channel = (await configuration.channels()).find(({ name }) => name === 'listen');
  if (channel === undefined) throw new Error('no channel to listen on');
  await configuration.saveChannel({ ...channel, enabled: true });
  const port = house.concentrator.pushed.channels.port('listen');
  if (port === undefined) throw new Error('the channel does not listen');
  return port;
}

const PLAN = {
  host: '127.0.0.1',
  intervalS: 0,
  framing: 'wrapper',
  transport: 'tcp',
  content: 'registers',
} as const;

async function meterThatPushes(push: PushPlan): Promise<ServedMeter> {
  const meters = planNeighbourhood({ seed: 5, meters: 1, tcpBase: 0, framing: 'hdlc', auth: 'none', push });
  const street = await startNeighbourhood({ seed: 5, clock, log: silentLog, meters });
  streets.push(street);
  const [served] = street.meters;
  if (served === undefined) throw new Error('no meter');
  return served;
}

/** In the archive with its title and keys. */
function enter(served: ServedMeter, policy: 'none' | 'auth-enc' = 'none'): Promise<Meter> {
  const { framing, client, server, addressBytes, host = '', port = 0 } = served;
  return house.add(
    newMeter(served.meterNo, {
      address: { framing, host, port, clientAddress: client, serverAddress: server, addressBytes },
      security: { auth: 'none', policy, systemTitle: served.systemTitle.toHex() },
    }),
    secretsOf(served),
  );
}

const intake = () => house.concentrator.pushed.intake;

describe('registers', () => {
  test.each([
    ['by its number, not ciphered', {}],
    ['by its title, ciphered', { ciphered: 'general-glo' }],
    ['in HDLC over UDP', { ciphered: 'general-glo', framing: 'hdlc', transport: 'udp' }],
  ] as const)('a meter is known %s; its values are its last readings', async (_, how) => {
    const served = await meterThatPushes({ ...PLAN, ...how, port: await listen() });
    const meter = await enter(served);
    served.device.askPush();
    await until(() => intake().counters.stored === 1);
    const readings = await house.concentrator.store.readings.registers(meter.id);
    expect(readings.find(({ obis }) => obis === '1.0.32.7.0.255')).toMatchObject({
      classId: 3,
      attribute: 2,
      type: 'long-unsigned',
      scaler: -1,
      unit: 35,
      value: expect.stringMatching(/^2\d{3}$/),
    });
    const energy = readings.find(({ obis }) => obis === '1.0.1.8.0.255');
    expect(Math.abs((energy?.time ?? 0) - clock.now())).toBeLessThan(60_000);
  });

  test('scaler and unit of a reading before are kept for a value that comes without', async () => {
    const served = await meterThatPushes({ ...PLAN, port: await listen() });
    const meter = await enter(served);
    served.device.askPush();
    await until(() => intake().counters.stored === 1);
    const { store } = house.concentrator;
    const before = await store.readings.registers(meter.id);
    const setup = served.device.pushSetup;
    const list = setup?.object.attributes[2]?.get?.({ caller: CALLER });
    if (list === undefined || !('type' in list) || list.type !== 'array') throw new Error('no list');
    const withoutScalers = list.elements.filter(
      (element) =>
        element.type === 'structure' &&
        element.elements[2]?.type === 'integer' &&
        element.elements[2].value === 2,
    );
    expect(setup?.object.attributes[2]?.set?.({ ...list, elements: withoutScalers }, CALLER)).toBe('success');
    served.device.askPush();
    await until(() => intake().counters.stored === 2);
    const units = (rows: typeof before) => rows.map(({ obis, scaler, unit }) => [obis, scaler, unit]);
    expect(units(await store.readings.registers(meter.id))).toEqual(units(before));
  });
});

const CALLER = { clientAddress: 1, auth: 'none', peer: { clientAddress: 1, serverAddress: 1 } } as const;

describe('rows of a profile', () => {
  test.each([
    ['by the fused path', 'hdlc', 1],
    ['by the general path', 'wrapper', 0],
  ] as const)('%s they are those that are read', async (_, framing, fused) => {
    const port = await listen();
    const plan = { ...PLAN, framing, ciphered: 'general-glo', content: 'profile', port } as const;
    const served = await meterThatPushes(plan);
    const meter = await enter(served);
    await house.recall('Energy profile', 86_400);
    await house.round(['Energy profile'], [meter.id]);
    const { readings } = house.concentrator.store;
    const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    const read = await readings.profile(meter.id, 'energy', everything);
    const handed = house.handed(meter.id, 'energy').length;
    served.device.askPush();
    await until(() => intake().counters.stored + intake().counters.refused === 1);
    expect(intake().counters).toMatchObject({ stored: 1, fused, unplaced: 0 });
    const pushed = house.handed(meter.id, 'energy').slice(handed);
    expect(pushed.length).toBeGreaterThanOrEqual(3);
    expect(await readings.profile(meter.id, 'energy', everything)).toEqual(read);
  });

  test('of a profile that was never read they have no place', async () => {
    const plan = { ...PLAN, ciphered: 'general-glo', content: 'profile', port: await listen() } as const;
    const served = await meterThatPushes(plan);
    await enter(served);
    served.device.askPush();
    await until(() => intake().counters.stored === 1);
    expect(intake().counters.unplaced).toBeGreaterThan(0);
  });
});

test('a notification that is to be confirmed is confirmed once it is on disk', async () => {
  const plan = { ...PLAN, ciphered: 'general-glo', confirmed: true, port: await listen() } as const;
  const served = await meterThatPushes(plan);
  const meter = await enter(served);
  const last = () => served.device.pushSetup?.object.attributes[13]?.get?.({ caller: CALLER });
  const before = last();
  served.device.askPush();
  await until(() => !Bun.deepEquals(last(), before));
  expect(intake().counters.confirmed).toBe(1);
  expect((await house.concentrator.store.readings.registers(meter.id)).length).toBeGreaterThan(3);
});

test('a channel whose port is taken away listens no more', async () => {
  await listen();
  const { store, pushed } = house.concentrator;
  const attributes = await store.configuration.channelAttributes('listen');
  const port = attributes.find(({ key }) => key === 'port');
  if (port === undefined) throw new Error('the channel has no port');
  await store.configuration.saveChannelAttribute({ ...port, value: '' });
  expect(pushed.channels.port('listen')).toBeUndefined();
});

test('an unknown sender is counted and in the logbook with its title', async () => {
  const served = await meterThatPushes({ ...PLAN, ciphered: 'general-glo', port: await listen() });
  served.device.askPush();
  await until(() => intake().counters.unknownSenders === 1);
  const { rows } = await house.concentrator.store.logbook.list({ limit: 10, offset: 0 });
  const found = rows.find(({ type }) => type === 'push-unknown-sender');
  expect(found?.detail).toContain(served.systemTitle.toHex());
});

test('a meter that has to cipher is not believed without, nor with another key', async () => {
  const port = await listen();
  const served = await meterThatPushes({ ...PLAN, port });
  const meter = await enter(served, 'auth-enc').catch(() => undefined);
  // Its keys are needed for that policy.
  const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
  const { meterNo, systemTitle } = served;
  if (meter === undefined) {
    await house.add(
      newMeter(meterNo, {
        address: {
          framing: 'hdlc',
          host: '127.0.0.1',
          port: 1,
          clientAddress: 1,
          serverAddress: 1,
          addressBytes: 1,
        },
        security: { auth: 'none', policy: 'auth-enc', systemTitle: systemTitle.toHex() },
      }),
      keys,
    );
  }
  served.device.askPush();
  await until(() => intake().counters.refused === 1);
  const ciphered = await meterThatPushes({ ...PLAN, ciphered: 'general-glo', port });
  ciphered.device.askPush();
  await until(() => intake().counters.refused === 2);
  expect(intake().counters.stored).toBe(0);
  const { rows } = await house.concentrator.store.logbook.list({ limit: 10, offset: 0 });
  expect(rows.filter(({ type }) => type === 'push-refused')).toHaveLength(2);
  for (const key of [...Object.values(keys), ciphered.encryptionKey]) {
    expect(house.told).not.toContain(key?.toHex() ?? 'no key');
  }
});

/** The bytes of one push of a meter that `plan` describes. */
async function recorded(plan: Omit<PushPlan, 'port'>): Promise<{ served: ServedMeter; bytes: Uint8Array }> {
  const came = Promise.withResolvers<Uint8Array>();
  const sink = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (_, bytes: Uint8Array) => came.resolve(new Uint8Array(bytes)) },
  });
  const served = await meterThatPushes({ ...plan, port: sink.port });
  served.device.askPush();
  const bytes = await came.promise;
  sink.stop(true);
  return { served, bytes };
}

test('what was accepted before is a replay, also after a restart', async () => {
  const { served, bytes } = await recorded({ ...PLAN, ciphered: 'general-glo' });
  await enter(served);
  const first = await sendTcp(await listen(), bytes, bytes);
  await until(() => intake().counters.stored + intake().counters.refused === 2);
  expect(intake().counters).toMatchObject({ stored: 1, refused: 1 });
  first.close();
  await house.restart();
  const port = house.concentrator.pushed.channels.port('listen');
  if (port === undefined) throw new Error('the channel does not listen after a restart');
  const again = await sendTcp(port, bytes);
  await until(() => intake().counters.stored + intake().counters.refused === 1);
  again.close();
  expect(intake().counters).toMatchObject({ stored: 0, refused: 1 });
  const { rows } = await house.concentrator.store.logbook.list({ limit: 20, offset: 0 });
  expect(
    rows.filter(({ type, detail }) => type === 'push-refused' && /invocation counter/.test(detail)),
  ).toHaveLength(2);
});

test('a confirmed notification that comes once more, unchanged, is confirmed once more', async () => {
  const { served, bytes } = await recorded({ ...PLAN, ciphered: 'general-glo', confirmed: true });
  await enter(served);
  const peer = await sendTcp(await listen(), bytes, bytes);
  await until(() => intake().counters.confirmed === 2);
  expect(intake().counters).toMatchObject({ stored: 2, repeated: 1, refused: 0 });
  await until(() => peer.heard.length > 0);
  peer.close();
});
