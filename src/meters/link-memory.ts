import type { Meter } from '../base/model.ts';
import type { LinkParameters, PeerMemory } from '../dlms/link/link.ts';
import { ResponseTimes } from '../dlms/link/response-times.ts';
import type { MeterLinkState } from './line-job.ts';

/** Start, data, parity and stop bit together. */
export const bitsPerByte = (dataBits: number, parity: 'none' | 'even' | 'odd'): number =>
  1 + dataBits + (parity === 'none' ? 0 : 1) + 1;

/** What nothing in use undercuts: the inter-octet time-out, and some scheduling at both ends. */
const LEAST_PATIENCE_MS = 300;
/** Of a line whose meters are not known yet, twice what the others on it need. */
const STRANGER = 2;
/** A probe has one try. */
const PROBE = 4;

/**
 * All tries together of the first opening on a line that nobody has answered on: what is known by then is how long an answer may
 * take, and not how long it does. Most meters answer an SNRM within half a second. Who does not is given all the time
 * there is when the others have had their turn, and often only what those have shown to need.
 */
export const KNOCK_MS = 2_000;
/** Bytes of SNRM or UA with all parameters, on a line that is slower than that. */
const SET_UP_BYTES = 48;

/**
 * Frame sizes to fall back to while a meter goes silent on larger ones; the window is given up first. What a meter
 * does well with is kept for the run.
 */
const LADDER = [
  { info: Number.POSITIVE_INFINITY, window: 7 },
  { info: 256, window: 1 },
  { info: 128, window: 1 },
  { info: 64, window: 1 },
] as const;

/** How a link to a meter is to be set up: bounds of the settings, and of the line it goes over. */
export interface MemoryBounds {
  /** `send.timeout`. */
  readonly mostMs: number;
  /** Bytes per information field that are proposed at most. */
  readonly maxInfo: number;
  /** Of the line as it is set for this meter; absent where bytes take no time. */
  readonly msPerByte?: number;
  /** Somebody on the way knows better when to stop waiting. */
  readonly patient?: boolean;
}

/** What a run has learned of the link to one meter. */
export class LinkMemory implements PeerMemory {
  readonly #own = new ResponseTimes();
  /** Of all meters on the same line; undefined where it has no others. */
  readonly #line: ResponseTimes | undefined;
  readonly #onEcho: () => void;
  #bounds: MemoryBounds = { mostMs: 10_000, maxInfo: 128 };
  #granted: LinkParameters | undefined;
  #rung = 0;
  #lostInARow = 0;
  #lostLast = false;
  #knocked = false;

  constructor(line: ResponseTimes | undefined, onEcho: () => void) {
    this.#line = line;
    this.#onEcho = onEcho;
  }

  /** Nobody on its line has answered yet, and this meter was not asked before. */
  get isUnheard(): boolean {
    return this.#line !== undefined && this.#line.timeoutMs === undefined && !this.#knocked;
  }

  /** To be told before each link. */
  set bounds(bounds: MemoryBounds) {
    this.#bounds = bounds;
  }

  /** Largest information field and window to propose. */
  get proposal(): { readonly info: number; readonly window: number } {
    return LADDER[this.#rung] ?? LADDER[0];
  }

  state(): MeterLinkState {
    const { msPerByte } = this.#bounds;
    return {
      srttMs: this.#own.smoothedMs ?? null,
      timeoutMs: this.patienceMs('transfer', 0, 2),
      field: this.#granted?.maxInfoReceive ?? null,
      window: this.#granted?.windowReceive ?? null,
      ...(msPerByte === undefined ? {} : { msPerByte }),
    };
  }

  /**
   * Doubles with each try. The last try of a transfer has all the time there is, for some answers take longer than others
   * to work out. A link is set up or not by what needs no thought: where it is known how fast the line answers, its tries
   * together take half of what one may, so that the dead cost the living little.
   */
  patienceMs(during: 'set-up' | 'transfer', attempt: number, tries: number): number {
    const { mostMs, patient } = this.#bounds;
    const lineMs = this.#line?.timeoutMs;
    const firstMs = this.#own.timeoutMs ?? (lineMs === undefined ? undefined : lineMs * STRANGER);
    if (patient === true) return mostMs;
    if (firstMs === undefined) return during === 'set-up' && this.isUnheard ? this.#knockMs(tries) : mostMs;
    const leastMs = Math.min(mostMs, this.#leastMs);
    const within = (ms: number): number => Math.min(mostMs, Math.max(leastMs, ms));
    if (during === 'transfer') return attempt + 1 >= tries ? mostMs : within(firstMs * 2 ** attempt);
    let leftMs = mostMs / 2;
    const startMs = tries === 1 ? firstMs * PROBE : firstMs;
    for (let before = 0; before < attempt; before++) leftMs -= within(startMs * 2 ** before);
    return within(Math.min(startMs * 2 ** attempt, leftMs));
  }

  /** The brief opening of a meter that nobody knows is over: from now on it has the time that the settings give it. */
  knocked(): void {
    this.#knocked = true;
  }

  #knockMs(tries: number): number {
    const { mostMs, msPerByte = 0 } = this.#bounds;
    return Math.min(mostMs, Math.max(KNOCK_MS / tries, LEAST_PATIENCE_MS + 2 * SET_UP_BYTES * msPerByte));
  }

  /**
   * Where an answer that is late ends the connection: half of what one may take, as long as the meter is known to be much
   * faster and has not been silent since.
   */
  wholeAnswerMs(): number {
    const { mostMs, patient } = this.#bounds;
    const ownMs = this.#own.timeoutMs;
    if (patient === true || ownMs === undefined) return mostMs;
    return Math.min(mostMs, Math.max(mostMs / 2, ownMs * PROBE));
  }

  answered(ms: number): void {
    this.#own.answered(ms);
    this.#line?.answered(ms);
  }

  silent(): void {
    this.#own.silent();
  }

  negotiated(parameters: LinkParameters): void {
    this.#granted = parameters;
    if (!this.#lostLast) this.#lostInARow = 0;
    this.#lostLast = false;
  }

  /**
   * A rung down, unless the meter has just shown that it can do more than the next one. Where only the window would become
   * smaller it may as well have lost its power: then it takes two links lost in a row.
   */
  lost(largestInfo: number): void {
    this.#lostLast = true;
    this.#lostInARow++;
    const granted = this.#granted;
    const next = LADDER[this.#rung + 1];
    if (granted === undefined || next === undefined) return;
    const smaller = next.info < granted.maxInfoReceive;
    const narrower = next.window < granted.windowReceive;
    const shown = largestInfo >= Math.min(next.info, granted.maxInfoReceive);
    const steps = shown ? !smaller && narrower && this.#lostInARow > 1 : smaller || narrower;
    if (!steps) return;
    this.#rung++;
    this.#lostInARow = 0;
  }

  echoes(): void {
    this.#onEcho();
  }

  /** The largest frame out and in. Drivers of adapters call bytes sent that are still on their way. */
  get #leastMs(): number {
    const { msPerByte = 0, maxInfo } = this.#bounds;
    const field = Math.min(this.#granted?.maxInfoReceive ?? 0, maxInfo);
    return LEAST_PATIENCE_MS + 2 * (field + 16) * msPerByte;
  }
}

/** The memories of all meters, and of the lines that they share. */
export class LinkMemories {
  readonly #byMeter = new Map<number, { readonly line: string; readonly memory: LinkMemory }>();
  readonly #lines = new Map<string, ResponseTimes>();
  readonly #echoing = new Set<string>();
  readonly #onEcho: (line: string) => void;

  /** `onEcho` is told once of each line that hands back what is sent. */
  constructor(onEcho: (line: string) => void) {
    this.#onEcho = onEcho;
  }

  of({ id }: Meter, line: string, shared: boolean): LinkMemory {
    const known = this.#byMeter.get(id);
    if (known?.line === line) return known.memory;
    const times = this.#lines.get(line) ?? new ResponseTimes();
    if (shared) this.#lines.set(line, times);
    const memory = new LinkMemory(shared ? times : undefined, () => this.#echoes(line));
    this.#byMeter.set(id, { line, memory });
    return memory;
  }

  known({ id }: Meter): LinkMemory | undefined {
    return this.#byMeter.get(id)?.memory;
  }

  forget(meterId: number): void {
    this.#byMeter.delete(meterId);
  }

  /** Whether this line is known to hand back what is sent. */
  echoing(line: string): boolean {
    return this.#echoing.has(line);
  }

  #echoes(line: string): void {
    if (this.#echoing.has(line)) return;
    this.#echoing.add(line);
    this.#onEcho(line);
  }
}
