import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { listenTcp, type TcpListener } from '../../src/channels/tcp-listen.ts';
import { type House, newMeter, openHouse, until } from '../concentrator/house.ts';
import { beginning } from '../meters/beginning.ts';
import { type Bus, type Neighbours, startBus, startNeighbours, writtenRows } from './neighbours.ts';
import { isBlock, openTap, rangesOf, type Tap } from './tap.ts';

setDefaultTimeout(30_000);

const DAY_MS = 86_400_000;

let house: House | undefined;
let neighbours: Neighbours | undefined;
let bus: Bus | undefined;
let tap: Tap | undefined;
let dead: TcpListener | undefined;
afterEach(async () => {
  await house?.close();
  await bus?.stop();
  await tap?.close();
  await dead?.close();
  await neighbours?.stop();
  await house?.end();
  house = undefined;
  neighbours = undefined;
  bus = undefined;
  tap = undefined;
  dead = undefined;
});

interface Jobs {
  readonly jobs: readonly {
    readonly id: string;
    readonly meterNo: string;
    readonly name: string;
    readonly state: string;
  }[];
}

/** Waits for a job of this meter to run, and names it as the API does. */
async function runningJob(of: House, meterNo: string): Promise<string> {
  for (;;) {
    const { jobs } = await of.api<Jobs>('/api/jobs');
    const job = jobs.find((one) => one.meterNo === meterNo && one.state === 'running');
    if (job !== undefined) return job.id;
    await Bun.sleep(5);
  }
}

describe('lines', () => {
  test('a dead meter delays nobody on other lines, and can be cancelled', async () => {
    dead = listenTcp({ host: '127.0.0.1', port: 0 }, () => {});
    neighbours = await startNeighbours({ meters: 3, framing: 'mixed', auth: 'mixed' });
    house = await openHouse({ attributes: { 'send.timeout': '300', 'send.retry': '10' } });
    const mute = await house.add(
      newMeter('100000000000', {
        address: {
          framing: 'wrapper',
          host: '127.0.0.1',
          port: dead.port,
          clientAddress: 1,
          serverAddress: 1,
          addressBytes: 1,
        },
      }),
    );
    const living = [];
    for (const served of neighbours.meters) living.push((await house.serve(served)).id);
    const waiting = house.round(['Energy profile', 'Fraud Event'], [mute.id]);
    expect(await house.round(['Energy profile', 'Fraud Event'], living)).toMatchObject({
      read: 3,
      failed: 0,
    });
    const { jobs } = await house.api<Jobs>('/api/jobs');
    expect(jobs.map(({ meterNo, state }) => [meterNo, state])).toEqual([
      [mute.meterNo, 'running'],
      [mute.meterNo, 'queued'],
    ]);
    for (const { id } of jobs) await house.api(`/api/jobs/${id}`, { method: 'DELETE' });
    const { failures } = await waiting;
    expect(failures.map(({ code }) => code)).toEqual(['cancelled', 'cancelled']);
    expect(house.concentrator.collector.snapshot().jobs).toEqual([]);
  });

  test('what an operator asks for overtakes a round on the same line', async () => {
    house = await openHouse();
    bus = await startBus(house, 3);
    // Slow enough that much is still waiting when the operator comes.
    bus.plug.delayMs = 10;
    const { collector } = house.concentrator;
    const round = house.round(['Demand profile', 'Fraud Event', 'Relay Event', 'Standard Event']);
    await until(() => collector.snapshot().jobs.some(({ state }) => state === 'running'));
    const last = bus.rows[2]?.id ?? 0;
    const before = house.finished.length;
    const answer = await collector.readNow(last, new AbortController().signal);
    expect(answer.relay).toBe('on');
    expect(answer.registers.length).toBeGreaterThan(5);
    // Ahead of all that waits: no more than the job under way came to its end before it.
    const types = house.finished.slice(before).map(({ type }) => type);
    expect(types.at(-1)).toBe('on demand');
    expect(types.length).toBeLessThanOrEqual(2);
    expect(collector.snapshot().jobs.length).toBeGreaterThan(3);
    expect(await round).toMatchObject({ read: 3, failed: 0 });
  });

  test('a read that is cancelled in the middle keeps what it has and accuses nobody', async () => {
    neighbours = await startNeighbours();
    const served = neighbours.at(0);
    let blocks = 0;
    tap = openTap(served, {
      // The second chunk stays away after three blocks.
      response: (apdu) => (isBlock(apdu) && ++blocks > 20 ? undefined : apdu),
    });
    house = await openHouse({ attributes: { 'send.timeout': '300' } });
    const meter = await house.serve(served, tap);
    const fromMs = await beginning();
    const round = house.round(['Energy profile']);
    await until(() => blocks > 20);
    const id = await runningJob(house, served.meterNo);
    expect(await house.api<unknown>(`/api/jobs/${id}`, { method: 'DELETE' })).toMatchObject({ ok: true });
    const { failures, profileRows } = await round;
    expect(failures).toMatchObject([{ code: 'cancelled' }]);
    expect(profileRows).toBeGreaterThan(0);
    expect(house.finished).toMatchObject([{ outcome: 'cancelled', rows: profileRows }]);
    const shown = await house.settled(meter.id);
    expect(shown.lastError).toBeNull();
    expect(shown.state).not.toBe('offline');
    tap.hooks = {};
    const asked = rangesOf(tap.requests).length;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    const handed = house.handed(meter.id, 'energy');
    expect(new Set(handed).size).toBe(handed.length);
    expect(rangesOf(tap.requests).length).toBeGreaterThan(asked);
    expect(handed.filter((time) => time < fromMs).toSorted((a, b) => a - b)).toEqual(
      writtenRows(served, fromMs - 20 * DAY_MS, fromMs),
    );
  });

  test('stopping in the middle of everything is orderly', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      house = await openHouse();
      bus = await startBus(house, 3);
      neighbours = await startNeighbours({ meters: 4, framing: 'mixed', auth: 'mixed', seed: 12 });
      const at = neighbours.meters;
      for (const [index, served] of at.entries()) {
        await house.serve({ ...served, meterNo: `30000000000${index}` });
      }
      const types = ['Energy profile', 'Demand profile', 'Monthly Billing', 'Fraud Event'] as const;
      const round = house.round(types);
      const now = house.concentrator.collector
        .readNow(bus.rows[0]?.id ?? 0, new AbortController().signal)
        .catch((error: unknown) => error);
      await until(() => (house?.acknowledged.length ?? 0) >= 3);
      await house.close();
      const summary = await round;
      expect(summary.failures.length).toBeGreaterThan(3);
      expect(new Set(summary.failures.map(({ code }) => code))).toEqual(new Set(['cancelled']));
      await now;
      await Bun.sleep(20);
      expect(house.log.filter(({ level }) => level === 'error')).toEqual([]);
      expect(unhandled).toEqual([]);
      await house.open();
      expect(house.concentrator.store.lastShutdownClean).toBe(true);
      const { rows } = await house.concentrator.store.archive.list({});
      expect(rows.map(({ state }) => state)).not.toContain('reading');
      expect(await house.round(types)).toMatchObject({ read: 7, failed: 0 });
      for (const { id } of rows) {
        const handed = house.handed(id, 'energy');
        expect(new Set(handed).size).toBe(handed.length);
      }
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});
