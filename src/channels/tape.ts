import type { Clock } from '../base/clock.ts';
import { DcuError, ERROR_TABLE, type ErrorCode } from '../base/errors.ts';
import type { CaptureEntry } from './capture.ts';
import type { ByteChannel, ChannelOpener } from './channel.ts';
import { Inbound } from './inbound.ts';

export interface TapeOptions {
  /**
   * `exact`: what is written must be what was recorded, but for masked passwords. `order`: any writing counts as the next
   * one that was recorded, for readers with challenges or counters of their own.
   */
  readonly match: 'exact' | 'order';
  /** Answers take the time that they took; else they come at once. */
  readonly paced: boolean;
  /** All sessions of the line are one: whoever plays it does not hear when a port is opened. */
  readonly joined?: boolean;
}

/**
 * Plays the part of a line's other end from a capture: each opening plays the next recorded session of that line, each
 * writing is answered by what was heard behind it. When the tape is over it is silent, as a meter that is gone.
 */
export function tapeOpener(
  entries: readonly CaptureEntry[],
  line: string,
  clock: Clock,
  options: TapeOptions,
): ChannelOpener {
  const own = ofLine(entries, line);
  const sessions = options.joined === true ? [heard(own)] : [...Map.groupBy(own, sessionOf).values()];
  let next = 0;
  return {
    name: line,
    open: async () => {
      const session = sessions[next];
      next++;
      if (session === undefined) throw new DcuError('channel-open-failed', `the tape of ${line} is over`);
      const failed = session.find((entry) => entry.event === 'failed');
      if (failed?.event === 'failed') throw asError(failed.error);
      return new TapeChannel(session, clock, options);
    },
  };
}

const sessionOf = ({ session }: CaptureEntry): number => session;

/** What goes over a line, without its being opened and closed. */
const heard = (entries: readonly CaptureEntry[]): CaptureEntry[] =>
  entries.filter(({ event }) => event === 'in' || event === 'out');

const ofLine = (entries: readonly CaptureEntry[], line: string): CaptureEntry[] =>
  entries.filter((entry) => entry.line === line);

function asError({ code, message }: { readonly code: string; readonly message: string }): DcuError {
  const known = Object.hasOwn(ERROR_TABLE, code) ? (code as ErrorCode) : 'channel-lost';
  return new DcuError(known, message);
}

class TapeChannel implements ByteChannel {
  readonly name: string;
  readonly #entries: readonly CaptureEntry[];
  readonly #clock: Clock;
  readonly #options: TapeOptions;
  readonly #inbound = new Inbound();
  #at = 0;
  /** When the last thing on the tape happened that has been played. */
  #tapeMs: number;
  #cancel: (() => void) | undefined;

  constructor(session: readonly CaptureEntry[], clock: Clock, options: TapeOptions) {
    this.name = `tape:${session[0]?.line ?? ''}`;
    this.#entries = session;
    this.#clock = clock;
    this.#options = options;
    this.#tapeMs = session[0]?.ms ?? 0;
    queueMicrotask(() => this.#play());
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#inbound.ended) return Promise.reject(new DcuError('link-closed', `${this.name} is closed`));
    const at = this.#entries.findIndex((entry, index) => index >= this.#at && entry.event === 'out');
    const due = this.#entries[at];
    if (due?.event !== 'out') return Promise.resolve();
    if (this.#options.match === 'exact' && !isSame(due.bytes, bytes, due.masked === true)) {
      this.#inbound.end(
        new DcuError(
          'link-protocol',
          `the tape has ${due.bytes.toHex()} where ${bytes.length} other bytes were sent`,
          {
            facts: { line: due.line, session: due.session, ms: due.ms },
          },
        ),
      );
      return Promise.resolve();
    }
    this.#cancel?.();
    this.#at = at + 1;
    this.#tapeMs = due.ms;
    queueMicrotask(() => this.#play());
    return Promise.resolve();
  }

  configure(): Promise<void> {
    return Promise.resolve();
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#inbound.end();
  }

  /** What the other end did until it was spoken to again. */
  #play(): void {
    for (let entry = this.#entries[this.#at]; entry !== undefined; entry = this.#entries[this.#at]) {
      if (entry.event === 'out' || entry.event === 'close' || this.#inbound.ended) return;
      const waitMs = this.#options.paced ? entry.ms - this.#tapeMs : 0;
      this.#tapeMs = entry.ms;
      if (waitMs > 0) {
        this.#cancel = this.#clock.after(waitMs, () => this.#play());
        return;
      }
      this.#at++;
      if (entry.event === 'in') this.#inbound.push(entry.bytes);
      else if (entry.event === 'lost') this.#inbound.end(asError(entry.error));
    }
  }
}

/** Of a masked writing only the length is known to be the same. */
function isSame(recorded: Uint8Array, sent: Uint8Array, masked: boolean): boolean {
  if (recorded.length !== sent.length) return false;
  return masked || recorded.every((byte, index) => sent[index] === byte);
}
