// AES-128 and AES-256 encryption by vector permutation: no memory is indexed by data.
// After M. Hamburg, "Accelerating AES with Vector Permute Instructions" (CHES 2009); FIPS-197.
//
// Bytes live as pairs of GF(16) elements (low nibble k, high nibble i, standing for k + i*tau). ShiftRows is
// never done: round r leaves logical byte 4c+row in lane 4((c + row*r) mod 4) + row, and the masks of
// MixColumns and the round keys are permuted to match.
//
// MixColumns takes two permutations. With A the S-box, D its double and A' the row two further on (mask TWO):
// B = D + A' and the row's result is B + (B + A of the next row, mask FWD) = 2A0 + 3A1 + A2 + A3.

import {
  AES_COUNTER, AES_COUNTER_DOUBLE, AES_COUNTER_END, AES_FIN, AES_FWD, AES_INV, AES_INVA, AES_IPT_HI, AES_IPT_LO,
  AES_OTHERS, AES_PERM, AES_SB1_T, AES_SB1_U, AES_SB2_T, AES_SB2_U, AES_SBO_T, AES_SBO_U, AES_SPREAD, AES_TWO,
  AES_VARYING, AES_VARYING_DOUBLE, AES_VARYING_PLAIN, SCRATCH,
} from './abi';
import { high, iota, low, sw } from './vector';

/** Plain round keys while a key is set up. */
const ROUND_KEYS: usize = SCRATCH + 0x100;

export function initAes(): void {
  // 80 stands for infinity: bit 7 survives an XOR with a nibble, and a permutation turns it into 0 = 1/infinity.
  v128.store(AES_INV, i8x16(-128, 1, 8, 13, 15, 6, 5, 14, 2, 12, 11, 10, 9, 3, 7, 4));
  v128.store(AES_INVA, i8x16(-128, 7, 11, 15, 6, 10, 4, 1, 9, 8, 5, 2, 12, 14, 13, 3));
  store64(AES_IPT_LO, 0xc2b2e8985a2a7000, 0xcabae09052227808);
  store64(AES_IPT_HI, 0x4c01307d317c4d00, 0xcd80b1fcb0fdcc81);
  store64(AES_SBO_U, 0xd0d26d176fbdc700, 0x15aabf7ac502a878);
  store64(AES_SBO_T, 0xcfe474a55fbb6a00, 0x8e1e90d1412b35fa);
  // The S-box already in the form that the next round needs, plain and doubled.
  inIptForm(AES_SB1_U, v128.load(AES_SBO_U));
  inIptForm(AES_SB1_T, v128.load(AES_SBO_T));
  inIptForm(AES_SB2_U, double(v128.load(AES_SBO_U)));
  inIptForm(AES_SB2_T, double(v128.load(AES_SBO_T)));
  for (let r: u32 = 0; r < 4; r++) {
    for (let column: u32 = 0; column < 4; column++) {
      for (let row: u32 = 0; row < 4; row++) {
        const s = (column << 2) + row;
        store<u8>(AES_FWD + (r << 4) + s, <u8>((((column + r) & 3) << 2) + ((row + 1) & 3)));
        store<u8>(AES_TWO + (r << 4) + s, <u8>((((column + 2 * r) & 3) << 2) + ((row + 2) & 3)));
        const lane = (((column + r * row) & 3) << 2) + row;
        store<u8>(AES_PERM + (r << 4) + lane, <u8>s);
        // 10 and 14 rounds both end in arrangement 2.
        if (r == 2) store<u8>(AES_FIN + s, <u8>lane);
      }
    }
  }
  initCounter();
}

/**
 * Index vectors for blocks that differ in byte 15 only. AES_COUNTER, AES_COUNTER_DOUBLE: 0 where round 1 takes the S-box
 * of that byte to, plain and doubled, else 80. Four lanes in all, one a column; the others below are by their number v.
 * AES_VARYING: that lane in 4v..4v+2. AES_VARYING_PLAIN, _DOUBLE: m in lane 4v+m, m = 0..2, where the lane has a zero
 * above. AES_SPREAD + 32m: 4v+m in the lanes to which round 2 takes the S-box of v, first plain, then doubled.
 */
function initCounter(): void {
  for (let at: usize = AES_COUNTER; at < AES_COUNTER_END; at += 16) v128.store(at, i8x16.splat(-128));
  v128.store(AES_OTHERS, i8x16.splat(-1));
  v128.store(AES_OTHERS, i8x16.splat(-1), 16);
  spread(15, 0, AES_COUNTER, AES_COUNTER_DOUBLE, 1);
  store<u8>(AES_OTHERS + 15, 0);
  let v: u32 = 0;
  for (let lane: usize = 0; lane < 16; lane++) {
    const plain = load<u8>(AES_COUNTER + lane) == 0, doubled = load<u8>(AES_COUNTER_DOUBLE + lane) == 0;
    if (!plain && !doubled) continue;
    store<u8>(AES_OTHERS + lane, 0, 16);
    for (let m: u32 = 0; m < 3; m++) {
      const at: usize = (v << 2) + m;
      store<u8>(AES_VARYING + at, <u8>lane);
      if (plain) store<u8>(AES_VARYING_PLAIN + at, <u8>m);
      if (doubled) store<u8>(AES_VARYING_DOUBLE + at, <u8>m);
      spread(lane, <u8>at, AES_SPREAD + (m << 5), AES_SPREAD + (m << 5) + 16, 2);
    }
    v++;
  }
}

/** Writes `value` to the lanes that round `r` takes the S-box of lane `from` to: those of the plain one, those of its double. */
function spread(from: usize, value: u8, plain: usize, doubled: usize, r: usize): void {
  const fwd = AES_FWD + (r << 4), two = AES_TWO + (r << 4);
  for (let lane: usize = 0; lane < 16; lane++) {
    const next: usize = load<u8>(fwd + lane);
    // B = D + A' reaches a lane from itself and, as B + A, from the next row.
    if (lane == from || next == from) store<u8>(doubled + lane, value);
    if (load<u8>(two + lane) == from || next == from || load<u8>(two + next) == from) store<u8>(plain + lane, value);
  }
}

function store64(at: usize, first: u64, second: u64): void {
  store<u64>(at, first);
  store<u64>(at, second, 8);
}

function inIptForm(at: usize, v: v128): void {
  v128.store(at, ipt(v));
}

/** Doubling in the AES field. */
function double(v: v128): v128 {
  const carry = v128.and(i8x16.shr_s(v, 7), i8x16.splat(0x1b));
  return v128.xor(i8x16.add(v, v), carry);
}

@inline
function ipt(v: v128): v128 {
  return v128.xor(sw(v128.load(AES_IPT_LO), low(v)), sw(v128.load(AES_IPT_HI), high(v)));
}

/** The S-box of a vector in ipt form, by the pair of output tables at `tables`. */
@inline
function sbox(x: v128, tables: usize): v128 {
  const inv = v128.load(AES_INV);
  const k = low(x), i = high(x), j = v128.xor(k, i);
  const a = sw(v128.load(AES_INVA), k);
  const io = v128.xor(sw(inv, v128.xor(sw(inv, i), a)), j);
  const jo = v128.xor(sw(inv, v128.xor(sw(inv, j), a)), i);
  return v128.xor(sw(v128.load(tables), io), sw(v128.load(tables, 16), jo));
}

/** In natural form, without its constant 63. */
function subBytes(x: v128): v128 {
  return sbox(x, AES_SBO_U);
}

@inline
function sub(plain: v128): v128 {
  return v128.xor(subBytes(ipt(plain)), i8x16.splat(0x63));
}

/** Prefix XOR of the four words. */
function prefix(v: v128): v128 {
  const zero = i64x2.splat(0);
  v = v128.xor(v, i8x16.shuffle(zero, v, 0, 0, 0, 0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27));
  return v128.xor(v, i8x16.shuffle(zero, v, 0, 0, 0, 0, 0, 0, 0, 0, 16, 17, 18, 19, 20, 21, 22, 23));
}

/**
 * Key schedule (FIPS-197 5.2) and transformation: writes rounds + 1 transformed round keys to `vk` and returns
 * the number of rounds. `words` is 4 or 8. The plain round keys are wiped.
 */
export function expandKey(key: usize, words: i32, vk: usize): i32 {
  const rounds = words + 6;
  const zero = i64x2.splat(0);
  let rc = i32x4.splat(1);
  v128.store(ROUND_KEYS, v128.load(key));
  if (words == 8) v128.store(ROUND_KEYS, v128.load(key, 16), 16);
  const span: usize = words == 8 ? 32 : 16;
  let at = ROUND_KEYS + span;
  for (let n = words >> 2; n <= rounds; n++, at += 16) {
    const before = v128.load(at - 16);
    const base = prefix(v128.load(at - span));
    if (words == 8 && n & 1) {
      const last = i8x16.shuffle(before, zero, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15);
      v128.store(at, v128.xor(base, sub(last)));
    } else {
      const rot = i8x16.shuffle(before, zero, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12);
      v128.store(at, v128.xor(v128.xor(base, sub(rot)), rc));
      rc = v128.and(double(rc), i32x4.splat(0xff));
    }
  }
  const c63 = i8x16.splat(0x63);
  v128.store(vk, ipt(v128.load(ROUND_KEYS)));
  for (let r = 1; r < rounds; r++) {
    const offset = <usize>r << 4;
    const perm = v128.load(AES_PERM + ((<usize>r & 3) << 4));
    v128.store(vk + offset, sw(ipt(v128.xor(v128.load(ROUND_KEYS + offset), c63)), perm));
  }
  const end = <usize>rounds << 4;
  v128.store(vk + end, v128.xor(v128.load(ROUND_KEYS + end), c63));
  for (let i: usize = 0; i <= 240; i += 16) v128.store(ROUND_KEYS + i, zero);
  return rounds;
}

/** A block ready for round 1. */
@inline
export function enter(vk: usize, block: v128): v128 {
  return v128.xor(ipt(block), v128.load(vk));
}

/** MixColumns and round key of round `r` (1..3), of the S-box `s` and its double `d`. */
@inline
function mix(vk: usize, r: usize, s: v128, d: v128): v128 {
  const b = v128.xor(d, sw(s, v128.load(AES_TWO + (r << 4))));
  return v128.xor(v128.xor(b, v128.load(vk + (r << 4))), sw(v128.xor(b, s), v128.load(AES_FWD + (r << 4))));
}

/**
 * Counter blocks that differ in their last byte only share most of the first two rounds: round 1 takes that byte to one
 * byte of each column, round 2 those four to all. What the other bytes make of it is computed once. Two vectors at `at`:
 * the block behind round 2 without the varying bytes, and those bytes as far as they do not vary.
 */
export function shareRounds(vk: usize, block: v128, at: usize): void {
  const x1 = enter(vk, block);
  const others = v128.load(AES_OTHERS);
  const x2 = mix(vk, 1, v128.and(sbox(x1, AES_SB1_U), others), v128.and(sbox(x1, AES_SB2_U), others));
  const others2 = v128.load(AES_OTHERS, 16);
  v128.store(at, mix(vk, 2, v128.and(sbox(x2, AES_SB1_U), others2), v128.and(sbox(x2, AES_SB2_U), others2)));
  v128.store(at, sw(x2, v128.load(AES_VARYING)), 16);
}

/** The S-box of round 1, plain and doubled, of sixteen last bytes from `byte` on. Two vectors at `at` + 32. */
export function shareCounters(vk: usize, byte: u32, at: usize): void {
  const counters = i8x16.add(i8x16.splat(<i8>byte), iota());
  const c = v128.xor(ipt(counters), v128.load8_splat(vk, 15));
  v128.store(at, sbox(c, AES_SB1_U), 32);
  v128.store(at, sbox(c, AES_SB2_U), 48);
}

/** Lane 4v + m: the v-th varying byte of block `place` + m, m = 0..2, before round 2. `place` is 0..13. */
@inline
export function varying(at: usize, place: i32): v128 {
  const by = i8x16.splat(<i8>place);
  return v128.xor(
    v128.load(at, 16),
    v128.xor(
      sw(v128.load(at, 32), i8x16.add(v128.load(AES_VARYING_PLAIN), by)),
      sw(v128.load(at, 48), i8x16.add(v128.load(AES_VARYING_DOUBLE), by)),
    ),
  );
}

/** The m-th of those blocks ready for round 3; `s` and `d` are the S-box of `varying`, plain and doubled. */
@inline
export function enterRound3(at: usize, s: v128, d: v128, m: usize): v128 {
  return v128.xor(
    v128.load(at),
    v128.xor(sw(s, v128.load(AES_SPREAD + (m << 5))), sw(d, v128.load(AES_SPREAD + (m << 5) + 16))),
  );
}

@inline
export function sboxPlain(x: v128): v128 {
  return sbox(x, AES_SB1_U);
}

@inline
export function sboxDoubled(x: v128): v128 {
  return sbox(x, AES_SB2_U);
}

/** One block, from round `first` (1 or 3) on, for which `x` is ready. */
export function encrypt1(vk: usize, rounds: i32, first: i32, x: v128): v128 {
  const inv = v128.load(AES_INV), inva = v128.load(AES_INVA);
  const sb1u = v128.load(AES_SB1_U), sb1t = v128.load(AES_SB1_T);
  const sb2u = v128.load(AES_SB2_U), sb2t = v128.load(AES_SB2_T);
  vk += (<usize>first - 1) << 4;
  for (let r = first; r < rounds; r++) {
    vk += 16;
    const turn = (<usize>r & 3) << 4;
    const k = low(x), i = high(x), j = v128.xor(k, i);
    const a = sw(inva, k);
    const io = v128.xor(sw(inv, v128.xor(sw(inv, i), a)), j);
    const jo = v128.xor(sw(inv, v128.xor(sw(inv, j), a)), i);
    const s = v128.xor(sw(sb1u, io), sw(sb1t, jo));
    const b = v128.xor(v128.xor(sw(sb2u, io), sw(sb2t, jo)), sw(s, v128.load(AES_TWO + turn)));
    x = v128.xor(v128.xor(b, v128.load(vk)), sw(v128.xor(b, s), v128.load(AES_FWD + turn)));
  }
  return v128.xor(sw(subBytes(x), v128.load(AES_FIN)), v128.load(vk, 16));
}

/**
 * As `encrypt1`, three blocks side by side, statement by statement in one rolled loop: one block alone leaves the processor
 * waiting, and more blocks or unrolled rounds do not fit its vector registers.
 */
export function encrypt3(vk: usize, rounds: i32, first: i32, x0: v128, x1: v128, x2: v128, out: usize): void {
  const inv = v128.load(AES_INV), inva = v128.load(AES_INVA);
  vk += (<usize>first - 1) << 4;
  for (let r = first; r < rounds; r++) {
    vk += 16;
    const turn = (<usize>r & 3) << 4;
    let k0 = low(x0), k1 = low(x1), k2 = low(x2);
    const i0 = high(x0), i1 = high(x1), i2 = high(x2);
    const a0 = sw(inva, k0), a1 = sw(inva, k1), a2 = sw(inva, k2);
    k0 = v128.xor(k0, i0);
    k1 = v128.xor(k1, i1);
    k2 = v128.xor(k2, i2);
    const io0 = v128.xor(sw(inv, v128.xor(sw(inv, i0), a0)), k0);
    const io1 = v128.xor(sw(inv, v128.xor(sw(inv, i1), a1)), k1);
    const io2 = v128.xor(sw(inv, v128.xor(sw(inv, i2), a2)), k2);
    const jo0 = v128.xor(sw(inv, v128.xor(sw(inv, k0), a0)), i0);
    const jo1 = v128.xor(sw(inv, v128.xor(sw(inv, k1), a1)), i1);
    const jo2 = v128.xor(sw(inv, v128.xor(sw(inv, k2), a2)), i2);
    const sb1u = v128.load(AES_SB1_U), sb1t = v128.load(AES_SB1_T);
    const s0 = v128.xor(sw(sb1u, io0), sw(sb1t, jo0));
    const s1 = v128.xor(sw(sb1u, io1), sw(sb1t, jo1));
    const s2 = v128.xor(sw(sb1u, io2), sw(sb1t, jo2));
    const sb2u = v128.load(AES_SB2_U), sb2t = v128.load(AES_SB2_T);
    const two = v128.load(AES_TWO + turn);
    const b0 = v128.xor(v128.xor(sw(sb2u, io0), sw(sb2t, jo0)), sw(s0, two));
    const b1 = v128.xor(v128.xor(sw(sb2u, io1), sw(sb2t, jo1)), sw(s1, two));
    const b2 = v128.xor(v128.xor(sw(sb2u, io2), sw(sb2t, jo2)), sw(s2, two));
    const fwd = v128.load(AES_FWD + turn), key = v128.load(vk);
    x0 = v128.xor(v128.xor(b0, key), sw(v128.xor(b0, s0), fwd));
    x1 = v128.xor(v128.xor(b1, key), sw(v128.xor(b1, s1), fwd));
    x2 = v128.xor(v128.xor(b2, key), sw(v128.xor(b2, s2), fwd));
  }
  const fin = v128.load(AES_FIN), last = v128.load(vk, 16);
  v128.store(out, v128.xor(sw(subBytes(x0), fin), last));
  v128.store(out, v128.xor(sw(subBytes(x1), fin), last), 16);
  v128.store(out, v128.xor(sw(subBytes(x2), fin), last), 32);
}

/** Two blocks: what is left of a message more often than not. */
export function encrypt2(vk: usize, rounds: i32, first: i32, x0: v128, x1: v128, out: usize): void {
  const inv = v128.load(AES_INV), inva = v128.load(AES_INVA);
  const sb1u = v128.load(AES_SB1_U), sb1t = v128.load(AES_SB1_T);
  vk += (<usize>first - 1) << 4;
  for (let r = first; r < rounds; r++) {
    vk += 16;
    const turn = (<usize>r & 3) << 4;
    let k0 = low(x0), k1 = low(x1);
    const i0 = high(x0), i1 = high(x1);
    const a0 = sw(inva, k0), a1 = sw(inva, k1);
    k0 = v128.xor(k0, i0);
    k1 = v128.xor(k1, i1);
    const io0 = v128.xor(sw(inv, v128.xor(sw(inv, i0), a0)), k0);
    const io1 = v128.xor(sw(inv, v128.xor(sw(inv, i1), a1)), k1);
    const jo0 = v128.xor(sw(inv, v128.xor(sw(inv, k0), a0)), i0);
    const jo1 = v128.xor(sw(inv, v128.xor(sw(inv, k1), a1)), i1);
    const s0 = v128.xor(sw(sb1u, io0), sw(sb1t, jo0));
    const s1 = v128.xor(sw(sb1u, io1), sw(sb1t, jo1));
    const sb2u = v128.load(AES_SB2_U), sb2t = v128.load(AES_SB2_T);
    const two = v128.load(AES_TWO + turn);
    const b0 = v128.xor(v128.xor(sw(sb2u, io0), sw(sb2t, jo0)), sw(s0, two));
    const b1 = v128.xor(v128.xor(sw(sb2u, io1), sw(sb2t, jo1)), sw(s1, two));
    const fwd = v128.load(AES_FWD + turn), key = v128.load(vk);
    x0 = v128.xor(v128.xor(b0, key), sw(v128.xor(b0, s0), fwd));
    x1 = v128.xor(v128.xor(b1, key), sw(v128.xor(b1, s1), fwd));
  }
  const fin = v128.load(AES_FIN), last = v128.load(vk, 16);
  v128.store(out, v128.xor(sw(subBytes(x0), fin), last));
  v128.store(out, v128.xor(sw(subBytes(x1), fin), last), 16);
}
