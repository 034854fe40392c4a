import { concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { After, Table } from '../../base/table.ts';
import { bad, more, type Scan } from './scan.ts';

const START = 0x68;
const STOP = 0x16;
const HEADER = 4;
/** C, A and CI, then the two access points. */
const LINK_FIELDS = 3;
const TRANSPORT_FIELDS = LINK_FIELDS + 2;
/** L of the frames that meters fill up; the field could state five more. */
const FULL_FRAME = 0xfa;
const LARGEST_SEGMENT = FULL_FRAME - TRANSPORT_FIELDS;
/** CI values of the DLMS transport layer (EN 13757-1): segment number in the low four bits, then the final bit. */
const LAST_CI = 0x1f;
const FINAL = 0x10;
const SEGMENT_MASK = 0x0f;
/** SND-UD: the sender expects no answer to what it pushes here. */
const SEND_USER_DATA = 0x53;

/** A long or control frame of wired M-Bus (EN 13757-2, frame format FT 1.2). */
export interface MbusFrame {
  readonly control: number;
  readonly address: number;
  readonly ci: number;
  /** Offset of the first byte behind CI, and of the checksum. */
  readonly from: number;
  readonly to: number;
}

/** The frame `68 L L 68 C A CI … checksum 16` at `at`; L counts from C to the byte before the checksum. */
export function scanMbus(bytes: Uint8Array, at: number): Scan<MbusFrame> {
  const there = bytes.length - at;
  const length = bytes[at + 1] ?? 0;
  if (there >= 1 && bytes[at] !== START) return bad('no M-Bus long frame begins here', at);
  if (there >= 3 && bytes[at + 2] !== length) return bad('the two M-Bus lengths differ', at + 1);
  if (there >= 4 && bytes[at + 3] !== START) return bad('the second M-Bus start byte is missing', at + 3);
  if (there >= 2 && length < LINK_FIELDS) return bad('M-Bus frame is too short', at + 1);
  if (there < HEADER) return more('M-Bus header');
  const content = at + HEADER;
  const end = content + length;
  if (bytes.length < end + 2) return more(`M-Bus frame of ${length} bytes`);
  let sum = 0;
  for (let i = content; i < end; i++) sum = (sum + (bytes[i] ?? 0)) & 0xff;
  if (sum !== bytes[end]) return bad('M-Bus checksum does not match', end);
  if (bytes[end + 1] !== STOP) return bad('no M-Bus stop byte where the frame ends', end + 1);
  const frame: MbusFrame = {
    control: bytes[content] ?? 0,
    address: bytes[content + 1] ?? 0,
    ci: bytes[content + 2] ?? 0,
    from: content + LINK_FIELDS,
    to: end,
  };
  return { kind: 'frame', frame, end: end + 2 };
}

export interface MbusAddresses {
  /** Of the meter on the bus; 0xFF = broadcast. */
  readonly address: number;
  /** Source and destination transport service access point. */
  readonly source: number;
  readonly destination: number;
}

/** One piece of an APDU in the DLMS transport layer of EN 13757-1. */
export interface MbusSegment {
  readonly addresses: MbusAddresses;
  readonly number: number;
  readonly final: boolean;
  readonly from: number;
  readonly to: number;
}

/** The transport layer of a frame; undefined when its CI is of another application. */
export function mbusSegment(bytes: Uint8Array, frame: MbusFrame): MbusSegment | undefined {
  if (frame.ci > LAST_CI || frame.to - frame.from < TRANSPORT_FIELDS - LINK_FIELDS) return undefined;
  return {
    addresses: {
      address: frame.address,
      source: bytes[frame.from] ?? 0,
      destination: bytes[frame.from + 1] ?? 0,
    },
    number: frame.ci & SEGMENT_MASK,
    final: (frame.ci & FINAL) !== 0,
    from: frame.from + 2,
    to: frame.to,
  };
}

export type MbusState = 'idle' | 'assembling';

/**
 * A segment as the transport layer sees it: `first` has number 0, `next` the number that is due from the same station;
 * with `final` it is the last one. `stray`: anything else.
 */
export const MBUS_INPUTS = ['first', 'first-final', 'next', 'next-final', 'stray'] as const;
export type MbusInput = (typeof MBUS_INPUTS)[number];
export type MbusAction = 'begin' | 'whole' | 'append' | 'finish' | 'drop' | 'begin-anew' | 'whole-anew';

/** What each state does with each segment. A new beginning shows that the end of the last APDU was lost. */
export const MBUS_TABLE: Table<MbusState, MbusInput, MbusAction> = {
  idle: { first: 'begin', 'first-final': 'whole', next: 'drop', 'next-final': 'drop', stray: 'drop' },
  assembling: {
    first: 'begin-anew',
    'first-final': 'whole-anew',
    next: 'append',
    'next-final': 'finish',
    stray: 'drop',
  },
};

/** What grows beyond the bound is dropped. */
export const MBUS_AFTER: After<MbusState, MbusAction> = {
  begin: ['assembling', 'idle'],
  whole: ['idle'],
  append: ['assembling', 'idle'],
  finish: ['idle'],
  drop: ['idle'],
  'begin-anew': ['assembling', 'idle'],
  'whole-anew': ['idle'],
};

/** What became of a segment: the whole APDU when it was the last one; `lost` counts segments that belong to none. */
export interface MbusOutcome {
  readonly apdu?: Uint8Array;
  readonly lost: number;
}

/** Puts the segments of one station's APDU together, `limit` bytes at most. */
export class MbusReassembly {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  #due = 0;
  #from = '';

  constructor(limit: number) {
    this.#limit = limit;
  }

  get state(): MbusState {
    return this.#parts.length === 0 ? 'idle' : 'assembling';
  }

  take(segment: MbusSegment, bytes: Uint8Array): MbusOutcome {
    const held = this.#parts.length;
    switch (MBUS_TABLE[this.state][this.#inputOf(segment)]) {
      case 'drop':
        this.forget();
        return { lost: held + 1 };
      case 'begin-anew':
      case 'whole-anew':
        this.forget();
        return { ...this.#append(segment, bytes), lost: held };
      default:
        return this.#append(segment, bytes);
    }
  }

  forget(): void {
    this.#parts = [];
    this.#length = 0;
  }

  #inputOf({ addresses, number, final }: MbusSegment): MbusInput {
    const due = this.state === 'assembling' && number === this.#due && keyOf(addresses) === this.#from;
    if (due) return final ? 'next-final' : 'next';
    if (number !== 0) return 'stray';
    return final ? 'first-final' : 'first';
  }

  #append({ addresses, number, final, from, to }: MbusSegment, bytes: Uint8Array): MbusOutcome {
    this.#parts.push(bytes.slice(from, to));
    this.#length += to - from;
    this.#due = (number + 1) & SEGMENT_MASK;
    this.#from = keyOf(addresses);
    const lost = this.#parts.length;
    if (this.#length > this.#limit) {
      this.forget();
      return { lost };
    }
    if (!final) return { lost: 0 };
    const apdu = concat(this.#parts);
    this.forget();
    return { apdu, lost: 0 };
  }
}

function keyOf({ address, source, destination }: MbusAddresses): string {
  return `${address}/${source}/${destination}`;
}

/**
 * The frames that carry an APDU from a meter (EN 13757-1 transport layer, EN 13757-2 long frames). Throws
 * `apdu-too-long` where the segment number would not tell the order any more.
 */
export function encodeMbus(apdu: Uint8Array, { address, source, destination }: MbusAddresses): Uint8Array[] {
  const count = Math.max(1, Math.ceil(apdu.length / LARGEST_SEGMENT));
  if (count > SEGMENT_MASK + 1) {
    throw new DcuError(
      'apdu-too-long',
      `${apdu.length} bytes need more than ${SEGMENT_MASK + 1} M-Bus frames`,
    );
  }
  return Array.from({ length: count }, (_, number) => {
    const part = apdu.subarray(number * LARGEST_SEGMENT, (number + 1) * LARGEST_SEGMENT);
    const ci = number | (number === count - 1 ? FINAL : 0);
    const content = concat([Uint8Array.of(SEND_USER_DATA, address, ci, source, destination), part]);
    const sum = content.reduce((total, byte) => (total + byte) & 0xff, 0);
    const { length } = content;
    return concat([Uint8Array.of(START, length, length, START), content, Uint8Array.of(sum, STOP)]);
  });
}
