import type { Clock } from '../base/clock.ts';
import type { DcuError, ErrorCode } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter, MeterState } from '../base/model.ts';
import type { LinkCounters } from '../dlms/link/link.ts';
import type { BackoffRule } from './breaker.ts';
import type { Slots } from './slots.ts';

/** What a line needs of an open meter session. */
export interface LineSession {
  /** False once the association is gone. */
  readonly open: boolean;
  readonly counters: Readonly<LinkCounters>;
  /** True once the line is set up in another way than when the session was opened: the next job opens its own. */
  readonly outdated: boolean;
  /** Releases the association in an orderly way, if it still stands; never fails. */
  close(): Promise<void>;
  /**
   * Ends a long transfer at its next APDU, with `preempted` and its gains kept, be it under way or the next to come;
   * `wanted` false: lets the next ones go on. Absent where that cannot be done.
   */
  breakOff?(wanted: boolean): void;
  /** Ends at once; what is under way rejects with the reason. */
  abort(reason: DcuError): void;
}

export type JobOutcome =
  | { readonly state: 'done' }
  /** Nothing to do; the meter was not asked. */
  | { readonly state: 'skipped'; readonly reason: string }
  | { readonly state: 'failed' | 'cancelled'; readonly error: DcuError };

/**
 * Work on one meter, in bounded steps, so that something more urgent comes in between. A step that fails with the
 * session gone is tried again on a new one: it must then go on where the last success left off.
 */
export interface LineJob<Session extends LineSession> {
  readonly id: string;
  /** Jobs of the same key are never queued twice. */
  readonly key: string;
  readonly meter: Meter;
  readonly meterId: number;
  readonly name: string;
  readonly type: string;
  /** 0 (on demand, ahead of all) to 5; 6: looking for devices, behind all reading. */
  readonly priority: number;
  /** Grows whenever something was gained that a repetition will not have to fetch again. */
  readonly progress: number;
  /** Asked once before the meter is contacted; a text says why there is nothing to do. */
  prepare(): Promise<string | undefined>;
  started(line: string): void;
  step(session: Session, signal: AbortSignal): Promise<'more' | 'done'>;
  /**
   * In place of `step`, for work on the line itself: it opens what it needs, and nothing else is open meanwhile. `count`
   * is told what went over the line.
   */
  readonly visit?: (signal: AbortSignal, count: CountLink) => Promise<'more' | 'done'>;
  /** Called exactly once. */
  finished(outcome: JobOutcome): Promise<void>;
}

/** What a run has learned of the link to a meter. */
export interface MeterLinkState {
  /** Smoothed time of an answer; null before the first. */
  readonly srttMs: number | null;
  /** How long the first try of a request waits now. */
  readonly timeoutMs: number;
  /** Information field and window that the meter granted last; null before the first link, and without HDLC. */
  readonly field: number | null;
  readonly window: number | null;
  /** Time of a byte on the line as it is set for the meter; absent where bytes take no time. */
  readonly msPerByte?: number;
}

export type CountLink = (counters: Readonly<LinkCounters>) => void;

/** How one meter on a line is opened. */
export interface LineOpening<Session> {
  /** Openings that the waiting work may cost, the first included. */
  readonly tries: number;
  /** The link repeats by itself what is not answered: a time-out is then final. */
  readonly linkRepeats: boolean;
  /** Milliseconds of peace for the meter after a success. */
  readonly silentMs: number;
  /** How long the association stays open for more work while nobody else waits for the line; 0 if absent. */
  readonly lingerMs?: number;
  /** How long one job may fail in all before it is given up; absent = as often as its tries allow. */
  readonly budgetMs?: number;
  /**
   * Nobody on the line has been heard yet, and the opening waits briefly only: a meter that stays silent is opened once more when
   * the others have had their turn.
   */
  readonly knock?: boolean;
  /**
   * `probe`: one short try, for a meter that has been silent. `count` is told what went over the line without
   * becoming part of the session: openings that failed, and what was asked of the meter before.
   */
  open(signal: AbortSignal, probe: boolean, count: CountLink): Promise<Session>;
}

/** What a line asks of those above it. */
export interface LineHooks<Session extends LineSession> {
  readonly clock: Clock;
  readonly log: Log;
  readonly backoff: BackoffRule;
  prepareOpening(meter: Meter): Promise<LineOpening<Session>>;
  /** What is known of the link to a meter; absent where nobody keeps it. */
  readonly linkState?: (meter: Meter) => MeterLinkState | undefined;
  /** `as-before`: an opening was cancelled, nothing new is known. */
  meterState(meter: Meter, state: MeterState | 'as-before'): void;
  changed(): void;
  /** Which lines may be busy. */
  readonly slots: Slots;
}

/** What a line or a meter has used up, and what went wrong on it; only ever grows. */
export interface LineUse {
  frames: number;
  bytes: number;
  /** Time that the bits of these bytes take on the line; of what is spent busy, the useful part at most. */
  bitMs: number;
  busyMs: number;
  badFcs: number;
  rejectedHeaders: number;
  retransmissions: number;
  timeouts: number;
  ignoredFrames: number;
  /** Openings and steps that ended in an error. */
  failures: number;
  lastError: LineTrouble | null;
}

export interface LineTrouble {
  readonly code: ErrorCode;
  readonly message: string;
  /** UTC milliseconds. */
  readonly time: number;
}

/** Of one meter on a line. */
export interface MeterUse extends LineUse {
  readonly meterNo: string;
  /** How it answers; null where nobody keeps that. */
  link: MeterLinkState | null;
  /** `open`: it is only probed, from time to time; `probing`: its next opening is a single try. */
  breaker: 'closed' | 'probing' | 'open';
}

/** What a line has been used for since it came into being. */
export interface LineAccount {
  readonly line: string;
  /** The channel that it belongs to; a shared line is a channel of its own. */
  readonly channel: string;
  /** Several meters take turns on it. */
  readonly shared: boolean;
  readonly state: 'idle' | 'waiting' | 'busy';
  /** Milliseconds since the line was first used: what `busyMs` is a share of. */
  readonly ageMs: number;
  readonly use: Readonly<LineUse>;
  /** By meter id. */
  readonly meters: ReadonlyMap<number, Readonly<MeterUse>>;
}

/** How far the work under way has come on one line. */
export interface LineView {
  readonly line: string;
  /** Several meters take turns on it. */
  readonly shared: boolean;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly queued: number;
  readonly running: number;
  /** MeterNo that the line is busy with. */
  readonly current: string | null;
}
