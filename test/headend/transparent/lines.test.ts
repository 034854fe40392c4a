import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { VirtualClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Meter } from '../../../src/base/model.ts';
import type { DlmsClient } from '../../../src/channels/dlms-client.ts';
import { type MemoryChannel, memoryPair } from '../../../src/channels/memory.ts';
import type { Core } from '../../../src/concentrator/core.ts';
import { GatewayChannel } from '../../../src/headend/transparent/gateway.ts';
import { HOLD_MS, OTHERS_MS } from '../../../src/headend/transparent/line-shares.ts';
import { MeterNames } from '../../../src/headend/transparent/meter-names.ts';
import { LINE_WAIT_MS, SHARED_IDLE_MS, WANTED_IDLE_MS } from '../../../src/headend/transparent/meter-pipe.ts';
import { MeterPipes } from '../../../src/headend/transparent/meter-pipes.ts';
import type { ServedMeter } from '../../../src/simulator/neighbourhood.ts';
import { BusHouse } from '../../concentrator/bus-house.ts';
import { openPlcHouse, type PlcHouse } from '../../concentrator/plc-house.ts';
import { readValue, text } from '../served.ts';
import { ascii, RawHes, throughTo } from './through.ts';

setDefaultTimeout(60_000);

const NAME = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };
const AARQ = Uint8Array.fromHex('601da109060760857405080101be10040e01000000065f1f0400001e5dffff');
const SILENT = 'd80101';

interface World {
  readonly clock: VirtualClock;
  readonly core: Core;
  readonly meters: readonly Meter[];
  readonly street: { readonly meters: readonly ServedMeter[] };
  settle<Result>(promise: Promise<Result>, limitMs?: number): Promise<Result>;
  close(): Promise<void>;
}

let world: World;
let pipes: MeterPipes;
const refused: string[] = [];

function begin(house: World): void {
  world = house;
  refused.length = 0;
  pipes = new MeterPipes({
    visit: (...visit) => world.core.collector.visit(...visit),
    clock: world.clock,
    log: silentLog,
  });
}

async function openBus(meters: number): Promise<BusHouse> {
  const house = new BusHouse();
  await house.open(meters);
  begin(house);
  return house;
}

afterEach(async () => {
  await world.settle(pipes.close());
  await world.close();
});

/** A connection of a head-end, with the gateway open. */
function dial(): MemoryChannel {
  const [theirs, ours] = memoryPair({ clock: world.clock });
  const names = new MeterNames(new Map(world.meters.map((meter) => [meter.id, meter])));
  const gateway = new GatewayChannel(ours, {
    access: { right: 'open', networkId: 0 },
    pipes,
    meterAt: (address) => names.find(address) ?? fail(),
    log: silentLog,
    onRefused: (cause) => refused.push(cause),
  });
  gateway.onBytes(() => undefined);
  gateway.onClosed(() => undefined);
  return theirs;
}

function fail(): never {
  throw new Error('no such meter');
}

function meterAt(index: number): { readonly meter: Meter; readonly plan: ServedMeter } {
  const meter = world.meters[index];
  const plan = world.street.meters[index];
  if (meter === undefined || plan === undefined) throw new Error(`there is no meter ${index}`);
  return { meter, plan };
}

const gatewayOf = (index: number) => ({ networkId: 0, address: ascii(meterAt(index).meter.meterNo) });

function through(index: number, channel = dial(), answerMs = 60_000): Promise<DlmsClient> {
  const { plan } = meterAt(index);
  return throughTo(channel, plan, { gateway: gatewayOf(index), clock: world.clock, answerMs });
}

const rowsOf = async (index: number): Promise<number> => {
  const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  const rows = await world.core.store.readings.profile(meterAt(index).meter.id, 'energy', everything);
  return rows?.times.length ?? 0;
};

test('on an RS-485 line a head-end goes before scheduled reading, which goes on behind it', async () => {
  await openBus(4);
  const round = world.core.collector.round({ types: ['Energy profile'] });
  await world.clock.advance(3_000);
  const beganMs = world.clock.monotonicMs();
  const client = await world.settle(through(3));
  const waitedMs = world.clock.monotonicMs() - beganMs;
  const name = text(await world.settle(readValue(client, NAME)));
  await world.settle(client.release());
  const { failed } = await world.settle(round);
  expect(name).toContain(meterAt(3).meter.meterNo.slice(-6));
  expect(waitedMs).toBeLessThan(6_000);
  expect(failed).toBe(0);
  for (let i = 0; i < 4; i++) expect(await rowsOf(i)).toBeGreaterThan(90);
  expect(pipes.size).toBe(0);
});

test('a head-end that falls silent, releases or goes leaves the line to the others', async () => {
  await openBus(2);
  const idle = dial();
  await world.settle(through(0, idle));
  const started = world.clock.monotonicMs();
  // Nobody else wants the line: it is kept for a while, then let go.
  await world.settle(until(() => pipes.size === 0));
  expect(world.clock.monotonicMs() - started).toBeWithin(SHARED_IDLE_MS - 500, SHARED_IDLE_MS + 3_000);
  // Somebody does.
  await world.settle(through(0, idle));
  const wanted = world.clock.monotonicMs();
  await world.settle(world.core.collector.readNow(meterAt(1).meter.id, new AbortController().signal));
  expect(world.clock.monotonicMs() - wanted).toBeLessThan(WANTED_IDLE_MS * 2 + 4_000);
  // It hangs up.
  await world.settle(through(0, idle));
  await idle.close();
  const hungUp = world.clock.monotonicMs();
  await world.settle(until(() => pipes.size === 0));
  expect(world.clock.monotonicMs() - hungUp).toBeLessThan(2_000);
});

test('a head-end that talks without a break is interrupted for the others, and goes on after them', async () => {
  await openBus(2);
  const hes = new RawHes(dial());
  const { plan } = meterAt(0);
  const round = world.core.collector.round({ types: ['Energy profile'], meterIds: [meterAt(1).meter.id] });
  await world.clock.advance(100);
  const state = { running: true };
  let asked = 0;
  const talk = (async () => {
    while (state.running) {
      const before = hes.answers.length;
      await hes.ask(gatewayOf(0), AARQ, plan.client, plan.server);
      asked++;
      while (hes.answers.length === before) await tick();
    }
  })();
  const beganMs = world.clock.monotonicMs();
  const { failed } = await world.settle(round, HOLD_MS + OTHERS_MS + 600_000);
  const roundMs = world.clock.monotonicMs() - beganMs;
  state.running = false;
  await world.settle(talk);
  expect(failed).toBe(0);
  expect(roundMs).toBeGreaterThan(HOLD_MS - 10_000);
  expect(roundMs).toBeLessThan(HOLD_MS + OTHERS_MS + 10_000);
  // Each request had its answer, none of them ours.
  expect(hes.responses).toHaveLength(asked);
  expect(hes.responses.filter(({ apdu }) => apdu === SILENT)).toEqual([]);
});

test('two head-ends at one meter: the second has it when the first is silent, and both have their answers', async () => {
  await openBus(1);
  const [first, second] = [new RawHes(dial()), new RawHes(dial())];
  const { plan } = meterAt(0);
  await first.ask(gatewayOf(0), AARQ, plan.client, plan.server);
  await second.ask(gatewayOf(0), AARQ, plan.client, plan.server);
  await world.settle(until(() => first.answers.length + second.answers.length === 1));
  await world.settle(until(() => first.answers.length + second.answers.length === 2));
  expect(second.responses).toHaveLength(1);
  expect([...first.responses, ...second.responses].filter(({ apdu }) => apdu === SILENT)).toEqual([]);
});

test('another client address on the same connection opens the link anew', async () => {
  await openBus(1);
  const channel = dial();
  const hes = new RawHes(channel);
  const { plan } = meterAt(0);
  await hes.ask(gatewayOf(0), AARQ, 16, plan.server);
  await world.settle(until(() => hes.answers.length === 1));
  await hes.ask(gatewayOf(0), AARQ, plan.client, plan.server);
  await world.settle(until(() => hes.answers.length === 2));
  expect(hes.answers.map(({ destination }) => destination)).toEqual([16, plan.client]);
  expect(hes.responses.map(({ apdu }) => apdu.slice(0, 2))).toEqual(['61', '61']);
});

test('addresses that HDLC does not have, all stations included, never reach the line', async () => {
  const house = await openBus(1);
  const hes = new RawHes(dial());
  const before = house.core.collector.accounting()[0]?.use.bytes ?? 0;
  for (const [client, server] of [
    [0, 1],
    [127, 1],
    [1, 0],
    [1, 0x3fff],
    [1, 0xffff],
    [300, 1],
  ] as const) {
    const count = hes.answers.length;
    await hes.ask(gatewayOf(0), AARQ, client, server);
    await world.settle(until(() => hes.answers.length > count));
  }
  expect(hes.responses.map(({ apdu }) => apdu)).toEqual(Array.from({ length: 6 }, () => SILENT));
  expect(new Set(refused)).toEqual(new Set(['gateway: a wPort that the link of the meter does not have']));
  expect(house.core.collector.accounting()[0]?.use.bytes ?? 0).toBe(before);
});

test('a request whose line does not come free in time is told, and leaves nothing waiting', async () => {
  await openBus(2);
  const held = Promise.withResolvers<void>();
  const stay = world.core.collector.visit(
    meterAt(1).meter,
    'somebody else',
    new AbortController().signal,
    async () => {
      await held.promise;
      return 'done';
    },
    { type: 'test', priority: 0 },
  );
  await world.clock.advance(10);
  const hes = new RawHes(dial());
  const { plan } = meterAt(0);
  const beganMs = world.clock.monotonicMs();
  await hes.ask(gatewayOf(0), AARQ, plan.client, plan.server);
  await world.settle(until(() => hes.answers.length === 1));
  expect(hes.responses[0]?.apdu).toBe(SILENT);
  expect(world.clock.monotonicMs() - beganMs).toBeWithin(LINE_WAIT_MS, LINE_WAIT_MS + 500);
  expect(pipes.size).toBe(0);
  held.resolve();
  await world.settle(stay);
  await hes.ask(gatewayOf(0), AARQ, plan.client, plan.server);
  await world.settle(until(() => hes.answers.length === 2));
  expect(hes.responses[1]?.apdu.slice(0, 2)).toBe('61');
});

test('requests that are not waited for are held to a few, and all are answered in order', async () => {
  await openBus(1);
  const hes = new RawHes(dial());
  const { plan } = meterAt(0);
  for (let i = 0; i < 10; i++) await hes.ask(gatewayOf(0), AARQ, plan.client, plan.server);
  await world.settle(until(() => hes.answers.length === 10));
  expect(hes.responses.filter(({ apdu }) => apdu === SILENT).length).toBe(6);
});

test('behind a PLC module the gateway reads while a round goes on', async () => {
  const house: PlcHouse = await openPlcHouse({ meters: 6 });
  begin(house);
  await house.until(() => house.module !== undefined);
  await house.pass(120_000);
  const round = house.core.collector.round({ types: ['Energy profile'] });
  await house.pass(5_000);
  for (const index of [2, 5]) {
    const client = await house.settle(through(index, dial(), 120_000));
    expect(text(await house.settle(readValue(client, NAME)))).toContain(
      meterAt(index).meter.meterNo.slice(-6),
    );
    await house.settle(client.release());
  }
  const { failed } = await house.settle(round);
  expect(failed).toBe(0);
  for (let i = 0; i < 6; i++) expect(await rowsOf(i)).toBeGreaterThan(90);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await tick();
}

function tick(): Promise<void> {
  return new Promise((resolve) => {
    world.clock.after(20, resolve);
  });
}
