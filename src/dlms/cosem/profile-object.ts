import { conformanceMask } from '../apdu/conformance.ts';
import type { CosemAttribute } from '../client-types.ts';
import type { Caller } from '../server-types.ts';
import { array, enumeration, u32 } from '../values.ts';
import { type CosemObject, constant, type MethodSource } from './cosem-object.ts';
import { type ProfileRowSource, readProfileBuffer } from './profile-buffer.ts';
import type { ProfileEncoding, RowEncoding } from './profile-encoding.ts';
import { captureObjectData } from './selective-access.ts';

export interface ProfileConfig {
  readonly obis: string;
  readonly source: ProfileRowSource;
  /** Seconds; 0 = captured on events. */
  readonly capturePeriodS: number;
  /** Rows that it holds at most. */
  readonly profileEntries: number;
  /** Class 7's sort methods; 1 = first in, first out. */
  readonly sortMethod?: number;
  readonly sortObject?: CosemAttribute;
  /** How the buffer is written; `plain` if not given. Differences go only to clients that have agreed to them. */
  readonly encoding?: ProfileEncoding;
  readonly reset?: MethodSource;
  readonly capture?: MethodSource;
}

/** A profile generic (class 7 version 1) over a source of rows. */
export function profileObject(config: ProfileConfig): CosemObject {
  const { source, sortObject, reset, capture } = config;
  const FIFO = 1;
  // Without a sort object the standard has a capture_object_definition of zeros.
  const unsorted = { classId: 0, obis: '0.0.0.0.0.0', attribute: 0 };
  return {
    classId: 7,
    version: 1,
    obis: config.obis,
    attributes: {
      2: {
        get: ({ selection, caller }) => readProfileBuffer(source, selection, encodingFor(config, caller)),
        selective: true,
      },
      3: { get: () => array(source.columns.map(captureObjectData)) },
      4: constant(u32(config.capturePeriodS)),
      5: constant(enumeration(config.sortMethod ?? FIFO)),
      6: constant(captureObjectData({ ...(sortObject ?? unsorted), dataIndex: 0 })),
      7: { get: () => u32(source.count()) },
      8: constant(u32(config.profileEntries)),
    },
    methods: { ...(reset ? { 1: reset } : {}), ...(capture ? { 2: capture } : {}) },
  };
}

function encodingFor({ encoding = 'plain', capturePeriodS }: ProfileConfig, caller: Caller): RowEncoding {
  const granted = ((caller.context?.conformance ?? 0) & conformanceMask(['delta-value-encoding'])) !== 0;
  return { encoding: encoding === 'deltas' && !granted ? 'plain' : encoding, periodS: capturePeriodS };
}
