import type { BindingInterface } from '@serialport/bindings-interface';
import { SerialPortStream } from '@serialport/stream';
import { type Clock, sleep, systemClock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { LineSettings } from '../base/machine.ts';
import type { ByteChannel, ChannelOpener, SerialSettings } from './channel.ts';
import { Inbound } from './inbound.ts';
import { type TtyPort, ttyBinding } from './serial-binding.ts';
import { systemCode } from './tty.ts';

export { listSerialPorts } from './serial-list.ts';

export interface SerialOptions extends SerialSettings {
  /** How long to wait for the device to appear (unplugged adapter) or to be let go by somebody else. Default 0. */
  readonly openTimeoutMs?: number;
}

const POLL_MS = 200;
/** Codes of a device that is not there, not there any more, or taken: waiting may help. */
const PASSING_CODES: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENXIO', 'ENODEV', 'EIO', 'EBUSY']);

type Binding = BindingInterface<TtyPort>;
type Port = SerialPortStream<Binding>;

/**
 * Opens a serial port, raw and locked for us alone. Waits for the path up to `openTimeoutMs`, so after an adapter was
 * pulled it is enough to open again. Throws `channel-open-failed`, or `cancelled` when the signal is aborted.
 */
export async function openSerial(
  options: SerialOptions,
  clock: Clock = systemClock,
  signal?: AbortSignal,
): Promise<ByteChannel> {
  const untilMs = clock.monotonicMs() + (options.openTimeoutMs ?? 0);
  for (;;) {
    if (signal?.aborted) throw new DcuError('cancelled', `opening ${options.path} was cancelled`);
    try {
      return new SerialChannel(options, await openPort(options));
    } catch (error) {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0 || !PASSING_CODES.has(systemCode(error))) throw openFailed(options.path, error);
      await sleep(clock, Math.min(POLL_MS, leftMs), signal).catch(() => {
        throw new DcuError('cancelled', `opening ${options.path} was cancelled`);
      });
    }
  }
}

function openFailed(path: string, error: unknown): DcuError {
  if (error instanceof DcuError && error.code !== 'channel-lost') return error;
  const { message } = toDcuError(error);
  return new DcuError('channel-open-failed', `${path}: ${message}`, { cause: error });
}

function openPort(options: SerialSettings): Promise<Port> {
  const { path, baudRate, dataBits, parity, stopBits } = options;
  const port = new SerialPortStream<Binding>({
    binding: ttyBinding,
    path,
    baudRate,
    dataBits,
    parity,
    stopBits,
    autoOpen: false,
  });
  return new Promise((resolve, reject) => {
    port.open((error) => (error === null || error === undefined ? resolve(port) : reject(error)));
  });
}

/** Opens the same port again and again. */
export function serialOpener(options: SerialOptions, clock: Clock = systemClock): ChannelOpener {
  return { name: options.path, open: (signal) => openSerial(options, clock, signal) };
}

class SerialChannel implements ByteChannel {
  readonly name: string;
  readonly #port: Port;
  readonly #inbound = new Inbound();
  #settings: LineSettings | undefined;

  constructor({ path: name, baudRate, dataBits, parity }: SerialSettings, port: Port) {
    this.name = name;
    this.#port = port;
    if (dataBits === 7 || dataBits === 8) this.#settings = { baudRate, dataBits, parity };
    port.on('data', (bytes: Uint8Array) => {
      // The stream cuts its chunks from a pool that it writes on.
      if (this.#inbound.push(new Uint8Array(bytes))) return;
      this.#lose(new DcuError('overflow', `nobody takes the bytes that come from ${name}`));
    });
    port.on('error', (error: Error) => this.#lose(lost(name, error)));
    port.on('close', (error: Error | null | undefined) => {
      this.#inbound.end(error instanceof Error ? lost(name, error) : undefined);
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#inbound.ended) throw new DcuError('link-closed', `${this.name} is closed`);
    try {
      await called((done) => this.#port.write(bytes, done));
      await called((done) => this.#port.drain(done));
    } catch (error) {
      if (this.#inbound.ended) throw new DcuError('link-closed', `${this.name} is closed`, { cause: error });
      const reason = lost(this.name, error);
      this.#lose(reason);
      throw reason;
    }
  }

  get settings(): LineSettings | undefined {
    return this.#settings;
  }

  async configure(settings: LineSettings): Promise<void> {
    const { port } = this.#port;
    if (this.#inbound.ended || port === undefined)
      throw new DcuError('link-closed', `${this.name} is closed`);
    await port.configure(settings);
    const { baudRate, dataBits, parity } = settings;
    this.#settings = { baudRate, dataBits, parity };
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  async close(): Promise<void> {
    this.#inbound.end();
    await this.#shut();
  }

  #lose(reason: DcuError): void {
    this.#inbound.end(reason);
    this.#shut().catch(() => {
      // The port is gone already, which is what the listener was told.
    });
  }

  async #shut(): Promise<void> {
    if (this.#port.isOpen && !this.#port.closing) await called((done) => this.#port.close(done));
  }
}

function lost(name: string, error: unknown): DcuError {
  if (error instanceof DcuError && error.code === 'channel-lost') return error;
  return new DcuError('channel-lost', `${name}: ${toDcuError(error).message}`, { cause: error });
}

function called(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}
