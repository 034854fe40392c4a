import type { ServerMachine } from '../../dlms/server.ts';
import type { SimulatedMeter } from '../meter.ts';
import { meterServer } from '../meter-server.ts';

/** What stands behind a communication unit: gets a message, and has its answer at once or never. */
export interface Station {
  receive(bytes: Uint8Array, nowMs: number): Uint8Array;
}

/** A simulated meter as a station: its server runs on what the network brings, with timers by the network's time. */
export class MeterStation implements Station {
  readonly meter: SimulatedMeter;
  readonly #timers = new Map<string, number>();
  #server: ServerMachine;

  constructor(meter: SimulatedMeter) {
    this.meter = meter;
    this.#server = meterServer(meter);
    meter.onRestart(() => {
      this.#server = meterServer(meter);
      this.#timers.clear();
    });
  }

  /** Empty while the meter has no power, or has nothing to say. */
  receive(bytes: Uint8Array, nowMs: number): Uint8Array {
    if (this.meter.isMuted()) return new Uint8Array();
    const sent: number[] = [];
    for (const [timer, dueMs] of this.#timers) {
      if (dueMs > nowMs) continue;
      this.#timers.delete(timer);
      this.#step({ on: 'timer', timer }, dueMs);
    }
    sent.push(...this.#step({ on: 'bytes', bytes }, nowMs));
    return Uint8Array.from(sent);
  }

  #step(input: Parameters<ServerMachine['step']>[0], nowMs: number): number[] {
    const sent: number[] = [];
    for (const effect of this.#server.step(input, nowMs)) {
      if (effect.do === 'send') sent.push(...effect.bytes);
      else if (effect.do === 'arm') this.#timers.set(effect.timer, nowMs + effect.delayMs);
      else if (effect.do === 'disarm') this.#timers.delete(effect.timer);
      else if (effect.do === 'emit') this.meter.observe(effect.event);
      else if (effect.do === 'close') {
        // A meter behind a communication unit has no connection to lose: the next message finds a new server.
        this.#server = meterServer(this.meter);
        this.#timers.clear();
      }
    }
    return sent;
  }
}
