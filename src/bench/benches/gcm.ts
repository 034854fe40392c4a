import { createGcmKey, handleOf } from '../../kernels/gcm.ts';
import { createNativeGcmKey } from '../../kernels/native-gcm.ts';
import type { GcmKey } from '../../kernels/types.ts';
import { kernels, memory, regions } from '../../kernels/wasm.ts';
import { type Bench, type Candidate, defineBench, expectEqual, sink } from '../bench.ts';
import { random } from '../samples.ts';

const SIZES = [64, 256, 512, 1024, 4096];
/** Meters in turn, each with its own key: harder than the bursts of one meter that a line brings. */
const METERS = 16;
const TAG = 12;

interface Message {
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  readonly plain: Uint8Array;
  readonly sealed: Uint8Array;
}

type Operation = 'open' | 'seal';

/** Where a record has its parts: IV at 0, AAD at 16, the message at 48. */
const AAD_AT = 16;
const DATA_AT = 48;

function record(message: Message, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(DATA_AT + data.length);
  out.set(message.iv);
  out.set(message.aad, AAD_AT);
  out.set(data, DATA_AT);
  return out;
}

/** As the fused path uses the kernel: one copy in, the result stays in linear memory. 1 = good. */
function inMemory(operation: Operation, handle: number, bytes: Uint8Array, size: number): number {
  const { INPUT } = regions;
  memory.bytes.set(bytes, INPUT);
  const data = INPUT + DATA_AT;
  return operation === 'open'
    ? kernels.gcmOpen(handle, INPUT, INPUT + AAD_AT, 17, data, size, data, data + size, TAG)
    : kernels.gcmSeal(handle, INPUT, INPUT + AAD_AT, 17, data, size, data, data + size, TAG);
}

function use(operation: Operation, key: GcmKey, message: Message): Uint8Array | undefined {
  return operation === 'open'
    ? key.open(message.iv, message.aad, message.sealed, TAG)
    : key.seal(message.iv, message.aad, message.plain, TAG);
}

/** The keys' own test of both directions and of a forged tag. */
function checkKey(key: GcmKey, message: Message, what: string): void {
  expectEqual(use('open', key, message), message.plain, what);
  expectEqual(use('seal', key, message), message.sealed, what);
  const forged = message.sealed.slice();
  const last = forged.length - 1;
  forged[last] = (forged[last] ?? 0) ^ 1;
  expectEqual(key.open(message.iv, message.aad, forged, TAG), undefined, what);
}

function gcmBench(operation: Operation, name: string, about: string): Bench {
  return defineBench({
    name,
    about,
    sizeUnit: 'bytes of plaintext',
    sizes: SIZES,
    unit: 'op/s',
    ratios: [
      ['wasm', 'node-crypto'],
      ['facade', 'node-crypto'],
    ],
    prepare(size) {
      const meters = Array.from({ length: METERS }, () => {
        const secret = random.bytes(16);
        const own = createGcmKey(secret);
        const native = createNativeGcmKey(secret);
        const iv = random.bytes(12);
        const aad = random.bytes(17);
        const plain = random.bytes(size);
        const message = { iv, aad, plain, sealed: native.seal(iv, aad, plain, TAG) };
        const bytes = record(message, operation === 'open' ? message.sealed : plain);
        return { own, native, message, bytes, handle: handleOf(own) };
      });
      const candidate = (by: 'facade' | 'node-crypto'): Candidate => ({
        name: by,
        run(times) {
          for (let i = 0; i < times; i++) {
            for (const meter of meters) {
              const key = by === 'facade' ? meter.own : meter.native;
              sink.total += use(operation, key, meter.message)?.length ?? 0;
            }
          }
        },
      });
      return {
        operations: METERS,
        validate() {
          for (const { own, native, message, bytes, handle } of meters) {
            checkKey(own, message, 'facade');
            checkKey(native, message, 'node-crypto');
            expectEqual(inMemory(operation, handle, bytes, size), 1, 'wasm');
            const at = regions.INPUT + DATA_AT;
            const length = operation === 'open' ? size : size + TAG;
            const expected = operation === 'open' ? message.plain : message.sealed;
            expectEqual(memory.bytes.slice(at, at + length), expected, 'wasm');
          }
        },
        candidates: [
          {
            name: 'wasm',
            run(times) {
              for (let i = 0; i < times; i++) {
                for (const { handle, bytes } of meters)
                  sink.total += inMemory(operation, handle, bytes, size);
              }
            },
          },
          candidate('facade'),
          candidate('node-crypto'),
        ],
        close() {
          for (const { own, native } of meters) {
            own.release();
            native.release();
          }
        },
      };
    },
  });
}

export const gcmOpen = gcmBench(
  'open',
  'gcm-open',
  'AES-128-GCM decrypt and verify, 17 bytes of AAD, 12-byte tag, another key each time; wasm = one copy in',
);

export const gcmSeal = gcmBench(
  'seal',
  'gcm-seal',
  'AES-128-GCM encrypt and authenticate, otherwise as gcm-open',
);
