import { ByteReader, ByteWriter, equalBytes } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { apduKind, dedicatedTagOf, globalTagOf } from '../dlms/apdu/tags.ts';
import { readOctets, writeOctets } from '../dlms/axdr-length.ts';
import {
  GENERAL,
  generalCiphering,
  generalSigning,
  headerBytes,
  openSigning,
  readGeneralCiphering,
} from './general-protection.ts';
import { type Keys, keysOf, type Opened, openBytes, POLICY_BITS, sealBytes } from './sealed-content.ts';
import type { TargetForm, TargetSecurity } from './target.ts';

const NOTHING = new Uint8Array(0);
/** The key set bit: what follows is under the broadcast key. */
const BROADCAST = 0x40;
const INITIATE_REQUEST = 0x01;

/** What differs from the protection that the association asks for. */
export interface SealChanges {
  /** Security control as it goes on the wire. */
  readonly control?: number;
  readonly counter?: number;
  readonly systemTitle?: Uint8Array;
  readonly keys?: Keys;
  /** How it is framed. */
  readonly form?: TargetForm;
  /** What a general form states as its originator. */
  readonly generalTitle?: Uint8Array;
  /** What general-ciphering and general-signing state as their recipient. */
  readonly recipient?: Uint8Array;
  /** Whether the dedicated key seals it. */
  readonly dedicated?: boolean;
  /** Under the target's broadcast key, and saying so. */
  readonly broadcast?: boolean;
  readonly signed?: boolean;
  /** Changes the signature. */
  readonly spoilSignature?: (signature: Uint8Array) => Uint8Array;
  /** Changes the sealed bytes: security control, counter 4, content, tag 12. */
  readonly spoil?: (sealed: Uint8Array) => Uint8Array;
}

/** What was opened, layer by layer. */
export interface OpenedApdu extends Opened {
  /** The dedicated key opened it. */
  readonly dedicated: boolean;
  readonly form: TargetForm;
  readonly signed: boolean;
}

/** The protection of one association, from the client's side. */
export class Protection {
  /** Invocation counters of everything that the meter sent under the global key, in order, and under the dedicated one. */
  readonly counters: number[] = [];
  readonly dedicatedCounters: number[] = [];
  readonly dedicatedKey: Uint8Array | undefined;
  readonly #security: TargetSecurity;
  readonly #keys: Keys;
  readonly #nextCounter: () => number;
  serverTitle: Uint8Array | undefined;
  /** Whether general-protection was granted; without it the forms that need it are not used. */
  general = false;

  constructor(security: TargetSecurity, nextCounter: () => number, dedicatedKey?: Uint8Array) {
    this.#security = security;
    this.#keys = keysOf(security);
    this.#nextCounter = nextCounter;
    this.dedicatedKey = dedicatedKey;
  }

  /** Invocation counters of the answers to requests. */
  get answerCounters(): readonly number[] {
    return this.dedicatedKey === undefined ? this.counters : this.dedicatedCounters;
  }

  /** Security control of the association's policy and suite. */
  get control(): number {
    return POLICY_BITS[this.#security.policy] | this.#security.suite;
  }

  /** Sealed as the target's options say, the InitiateRequest always with its glo- tag; signed first, then ciphered. */
  seal(plain: Uint8Array, changes: SealChanges = {}): Uint8Array {
    const { systemTitle } = this.#security;
    const initiate = plain[0] === INITIATE_REQUEST;
    const own = this.general && !initiate;
    const dedicated = changes.dedicated ?? (!initiate && this.dedicatedKey !== undefined);
    const form = changes.form ?? (own ? (this.#security.form ?? 'service-specific') : 'service-specific');
    const byDedicated = form === 'general-ded' || (dedicated && form === 'service-specific');
    const counter = changes.counter ?? this.#nextCounter();
    const header = headerBytes({
      transaction: new ByteWriter(8).u32(0).u32(counter).done(),
      originator: changes.generalTitle ?? systemTitle,
      recipient: changes.recipient ?? this.serverTitle ?? NOTHING,
    });
    const signed = changes.signed ?? (own && this.#security.signed === true);
    const content = signed ? this.#sign(header, plain, changes) : plain;
    const sealed = sealBytes(
      content,
      changes.control ?? this.control | (changes.broadcast && form !== 'identified-key' ? BROADCAST : 0),
      counter,
      changes.systemTitle ?? systemTitle,
      changes.keys ?? this.#keysFor(byDedicated, changes.broadcast === true),
      form === 'identified-key' ? header : NOTHING,
    );
    const body = changes.spoil?.(sealed) ?? sealed;
    if (form === 'identified-key') return generalCiphering(header, changes.broadcast ? 1 : 0, body);
    const tag = (byDedicated ? dedicatedTagOf : globalTagOf)(content[0] ?? 0);
    const writer = new ByteWriter(body.length + 16);
    const bare = form === 'service-specific' && changes.generalTitle === undefined ? tag : undefined;
    if (bare !== undefined) writer.u8(bare);
    else writeOctets(writer.u8(byDedicated ? GENERAL.ded : GENERAL.glo), changes.generalTitle ?? systemTitle);
    writeOctets(writer, body);
    return writer.done();
  }

  /** general-signing around a plain APDU, without any ciphering. */
  sign(plain: Uint8Array): Uint8Array {
    const { systemTitle: originator } = this.#security;
    const recipient = this.serverTitle ?? NOTHING;
    return this.#sign(headerBytes({ transaction: NOTHING, originator, recipient }), plain, {});
  }

  /** Undefined when a layer does not verify, or there is no ciphered layer. */
  open(apdu: Uint8Array): OpenedApdu | undefined {
    try {
      return this.#open(apdu);
    } catch (error) {
      if (error instanceof DcuError) return undefined;
      throw error;
    }
  }

  #open(apdu: Uint8Array): OpenedApdu | undefined {
    const { suite, peerSigningKey } = this.#security;
    if (apdu[0] === GENERAL.signing) {
      const content = openSigning(apdu, suite, peerSigningKey);
      const inner = content && this.#openCiphered(content);
      return inner && { ...inner, signed: true };
    }
    const opened = this.#openCiphered(apdu);
    if (opened?.plain[0] !== GENERAL.signing) return opened;
    const plain = openSigning(opened.plain, suite, peerSigningKey);
    return plain && { ...opened, plain, signed: true };
  }

  #openCiphered(apdu: Uint8Array): OpenedApdu | undefined {
    const layer = this.#layer(apdu);
    if (layer === undefined) return undefined;
    const { form, dedicated, sealed, header, originator } = layer;
    const title = originator.length === 8 ? originator : this.serverTitle;
    if (title === undefined || equalBytes(title, this.#security.systemTitle)) return undefined;
    const opened = openBytes(sealed, title, this.#keysFor(dedicated, false), header);
    if (opened === undefined) return undefined;
    (dedicated ? this.dedicatedCounters : this.counters).push(opened.counter);
    return { ...opened, dedicated, form, signed: false };
  }

  #layer(apdu: Uint8Array): Layer | undefined {
    const reader = new ByteReader(apdu);
    const tag = reader.u8();
    if (tag === GENERAL.ciphering) {
      const read = readGeneralCiphering(apdu);
      return read && { ...read, form: 'identified-key', dedicated: false };
    }
    const general = tag === GENERAL.glo || tag === GENERAL.ded;
    const kind = apduKind(tag)?.protection;
    if (!general && kind !== 'global' && kind !== 'dedicated') return undefined;
    const dedicated = tag === GENERAL.ded || kind === 'dedicated';
    if (dedicated && this.dedicatedKey === undefined) return undefined;
    return {
      form: !general ? 'service-specific' : dedicated ? 'general-ded' : 'general-glo',
      dedicated,
      originator: general ? readOctets(reader, 'system title').slice() : NOTHING,
      sealed: readOctets(reader, 'ciphered content'),
      header: NOTHING,
    };
  }

  #keysFor(dedicated: boolean, broadcast: boolean): Keys {
    const { broadcastKey } = this.#security;
    const other = dedicated ? this.dedicatedKey : broadcast ? broadcastKey : undefined;
    return other === undefined ? this.#keys : { ...this.#keys, encryptionKey: other };
  }

  #sign(header: Uint8Array, plain: Uint8Array, { spoilSignature }: SealChanges): Uint8Array {
    const { signingKey, suite } = this.#security;
    if (signingKey === undefined) {
      throw new DcuError('invalid-field', 'no key to sign with', { field: 'signingKey' });
    }
    return generalSigning(header, plain, suite, signingKey.privateKey, spoilSignature);
  }
}

/** The outermost ciphering of an APDU. */
interface Layer {
  readonly form: TargetForm;
  readonly dedicated: boolean;
  /** Empty where the APDU does not state it. */
  readonly originator: Uint8Array;
  readonly sealed: Uint8Array;
  /** Authenticated beside the content. */
  readonly header: Uint8Array;
}
