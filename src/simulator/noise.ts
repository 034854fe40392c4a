/** Mixes up to four integers into 32 bits; the same integers always give the same bits. */
export function hash32(a: number, b = 0, c = 0, d = 0): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul((h ^ (h >>> 15)) + b, 0xc2b2ae35);
  h = Math.imul((h ^ (h >>> 13)) + c, 0x27d4eb2f);
  h = Math.imul((h ^ (h >>> 16)) + d, 0x165667b1);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Stateless noise, uniform in [0, 1): a random value that can be asked for at any point without walking there. */
export function noise(a: number, b = 0, c = 0, d = 0): number {
  return hash32(a, b, c, d) / 2 ** 32;
}

/** A well-spread 32-bit seed for a named part of a larger seed. */
export function seedFor(seed: number, label: string): number {
  let h = hash32(seed, label.length);
  for (const char of label) h = hash32(h, char.codePointAt(0) ?? 0);
  return h;
}
