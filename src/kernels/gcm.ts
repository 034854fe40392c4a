import { DcuError } from '../base/errors.ts';
import { createNativeGcmKey, type NativeGcmKey } from './native-gcm.ts';
import type { GcmKey } from './types.ts';
import { kernels, memory, regions, reserveKeys } from './wasm.ts';

/**
 * AAD and data together, in bytes, up to which the kernel is at least as fast as the runtime's own AES-GCM, which has
 * hardware instructions but pays for a cipher object with every message. Measured with `dcu bench gcm-open gcm-seal` on
 * a processor with vector AES, where the two meet near 300 bytes; on one without they meet near 600.
 */
export const WASM_UP_TO = 320;

const IV_LENGTH = 12;
const GROWTH = 256;
const NO_AAD = new Uint8Array(0);

/** Arguments of a call in the input region: IV, AAD and data, each on a boundary of 16. */
const AAD_OFFSET = 16;

const freeHandles: number[] = [];
let nextHandle = 0;

function takeHandle(): number {
  const free = freeHandles.pop();
  if (free !== undefined) return free;
  if (nextHandle >= kernels.keyCapacity()) reserveKeys(nextHandle + GROWTH);
  return nextHandle++;
}

function checkKey(key: Uint8Array): void {
  if (key.length !== 16 && key.length !== 32) {
    throw new DcuError('invalid-argument', `an AES key has 16 or 32 bytes, this one ${key.length}`, {
      field: 'key',
    });
  }
}

function refuseIv(iv: Uint8Array): never {
  throw new DcuError('invalid-argument', `a GCM IV has ${IV_LENGTH} bytes, this one ${iv.length}`, {
    field: 'iv',
  });
}

function refuseTagLength(tagLength: number): never {
  throw new DcuError('invalid-argument', `a tag has 12 or 16 bytes, not ${tagLength}`, {
    field: 'tagLength',
  });
}

const { INPUT, INPUT_SIZE } = regions;
const AAD_AT = INPUT + AAD_OFFSET;
const IV_WORD = INPUT >> 2;

/** Twelve bytes as three words: cheaper than a call of `set`. */
function putIv(iv: Uint8Array): void {
  const { words } = memory;
  for (let i = 0; i < 3; i++) {
    const at = 4 * i;
    words[IV_WORD + i] =
      (iv[at] as number) |
      ((iv[at + 1] as number) << 8) |
      ((iv[at + 2] as number) << 16) |
      ((iv[at + 3] as number) << 24);
  }
}

/** Lays the arguments of a call out and returns where the data starts. */
function place(iv: Uint8Array, aad: Uint8Array, data: Uint8Array): number {
  const at = AAD_AT + ((aad.length + 15) & ~15);
  if (at + data.length > INPUT + INPUT_SIZE - 16) {
    throw new DcuError('overflow', 'the message is longer than the kernel takes');
  }
  putIv(iv);
  memory.bytes.set(aad, AAD_AT);
  memory.bytes.set(data, at);
  return at;
}

function setUp(key: Uint8Array): number {
  const handle = takeHandle();
  memory.bytes.set(key, INPUT);
  const done = kernels.keySetup(handle, INPUT, key.length);
  memory.bytes.fill(0, INPUT, INPUT + key.length);
  if (done !== 1) throw new DcuError('internal', 'the key could not be set up');
  return handle;
}

function notSetUp(): DcuError {
  return new DcuError('internal', 'the kernel refused a key that is in use');
}

/** Chooses by size; checks everything that the two implementations rely on. */
class SizedGcmKey implements GcmKey {
  readonly native: NativeGcmKey;
  readonly #wasmUpTo: number;
  /** -1 once released. */
  #handle: number;

  constructor(key: Uint8Array, wasmUpTo: number) {
    checkKey(key);
    this.native = createNativeGcmKey(key);
    this.#wasmUpTo = wasmUpTo;
    this.#handle = setUp(key);
  }

  #check(iv: Uint8Array, tagLength: number): void {
    if (this.#handle < 0) throw new DcuError('invalid-argument', 'the key was released', { field: 'key' });
    if (iv.length !== IV_LENGTH) refuseIv(iv);
    if (tagLength !== 12 && tagLength !== 16) refuseTagLength(tagLength);
  }

  seal(iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: 12 | 16): Uint8Array {
    this.#check(iv, tagLength);
    const n = plaintext.length;
    if (aad.length + n > this.#wasmUpTo) return this.native.seal(iv, aad, plaintext, tagLength);
    const at = place(iv, aad, plaintext);
    const tagAt = at + n;
    const done = kernels.gcmSeal(this.#handle, INPUT, AAD_AT, aad.length, at, n, at, tagAt, tagLength);
    if (done !== 1) throw notSetUp();
    return memory.bytes.slice(at, tagAt + tagLength);
  }

  open(iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tagLength: 12 | 16): Uint8Array | undefined {
    this.#check(iv, tagLength);
    const n = sealed.length - tagLength;
    if (n < 0) return undefined;
    if (aad.length + n > this.#wasmUpTo) return this.native.open(iv, aad, sealed, tagLength);
    const at = place(iv, aad, sealed);
    const tagAt = at + n;
    const done = kernels.gcmOpen(this.#handle, INPUT, AAD_AT, aad.length, at, n, at, tagAt, tagLength);
    if (done === 0) return undefined;
    if (done !== 1) throw notSetUp();
    return memory.bytes.slice(at, tagAt);
  }

  crypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    this.#check(iv, 16);
    if (data.length > this.#wasmUpTo) return this.native.crypt(iv, data);
    const at = place(iv, NO_AAD, data);
    const done = kernels.ctrCrypt(this.#handle, INPUT, 2, at, data.length, at);
    if (done !== 1) throw notSetUp();
    return memory.bytes.slice(at, at + data.length);
  }

  release(): void {
    if (this.#handle < 0) return;
    kernels.keyRelease(this.#handle);
    freeHandles.push(this.#handle);
    this.#handle = -1;
    this.native.release();
  }

  /** Number of the key's context in the kernels, for the pipeline. */
  handle(): number {
    if (this.#handle < 0) throw new DcuError('invalid-argument', 'the key was released', { field: 'key' });
    return this.#handle;
  }
}

function own(key: GcmKey): SizedGcmKey {
  if (key instanceof SizedGcmKey) return key;
  throw new DcuError('invalid-argument', 'not a key of this module', { field: 'key' });
}

/** The handle behind a key of `createGcmKey`; DcuError `invalid-argument` for any other or a released one. */
export function handleOf(key: GcmKey): number {
  return own(key).handle();
}

/** The same key by the runtime's crypto, for messages above WASM_UP_TO; errors as `handleOf`. */
export function nativeOf(key: GcmKey): NativeGcmKey {
  return own(key).native;
}

/**
 * Sets up an AES-128 or AES-256 key (16 or 32 bytes) for GCM with 96-bit IVs (NIST SP 800-38D) and tags of 12
 * or 16 bytes. Any other length of key, IV or tag, and any use after `release`, ends in DcuError
 * `invalid-argument`. Equal answers whichever implementation the size selects.
 */
export function createGcmKey(key: Uint8Array): GcmKey {
  return new SizedGcmKey(key, WASM_UP_TO);
}

/** A key that uses the kernel whatever the size, up to what its input region takes; for tests and the benchmark. */
export function createWasmGcmKey(key: Uint8Array): GcmKey {
  return new SizedGcmKey(key, Number.POSITIVE_INFINITY);
}
