import { type Clock, sleep } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { Meter } from '../../src/base/model.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { AccessSelection, ClientConfig, CosemAttribute, GetResult } from '../../src/dlms/client.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { decodeDateTime, encodeDateTime, fromUtcMs, toUtcMs } from '../../src/dlms/datetime.ts';
import {
  array,
  enumeration,
  i8,
  logicalName,
  octetString,
  structure,
  u8,
  u16,
  u32,
} from '../../src/dlms/values.ts';
import type { MeterLink } from '../../src/meters/meter-link.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PROFILES: Record<string, 'energy' | 'demand' | 'billing' | 'log'> = {
  '1.0.99.1.0.255': 'energy',
  '1.0.99.2.0.255': 'demand',
  '0.0.98.1.0.255': 'billing',
};

/** A meter behind an association that is already decoded: attributes in, results out, with latency and faults. */
export class FakeMeter {
  readonly clock: Clock;
  /** The meter's clock minus the true one. */
  driftMs = 0;
  deviationMinutes = 0;
  latencyMs = 50;
  /** No answer to anything. */
  dead = false;
  /** The next so many buffer transfers break after the given share of their rows. */
  breaks: number[] = [];
  energyObjects: readonly { readonly classId: number; readonly obis: string }[] = [
    { classId: 1, obis: '0.0.96.10.1.255' },
    { classId: 3, obis: '1.0.1.8.0.255' },
    { classId: 3, obis: '1.0.2.8.0.255' },
  ];
  refused = new Set<string>();
  /** What it calls itself, by the object that says so. */
  readonly names = new Map<string, string>();
  /** Times of the entries of logs, by OBIS, that tell how many they hold; `room`: the oldest are dropped beyond. */
  readonly logs = new Map<string, { readonly entries: number[]; readonly room: number }>();
  /** How much longer the next SETs and ACTIONs are on their way to the meter. */
  readonly changeDelaysMs: number[] = [];
  /** Neither SET nor ACTION is granted. */
  refusesChanges = false;
  /** Quarter hours that its clock has come to since `noteCaptures`, in the order in which it did. */
  readonly captured: number[] = [];
  relay = 1;
  /** Lowest counter that is accepted when ciphered. */
  expectedCounter = 0;
  silent = false;
  refusesAll = false;
  /** The billing row of a month is written so long after the month began. */
  billingDelayMs = 0;
  /** Its month begins so long after that of UTC. */
  billingOffsetMs = 0;
  attempts = 0;
  readonly usedCounters: number[] = [];
  readonly requests: { readonly atMs: number; readonly what: string }[] = [];
  associations = 0;
  scalerReads = 0;
  openNow = 0;
  bufferRowsSent = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  now(): number {
    return this.clock.now() + this.driftMs;
  }

  /** Writes down, from now on, each capture as the meter's own clock makes it. */
  noteCaptures(): void {
    let shownMs = this.now();
    const look = (): void => {
      const nowMs = this.now();
      for (let at = Math.floor(shownMs / 900_000) * 900_000 + 900_000; at <= nowMs; at += 900_000)
        this.captured.push(at);
      shownMs = nowMs;
      this.clock.after(1_000, look);
    };
    look();
  }

  async connect(config: ClientConfig, signal: AbortSignal): Promise<MeterLink> {
    if (this.dead) {
      const tries = config.link.framing === 'hdlc' ? config.link.retries + 1 : 1;
      await sleep(this.clock, config.link.responseTimeoutMs * tries, signal);
      throw new DcuError('link-timeout', 'no answer');
    }
    await sleep(this.clock, this.latencyMs, signal);
    this.attempts++;
    const { nextInvocationCounter } = config.association;
    if (this.refusesAll && nextInvocationCounter !== undefined) {
      this.expectedCounter = nextInvocationCounter() + 1;
      throw new DcuError('association-refused', 'refused');
    }
    if (nextInvocationCounter !== undefined) {
      const counter = nextInvocationCounter();
      this.usedCounters.push(counter);
      if (counter < this.expectedCounter) {
        if (this.silent) throw new DcuError('association-refused', 'refused');
        throw new DcuError('exception-response', 'counter', {
          facts: { expectedInvocationCounter: this.expectedCounter },
        });
      }
      this.expectedCounter = counter + 1;
    }
    this.associations++;
    this.openNow++;
    return new FakeLink(this);
  }

  answer(attribute: CosemAttribute, selection?: AccessSelection): { result: GetResult; rows?: DlmsData[] } {
    const { classId, obis, attribute: index } = attribute;
    const ok = (value: DlmsData): { result: GetResult } => ({
      result: { ok: true, data: encodeData(value) },
    });
    const refuse = (result: string): { result: GetResult } => ({ result: { ok: false, result } });
    if (this.refused.has(obis)) return refuse('object-undefined');
    if (classId === 8) return ok(octetString(this.stamp(this.now())));
    if (classId === 70) return ok(enumeration(this.relay));
    if (classId === 1 && obis === '0.0.43.1.0.255') return ok(u32(Math.max(0, this.expectedCounter - 1)));
    if (classId === 3 && index === 3) {
      this.scalerReads++;
      return ok(structure(i8(0), enumeration(30)));
    }
    const name = this.names.get(obis);
    if (classId === 1 && name !== undefined) return ok(octetString(new TextEncoder().encode(name)));
    if (classId === 3) return ok(u32(4711));
    if (classId !== 7) return refuse('object-undefined');
    const kind = PROFILES[obis] ?? 'log';
    const objects = kind === 'log' ? [{ classId: 1, obis: '0.0.96.11.0.255' }] : this.energyObjects;
    if (index === 3) {
      return ok(
        array(
          [{ classId: 8, obis: '0.0.1.0.0.255' }, ...objects].map((object) =>
            structure(u16(object.classId), logicalName(object.obis), i8(2), u16(0)),
          ),
        ),
      );
    }
    const periodMs = kind === 'energy' ? 900_000 : kind === 'demand' ? DAY_MS : 0;
    if (index === 4) return ok(u32(periodMs / 1000));
    const log = this.logs.get(obis);
    if (index === 7 && log !== undefined) return ok(u32(Math.min(log.room, log.entries.length)));
    if (index === 8 && log !== undefined) return ok(u32(log.room));
    if (selection?.by === 'entry' && log !== undefined) {
      const kept = log.entries.slice(-log.room);
      return ok(array([structure(octetString(this.stamp(kept[selection.fromEntry - 1] ?? 0)), u8(40))]));
    }
    if (index !== 2 || selection?.by !== 'range') return refuse('scope-of-access-violated');
    const times = this.times(kind, obis, instant(selection.from), instant(selection.to));
    const rows = times.map((time) =>
      structure(
        octetString(this.stamp(time)),
        ...objects.map((object) =>
          object.classId === 1 ? u8(kind === 'log' ? 40 : 0) : u32(time / 1000 / 60),
        ),
      ),
    );
    return { result: { ok: true, data: encodeData(array(rows)) }, rows };
  }

  /** Times of the rows that the meter has written by its own clock. */
  times(kind: 'energy' | 'demand' | 'billing' | 'log', obis: string, fromMs: number, toMs: number): number[] {
    const lastMs = Math.min(toMs, this.now());
    const out: number[] = [];
    if (kind === 'billing') {
      const first = new Date(fromMs);
      for (let month = -1; month < 20; month++) {
        const at = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month, 1) + this.billingOffsetMs;
        if (at >= fromMs && at <= lastMs && at + this.billingDelayMs <= this.now()) out.push(at);
      }
      return out;
    }
    const log = this.logs.get(obis);
    if (log !== undefined) return log.entries.slice(-log.room).filter((at) => at >= fromMs && at <= lastMs);
    const stepMs = kind === 'energy' ? 900_000 : DAY_MS;
    const offsetMs = kind === 'log' ? 3 * HOUR_MS : 0;
    for (let at = Math.ceil((fromMs - offsetMs) / stepMs) * stepMs + offsetMs; at <= lastMs; at += stepMs)
      out.push(at);
    return out;
  }

  stamp(utcMs: number): Uint8Array {
    return encodeDateTime(fromUtcMs(utcMs, this.deviationMinutes));
  }
}

function instant(value: DlmsData): number {
  if (value.type !== 'octet-string') throw new TypeError('a range is octet-strings');
  return toUtcMs(decodeDateTime(value.value)) ?? Number.NaN;
}

class FakeLink implements MeterLink {
  readonly association = {
    referencing: 'ln' as const,
    conformance: ['get', 'multiple-references', 'selective-access'],
    serverMaxPduSize: 1024,
  };
  readonly counters = {
    bytesReceived: 0,
    bytesSent: 0,
    framesReceived: 0,
    framesSent: 0,
    rejectedHeaders: 0,
    badFcs: 0,
    retransmissions: 0,
    timeouts: 0,
    ignoredFrames: 0,
  };
  ended: DcuError | undefined;
  readonly #meter: FakeMeter;
  readonly #abort = new AbortController();

  constructor(meter: FakeMeter) {
    this.#meter = meter;
  }

  async get(
    attribute: CosemAttribute,
    selection?: AccessSelection,
    onBlock?: (data: Uint8Array) => void,
  ): Promise<GetResult> {
    await this.#travel(`get ${attribute.obis}:${attribute.attribute}`);
    const { result, rows } = this.#meter.answer(attribute, selection);
    const share = rows === undefined || rows.length === 0 ? undefined : this.#meter.breaks.shift();
    if (share !== undefined && result.ok) {
      onBlock?.(result.data.subarray(0, Math.floor(result.data.length * share)));
      throw this.#end(new DcuError('channel-lost', 'the line broke'));
    }
    if (rows !== undefined) this.#meter.bufferRowsSent += rows.length;
    return result;
  }

  async getList(attributes: readonly CosemAttribute[]): Promise<readonly GetResult[]> {
    await this.#travel(`get-list of ${attributes.length}`);
    return attributes.map((attribute) => this.#meter.answer(attribute).result);
  }

  async set(_attribute: CosemAttribute, value: DlmsData): Promise<string> {
    await this.#travel('set');
    await this.#lag();
    if (this.#meter.refusesChanges) return 'read-write-denied';
    this.#meter.driftMs = instant(value) - this.#meter.clock.now();
    return 'success';
  }

  async action(method: CosemAttribute, parameter?: DlmsData): Promise<{ readonly result: string }> {
    await this.#travel(`action ${method.obis}:${method.attribute}`);
    await this.#lag();
    if (this.#meter.refusesChanges) return { result: 'read-write-denied' };
    if (method.classId === 70) this.#meter.relay = method.attribute - 1;
    if (method.classId === 8 && parameter?.type === 'long') this.#meter.driftMs += parameter.value * 1000;
    return { result: 'success' };
  }

  async release(): Promise<void> {
    if (this.ended !== undefined) throw this.ended;
    await this.#travel('release');
    this.#end(new DcuError('link-closed', 'released'));
  }

  abort(reason: DcuError = new DcuError('cancelled', 'aborted')): void {
    if (this.ended !== undefined) return;
    this.#end(reason);
    this.#abort.abort(reason);
  }

  async #lag(): Promise<void> {
    await sleep(this.#meter.clock, this.#meter.changeDelaysMs.shift() ?? 0, this.#abort.signal);
  }

  async #travel(what: string): Promise<void> {
    if (this.ended !== undefined) throw this.ended;
    const { clock, latencyMs, requests } = this.#meter;
    requests.push({ atMs: clock.now(), what });
    await sleep(clock, latencyMs, this.#abort.signal);
    if (this.#meter.dead) {
      await sleep(clock, 10_000, this.#abort.signal);
      throw this.#end(new DcuError('link-timeout', 'no answer'));
    }
  }

  #end(error: DcuError): DcuError {
    this.ended = error;
    this.#meter.openNow--;
    return error;
  }
}

export function meter(id: number, change: Partial<Meter> = {}): Meter {
  return {
    id,
    meterNo: String(100_000 + id),
    enabled: true,
    mac: -1,
    channel: 'tcp_meters',
    meterType: 1,
    phase: 1,
    credit: 1,
    task: 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: { framing: 'wrapper', clientAddress: 1, serverAddress: 1, addressBytes: 1 },
    security: { auth: 'none', policy: 'none' },
    hasPassword: false,
    hasKeys: false,
    createdAt: 0,
    ...change,
  };
}

/** A channel that carries nothing: the fake link stands above it. */
export function emptyChannel(name: string, onClose: () => void = () => {}): ByteChannel {
  return {
    name,
    write: async () => {},
    onBytes: () => {},
    onClosed: () => {},
    close: async () => onClose(),
  };
}
