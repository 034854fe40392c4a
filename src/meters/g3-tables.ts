import { toHex } from '../base/bytes.ts';
import type { DlmsData } from '../dlms/data.ts';

/**
 * Tables of the G3-PLC classes (Blue Book, classes 91 and 92; ITU-T G.9903 for what the elements mean) as typed rows.
 * Element order and types are those that public implementations of both sides agree on for versions 1 to 3; the clauses
 * and version 4 were not checked. A row that is none is left out and counted, elements behind the known ones are
 * ignored, and a table is read to its first `MAX_ROWS` rows.
 */

/** macNeighbourTable, class 91 attribute 11: with whom a node has exchanged frames, and how it would send to them. */
export interface G3Neighbour {
  readonly shortAddress: number;
  /** 0 (-10 dB) to 255 (53.75 dB), a quarter of a decibel each. */
  readonly lqi: number;
  readonly modulation: string;
  /** False: differential; absent where the row does not say. */
  readonly coherent?: boolean;
  /** Groups of tones in use, bits as hexadecimal digits. */
  readonly toneMap?: string;
  /** Steps of the transmit gain and decibels of a step. */
  readonly txGain?: number;
  readonly txStepDb?: 3 | 6;
  /** Sixths of a mains period by which the peer's phase differs. */
  readonly phaseDifferential?: number;
  /** Minutes for which the tone map and the row are valid. */
  readonly toneMapMinutes?: number;
  readonly validMinutes?: number;
}

/** macPOSTable, class 91 attribute 25: everybody that a node hears. */
export interface G3Heard {
  readonly shortAddress: number;
  readonly lqi: number;
  readonly validMinutes?: number;
}

/** adpRoutingTable, class 92 attribute 8. */
export interface G3Route {
  readonly destination: number;
  readonly nextHop: number;
  readonly cost: number;
  readonly hops: number;
  readonly weakLinks: number;
  readonly validMinutes?: number;
}

/** adpBlacklistTable, class 92 attribute 10: neighbours that a node does not route through at present. */
export interface G3Blacklisted {
  readonly shortAddress: number;
  readonly validMinutes?: number;
}

/** adpContextInformationTable, class 92 attribute 9: prefixes that headers are compressed with. */
export interface G3Context {
  readonly prefix: string;
  readonly bits: number;
  readonly compression: boolean;
}

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
