/**
 * Bytes together with where in the input each of them came from, so that an error deep inside a joined or
 * decrypted APDU still names the offset the user can count to.
 */
export interface Traced {
  readonly bytes: Uint8Array;
  /** Offset in the input of the byte at `offset`; also defined for the position just behind the last byte. */
  origin(offset: number): number;
}

export function traced(bytes: Uint8Array, start = 0): Traced {
  return { bytes, origin: (offset) => start + offset };
}

/** Part of `whole`; a view, not a copy. */
export function part(whole: Traced, from: number, to: number): Traced {
  return { bytes: whole.bytes.subarray(from, to), origin: (offset) => whole.origin(from + offset) };
}

/** Other bytes of the same length in the place of `whole`, as plaintext in the place of its ciphertext. */
export function inPlaceOf(whole: Traced, bytes: Uint8Array): Traced {
  return { bytes, origin: (offset) => whole.origin(offset) };
}

/** Several pieces joined to one. */
export function join(pieces: readonly Traced[]): Traced {
  const only = pieces[0];
  if (only !== undefined && pieces.length === 1) return only;
  const bytes = new Uint8Array(pieces.reduce((sum, { bytes: { length } }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece.bytes, at);
    at += piece.bytes.length;
  }
  return {
    bytes,
    origin(offset) {
      let from = 0;
      for (const piece of pieces) {
        if (offset < from + piece.bytes.length || piece === pieces.at(-1)) return piece.origin(offset - from);
        from += piece.bytes.length;
      }
      return offset;
    },
  };
}
