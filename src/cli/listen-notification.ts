import type { PushArrival } from '../channels/push-listen.ts';
import {
  type ApduNode,
  type Decoded,
  decodeTelegram,
  type KeysOf,
  type Reading,
} from '../dlms/decode/index.ts';
import { obisName } from '../dlms/names/obis-names.ts';
import { claimsOf, type OpenedPush, openPushed } from '../dlms/notifications.ts';
import type { ReplayGuard } from '../dlms/replay-guard.ts';

/** A notification that was opened, found to be new, and translated. */
export interface Notification {
  readonly originator: Uint8Array | undefined;
  readonly opened: OpenedPush;
  readonly decoded: Decoded;
}

export interface ReadingNotifications {
  readonly keysOf: KeysOf;
  /** Of the sender, where an APDU does not state it. */
  readonly systemTitle: Uint8Array | undefined;
  readonly replays: ReplayGuard;
}

/** @throws DcuError what is wrong with its protection or its bytes, `replay-detected` */
export function readNotification(
  { apdu }: Pick<PushArrival, 'apdu'>,
  { keysOf, systemTitle, replays }: ReadingNotifications,
): Notification {
  const claims = claimsOf(apdu);
  const originator = claims.originator ?? (claims.protected ? systemTitle : undefined);
  const keys = keysOf(originator);
  const opened = openPushed(apdu, { ...keys, ...(originator && { originator }) }, claims);
  // Read before it counts: what makes no sense must not use up its invocation counter.
  const decoded = decodeTelegram(opened.plaintext, { transport: 'apdu' });
  replays.accept(originator, opened);
  return { originator, opened, decoded };
}

interface NamedReading extends Reading {
  readonly name: string | null;
}

/** One line of `dcu listen --json`. */
export interface NotificationDocument {
  readonly ok: true;
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
  readonly peer: string;
  readonly transport: PushArrival['transport'];
  readonly framing: string;
  /** Source and destination in the framing's own addresses, and the gateway's address of the meter. */
  readonly addresses: Readonly<Record<string, number | string>>;
  readonly blocks: boolean;
  readonly systemTitle: string | null;
  readonly security: {
    readonly policy: string;
    readonly suite: number;
    readonly form: string;
    readonly key: string;
    readonly signed: boolean;
  } | null;
  readonly invocationCounter: number | null;
  readonly type: string;
  readonly dateTime: string | null;
  readonly readings: readonly NamedReading[];
  readonly apdu: ApduNode;
}

export function documentOf(
  arrival: PushArrival,
  { originator, opened, decoded }: Notification,
): NotificationDocument {
  const { policy, form, key, signed } = opened.protection;
  return {
    ok: true,
    receivedAt: new Date(arrival.receivedAtMs).toISOString(),
    peer: arrival.from,
    transport: arrival.transport,
    framing: arrival.framing,
    addresses: addressesOf(arrival),
    blocks: arrival.inBlocks,
    systemTitle: originator?.toHex().toUpperCase() ?? null,
    security: policy === 'none' && !signed ? null : { policy, suite: opened.suite, form, key, signed },
    invocationCounter: opened.invocationCounter ?? null,
    type: decoded.apdu.type,
    dateTime: decoded.dateTime,
    readings: decoded.readings.map((reading) => ({ ...reading, name: obisName(reading.obis) ?? null })),
    apdu: decoded.apdu,
  };
}

function addressesOf({ peer }: PushArrival): Record<string, number | string> {
  const { gateway, ...addresses } = peer;
  return { ...addresses, ...(gateway === undefined ? {} : { gateway: gateway.address.toHex() }) };
}

/** A notification as a few lines of text; `time` is that of its arrival. */
export function textOf(document: NotificationDocument, time: string): string {
  const { peer, transport, framing, systemTitle, security, invocationCounter, type } = document;
  const head = [
    time,
    `${peer} (${transport}, ${framing}${document.blocks ? ', in blocks' : ''})`,
    type,
    ...(systemTitle === null ? [] : [`title ${systemTitle}`]),
    ...(security === null ? [] : [protectionText(security, invocationCounter)]),
    ...(document.dateTime === null ? [] : [`sent ${document.dateTime}`]),
  ];
  const { readings } = document;
  const names = readings.map(({ name }) => name ?? '');
  const width = Math.max(0, ...names.map(({ length }) => length));
  return [
    head.join('  '),
    ...readings.map(({ obis, value, scaler, unit }, i) =>
      `  ${obis.padEnd(18)} ${(names[i] ?? '').padEnd(width)}  ${scaledText(value, scaler ?? 0)}${unit === null ? '' : ` ${unit}`}`.trimEnd(),
    ),
    ...(readings.length === 0 ? [`  ${JSON.stringify(document.apdu)}`] : []),
  ].join('\n');
}

function protectionText(
  { policy, signed }: NonNullable<NotificationDocument['security']>,
  counter: number | null,
): string {
  const how = [...(policy === 'none' ? [] : [policy]), ...(signed ? ['signed'] : [])].join(', ');
  return counter === null ? how : `${how}, counter ${counter}`;
}

/** A decimal integer times a power of ten, exactly; other text is left as it is. */
export function scaledText(value: string, scaler: number): string {
  const [, sign, digits] = /^(-?)(\d+)$/.exec(value) ?? [];
  if (scaler === 0 || sign === undefined || digits === undefined) return value;
  if (scaler > 0) return digits === '0' ? '0' : `${sign}${digits}${'0'.repeat(scaler)}`;
  const padded = digits.padStart(1 - scaler, '0');
  return `${sign}${padded.slice(0, scaler)}.${padded.slice(scaler)}`;
}
