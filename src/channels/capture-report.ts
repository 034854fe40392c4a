import { DcuError } from '../base/errors.ts';
import { FLAG, scanHdlc, scanWrapper } from '../dlms/link/scan.ts';
import { announcedLength, decodeFrame, type PlcFrame, START } from '../plc/frame.ts';
import type { CaptureEntry } from './capture.ts';

export type CapturedFraming = 'hdlc' | 'wrapper' | 'plc-module' | 'unknown';

/** A frame as it went over a line. */
export interface CapturedFrame {
  /** When its last byte came, milliseconds since the capture began. */
  readonly ms: number;
  readonly session: number;
  readonly direction: 'in' | 'out';
  readonly framing: Exclude<CapturedFraming, 'unknown'>;
  readonly bytes: Uint8Array;
  /** A password in it was overwritten: its check sequences do not match. */
  readonly masked: boolean;
  readonly plc?: PlcFrame;
}

/** What went over one line. */
export interface LineReport {
  readonly line: string;
  readonly framing: CapturedFraming;
  readonly sessions: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly framesOut: number;
  readonly framesIn: number;
  /** Bytes that belong to no sound frame, passwords that were overwritten not counted. */
  readonly noise: number;
  /** Times that something was sent and something came. */
  readonly answered: number;
  /** Times that something was sent, and again, or the line was closed, with nothing in between. */
  readonly unanswered: number;
  /** Milliseconds from a writing to the first byte behind it; null without any. */
  readonly medianAnswerMs: number | null;
  readonly longestAnswerMs: number | null;
  readonly errors: readonly { readonly ms: number; readonly code: string; readonly message: string }[];
}

/** Of each line, in the order in which they were first used. */
export function reportCapture(entries: readonly CaptureEntry[]): LineReport[] {
  return [...Map.groupBy(entries, ({ line }) => line)].map(([line, own]) => reportLine(line, own));
}

function reportLine(line: string, entries: readonly CaptureEntry[]): LineReport {
  const found = framesOf(entries);
  const total = (event: 'in' | 'out'): number =>
    entries.reduce((sum, entry) => sum + (entry.event === event ? entry.bytes.length : 0), 0);
  const count = (direction: 'in' | 'out'): number =>
    found.frames.filter((frame) => frame.direction === direction).length;
  const answers = answersOf(entries);
  const sorted = answers.delays.toSorted((a, b) => a - b);
  return {
    line,
    framing: found.framing,
    sessions: new Set(entries.map(({ session }) => session)).size,
    bytesOut: total('out'),
    bytesIn: total('in'),
    framesOut: count('out'),
    framesIn: count('in'),
    noise: found.noise,
    answered: answers.delays.length,
    unanswered: answers.unanswered,
    medianAnswerMs: sorted[sorted.length >> 1] ?? null,
    longestAnswerMs: sorted.at(-1) ?? null,
    errors: entries.flatMap((entry) =>
      entry.event === 'lost' || entry.event === 'failed' ? [{ ms: entry.ms, ...entry.error }] : [],
    ),
  };
}

function answersOf(entries: readonly CaptureEntry[]): {
  readonly delays: readonly number[];
  readonly unanswered: number;
} {
  const delays: number[] = [];
  let unanswered = 0;
  let sentMs: number | undefined;
  for (const entry of entries) {
    if (entry.event === 'in') {
      if (sentMs !== undefined) delays.push(Math.round((entry.ms - sentMs) * 1000) / 1000);
      sentMs = undefined;
    } else {
      if (sentMs !== undefined) unanswered++;
      sentMs = entry.event === 'out' ? entry.ms : undefined;
    }
  }
  return { delays, unanswered: unanswered + (sentMs === undefined ? 0 : 1) };
}

/** The frames of one line, and how many bytes belong to none. */
export function framesOf(entries: readonly CaptureEntry[]): {
  readonly frames: readonly CapturedFrame[];
  readonly framing: CapturedFraming;
  readonly noise: number;
} {
  const frames: CapturedFrame[] = [];
  let framing: CapturedFraming = 'unknown';
  let noise = 0;
  const taps = new Map<string, Tap>();
  for (const entry of entries) {
    if (entry.event !== 'in' && entry.event !== 'out') continue;
    const { ms, session, event: direction, bytes } = entry;
    const key = `${session} ${direction}`;
    const tap = taps.get(key) ?? new Tap();
    taps.set(key, tap);
    if (entry.masked === true) {
      frames.push({ ms, session, direction, framing: framingOf(bytes), bytes, masked: true });
      continue;
    }
    for (const frame of tap.push(bytes)) {
      framing = framing === 'unknown' ? frame.framing : framing;
      frames.push({ ms, session, direction, masked: false, ...frame });
    }
  }
  for (const tap of taps.values()) noise += tap.noise + tap.held;
  return { frames, framing, noise };
}

function framingOf(bytes: Uint8Array): CapturedFrame['framing'] {
  if (bytes[0] === FLAG) return 'hdlc';
  return bytes[0] === START ? 'plc-module' : 'wrapper';
}

interface Found {
  readonly framing: CapturedFrame['framing'];
  readonly bytes: Uint8Array;
  readonly plc?: PlcFrame;
}

type Verdict = { readonly end: number; readonly found: Found } | 'more' | 'none';

const LONGEST = 1 << 17;

/** Finds frames of any framing in one direction of a session; what began with one kind goes on with it. */
class Tap {
  noise = 0;
  #held = new Uint8Array();
  #kind: CapturedFrame['framing'] | undefined;

  /** Bytes of a frame that never ended; a closing flag is none. */
  get held(): number {
    return this.#held.length === 1 && this.#held[0] === FLAG ? 0 : this.#held.length;
  }

  push(bytes: Uint8Array): Found[] {
    const all = new Uint8Array(this.#held.length + bytes.length);
    all.set(this.#held);
    all.set(bytes, this.#held.length);
    const found: Found[] = [];
    let at = 0;
    while (at < all.length) {
      const verdict = this.#look(all, at);
      if (verdict === 'more' && all.length - at < LONGEST) break;
      if (verdict === 'more' || verdict === 'none') {
        // A flag that closes one frame and opens none is no noise.
        if (all[at] !== FLAG) this.noise++;
        at++;
        continue;
      }
      this.#kind = verdict.found.framing;
      found.push(verdict.found);
      at = verdict.end;
    }
    this.#held = all.slice(at);
    return found;
  }

  #look(all: Uint8Array, at: number): Verdict {
    const may = (kind: CapturedFrame['framing']): boolean => this.#kind === undefined || this.#kind === kind;
    if (all[at] === FLAG && may('hdlc')) return hdlcAt(all, at);
    if (all[at] === START && may('plc-module')) return moduleAt(all, at);
    if (all[at] === 0 && may('wrapper')) return wrapperAt(all, at);
    return 'none';
  }
}

function hdlcAt(all: Uint8Array, at: number): Verdict {
  const scan = scanHdlc(all, at);
  if (scan.kind === 'more') return 'more';
  if (scan.kind === 'bad') return 'none';
  // The closing flag may open the next frame.
  return { end: scan.end, found: { framing: 'hdlc', bytes: all.slice(at, scan.end + 1) } };
}

function wrapperAt(all: Uint8Array, at: number): Verdict {
  const scan = scanWrapper(all, at);
  if (scan.kind === 'more') return 'more';
  if (scan.kind === 'bad') return 'none';
  return { end: scan.end, found: { framing: 'wrapper', bytes: all.slice(at, scan.end) } };
}

function moduleAt(all: Uint8Array, at: number): Verdict {
  const length = announcedLength(all, at, all.length);
  if (length === undefined || length > all.length - at) return 'more';
  try {
    const bytes = all.slice(at, at + length);
    return { end: at + length, found: { framing: 'plc-module', bytes, plc: decodeFrame(bytes) } };
  } catch (thrown) {
    if (thrown instanceof DcuError) return 'none';
    throw thrown;
  }
}
