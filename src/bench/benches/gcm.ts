import { createGcmKey, createWasmGcmKey } from '../../kernels/gcm.ts';
import { createNativeGcmKey } from '../../kernels/native-gcm.ts';
import type { GcmKey } from '../../kernels/types.ts';
import { type Bench, type Candidate, defineBench, expectEqual } from '../bench.ts';
import { random } from '../samples.ts';

const SIZES = [64, 256, 512, 1024, 4096];
/** Meters in turn, each with its own key: no context stays in the nearest cache by itself. */
const METERS = 32;
const TAG = 12;

interface Message {
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  readonly plain: Uint8Array;
  readonly sealed: Uint8Array;
}

function gcmBench(name: string, about: string, use: (key: GcmKey, message: Message) => Uint8Array | undefined): Bench {
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
      const secrets = Array.from({ length: METERS }, () => random.bytes(16));
      const makers = { wasm: createWasmGcmKey, facade: createGcmKey, 'node-crypto': createNativeGcmKey };
      const keys = {
        wasm: secrets.map(makers.wasm),
        facade: secrets.map(makers.facade),
        'node-crypto': secrets.map(makers['node-crypto']),
      };
      const messages = keys['node-crypto'].map((key): Message => {
        const iv = random.bytes(12);
        const aad = random.bytes(17);
        const plain = random.bytes(size);
        return { iv, aad, plain, sealed: key.seal(iv, aad, plain, TAG) };
      });
      let bytes = 0;
      const candidate = (name: keyof typeof keys): Candidate => ({
        name,
        run(times) {
          for (let i = 0; i < times; i++) {
            for (let meter = 0; meter < METERS; meter++) {
              bytes += use(keys[name][meter] as GcmKey, messages[meter] as Message)?.length ?? 0;
            }
          }
        },
      });
      return {
        operations: METERS,
        validate() {
          for (const name of ['wasm', 'facade', 'node-crypto'] as const) {
            messages.forEach((message, i) => {
              const key = keys[name][i];
              if (key === undefined) return;
              expectEqual(key.open(message.iv, message.aad, message.sealed, TAG), message.plain, name);
              expectEqual(key.seal(message.iv, message.aad, message.plain, TAG), message.sealed, name);
              const forged = message.sealed.slice();
              forged[size] = (forged[size] ?? 0) ^ 1;
              expectEqual(key.open(message.iv, message.aad, forged, TAG), undefined, name);
            });
          }
        },
        candidates: [candidate('wasm'), candidate('facade'), candidate('node-crypto')],
        close() {
          for (const key of [...keys.wasm, ...keys.facade, ...keys['node-crypto']]) key.release();
        },
      };
    },
  });
}

export const gcmOpen = gcmBench(
  'gcm-open',
  'AES-128-GCM decrypt and verify, 17 bytes of AAD, 12-byte tag, another key each time, copies in and out',
  (key, { iv, aad, sealed }) => key.open(iv, aad, sealed, TAG),
);

export const gcmSeal = gcmBench(
  'gcm-seal',
  'AES-128-GCM encrypt and authenticate, otherwise as gcm-open',
  (key, { iv, aad, plain }) => key.seal(iv, aad, plain, TAG),
);
