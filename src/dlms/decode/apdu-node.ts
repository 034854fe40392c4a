import { toHex } from '../../base/bytes.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import { decodeAare } from '../apdu/aare.ts';
import { decodeAarq } from '../apdu/aarq.ts';
import { decodeActionRequest, decodeActionResponse } from '../apdu/action.ts';
import { decodeExceptionResponse } from '../apdu/exception.ts';
import { decodeGetRequest, decodeGetResponse } from '../apdu/get.ts';
import { decodeInformationReport } from '../apdu/information-report.ts';
import { decodeInitiateRequest, decodeInitiateResponse } from '../apdu/initiate.ts';
import {
  decodeDataNotification,
  decodeDataNotificationConfirm,
  decodeEventNotification,
} from '../apdu/notification.ts';
import { decodeRlre, decodeRlrq } from '../apdu/release.ts';
import { decodeConfirmedServiceError } from '../apdu/service-error.ts';
import { decodeSetRequest, decodeSetResponse } from '../apdu/set.ts';
import { apduKind, apduName, TAG } from '../apdu/tags.ts';
import { decodeDateTime, formatDateTime } from '../datetime.ts';
import { type DataNode, readDataNode } from './data-node.ts';
import { part, type Traced } from './telegram.ts';

/** What a field of an APDU becomes: bytes hexadecimal, 64-bit integers decimal, COSEM data a `DataNode`. */
export type FieldValue =
  | string
  | number
  | boolean
  | DataNode
  | readonly FieldValue[]
  | { readonly [field: string]: FieldValue };

/** An APDU without protection; the fields are those of its service, `type` is the standard's name of its tag. */
export interface PlainApduNode {
  readonly type: string;
  readonly [field: string]: FieldValue;
}

type Decoder = (bytes: Uint8Array) => object;

const DECODERS = new Map<number, Decoder>([
  [TAG.initiateRequest, decodeInitiateRequest],
  [TAG.initiateResponse, decodeInitiateResponse],
  [TAG.confirmedServiceError, decodeConfirmedServiceError],
  [TAG.dataNotificationConfirm, decodeDataNotificationConfirm],
  [TAG.informationReport, decodeInformationReport],
  [TAG.aarq, decodeAarq],
  [TAG.aare, decodeAare],
  [TAG.rlrq, decodeRlrq],
  [TAG.rlre, decodeRlre],
  [TAG.getRequest, decodeGetRequest],
  [TAG.getResponse, decodeGetResponse],
  [TAG.setRequest, decodeSetRequest],
  [TAG.setResponse, decodeSetResponse],
  [TAG.actionRequest, decodeActionRequest],
  [TAG.actionResponse, decodeActionResponse],
  [TAG.eventNotification, decodeEventNotification],
  [TAG.exceptionResponse, decodeExceptionResponse],
]);

/** Fields that hold one A-XDR value, or a list of them. */
const DATA_FIELDS: ReadonlySet<string> = new Set(['data', 'value', 'values', 'parameter', 'parameters']);
/** In a block the same fields hold a piece of a value, which stays bytes. */
const BLOCK_FIELD = 'block';

/** Describes the APDU inside another one; `systemTitle` is that of who sent it. */
export type DescribeInner = (apdu: Traced, systemTitle: Uint8Array | undefined) => FieldValue;

/** Runs a decoder; its error names the offset in the input instead of that in the APDU. */
export function located<Result>(apdu: Traced, decode: () => Result): Result {
  try {
    return decode();
  } catch (thrown) {
    const error = toDcuError(thrown);
    throw new DcuError(error.code, error.message, {
      ...(error.field === undefined ? {} : { field: error.field }),
      offset: apdu.origin(error.offset ?? 0),
      facts: error.facts,
      cause: error,
    });
  }
}

/**
 * Describes an APDU that is not protected. Throws `apdu-invalid`, `axdr-invalid`, `truncated` or `unsupported` with
 * the offset in the input.
 */
export function describePlain(apdu: Traced, describeInner: DescribeInner): PlainApduNode {
  const tag = apdu.bytes[0];
  if (tag === undefined) throw new DcuError('truncated', 'there is no APDU', { offset: apdu.origin(0) });
  if (tag === TAG.dataNotification) return describeNotification(apdu);
  const decoder = DECODERS.get(tag);
  if (decoder === undefined) {
    const code = apduKind(tag) === undefined ? 'apdu-invalid' : 'unsupported';
    throw new DcuError(code, `${apduName(tag)} is not an APDU that is decoded here`, {
      offset: apdu.origin(0),
    });
  }
  const decoded: Record<string, unknown> = { ...located(apdu, () => decoder(apdu.bytes)) };
  const { type, time, userInformation, ...fields } = decoded;
  return {
    type: apduName(tag),
    ...(typeof type === 'string' ? { choice: type } : {}),
    ...(time instanceof Uint8Array ? { dateTime: dateTimeText(apdu, time) } : {}),
    // A GeneralizedTime is text already.
    ...(typeof time === 'string' ? { dateTime: time } : {}),
    ...describeFields(apdu, fields, false),
    ...(userInformation instanceof Uint8Array
      ? { userInformation: describeInner(partOf(apdu, userInformation), titleOf(fields)) }
      : {}),
  };
}

/** Of an AARQ the client's, of an AARE the server's. */
function titleOf(fields: Readonly<Record<string, unknown>>): Uint8Array | undefined {
  const title = fields['callingApTitle'] ?? fields['respondingApTitle'];
  return title instanceof Uint8Array ? title : undefined;
}

/** Where a view of the APDU's bytes stands in it. */
function partOf(apdu: Traced, view: Uint8Array): Traced {
  const from = view.buffer === apdu.bytes.buffer ? view.byteOffset - apdu.bytes.byteOffset : 0;
  return { ...part(apdu, from, from + view.length), bytes: view };
}

/** Data-notification: its body may be in the form of some vendors, so all that is left of the APDU is the body. */
function describeNotification(apdu: Traced): PlainApduNode {
  const { longInvoke, dateTime, body } = located(apdu, () => decodeDataNotification(apdu.bytes));
  const content = part(apdu, body.byteOffset - apdu.bytes.byteOffset, apdu.bytes.length);
  return {
    type: apduName(TAG.dataNotification),
    longInvokeId: longInvoke.toString(16).toUpperCase().padStart(8, '0'),
    ...(dateTime === undefined ? {} : { dateTime: dateTimeText(apdu, dateTime) }),
    body: located(content, () => readDataNode(content.bytes)),
  };
}

function dateTimeText(apdu: Traced, bytes: Uint8Array): string {
  return located(apdu, () => formatDateTime(decodeDateTime(bytes)));
}

function describeFields(apdu: Traced, fields: object, inBlock: boolean): Record<string, FieldValue> {
  const out: Record<string, FieldValue> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) out[name] = describeValue(apdu, name, value, inBlock || name === BLOCK_FIELD);
  }
  return out;
}

function describeValue(apdu: Traced, name: string, value: unknown, inBlock: boolean): FieldValue {
  if (value instanceof Uint8Array) {
    if (inBlock || !DATA_FIELDS.has(name)) return toHex(value);
    const data = partOf(apdu, value);
    return located(data, () => readDataNode(data.bytes));
  }
  if (Array.isArray(value)) return value.map((item) => describeValue(apdu, name, item, inBlock));
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      if (value !== null) return describeFields(apdu, value, inBlock);
      break;
    default:
  }
  throw new DcuError('internal', `field ${name} of an APDU is neither bytes nor a plain value`);
}
