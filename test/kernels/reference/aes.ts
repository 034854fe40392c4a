import { aesMultiply, S_BOX } from './field.ts';

const sub = (byte: number): number => S_BOX[byte] ?? 0;

/** FIPS-197 5.2: the round keys, 16 bytes each. */
export function roundKeys(key: Uint8Array): Uint8Array[] {
  const nk = key.length / 4;
  const rounds = nk + 6;
  const words: number[][] = [];
  for (let i = 0; i < nk; i++) words.push([...key.subarray(4 * i, 4 * i + 4)]);
  let rcon = 1;
  for (let i = nk; i < 4 * (rounds + 1); i++) {
    let word = [...(words[i - 1] ?? [])];
    if (i % nk === 0) {
      word = [...word.slice(1), ...word.slice(0, 1)].map(sub);
      word[0] = (word[0] ?? 0) ^ rcon;
      rcon = aesMultiply(rcon, 2);
    } else if (nk === 8 && i % nk === 4) {
      word = word.map(sub);
    }
    words.push(word.map((byte, j) => byte ^ (words[i - nk]?.[j] ?? 0)));
  }
  return Array.from({ length: rounds + 1 }, (_, r) => Uint8Array.from(words.slice(4 * r, 4 * r + 4).flat()));
}

function xor(a: Uint8Array, b: Uint8Array | undefined): Uint8Array {
  return a.map((byte, i) => byte ^ (b?.[i] ?? 0));
}

function shiftRows(s: Uint8Array): Uint8Array {
  return s.map((_, i) => s[(i + 4 * (i % 4)) % 16] ?? 0);
}

export function mixColumns(s: Uint8Array): Uint8Array {
  return s.map((_, i) => {
    const column = i - (i % 4);
    const at = (n: number): number => s[column + ((i + n) % 4)] ?? 0;
    return aesMultiply(at(0), 2) ^ aesMultiply(at(1), 3) ^ at(2) ^ at(3);
  });
}

/** FIPS-197 5.1, byte by byte. */
export function encryptBlock(keys: readonly Uint8Array[], block: Uint8Array): Uint8Array {
  let s = xor(block, keys[0]);
  for (let r = 1; r < keys.length - 1; r++) s = xor(mixColumns(shiftRows(s.map(sub))), keys[r]);
  return xor(shiftRows(s.map(sub)), keys[keys.length - 1]);
}
