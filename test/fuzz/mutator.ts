import type { Random } from '../../src/base/random.ts';

/** Longest mutant: more than any frame or APDU, little enough to be quick. */
const MAX_LENGTH = 8192;
/** Bytes at which codecs change their mind: tags, lengths, flags, limits of integers. */
const TELLING = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x09, 0x0f, 0x10, 0x13, 0x16, 0x19, 0x1c, 0x21, 0x30, 0x60, 0x61, 0x62,
  0x68, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0x88, 0xa0, 0xa1, 0xbe, 0xc0, 0xc4, 0xd8, 0xdb, 0xdd, 0xe0,
  0xe6, 0xe7, 0xfe, 0xff,
] as const;

type Change = (bytes: number[], random: Random, seeds: readonly Uint8Array[]) => void;

const below = (random: Random, limit: number): number => Math.floor(random.next() * limit);
const telling = (random: Random): number => TELLING[below(random, TELLING.length)] ?? 0;

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    const at = below(random, bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  },
  (bytes, random) => {
    bytes[below(random, bytes.length)] = below(random, 256);
  },
  (bytes, random) => {
    bytes[below(random, bytes.length)] = telling(random);
  },
  // A length or count that is a little, or very much, too large.
  (bytes, random) => {
    const at = below(random, bytes.length);
    bytes[at] = ((bytes[at] ?? 0) + 1 + below(random, 3)) & 0xff;
  },
  (bytes, random) => {
    bytes.splice(below(random, bytes.length), 1, 0x84, 0xff, 0xff, 0xff, below(random, 256));
  },
  (bytes, random) => {
    bytes.length = below(random, bytes.length + 1);
  },
  (bytes, random) => {
    bytes.splice(below(random, bytes.length + 1), 0, telling(random), below(random, 256));
  },
  (bytes, random) => {
    bytes.splice(below(random, bytes.length), 1 + below(random, 8));
  },
  // A piece again: doubled frames, nested values.
  (bytes, random) => {
    const from = below(random, bytes.length);
    const piece = bytes.slice(from, from + 1 + below(random, 32));
    const times = 1 + below(random, 8);
    for (let i = 0; i < times && bytes.length < MAX_LENGTH; i++) bytes.splice(from, 0, ...piece);
  },
  // The head of this one, the tail of another.
  (bytes, random, seeds) => {
    const other = seeds[below(random, seeds.length)] ?? new Uint8Array(0);
    bytes.length = below(random, bytes.length + 1);
    bytes.push(...other.subarray(below(random, other.length + 1)));
  },
];

/** A valid input with one to eight changes; once in a while none, once in a while nothing but random bytes. */
export function mutate(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const kind = random.next();
  if (kind < 0.01) return random.bytes(below(random, 64));
  const bytes = [...(seeds[below(random, seeds.length)] ?? [])];
  if (kind < 0.03) return Uint8Array.from(bytes);
  const changes = 1 + below(random, random.next() < 0.2 ? 8 : 2);
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    CHANGES[below(random, CHANGES.length)]?.(bytes, random, seeds);
  }
  return Uint8Array.from(bytes.slice(0, MAX_LENGTH));
}

/** The input in pieces of random length, as a line may deliver it. */
export function pieces(input: Uint8Array, random: Random): Uint8Array[] {
  const longest = random.next() < 0.3 ? input.length + 1 : 1 + below(random, 40);
  const out: Uint8Array[] = [];
  for (let at = 0; at < input.length; ) {
    const end = at + 1 + below(random, longest);
    out.push(input.subarray(at, end));
    at = end;
  }
  return out;
}
