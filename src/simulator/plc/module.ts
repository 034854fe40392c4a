import type { Effect, Input, Machine } from '../../base/machine.ts';
import type { Edition } from '../../plc/codec.ts';
import { type DownFrame, encodeFrame, NETWORK_KINDS, type UpFrame } from '../../plc/frame.ts';
import { upInformation } from '../../plc/information.ts';
import { FrameReceiver } from '../../plc/receiver.ts';
import { decodeData, encodeData, type Unit, unitName } from '../../plc/unit.ts';
import { CONFIRM, DENIAL, DENY } from '../../plc/units/afn-00.ts';
import { MODE, type ModuleMode, type ModuleVersion } from '../../plc/units/afn-03.ts';
import { BAUD_RATES } from '../../plc/units/afn-05.ts';
import { DATA_REPORT, EVENT_REPORT } from '../../plc/units/afn-06.ts';
import { UNITS } from '../../plc/units/index.ts';
import { Agenda } from './agenda.ts';
import { handlerOf } from './handlers.ts';
import {
  MAX_FRAME,
  type ModuleMemory,
  type ModuleSide,
  type SimulatedModuleEvent,
  type SimulatedModuleOptions,
} from './module-side.ts';
import { ADDRESSES_IN_REPORT, HPLC_DEVICE, onLine, rejectStrangers } from './strangers.ts';

export type SimulatedModuleCommand =
  | { readonly type: 'power-on' }
  /** It forgets what it was doing and starts anew, with the archive that it had. */
  | { readonly type: 'reset' }
  /** Another module is put into the slot: another version, no archive, another address. */
  | { readonly type: 'swap'; readonly version: ModuleVersion }
  /** Power of these meters; the network reports it. */
  | { readonly type: 'power'; readonly addresses: readonly string[]; readonly on: boolean }
  /** A meter says something by itself: its module reports it. */
  | { readonly type: 'data'; readonly address: string; readonly message: Uint8Array };

const DUE_TIMER = 'simulated-module';
const REPORT_TRIES = 3;
const REPORT_REPEAT_MS = 5000;
const POWER_EVENT = 4;
/** Protocol of a message: the module does not look into it. */
const TRANSPARENT = 0;
const VERSION: ModuleVersion = { vendor: 'OD', chip: 'SM', date: '260101', version: '0100' };
const OTHER_MASTER = '000000000000';

/** The module's side of the interface: a coordinator with a network behind it. */
export class SimulatedModule implements Machine<SimulatedModuleCommand, SimulatedModuleEvent>, ModuleSide {
  readonly options: SimulatedModuleOptions;
  readonly memory: ModuleMemory;
  readonly edition: Edition;
  readonly #receiver = new FrameReceiver(MAX_FRAME);
  readonly #agenda = new Agenda();
  readonly #unconfirmed = new Set<number>();
  #effects: Effect<SimulatedModuleEvent>[] = [];
  /** What the timer runs for. */
  #armedMs: number | undefined;
  #running = false;
  #sequence = 0;

  constructor(options: SimulatedModuleOptions) {
    this.options = options;
    this.edition = options.edition ?? '10376.2';
    this.memory = {
      archive: new Map(),
      masterAddress: OTHER_MASTER,
      band: 0,
      version: VERSION,
      paused: false,
      reporting: true,
      registering: false,
      pieces: [],
      reading: new Set(),
    };
  }

  step(input: Input<SimulatedModuleCommand>, nowMs: number): Effect<SimulatedModuleEvent>[] {
    if (input.on === 'bytes') this.#bytes(input.bytes, nowMs);
    else if (input.on === 'command') this.#command(input.command, nowMs);
    // Also what has fallen due by this very input: without delays, an answer needs no timer.
    this.#agenda.run(nowMs);
    if (input.on === 'timer') this.#armedMs = undefined;
    const { dueMs } = this.#agenda;
    if (dueMs !== undefined && dueMs !== this.#armedMs) {
      this.#effects.push({ do: 'arm', timer: DUE_TIMER, delayMs: Math.max(0, dueMs - nowMs) });
      this.#armedMs = dueMs;
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Says what it is. */
  mode(): ModuleMode {
    const { memory, options } = this;
    return {
      modeWord: Uint8Array.of(0x93, 0, 0, 0, 0, 0),
      monitorTimeoutS: Math.min(255, Math.ceil((options.meterTimeoutMs ?? 20_000) / 1000) + 5),
      broadcastTimeoutS: 60,
      maxFrame: options.maxFrame ?? MAX_FRAME,
      maxFilePacket: 400,
      upgradeWaitMin: 5,
      masterAddress: memory.masterAddress,
      maxNodes: options.maxNodes ?? 2040,
      nodes: memory.archive.size,
      released: Uint8Array.of(0x19, 0x12, 0x31),
      filed: Uint8Array.of(0x20, 0x06, 0x01),
      ...memory.version,
      rates: [],
    };
  }

  later(atMs: number, run: (atMs: number) => void): void {
    this.#agenda.add(atMs, run);
  }

  emit(event: SimulatedModuleEvent): void {
    this.#effects.push({ do: 'emit', event });
  }

  /** The UART goes to another rate after what was sent. */
  configure(index: number): void {
    const baudRate = BAUD_RATES[index] ?? BAUD_RATES[0];
    this.#effects.push({ do: 'configure', settings: { baudRate, dataBits: 8, parity: 'even' } });
  }

  reply<Up>(to: DownFrame, unit: Unit<unknown, Up>, value: Up): void {
    const { addresses } = to;
    this.#send(unit, value, to.information.sequence, false, addresses?.destination);
  }

  confirm(to: DownFrame, waitS = 0): void {
    const old = this.edition === '376.2';
    const value = { status: old ? 0xffff : 0xffffffff, waitS, statusBytes: old ? 2 : 4 } as const;
    this.#send(CONFIRM, value, to.information.sequence, false);
  }

  deny(to: DownFrame, code: number): void {
    this.#send(DENY, code, to.information.sequence, false);
  }

  /** Reports until it is confirmed, three times at most. */
  report<Up>(unit: Unit<unknown, Up>, value: Up, nowMs: number, from?: string): void {
    const sequence = this.#nextSequence();
    this.#unconfirmed.add(sequence);
    const send = (triesLeft: number, atMs: number): void => {
      if (!this.#unconfirmed.has(sequence)) return;
      this.#send(unit, value, sequence, true, from);
      if (triesLeft <= 1) this.#unconfirmed.delete(sequence);
      else this.#agenda.add(atMs + REPORT_REPEAT_MS, (dueMs) => send(triesLeft - 1, dueMs));
    };
    send(REPORT_TRIES, nowMs);
  }

  /** Starts anew, as the hardware does. */
  restart(nowMs: number): void {
    const { bootMs = 3000, network } = this.options;
    this.#running = false;
    this.#agenda.clear();
    this.#unconfirmed.clear();
    this.#receiver.giveUp();
    this.#sequence = 0;
    Object.assign(this.memory, { paused: false, reporting: true, registering: false });
    this.memory.reading.clear();
    this.configure(0);
    this.#agenda.add(nowMs + bootMs, (atMs) => {
      this.#running = true;
      network.formAnew(atMs);
      this.report(MODE, this.mode(), atMs);
      rejectStrangers(this, atMs);
    });
  }

  #command(command: SimulatedModuleCommand, nowMs: number): void {
    switch (command.type) {
      case 'power-on':
      case 'reset':
        this.restart(nowMs);
        return;
      case 'swap':
        Object.assign(this.memory, { version: command.version, masterAddress: OTHER_MASTER });
        this.memory.archive.clear();
        this.restart(nowMs);
        return;
      case 'power':
        this.#power(command.addresses, command.on, nowMs);
        return;
      case 'data':
        this.#data(command.address, command.message, nowMs);
        return;
    }
  }

  #data(address: string, message: Uint8Array, nowMs: number): void {
    if (!this.#running || !this.memory.reporting) return;
    const sequence = [...this.memory.archive.keys()].indexOf(address) + 1;
    const value = { sequence, protocol: TRANSPARENT, upTimeS: 0, message };
    this.report(DATA_REPORT, value, nowMs, address);
  }

  #power(addresses: readonly string[], on: boolean, nowMs: number): void {
    this.options.network.setPower(addresses, on, nowMs);
    if (!this.#running || !this.memory.reporting) return;
    for (let at = 0; at < addresses.length; at += ADDRESSES_IN_REPORT) {
      const part = addresses.slice(at, at + ADDRESSES_IN_REPORT);
      const bytes = part.flatMap((address) => [...onLine(address)]);
      const message = Uint8Array.of(on ? 2 : 1, ...bytes);
      this.report(EVENT_REPORT, { deviceType: HPLC_DEVICE, protocol: POWER_EVENT, message }, nowMs);
    }
  }

  #bytes(bytes: Uint8Array, nowMs: number): void {
    for (const frame of this.#receiver.push(bytes)) {
      if (!this.#running || frame.direction !== 'down') continue;
      if (frame.initiates) this.#serve(frame, nowMs);
      else if (frame.afn === CONFIRM.afn) this.#unconfirmed.delete(frame.information.sequence);
    }
  }

  #serve(frame: DownFrame, nowMs: number): void {
    const unit = UNITS.find(frame);
    const handle = unit && handlerOf(unit);
    if (unit === undefined || handle === undefined || this.options.without?.includes(unitName(unit))) {
      this.deny(frame, DENIAL.unsupported);
      return;
    }
    let value: unknown;
    try {
      value = decodeData(unit.down, frame.data, this.edition).value;
    } catch {
      this.deny(frame, DENIAL.length);
      return;
    }
    handle(this, { frame, value, nowMs });
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) & 0xff;
    return this.#sequence;
  }

  #send<Up>(unit: Unit<unknown, Up>, value: Up, sequence: number, initiates: boolean, from?: string): void {
    const frame: UpFrame = {
      direction: 'up',
      initiates,
      kind: this.edition === '376.2' ? NETWORK_KINDS.narrowband : NETWORK_KINDS.hplc,
      information: upInformation(sequence, from !== undefined),
      ...(from === undefined
        ? {}
        : { addresses: { source: from, relays: [], destination: this.memory.masterAddress } }),
      afn: unit.afn,
      fn: unit.fn,
      data: encodeData(unit.up, value, this.edition),
    };
    this.#effects.push({ do: 'send', bytes: encodeFrame(frame) });
  }
}
