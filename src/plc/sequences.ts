/** Numbers of frames, 0 to 255, none of which is in use twice. */
export class Sequences {
  readonly #used = new Set<number>();
  /** Numbers whose answer may still come, and from whom: they are not given to the same meter meanwhile. */
  readonly #late = new Map<number, string>();
  #last = 0;

  /** The next free number; `owner` is the meter that the frame is for. With more than 255 in use, the oldest is taken. */
  next(owner = ''): number {
    for (let i = 0; i < 256; i++) {
      this.#last = (this.#last + 1) & 0xff;
      if (this.#used.has(this.#last)) continue;
      if (owner !== '' && this.#late.get(this.#last) === owner) continue;
      break;
    }
    this.#used.add(this.#last);
    this.#late.delete(this.#last);
    return this.#last;
  }

  free(sequence: number): void {
    this.#used.delete(sequence);
  }

  /** Given up, but an answer may come. */
  leave(sequence: number, owner: string): void {
    this.#used.delete(sequence);
    this.#late.set(sequence, owner);
  }

  clear(): void {
    this.#used.clear();
    this.#late.clear();
  }
}
