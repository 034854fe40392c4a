import { DcuError } from '../base/errors.ts';
import { apduKind } from '../dlms/apdu/tags.ts';

/** Services that change a meter: write, unconfirmed write, set, action, access. */
const CHANGING: ReadonlySet<number> = new Set([0x06, 0x16, 0xc1, 0xc3, 0xd9]);

const ACCESS_REQUEST = 0xd9;
const LONGEST_DATE_TIME = 12;
/** Choice of Access-Request-Specification, class, logical name and attribute. */
const GET = 1;
const GET_BYTES = 10;
/** Of a count that says more than there is. */
const LENGTH_BYTES = 4;

/** Whether an APDU of this tag may change the meter. */
export function isChanging(tag: number): boolean {
  return CHANGING.has(apduKind(tag)?.plainTag ?? tag);
}

/**
 * Whether an access-request has nothing but gets without selection, as far as it goes: of one that breaks off there is
 * no more than that.
 */
function isReadingAccess(apdu: Uint8Array): boolean {
  const dateTime = apdu[5] ?? 0;
  if (apdu[0] !== ACCESS_REQUEST || dateTime > LONGEST_DATE_TIME) return false;
  const count = apdu[6 + dateTime] ?? 0;
  const items = apdu.subarray(7 + dateTime);
  // A count that lies may be followed by anything.
  if (count >= 0x80) return items.length <= LENGTH_BYTES;
  for (let i = 0; i < count && i * GET_BYTES < items.length; i++) {
    if (items[i * GET_BYTES] !== GET) return false;
  }
  return true;
}

/** The last barrier before the line: a slip of a test must not write. @throws DcuError `internal` */
export function refuseChange(apdu: Uint8Array, allowWrites: boolean): void {
  const tag = apdu[0] ?? 0;
  if (allowWrites || !isChanging(tag) || isReadingAccess(apdu)) return;
  throw new DcuError('internal', 'a test would send a changing service although writes are not allowed', {
    facts: { tag },
  });
}
