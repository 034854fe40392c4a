import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { ProfileRows } from '../../base/model.ts';
import { unframeSealed } from '../../dlms/ciphering/ciphered-apdu.ts';
import { SECURITY_HEADER_LENGTH } from '../../dlms/ciphering/content-cipher.ts';
import { decodeDateTime } from '../../dlms/datetime.ts';
import { beginsWithLlc } from '../../dlms/link/apdu-extent.ts';
import { scanHdlc } from '../../dlms/link/scan.ts';
import { createGcmKey } from '../../kernels/index.ts';
import {
  createPipeline,
  FRAME_OUTCOMES,
  type PipelineResult,
  type PipelineRoute,
} from '../../kernels/pipeline.ts';
import type { GcmKey } from '../../kernels/types.ts';
import { hintsOf, latestOf, placeRows, type RowClock } from '../rows.ts';
import type { PushedRowsOf } from './layouts.ts';

/** What the fused path needs of a meter; keys of 16 bytes. */
export interface FusedKeys {
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  readonly systemTitle: Uint8Array;
}

export interface FusedRows {
  readonly of: PushedRowsOf;
  readonly rows: ProfileRows;
  readonly invocationCounter: number;
  /** Long-invoke-id and priority, and the date-time's length and bytes: what stands in front of the body. */
  readonly head: Uint8Array;
}

/** Tag, long-invoke-id-and-priority, length and bytes of the date-time. */
const LONGEST_HEAD = 1 + 4 + 1 + 12;
const LONGEST_FRAME = 0x7ff;
const TAG_LENGTH = 12;
const LLC_LENGTH = 3;

/**
 * The fused path: one HDLC frame with a profile buffer in general-glo-ciphering goes from its bytes to columns without
 * leaving linear memory. Undefined where it is anything else, forged, or not new (`lastCounter`): the general path
 * then says what it is. Takes the rows exactly as that one does. `receivedAtMs`: UTC ms.
 */
export function fusedRows(
  frame: Uint8Array,
  keys: FusedKeys,
  layouts: readonly PushedRowsOf[],
  { lastCounter, receivedAtMs }: { readonly lastCounter: number | undefined; readonly receivedAtMs: number },
): FusedRows | undefined {
  const scan = scanHdlc(frame, 0);
  if (scan.kind !== 'frame' || scan.frame.info === undefined) return undefined;
  const info = frame.subarray(scan.frame.info.from, scan.frame.info.to);
  const { source } = scan.frame;
  const { encryptionKey, ...others } = keys;
  const key = createGcmKey(encryptionKey);
  const route = {
    source: source.value,
    sourceBytes: source.bytes,
    tagLength: TAG_LENGTH,
    key,
    ...others,
    ...(lastCounter === undefined ? {} : { lastCounter }),
  } as const;
  try {
    let found: FusedRows | undefined;
    for (const of of layouts) {
      const result = runOnce(frame, route, of);
      if (result === 'other-layout') continue;
      // Forged or replayed; or two layouts fit, and then none does. The general path says the same.
      if (result === undefined || found !== undefined) return undefined;
      const invocationCounter = result.counters[0] ?? 0;
      const head = headOf(info, key, keys.systemTitle, invocationCounter);
      const rows = rowsOf(of, result, {
        deviationMinutes: deviationOf(head),
        latestMs: latestOf(receivedAtMs),
      });
      if (rows !== undefined) found = { of, rows, invocationCounter, head };
    }
    return found;
  } finally {
    key.release();
  }
}

/** Undefined for a frame that is not good, whatever its layout is. */
function runOnce(
  frame: Uint8Array,
  route: PipelineRoute,
  { layout }: PushedRowsOf,
): PipelineResult | 'other-layout' | undefined {
  const pipeline = createPipeline({ routes: [route], hints: hintsOf(layout), maxFrameLength: LONGEST_FRAME });
  try {
    const result = pipeline.run(frame);
    const outcome = FRAME_OUTCOMES[result.outcomes[0] ?? -1];
    if (outcome === 'not-a-profile') return 'other-layout';
    return outcome === 'good' && result.rows > 0 ? result : undefined;
  } finally {
    pipeline.close();
  }
}

/** Undefined where a value is of another kind than its column: another layout may fit. */
function rowsOf(
  { layout }: PushedRowsOf,
  { rows, columns, plaintext }: PipelineResult,
  clock: RowClock,
): ProfileRows | undefined {
  const { length } = plaintext;
  const decoded = {
    rows,
    announcedRows: rows,
    consumed: length,
    status: 'complete',
    at: length,
    columns,
  } as const;
  try {
    return placeRows(layout, plaintext, decoded, clock).rows;
  } catch (error) {
    if (error instanceof DcuError && error.code === 'type-mismatch') return undefined;
    throw error;
  }
}

/** The kernel keeps the columns only; the few bytes in front of them are deciphered once more. Their tag has verified. */
function headOf(info: Uint8Array, key: GcmKey, systemTitle: Uint8Array, counter: number): Uint8Array {
  const { sealed } = unframeSealed(beginsWithLlc(info) ? info.subarray(LLC_LENGTH) : info);
  const iv = new Uint8Array(12);
  iv.set(systemTitle);
  new DataView(iv.buffer).setUint32(8, counter);
  const content = sealed.subarray(SECURITY_HEADER_LENGTH, sealed.length - TAG_LENGTH);
  return key.crypt(iv, content.subarray(0, LONGEST_HEAD));
}

function deviationOf(head: Uint8Array): number {
  const reader = new ByteReader(head, 5);
  return reader.remaining === 13 && reader.u8() === 12
    ? (decodeDateTime(reader.rest()).deviationMinutes ?? 0)
    : 0;
}
