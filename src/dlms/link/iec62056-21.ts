import { DcuError } from '../../base/errors.ts';
import type { LineSettings } from '../../base/machine.ts';

/** How every line begins (IEC 62056-21). */
export const INITIAL_LINE: LineSettings = { baudRate: 300, dataBits: 7, parity: 'even' };

export const ACK = 0x06;
export const NAK = 0x15;
export const STX = 0x02;
export const ETX = 0x03;
export const LINE_FEED = 0x0a;
const SLASH = 0x2f;
const BANG = 0x21;

/** Bit rates of modes C and E by their identification; 7 to 9 are reserved. */
const RATES: ReadonlyMap<string, number> = new Map([
  ['0', 300],
  ['1', 600],
  ['2', 1200],
  ['3', 2400],
  ['4', 4800],
  ['5', 9600],
  ['6', 19_200],
]);
/** Of mode B, where the meter changes the rate unasked. */
const UNASKED_RATES: ReadonlyMap<string, number> = new Map([
  ['A', 600],
  ['B', 1200],
  ['C', 2400],
  ['D', 4800],
  ['E', 9600],
  ['F', 19_200],
]);

/** Bit rates that an opening can change to. */
export const OPENING_BAUD_RATES: readonly number[] = [...RATES.values()];

const latin1 = new TextDecoder('latin1');
const LONGEST_ADDRESS = 32;
const FAST_REACTION_MS = 20;
const REACTION_MS = 200;

/** What a meter answers to the sign-on: `/XXXZ` and its identification. */
export interface Identification {
  /** Three letters. */
  readonly manufacturer: string;
  /** A: the rate stays; B: it changes unasked; C: the reader chooses (also for HDLC, mode E). */
  readonly mode: 'A' | 'B' | 'C';
  readonly baudRate: number;
  /** The escape sequence `\2`: it says that it speaks HDLC after the opening. Meters that do not say so may still. */
  readonly announcesHdlc: boolean;
  /** Without escape sequences. */
  readonly text: string;
  /** Least time between what it sends and the answer: 20 ms where the third letter is small, else 200 ms. */
  readonly reactionMs: number;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** `/?address!\r\n`. Throws `invalid-field` for an address that is not 0 to 32 letters, digits or blanks. */
export function encodeSignOn(address = ''): Uint8Array {
  if (address.length > LONGEST_ADDRESS || !/^[0-9A-Za-z ]*$/.test(address)) {
    throw new DcuError('invalid-field', `'${address}' is no IEC 62056-21 device address`, {
      field: 'address',
    });
  }
  return ascii(`/?${address}!\r\n`);
}

/** The address that a sign-on is for, leading zeros gone; empty = every meter. Undefined when the line is no sign-on. */
export function parseSignOn(line: string): string | undefined {
  const match = /^\/\?([0-9A-Za-z ]{0,32})!\r\n$/.exec(line);
  return match?.[1]?.replace(/^0+(?=.)/, '');
}

/** Undefined when the line is no identification, or one of a rate that is not defined. */
export function parseIdentification(line: string): Identification | undefined {
  const match = /^\/([A-Za-z]{3})([\x20-\x7e])([\x20-\x7e]{0,64})\r\n$/.exec(line);
  const [, manufacturer, rate, rest] = match ?? [];
  if (manufacturer === undefined || rate === undefined || rest === undefined || rate === '?')
    return undefined;
  const chosen = RATES.get(rate);
  const unasked = UNASKED_RATES.get(rate);
  if (/[7-9]/.test(rate)) return undefined;
  const third = manufacturer.charAt(2);
  const escapes = /^(?:\\[\x20-\x7e])*/.exec(rest)?.[0] ?? '';
  return {
    manufacturer,
    mode: chosen !== undefined ? 'C' : unasked !== undefined ? 'B' : 'A',
    baudRate: chosen ?? unasked ?? INITIAL_LINE.baudRate,
    announcesHdlc: escapes.includes('\\2'),
    // Mode A has no rate: the character belongs to the text.
    text: chosen === undefined && unasked === undefined ? rate + rest : rest.slice(escapes.length),
    reactionMs: third === third.toLowerCase() ? FAST_REACTION_MS : REACTION_MS,
  };
}

/** `/XXXZ\2text`: a meter that the reader may take to mode E. Throws `invalid-field`. */
export function encodeIdentification(manufacturer: string, baudRate: number, text: string): Uint8Array {
  if (!/^[A-Za-z]{3}$/.test(manufacturer) || !/^[\x20-\x7e]{0,16}$/.test(text) || /[/!]/.test(text)) {
    throw new DcuError('invalid-field', `'${manufacturer}${text}' is no IEC 62056-21 identification`, {
      field: 'identification',
    });
  }
  return ascii(`/${manufacturer}${rateLetter(baudRate)}\\2${text}\r\n`);
}

export type OpeningPurpose = 'hdlc' | 'read-out';
const SELECTION = { hdlc: '2', 'read-out': '0' } as const;

/** `ACK V Z Y`: protocol and mode 2 for HDLC, 0 for the data read-out. */
export function encodeSelection(purpose: OpeningPurpose, baudRate: number): Uint8Array {
  const kind = SELECTION[purpose];
  return Uint8Array.of(ACK, ...ascii(`${kind}${rateLetter(baudRate)}${kind}\r\n`));
}

/** Undefined when the line is no selection of a defined rate; `other` is programming or what is not defined. */
export function parseSelection(
  line: string,
): { readonly purpose: OpeningPurpose | 'other'; readonly baudRate: number } | undefined {
  if (line.charCodeAt(0) !== ACK) return undefined;
  const match = /^(.)([0-6])(.)\r\n$/.exec(line.slice(1));
  const [, protocol, rate, mode] = match ?? [];
  const baudRate = RATES.get(rate ?? '');
  if (baudRate === undefined) return undefined;
  if (protocol === '2' && mode === '2') return { purpose: 'hdlc', baudRate };
  return { purpose: mode === '0' ? 'read-out' : 'other', baudRate };
}

/** The highest defined rate that is neither above the meter's nor above ours. */
export function commonRate(theirs: number, ours: number): number {
  return OPENING_BAUD_RATES.filter((rate) => rate <= theirs && rate <= ours).at(-1) ?? INITIAL_LINE.baudRate;
}

function rateLetter(baudRate: number): string {
  for (const [letter, rate] of RATES) if (rate === baudRate) return letter;
  throw new DcuError('invalid-field', `an opening cannot change to ${baudRate} baud`, { field: 'baudRate' });
}

/** One value of a data read-out, as the meter writes it. */
export interface ReadOutRecord {
  /** The address of the data set: an OBIS code, whole (`1-0:1.8.0*255`) or short (`1.8.0`). */
  readonly id: string;
  readonly value: string;
  readonly unit?: string;
}

const MOST_RECORDS = 4096;
const LONGEST_FIELD = 128;

/**
 * The data sets of a data block: lines of `id(value*unit)…`, up to the line that begins with `!`. A value without an
 * id belongs to the id before it (historical values, time of a maximum). Throws `apdu-invalid` with the offset in the
 * block for what is no data set, `overflow` for more than 4096 of them.
 */
export function parseDataSets(block: string): ReadOutRecord[] {
  const records: ReadOutRecord[] = [];
  let id = '';
  let at = 0;
  while (at < block.length) {
    const next = block.charAt(at);
    if (next === '\r' || next === '\n' || next === '\0') {
      at++;
      continue;
    }
    if (next === '!') break;
    const match = /([^()/!\r\n]{0,128})\(([^()*/!\r\n]{0,128})(?:\*([^()/!\r\n]{0,128}))?\)/y;
    match.lastIndex = at;
    const [whole, address, value, unit] = match.exec(block) ?? [];
    if (whole === undefined || value === undefined || whole.length > 4 * LONGEST_FIELD) {
      throw new DcuError('apdu-invalid', 'the read-out holds what is no data set', { offset: at });
    }
    id = address === undefined || address === '' ? id : address.trim();
    if (id === '') throw new DcuError('apdu-invalid', 'the first value has no address', { offset: at });
    if (records.length >= MOST_RECORDS) {
      throw new DcuError('overflow', `the read-out has more than ${MOST_RECORDS} values`, { offset: at });
    }
    records.push({ id, value, ...(unit === undefined ? {} : { unit }) });
    at += whole.length;
  }
  return records;
}

/** The data block: STX, data sets, `!`, CR LF, ETX and the block check character. */
export function encodeDataBlock(records: readonly ReadOutRecord[]): Uint8Array {
  const lines = records.map(
    ({ id, value, unit }) => `${id}(${value}${unit === undefined ? '' : `*${unit}`})\r\n`,
  );
  const content = ascii(`${lines.join('')}!\r\n`);
  const block = new Uint8Array(content.length + 3);
  block[0] = STX;
  block.set(content, 1);
  block[content.length + 1] = ETX;
  block[content.length + 2] = blockCheck(block, 1, content.length + 2);
  return block;
}

/** Exclusive or of the characters behind STX up to ETX (ISO/IEC 1155). */
function blockCheck(bytes: Uint8Array, from: number, to: number): number {
  let check = 0;
  for (let i = from; i < to; i++) check ^= bytes[i] ?? 0;
  return check;
}

export type BlockScan =
  | { readonly kind: 'more' }
  | { readonly kind: 'corrupt'; readonly end: number }
  | { readonly kind: 'block'; readonly text: string; readonly end: number };

/**
 * The data block at the head of `bytes` (parity bits gone). Without STX it has no check either and ends with the line
 * that begins with `!`.
 */
export function scanDataBlock(bytes: Uint8Array): BlockScan {
  if (bytes.length === 0) return { kind: 'more' };
  if (bytes[0] === STX) {
    const etx = bytes.indexOf(ETX);
    if (etx < 0 || etx + 1 >= bytes.length) return { kind: 'more' };
    const end = etx + 2;
    if (blockCheck(bytes, 1, etx + 1) !== bytes[etx + 1]) return { kind: 'corrupt', end };
    return { kind: 'block', text: latin1.decode(bytes.subarray(1, etx)), end };
  }
  const bang = bytes.indexOf(BANG);
  const feed = bang < 0 ? -1 : bytes.indexOf(LINE_FEED, bang);
  if (feed < 0) return { kind: 'more' };
  return { kind: 'block', text: latin1.decode(bytes.subarray(0, bang + 1)), end: feed + 1 };
}

/** Whether a message of the opening may begin with this byte: `/` or ACK. */
export function beginsMessage(byte: number): boolean {
  return byte === SLASH || byte === ACK;
}
