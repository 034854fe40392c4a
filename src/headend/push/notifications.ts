import { ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { OutboxItem } from '../../base/outbox.ts';
import { LONG_INVOKE } from '../../dlms/apdu/access.ts';
import { encodeDataNotification } from '../../dlms/apdu/notification.ts';
import { encodeData } from '../../dlms/axdr.ts';
import { writeLength } from '../../dlms/axdr-length.ts';
import { DATA_TAGS } from '../../dlms/axdr-types.ts';
import { captureObjectData } from '../../dlms/cosem/selective-access.ts';
import { array, octetText, structure, u16, u64 } from '../../dlms/values.ts';
import { type ContentsContext, type PushedAttribute, type PushedRun, pushedRuns } from './contents.ts';
import { setupOf } from './groups.ts';
import { DEVICE_NAME, ITEM, pushObjectList } from './objects.ts';
import type { Notification } from './way.ts';

export interface NotificationContext extends ContentsContext {
  /** Logical device that the notifications come from, and its name. */
  readonly sap: number;
  readonly deviceName: string;
  /** Whether the receiver is asked to confirm each. */
  readonly confirmed: boolean;
  /** 24 bits; another one for each notification. */
  readonly nextInvokeId: () => number;
}

/** Longest body: with its head and any protection it fits a wrapper frame. */
const LONGEST_BODY = 60_000;
/** An entry of a push object list without its restriction: class, logical name, attribute, data index. */
const ENTRY_BYTES = 18;
/** Everything else of a body: lengths and tags, the device's name and the item's number. */
const HEAD_BYTES = 160;
/** What is more urgent than anything else has the priority bit. */
const URGENT = 1;
const CLOCK_SYNCHRONISED = 0;

interface Part {
  readonly time: number;
  readonly attributes: readonly PushedAttribute[];
}

/**
 * The DataNotifications of an item, in order; the body of each is a structure that begins with the list of its elements.
 * Rows, events and registers that do not fit one notification go in several.
 * @throws DcuError `apdu-too-long` for a single row or value that fits none
 */
export function notificationsOf(item: OutboxItem, context: NotificationContext): readonly Notification[] {
  const parts = pushedRuns(item, context).flatMap((run) => partsOf(run, 0, run.count));
  return parts.map(({ time, attributes }, index) => ({
    sap: context.sap,
    apdu: encodeDataNotification({
      longInvoke: longInvokeOf(item, context),
      dateTime: context.times.bytes(time, CLOCK_SYNCHRONISED),
      body: bodyOf(item, context, attributes, { part: index + 1, parts: parts.length }),
    }),
  }));
}

/** In halves, until each fits. */
function partsOf(run: PushedRun, first: number, end: number): Part[] {
  const attributes = run.attributes(first, end);
  const length = attributes.reduce((sum, { value }) => sum + value.length + ENTRY_BYTES, HEAD_BYTES);
  if (length <= LONGEST_BODY) return [{ time: run.time, attributes }];
  if (end - first < 2) {
    throw new DcuError('apdu-too-long', `a value of ${length} bytes does not fit a notification`);
  }
  const middle = (first + end) >> 1;
  return [...partsOf(run, first, middle), ...partsOf(run, middle, end)];
}

function bodyOf(
  { id, content }: OutboxItem,
  { deviceName }: NotificationContext,
  attributes: readonly PushedAttribute[],
  { part, parts }: { readonly part: number; readonly parts: number },
): Uint8Array {
  const values: readonly PushedAttribute[] = [
    { object: DEVICE_NAME, value: encodeData(octetText(deviceName)) },
    { object: ITEM, value: encodeData(structure(u64(BigInt(id)), u16(part), u16(parts))) },
    ...attributes,
  ];
  const list = [pushObjectList(setupOf(content.kind)), ...values.map(({ object }) => object)];
  const writer = new ByteWriter(LONGEST_BODY).u8(DATA_TAGS.structure);
  writeLength(writer, 1 + values.length);
  writer.put(encodeData(array(list.map(captureObjectData))));
  for (const { value } of values) writer.put(value);
  return writer.done();
}

function longInvokeOf({ priority }: OutboxItem, { confirmed, nextInvokeId }: NotificationContext): number {
  const bits = (confirmed ? LONG_INVOKE.confirmed : 0) | (priority <= URGENT ? LONG_INVOKE.highPriority : 0);
  return (bits | (nextInvokeId() & LONG_INVOKE.id)) >>> 0;
}
