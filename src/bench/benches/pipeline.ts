import { createGcmKey } from '../../kernels/gcm.ts';
import { createNativeGcmKey } from '../../kernels/native-gcm.ts';
import { createPipeline, type PipelineRoute } from '../../kernels/pipeline.ts';
import type { GcmKey } from '../../kernels/types.ts';
import { kernels } from '../../kernels/wasm.ts';
import { decodeIdiomatic, decodeTuned } from '../baselines/axdr.ts';
import { DESCRIPTOR_WORDS, deframeIdiomatic, deframeTuned } from '../baselines/hdlc.ts';
import { defineBench, expectEqual, sink } from '../bench.ts';
import { hdlcFrame, hdlcStream, profileBuffer, random } from '../samples.ts';
import { PROFILE_HINTS } from './axdr-profile.ts';

const FRAMES = 64;
const ROWS_PER_FRAME = 25;
const TAG = 12;
/** More than any frame: the kernel deciphers everything itself. */
const ALWAYS = 0x7fffffff;
/** LLC, tag, system title with its length, length of the rest, security control, invocation counter. */
const PREFIX = 3 + 1 + 9 + 3 + 1 + 4;
const NOTIFICATION = Uint8Array.of(0x0f, 0, 0, 0, 1, 0);

interface MeterKeys {
  readonly source: number;
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  readonly title: Uint8Array;
}

function aadOf(control: number, authentication: Uint8Array): Uint8Array {
  const aad = new Uint8Array(17);
  aad[0] = control;
  aad.set(authentication, 1);
  return aad;
}

function ivOf(title: Uint8Array, counter: Uint8Array): Uint8Array {
  const iv = new Uint8Array(12);
  iv.set(title);
  iv.set(counter, 8);
  return iv;
}

/** A pushed profile: data-notification in general-glo-ciphering in one HDLC frame. */
function pushFrame(meter: MeterKeys, invocation: number): Uint8Array {
  const profile = profileBuffer(ROWS_PER_FRAME, invocation * ROWS_PER_FRAME);
  const plain = new Uint8Array(NOTIFICATION.length + profile.length);
  plain.set(NOTIFICATION);
  plain.set(profile, NOTIFICATION.length);
  const counter = new Uint8Array(4);
  new DataView(counter.buffer).setUint32(0, invocation);
  const sealed = createNativeGcmKey(meter.encryption).seal(
    ivOf(meter.title, counter),
    aadOf(0x30, meter.authentication),
    plain,
    TAG,
  );
  const length = 5 + sealed.length;
  const info = new Uint8Array(PREFIX + sealed.length);
  info.set([0xe6, 0xe7, 0x00, 0xdb, 8, ...meter.title, 0x82, length >> 8, length & 0xff, 0x30, ...counter]);
  info.set(sealed, PREFIX);
  return hdlcFrame(meter.source, info);
}

/** What every candidate outside linear memory does with the information field of a frame. */
function openInfo(info: Uint8Array, meter: MeterKeys, key: GcmKey): Uint8Array {
  const iv = ivOf(meter.title, info.subarray(PREFIX - 4, PREFIX));
  const aad = aadOf(info[PREFIX - 5] ?? 0, meter.authentication);
  const plain = key.open(iv, aad, info.subarray(PREFIX), TAG);
  if (plain === undefined) throw new Error('a frame does not verify');
  return plain.subarray(NOTIFICATION.length);
}

export const pipelineBench = defineBench({
  name: 'pipeline',
  about:
    'ciphered HDLC frames of 1 KB (25 rows each) to columns; wasm = all of it in the kernels, facade = deciphering chosen by size',
  sizeUnit: 'bytes a frame',
  sizes: [1024],
  unit: 'frame/s',
  ratios: [
    ['wasm', 'ts-tuned'],
    ['wasm', 'ts-idiomatic'],
    ['facade', 'ts-tuned'],
    ['facade', 'ts-idiomatic'],
  ],
  prepare() {
    const meters = Array.from(
      { length: FRAMES },
      (_, i): MeterKeys => ({
        source: 300 + i,
        encryption: random.bytes(16),
        authentication: random.bytes(16),
        title: random.bytes(8),
      }),
    );
    const stream = hdlcStream(meters.map((meter, i) => pushFrame(meter, i + 1)));
    const bySource = new Map(meters.map((meter) => [meter.source, meter]));
    const ownKeys = new Map(meters.map((meter) => [meter.source, createGcmKey(meter.encryption)]));
    const nativeKeys = new Map(meters.map((meter) => [meter.source, createNativeGcmKey(meter.encryption)]));
    const routes = meters.flatMap((meter): PipelineRoute[] => {
      const key = ownKeys.get(meter.source);
      return key === undefined
        ? []
        : [
            {
              source: meter.source,
              sourceBytes: 2,
              key,
              authenticationKey: meter.authentication,
              systemTitle: meter.title,
              tagLength: TAG,
            },
          ];
    });
    const pipeline = createPipeline({ routes, hints: PROFILE_HINTS, maxFrameLength: 2047 });
    const descriptors = new Int32Array(FRAMES * DESCRIPTOR_WORDS);

    const open = (info: Uint8Array, source: number, keys: ReadonlyMap<number, GcmKey>): Uint8Array => {
      const meter = bySource.get(source);
      const key = keys.get(source);
      if (meter === undefined || key === undefined) throw new Error(`no meter ${source}`);
      return openInfo(info, meter, key);
    };
    const fused = (wasmUpTo?: number): number => {
      kernels.routesForgetCounters();
      return pipeline.run(stream, wasmUpTo).rows;
    };
    const tuned = (): number => {
      let rows = 0;
      const frames = deframeTuned(stream, descriptors);
      for (let i = 0; i < frames * DESCRIPTOR_WORDS; i += DESCRIPTOR_WORDS) {
        const at = descriptors[i + 1] as number;
        const info = stream.subarray(at, at + (descriptors[i + 2] as number));
        const columns = decodeTuned(open(info, descriptors[i + 4] as number, nativeKeys));
        rows += columns[0]?.values.length ?? 0;
      }
      return rows;
    };
    const idiomatic = (): number => {
      let rows = 0;
      for (const frame of deframeIdiomatic(stream)) {
        rows += decodeIdiomatic(open(frame.info, frame.source, nativeKeys)).length;
      }
      return rows;
    };
    const candidate = (name: 'wasm' | 'facade' | 'ts-tuned' | 'ts-idiomatic', once: () => number) => ({
      name,
      run(times: number) {
        for (let i = 0; i < times; i++) sink.total += once();
      },
    });
    return {
      operations: FRAMES,
      validate() {
        const expected = FRAMES * ROWS_PER_FRAME;
        expectEqual(tuned(), expected, 'ts-tuned');
        expectEqual(idiomatic(), expected, 'ts-idiomatic');
        const plain = deframeIdiomatic(stream).flatMap((frame) =>
          decodeIdiomatic(open(frame.info, frame.source, nativeKeys)),
        );
        const values = PROFILE_HINTS.map((_, i) =>
          plain.map((row) => (i === 0 ? row.time.getTime() : Number(row.values[i - 1]))),
        );
        for (const [name, upTo] of [
          ['wasm', ALWAYS],
          ['facade', undefined],
        ] as const) {
          kernels.routesForgetCounters();
          const { rows, columns } = pipeline.run(stream, upTo);
          expectEqual(rows, expected, name);
          expectEqual(
            columns.map((column) => 'values' in column && [...column.values]),
            values,
            name,
          );
        }
      },
      candidates: [
        candidate('wasm', () => fused(ALWAYS)),
        candidate('facade', fused),
        candidate('ts-tuned', tuned),
        candidate('ts-idiomatic', idiomatic),
      ],
      close() {
        pipeline.close();
        for (const key of [...ownKeys.values(), ...nativeKeys.values()]) key.release();
      },
    };
  },
});
