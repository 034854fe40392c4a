import { describe, expect, test } from 'bun:test';
import { EVENT_LOGS } from '../../src/base/model.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/simulator/calendar.ts';
import { EVENT } from '../../src/simulator/event-codes.ts';
import { MeterClock } from '../../src/simulator/meter-clock.ts';
import { registersAt } from '../../src/simulator/profile-rows.ts';
import { START_MS, samplePoint } from './sample.ts';

const total = (point: ReturnType<typeof samplePoint>, atMs: number): number =>
  registersAt(point, atMs).activeImport[0];

describe('clock', () => {
  test('drifts by its ppm and comes back to the same moment', () => {
    const clock = new MeterClock(50, [START_MS], 0);
    expect(clock.at(START_MS + DAY_MS) - START_MS - DAY_MS).toBe(4320);
    expect(clock.trueOf(clock.at(START_MS + DAY_MS))).toBe(START_MS + DAY_MS);
  });

  test('captures lie on full quarter hours of its own time', () => {
    const clock = new MeterClock(-120, [START_MS - DAY_MS], 700);
    const { stamps, times, count } = clock.captures(15 * MINUTE_MS, START_MS, START_MS + 2 * DAY_MS);
    expect(count).toBe(192);
    for (let i = 0; i < count; i++) {
      expect((stamps[i] ?? 0) % (15 * MINUTE_MS)).toBe(0);
      expect(Math.abs(clock.at(times[i] ?? 0) - (stamps[i] ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  test.each([
    ['a little forward over a boundary', 90_000],
    ['a little back over a boundary', -90_000],
  ])('%s: no capture is lost or doubled', (_name, jumpMs) => {
    const boundary = Math.ceil(START_MS / (15 * MINUTE_MS)) * 15 * MINUTE_MS;
    const clock = new MeterClock(0, [0], 0);
    const at = boundary - Math.sign(jumpMs) * 30_000;
    clock.set(at, at + jumpMs);
    const { stamps, count, adjusted } = clock.captures(
      15 * MINUTE_MS,
      boundary - HOUR_MS,
      boundary + HOUR_MS,
    );
    const found = [...stamps.subarray(0, count)];
    const expected = found.map((_, i) => (found[0] ?? 0) + i * 15 * MINUTE_MS);
    expect(found).toEqual(expected);
    expect(found).toContain(boundary);
    expect([...adjusted.subarray(0, count)].filter((flag) => flag === 1)).toHaveLength(1);
  });

  test('a jump of hours leaves a gap, a jump back repeats stamps', () => {
    const clock = new MeterClock(0, [0], 0);
    clock.set(START_MS, START_MS + 3 * HOUR_MS);
    const forward = clock.captures(15 * MINUTE_MS, START_MS - HOUR_MS, START_MS + HOUR_MS);
    const steps = [...forward.stamps.subarray(1, forward.count)].map((s, i) => s - (forward.stamps[i] ?? 0));
    expect(Math.max(...steps)).toBe(3 * HOUR_MS + 15 * MINUTE_MS);
    clock.set(START_MS + HOUR_MS, START_MS);
    const back = clock.captures(15 * MINUTE_MS, START_MS - HOUR_MS, START_MS + 3 * HOUR_MS);
    const stamps = [...back.stamps.subarray(0, back.count)];
    expect(stamps.some((stamp, i) => i > 0 && stamp < (stamps[i - 1] ?? 0))).toBe(true);
  });
});

describe('metering point', () => {
  test('registers never fall, through outages, lost phases and relay trips', () => {
    for (let meterIndex = 0; meterIndex < 8; meterIndex++) {
      const point = samplePoint({ meterIndex, kind: meterIndex % 2 === 0 ? 'household' : 'solar' });
      let before = registersAt(point, START_MS - 420 * DAY_MS);
      for (let at = START_MS - 420 * DAY_MS; at <= START_MS; at += 47 * MINUTE_MS) {
        const now = registersAt(point, at);
        now.activeImport.forEach((value, i) => {
          if (value < (before.activeImport[i] ?? 0))
            throw new Error(`1.8.${i} of ${meterIndex} fell at ${at}`);
        });
        if (now.activeExport < before.activeExport || now.reactiveImport < before.reactiveImport) {
          throw new Error(`export or reactive register of ${meterIndex} fell at ${at}`);
        }
        before = now;
      }
    }
  });

  test('nothing flows during an outage', () => {
    const point = samplePoint();
    const outages = point.outages(START_MS);
    expect(outages.length).toBeGreaterThan(5);
    for (const { startMs, endMs } of outages) {
      expect(total(point, endMs)).toBe(total(point, startMs));
      expect(point.isOut(startMs)).toBe(true);
      expect(point.isOut(endMs)).toBe(false);
      expect(point.instantaneous(startMs + (endMs - startMs) / 2).voltage).toEqual([0, 0, 0]);
    }
  });

  test('a lost phase takes its share of the load, not all', () => {
    const point = samplePoint();
    const lost = point.events('phase-interruption', START_MS, 100);
    expect(lost.length).toBeGreaterThan(4);
    const first = lost.find((event) => event.value < EVENT.phaseBack);
    if (first === undefined) throw new Error('no lost phase in the history');
    const phase = first.value - EVENT.phaseLost;
    const { voltage, phasePower, activeImport } = point.instantaneous(first.atMs + 1000);
    expect(voltage[phase]).toBe(0);
    expect(phasePower[phase]).toBe(0);
    expect(phasePower[0] + phasePower[1] + phasePower[2]).toBeCloseTo(activeImport, 6);
    expect(activeImport).toBeGreaterThan(0);
  });

  test('the open relay stops the load at once and for as long as it is open', () => {
    const point = samplePoint();
    const off = START_MS + 5 * MINUTE_MS;
    expect(point.disconnect(off)).toBe(true);
    expect(point.disconnect(off + 1)).toBe(false);
    expect(point.connected).toBe(false);
    expect(total(point, off + 30 * DAY_MS)).toBe(total(point, off));
    const idle = point.instantaneous(off + HOUR_MS);
    expect([idle.activeImport, ...idle.current]).toEqual([0, 0, 0, 0]);
    expect(idle.voltage[0]).toBeGreaterThan(200);

    expect(point.reconnect(off + 2 * DAY_MS)).toBe(true);
    expect(point.reconnect(off + 2 * DAY_MS)).toBe(false);
    expect(total(point, off + 2 * DAY_MS)).toBe(total(point, off));
    expect(total(point, off + 3 * DAY_MS)).toBeGreaterThan(total(point, off));
    expect(point.events('relay', off + 3 * DAY_MS, 2).map((event) => event.value)).toEqual([
      EVENT.relayRemoteOff,
      EVENT.relayRemoteOn,
    ]);
  });

  test('what flowed before the relay opened stays counted', () => {
    const point = samplePoint();
    const before = total(point, START_MS);
    point.disconnect(START_MS + MINUTE_MS);
    expect(total(point, START_MS)).toBe(before);
  });

  test('setting the clock is logged with the old and the new time', () => {
    const point = samplePoint();
    const shown = point.clock.at(START_MS);
    point.setClock(START_MS, shown + 100_000);
    const [old, changed] = point.events('standard', START_MS, 2);
    expect(old).toMatchObject({ value: EVENT.clockOld, stampMs: shown });
    expect(changed).toMatchObject({ value: EVENT.clockNew, stampMs: shown + 100_000 });
    expect(point.clock.at(START_MS + 1000)).toBe(shown + 101_000);
  });

  test('every log has a history, and new events arise as time goes on', () => {
    const point = samplePoint();
    for (const log of EVENT_LOGS) expect(point.events(log, START_MS, 1000).length).toBeGreaterThan(0);
    const later = START_MS + 120 * DAY_MS;
    for (const log of ['power-quality', 'phase-interruption', 'standard'] as const) {
      expect(point.events(log, later, 1000).length).toBeGreaterThan(point.events(log, START_MS, 1000).length);
    }
    const lines = point.events('power-quality', later, 1000);
    expect(lines.map((line) => line.atMs)).toEqual([...lines].map((line) => line.atMs).sort((a, b) => a - b));
    expect(point.events('power-quality', later, 3)).toEqual(lines.slice(-3));
  });

  test('outages come only when asked for while the simulation runs', () => {
    const later = START_MS + 200 * DAY_MS;
    const quiet = samplePoint().outages(later);
    expect(quiet.every((outage) => outage.endMs < START_MS)).toBe(true);
    const live = samplePoint({ liveOutages: true }).outages(later);
    expect(live.length).toBeGreaterThan(quiet.length);
  });

  test('neighbours on a feeder share outages', () => {
    const ofMeter = (meterIndex: number, feeder: number): Set<number> =>
      new Set(
        samplePoint({ meterIndex, feeder })
          .outages(START_MS)
          .map((outage) => outage.startMs),
      );
    const first = ofMeter(1, 7);
    expect(ofMeter(2, 7).intersection(first).size).toBeGreaterThan(0);
    expect(ofMeter(2, 8).intersection(first).size).toBe(0);
  });

  test('the history does not depend on the order of questions', () => {
    const asked = samplePoint();
    for (const log of EVENT_LOGS) asked.events(log, START_MS + 50 * DAY_MS, 1000);
    const fresh = samplePoint();
    for (const log of EVENT_LOGS) {
      expect(asked.events(log, START_MS, 1000)).toEqual(fresh.events(log, START_MS, 1000));
    }
    expect(registersAt(asked, START_MS)).toEqual(registersAt(fresh, START_MS));
  });
});

test('a clock that is set years ahead and back leaves no line in the log, and takes none out of it', () => {
  const point = samplePoint();
  const logAt = (untilMs: number): string[] =>
    point.events('standard', untilMs, 1_000).map(({ atMs, value }) => `${atMs} ${value}`);
  // Before anything else is known of these days.
  point.isOut(START_MS + 9 * DAY_MS);
  const before = logAt(START_MS + 3 * DAY_MS);
  point.clock.set(START_MS + DAY_MS, START_MS + 900 * DAY_MS);
  expect(logAt(START_MS + 3 * DAY_MS)).toEqual(before);
  point.clock.set(START_MS + 2 * DAY_MS, START_MS + 2 * DAY_MS);
  expect(logAt(START_MS + 3 * DAY_MS)).toEqual(before);
});
