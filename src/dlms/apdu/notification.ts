import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import type { CosemAttribute } from '../client-types.ts';
import { expectTag, present, readDescriptor, readLastDataBytes, writeDescriptor } from './fields.ts';
import { TAG } from './tags.ts';

export interface DataNotification {
  /** Long-Invoke-Id-And-Priority, 32 bits. */
  readonly longInvoke: number;
  /** Date-time of 12 bytes (or date 5, time 4); absent when the sender gives none. */
  readonly dateTime?: Uint8Array;
  /** A-XDR bytes. */
  readonly body: Uint8Array;
}

/** 0F, long invoke id, date-time as an octet-string that may be empty, data. */
export function encodeDataNotification(notification: DataNotification): Uint8Array {
  const writer = new ByteWriter(notification.body.length + 24)
    .u8(TAG.dataNotification)
    .u32(notification.longInvoke);
  writeOctets(writer, notification.dateTime ?? new Uint8Array(0));
  return writer.put(notification.body).done();
}

/**
 * Throws `apdu-invalid` or `truncated`; bytes behind the body are passed over. A date-time written as a tagged
 * octet-string (09 0C …), as some meters do, is taken too.
 */
export function decodeDataNotification(bytes: Uint8Array): DataNotification {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.dataNotification, 'data-notification');
  const longInvoke = reader.u32('long-invoke-id-and-priority');
  if (reader.peek() === 0x09 && reader.bytes[reader.offset + 1] === 0x0c) reader.u8('octet-string tag');
  const dateTime = readOctets(reader, 'date-time');
  const body = readLastDataBytes(reader);
  return { longInvoke, ...(dateTime.length === 0 ? {} : { dateTime }), body };
}

export interface DataNotificationConfirm {
  /** As in the notification that is confirmed. */
  readonly longInvoke: number;
  readonly dateTime?: Uint8Array;
}

/** 10, long invoke id, date-time as an octet-string that may be empty. */
export function encodeDataNotificationConfirm(confirm: DataNotificationConfirm): Uint8Array {
  const writer = new ByteWriter(20).u8(TAG.dataNotificationConfirm).u32(confirm.longInvoke);
  writeOctets(writer, confirm.dateTime ?? new Uint8Array(0));
  return writer.done();
}

/** Throws `apdu-invalid` or `truncated`. */
export function decodeDataNotificationConfirm(bytes: Uint8Array): DataNotificationConfirm {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.dataNotificationConfirm, 'data-notification-confirm');
  const longInvoke = reader.u32('long-invoke-id-and-priority');
  const dateTime = readOctets(reader, 'date-time');
  return { longInvoke, ...(dateTime.length === 0 ? {} : { dateTime }) };
}

export interface EventNotification {
  /** Date-time of 12 bytes. */
  readonly time?: Uint8Array;
  readonly attribute: CosemAttribute;
  /** A-XDR bytes. */
  readonly value: Uint8Array;
}

/** C2, optional time, attribute descriptor, data. */
export function encodeEventNotification(event: EventNotification): Uint8Array {
  const writer = new ByteWriter(event.value.length + 32).u8(TAG.eventNotification);
  if (event.time === undefined) writer.u8(0);
  else writeOctets(writer.u8(1), event.time);
  writeDescriptor(writer, event.attribute);
  return writer.put(event.value).done();
}

/** Throws `apdu-invalid` or `truncated`; bytes behind the value are passed over. */
export function decodeEventNotification(bytes: Uint8Array): EventNotification {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.eventNotification, 'event-notification-request');
  const time = present(reader) ? readOctets(reader, 'time') : undefined;
  const attribute = readDescriptor(reader);
  return { ...(time === undefined ? {} : { time }), attribute, value: readLastDataBytes(reader) };
}
