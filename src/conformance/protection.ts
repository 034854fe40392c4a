import { ByteReader, ByteWriter, concat, equalBytes } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { SecurityPolicy, SecuritySuite } from '../base/model.ts';
import { apduKind, globalTagOf } from '../dlms/apdu/tags.ts';
import { readOctets, writeOctets } from '../dlms/axdr-length.ts';
import { createGcmKey } from '../kernels/index.ts';
import type { TargetSecurity } from './target.ts';

/**
 * Message protection as a tester needs it (Green Book 9.2.7): every part of it can be wrong. It stands apart from the
 * library's own ciphering, so that both can be held against each other.
 */

const TAG_BYTES = 12;
const NOTHING = new Uint8Array(0);
const GENERAL_GLO = 0xdb;
export const AUTHENTICATED = 0x10;
export const ENCRYPTED = 0x20;

export const POLICY_BITS: Readonly<Record<SecurityPolicy, number>> = {
  none: 0,
  auth: AUTHENTICATED,
  enc: ENCRYPTED,
  'auth-enc': AUTHENTICATED | ENCRYPTED,
};

export interface Keys {
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
}

/** What differs from the protection that the association asks for. */
export interface SealChanges {
  /** Security control as it goes on the wire. */
  readonly control?: number;
  readonly counter?: number;
  readonly systemTitle?: Uint8Array;
  readonly keys?: Keys;
  /** general-glo-ciphering instead of the service's own glo- tag, with this system title in it. */
  readonly generalTitle?: Uint8Array;
  /** Changes the sealed bytes: security control, counter 4, content, tag 12. */
  readonly spoil?: (sealed: Uint8Array) => Uint8Array;
}

export interface Opened {
  readonly plain: Uint8Array;
  readonly control: number;
  readonly counter: number;
}

/** Keys of the target. @throws DcuError `invalid-field` where a ciphered association has none */
export function keysOf({ encryptionKey, authenticationKey }: TargetSecurity): Keys {
  if (encryptionKey === undefined || authenticationKey === undefined) {
    throw new DcuError('invalid-field', 'no keys for this association', { field: 'encryptionKey' });
  }
  return { encryptionKey, authenticationKey };
}

/** Security control, invocation counter, content and tag. */
export function sealBytes(
  plain: Uint8Array,
  control: number,
  counter: number,
  systemTitle: Uint8Array,
  { encryptionKey, authenticationKey }: Keys,
): Uint8Array {
  const key = createGcmKey(encryptionKey);
  try {
    const iv = nonce(systemTitle, counter);
    const associated = concat([Uint8Array.of(control), authenticationKey]);
    const header = new ByteWriter(5).u8(control).u32(counter).done();
    switch (control & (AUTHENTICATED | ENCRYPTED)) {
      case AUTHENTICATED:
        return concat([header, plain, key.seal(iv, concat([associated, plain]), NOTHING, TAG_BYTES)]);
      case ENCRYPTED:
        return concat([header, key.crypt(iv, plain)]);
      case AUTHENTICATED | ENCRYPTED:
        return concat([header, key.seal(iv, associated, plain, TAG_BYTES)]);
      default:
        return concat([header, plain]);
    }
  } finally {
    key.release();
  }
}

/** Undefined when the tag does not verify or bytes are missing. */
export function openBytes(
  sealed: Uint8Array,
  systemTitle: Uint8Array,
  { encryptionKey, authenticationKey }: Keys,
): Opened | undefined {
  if (sealed.length < 5) return undefined;
  const reader = new ByteReader(sealed);
  const control = reader.u8();
  const counter = reader.u32();
  const content = reader.rest();
  const iv = nonce(systemTitle, counter);
  const associated = concat([Uint8Array.of(control), authenticationKey]);
  const key = createGcmKey(encryptionKey);
  try {
    const split = content.length - TAG_BYTES;
    if ((control & AUTHENTICATED) !== 0 && split < 0) return undefined;
    switch (control & (AUTHENTICATED | ENCRYPTED)) {
      case AUTHENTICATED: {
        const plain = content.slice(0, split);
        const good = key.open(iv, concat([associated, plain]), content.subarray(split), TAG_BYTES);
        return good === undefined ? undefined : { plain, control, counter };
      }
      case ENCRYPTED:
        return { plain: key.crypt(iv, content), control, counter };
      case AUTHENTICATED | ENCRYPTED: {
        const plain = key.open(iv, associated, content, TAG_BYTES);
        return plain === undefined ? undefined : { plain, control, counter };
      }
      default:
        return { plain: content.slice(), control, counter };
    }
  } finally {
    key.release();
  }
}

function nonce(systemTitle: Uint8Array, counter: number): Uint8Array {
  return new ByteWriter(12).put(systemTitle).u32(counter).done();
}

/** GMAC of a challenge as HLS mechanism 5 proves it: control, counter, tag. */
export function gmac(
  challenge: Uint8Array,
  suite: SecuritySuite,
  counter: number,
  systemTitle: Uint8Array,
  keys: Keys,
): Uint8Array {
  const sealed = sealBytes(challenge, AUTHENTICATED | suite, counter, systemTitle, keys);
  return concat([sealed.subarray(0, 5), sealed.subarray(5 + challenge.length)]);
}

/** The protection of one association, from the client's side. */
export class Protection {
  /** Invocation counters of everything that was opened, in order. */
  readonly counters: number[] = [];
  readonly #security: TargetSecurity;
  readonly #keys: Keys;
  readonly #nextCounter: () => number;
  serverTitle: Uint8Array | undefined;

  constructor(security: TargetSecurity, nextCounter: () => number) {
    this.#security = security;
    this.#keys = keysOf(security);
    this.#nextCounter = nextCounter;
  }

  /** Security control of the association's policy and suite. */
  get control(): number {
    return POLICY_BITS[this.#security.policy] | this.#security.suite;
  }

  seal(plain: Uint8Array, changes: SealChanges = {}): Uint8Array {
    const sealed = sealBytes(
      plain,
      changes.control ?? this.control,
      changes.counter ?? this.#nextCounter(),
      changes.systemTitle ?? this.#security.systemTitle,
      changes.keys ?? this.#keys,
    );
    const content = changes.spoil?.(sealed) ?? sealed;
    const writer = new ByteWriter(content.length + 16);
    const tag = globalTagOf(plain[0] ?? 0);
    if (changes.generalTitle !== undefined || tag === undefined) {
      writeOctets(writer.u8(GENERAL_GLO), changes.generalTitle ?? this.#security.systemTitle);
    } else writer.u8(tag);
    writeOctets(writer, content);
    return writer.done();
  }

  /** Undefined when the APDU is not ciphered with the global key, or does not verify. */
  open(apdu: Uint8Array): Opened | undefined {
    const reader = new ByteReader(apdu);
    const tag = reader.u8();
    let title = this.serverTitle;
    try {
      if (tag === GENERAL_GLO) {
        const stated = readOctets(reader, 'system title');
        if (stated.length === 8) title = stated;
      } else if (apduKind(tag)?.protection !== 'global') return undefined;
      const sealed = readOctets(reader, 'ciphered content');
      if (title === undefined || equalBytes(title, this.#security.systemTitle)) return undefined;
      const opened = openBytes(sealed, title, this.#keys);
      if (opened !== undefined) this.counters.push(opened.counter);
      return opened;
    } catch (error) {
      if (error instanceof DcuError) return undefined;
      throw error;
    }
  }
}
