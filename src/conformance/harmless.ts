import { DcuError } from '../base/errors.ts';
import { apduKind } from '../dlms/apdu/tags.ts';

/** Services that change a meter: write, unconfirmed write, set, action, access. */
const CHANGING: ReadonlySet<number> = new Set([0x06, 0x16, 0xc1, 0xc3, 0xd9]);

/** Whether an APDU of this tag may change the meter. */
export function isChanging(tag: number): boolean {
  return CHANGING.has(apduKind(tag)?.plainTag ?? tag);
}

/** The last barrier before the line: a slip of a test must not write. @throws DcuError `internal` */
export function refuseChange(apdu: Uint8Array, allowWrites: boolean): void {
  const tag = apdu[0] ?? 0;
  if (allowWrites || !isChanging(tag)) return;
  throw new DcuError('internal', 'a test would send a changing service although writes are not allowed', {
    facts: { tag },
  });
}
