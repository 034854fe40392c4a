import { beginColumns, decodeProfile, slotsFor } from '../../kernels/profile.ts';
import type { ColumnHint } from '../../kernels/types.ts';
import { kernels, memory, regions } from '../../kernels/wasm.ts';
import { decodeIdiomatic, decodeTuned } from '../baselines/axdr.ts';
import { defineBench, expectEqual, sink } from '../bench.ts';
import { profileBuffer } from '../samples.ts';

export const PROFILE_HINTS: readonly ColumnHint[] = [
  'date-time',
  'number',
  'number',
  'number',
  'number',
  'number',
];

/** Array tag and a count of two bytes in front of the rows. */
const HEADER = 4;

export const axdrProfile = defineBench({
  name: 'axdr-profile',
  about: 'rows of date-time, u8 and four u32 to columns; wasm copies the rows in, facade the columns out too',
  sizeUnit: 'rows',
  sizes: [2880],
  unit: 'row/s',
  ratios: [
    ['wasm', 'ts-tuned'],
    ['wasm', 'ts-idiomatic'],
    ['facade', 'ts-tuned'],
    ['facade', 'ts-idiomatic'],
  ],
  prepare(size) {
    const bytes = profileBuffer(size);
    const capacity = slotsFor(PROFILE_HINTS.length);
    const { INPUT, COLUMNS } = regions;
    const byWasm = (): number => {
      beginColumns(PROFILE_HINTS);
      memory.bytes.set(bytes, INPUT);
      return kernels.axdrRows(INPUT + HEADER, INPUT + bytes.length, size, 0, COLUMNS, capacity, INPUT);
    };
    return {
      operations: size,
      validate() {
        const plain = decodeIdiomatic(bytes);
        const columns = [0, 1, 2, 3, 4, 5].map((i) =>
          Float64Array.from(plain, (row) => (i === 0 ? row.time.getTime() : Number(row.values[i - 1]))),
        );
        expectEqual(
          decodeTuned(bytes).map((column) => column.values),
          columns,
          'ts-tuned',
        );
        expectEqual(
          decodeProfile(bytes, PROFILE_HINTS).columns.map((column) => 'values' in column && column.values),
          columns,
          'facade',
        );
        expectEqual(byWasm(), size, 'wasm');
        const { buffer } = memory.bytes;
        expectEqual(
          columns.map((_, i) => new Float64Array(buffer, COLUMNS + i * capacity * 16, size).slice()),
          columns,
          'wasm',
        );
      },
      candidates: [
        {
          name: 'wasm',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += byWasm();
          },
        },
        {
          name: 'facade',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += decodeProfile(bytes, PROFILE_HINTS).rows;
          },
        },
        {
          name: 'ts-tuned',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += decodeTuned(bytes).length;
          },
        },
        {
          name: 'ts-idiomatic',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += decodeIdiomatic(bytes).length;
          },
        },
      ],
    };
  },
});
