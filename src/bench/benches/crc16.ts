import { crc16 } from '../../kernels/crc.ts';
import { kernels, memory, regions } from '../../kernels/wasm.ts';
import { crcIdiomatic, crcTuned } from '../baselines/crc.ts';
import { type Candidate, defineBench, expectEqual, sink } from '../bench.ts';
import { random } from '../samples.ts';

export const crc16Bench = defineBench({
  name: 'crc16',
  about: 'CRC-16/X.25 of a message; wasm copies it into linear memory',
  sizeUnit: 'bytes',
  sizes: [16, 128, 1024, 65536],
  unit: 'op/s',
  ratios: [
    ['wasm', 'ts-tuned'],
    ['wasm', 'ts-idiomatic'],
    ['facade', 'ts-tuned'],
  ],
  prepare(size) {
    const bytes = random.bytes(size);
    const byWasm = (): number => {
      memory.bytes.set(bytes, regions.INPUT);
      return kernels.crc16(regions.INPUT, size);
    };
    const repeat = (name: Candidate['name'], once: (bytes: Uint8Array) => number): Candidate => ({
      name,
      run(times) {
        for (let i = 0; i < times; i++) sink.total ^= once(bytes);
      },
    });
    return {
      operations: 1,
      validate() {
        const expected = crcIdiomatic(bytes);
        expectEqual(crcTuned(bytes), expected, 'ts-tuned');
        expectEqual(byWasm(), expected, 'wasm');
        expectEqual(crc16(bytes), expected, 'facade');
      },
      candidates: [
        {
          name: 'wasm',
          run(times) {
            for (let i = 0; i < times; i++) sink.total ^= byWasm();
          },
        },
        repeat('facade', crc16),
        repeat('ts-tuned', crcTuned),
        repeat('ts-idiomatic', crcIdiomatic),
      ],
    };
  },
});
