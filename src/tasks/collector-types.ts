import type { Bus } from '../base/bus.ts';
import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import type { Log } from '../base/log.ts';
import type { TaskType } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import type { ConnectDlms } from '../meters/connector.ts';
import type { LineOpener } from '../meters/line-channels.ts';
import type { LineAccount } from '../meters/line-job.ts';
import type { VisitLine } from '../meters/line-visit.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import type { MeterSession, RelayState } from '../meters/session.ts';
import type { LastError } from './attempt-book.ts';
import type { CollectorEvents, CollectorSnapshot } from './events.ts';
import type { ReadNowResult } from './read-now.ts';
import type { RoundSummary } from './round.ts';

export interface CollectorOptions {
  readonly store: CollectionStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How to reach a meter; throws a DcuError when its channel is unknown or off. */
  readonly openLine: LineOpener;
  /** IANA name of the time zone that crons are read in. */
  readonly zone: () => string;
  /** The concentrator's system title, eight bytes. */
  readonly systemTitle: Uint8Array;
  /** Lines that may be busy at the same time, waiting for dead meters not included; default 64. */
  readonly maxBusyLines?: number;
  /** What meters may have for a profile; those that are built in if not given. */
  readonly profiles?: ProfileBook;
  /** Opens an association; default: the DLMS client of `channels/`. */
  readonly connect?: ConnectDlms;
}

/** Narrows a round; absent = all. */
export interface RoundFilter {
  readonly meterIds?: readonly number[];
  readonly types?: readonly TaskType[];
}

/** Everything that reads meters, behind one face: schedule, lines, sessions, on-demand work. */
export interface Collector {
  readonly bus: Bus<CollectorEvents>;
  /** Begins to fire task items by their crons; resolves when what was missed is queued. */
  start(): Promise<void>;
  /**
   * To be called when channels were set up anew. Work under way ends on the line as it was opened; what comes next opens
   * it anew, and a port that nobody uses any more is closed.
   */
  linesChanged(): Promise<void>;
  /**
   * To be called when meters can be reached again that could not be for so long: what their items lack is fetched soon, once the
   * schedule runs. Meters that fall silent and answer again by themselves need not be told of.
   */
  returned(meterIds: Iterable<number>, awayMs: number): void;
  /** Cancels all work and closes all channels. */
  stop(): Promise<void>;
  /** Queues what the enabled items of one meter or all lack, whatever their crons and Intervals say. */
  runNow(meterId?: number): Promise<{ readonly queued: number }>;
  /** As `runNow`, and waits for the end of all that it queued. Aborting the signal cancels it. */
  round(filter?: RoundFilter, signal?: AbortSignal): Promise<RoundSummary>;
  /** Reads clock, relay and registers ahead of all scheduled work. @throws DcuError `not-found`, or what prevented it. */
  readNow(meterId: number, signal: AbortSignal): Promise<ReadNowResult>;
  relay(
    meterId: number,
    to: 'off' | 'on',
    signal: AbortSignal,
  ): Promise<{ readonly relay: RelayState | null; readonly relayTime: number | null }>;
  readonly visit: VisitLine;
  /** Runs `work` with a session of the meter, ahead of all scheduled work. Rejects with what prevented it, and with `cancelled`. */
  withSession<Result>(
    meterId: number,
    name: string,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<Result>,
  ): Promise<Result>;
  /** The other meter that has answered at a meter's address is the right one. @throws DcuError `conflict` when there was none */
  acceptIdentity(meterId: number): Promise<void>;
  /** False when there is no such job any more. */
  cancel(jobId: string): boolean;
  /** Ends all work at meters that may not be read any more. */
  cancelMeters(meterIds: ReadonlySet<number>): void;
  /** Ends all work at meters that are in the archive no more, and drops what was kept of them. */
  forget(meterIds: ReadonlySet<number>): void;
  snapshot(): CollectorSnapshot;
  /** The last failed attempt at a meter that the store had no room for; undefined when all is recorded. */
  lastError(meterId: number): LastError | undefined;
  /** What each line and meter has used since the start, and what went wrong there. */
  accounting(): readonly LineAccount[];
}
