import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { TaskItem } from '../base/model.ts';
import { type Cron, nextTick, parseCron } from './cron.ts';
import { isOpen } from './window.ts';

/** The wall clock is looked at least this often, so that a jump or a changed item is noticed. */
const LOOK_EVERY_MS = 60_000;
const KNOWN_LIMIT = 512;
/** Set back by no more than this, no tick is repeated; by more, time starts anew. */
const REPEAT_LIMIT_MS = 3 * 3_600_000;

/** Less is the work of a service that keeps the clock right by small steps. */
const SET_BACK_MS = 1_000;

export interface SchedulerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** IANA name of the concentrator's time zone. */
  readonly zone: () => string;
  readonly items: () => Promise<readonly TaskItem[]>;
  /** Called at the start, and when the wall clock was set back: what it has shown beyond that was not true. */
  readonly setBack?: (nowMs: number) => Promise<void>;
  /** Called once per item, however many of its ticks a clock jump has passed over. `meters`: for these alone. */
  readonly fire: (items: readonly TaskItem[], why: Why, meters?: ReadonlySet<number>) => Promise<void>;
}

type Why = 'tick' | 'catch-up';

/** What waits for the window of an item to open. */
interface Held {
  readonly why: Why;
  /** Of every meter, or of those whose work the end of the window has cut short. */
  readonly meters: Set<number> | 'all';
}

/**
 * Fires task items at the ticks of their crons plus Offset. A forward jump of the clock gives one catch-up for each
 * item that it passed over, a backward jump repeats nothing; ticks missed before the start are caught up once. What is
 * due outside the time window of its item waits until that opens.
 */
export class Scheduler {
  readonly #deps: SchedulerDependencies;
  /** Until here every tick has been seen, UTC ms. */
  #seenMs = 0;
  /** Both clocks when the wall clock was held against the other. */
  #compared = { nowMs: 0, monotonicMs: 0 };
  #setBackFailed = false;
  #cancelTimer: (() => void) | undefined;
  #running = false;
  #looking: Promise<void> | undefined;
  /** By task item. */
  readonly #held = new Map<number, Held>();
  readonly #crons = new Map<string, Cron | undefined>();
  readonly #known = new Map<string, { readonly afterMs: number; readonly dueMs: number }>();

  constructor(deps: SchedulerDependencies) {
    this.#deps = deps;
  }

  /** Resolves when the catch-up of missed ticks is queued. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#seenMs = this.#deps.clock.now();
    await this.#compareClocks('start');
    await this.#deps.fire(this.#holdClosed(await this.#deps.items(), 'catch-up'), 'catch-up');
    this.#arm(0);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#looking;
  }

  /** The window of an item has closed before the work on a meter was done: it goes on when that opens. */
  hold(itemId: number, meterId: number): void {
    const held = this.#held.get(itemId);
    if (held === undefined) this.#held.set(itemId, { why: 'tick', meters: new Set([meterId]) });
    else if (held.meters !== 'all') held.meters.add(meterId);
  }

  /** Whether a tick of the item has passed since its last success. */
  missedTick(item: TaskItem, lastSuccessMs: number | undefined): boolean {
    const nowMs = this.#deps.clock.now();
    if (lastSuccessMs === undefined || lastSuccessMs > nowMs) return true;
    const dueMs = this.#dueAfter(item, lastSuccessMs);
    return dueMs !== undefined && dueMs <= nowMs;
  }

  /** First tick plus Offset after an instant; undefined = never, or a cron that nobody can read. */
  #dueAfter(item: TaskItem, afterMs: number): number | undefined {
    const cron = this.#cronOf(item);
    if (cron === undefined) return undefined;
    const zone = this.#deps.zone();
    const key = `${zone} ${item.offsetS} ${item.cron}`;
    // Between an instant and the tick that follows it every other instant has the same next tick.
    const known = this.#known.get(key);
    if (known !== undefined && known.afterMs <= afterMs && afterMs < known.dueMs) return known.dueMs;
    const offsetMs = Math.max(0, item.offsetS) * 1000;
    const tickMs = nextTick(cron, afterMs - offsetMs, zone);
    if (tickMs === undefined) return undefined;
    if (this.#known.size >= KNOWN_LIMIT) this.#known.clear();
    this.#known.set(key, { afterMs, dueMs: tickMs + offsetMs });
    return tickMs + offsetMs;
  }

  #cronOf(item: TaskItem): Cron | undefined {
    if (this.#crons.has(item.cron)) return this.#crons.get(item.cron);
    let cron: Cron | undefined;
    try {
      cron = parseCron(item.cron);
    } catch (error) {
      this.#deps.log.error('a task item has a cron that cannot be read', {
        item: item.name,
        ...toDcuError(error).toJSON(),
      });
    }
    this.#crons.set(item.cron, cron);
    return cron;
  }

  #arm(delayMs: number): void {
    if (!this.#running) return;
    this.#cancelTimer = this.#deps.clock.after(delayMs, () => {
      this.#looking = this.#look().then(
        (nextMs) => this.#arm(nextMs),
        (error: unknown) => {
          this.#deps.log.error('the scheduler could not look at its items', {
            ...toDcuError(error).toJSON(),
          });
          this.#arm(LOOK_EVERY_MS);
        },
      );
    });
  }

  /** Before the start nobody has looked: time may have been anything. */
  async #compareClocks(when: 'start' | 'look'): Promise<void> {
    const { clock, log, setBack } = this.#deps;
    const nowMs = clock.now();
    const monotonicMs = clock.monotonicMs();
    const gainedMs = nowMs - this.#compared.nowMs - (monotonicMs - this.#compared.monotonicMs);
    if (when === 'start' || gainedMs < -SET_BACK_MS || this.#setBackFailed) {
      try {
        await setBack?.(nowMs);
        this.#setBackFailed = false;
      } catch (error) {
        // A full disk: work goes on, and the next look tries again.
        this.#setBackFailed = true;
        log.error('what was read by a clock that was ahead could not be opened again', {
          ...toDcuError(error).toJSON(),
        });
      }
    }
    this.#compared = { nowMs, monotonicMs };
  }

  /** Fires what has fallen due since the last look; resolves to the milliseconds until the next one. */
  async #look(): Promise<number> {
    const { clock, fire, items, log } = this.#deps;
    const all = await items();
    await this.#compareClocks('look');
    if (!this.#running) return LOOK_EVERY_MS;
    const nowMs = clock.now();
    if (nowMs < this.#seenMs - REPEAT_LIMIT_MS) {
      log.warn('the clock was set back', { seconds: Math.round((this.#seenMs - nowMs) / 1000) });
      this.#seenMs = nowMs;
    }
    const fromMs = this.#seenMs;
    const due = all.filter((item) => {
      if (!item.enabled) return false;
      const dueMs = this.#dueAfter(item, fromMs);
      return dueMs !== undefined && dueMs <= nowMs;
    });
    this.#seenMs = Math.max(fromMs, nowMs);
    const open = this.#holdClosed(due, 'tick');
    if (open.length > 0) await fire(open, 'tick');
    await this.#release(all);
    const afterMs = clock.now();
    let waitMs = LOOK_EVERY_MS;
    for (const item of all) {
      if (!item.enabled) continue;
      // Windows open at full minutes.
      if (this.#held.has(item.id)) waitMs = Math.min(waitMs, LOOK_EVERY_MS - (afterMs % LOOK_EVERY_MS));
      const dueMs = this.#dueAfter(item, this.#seenMs);
      if (dueMs !== undefined) waitMs = Math.min(waitMs, Math.max(0, dueMs - afterMs));
    }
    return Math.max(0, waitMs);
  }

  /** Those of the items whose window is open; the others are held. */
  #holdClosed(items: readonly TaskItem[], why: Why): TaskItem[] {
    const { clock, zone } = this.#deps;
    const nowMs = clock.now();
    return items.filter((item) => {
      if (!item.enabled || isOpen(item, nowMs, zone())) return true;
      this.#held.set(item.id, { why: this.#held.get(item.id)?.why ?? why, meters: 'all' });
      return false;
    });
  }

  async #release(items: readonly TaskItem[]): Promise<void> {
    const { clock, zone, fire } = this.#deps;
    for (const [itemId, { why, meters }] of this.#held) {
      const item = items.find(({ id }) => id === itemId);
      if (item?.enabled === true && !isOpen(item, clock.now(), zone())) continue;
      this.#held.delete(itemId);
      if (item?.enabled === true) await fire([item], why, meters === 'all' ? undefined : meters);
    }
  }
}
