/** Multiplication in GF(2^n) of polynomials held as numbers. */
export function multiply(a: number, b: number, modulus: number, degree: number): number {
  let product = 0;
  let shifted = a;
  for (let rest = b; rest > 0; rest >>= 1) {
    if (rest & 1) product ^= shifted;
    shifted <<= 1;
    if (shifted >> degree) shifted ^= modulus;
  }
  return product;
}

/** The AES field, x^8 + x^4 + x^3 + x + 1. */
export function aesMultiply(a: number, b: number): number {
  return multiply(a, b, 0x11b, 8);
}

export function aesInverse(a: number): number {
  for (let b = 1; b < 256; b++) if (aesMultiply(a, b) === 1) return b;
  return 0;
}

/** Linear part of the S-box's affine map (FIPS-197 5.1.1). */
export function affine(b: number): number {
  const rotated = (n: number): number => ((b << n) | (b >> (8 - n))) & 0xff;
  return b ^ rotated(1) ^ rotated(2) ^ rotated(3) ^ rotated(4);
}

export const S_BOX: readonly number[] = Array.from({ length: 256 }, (_, b) => affine(aesInverse(b)) ^ 0x63);
