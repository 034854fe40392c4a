import { equalBytes } from '../base/bytes.ts';
import { address, UnitReader } from './codec.ts';
import type { UpFrame } from './frame.ts';
import type { ModuleOutput } from './module-output.ts';
import type { ReportEvent } from './module-types.ts';
import { decodeData, isUnreadable, unitName } from './unit.ts';
import { CONFIRM, DENIAL, DENY } from './units/afn-00.ts';
import {
  DATA_REPORT,
  DEVICES_REPORT,
  EVENT_REPORT,
  FINISHED_WORK,
  NODES_REPORT,
  type ReportedDevice,
  type ReportedEvent,
  WORK_REPORT,
} from './units/afn-06.ts';
import { ASK_CONTENT, ASK_CORRECTION, ASK_TIME, READ_FLAG } from './units/afn-14.ts';

/** All channels idle, the command carried out. */
const ALL_WELL = 0xffffffff;
const ALL_WELL_SHORT = 0xffff;
const REPORT_AFN = 0x06;
/** A report that comes again within this time, the same in every byte, has not seen its confirmation. */
const REPEAT_WINDOW_MS = 60_000;
const REMEMBERED = 16;
const ADDRESS_LENGTH = 6;
/** Protocols of 06F5 that are none: what the message is about. */
const ABOUT = { power: 4, rejected: 5 } as const;
/** In a report about power. */
const POWER_OFF = 1;
const COLLECTOR = 0;
const METER = 1;

interface Seen {
  readonly sequence: number;
  readonly key: string;
  readonly data: Uint8Array;
  readonly atMs: number;
}

/** What reports need to know of the concentrator. */
export interface ReportContext {
  isKnown(address: string): boolean;
  localTime?: () => Uint8Array;
}

/** What the module begins by itself, but for its own start: reports and questions. */
export class Reports {
  readonly #out: ModuleOutput;
  readonly #context: ReportContext;
  #seen: Seen[] = [];

  constructor(out: ModuleOutput, context: ReportContext) {
    this.#out = out;
    this.#context = context;
  }

  /** Confirms or answers under the module's own sequence. */
  receive(frame: UpFrame, nowMs: number): void {
    try {
      if (frame.afn === REPORT_AFN) this.#report(frame, nowMs);
      else this.#question(frame);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#out.counters.garbled++;
      this.deny(frame, DENIAL.format);
    }
  }

  confirm(frame: UpFrame): void {
    const short = this.#out.edition === '376.2';
    const value = short
      ? { status: ALL_WELL_SHORT, waitS: 0, statusBytes: 2 as const }
      : { status: ALL_WELL, waitS: 0, statusBytes: 4 as const };
    this.#out.send(CONFIRM, value, frame.information.sequence, { initiates: false });
  }

  deny(frame: UpFrame, code: number): void {
    this.#out.send(DENY, code, frame.information.sequence, { initiates: false });
  }

  forget(): void {
    this.#seen = [];
  }

  #report(frame: UpFrame, nowMs: number): void {
    const events = this.#read(frame);
    this.confirm(frame);
    if (this.#isRepeated(frame, nowMs)) {
      this.#out.counters.repeated++;
      return;
    }
    for (const event of events) this.#out.emit(event);
  }

  #isRepeated({ afn, fn, data, information, addresses }: UpFrame, nowMs: number): boolean {
    const { sequence } = information;
    const key = `${unitName({ afn, fn })} ${addresses?.source ?? ''}`;
    this.#seen = this.#seen.filter(({ atMs }) => nowMs - atMs < REPEAT_WINDOW_MS).slice(-REMEMBERED);
    const again = this.#seen.some(
      (one) => one.sequence === sequence && one.key === key && equalBytes(one.data, data),
    );
    this.#seen.push({ sequence, key, data, atMs: nowMs });
    return again;
  }

  #read(frame: UpFrame): ReportEvent[] {
    const { edition } = this.#out;
    const { fn, data } = frame;
    switch (fn) {
      case NODES_REPORT.fn: {
        const nodes = decodeData(NODES_REPORT.up, data, edition).value;
        return [this.#found(nodes.map((node) => ({ ...node, deviceType: METER, total: 0, attached: [] })))];
      }
      case DEVICES_REPORT.fn:
        return [this.#found(decodeData(DEVICES_REPORT.up, data, edition).value)];
      case DATA_REPORT.fn: {
        const { sequence, message } = decodeData(DATA_REPORT.up, data, edition).value;
        const source = frame.addresses?.source;
        return [
          {
            type: 'data-reported',
            ...(source === undefined ? {} : { address: source }),
            sequence,
            bytes: message,
          },
        ];
      }
      case WORK_REPORT.fn:
        return [{ type: 'work-finished', work: workOf(decodeData(WORK_REPORT.up, data, edition).value) }];
      case EVENT_REPORT.fn:
        return nodeEvents(decodeData(EVENT_REPORT.up, data, edition).value);
      default:
        return [{ type: 'report', unit: unitName(frame), data }];
    }
  }

  #found(nodes: readonly ReportedDevice[]): ReportEvent {
    return {
      type: 'nodes-found',
      nodes: nodes.map((node) => ({ ...node, known: this.#context.isKnown(node.address) })),
    };
  }

  #question(frame: UpFrame): void {
    const { edition } = this.#out;
    const { sequence } = frame.information;
    const reply = { initiates: false } as const;
    if (frame.afn === ASK_CONTENT.afn && frame.fn === ASK_CONTENT.fn) {
      // Meters are read through the forwarding, so a router that wants to read has nothing to do: a meter of ours is
      // done, another one is not to be read.
      const asked = decodeData(ASK_CONTENT.up, frame.data, edition).value;
      const flag = this.#context.isKnown(asked.address) ? READ_FLAG.done : READ_FLAG.failed;
      const content = { flag, delayMatters: 0, message: new Uint8Array(), attached: [] };
      this.#out.send(ASK_CONTENT, content, sequence, reply);
      return;
    }
    if (frame.afn === ASK_TIME.afn && frame.fn === ASK_TIME.fn && this.#context.localTime !== undefined) {
      this.#out.send(ASK_TIME, this.#context.localTime(), sequence, reply);
      return;
    }
    if (frame.afn === ASK_CORRECTION.afn && frame.fn === ASK_CORRECTION.fn) {
      // Nothing that we forward depends on its delay.
      const { message } = decodeData(ASK_CORRECTION.up, frame.data, edition).value;
      this.#out.send(ASK_CORRECTION, message, sequence, reply);
      return;
    }
    this.deny(frame, DENIAL.unsupported);
  }
}

function workOf(code: number): 'reading' | 'search' | 'district' | 'other' {
  switch (code) {
    case FINISHED_WORK.reading:
      return 'reading';
    case FINISHED_WORK.search:
      return 'search';
    case FINISHED_WORK.district:
      return 'district';
    default:
      return 'other';
  }
}

/**
 * What 06F5 is about. Power (protocol 4): kind, 1 = off, and addresses; from a collector the addresses of its meters,
 * each with whether it has power. Rejected nodes (5): a count, and an address and a kind of device each.
 */
function nodeEvents({ deviceType, protocol, message }: ReportedEvent): ReportEvent[] {
  const from = new UnitReader(message, '10376.2');
  if (protocol === ABOUT.power && deviceType === COLLECTOR && message.length % (ADDRESS_LENGTH + 1) === 0) {
    const off: string[] = [];
    const on: string[] = [];
    while (from.remaining > 0) {
      const meter = address.read(from);
      (from.uint(1) === 0 ? off : on).push(meter);
    }
    return [
      ...(off.length > 0 ? [{ type: 'power', on: false, addresses: off } as const] : []),
      ...(on.length > 0 ? [{ type: 'power', on: true, addresses: on } as const] : []),
    ];
  }
  if (protocol === ABOUT.power && message.length % ADDRESS_LENGTH === 1) {
    const on = from.uint(1) !== POWER_OFF;
    return [{ type: 'power', on, addresses: addressesOf(from, from.remaining / ADDRESS_LENGTH) }];
  }
  if (protocol === ABOUT.rejected && message.length > 0) {
    const count = from.uint(1);
    const addresses = Array.from({ length: count }, () => {
      const [rejected = ''] = addressesOf(from, 1);
      from.uint(1);
      return rejected;
    });
    return [{ type: 'nodes-rejected', addresses }];
  }
  return [{ type: 'node-event', deviceType, protocol, message }];
}

function addressesOf(from: UnitReader, count: number): string[] {
  return Array.from({ length: count }, () => address.read(from));
}
