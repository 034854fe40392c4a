import type { Effect, LineSettings } from '../base/machine.ts';
import type { Edition } from './codec.ts';
import { encodeFrame, type FrameAddresses, NETWORK_KINDS, type PlcFrame } from './frame.ts';
import { downInformation } from './information.ts';
import type { ModuleCounters, ModuleEvent } from './module-types.ts';
import { encodeData, type Unit } from './unit.ts';

/** What the parts of the machine want done in one step, in order. */
export class ModuleOutput {
  readonly counters: ModuleCounters = {
    sent: 0,
    received: 0,
    stale: 0,
    garbled: 0,
    foreign: 0,
    repeated: 0,
    timeouts: 0,
    denied: 0,
  };
  edition: Edition = '10376.2';
  #effects: Effect<ModuleEvent>[] = [];

  take(): Effect<ModuleEvent>[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Sends a unit; with `addresses` it is for a node. */
  send<Down>(
    unit: Unit<Down, unknown>,
    value: Down,
    sequence: number,
    options: { readonly initiates: boolean; readonly addresses?: FrameAddresses },
  ): void {
    const { initiates, addresses } = options;
    const frame: PlcFrame = {
      direction: 'down',
      initiates,
      kind: this.edition === '376.2' ? NETWORK_KINDS.narrowband : NETWORK_KINDS.hplc,
      information: downInformation(sequence, addresses !== undefined),
      ...(addresses === undefined ? {} : { addresses }),
      afn: unit.afn,
      fn: unit.fn,
      data: encodeData(unit.down, value, this.edition),
    };
    this.counters.sent++;
    this.#effects.push({ do: 'send', bytes: encodeFrame(frame) });
  }

  emit(event: ModuleEvent): void {
    this.#effects.push({ do: 'emit', event });
  }

  /** Of the module's UART. */
  parity: LineSettings['parity'] = 'even';

  /** Eight bits: the UART of the module. */
  configure(baudRate: number): void {
    const settings: LineSettings = { baudRate, dataBits: 8, parity: this.parity };
    this.#effects.push({ do: 'configure', settings });
  }

  arm(timer: string, delayMs: number): void {
    this.#effects.push({ do: 'arm', timer, delayMs: Math.max(0, delayMs) });
  }

  disarm(timer: string): void {
    this.#effects.push({ do: 'disarm', timer });
  }
}
