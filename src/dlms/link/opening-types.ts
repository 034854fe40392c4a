import type { DcuError } from '../../base/errors.ts';
import type { Identification, OpeningPurpose, ReadOutRecord } from './iec62056-21.ts';

export interface ReaderOpening {
  readonly role: 'reader';
  readonly purpose: OpeningPurpose;
  /** Device address of the meter; every meter on the line if not given. */
  readonly address?: string;
  /** The highest bit rate to change to. */
  readonly baudRate: number;
  /** Tries after the first one, of the sign-on and of a data block that came corrupt. */
  readonly retries: number;
}

export interface MeterOpening {
  readonly role: 'meter';
  /** Device address; only sign-ons without one are for a meter that has none. */
  readonly address?: string;
  /** The bit rate offered. */
  readonly baudRate: number;
  /** Three letters; a small third one says that the meter reacts within 20 ms. */
  readonly manufacturer: string;
  readonly text: string;
  /** What mode C reads out. */
  readonly readOut?: () => readonly ReadOutRecord[];
}

export type OpeningCommand =
  /** Reader: signs on. Meter: listens, with the settings that every line begins with. */
  { readonly type: 'start' } | { readonly type: 'stop' };

export type OpeningEvent =
  /** The line has its settings and belongs to HDLC from here on. */
  | { readonly type: 'opened'; readonly baudRate: number; readonly identification?: Identification }
  | {
      readonly type: 'read-out';
      readonly identification: Identification;
      readonly records: readonly ReadOutRecord[];
    }
  | { readonly type: 'failed'; readonly error: DcuError };
