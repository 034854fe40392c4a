import type {
  BindingInterface,
  BindingPortInterface,
  OpenOptions,
  PortStatus,
  SetOptions,
  UpdateOptions,
} from '@serialport/bindings-interface';
import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import { FdReader, ReadCancelled } from './fd-reader.ts';
import { FdWriter } from './fd-writer.ts';
import { listSerialPorts } from './serial-list.ts';
import {
  baudRateOf,
  closeTty,
  configureTty,
  flushTty,
  lockTty,
  modemLines,
  openTty,
  setBreak,
  setModemLines,
  type TtySettings,
  unlockTty,
} from './tty.ts';

/**
 * serialport's binding on `bun:ffi`: the one that ships with it is a native module that aborts Bun. Linux only.
 */
export const ttyBinding: BindingInterface<TtyPort> = {
  list: listSerialPorts,
  open: (options) => openPort(options, systemClock),
};

async function openPort(options: OpenOptions, clock: Clock): Promise<TtyPort> {
  const settings = settingsOf(options);
  const fd = openTty(options.path);
  try {
    if (options.lock !== false) lockTty(fd);
    configureTty(fd, settings);
    flushTty(fd);
    return new TtyPort(fd, options, settings, clock);
  } catch (error) {
    closeTty(fd);
    throw error;
  }
}

function settingsOf(options: OpenOptions): TtySettings {
  const { baudRate, dataBits = 8, stopBits = 1, parity = 'none' } = options;
  if (!Number.isInteger(baudRate) || baudRate <= 0) {
    throw new DcuError('invalid-argument', `${baudRate} is no baud rate`, { field: 'baudRate' });
  }
  if (parity !== 'none' && parity !== 'even' && parity !== 'odd') {
    throw new DcuError('invalid-argument', `parity ${parity} is not supported`, { field: 'parity' });
  }
  if (stopBits !== 1 && stopBits !== 2) {
    throw new DcuError('invalid-argument', `${stopBits} stop bits are not supported`, { field: 'stopBits' });
  }
  const { rtscts = false, xon = false, xoff = false, xany = false, hupcl = true } = options;
  return { baudRate, dataBits, parity, stopBits, rtscts, xon, xoff, xany, hupcl };
}

/** One open port. */
export class TtyPort implements BindingPortInterface {
  readonly openOptions: Required<OpenOptions>;
  isOpen = true;
  readonly #fd: number;
  readonly #reader: FdReader;
  readonly #writer: FdWriter;
  #settings: TtySettings;
  #writing: Promise<void> = Promise.resolve();

  constructor(fd: number, options: OpenOptions, settings: TtySettings, clock: Clock) {
    this.#fd = fd;
    this.#settings = settings;
    const { rtscts = false, xon = false, xoff = false, xany = false, hupcl = true } = settings;
    const { path, lock = true } = options;
    const { baudRate, dataBits, parity, stopBits } = settings;
    this.openOptions = { path, lock, baudRate, dataBits, parity, stopBits, rtscts, xon, xoff, xany, hupcl };
    this.#reader = new FdReader(fd);
    this.#writer = new FdWriter(fd, clock);
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    this.#mustBeOpen();
    const bytes = await this.#reader.read();
    if (bytes === undefined) throw new DcuError('channel-lost', `${this.openOptions.path} hung up`);
    const taken = bytes.subarray(0, length);
    buffer.set(taken, offset);
    if (taken.length < bytes.length) this.#reader.unread(bytes.subarray(taken.length));
    return { buffer, bytesRead: taken.length };
  }

  async write(buffer: Buffer): Promise<void> {
    this.#mustBeOpen();
    this.#writing = this.#cancellable(this.#writer.write(buffer));
    await this.#writing;
  }

  async drain(): Promise<void> {
    this.#mustBeOpen();
    await this.#writing;
    await this.#cancellable(this.#writer.drain(this.#settings.baudRate));
  }

  /** serialport takes an error for a lost port unless it is marked as cancelled. */
  async #cancellable(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.isOpen) throw new ReadCancelled('the port was closed');
      throw error;
    }
  }

  async flush(): Promise<void> {
    this.#mustBeOpen();
    flushTty(this.#fd);
  }

  async update(options: UpdateOptions): Promise<void> {
    this.#mustBeOpen();
    await this.configure({ ...this.#settings, baudRate: options.baudRate });
  }

  /** As `update`, for all that a protocol may change on the way. */
  async configure(settings: Pick<TtySettings, 'baudRate' | 'dataBits' | 'parity'>): Promise<void> {
    this.#mustBeOpen();
    const changed = { ...this.#settings, ...settings };
    configureTty(this.#fd, changed);
    this.#settings = changed;
  }

  async set(options: SetOptions): Promise<void> {
    this.#mustBeOpen();
    const { brk = false, dtr = true, rts = true } = options;
    setBreak(this.#fd, brk);
    setModemLines(this.#fd, { dtr, rts });
  }

  async get(): Promise<PortStatus> {
    this.#mustBeOpen();
    const { cts, dsr, dcd } = modemLines(this.#fd);
    return { cts, dsr, dcd };
  }

  async getBaudRate(): Promise<{ baudRate: number }> {
    this.#mustBeOpen();
    return { baudRate: baudRateOf(this.#fd) };
  }

  async close(): Promise<void> {
    this.#mustBeOpen();
    this.isOpen = false;
    this.#writer.close();
    try {
      await this.#reader.close();
    } finally {
      if (this.openOptions.lock) unlockTty(this.#fd);
      closeTty(this.#fd);
    }
  }

  #mustBeOpen(): void {
    if (!this.isOpen) throw new ReadCancelled('the port is not open');
  }
}
