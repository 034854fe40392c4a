const HIDDEN = '**';

/** Bytes that must not be shown wherever they stand: passwords and keys. */
export class Secrets {
  readonly #known: Uint8Array[] = [];

  add(secret: Uint8Array | undefined): void {
    if (secret !== undefined && secret.length > 0) this.#known.push(secret.slice());
  }

  /** 1 for each byte of `bytes` that belongs to a secret; undefined when none does. */
  find(bytes: Uint8Array): Uint8Array | undefined {
    let hidden: Uint8Array | undefined;
    for (const secret of this.#known) {
      for (let at = 0; at + secret.length <= bytes.length; at++) {
        if (!secret.every((byte, i) => bytes[at + i] === byte)) continue;
        hidden ??= new Uint8Array(bytes.length);
        hidden.fill(1, at, at + secret.length);
      }
    }
    return hidden;
  }

  /** Hexadecimal digits; `**` for what `hidden` marks and for every secret that stands in one piece. */
  show(bytes: Uint8Array, hidden?: Uint8Array): string {
    const found = this.find(bytes);
    return Array.from(bytes, (byte, at) =>
      hidden?.[at] === 1 || found?.[at] === 1 ? HIDDEN : byte.toString(16).padStart(2, '0'),
    ).join('');
  }
}
