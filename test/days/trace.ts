/** A digest of all that happened, in order: two runs of one seed have the same. */
export class Trace {
  #hash = 0n;
  #entries = 0;

  get entries(): number {
    return this.#entries;
  }

  add(nowMs: number, what: string, bytes?: Uint8Array): void {
    this.#entries++;
    this.#hash = Bun.hash.wyhash(`${nowMs} ${what}`, this.#hash);
    if (bytes !== undefined) this.#hash = Bun.hash.wyhash(bytes, this.#hash);
  }

  get digest(): string {
    return this.#hash.toString(16).padStart(16, '0');
  }
}
