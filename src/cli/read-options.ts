import { DcuError } from '../base/errors.ts';
import type { AccessSelection, CosemAttribute } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { type CosemDateTime, encodeDateTime, parseDateTime } from '../dlms/datetime.ts';
import { formatObis, parseObis } from '../dlms/obis.ts';
import { type Target, type TargetFlags, targetOf } from './target-options.ts';

/** As commander hands them over. */
export interface ReadFlags extends TargetFlags {
  readonly from?: string;
  readonly to?: string;
  readonly entries?: string;
  readonly json?: boolean;
}

/** What a call of `dcu read` asks for, checked. */
export interface ReadPlan {
  readonly target: Target;
  readonly selection: AccessSelection | undefined;
  readonly attributes: readonly CosemAttribute[];
}

const CLOCK: CosemAttribute = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };

/** @throws DcuError `invalid-argument` or `usage` naming what does not fit. */
export function readPlan(flags: ReadFlags, targets: readonly string[]): ReadPlan {
  return {
    target: targetOf(flags),
    selection: selectionOf(flags),
    attributes: targets.map(parseTarget),
  };
}

/** `3:1.0.1.8.0.255:2`; the OBIS code may also be written `1-0:1.8.0*255`. */
export function parseTarget(text: string): CosemAttribute {
  const match = /^(\d{1,5}):(.+):(-?\d{1,3})$/.exec(text);
  const [, classId, obis, attribute] = match ?? [];
  if (classId === undefined || obis === undefined || attribute === undefined || Number(classId) > 0xffff) {
    throw new DcuError('invalid-argument', `'${text}' is not CLASS:OBIS:ATTRIBUTE, e.g. 3:1.0.1.8.0.255:2`, {
      field: 'attribute',
    });
  }
  const index = Number(attribute);
  if (index < -128 || index > 127) {
    throw new DcuError('invalid-argument', `'${text}': an attribute is a number from -128 to 127`, {
      field: 'attribute',
    });
  }
  return { classId: Number(classId), obis: formatObis(parseObis(obis)), attribute: index };
}

function selectionOf({ from, to, entries }: ReadFlags): AccessSelection | undefined {
  if (entries !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new DcuError('usage', '--entries and --from/--to exclude each other', { field: 'entries' });
    }
    const [, first, last] = /^(\d{1,10})-(\d{1,10})$/.exec(entries) ?? [];
    const fromEntry = Number(first);
    const toEntry = Number(last);
    const fits = fromEntry >= 1 && fromEntry <= 0xffffffff && toEntry <= 0xffffffff;
    if (first === undefined || !fits || (toEntry !== 0 && toEntry < fromEntry)) {
      throw new DcuError('invalid-argument', `'${entries}' is not A-B with 1 ≤ A ≤ B (B = 0: the last)`, {
        field: 'entries',
      });
    }
    return { by: 'entry', fromEntry, toEntry };
  }
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) {
    throw new DcuError('usage', '--from and --to go together', { field: from === undefined ? 'from' : 'to' });
  }
  return { by: 'range', restricting: CLOCK, from: stamp('from', from), to: stamp('to', to) };
}

/** A date alone counts from midnight; the weekday is left to the meter. */
function stamp(field: string, text: string): DlmsData {
  try {
    const { weekday: _, ...time } = parseDateTime(text);
    const full: CosemDateTime = { hour: 0, minute: 0, second: 0, hundredths: 0, status: 0, ...time };
    return { type: 'octet-string', value: encodeDateTime(full) };
  } catch (cause) {
    throw new DcuError('invalid-argument', `--${field}: '${text}' is not an ISO 8601 date-time`, {
      field,
      cause,
    });
  }
}
