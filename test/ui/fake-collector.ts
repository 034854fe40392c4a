import type { CollectorPort, CollectorSnapshot, LiveEvents } from '../../src/api/services.ts';
import { Bus } from '../../src/base/bus.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { Store } from '../../src/store/types.ts';

/** A collector that answers from the store and moves its progress on by itself. */
export function fakeCollector(store: Store): CollectorPort & { stop(): void; bus: Bus<LiveEvents> } {
  const bus = new Bus<LiveEvents>(() => {});
  let step = 0;
  const relays = new Map<number, 'on' | 'off'>();
  const snapshot = (): CollectorSnapshot => ({
    jobs: [
      {
        id: 'job-1',
        meterId: 1,
        meterNo: '0011539400',
        name: 'energy profile',
        type: 'Energy profile',
        line: '485_1',
        priority: 2,
        state: 'running',
        queuedAt: 0,
        startedAt: 0,
      },
    ],
    lines: [
      {
        line: '485_1',
        total: 20,
        done: step % 19,
        failed: 1,
        queued: 19 - (step % 19),
        running: 1,
        current: '0011539421',
      },
      { line: '485_2', total: 12, done: 12, failed: 0, queued: 0, running: 0, current: null },
      {
        line: 'tcp_meters',
        total: 40,
        done: (step * 2) % 40,
        failed: 2,
        queued: 6,
        running: 4,
        current: '0011539435',
      },
    ],
  });
  const timer = setInterval(() => {
    step += 1;
    bus.emit('progress', snapshot());
    bus.emit('meter-state', {
      meterId: 1,
      state: step % 2 === 0 ? 'online' : 'reading',
      lastSeen: Date.now(),
    });
  }, 1000);
  return {
    bus,
    snapshot,
    stop: () => clearInterval(timer),
    readNow: async (meterId, signal) => {
      await Bun.sleep(300);
      if (signal.aborted) throw new DcuError('cancelled', 'The read was cancelled.');
      if (meterId % 7 === 0) throw new DcuError('link-timeout', 'No answer within 10 s.');
      const time = Date.now();
      const registers = await store.readings.registers(meterId);
      return { time, meterTime: time - 3_000, relay: relays.get(meterId) ?? 'on', registers };
    },
    relay: async (meterId, state) => {
      await Bun.sleep(200);
      relays.set(meterId, state);
      return { relay: state };
    },
    runNow: async () => ({ queued: 42 }),
    cancel: () => true,
  };
}
