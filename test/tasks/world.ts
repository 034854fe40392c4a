import { VirtualClock } from '../../src/base/clock.ts';
import { type Log, silentLog } from '../../src/base/log.ts';
import type { Meter, TaskItem, TaskType } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel, ChannelOpener } from '../../src/channels/channel.ts';
import type { LineAccess } from '../../src/meters/line-channels.ts';
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
  /** Names of lines whose channel is open. */
  readonly openLines = new Set<string>();
  /** Lines busy at the same moment, at most. */
  mostBusy = 0;
  readonly collector: Collector;
  #openers = new Map<string, ChannelOpener>();

  /** `lineOf` may throw; `shared`: channels stay open as on RS-485, here with one meter each. */
  constructor(
    options: {
      readonly lineOf?: (meter: Meter) => string;
      readonly maxBusyLines?: number;
      readonly shared?: boolean;
      readonly log?: Log;
    } = {},
  ) {
    const lineOf = options.lineOf ?? ((meter) => `tcp:${meter.meterNo}`);
    const byChannel = new WeakMap<ByteChannel, Meter>();
    this.store.groups = [{ id: 1, name: 'single_phase', enabled: true }];
    this.store.attributes = { dlms_down: { 'send.timeout': '10', 'send.retry': '2', 'send.silent': '2' } };
    let current: Meter | undefined;
    this.collector = createCollector({
      store: this.store,
      clock: this.clock,
      random: new SeededRandom(1),
      log: options.log ?? silentLog,
      zone: () => 'UTC',
      systemTitle: new Uint8Array(8),
      ...(options.maxBusyLines === undefined ? {} : { maxBusyLines: options.maxBusyLines }),
      openLine: (meter): LineAccess => {
        const name = lineOf(meter);
        const opener = this.#openers.get(name) ?? {
          name,
          open: async () => {
            this.opened.push(options.shared === true ? name : meter.meterNo);
            this.openLines.add(name);
            this.mostBusy = Math.max(this.mostBusy, this.openLines.size);
            const channel = emptyChannel(name, () => this.openLines.delete(name));
            byChannel.set(channel, meter);
            current = meter;
            return channel;
          },
        };
        if (options.shared === true) this.#openers.set(name, opener);
        return { lineName: name, protocol: 'dlms_down', shared: options.shared === true, opener };
      },
      connect: (channel, config, _clock, { signal }) => {
        const meter = byChannel.get(channel) ?? current;
        const fake = meter === undefined ? undefined : this.fakes.get(meter.id);
        if (fake === undefined) throw new Error('no such fake meter');
        return fake.connect(config, signal);
      },
    });
  }

  /** Every line gets other settings. */
  renewLines(): Promise<void> {
    this.#openers.clear();
    return this.collector.linesChanged();
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
