import { FLAG } from '../dlms/link/scan.ts';

/** Mechanism name of LLS and what comes before its password in an AARQ (Green Book 9.4.2.2.3, 9.4.4.2). */
const LLS_NAME = Uint8Array.of(0x8b, 0x07, 0x60, 0x85, 0x74, 0x05, 0x08, 0x02, 0x01, 0xac);
/** The character string of the authentication value. */
const PASSWORD_TAG = 0x80;
const MASK = 0x78;
/** Between two segments of a message there is a flag, and around it at most so many bytes of HDLC. */
const AROUND_A_FLAG = 16;

/** Behind the name come the length of the value, its tag, and its own length. */
type State = 'name' | 'value-length' | 'tag' | 'password-length';

/**
 * Overwrites the passwords of LLS in what goes one way over a line, wherever it is cut into pieces; nothing else of an
 * association is a secret. What looks like the end of a frame within a password has a few bytes more than it overwritten.
 */
export class PasswordMask {
  /** Bytes of the name that the last ones were. */
  #named = 0;
  #state: State = 'name';
  #left = 0;

  /** A copy of the bytes, `masked` if some of them are overwritten. */
  next(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly masked?: true } {
    const copy = bytes.slice();
    let masked = false;
    for (const [at, byte] of bytes.entries()) {
      if (this.#left > 0) {
        copy[at] = MASK;
        masked = true;
        this.#left += byte === FLAG ? AROUND_A_FLAG : -1;
      } else this.#look(byte);
    }
    return masked ? { bytes: copy, masked } : { bytes: copy };
  }

  #look(byte: number): void {
    switch (this.#state) {
      case 'name':
        // The name begins with a byte that it has nowhere else.
        if (byte === LLS_NAME[this.#named]) this.#named++;
        else this.#named = byte === LLS_NAME[0] ? 1 : 0;
        if (this.#named === LLS_NAME.length) this.#to('value-length');
        return;
      case 'value-length':
        this.#to('tag');
        return;
      case 'tag':
        this.#to(byte === PASSWORD_TAG ? 'password-length' : 'name');
        return;
      case 'password-length':
        this.#left = byte;
        this.#to('name');
        return;
    }
  }

  #to(state: State): void {
    this.#state = state;
    this.#named = 0;
  }
}
