import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Meter, TaskItem, TaskType } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import type { LineAccess } from '../../src/meters/connector.ts';
import { type Collector, createCollector } from '../../src/tasks/collector.ts';
import { emptyChannel, FakeMeter } from './fake-meter.ts';
import { MemoryStore } from './memory-store.ts';

export const START = Date.parse('2026-06-10T00:07:00Z');

/** A collector in virtual time over fake meters. */
export class World {
  readonly clock = new VirtualClock(START);
  readonly store = new MemoryStore();
  readonly fakes = new Map<number, FakeMeter>();
  readonly opened: string[] = [];
  /** Lines busy at the same moment, at most. */
  mostBusy = 0;
  readonly collector: Collector;
  #busy = new Set<string>();

  constructor(options: { readonly lineOf?: (meter: Meter) => string; readonly maxBusyLines?: number } = {}) {
    const lineOf = options.lineOf ?? ((meter) => `tcp:${meter.meterNo}`);
    const byChannel = new WeakMap<ByteChannel, Meter>();
    this.store.groups = [{ id: 1, name: 'single_phase', enabled: true }];
    this.store.attributes = { dlms_down: { 'send.timeout': '10', 'send.retry': '2', 'send.silent': '2' } };
    let current: Meter | undefined;
    this.collector = createCollector({
      store: this.store,
      clock: this.clock,
      random: new SeededRandom(1),
      log: silentLog,
      zone: () => 'UTC',
      systemTitle: new Uint8Array(8),
      ...(options.maxBusyLines === undefined ? {} : { maxBusyLines: options.maxBusyLines }),
      openLine: (meter): LineAccess => ({
        lineName: lineOf(meter),
        protocol: 'dlms_down',
        shared: false,
        opener: {
          name: lineOf(meter),
          open: async () => {
            this.opened.push(meter.meterNo);
            this.#busy.add(lineOf(meter));
            this.mostBusy = Math.max(this.mostBusy, this.#busy.size);
            const channel = emptyChannel(lineOf(meter), () => this.#busy.delete(lineOf(meter)));
            byChannel.set(channel, meter);
            current = meter;
            return channel;
          },
        },
      }),
      connect: (channel, config, _clock, { signal }) => {
        const meter = byChannel.get(channel) ?? current;
        const fake = meter === undefined ? undefined : this.fakes.get(meter.id);
        if (fake === undefined) throw new Error('no such fake meter');
        return fake.connect(config, signal);
      },
    });
  }

  add(meter: Meter): FakeMeter {
    const fake = new FakeMeter(this.clock);
    this.store.meterList.push(meter);
    this.fakes.set(meter.id, fake);
    return fake;
  }

  item(type: TaskType, change: Partial<TaskItem> = {}): TaskItem {
    const item: TaskItem = {
      id: this.store.items.length + 1,
      name: type.toLowerCase(),
      task: 'single_phase',
      intervalS: 0,
      offsetS: 0,
      maxRecallS: 20 * 86_400,
      enabled: true,
      priority: 3,
      type,
      cron: '0 */4 * * *',
      ...change,
    };
    this.store.items.push(item);
    return item;
  }

  /** Runs the clock until the promise settles. */
  async until<Value>(promise: Promise<Value>, limitMs = 86_400_000, stepMs = 1_000): Promise<Value> {
    const state = { settled: false };
    const mark = (): void => {
      state.settled = true;
    };
    promise.then(mark, mark);
    for (let ms = 0; !state.settled && ms < limitMs; ms += stepMs) await this.clock.advance(stepMs);
    return promise;
  }
}
