import type { Clock } from '../../src/base/clock.ts';
import { sleep } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { LineSettings } from '../../src/base/machine.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { Inbound } from '../../src/channels/inbound.ts';
import { memoryPair } from '../../src/channels/memory.ts';

/** Who a channel is opened for: ends with the process. */
export interface Owner {
  readonly dead: boolean;
  /** To be told when it dies. */
  onDeath(listener: () => void): void;
}

/** What becomes of a burst on its way; undefined = it is lost. */
export type Noise = (bytes: Uint8Array) => Uint8Array | undefined;

export interface WireHooks {
  readonly clock: Clock;
  readonly random: SeededRandom;
  noise: Noise;
  /** Of everything that is sent, before noise. */
  heard(wire: string, direction: 'down' | 'up', bytes: Uint8Array): void;
  /** Two at a time want to own a line, or speak over each other. */
  disputed(wire: string, what: string): void;
}

/** Least time that a reader leaves a station to answer before it speaks to another. */
const ANSWER_MS = 200;

/** The concentrator's end of a line, for as long as it has it open. */
class Port implements ByteChannel {
  readonly name: string;
  readonly inbound = new Inbound();
  /** As it was set last. */
  baudRate: number | undefined;
  readonly #owner: Owner;
  readonly #say: (bytes: Uint8Array) => Promise<void>;
  readonly #left: () => void;

  constructor(name: string, owner: Owner, say: (bytes: Uint8Array) => Promise<void>, left: () => void) {
    this.name = name;
    this.#owner = owner;
    this.#say = say;
    this.#left = left;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#owner.dead) return new Promise(() => {});
    if (this.inbound.ended) return Promise.reject(new DcuError('link-closed', `${this.name} is closed`));
    return this.#say(bytes);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.inbound.onBytes((bytes) => {
      if (!this.#owner.dead) listener(bytes);
    });
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.inbound.onClosed((reason) => {
      if (!this.#owner.dead) listener(reason);
    });
  }

  configure({ baudRate }: LineSettings): Promise<void> {
    this.baudRate = baudRate;
    return Promise.resolve();
  }

  close(): Promise<void> {
    if (this.#owner.dead || this.inbound.ended) return Promise.resolve();
    this.inbound.end();
    this.#left();
    return Promise.resolve();
  }
}

/** A serial line in virtual time, at its rate: one reader at one end, what is screwed to it at the other. */
export class SerialWire {
  readonly name: string;
  /** The far end, which is always there. */
  readonly far: ByteChannel;
  readonly #hooks: WireHooks;
  readonly #msPerByte: number;
  readonly #farInbound = new Inbound();
  readonly #stations: boolean;
  #port: Port | undefined;
  #opened = 0;
  #downFreeMs = 0;
  #upFreeMs = 0;
  /** Destination of the last frame of the reader, when it was sent, and whether anything was heard since. */
  #asked: { readonly station: string; readonly atMs: number; answered: boolean } | undefined;

  /**
   * `stations`: several HDLC stations share it, none of which may be interrupted. `baudRate` Infinity: what is at the far end keeps the
   * time itself.
   */
  constructor(name: string, baudRate: number, stations: boolean, hooks: WireHooks) {
    this.name = name;
    this.#hooks = hooks;
    this.#msPerByte = 10_000 / baudRate;
    this.#stations = stations;
    this.far = {
      name: `${name}:far`,
      write: (bytes) => this.#up(bytes),
      onBytes: (listener) => this.#farInbound.onBytes(listener),
      onClosed: (listener) => this.#farInbound.onClosed(listener),
      configure: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  /** Rate that it is open with; undefined while it is not. */
  get baudRate(): number | undefined {
    return this.#port?.baudRate;
  }

  /** How often it was opened. */
  get opened(): number {
    return this.#opened;
  }

  open(owner: Owner, baudRate?: number): Promise<ByteChannel> {
    if (this.#port !== undefined) {
      this.#hooks.disputed(this.name, 'opened while it is open');
      return Promise.reject(new DcuError('channel-open-failed', `${this.name} is in use`));
    }
    this.#opened++;
    const port: Port = new Port(
      this.name,
      owner,
      (bytes) => this.#down(bytes),
      () => {
        if (this.#port === port) this.#port = undefined;
      },
    );
    port.baudRate = baudRate;
    this.#port = port;
    this.#asked = undefined;
    owner.onDeath(() => {
      if (this.#port === port) this.#port = undefined;
    });
    return Promise.resolve(port);
  }

  /** The adapter is pulled out, and can be opened again at once. */
  pull(): void {
    const port = this.#port;
    this.#port = undefined;
    port?.inbound.end(new DcuError('channel-lost', `${this.name} was unplugged`));
  }

  /** What another process would write that had the port open as well. */
  intrude(bytes: Uint8Array): void {
    void this.#down(bytes);
  }

  async #down(bytes: Uint8Array): Promise<void> {
    const { clock } = this.#hooks;
    this.#hooks.heard(this.name, 'down', bytes);
    if (this.#stations) this.#checkTurn(bytes);
    const kept = bytes.slice();
    this.#downFreeMs = Math.max(clock.monotonicMs(), this.#downFreeMs) + bytes.length * this.#msPerByte;
    await sleep(clock, this.#downFreeMs - clock.monotonicMs());
    const arrived = this.#hooks.noise(kept);
    // What has left is what the writer waits for; the station hears it in the same moment.
    if (arrived !== undefined) queueMicrotask(() => this.#farInbound.push(arrived));
  }

  async #up(bytes: Uint8Array): Promise<void> {
    const { clock } = this.#hooks;
    this.#hooks.heard(this.name, 'up', bytes);
    const kept = bytes.slice();
    this.#upFreeMs = Math.max(clock.monotonicMs(), this.#upFreeMs) + bytes.length * this.#msPerByte;
    await sleep(clock, this.#upFreeMs - clock.monotonicMs());
    if (this.#asked !== undefined) this.#asked.answered = true;
    const arrived = this.#hooks.noise(kept);
    if (arrived !== undefined) this.#port?.inbound.push(arrived);
  }

  /** A frame to another station while the one before may still answer is the mark of a second owner. */
  #checkTurn(bytes: Uint8Array): void {
    const station = stationOf(bytes);
    if (station === undefined) return;
    const nowMs = this.#hooks.clock.monotonicMs();
    const before = this.#asked;
    if (
      before !== undefined &&
      before.station !== station &&
      !before.answered &&
      nowMs - before.atMs < ANSWER_MS
    ) {
      this.#hooks.disputed(
        this.name,
        `frame to ${station} ${Math.round(nowMs - before.atMs)} ms after one to ${before.station}, which has not answered`,
      );
    }
    this.#asked = { station, atMs: nowMs + bytes.length * this.#msPerByte, answered: false };
  }
}

/** Destination address, in hex, of the HDLC frame that begins a burst (IEC 62056-46 §6.4.2); undefined if it is none. */
export function stationOf(bytes: Uint8Array): string | undefined {
  let at = bytes[0] === 0x7e ? 1 : 0;
  if (((bytes[at] ?? 0) & 0xf0) !== 0xa0) return undefined;
  at += 2;
  let station = '';
  for (; at < bytes.length && station.length < 8; at++) {
    const byte = bytes[at] ?? 0;
    station += byte.toString(16).padStart(2, '0');
    if ((byte & 1) === 1) return station;
  }
  return undefined;
}

/** A socket to a meter: bytes in order, none lost, but it may break. */
export interface SocketPlace {
  readonly name: string;
  /** Undefined while nothing listens there. */
  accept(): ((far: ByteChannel) => void) | undefined;
  /** Whether this burst is the last that goes through. */
  breaks(): boolean;
  /** Connections of this run that stand; for the check that a meter has one reader. */
  open: number;
}

const LATENCY_MS = 15;

export async function connectSocket(
  place: SocketPlace,
  owner: Owner,
  connectTimeoutMs: number,
  hooks: WireHooks,
  signal?: AbortSignal,
): Promise<ByteChannel> {
  const { clock } = hooks;
  const serve = place.accept();
  await sleep(clock, serve === undefined ? connectTimeoutMs : LATENCY_MS, signal);
  if (serve === undefined || owner.dead) {
    throw new DcuError('channel-open-failed', `${place.name} does not answer`);
  }
  if (place.open > 0) hooks.disputed(place.name, 'connected while it is connected');
  place.open++;
  const late = (bytes: Uint8Array) => [{ bytes, delayMs: LATENCY_MS }];
  const [near, far] = memoryPair({ clock, name: place.name, forth: late, back: late });
  let gone = false;
  const left = (): void => {
    if (!gone) place.open--;
    gone = true;
  };
  const broken = (): boolean => {
    if (gone || !place.breaks()) return false;
    left();
    near.lose();
    return true;
  };
  const port: Port = new Port(
    place.name,
    owner,
    (bytes) => {
      hooks.heard(place.name, 'down', bytes);
      return broken()
        ? Promise.reject(new DcuError('channel-lost', `${place.name} was cut`))
        : near.write(bytes);
    },
    () => {
      left();
      void near.close();
    },
  );
  near.onBytes((bytes) => {
    hooks.heard(place.name, 'up', bytes);
    if (!broken()) port.inbound.push(bytes);
  });
  near.onClosed((reason) => {
    left();
    port.inbound.end(reason);
  });
  owner.onDeath(() => {
    left();
    void near.close();
  });
  serve(far);
  return port;
}
