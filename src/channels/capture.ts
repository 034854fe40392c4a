import type { Clock } from '../base/clock.ts';
import { type DcuError, toDcuError } from '../base/errors.ts';
import type { LineSettings } from '../base/machine.ts';
import type { ByteChannel, ChannelOpener } from './channel.ts';
import { PasswordMask } from './password-mask.ts';

/** Something that happened on a line. Times are milliseconds since the capture began. */
export type CaptureEntry = {
  readonly ms: number;
  readonly line: string;
  /** Which opening of the line it belongs to, from 1. */
  readonly session: number;
} & (
  | { readonly event: 'open' }
  /** `masked`: a password in it was overwritten, so check sequences around it do not match any more. */
  | { readonly event: 'out' | 'in'; readonly bytes: Uint8Array; readonly masked?: true }
  | { readonly event: 'configure'; readonly settings: LineSettings }
  /** Closed by us; lost by itself or never opened with the reason. */
  | { readonly event: 'close' }
  | {
      readonly event: 'lost' | 'failed';
      readonly error: { readonly code: string; readonly message: string };
    }
);

export type CaptureSink = (entry: CaptureEntry) => void;

/** Hands out openers that tell `sink` of all that goes over what they open. */
export class Capture {
  readonly #sink: CaptureSink;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #sessions = new Map<string, number>();

  constructor(sink: CaptureSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  of(opener: ChannelOpener): ChannelOpener {
    const { name } = opener;
    return {
      name,
      open: async (signal) => {
        const session = (this.#sessions.get(name) ?? 0) + 1;
        this.#sessions.set(name, session);
        const tell = (entry: EntryContent): void =>
          this.#sink({ ms: this.#elapsedMs(), line: name, session, ...entry });
        try {
          const channel = await opener.open(signal);
          tell({ event: 'open' });
          return new CapturedChannel(channel, tell);
        } catch (thrown) {
          tell({ event: 'failed', error: safe(toDcuError(thrown)) });
          throw thrown;
        }
      },
    };
  }

  #elapsedMs(): number {
    return Math.round((this.#clock.monotonicMs() - this.#startedMs) * 1000) / 1000;
  }
}

type WithoutPlace<Entry> = Entry extends CaptureEntry ? Omit<Entry, 'ms' | 'line' | 'session'> : never;
type EntryContent = WithoutPlace<CaptureEntry>;

const safe = ({ code, message }: DcuError): { readonly code: string; readonly message: string } => ({
  code,
  message,
});

class CapturedChannel implements ByteChannel {
  readonly #inner: ByteChannel;
  readonly #tell: (entry: EntryContent) => void;
  readonly #sent = new PasswordMask();
  /** Echoes bring back what was sent. */
  readonly #heard = new PasswordMask();
  readonly configure?: (settings: LineSettings) => Promise<void>;
  readonly onSilent?: (listener: () => void) => void;

  constructor(inner: ByteChannel, tell: (entry: EntryContent) => void) {
    this.#inner = inner;
    this.#tell = tell;
    const { configure, onSilent } = inner;
    if (configure !== undefined) {
      this.configure = (settings) => {
        tell({ event: 'configure', settings });
        return configure.call(inner, settings);
      };
    }
    if (onSilent !== undefined) this.onSilent = (listener) => onSilent.call(inner, listener);
  }

  get name(): string {
    return this.#inner.name;
  }

  get settings(): LineSettings | undefined {
    return this.#inner.settings;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#tell({ event: 'out', ...this.#sent.next(bytes) });
    return this.#inner.write(bytes);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inner.onBytes((bytes) => {
      this.#tell({ event: 'in', ...this.#heard.next(bytes) });
      listener(bytes);
    });
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inner.onClosed((reason) => {
      this.#tell(reason === undefined ? { event: 'close' } : { event: 'lost', error: safe(reason) });
      listener(reason);
    });
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
