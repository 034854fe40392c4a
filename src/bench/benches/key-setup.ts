import { createCipheriv } from 'node:crypto';
import { createGcmKey } from '../../kernels/gcm.ts';
import { kernels, memory, regions, reserveKeys } from '../../kernels/wasm.ts';
import { defineBench, expectEqual, sink } from '../bench.ts';
import { random } from '../samples.ts';

/** A handle far from those that keys in use take. */
const HANDLE = 5000;

export const keySetup = defineBench({
  name: 'key-setup',
  about: 'one key from its bytes to ready: round keys and GHASH tables of five powers',
  sizeUnit: 'bits of the key',
  sizes: [128, 256],
  unit: 'op/s',
  ratios: [],
  prepare(size) {
    const secret = random.bytes(size / 8);
    const { INPUT } = regions;
    reserveKeys(HANDLE + 1);
    const setUp = (): number => {
      memory.bytes.set(secret, INPUT);
      return kernels.keySetup(HANDLE, INPUT, secret.length);
    };
    return {
      operations: 1,
      validate() {
        expectEqual(setUp(), 1, 'wasm');
        const iv = new Uint8Array(12);
        const key = createGcmKey(secret);
        const cipher = createCipheriv(size === 128 ? 'aes-128-gcm' : 'aes-256-gcm', secret, iv);
        const expected = Uint8Array.from(cipher.update(new Uint8Array(40)));
        expectEqual(key.crypt(iv, new Uint8Array(40)), expected, 'facade');
        key.release();
      },
      candidates: [
        {
          name: 'wasm',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += setUp();
          },
        },
        {
          name: 'facade',
          run(times) {
            for (let i = 0; i < times; i++) {
              createGcmKey(secret).release();
              sink.total++;
            }
          },
        },
      ],
      close() {
        kernels.keyRelease(HANDLE);
      },
    };
  },
});
