import { toHex } from '../base/bytes.ts';
import type { G3Blacklisted, G3Context, G3Heard, G3Neighbour, G3Route } from '../base/g3.ts';
import type { DlmsData } from '../dlms/data.ts';

/**
 * Tables of the G3-PLC classes (Blue Book, classes 91 and 92; ITU-T G.9903 for what the elements mean) as typed rows.
 * Element order and types are those that public implementations of both sides agree on for versions 1 to 3; the clauses
 * and version 4 were not checked. A row that is none is left out and counted, elements behind the known ones are
 * ignored, and a table is read to its first `MAX_ROWS` rows.
 */

export interface G3Table<Row> {
  readonly rows: readonly Row[];
  /** Rows that were none of their kind, or beyond the limit. */
  readonly skipped: number;
}

/** More neighbours than a network has nodes are a fault of the meter. */
export const MAX_ROWS = 1024;
/** Longest bit string or prefix that is kept, bytes. */
const MAX_BYTES = 32;
const HIGHEST_ADDRESS = 0xffff;
const HIGHEST_LQI = 255;

const MODULATIONS = ['robust', 'BPSK', 'QPSK', '8-PSK', '16-QAM'] as const;
const TX_STEPS = [6, 3] as const;

/** @returns no rows for a value that is no array */
export function g3Neighbours(value: DlmsData | undefined): G3Table<G3Neighbour> {
  return tableOf(value, ([address, coherent, toneMap, modulation, gain, step, , lqi, phase, tmr, valid]) => {
    const shortAddress = within(address, HIGHEST_ADDRESS);
    const quality = within(lqi, HIGHEST_LQI);
    const kind = within(modulation, HIGHEST_LQI);
    if (shortAddress === undefined || quality === undefined || kind === undefined) return undefined;
    const stepDb = TX_STEPS[within(step, 1) ?? -1];
    return {
      shortAddress,
      lqi: quality,
      modulation: MODULATIONS[kind] ?? String(kind),
      ...optional('coherent', truth(coherent)),
      ...optional('toneMap', bits(toneMap)),
      ...optional('txGain', integer(gain)),
      ...optional('txStepDb', stepDb),
      ...optional('phaseDifferential', integer(phase)),
      ...optional('toneMapMinutes', integer(tmr)),
      ...optional('validMinutes', integer(valid)),
    };
  });
}

export function g3Heard(value: DlmsData | undefined): G3Table<G3Heard> {
  return tableOf(value, ([address, lqi, valid]) => {
    const shortAddress = within(address, HIGHEST_ADDRESS);
    const quality = within(lqi, HIGHEST_LQI);
    if (shortAddress === undefined || quality === undefined) return undefined;
    return { shortAddress, lqi: quality, ...optional('validMinutes', integer(valid)) };
  });
}

export function g3Routes(value: DlmsData | undefined): G3Table<G3Route> {
  return tableOf(value, ([to, next, routeCost, hopCount, weak, valid]) => {
    const destination = within(to, HIGHEST_ADDRESS);
    const nextHop = within(next, HIGHEST_ADDRESS);
    const cost = within(routeCost, 0xffff);
    const hops = within(hopCount, 255);
    if (destination === undefined || nextHop === undefined || cost === undefined || hops === undefined) {
      return undefined;
    }
    return {
      destination,
      nextHop,
      cost,
      hops,
      weakLinks: within(weak, 255) ?? 0,
      ...optional('validMinutes', integer(valid)),
    };
  });
}

export function g3Blacklist(value: DlmsData | undefined): G3Table<G3Blacklisted> {
  return tableOf(value, ([address, valid]) => {
    const shortAddress = within(address, HIGHEST_ADDRESS);
    return shortAddress === undefined
      ? undefined
      : { shortAddress, ...optional('validMinutes', integer(valid)) };
  });
}

export function g3Contexts(value: DlmsData | undefined): G3Table<G3Context> {
  return tableOf(value, ([, length, prefix, compression]) => {
    const count = within(length, 128);
    if (count === undefined || prefix?.type !== 'octet-string' || prefix.value.length > MAX_BYTES) {
      return undefined;
    }
    return { prefix: toHex(prefix.value), bits: count, compression: truth(compression) ?? false };
  });
}

/** Addresses of an array of long-unsigned, class 92 attribute 21. */
export function g3Addresses(value: DlmsData | undefined): G3Table<number> {
  const elements = elementsOf(value);
  const rows = elements.slice(0, MAX_ROWS).flatMap((element) => within(element, HIGHEST_ADDRESS) ?? []);
  return { rows, skipped: elements.length - rows.length };
}

/** Bits as hexadecimal digits, class 91 attribute 7; undefined for anything else, and for more than any band has. */
export function bits(value: DlmsData | undefined): string | undefined {
  return value?.type === 'bit-string' && value.value.length <= MAX_BYTES ? toHex(value.value) : undefined;
}

/** A whole number of any of the types in use that is exactly representable. */
export function integer(value: DlmsData | undefined): number | undefined {
  switch (value?.type) {
    case 'integer':
    case 'unsigned':
    case 'long':
    case 'long-unsigned':
    case 'double-long':
    case 'double-long-unsigned':
    case 'enum':
      return value.value;
    default:
      return undefined;
  }
}

export function truth(value: DlmsData | undefined): boolean | undefined {
  return value?.type === 'boolean' ? value.value : undefined;
}

function tableOf<Row>(
  value: DlmsData | undefined,
  rowOf: (elements: readonly DlmsData[]) => Row | undefined,
): G3Table<Row> {
  const elements = elementsOf(value);
  const rows = elements.slice(0, MAX_ROWS).flatMap((element): Row[] => {
    const row = element.type === 'structure' ? rowOf(element.elements) : undefined;
    return row === undefined ? [] : [row];
  });
  return { rows, skipped: elements.length - rows.length };
}

function elementsOf(value: DlmsData | undefined): readonly DlmsData[] {
  return value?.type === 'array' || value?.type === 'compact-array' ? value.elements : [];
}

function within(value: DlmsData | undefined, highest: number): number | undefined {
  const found = integer(value);
  return found !== undefined && found >= 0 && found <= highest ? found : undefined;
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
