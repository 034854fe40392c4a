import { SeededRandom } from '../../../src/base/random.ts';
import { createGcmKey, createHdlcDeframer, decodeProfile } from '../../../src/kernels/index.ts';
import { createPipeline } from '../../../src/kernels/pipeline.ts';
import type { ColumnHint } from '../../../src/kernels/types.ts';
import { arrayOf, structureOf } from '../../kernels/axdr-samples.ts';
import { cipheredFrame } from '../../kernels/pipeline-samples.ts';
import { pieces } from '../mutator.ts';
import { Broken, type FuzzTarget } from '../target.ts';
import { CONVERSATIONS } from './conversations.ts';

const HINTS: readonly ColumnHint[] = ['date-time', 'number', 'bytes'];
const row = (i: number): Uint8Array =>
  structureOf([
    Uint8Array.of(9, 12, 7, 0xea, 1, 1 + (i % 28), 0xff, i % 24, 0, 0, 0, 0x80, 0, 0),
    Uint8Array.of(6, 0, 0, i, 7),
    Uint8Array.of(9, 2, i, 1),
  ]);
const BUFFER = arrayOf(Array.from({ length: 20 }, (_, i) => row(i)));
const random = new SeededRandom(23);
const METER = {
  source: [5, 1] as const,
  encryption: random.bytes(16),
  authentication: random.bytes(16),
  title: random.bytes(8),
};
const key = createGcmKey(METER.encryption);
const LONGEST_FRAME = 2047;

export const KERNEL_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'kernel: deframing, any split',
    seeds: CONVERSATIONS.filter(({ link }) => link.framing === 'hdlc').flatMap(({ up, down }) => [up, down]),
    refuses: [],
    run(input, chance) {
      const whole = createHdlcDeframer({ maxFrameLength: LONGEST_FRAME }).push(input);
      const cut = createHdlcDeframer({ maxFrameLength: LONGEST_FRAME });
      const split = pieces(input, chance).flatMap((piece) => cut.push(piece));
      if (JSON.stringify(whole) !== JSON.stringify(split)) throw new Broken('a split changes the frames');
    },
  },
  {
    name: 'kernel: profile columns',
    seeds: [BUFFER, arrayOf([]), arrayOf([row(1)])],
    refuses: [],
    run(input) {
      const { rows, columns, announcedRows } = decodeProfile(input, HINTS, 64);
      if (rows > 64 || rows > announcedRows) throw new Broken(`${rows} rows of ${announcedRows}`);
      for (const column of columns) if (column.valid.length < rows) throw new Broken('a column is short');
    },
  },
  {
    name: 'kernel: fused pipeline',
    seeds: [
      cipheredFrame(METER, Uint8Array.of(0x0f, 0, 0, 0, 1, 0, ...BUFFER), { counter: 9 }),
      cipheredFrame(METER, Uint8Array.of(0xc4, 1, 0xc1, 0, ...arrayOf([row(1)])), { counter: 10 }),
    ],
    refuses: [],
    run(input, chance) {
      const pipeline = createPipeline({
        hints: HINTS,
        maxFrameLength: LONGEST_FRAME,
        routes: [
          {
            source: METER.source[0],
            sourceBytes: METER.source[1],
            key,
            authenticationKey: METER.authentication,
            systemTitle: METER.title,
            tagLength: 12,
          },
        ],
      });
      try {
        const { consumed, rows, columns } = pipeline.run(input, chance.next() < 0.5 ? 0 : 4096);
        if (consumed > input.length) throw new Broken(`${consumed} of ${input.length} bytes consumed`);
        for (const column of columns) if (column.valid.length < rows) throw new Broken('a column is short');
      } finally {
        pipeline.close();
      }
    },
  },
];
