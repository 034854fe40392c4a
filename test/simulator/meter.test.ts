import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DAY_MS } from '../../src/simulator/calendar.ts';
import { EVENT } from '../../src/simulator/event-codes.ts';
import { SimulatedMeter } from '../../src/simulator/meter.ts';
import { type NeighbourhoodOptions, planNeighbourhood } from '../../src/simulator/plan.ts';
import { START_MS } from './sample.ts';

function meterOf(
  change: Partial<NeighbourhoodOptions> = {},
  liveOutages = false,
  clock = new VirtualClock(START_MS),
): { meter: SimulatedMeter; clock: VirtualClock } {
  const [plan] = planNeighbourhood({
    seed: 3,
    meters: 1,
    tcpBase: 0,
    framing: 'wrapper',
    auth: 'none',
    ...change,
  });
  if (plan === undefined) throw new Error('no plan');
  return { meter: new SimulatedMeter(plan, { seed: 3, clock, startMs: START_MS, liveOutages }), clock };
}

const standard = (meter: SimulatedMeter): number[] =>
  meter.point.events('standard', meter.now(), 100).map((event) => event.value);

describe('simulated meter', () => {
  test('is silent during a live outage, and comes back without its associations', () => {
    const { meter, clock } = meterOf({}, true);
    const outage = meter.point.outages(START_MS + 300 * DAY_MS).find(({ startMs }) => startMs > START_MS);
    if (outage === undefined) throw new Error('no outage in 300 days');
    let restarts = 0;
    meter.onRestart(() => restarts++);
    clock.jump(outage.startMs - START_MS - 1000);
    expect([meter.isMuted(), restarts]).toEqual([false, 0]);
    clock.jump(1000);
    expect([meter.isMuted(), restarts]).toEqual([true, 0]);
    clock.jump(outage.endMs - outage.startMs);
    // What is said first after the outage goes to an association that is gone.
    expect([meter.isMuted(), restarts]).toEqual([true, 1]);
    expect([meter.isMuted(), restarts]).toEqual([false, 1]);
    expect(standard(meter)).toContain(EVENT.powerUp);
  });

  test('a reboot mutes it for its time and is logged once', async () => {
    const { meter, clock } = meterOf();
    let restarts = 0;
    const forget = meter.onRestart(() => restarts++);
    meter.turnOn({ kind: 'reboot', seconds: 30 });
    await clock.advance(29_000);
    expect([meter.isMuted(), restarts]).toEqual([true, 0]);
    await clock.advance(1000);
    expect([meter.isMuted(), restarts]).toEqual([false, 1]);
    expect(standard(meter).at(-1)).toBe(EVENT.watchdog);
    forget();
    meter.turnOn({ kind: 'reboot', seconds: 1 });
    meter.stop();
    await clock.advance(5000);
    expect([restarts, standard(meter).filter((code) => code === EVENT.watchdog).length]).toEqual([
      1,
      standard(meterOf({}, false, new VirtualClock(meter.now())).meter).filter((c) => c === EVENT.watchdog)
        .length + 1,
    ]);
  });

  test('takes each invocation counter of a client once, and only upwards', () => {
    const { meter } = meterOf({ auth: 'hls-gmac' });
    expect(meter.acceptInvocationCounter(1, 5)).toBe(true);
    expect(meter.acceptInvocationCounter(1, 5)).toBe(false);
    expect(meter.acceptInvocationCounter(1, 4)).toBe(false);
    expect(meter.acceptInvocationCounter(2, 4)).toBe(true);
    expect(meter.acceptInvocationCounter(1, 6)).toBe(true);
    expect(meter.lastAcceptedCounter(1)).toBe(6);
    const first = meter.nextInvocationCounter();
    expect(meter.nextInvocationCounter()).toBe(first + 1);
  });

  test('its own counter has moved on when it starts again later', () => {
    const { meter } = meterOf({ auth: 'hls-gmac' });
    const used = meter.nextInvocationCounter();
    const [plan] = planNeighbourhood({
      seed: 3,
      meters: 1,
      tcpBase: 0,
      framing: 'wrapper',
      auth: 'hls-gmac',
    });
    if (plan === undefined) throw new Error('no plan');
    const startMs = START_MS + 60_000;
    const again = new SimulatedMeter(plan, {
      seed: 3,
      clock: new VirtualClock(startMs),
      startMs,
      liveOutages: false,
    });
    expect(again.nextInvocationCounter()).toBe(used + 64 * 60);
  });

  test.each(['none', 'lls', 'hls-gmac'] as const)('%s: a refusal offers what cannot be met', (auth) => {
    const { meter } = meterOf({ auth });
    const before = meter.associations();
    expect(before.map((one) => [one.clientAddress, one.auth])).toEqual([
      [16, 'none'],
      [102, 'none'],
      [1, auth],
    ]);
    meter.turnOn({ kind: 'refuse' });
    for (const [i, one] of meter.associations().entries()) {
      expect(one.auth).not.toBe(before[i]?.auth ?? one.auth);
      expect(one.password).toBeUndefined();
    }
    meter.turnOff('refuse');
    meter.turnOn({ kind: 'wrong-key' });
    const wrong = meter.associations().at(-1);
    expect(wrong?.auth).toBe(auth);
    if (auth === 'lls') expect(wrong?.password).not.toEqual(before[2]?.password ?? new Uint8Array());
    if (auth === 'hls-gmac') {
      expect(wrong?.encryptionKey).not.toEqual(before[2]?.encryptionKey ?? new Uint8Array());
      expect(wrong?.authenticationKey).not.toEqual(before[2]?.authenticationKey ?? new Uint8Array());
    }
  });
});
