import type { CollectorPort, CollectorSnapshot, LiveEvents } from '../../src/api/services.ts';
import { Bus } from '../../src/base/bus.ts';
import { DcuError } from '../../src/base/errors.ts';
import { encodeDateTime, fromUtcMs } from '../../src/dlms/datetime.ts';
import type { LineAccount, LineUse } from '../../src/meters/line-job.ts';
import { lastState } from '../../src/meters/state-readings.ts';
import type { Store } from '../../src/store/types.ts';

const use = (frames: number, badFcs = 0): LineUse => ({
  frames,
  bytes: frames * 87,
  bitMs: frames * 30,
  busyMs: frames * 40,
  badFcs,
  rejectedHeaders: 0,
  retransmissions: badFcs * 2,
  timeouts: badFcs,
  ignoredFrames: 0,
  failures: badFcs,
  lastError:
    badFcs === 0
      ? null
      : { code: 'link-timeout', message: 'no answer of HDLC server 1/17', time: 1_760_000_000_000 },
});

const state = {
  breaker: 'closed',
  link: { srttMs: 48, timeoutMs: 900, field: 128, window: 7 },
} as const;

/** A bus with two meters, one of them on a bad contact, and 44 TCP meters. */
const accounts: readonly LineAccount[] = [
  {
    line: '485_1',
    channel: '485_1',
    shared: true,
    state: 'busy',
    ageMs: 3_600_000,
    use: use(5_000, 37),
    meters: new Map([
      [1, { ...use(1_800), ...state, meterNo: '0011539400' }],
      [2, { ...use(3_200, 37), ...state, meterNo: '0011539407' }],
    ]),
  },
  ...Array.from({ length: 44 }, (_, index): LineAccount => {
    const own = use(200 + index, index === 5 ? 2 : 0);
    return {
      line: `127.0.0.1:${4061 + index}`,
      channel: 'dlms_tcp',
      shared: false,
      state: 'idle',
      ageMs: 3_600_000,
      use: own,
      meters: new Map([[10 + index, { ...own, ...state, meterNo: String(11_539_470 + index) }]]),
    };
  }),
];

/** A collector that answers from the store and moves its progress on by itself. */
export function fakeCollector(store: Store): CollectorPort & { stop(): void; bus: Bus<LiveEvents> } {
  const bus = new Bus<LiveEvents>(() => {});
  let step = 0;
  const relays = new Map<number, 'on' | 'off'>();
  const saveState = (meterId: number, time: number, relay: 'on' | 'off'): Promise<void> => {
    const plain = { meterId, time, scaler: null, unit: null };
    const value = encodeDateTime(fromUtcMs(time - 3_000, -120)).toHex();
    return store.collection.saveRegisters([
      { ...plain, classId: 8, obis: '0.0.1.0.0.255', attribute: 2, type: 'octet-string', value },
      {
        ...plain,
        classId: 70,
        obis: '0.0.96.3.10.255',
        attribute: 3,
        type: 'enum',
        value: relay === 'on' ? '1' : '0',
      },
    ]);
  };
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
        shared: true,
        total: 20,
        done: step % 19,
        failed: 1,
        queued: 19 - (step % 19),
        running: 1,
        current: '0011539421',
      },
      { line: '485_2', shared: true, total: 12, done: 12, failed: 0, queued: 0, running: 0, current: null },
      {
        line: 'tcp_meters',
        shared: false,
        total: 176,
        done: 60 + (step % 40),
        failed: 2,
        queued: 44,
        running: 4,
        current: null,
      },
    ].map((line) => ({ ...line, chunksLeft: null, etaMs: line.running > 0 ? 150_000 : null })),
    overall: { total: 208, done: 80, failed: 3, queued: 63, running: 5, etaMs: 150_000 },
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
    lastError: () => undefined,
    acceptIdentity: async () => {},
    accounting: () => accounts,
    stop: () => clearInterval(timer),
    readNow: async (meterId, signal) => {
      await Bun.sleep(300);
      if (signal.aborted) throw new DcuError('cancelled', 'The read was cancelled.');
      if (meterId % 7 === 0) throw new DcuError('link-timeout', 'No answer within 10 s.');
      const time = Date.now();
      const relay = relays.get(meterId) ?? 'on';
      const { registers } = lastState(await store.readings.registers(meterId)) ?? { registers: [] };
      await saveState(meterId, time, relay);
      return { time, meterTime: time - 3_000, relay, relayTime: time, registers };
    },
    relay: async (meterId, state) => {
      await Bun.sleep(200);
      relays.set(meterId, state);
      await saveState(meterId, Date.now(), state);
      return { relay: state, relayTime: Date.now() };
    },
    runNow: async () => ({ queued: 42 }),
    cancel: () => true,
  };
}
