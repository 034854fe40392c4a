import { describe, expect, test } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import { type Log, silentLog } from '../../src/base/log.ts';
import { lastState } from '../../src/meters/state-readings.ts';
import { meter } from './fake-meter.ts';
import { START, World } from './world.ts';

const DAY_MS = 86_400_000;
const expectedEnergy = (fromMs: number, toMs: number): number[] => {
  const out: number[] = [];
  for (let at = Math.ceil(fromMs / 900_000) * 900_000; at < toMs; at += 900_000) out.push(at);
  return out;
};

describe('a round', () => {
  test('fetches all that is missing, once, over one association', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    world.item('Energy profile', { priority: 2 });
    world.item('Monthly Billing', { priority: 1, maxRecallS: 403 * 86_400 });
    world.item('Standard Event', { maxRecallS: 403 * 86_400 });
    world.item('G3 Path Discovery');
    const summary = await world.until(world.collector.round());
    expect(summary).toMatchObject({
      meters: 1,
      read: 1,
      failed: 0,
      jobs: 4,
      profileRows: 20 * 96,
      billingRows: 13,
    });
    expect(summary.eventRows).toBe(403);
    expect(world.store.times(1, 'energy')).toEqual(expectedEnergy(START - 20 * DAY_MS, START));
    expect(fake.associations).toBe(1);
    expect(world.store.duplicates).toBe(0);
    expect(world.store.attempts.map((attempt) => attempt.itemId).toSorted((a, b) => a - b)).toEqual([
      1, 2, 3,
    ]);

    const again = await world.until(world.collector.round());
    expect(again).toMatchObject({ read: 1, failed: 0, profileRows: 0, billingRows: 0, eventRows: 0 });
    expect(world.store.duplicates).toBe(0);
  });

  test('a broken transfer goes on behind its last row', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    fake.breaks = [0.5, 0.9, 0.3];
    world.item('Energy profile');
    const summary = await world.until(world.collector.round());
    expect(summary).toMatchObject({ read: 1, failed: 0, profileRows: 20 * 96 });
    expect(world.store.duplicates).toBe(0);
    expect(fake.associations).toBe(4);
    expect(world.store.times(1, 'energy')).toEqual(expectedEnergy(START - 20 * DAY_MS, START));
  });

  test('a meter that refuses a profile fails that item only', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    fake.refused.add('1.0.99.1.0.255');
    world.item('Energy profile');
    world.item('Standard Event');
    const summary = await world.until(world.collector.round());
    expect(summary).toMatchObject({ meters: 1, read: 0, failed: 1 });
    expect(summary.failures).toEqual([
      expect.objectContaining({ meterNo: '100001', item: 'energy profile', code: 'not-granted' }),
    ]);
    expect(summary.eventRows).toBe(20);
    expect(fake.associations).toBe(1);
  });

  test('a changed layout gives new columns; scalers are read only for what is new', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    world.item('Energy profile');
    await world.until(world.collector.round());
    expect(fake.scalerReads).toBe(2);
    await world.clock.advance(DAY_MS);
    await world.until(world.collector.round());
    expect(fake.scalerReads).toBe(2);
    fake.energyObjects = [...fake.energyObjects, { classId: 3, obis: '1.0.3.8.0.255' }];
    await world.clock.advance(DAY_MS);
    await world.until(world.collector.round());
    expect(fake.scalerReads).toBe(3);
    const columns = world.store.columnsOf.get('1:energy');
    expect(columns?.map((column) => column.obis)).toEqual([
      '0.0.96.10.1.255',
      '1.0.1.8.0.255',
      '1.0.2.8.0.255',
      '1.0.3.8.0.255',
    ]);
    expect(columns?.map((column) => column.unit)).toEqual([null, 30, 30, 30]);
    expect(world.store.duplicates).toBe(0);
  });

  test('a storage error ends the item with that error and claims nothing', async () => {
    const world = new World();
    world.add(meter(1));
    world.item('Energy profile');
    world.store.failWrites = () => new DcuError('storage-full', 'the disk is full');
    const summary = await world.until(world.collector.round());
    expect(summary.failures[0]).toMatchObject({ code: 'storage-full' });
    expect(world.store.covered.size).toBe(0);
    world.store.failWrites = undefined;
    expect(await world.until(world.collector.round())).toMatchObject({ failed: 0, profileRows: 1920 });
  });

  test('a meter without a clock in its plausible range is read and reported', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    fake.driftMs = 73 * 365 * DAY_MS;
    world.item('Energy profile');
    const summary = await world.until(world.collector.round());
    expect(summary.failures[0]).toMatchObject({ code: 'clock-implausible' });
    expect(Math.max(...world.store.times(1, 'energy'))).toBeLessThan(START);
  });
});

describe('lines', () => {
  test('a dead meter delays its own line only, and nobody else', async () => {
    const world = new World();
    const dead = world.add(meter(1));
    dead.dead = true;
    for (const id of [2, 3, 4]) world.add(meter(id));
    world.item('Energy profile');
    const finished = new Map<string, number>();
    world.collector.bus.on('job-finished', (event) => {
      finished.set(event.meterNo, world.clock.now() - START);
    });
    const summary = await world.until(world.collector.round());
    expect(summary).toMatchObject({ meters: 4, read: 3, failed: 1 });
    expect(summary.failures[0]).toMatchObject({ meterNo: '100001', code: 'link-timeout' });
    for (const id of [2, 3, 4]) expect(finished.get(String(100_000 + id))).toBeLessThan(2_000);
    expect(finished.get('100001')).toBeGreaterThan(9_000);
  });

  test('on a shared line a dead meter costs its time-outs once, then the others go first', async () => {
    const world = new World({ lineOf: () => '485_1' });
    const hdlc = {
      framing: 'hdlc',
      clientAddress: 1,
      serverAddress: 1,
      physicalAddress: 17,
      addressBytes: 2,
    } as const;
    for (const id of [1, 2, 3]) world.add(meter(id, { address: hdlc }));
    const dead = world.fakes.get(1);
    if (dead === undefined) throw new Error('missing');
    dead.dead = true;
    world.item('Energy profile', { priority: 1 });
    world.item('Standard Event', { priority: 2 });
    const summary = await world.until(world.collector.round());
    expect(summary).toMatchObject({ meters: 3, read: 2, failed: 1 });
    // 3 tries of 10 s once, for both of its items.
    expect(world.opened.filter((meterNo) => meterNo === '100001')).toHaveLength(1);
    expect(summary.durationMs).toBeLessThan(45_000);
    await world.clock.advance(60_000);
    world.opened.length = 0;
    await world.until(world.collector.round());
    expect(world.opened[0]).not.toBe('100001');
    expect(world.opened.at(-1)).toBe('100001');
  });

  test('priorities go before the order of meters, one owner at a time', async () => {
    const world = new World({ lineOf: () => '485_1' });
    for (const id of [1, 2, 3]) world.add(meter(id));
    world.item('Standard Event', { priority: 5 });
    world.item('Energy profile', { priority: 1 });
    const started: string[] = [];
    let most = 0;
    world.collector.bus.on('job-started', (event) => {
      started.push(`${event.item} ${event.meterNo}`);
      most = Math.max(
        most,
        [...world.fakes.values()].reduce((sum, fake) => sum + fake.openNow, 0),
      );
    });
    await world.until(world.collector.round());
    expect(started.slice(0, 3).every((name) => name.startsWith('energy profile'))).toBe(true);
    expect(started.slice(3).every((name) => name.startsWith('standard event'))).toBe(true);
    expect(most).toBe(1);
  });

  test('no more lines than allowed are busy at once', async () => {
    const world = new World({ maxBusyLines: 4 });
    for (let id = 1; id <= 20; id++) world.add(meter(id));
    world.item('Energy profile');
    expect(await world.until(world.collector.round())).toMatchObject({ read: 20 });
    expect(world.mostBusy).toBe(4);
  });

  test('two hundred dead meters take no place from twenty living ones', async () => {
    const world = new World();
    for (let id = 1; id <= 220; id++) world.add(meter(id)).dead = id <= 200;
    world.item('Energy profile');
    const living = new Map<string, number>();
    world.collector.bus.on('job-finished', ({ meterNo, outcome }) => {
      if (outcome === 'done') living.set(meterNo, world.clock.now() - START);
    });
    const round = world.collector.round();
    // The first of the dead has timed out after 10 s.
    for (let ms = 0; ms < 9_900; ms += 100) await world.clock.advance(100);
    expect(living.size).toBe(20);
    expect(world.store.attempts.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(await world.until(round)).toMatchObject({ meters: 220, read: 20, failed: 200 });
    // Nothing is lost or left over: the next round goes the same way, and now the living are next in turn.
    world.opened.length = 0;
    await world.clock.advance(3_600_000);
    const again = world.collector.round();
    await world.clock.advance(2_000);
    expect(world.opened.slice(64, 84).filter((meterNo) => Number(meterNo) > 100_200)).toHaveLength(20);
    expect(await world.until(again)).toMatchObject({ read: 20, failed: 200 });
    expect(world.openLines.size).toBe(0);
  });

  test('a meter that answers late goes on with its slot, and no more lines than allowed read at once', async () => {
    const world = new World({ maxBusyLines: 2 });
    for (let id = 1; id <= 10; id++) world.add(meter(id)).latencyMs = 1_500;
    world.item('Standard Event');
    let most = 0;
    const running = new Set<string>();
    world.collector.bus.on('job-started', ({ jobId }) => {
      most = Math.max(most, running.add(jobId).size);
    });
    world.collector.bus.on('job-finished', ({ jobId }) => running.delete(jobId));
    expect(await world.until(world.collector.round())).toMatchObject({ read: 10, failed: 0 });
    expect(most).toBe(2);
  });

  test('an operator does not wait for lines that wait for their turn', async () => {
    const world = new World({ maxBusyLines: 1 });
    for (const id of [1, 2, 3]) world.add(meter(id)).latencyMs = 900;
    world.item('Energy profile');
    const round = world.collector.round();
    await world.clock.advance(5_000);
    const fake = world.fakes.get(3);
    if (fake !== undefined) fake.latencyMs = 50;
    const askedAt = world.clock.now();
    await world.until(world.collector.readNow(3, new AbortController().signal));
    expect(world.clock.now() - askedAt).toBeLessThan(3_000);
    expect(await world.until(round)).toMatchObject({ read: 3 });
    await world.until(world.collector.round({ meterIds: [1] }));
    expect(world.collector.snapshot().jobs).toEqual([]);
  });

  test('an operator does not wait when the meter answers while others have the slots', async () => {
    const world = new World({ maxBusyLines: 1 });
    const late = world.add(meter(1));
    late.latencyMs = 5_000;
    world.add(meter(2)).latencyMs = 900;
    world.item('Energy profile');
    const round = world.collector.round();
    await world.clock.advance(3_000);
    late.latencyMs = 50;
    expect(world.collector.snapshot().jobs.filter(({ state }) => state === 'running')).toHaveLength(2);
    await world.until(world.collector.readNow(1, new AbortController().signal));
    expect(world.clock.now() - START).toBeLessThan(9_000);
    expect(await world.until(round)).toMatchObject({ read: 2 });
  });

  test('a meter is left in peace for send.silent after a success, by schedules only', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    world.store.attributes = { dlms_down: { 'send.silent': '60' } };
    const first = world.item('Energy profile');
    await world.until(world.collector.round(), undefined, 100);
    const released = (): number => fake.requests.findLast(({ what }) => what === 'release')?.atMs ?? 0;
    const releasedAt = released();
    world.store.items = [{ ...first, id: 2, type: 'Standard Event' }];
    await world.collector.runNow();
    await world.clock.advance(55_000);
    expect(fake.associations).toBe(1);
    await world.clock.advance(10_000);
    expect(fake.associations).toBe(2);
    expect(released() - releasedAt).toBeGreaterThanOrEqual(60_000);
    await world.until(world.collector.readNow(1, new AbortController().signal), undefined, 100);
    expect(fake.associations).toBe(3);
    expect(world.clock.now() - released()).toBeLessThan(2_000);
  });

  test('a wrong setting fails the work by name, and costs nothing once it is mended', async () => {
    const world = new World();
    world.add(meter(1, { profile: 'unheard-of' }));
    world.item('Energy profile');
    for (let round = 0; round < 5; round++) {
      const summary = await world.until(world.collector.round());
      expect(summary.failures[0]).toMatchObject({
        code: 'not-found',
        message: expect.stringContaining('unheard-of'),
      });
    }
    world.store.meterList = [meter(1)];
    expect(await world.until(world.collector.round())).toMatchObject({
      failed: 0,
      durationMs: expect.any(Number),
    });
    expect(world.store.times(1, 'energy')).toHaveLength(1920);
  });

  test('a meter without a usable line is told once per reason; each item of each round fails', async () => {
    const told: unknown[] = [];
    const log: Log = { ...silentLog, warn: (message, facts) => told.push([message, facts?.['message']]) };
    let trouble: string | undefined = 'channel 485_1 is disabled';
    const world = new World({
      log,
      lineOf: () => {
        if (trouble !== undefined) throw new DcuError('channel-open-failed', trouble);
        return '485_1';
      },
    });
    world.add(meter(1));
    world.item('Energy profile');
    world.item('Standard Event');
    const failures = async () =>
      (await world.until(world.collector.round())).failures.map(({ code }) => code);
    for (let round = 1; round <= 3; round++) {
      expect(await failures()).toEqual(['channel-open-failed', 'channel-open-failed']);
      expect(world.store.attempts).toHaveLength(2 * round);
    }
    expect(told).toEqual([['meter has no usable line', 'channel 485_1 is disabled']]);
    trouble = 'channel 485_1 has no serial port: set its device';
    await failures();
    expect(told.slice(1)).toEqual([['meter has no usable line', trouble]]);
    trouble = undefined;
    expect(await failures()).toEqual([]);
    trouble = 'channel 485_1 is disabled';
    await failures();
    expect(told).toHaveLength(3);
  });

  test('a shared line that is set up anew is closed when idle, and after the current job when busy', async () => {
    const world = new World({ shared: true, lineOf: ({ id }) => `485_${id}` });
    for (const id of [1, 2]) world.add(meter(id)).latencyMs = 5_000;
    world.item('Energy profile');
    world.item('Standard Event');
    const read = (id: number) => world.collector.round({ meterIds: [id] });
    await world.until(read(1), 600_000);
    await world.clock.advance(10_000);
    // Opened once for all jobs, and left open.
    expect([world.opened, [...world.openLines]]).toEqual([['485_1'], ['485_1']]);
    await world.renewLines();
    expect([...world.openLines]).toEqual([]);

    const first = Promise.withResolvers<void>();
    const opened: string[][] = [];
    world.collector.bus.on('job-started', () => {
      opened.push([...world.opened]);
      first.resolve();
    });
    const round = read(2);
    await world.until(first.promise);
    await world.renewLines();
    // The job under way keeps its channel; the next one of the same meter opens it with the new settings.
    expect([...world.openLines]).toEqual(['485_2']);
    expect(await world.until(round, 600_000)).toMatchObject({ failed: 0, jobs: 2 });
    expect(opened).toEqual([
      ['485_1', '485_2'],
      ['485_1', '485_2', '485_2'],
    ]);
  });

  test('an operator comes in between the chunks of a long read', async () => {
    const world = new World({ lineOf: () => '485_1' });
    const slow = world.add(meter(1));
    slow.latencyMs = 20_000;
    world.add(meter(2));
    world.item('Energy profile');
    const round = world.collector.round({ meterIds: [1] });
    await world.clock.advance(90_000);
    const result = await world.until(world.collector.readNow(2, new AbortController().signal), 200_000);
    expect(result.relay).toBe('on');
    expect(result.registers.length).toBeGreaterThan(5);
    // With the clock and the relay.
    expect(world.store.savedRegisters).toHaveLength(result.registers.length + 2);
    expect(lastState(world.store.savedRegisters)).toEqual(result);
    const before = world.store.times(1, 'energy').length;
    expect(before).toBeLessThan(1920);
    expect(await world.until(round)).toMatchObject({ profileRows: 1920 });
    expect(world.store.duplicates).toBe(0);
  });

  test('cancel ends a running read at once and keeps what is stored', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    fake.latencyMs = 5_000;
    world.item('Energy profile');
    const round = world.collector.round();
    await world.clock.advance(32_000);
    const running = world.collector.snapshot().jobs.find((job) => job.state === 'running');
    expect(running).toBeDefined();
    const rows = world.store.times(1, 'energy').length;
    expect(rows).toBeGreaterThan(0);
    expect(world.collector.cancel(running?.id ?? '')).toBe(true);
    await world.clock.advance(0);
    const summary = await world.until(round);
    expect(summary.failures[0]).toMatchObject({ code: 'cancelled' });
    expect(fake.openNow).toBe(0);
    expect(world.store.states).toEqual([]);
    expect(world.collector.cancel(running?.id ?? '')).toBe(false);
    expect(await world.until(world.collector.round())).toMatchObject({ failed: 0, profileRows: 1920 - rows });
    expect(world.store.duplicates).toBe(0);
  });

  test('stop cancels everything and resolves', async () => {
    const world = new World();
    for (const id of [1, 2]) world.add(meter(id)).latencyMs = 5_000;
    world.item('Energy profile');
    const round = world.collector.round();
    await world.clock.advance(12_000);
    await world.until(world.collector.stop());
    expect(await world.until(round)).toMatchObject({ meters: 2, failed: 2 });
    expect([...world.fakes.values()].map((fake) => fake.openNow)).toEqual([0, 0]);
    expect(world.collector.snapshot().jobs).toEqual([]);
  });
});

describe('invocation counters', () => {
  const ciphered = { security: { auth: 'hls-gmac', policy: 'auth-enc' } } as const;

  test.each([
    ['the hint of the meter', false],
    ['asking as public client', true],
  ])('one that fell behind is raised by %s, and tried once', async (_, silent) => {
    const world = new World();
    const fake = world.add(meter(1, ciphered));
    fake.expectedCounter = 70_000;
    fake.silent = silent;
    await world.until(world.collector.readNow(1, new AbortController().signal));
    expect(fake.expectedCounter).toBeGreaterThan(70_000);
    expect(world.store.nextCounter.get('meter:100001:out')).toBe(71_024);
    expect(fake.associations).toBe(silent ? 2 : 1);
  });

  test('a refusal that no counter explains is not repeated', async () => {
    const world = new World();
    const fake = world.add(meter(1, ciphered));
    fake.refusesAll = true;
    expect(await caught(world.until(world.collector.readNow(1, new AbortController().signal)))).toBe(
      'association-refused',
    );
    expect(fake.attempts).toBe(2);
  });

  test('no value is used twice over restarts', async () => {
    const world = new World();
    const fake = world.add(meter(1, ciphered));
    world.item('Energy profile');
    for (let round = 0; round < 3; round++) await world.until(world.collector.round());
    expect(fake.usedCounters.length).toBe(3);
    expect(new Set(fake.usedCounters).size).toBe(3);
  });
});

describe('on demand', () => {
  test('relay off and on', async () => {
    const world = new World();
    const fake = world.add(meter(1));
    const { signal } = new AbortController();
    const order = (to: 'off' | 'on') => world.until(world.collector.relay(1, to, signal));
    expect(await order('off')).toMatchObject({ relay: 'off' });
    expect(fake.relay).toBe(0);
    expect(lastState(world.store.savedRegisters)).toMatchObject({
      relay: 'off',
      meterTime: null,
      registers: [],
    });
    const { relay, relayTime } = await order('on');
    expect(relay).toBe('on');
    expect(world.store.savedRegisters.at(-1)).toMatchObject({
      classId: 70,
      attribute: 3,
      value: '1',
      time: relayTime,
    });
    // It has moved, whatever becomes of the record.
    world.store.saveRegisters = () => Promise.reject(new DcuError('storage-full', 'the disk is full'));
    expect(await order('off')).toMatchObject({ relay: 'off' });
  });

  test('an unknown meter, an aborted wish and a dead meter are typed errors', async () => {
    const world = new World();
    world.add(meter(1)).dead = true;
    const { signal } = new AbortController();
    expect(await caught(world.collector.readNow(9, signal))).toBe('not-found');
    expect(await caught(world.collector.readNow(1, AbortSignal.abort()))).toBe('cancelled');
    expect(await caught(world.until(world.collector.readNow(1, signal)))).toBe('link-timeout');
    const later = new AbortController();
    const wish = caught(world.collector.readNow(1, later.signal));
    await world.clock.advance(1_000);
    later.abort();
    expect(await wish).toBe('cancelled');
  });
});

describe('the meter clock', () => {
  test.each([
    [1_500, 'none', 1_500],
    [30_000, 'shifted', 0],
    [-45_000, 'shifted', 0],
    [600_000, 'set', 0],
  ] as const)('a drift of %i ms: %s', async (driftMs, action, after) => {
    const world = new World();
    await world.clock.advance(6 * 3_600_000);
    const fake = world.add(meter(1));
    fake.driftMs = driftMs;
    fake.latencyMs = 800;
    world.item('Meter Clock');
    expect(await world.until(world.collector.round())).toMatchObject({ failed: 0 });
    expect(world.store.clockChecks).toHaveLength(1);
    expect(world.store.clockChecks[0]?.action).toBe(action);
    expect(Math.abs((world.store.clockChecks[0]?.driftMs ?? 0) - driftMs)).toBeLessThan(500);
    expect(Math.abs(fake.driftMs - after)).toBeLessThan(1_000);
  });

  test('is left alone near midnight, and tried again', async () => {
    const world = new World();
    world.add(meter(1)).driftMs = 600_000;
    world.clock.jump(-7 * 60_000 - 30_000);
    world.item('Meter Clock');
    await world.until(world.collector.round());
    expect(world.store.clockChecks[0]?.action).toBe('none');
    expect(world.store.attempts).toEqual([]);
  });
});

async function caught(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DcuError) return error.code;
    throw error;
  }
  return 'nothing';
}
