import { DcuError } from '../base/errors.ts';
import { createNativeGcmKey } from './native-gcm.ts';
import type { GcmKey } from './types.ts';
import { kernels, memory, regions, reserveKeys } from './wasm.ts';

/**
 * AAD and data together, in bytes, up to which the kernel is faster than the runtime's own AES-GCM, which has
 * hardware instructions but pays for a cipher object with every message. Measured with `dcu bench gcm-open`.
 */
export const WASM_UP_TO = 640;

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

function checkIv(iv: Uint8Array): void {
  if (iv.length !== IV_LENGTH) {
    throw new DcuError('invalid-argument', `a GCM IV has ${IV_LENGTH} bytes, this one ${iv.length}`, {
      field: 'iv',
    });
  }
}

function checkTagLength(tagLength: number): void {
  if (tagLength !== 12 && tagLength !== 16) {
    throw new DcuError('invalid-argument', `a tag has 12 or 16 bytes, not ${tagLength}`, {
      field: 'tagLength',
    });
  }
}

class WasmGcmKey implements GcmKey {
  #handle: number;

  constructor(key: Uint8Array) {
    this.#handle = takeHandle();
    memory.bytes.set(key, regions.INPUT);
    const done = kernels.keySetup(this.#handle, regions.INPUT, key.length);
    memory.bytes.fill(0, regions.INPUT, regions.INPUT + key.length);
    if (done === 0) throw new DcuError('internal', 'the key could not be set up');
  }

  /** Lays the arguments out and returns where the data starts. */
  #place(iv: Uint8Array, aad: Uint8Array, data: Uint8Array): number {
    const { INPUT, INPUT_SIZE } = regions;
    const at = INPUT + AAD_OFFSET + ((aad.length + 15) & ~15);
    if (at + data.length > INPUT + INPUT_SIZE) {
      throw new DcuError('overflow', 'the message is longer than the kernel takes');
    }
    memory.bytes.set(iv, INPUT);
    if (aad.length > 0) memory.bytes.set(aad, INPUT + AAD_OFFSET);
    memory.bytes.set(data, at);
    return at;
  }

  seal(iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: 12 | 16): Uint8Array {
    const { INPUT } = regions;
    const n = plaintext.length;
    const at = this.#place(iv, aad, plaintext);
    const aadAt = INPUT + AAD_OFFSET;
    const done = kernels.gcmSeal(this.#handle, INPUT, aadAt, aad.length, at, n, at, at + n, tagLength);
    if (done !== 1) throw new DcuError('internal', 'the key is not set up');
    return memory.bytes.slice(at, at + n + tagLength);
  }

  open(iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tagLength: 12 | 16): Uint8Array | undefined {
    const { INPUT } = regions;
    const n = sealed.length - tagLength;
    if (n < 0) return undefined;
    const at = this.#place(iv, aad, sealed);
    const aadAt = INPUT + AAD_OFFSET;
    const done = kernels.gcmOpen(this.#handle, INPUT, aadAt, aad.length, at, n, at, at + n, tagLength);
    if (done === 0) return undefined;
    if (done !== 1) throw new DcuError('internal', 'the key is not set up');
    return memory.bytes.slice(at, at + n);
  }

  crypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    const at = this.#place(iv, NO_AAD, data);
    const done = kernels.ctrCrypt(this.#handle, regions.INPUT, 2, at, data.length, at);
    if (done !== 1) throw new DcuError('internal', 'the key is not set up');
    return memory.bytes.slice(at, at + data.length);
  }

  release(): void {
    if (this.#handle < 0) return;
    kernels.keyRelease(this.#handle);
    freeHandles.push(this.#handle);
    this.#handle = -1;
  }

  get handle(): number {
    return this.#handle;
  }
}

/** Chooses by size; checks everything that the two implementations rely on. */
class SizedGcmKey implements GcmKey {
  readonly #wasm: WasmGcmKey;
  readonly #native: GcmKey;
  readonly #wasmUpTo: number;
  #released = false;

  constructor(key: Uint8Array, wasmUpTo: number) {
    checkKey(key);
    this.#wasm = new WasmGcmKey(key);
    this.#native = createNativeGcmKey(key);
    this.#wasmUpTo = wasmUpTo;
  }

  #check(iv: Uint8Array, tagLength: number): void {
    if (this.#released) throw new DcuError('invalid-argument', 'the key was released', { field: 'key' });
    checkIv(iv);
    checkTagLength(tagLength);
  }

  seal(iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: 12 | 16): Uint8Array {
    this.#check(iv, tagLength);
    const by = aad.length + plaintext.length <= this.#wasmUpTo ? this.#wasm : this.#native;
    return by.seal(iv, aad, plaintext, tagLength);
  }

  open(iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tagLength: 12 | 16): Uint8Array | undefined {
    this.#check(iv, tagLength);
    const by = aad.length + sealed.length - tagLength <= this.#wasmUpTo ? this.#wasm : this.#native;
    return by.open(iv, aad, sealed, tagLength);
  }

  crypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    this.#check(iv, 16);
    return (data.length <= this.#wasmUpTo ? this.#wasm : this.#native).crypt(iv, data);
  }

  release(): void {
    this.#released = true;
    this.#wasm.release();
    this.#native.release();
  }

  /** Number of the key's context in the kernels, for the pipeline. */
  handle(): number {
    this.#check(NO_IV, 16);
    return this.#wasm.handle;
  }
}

const NO_IV = new Uint8Array(IV_LENGTH);

/** The handle behind a key of `createGcmKey`; DcuError `invalid-argument` for any other or a released one. */
export function handleOf(key: GcmKey): number {
  if (!(key instanceof SizedGcmKey)) {
    throw new DcuError('invalid-argument', 'not a key of this module', { field: 'key' });
  }
  return key.handle();
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
