import type { LineSettings } from '../../src/base/machine.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { Inbound } from '../../src/channels/inbound.ts';

/** A station on two wires: it understands only what comes at its own settings. */
export class Station implements ByteChannel {
  readonly name: string;
  settings: LineSettings;
  /** How it was set, one after the other. */
  readonly history: LineSettings[] = [];
  readonly #inbound = new Inbound();
  readonly #wire: RatedWire;

  constructor(name: string, settings: LineSettings, wire: RatedWire) {
    this.name = name;
    this.settings = settings;
    this.#wire = wire;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#wire.say(this, bytes.slice());
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(): void {}

  async configure(settings: LineSettings): Promise<void> {
    this.settings = settings;
    this.history.push(settings);
  }

  async close(): Promise<void> {
    this.#inbound.onBytes(() => {});
  }

  hear(bytes: Uint8Array, at: LineSettings): void {
    const { baudRate, dataBits, parity } = this.settings;
    const readable = at.baudRate === baudRate && at.dataBits === dataBits && at.parity === parity;
    this.#inbound.push(readable ? bytes : bytes.map((byte) => (byte * 7) & 0xff));
  }
}

/** Everybody hears everybody else, at once and at the rate it is said. */
export class RatedWire {
  /** Whether the master hears itself. */
  echo = false;
  /** What becomes of bytes on their way to the master. */
  toMaster: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  readonly #stations: Station[] = [];

  station(name: string, settings: LineSettings): Station {
    const made = new Station(name, settings, this);
    this.#stations.push(made);
    return made;
  }

  say(from: Station, bytes: Uint8Array): void {
    const at = from.settings;
    for (const station of this.#stations) {
      const master = station === this.#stations[0];
      if (station === from && !(master && this.echo)) continue;
      const heard = master && station !== from ? this.toMaster(bytes) : bytes;
      queueMicrotask(() => station.hear(heard, at));
    }
  }
}
