import { type BalanceInterval, balanceOf, phaseBalances } from '../../base/balance.ts';
import type { ColumnValues, Meter, ProfileRows, RegisterReading } from '../../base/model.ts';
import type { OutboxItem } from '../../base/outbox.ts';

/** Topics and payloads, as `docs/mqtt.md` and the schemas beside it say. */

export interface MqttMessage {
  readonly topic: string;
  /** JSON. */
  readonly payload: string;
  readonly retain: boolean;
}

/**
 * As percent and hex: what a level of a topic may not have (MQTT 5 §4.7.1), and what brokers may not take that make a subject of their
 * own of it (NATS: blank, full stop, `*` and `>`).
 */
const level = (text: string): string =>
  text.replaceAll(/[%/+#$ .*>\p{Cc}]/gu, (sign) =>
    [...new TextEncoder().encode(sign)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );

/** DLMS unit enumeration (Blue Book, class 3). */
const WH = 30;

const instant = (ms: number): string => new Date(ms).toISOString();

export class Topics {
  /** `prefix/serial`: everything of one concentrator is below it. */
  readonly base: string;

  constructor(prefix: string, serialNumber: string) {
    this.base = `${prefix}/${level(serialNumber)}`;
  }

  get status(): string {
    return `${this.base}/status`;
  }

  get meters(): string {
    return `${this.base}/meters`;
  }

  ofMeter(meterNo: string, ...rest: readonly string[]): string {
    return [this.meters, level(meterNo), ...rest].join('/');
  }

  commands(name: string): string {
    return `${this.meters}/+/command/${name}`;
  }

  /** Meter (as in its topic) and command that a topic names; undefined when it is no command's. */
  command(topic: string): { readonly level: string; readonly name: string } | undefined {
    if (!topic.startsWith(`${this.meters}/`)) return undefined;
    const [levelOf, word, name, ...rest] = topic.slice(this.meters.length + 1).split('/');
    if (levelOf === undefined || word !== 'command' || name === undefined || rest.length > 0)
      return undefined;
    return { level: levelOf, name };
  }

  levelOf(meterNo: string): string {
    return level(meterNo);
  }
}

export const statusPayload = (online: boolean, version: string, atMs?: number): string =>
  JSON.stringify({ online, version, ...(atMs === undefined ? {} : { time: instant(atMs) }) });

/** Retained discovery of a meter. */
export function aboutMeter(topics: Topics, meter: Meter, commands: Iterable<string>): MqttMessage {
  const topic = topics.ofMeter(meter.meterNo);
  const about = {
    meterNo: meter.meterNo,
    enabled: meter.enabled,
    profile: meter.profile,
    channel: meter.channel,
    phase: meter.phase,
    wiring: meter.wiring,
    topic,
    commands: [...commands],
  };
  return { topic, payload: JSON.stringify(about), retain: true };
}

/** The message of an item; undefined when its meter is not known any more. */
export function messageOf(
  topics: Topics,
  item: OutboxItem,
  meter: Meter | undefined,
): MqttMessage | undefined {
  const { id, content } = item;
  const common = { id, stored: instant(item.at) };
  if (content.kind === 'logbook') {
    const { type, detail } = content;
    return json(`${topics.base}/logbook`, { ...common, type, detail });
  }
  if (meter === undefined) return undefined;
  const { meterNo } = meter;
  const of = (...rest: readonly string[]): string => topics.ofMeter(meterNo, ...rest);
  switch (content.kind) {
    case 'energy':
    case 'demand':
    case 'billing':
      return json(of('profile', content.kind), { ...common, meterNo, ...profile(content.rows) });
    case 'register':
      return json(of('registers'), { ...common, meterNo, registers: content.registers.map(register) });
    case 'balance':
      return json(of('balance'), { ...common, meterNo, intervals: content.intervals.map(balance) });
    case 'status':
      return json(of('status'), { ...common, meterNo, state: content.state }, true);
    case 'answer': {
      const { command, ...answer } = content.answer;
      return json(of('response', String(command)), { ...common, meterNo, command, ...answer });
    }
    default: {
      const events = content.events.map(({ time, code, clockStatus, extra }) => ({
        time: instant(time),
        code,
        clockStatus,
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
      }));
      return json(of('events', content.kind), { ...common, meterNo, log: content.kind, events });
    }
  }
}

const json = (topic: string, body: object, retain = false): MqttMessage => ({
  topic,
  payload: JSON.stringify(body),
  retain,
});

function register({
  classId,
  obis,
  attribute,
  time,
  type,
  value,
  scaler,
  unit,
}: Omit<RegisterReading, 'meterId'>): object {
  return { classId, obis, attribute, time: instant(time), type, value, scaler, unit };
}

function profile(rows: ProfileRows): object {
  return {
    columns: rows.columns.map(({ classId, obis, attribute, dataIndex, scaler, unit }) => ({
      classId,
      obis,
      attribute,
      dataIndex,
      scaler,
      unit,
    })),
    rows: Array.from(rows.times, (time, row) => ({
      time: instant(time),
      clockStatus: rows.clockStatus[row] ?? 0xff,
      values: rows.values.map((column) => cell(column, row)),
    })),
  };
}

function balance(interval: BalanceInterval): object {
  const { fromMs, toMs, scaler, imported, exported, consumed, fed, expected, counted, missing } = interval;
  const byPhase = phaseBalances(interval);
  return {
    from: instant(fromMs),
    to: instant(toMs),
    scaler,
    unit: WH,
    balance: balanceOf(interval),
    imported,
    exported,
    consumed,
    fed,
    expected,
    counted,
    missing,
    ...(byPhase === undefined ? {} : { byPhase }),
  };
}

/** 64-bit integers as decimal text, octets as `0x` and hex, null-data as null. */
function cell(column: ColumnValues, row: number): number | string | null {
  const value = column.values[row];
  if (value === undefined || Number.isNaN(value)) return null;
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? `0x${value.toHex()}` : value;
}
