import type { Clock } from '../base/clock.ts';
import type { Secrets } from './secrets.ts';

/** One run of bytes as it went over the line: what a verdict rests on. */
export interface EvidenceEntry {
  readonly direction: 'in' | 'out' | 'note';
  /** Milliseconds since the test began. */
  readonly timeMs: number;
  /** Wire bytes in hexadecimal; bytes of passwords are `**`. */
  readonly hex: string;
  readonly note: string;
}

/** Most entries that a test keeps: the first ones and the last ones. */
const MOST_ENTRIES = 240;

/** The log of one test. */
export class Evidence {
  readonly #clock: Clock;
  readonly #secrets: Secrets;
  readonly #startMs: number;
  readonly #entries: EvidenceEntry[] = [];
  #dropped = 0;

  constructor(clock: Clock, secrets: Secrets) {
    this.#clock = clock;
    this.#secrets = secrets;
    this.#startMs = clock.monotonicMs();
  }

  /** `hidden`: 1 for each byte that must not be shown. */
  add(direction: 'in' | 'out', bytes: Uint8Array, note: string, hidden?: Uint8Array): void {
    this.#push({ direction, timeMs: this.#elapsed(), hex: this.#secrets.show(bytes, hidden), note });
  }

  remark(note: string): void {
    this.#push({ direction: 'note', timeMs: this.#elapsed(), hex: '', note });
  }

  /** Takes over what was recorded elsewhere. */
  adopt(entries: readonly EvidenceEntry[]): void {
    for (const entry of entries) this.#push(entry);
  }

  entries(): readonly EvidenceEntry[] {
    if (this.#dropped === 0) return this.#entries;
    const half = MOST_ENTRIES / 2;
    const gap: EvidenceEntry = {
      direction: 'note',
      timeMs: this.#entries[half]?.timeMs ?? 0,
      hex: '',
      note: `${this.#dropped} frames left out`,
    };
    return [...this.#entries.slice(0, half), gap, ...this.#entries.slice(half)];
  }

  #elapsed(): number {
    return Math.round((this.#clock.monotonicMs() - this.#startMs) * 10) / 10;
  }

  #push(entry: EvidenceEntry): void {
    if (this.#entries.length >= MOST_ENTRIES) {
      this.#entries.splice(MOST_ENTRIES / 2, 1);
      this.#dropped++;
    }
    this.#entries.push(entry);
  }
}
