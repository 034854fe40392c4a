import { concat } from '../../base/bytes.ts';
import type { ServerMachine } from '../../dlms/server.ts';
import type { SimulatedMeter } from '../meter.ts';
import { meterServer } from '../meter-server.ts';

/** What stands behind a communication unit: gets a message, and has its answer at once or never. */
export interface Station {
  /** By so much its answers are late. */
  readonly delayMs?: number;
  receive(bytes: Uint8Array, nowMs: number): Uint8Array;
}

const NOTHING = new Uint8Array();

/**
 * A simulated meter as a station: its server runs on what the network brings, with timers by the network's time. What
 * is wrong with the meter acts on what it hears and says.
 */
export class MeterStation implements Station {
  readonly meter: SimulatedMeter;
  readonly #timers = new Map<string, number>();
  /** Made when it is needed: most meters of a large network say nothing for most of the time. */
  #server: ServerMachine | undefined;

  constructor(meter: SimulatedMeter) {
    this.meter = meter;
    meter.onRestart(() => this.#forget());
  }

  get delayMs(): number {
    return this.meter.faults.delayMs;
  }

  /** Empty while the meter has no power, or has nothing to say. */
  receive(bytes: Uint8Array, nowMs: number): Uint8Array {
    const { meter } = this;
    if (meter.isDown() || meter.faults.has('silence')) return NOTHING;
    // After an outage it begins anew, with the first message already.
    meter.hasPoweredUp();
    const heard = meter.faults.pass(bytes);
    if (heard === undefined) return NOTHING;
    this.#expire(nowMs);
    return meter.faults.pass(this.#step({ on: 'bytes', bytes: heard }, nowMs)) ?? NOTHING;
  }

  /** Timers that have run out since the last message; nobody is there to hear what they say. */
  #expire(nowMs: number): void {
    for (const [timer, dueMs] of this.#timers) {
      if (dueMs > nowMs) continue;
      this.#timers.delete(timer);
      this.#step({ on: 'timer', timer }, dueMs);
    }
  }

  #step(input: Parameters<ServerMachine['step']>[0], nowMs: number): Uint8Array {
    this.#server ??= meterServer(this.meter);
    const sent: Uint8Array[] = [];
    for (const effect of this.#server.step(input, nowMs)) {
      if (effect.do === 'send') sent.push(effect.bytes);
      else if (effect.do === 'arm') this.#timers.set(effect.timer, nowMs + effect.delayMs);
      else if (effect.do === 'disarm') this.#timers.delete(effect.timer);
      else if (effect.do === 'emit') this.meter.observe(effect.event);
      else if (effect.do === 'close') {
        // A meter behind a communication unit has no connection to lose: the next message finds a new server.
        this.#forget();
        break;
      }
    }
    const [first = NOTHING] = sent;
    return sent.length > 1 ? concat(sent) : first;
  }

  #forget(): void {
    this.#server = undefined;
    this.#timers.clear();
  }
}
