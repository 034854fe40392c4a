import { ByteReader, toHex } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { isAuthenticated, parseSecurityControl } from '../ciphering/security-control.ts';
import { TAG_LENGTH } from '../ciphering/suite.ts';
import { located } from './apdu-node.ts';
import { GENERAL_BLOCK_TRANSFER, joinBlocks } from './blocks.ts';
import { partsOfFrames } from './frame-parts.ts';
import { partsOfApdu } from './grammar/apdu.ts';
import type { Part } from './grammar/part.ts';
import { contentLength, type DecodeKeys, type KeysOf, openProtected, sealedOf } from './opening.ts';
import { inPlaceOf, part, type Traced, traced } from './telegram.ts';
import { detectTransport, type Transport, unframe } from './transports.ts';

/** Frames and APDUs of an input as trees; offsets count in the input, also inside what was deciphered. */
export interface Explained {
  readonly frames: readonly Part[];
  readonly apdus: readonly Part[];
}

/**
 * Takes an input apart down to the last byte. Other than `decodeTelegram` it shows frames that carry no APDU, several
 * APDUs, and ciphered content for which there is no key. Throws as `decodeTelegram` does for damaged input, and
 * `decryption-failed` when a key is there and is wrong.
 */
export function explainTelegram(
  bytes: Uint8Array,
  options: { readonly transport: Transport; readonly keysOf: KeysOf },
): Explained {
  if (bytes.length === 0) throw new DcuError('truncated', 'there is nothing to decode', { offset: 0 });
  const transport = options.transport === 'auto' ? detectTransport(bytes) : options.transport;
  const apdus = unframe(traced(bytes), transport);
  const frames = partsOfFrames(bytes, transport);
  if (frames.length + apdus.length === 0) {
    throw new DcuError('apdu-invalid', 'there is nothing between the flags', { offset: 0 });
  }
  const explainer = new Explainer(options.keysOf);
  const first = apdus[0]?.bytes[0];
  const joined = first === GENERAL_BLOCK_TRANSFER && isWhole(apdus) ? [joinBlocks(apdus)] : [];
  return { frames, apdus: [...apdus, ...joined].map((apdu) => explainer.apdu(apdu, undefined)) };
}

const LAST_BLOCK = 0x80;

function isWhole(apdus: readonly Traced[]): boolean {
  return ((apdus.at(-1)?.bytes[1] ?? 0) & LAST_BLOCK) !== 0;
}

class Explainer {
  readonly #keysOf: KeysOf;

  constructor(keysOf: KeysOf) {
    this.#keysOf = keysOf;
  }

  /** `sender` is the system title of who sent it, where that is known from around it. */
  apdu(apdu: Traced, sender: Uint8Array | undefined): Part {
    const tree = located(apdu, () => partsOfApdu(apdu.bytes));
    return this.#placed(tree, apdu, titleIn(tree) ?? sender);
  }

  /** The part with its offsets in the input, and what is inside it taken apart too. */
  #placed(of: Part, apdu: Traced, sender: Uint8Array | undefined): Part {
    const children =
      of.inner === undefined
        ? of.children.map((child) => this.#placed(child, apdu, sender))
        : this.#inside(of, apdu, sender);
    return { ...of, ...range(apdu, of.from, of.to), children };
  }

  #inside(of: Part, apdu: Traced, sender: Uint8Array | undefined): Part[] {
    const content = part(apdu, of.to - contentLength(of), of.to);
    return of.inner === 'apdu' ? [this.apdu(content, sender)] : this.#ciphered(content, apdu, sender);
  }

  #ciphered(content: Traced, apdu: Traced, sender: Uint8Array | undefined): Part[] {
    const reader = new ByteReader(content.bytes);
    const control = located(content, () => reader.u8('security control'));
    const counter = located(content, () => reader.u32('invocation counter'));
    const { suite, policy, broadcastKey, compressed } = parseSecurityControl(control);
    const tagAt = Math.max(5, content.bytes.length - (isAuthenticated(policy) ? TAG_LENGTH : 0));
    const hex = (from: number, to: number): string => toHex(content.bytes.subarray(from, to)).toUpperCase();
    const meaning = [
      `suite ${suite}`,
      {
        none: 'not protected',
        auth: 'authenticated',
        enc: 'encrypted',
        'auth-enc': 'authenticated and encrypted',
      }[policy],
      ...(broadcastKey ? ['broadcast key'] : []),
      ...(compressed ? ['compressed'] : []),
    ].join(', ');
    const parts: Part[] = [
      { name: 'security-control', ...range(content, 0, 1), value: hex(0, 1), meaning, children: [] },
      { name: 'invocation-counter', ...range(content, 1, 5), value: String(counter), children: [] },
      {
        name: policy === 'auth' || policy === 'none' ? 'content' : 'ciphertext',
        ...range(content, 5, tagAt),
        value: hex(5, tagAt),
        ...this.#plain(content, apdu, sender),
      },
    ];
    if (tagAt < content.bytes.length) {
      const to = content.bytes.length;
      const name = 'authentication-tag';
      parts.push({ name, ...range(content, tagAt, to), value: hex(tagAt, to), children: [] });
    }
    return parts;
  }

  /** What the content says, where there is a key for it. */
  #plain(
    content: Traced,
    apdu: Traced,
    sender: Uint8Array | undefined,
  ): { readonly meaning?: string; readonly children: Part[] } {
    const sealed = sealedOf(apdu);
    const title = sealed?.systemTitle ?? sender;
    const keys: DecodeKeys = this.#keysOf(title);
    if (sealed === undefined) return { children: [] };
    try {
      const { plaintext, signedBy } = openProtected(apdu, sealed, title, keys);
      const plain = inPlaceOf(part(content, 5, 5 + plaintext.length), plaintext);
      const meaning = signedBy === undefined ? 'deciphered' : 'deciphered, signature verified';
      return { meaning, children: [this.apdu(plain, title)] };
    } catch (error) {
      if (!(error instanceof DcuError) || error.code !== 'security-required') throw error;
      return { meaning: `not deciphered: ${error.message}`, children: [] };
    }
  }
}

/** System title that an APDU states about its sender. */
function titleIn(tree: Part): Uint8Array | undefined {
  const names = ['system-title', 'originator-system-title', 'calling-AP-title', 'responding-AP-title'];
  const value = tree.children.find(({ name }) => names.includes(name))?.value ?? '';
  return /^[0-9A-F]{16}$/.test(value) ? Uint8Array.fromHex(value) : undefined;
}

/** Offsets in the input; a part that is scattered over frames spans what is between its pieces. */
function range(apdu: Traced, from: number, to: number): { readonly from: number; readonly to: number } {
  return { from: apdu.origin(from), to: to > from ? apdu.origin(to - 1) + 1 : apdu.origin(from) };
}

const LONGEST_VALUE = 96;

/** One line a part: byte range, indentation, name, value, meaning. */
export function explainLines({ frames, apdus }: Explained): string[] {
  const all = [...frames, ...apdus];
  const widest = Math.max(0, ...all.map(({ to }) => String(to).length));
  const lines: string[] = [];
  const add = (of: Part, depth: number): void => {
    const last = Math.max(of.from, of.to - 1);
    const range = `${String(of.from).padStart(widest)}-${String(last).padStart(widest)}`;
    const value = of.value === undefined ? '' : ` ${shortened(of.value)}`;
    const meaning = of.meaning === undefined ? '' : `  (${of.meaning})`;
    lines.push(`${range}  ${'  '.repeat(depth)}${of.name}${value}${meaning}`);
    for (const child of of.children) add(child, depth + 1);
  };
  for (const frame of frames) add(frame, 0);
  for (const apdu of apdus) add(apdu, 0);
  return lines;
}

function shortened(value: string): string {
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
}
