import { readFileSync } from 'node:fs';
import wasmPath from '../../asm/build/kernels.wasm' with { type: 'file' };
import { DcuError } from '../base/errors.ts';

/** Addresses and lengths are plain numbers; the host checks them against the regions before a call. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  crc16(p: number, n: number): number;
  crcUpdate(register: number, p: number, n: number): number;
  hdlcScan(p: number, end: number, out: number, max: number, longest: number): number;
  keyCapacity(): number;
  keyReserve(count: number): number;
  keySetup(handle: number, key: number, length: number): number;
  keyRelease(handle: number): number;
  gcmOpen(
    handle: number,
    iv: number,
    aad: number,
    aadLength: number,
    src: number,
    n: number,
    dst: number,
    tag: number,
    tagLength: number,
  ): number;
  gcmSeal(
    handle: number,
    iv: number,
    aad: number,
    aadLength: number,
    src: number,
    n: number,
    dst: number,
    tag: number,
    tagLength: number,
  ): number;
  ctrCrypt(handle: number, iv: number, counter: number, src: number, n: number, dst: number): number;
  axdrBegin(columns: number): number;
  axdrRows(
    p: number,
    end: number,
    maxRows: number,
    first: number,
    out: number,
    capacity: number,
    origin: number,
  ): number;
  routesClear(): void;
  routeAdd(
    source: number,
    sourceBytes: number,
    handle: number,
    title: number,
    authenticationKey: number,
    tagLength: number,
    counter: number,
  ): number;
  routesForgetCounters(): void;
  pipelineRun(p: number, end: number, longest: number, first: number, capacity: number, upTo: number): number;
  pipelineResume(opened: number): number;
}

/** The regions that `asm/abi.ts` lays out; their addresses are exported by the module, so there is one source. */
const REGION_NAMES = [
  'AES_COUNTER',
  'AES_COUNTER_DOUBLE',
  'AES_INV',
  'AES_SPREAD',
  'AES_VARYING',
  'AXDR_COLUMNS',
  'AXDR_COLUMN_SIZE',
  'AXDR_MAX_COLUMNS',
  'COLUMNS',
  'COLUMNS_SIZE',
  'CRC_NIBBLES',
  'CRC_NIBBLES_256',
  'CRC_NIBBLES_384',
  'CRC_NIBBLES_512',
  'CRC_SLICES',
  'DESCRIPTORS',
  'DESCRIPTOR_LIMIT',
  'DESCRIPTOR_SIZE',
  'GHASH_REDUCTION',
  'HOST_AAD',
  'HOST_IV',
  'HOST_TAG',
  'INPUT',
  'INPUT_SIZE',
  'KEYS',
  'KEY_SIZE',
  'OUTCOMES',
  'OUTCOME_SIZE',
  'OUTPUT',
  'OUTPUT_SIZE',
  'RESULT',
  'RESULT_SIZE',
  'ROUTE_LIMIT',
  'SCRATCH',
  'SCRATCH_SIZE',
] as const;

type Regions = Readonly<Record<(typeof REGION_NAMES)[number], number>>;

function instantiate(): { readonly exports: KernelExports; readonly regions: Regions } {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasmPath)), {
    env: {
      abort: () => {
        throw new DcuError('internal', 'a kernel aborted');
      },
    },
  });
  const regions = Object.fromEntries(
    REGION_NAMES.map((name) => {
      const value = instance.exports[name];
      if (!(value instanceof WebAssembly.Global)) {
        throw new DcuError('internal', `the wasm module lacks ${name}; it is older than its façade`);
      }
      return [name, Number(value.value)];
    }),
  ) as Record<(typeof REGION_NAMES)[number], number>;
  return { exports: instance.exports as unknown as KernelExports, regions };
}

const instance = instantiate();

export const kernels: KernelExports = instance.exports;
export const regions: Regions = instance.regions;

/** Views of the linear memory. They are replaced when it grows: use them through this object, never keep them. */
export const memory = {
  bytes: new Uint8Array(kernels.memory.buffer),
  words: new Int32Array(kernels.memory.buffer),
};

/** Room for at least `count` key handles; DcuError `overflow` when memory cannot grow so far. */
export function reserveKeys(count: number): void {
  if (count <= kernels.keyCapacity()) return;
  if (kernels.keyReserve(count) === 0) {
    throw new DcuError('overflow', `no memory for ${count} AES keys`);
  }
  memory.bytes = new Uint8Array(kernels.memory.buffer);
  memory.words = new Int32Array(kernels.memory.buffer);
}
