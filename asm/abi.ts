// Where everything lies in linear memory. No other file states an address.
//
// Every region that is read by vectors has at least 64 bytes behind it that belong to nobody, since a
// masked 16-byte load may look up to 15 bytes past the end of its data.

/** T_0..T_15 of the CRC: 16 x 256 x u16. */
export const CRC_SLICES: usize = 0x1000;
/**
 * Z_128 of a nibble at each of the register's four places: low bytes, then high bytes, 32 bytes a place. Behind
 * it the same of Z_512.
 */
export const CRC_NIBBLES: usize = 0x3000;
export const CRC_NIBBLES_512: usize = 0x3080;
/** Of Z_256 and Z_384 only the two lower places, 64 bytes each: for bytes of data. */
export const CRC_NIBBLES_256: usize = 0x3a00;
export const CRC_NIBBLES_384: usize = 0x3a40;

export const AES_INV: usize = 0x3100;
export const AES_INVA: usize = 0x3110;
export const AES_IPT_LO: usize = 0x3120;
export const AES_IPT_HI: usize = 0x3130;
export const AES_SB1_U: usize = 0x3140;
export const AES_SB1_T: usize = 0x3150;
export const AES_SB2_U: usize = 0x3160;
export const AES_SB2_T: usize = 0x3170;
export const AES_SBO_U: usize = 0x3180;
export const AES_SBO_T: usize = 0x3190;
/** Four vectors each, one per round number modulo 4. */
export const AES_FWD: usize = 0x31a0;
export const AES_TWO: usize = 0x31e0;
export const AES_PERM: usize = 0x3220;
export const AES_FIN: usize = 0x3260;
/** Index vectors for blocks that share rounds; see `initCounter`. */
export const AES_COUNTER: usize = 0x3ac0;
export const AES_COUNTER_DOUBLE: usize = 0x3ad0;
export const AES_VARYING: usize = 0x3ae0;
export const AES_VARYING_PLAIN: usize = 0x3af0;
export const AES_VARYING_DOUBLE: usize = 0x3b00;
/** Three times two vectors. */
export const AES_SPREAD: usize = 0x3b10;
export const AES_COUNTER_END: usize = 0x3b70;
/** FF but for the counter's byte; FF but for the bytes that it reaches in round 1. */
export const AES_OTHERS: usize = 0x3b70;

/** r0_lo, r0_hi, r1_lo, r1_hi. */
export const GHASH_REDUCTION: usize = 0x3280;
/** Lane n is FF where bit b of n is set, b = 0..3. */
export const GHASH_BITS: usize = 0x32c0;

/** 15 at byte 0, FF in the 15 bytes before and behind: the byte that leaves a block, from `GHASH_LAST - k` for place k. */
export const GHASH_LAST: usize = 0x3bb0;

/** Content width by A-XDR tag; AXDR_VARIABLE, AXDR_NESTED and AXDR_UNKNOWN mark the others. */
export const AXDR_WIDTHS: usize = 0x3300;

/** Secrets of the call that runs; overwritten before it returns. */
export const SCRATCH: usize = 0x3400;
export const SCRATCH_SIZE: usize = 0x400;
/** IV, AAD and tag of the pipeline's frame at hand, where the host finds them too. */
export const HOST_IV: usize = 0x3800;
export const HOST_AAD: usize = 0x3810;
export const HOST_TAG: usize = 0x3840;

/** What a kernel reports beside its return value: 16 x i32. */
export const RESULT: usize = 0x3900;
export const RESULT_SIZE: usize = 64;

/** Column states of the A-XDR decoder, 32 bytes each. */
export const AXDR_COLUMNS: usize = 0x4000;
export const AXDR_COLUMN_SIZE: usize = 32;
export const AXDR_MAX_COLUMNS: i32 = 128;
/** Copy of the column states that a frame which fails half-way is undone with. */
export const AXDR_BACKUP: usize = 0x5000;
/** Row template and its mask, with slack for the last vector. */
export const AXDR_TEMPLATE: usize = 0x6000;
export const AXDR_MASK: usize = 0x6240;
export const AXDR_MAX_ROW: i32 = 512;

/** Which key and system title belong to which HDLC address: open addressing. */
export const ROUTES: usize = 0x8000;
export const ROUTE_SIZE: usize = 48;
/** A power of two. */
export const ROUTE_SLOTS: u32 = 4096;
export const ROUTE_LIMIT: i32 = 3072;

/** HDLC frame descriptors, 8 x i32 each. */
export const DESCRIPTORS: usize = 0x38000;
export const DESCRIPTOR_SIZE: usize = 32;
export const DESCRIPTOR_LIMIT: i32 = 1024;
/** Outcome of each frame of a pipeline run: 4 x i32. */
export const OUTCOMES: usize = 0x40000;
export const OUTCOME_SIZE: usize = 16;

export const INPUT: usize = 0x44100;
export const INPUT_SIZE: usize = 0x20000;
export const OUTPUT: usize = 0x64200;
export const OUTPUT_SIZE: usize = 0x20000;

/** Decoded columns, 16 bytes a slot and column. */
export const COLUMNS: usize = 0x88000;
export const COLUMNS_SIZE: usize = 0x80000;

/** Key contexts, to the end of memory. */
export const KEYS: usize = 0x108100;
export const KEY_SIZE: usize = 3072;
