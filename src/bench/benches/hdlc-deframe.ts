import { createHdlcDeframer } from '../../kernels/hdlc.ts';
import { kernels, memory, regions } from '../../kernels/wasm.ts';
import { DESCRIPTOR_WORDS, deframeIdiomatic, deframeTuned } from '../baselines/hdlc.ts';
import { defineBench, expectEqual, sink } from '../bench.ts';
import { hdlcFrame, hdlcStream, random } from '../samples.ts';

const STREAM_BYTES = 65_536;
/** Bytes of a frame that are not information: flag, format, addresses, control, HCS, FCS. */
const OVERHEAD = 11;

export const hdlcDeframe = defineBench({
  name: 'hdlc-deframe',
  about: 'frames of a 64 KiB stream found and checked; wasm copies the stream into linear memory',
  sizeUnit: 'bytes a frame',
  sizes: [128, 1024],
  unit: 'frame/s',
  ratios: [
    ['wasm', 'ts-tuned'],
    ['wasm', 'ts-idiomatic'],
    ['facade', 'ts-idiomatic'],
  ],
  prepare(size) {
    const count = Math.floor(STREAM_BYTES / size);
    const stream = hdlcStream(
      Array.from({ length: count }, (_, i) => hdlcFrame(100 + i, random.bytes(size - OVERHEAD))),
    );
    const descriptors = new Int32Array(count * DESCRIPTOR_WORDS);
    const deframer = createHdlcDeframer({ maxFrameLength: 2047 });
    const { INPUT, DESCRIPTORS, DESCRIPTOR_LIMIT } = regions;
    const scan = (): number => {
      memory.bytes.set(stream, INPUT);
      return kernels.hdlcScan(INPUT, INPUT + stream.length, DESCRIPTORS, DESCRIPTOR_LIMIT, 2047);
    };
    return {
      operations: count,
      validate() {
        const plain = deframeIdiomatic(stream);
        expectEqual(plain.length, count, 'ts-idiomatic');
        expectEqual(deframeTuned(stream, descriptors), count, 'ts-tuned');
        expectEqual(scan(), count, 'wasm');
        const at = DESCRIPTORS >> 2;
        const byWasm = memory.words.slice(at, at + count * DESCRIPTOR_WORDS);
        const relative = byWasm.map((word, i) => ([0, 1, 7].includes(i % 8) ? word - INPUT : word));
        expectEqual(relative, descriptors, 'wasm');
        const byFacade = deframer.push(stream);
        expectEqual(
          byFacade.map((frame) => [frame.source, frame.info]),
          plain.map((frame) => [frame.source, frame.info]),
          'facade',
        );
      },
      candidates: [
        {
          name: 'wasm',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += scan();
          },
        },
        {
          name: 'facade',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += deframer.push(stream).length;
          },
        },
        {
          name: 'ts-tuned',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += deframeTuned(stream, descriptors);
          },
        },
        {
          name: 'ts-idiomatic',
          run(times) {
            for (let i = 0; i < times; i++) sink.total += deframeIdiomatic(stream).length;
          },
        },
      ],
    };
  },
});
