import { describe, expect, test } from 'bun:test';
import { SeededRandom } from '../../src/base/random.ts';
import { kernels, memory, regions, reserveKeys } from '../../src/kernels/wasm.ts';
import { encryptBlock, roundKeys } from './reference/aes.ts';
import { crc16, crcRegister } from './reference/crc.ts';
import { aesMultiply, affine, multiply, S_BOX } from './reference/field.ts';
import { ghash } from './reference/gcm.ts';

// The tables in linear memory against the formulas they come from: M. Hamburg, "Accelerating AES with Vector
// Permute Instructions", and the definitions of CRC-16/X.25 and GHASH.

const random = new SeededRandom(5);
const { INPUT } = regions;
const HANDLE = 4000;
reserveKeys(HANDLE + 1);

const at = (address: number, length = 16): Uint8Array => memory.bytes.slice(address, address + length);
const NIBBLES = Array.from({ length: 16 }, (_, n) => n);
const bytes = (values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe('CRC tables', () => {
  test('T_k[b] is the register after b and k zero bytes', () => {
    const table = at(regions.CRC_SLICES, 8192);
    const view = new DataView(table.buffer);
    for (let k = 0; k < 16; k++) {
      for (let b = 0; b < 256; b++) {
        const expected = crcRegister(new Uint8Array(k + 1), b);
        expect(view.getUint16((k * 256 + b) * 2, true)).toBe(expected);
      }
    }
    expect(crc16(table)).toBe(0xa4a2);
  });

  test.each([
    [1, 4, regions.CRC_NIBBLES],
    [2, 2, regions.CRC_NIBBLES_256],
    [3, 2, regions.CRC_NIBBLES_384],
    [4, 4, regions.CRC_NIBBLES_512],
  ])('the register n << 4q after %d blocks of zeros, %d places', (blocks, places, address) => {
    const table = at(address, 32 * places);
    for (let q = 0; q < places; q++) {
      for (const n of NIBBLES) {
        const z = crcRegister(new Uint8Array(16 * blocks), n << (4 * q));
        expect([table[q * 32 + n], table[q * 32 + 16 + n]]).toEqual([z & 0xff, z >> 8]);
      }
    }
  });

  test('the tables for one block have the known sum', () => {
    expect(crc16(at(regions.CRC_NIBBLES, 128))).toBe(0x6e15);
  });
});

/** F16 = GF(2)[g]/(g^4+g+1). */
const mul16 = (a: number, b: number): number => multiply(a, b, 0b10011, 4);
const inv16 = (a: number): number => NIBBLES.find((b) => mul16(a, b) === 1) ?? 0;
const GAMMA = 2;

/** The linear map from F16 to nibbles with 1, g, g^2, g^3 to 1, 7, D, F. */
const phi = (a: number): number =>
  [1, 7, 0xd, 0xf].reduce((sum, image, bit) => sum ^ ((a >> bit) & 1 ? image : 0), 0);

interface Pair {
  readonly k: number;
  readonly i: number;
}

/** F256 = F16[t]/(t^2+gt+g). */
function mulPair(a: Pair, b: Pair): Pair {
  const high = mul16(a.i, b.i);
  return {
    k: mul16(a.k, b.k) ^ mul16(GAMMA, high),
    i: mul16(a.k, b.i) ^ mul16(a.i, b.k) ^ mul16(GAMMA, high),
  };
}

/** The isomorphism from the AES field with x to 5 + 8t. */
function psi(byte: number): Pair {
  let sum: Pair = { k: 0, i: 0 };
  let power: Pair = { k: 1, i: 0 };
  for (let bit = 0; bit < 8; bit++) {
    if ((byte >> bit) & 1) sum = { k: sum.k ^ power.k, i: sum.i ^ power.i };
    power = mulPair(power, { k: 5, i: 8 });
  }
  return sum;
}

const PSI = Array.from({ length: 256 }, (_, byte) => psi(byte));
const psiInverse = ({ k, i }: Pair): number => PSI.findIndex((pair) => pair.k === k && pair.i === i);

function ipt(byte: number): number {
  const { k, i } = mulPair({ k: 0, i: GAMMA }, psi(byte));
  return phi(k) | (phi(i) << 4);
}

/** table[phi(n)] = f(n). */
function indexedByPhi(f: (n: number) => number): Uint8Array {
  const table = new Uint8Array(16);
  for (const n of NIBBLES) table[phi(n)] = f(n);
  return table;
}

const output = (factor: Pair): Uint8Array =>
  indexedByPhi((n) => (n === 0 ? 0 : affine(psiInverse(mulPair(factor, { k: inv16(n), i: 0 })))));
const sboU = output({ k: 1 ^ GAMMA, i: 1 });
const sboT = output({ k: 1, i: 1 });

describe('AES tables', () => {
  const derived: readonly (readonly [string, Uint8Array])[] = [
    ['inv', indexedByPhi((n) => (n === 0 ? 0x80 : phi(inv16(n))))],
    ['inva', indexedByPhi((n) => (n === 0 ? 0x80 : phi(mul16(GAMMA, inv16(n)))))],
    ['ipt_lo', bytes(NIBBLES.map(ipt))],
    ['ipt_hi', bytes(NIBBLES.map((n) => ipt(n << 4)))],
    ['sb1_u', sboU.map(ipt)],
    ['sb1_t', sboT.map(ipt)],
    ['sb2_u', sboU.map((byte) => ipt(aesMultiply(2, byte)))],
    ['sb2_t', sboT.map((byte) => ipt(aesMultiply(2, byte)))],
    ['sbo_u', sboU],
    ['sbo_t', sboT],
  ];

  test('5 + 8t is a root of the AES polynomial', () => {
    expect(PSI.map((pair) => psiInverse(pair))).toEqual(PSI.map((_, byte) => byte));
    expect(psi(aesMultiply(0x57, 0x83))).toEqual(mulPair(psi(0x57), psi(0x83)));
  });

  test.each(derived.map(([name, table], index) => [name, table, index] as const))(
    '%s is what its formula gives',
    (_, table, index) => {
      expect(at(regions.AES_INV + 16 * index)).toEqual(table);
    },
  );

  test('all ten have the known sum', () => {
    expect(crc16(at(regions.AES_INV, 160))).toBe(0x5e4a);
  });

  test('masks and arrangements', () => {
    const lane = (column: number, row: number): number =>
      4 * (((column % 4) + 4) % 4) + (((row % 4) + 4) % 4);
    const masks = (f: (r: number, column: number, row: number) => number): Uint8Array =>
      bytes([0, 1, 2, 3].flatMap((r) => NIBBLES.map((s) => f(r, s >> 2, s & 3))));
    const fwd = masks((r, column, row) => lane(column + r, row + 1));
    const two = masks((r, column, row) => lane(column + 2 * r, row + 2));
    const perm = new Uint8Array(64);
    for (let r = 0; r < 4; r++) {
      for (const s of NIBBLES) perm[16 * r + lane((s >> 2) + r * (s & 3), s & 3)] = s;
    }
    const base = regions.AES_INV + 160;
    expect(at(base, 64)).toEqual(fwd);
    expect(crc16(fwd)).toBe(0xbb33);
    expect(at(base + 64, 64)).toEqual(two);
    expect(at(base + 128, 64)).toEqual(perm);
    expect(at(base + 192).toHex()).toBe('0009020b040d060f08010a030c050e07');
    // Two steps forward are two rows on.
    for (let r = 0; r < 4; r++) {
      for (const s of NIBBLES) {
        expect(two[16 * r + s]).toBe(fwd[16 * r + (fwd[16 * r + s] ?? 0)]);
      }
    }
  });

  test('round 1 takes the last byte of a block to the four rows of column 0, times 1, 1, 3 and 2', () => {
    // Rows 0 to 3 of column 0 lie in lanes 0, 5, 10 and 15 then.
    const to = (lanes: readonly number[]): Uint8Array =>
      bytes(NIBBLES.map((n) => (lanes.includes(n) ? 0 : 0x80)));
    expect(at(regions.AES_COUNTER)).toEqual(to([0, 5, 10]));
    expect(at(regions.AES_COUNTER_DOUBLE)).toEqual(to([10, 15]));
  });

  test('round 2 takes those four bytes to all others, each to one column', () => {
    const lanes = (f: (v: number, m: number) => number): Uint8Array =>
      bytes(NIBBLES.map((n) => ((n & 3) === 3 ? 0x80 : f(n >> 2, n & 3))));
    expect(at(regions.AES_VARYING)).toEqual(lanes((v) => 5 * v));
    expect(at(regions.AES_VARYING + 16)).toEqual(lanes((v, m) => (v === 3 ? 0x80 : m)));
    expect(at(regions.AES_VARYING + 32)).toEqual(lanes((v, m) => (v < 2 ? 0x80 : m)));
    for (let m = 0; m < 3; m++) {
      const plain = new Uint8Array(16).fill(0x80);
      const doubled = new Uint8Array(16).fill(0x80);
      for (let v = 0; v < 4; v++) {
        // Row v of column 0 is shifted to column -v and mixed there; after round 2 row s of column c is in 4(c + 2s) + s.
        for (let row = 0; row < 4; row++) {
          const lane = 4 * ((8 - v + 2 * row) % 4) + row;
          const factor = v === row ? 2 : v === (row + 1) % 4 ? 3 : 1;
          if (factor !== 2) plain[lane] = 4 * v + m;
          if (factor !== 1) doubled[lane] = 4 * v + m;
        }
      }
      expect(at(regions.AES_SPREAD + 32 * m)).toEqual(plain);
      expect(at(regions.AES_SPREAD + 32 * m + 16)).toEqual(doubled);
    }
  });

  test('the S-box that io and jo select is that of FIPS-197, for all bytes', () => {
    const [inv, inva] = [derived[0]?.[1] ?? bytes([]), derived[1]?.[1] ?? bytes([])];
    // Strict: an index between 16 and 127 would differ between processors.
    const sw = (table: Uint8Array, index: number): number => {
      if (index >= 16 && index < 128) throw new Error(`index ${index} is not portable`);
      return index < 16 ? (table[index] ?? 0) : 0;
    };
    for (let b = 0; b < 256; b++) {
      const x = ipt(b);
      const [k, i] = [x & 15, x >> 4];
      const j = k ^ i;
      const a = sw(inva, k);
      const io = sw(inv, sw(inv, i) ^ a) ^ j;
      const jo = sw(inv, sw(inv, j) ^ a) ^ i;
      expect(sw(sboU, io) ^ sw(sboT, jo) ^ 0x63).toBe(S_BOX[b] ?? -1);
    }
  });
});

describe('keys in their contexts', () => {
  const context = (): number => regions.KEYS + HANDLE * regions.KEY_SIZE;
  const setUp = (key: Uint8Array): void => {
    memory.bytes.set(key, INPUT);
    expect(kernels.keySetup(HANDLE, INPUT, key.length)).toBe(1);
  };
  const counting = (length: number): Uint8Array => bytes(Array.from({ length }, (_, i) => i));

  test('transformed round keys: known values and sums', () => {
    setUp(counting(16));
    expect(at(context()).toHex()).toBe('00702a5a98e8b2c20878225290e0baca');
    expect(at(context() + 16).toHex()).toBe('58f41fb4c084a5e6c86c8f2c58143d76');
    expect(at(context() + 160).toHex()).toBe('70727e1c80f729749064c4e82e4853a6');
    expect(crc16(at(context(), 176))).toBe(0x443a);
    setUp(counting(32));
    expect(at(context() + 13 * 16).toHex()).toBe('9c9e75dbde494784adbce8f947a9ecef');
    expect(crc16(at(context(), 240))).toBe(0x97e7);
  });

  test('transformed round keys of random keys come from the schedule of FIPS-197', () => {
    const perm = (r: number): Uint8Array => at(regions.AES_INV + 160 + 128 + 16 * (r & 3));
    for (let n = 0; n < 20; n++) {
      const key = random.bytes(n % 2 ? 16 : 32);
      setUp(key);
      const plain = roundKeys(key);
      plain.forEach((rk, r) => {
        const last = r === plain.length - 1;
        const mixed = r === 0 ? rk.map(ipt) : rk.map((byte) => (last ? byte ^ 0x63 : ipt(byte ^ 0x63)));
        const expected = r === 0 || last ? mixed : bytes([...perm(r)].map((s) => mixed[s] ?? 0));
        expect(at(context() + 16 * r)).toEqual(expected);
      });
    }
  });

  test('GHASH tables: every product of a nibble and a power, H to H^5', () => {
    for (const length of [16, 32]) {
      const key = random.bytes(length);
      setUp(key);
      const h = encryptBlock(roundKeys(key), new Uint8Array(16));
      let power = h;
      for (let p = 0; p < 5; p++) {
        const table = at(context() + 256 + 512 * p, 512);
        for (const n of NIBBLES) {
          for (const half of [0, 1]) {
            const block = new Uint8Array(16);
            block[0] = n << (4 * half);
            const product = NIBBLES.map((k) => table[32 * k + 16 * half + n] ?? -1);
            expect(bytes(product)).toEqual(ghash(power, block));
          }
        }
        power = ghash(h, power);
      }
    }
  });

  test('reduction tables', () => {
    const table = at(regions.GHASH_REDUCTION, 64);
    expect(crc16(table)).toBe(0x31c4);
    expect(table.slice(16, 32).toHex()).toBe('001c3824706c4854e1fdd9c5918da9b5');
  });

  test('nothing of a key stays in scratch, and release zeroes the context', () => {
    setUp(random.bytes(32));
    expect(at(regions.SCRATCH, regions.SCRATCH_SIZE).every((byte) => byte === 0)).toBe(true);
    expect(at(context(), regions.KEY_SIZE).some((byte) => byte !== 0)).toBe(true);
    expect(kernels.keyRelease(HANDLE)).toBe(1);
    expect(at(context(), regions.KEY_SIZE).every((byte) => byte === 0)).toBe(true);
  });

  test('a handle out of range or without a key, and a key of another length, are refused', () => {
    for (const handle of [-1, kernels.keyCapacity(), 0x7fffffff]) {
      expect(kernels.keySetup(handle, INPUT, 16)).toBe(0);
      expect(kernels.keyRelease(handle)).toBe(0);
      expect(kernels.ctrCrypt(handle, INPUT, 2, INPUT, 16, INPUT)).toBe(-1);
    }
    for (const length of [0, 15, 17, 24, 31, 33]) expect(kernels.keySetup(HANDLE, INPUT, length)).toBe(0);
    expect(kernels.ctrCrypt(HANDLE, INPUT, 2, INPUT, 16, INPUT)).toBe(-1);
    expect(kernels.gcmOpen(HANDLE, INPUT, INPUT, 17, INPUT, 16, INPUT, INPUT, 12)).toBe(-1);
  });
});
