import { DcuError } from '../base/errors.ts';
import { handleOf, nativeOf, WASM_UP_TO } from './gcm.ts';
import type { NativeGcmKey } from './native-gcm.ts';
import { beginColumns, slotsFor } from './profile.ts';
import { type ColumnPart, joinParts, readPart } from './profile-columns.ts';
import type { ColumnHint, DecodedColumn, GcmKey } from './types.ts';
import { kernels, memory, regions } from './wasm.ts';

/** What became of a frame, by the numbers of asm/pipeline.ts. */
export const FRAME_OUTCOMES = [
  'good',
  'unknown-address',
  'segmented',
  'not-ciphered',
  'forged',
  'replayed',
  'not-a-profile',
] as const;

/** A meter on the line: its whole HDLC address, its keys, and the tag length of its security policy. */
export interface PipelineRoute {
  readonly source: number;
  readonly sourceBytes: 1 | 2 | 4;
  readonly key: GcmKey;
  /** 16 bytes. */
  readonly authenticationKey: Uint8Array;
  /** 8 bytes. */
  readonly systemTitle: Uint8Array;
  readonly tagLength: 12 | 16;
  /** Invocation counter of the last frame that was accepted, e.g. before a restart. */
  readonly lastCounter?: number;
}

export interface PipelineResult {
  /** Bytes that no later run needs; the rest is the beginning of a frame. */
  readonly consumed: number;
  readonly rejectedHeaders: number;
  readonly badFcs: number;
  /** One entry a frame, in order: index into FRAME_OUTCOMES, rows it gave, source address, invocation counter. */
  readonly outcomes: Uint8Array;
  readonly rowsOfFrame: Uint32Array;
  readonly sources: Uint32Array;
  readonly counters: Uint32Array;
  readonly rows: number;
  readonly columns: readonly DecodedColumn[];
  /** What offsets of byte columns count into. */
  readonly plaintext: Uint8Array;
}

export interface Pipeline {
  /**
   * Frames of general-glo-ciphering or glo-get-response that hold one profile buffer each, to columns. Ciphertext of
   * more than `wasmUpTo` bytes is opened by the runtime's crypto in between.
   */
  run(bytes: Uint8Array, wasmUpTo?: number): PipelineResult;
  /** Forgets keys and counters; another pipeline can be created then. */
  close(): void;
}

const OUTCOME_WORDS = 4;
/** Security control and authentication key. */
const AAD_LENGTH = 17;

let owner: object | undefined;

interface Gathered {
  /** The kernel's words of each frame, one array a call. */
  readonly frames: Int32Array[];
  readonly plaintext: Uint8Array[];
  plaintextLength: number;
  rows: number;
  rejectedHeaders: number;
  badFcs: number;
}

function gatherFrames(into: Gathered, frames: number): void {
  into.rejectedHeaders += memory.words[(regions.RESULT >> 2) + 1] ?? 0;
  into.badFcs += memory.words[(regions.RESULT >> 2) + 2] ?? 0;
  if (frames === 0) return;
  const at = regions.OUTCOMES >> 2;
  into.frames.push(memory.words.slice(at, at + frames * OUTCOME_WORDS));
}

/** One word of every frame. */
function wordOfFrames<Words extends Uint8Array | Uint32Array>(
  all: readonly Int32Array[],
  word: number,
  out: Words,
): Words {
  let frame = 0;
  for (const words of all) {
    for (let at = word; at < words.length; at += OUTCOME_WORDS) out[frame++] = words[at] ?? 0;
  }
  return out;
}

/** Moves what this call left in the kernel's columns to the parts; byte columns are rebased to the whole plaintext. */
function gatherRows(into: Gathered, parts: readonly ColumnPart[][], capacity: number): void {
  const word = regions.RESULT >> 2;
  const rows = memory.words[word + 3] ?? 0;
  const length = memory.words[word + 4] ?? 0;
  if (rows === 0) return;
  let keepsBytes = false;
  for (const [i, list] of parts.entries()) {
    const part = readPart(i, rows, capacity);
    if (part.kind === 'bytes') {
      keepsBytes = true;
      for (let row = 0; row < rows; row++) {
        if (part.valid[row] === 1) part.offsets[row] = (part.offsets[row] ?? 0) + into.plaintextLength;
      }
    }
    list.push(part);
  }
  into.rows += rows;
  if (keepsBytes) {
    into.plaintext.push(memory.bytes.slice(regions.OUTPUT, regions.OUTPUT + length));
    into.plaintextLength += length;
  }
}

function joinBytes(parts: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

interface HostViews {
  readonly bytes: Uint8Array;
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  readonly tag12: Uint8Array;
  readonly tag16: Uint8Array;
}

class FusedPipeline implements Pipeline {
  readonly #hints: readonly ColumnHint[];
  readonly #longest: number;

  #views: HostViews | undefined;
  /** By handle. */
  readonly #native: NativeGcmKey[] = [];

  constructor(hints: readonly ColumnHint[], longest: number, routes: readonly PipelineRoute[]) {
    this.#hints = hints;
    this.#longest = longest;
    for (const { key } of routes) this.#native[handleOf(key)] = nativeOf(key);
  }

  /** Opens what the kernel left to the host and lets it go on; returns what the kernel returns. */
  #openForKernel(): number {
    const word = regions.RESULT >> 2;
    const { bytes, words } = memory;
    const views = this.#hostViews();
    const key = this.#native[words[word + 3] ?? -1];
    const cipher = words[word] ?? 0;
    const ciphertext = bytes.subarray(cipher, cipher + (words[word + 1] ?? 0));
    const tag = words[word + 2] === 16 ? views.tag16 : views.tag12;
    const opened = key?.openTo(views.iv, views.aad, ciphertext, tag, bytes, words[word + 4] ?? 0);
    return kernels.pipelineResume(opened === true ? 1 : 0);
  }

  /** Views of where the kernel puts IV, AAD and tag; made anew when memory has grown. */
  #hostViews(): HostViews {
    const { bytes } = memory;
    if (this.#views?.bytes !== bytes) {
      const { HOST_IV, HOST_AAD, HOST_TAG } = regions;
      this.#views = {
        bytes,
        iv: bytes.subarray(HOST_IV, HOST_IV + 12),
        aad: bytes.subarray(HOST_AAD, HOST_AAD + AAD_LENGTH),
        tag12: bytes.subarray(HOST_TAG, HOST_TAG + 12),
        tag16: bytes.subarray(HOST_TAG, HOST_TAG + 16),
      };
    }
    return this.#views;
  }

  run(bytes: Uint8Array, wasmUpTo = WASM_UP_TO): PipelineResult {
    if (owner !== this) throw new DcuError('invalid-argument', 'the pipeline was closed');
    beginColumns(this.#hints);
    const parts: ColumnPart[][] = this.#hints.map(() => []);
    const all: Gathered = {
      frames: [],
      plaintext: [],
      plaintextLength: 0,
      rows: 0,
      rejectedHeaders: 0,
      badFcs: 0,
    };
    const { INPUT, INPUT_SIZE, RESULT } = regions;
    const capacity = slotsFor(this.#hints.length);
    let consumed = 0;
    for (;;) {
      const end = Math.min(bytes.length, consumed + INPUT_SIZE);
      memory.bytes.set(consumed === 0 && end === bytes.length ? bytes : bytes.subarray(consumed, end), INPUT);
      let from = INPUT;
      for (;;) {
        const to = INPUT + end - consumed;
        let frames = kernels.pipelineRun(from, to, this.#longest, 0, capacity, wasmUpTo);
        while (frames < 0) frames = this.#openForKernel();
        from = memory.words[RESULT >> 2] ?? 0;
        gatherFrames(all, frames);
        gatherRows(all, parts, capacity);
        if (frames === 0) break;
      }
      consumed += from - INPUT;
      if (end === bytes.length || from === INPUT) break;
    }
    const frames = all.frames.reduce((sum, words) => sum + words.length / OUTCOME_WORDS, 0);
    return {
      consumed,
      rejectedHeaders: all.rejectedHeaders,
      badFcs: all.badFcs,
      outcomes: wordOfFrames(all.frames, 0, new Uint8Array(frames)),
      rowsOfFrame: wordOfFrames(all.frames, 1, new Uint32Array(frames)),
      counters: wordOfFrames(all.frames, 2, new Uint32Array(frames)),
      sources: wordOfFrames(all.frames, 3, new Uint32Array(frames)),
      rows: all.rows,
      columns: parts.map((list, i) => joinParts(list, this.#hints[i] ?? 'bytes')),
      plaintext: joinBytes(all.plaintext, all.plaintextLength),
    };
  }

  close(): void {
    if (owner !== this) return;
    kernels.routesClear();
    owner = undefined;
  }
}

function addRoute(route: PipelineRoute): void {
  const { INPUT } = regions;
  if (route.systemTitle.length !== 8) {
    throw new DcuError('invalid-argument', 'a system title has 8 bytes', { field: 'systemTitle' });
  }
  if (route.authenticationKey.length !== 16) {
    throw new DcuError('invalid-argument', 'an authentication key has 16 bytes', {
      field: 'authenticationKey',
    });
  }
  memory.bytes.set(route.systemTitle, INPUT);
  memory.bytes.set(route.authenticationKey, INPUT + 16);
  const handle = handleOf(route.key);
  const { source, sourceBytes, tagLength, lastCounter = 0 } = route;
  const done = kernels.routeAdd(source, sourceBytes, handle, INPUT, INPUT + 16, tagLength, lastCounter);
  memory.bytes.fill(0, INPUT, INPUT + 32);
  if (done === 0) {
    throw new DcuError('invalid-argument', `at most ${regions.ROUTE_LIMIT} addresses of 1, 2 or 4 bytes`, {
      field: 'routes',
    });
  }
}

/**
 * The fused path for one line that pushes ciphered profiles: HDLC frames, decrypted and decoded without leaving linear
 * memory. A frame that is forged, replayed (invocation counter not above the last good one of its address) or not a
 * profile of these columns adds no row and moves no counter. Keys stay the caller's; they must outlive the
 * pipeline. There is one at a time, since it has the kernels' address table: a second ends in DcuError `conflict`.
 */
export function createPipeline(options: {
  readonly routes: readonly PipelineRoute[];
  readonly hints: readonly ColumnHint[];
  /** Largest accepted length of a frame, as for the deframer. */
  readonly maxFrameLength: number;
}): Pipeline {
  if (owner !== undefined) throw new DcuError('conflict', 'another pipeline is open');
  const pipeline = new FusedPipeline(options.hints, options.maxFrameLength, options.routes);
  kernels.routesClear();
  for (const route of options.routes) addRoute(route);
  owner = pipeline;
  return pipeline;
}
