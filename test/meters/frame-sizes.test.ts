import { describe, expect, test } from 'bun:test';
import type { Meter } from '../../src/base/model.ts';
import { CHANNEL, LineBench } from './line-bench.ts';

const LONG = { classId: 1, obis: '0.0.96.1.0.255', attribute: 9 };
const BIG = { maxInfoTransmit: 1024, maxInfoReceive: 1024, windowTransmit: 7, windowReceive: 7 };

/** Opens, reads the long value and closes; what went wrong, if anything did. */
async function readLong(bench: LineBench, row: Meter): Promise<unknown> {
  const session = await bench.open(row);
  try {
    const [result] = await bench.settled(session.readRegisters([LONG]));
    return result?.ok === true ? undefined : result;
  } catch (error) {
    return error;
  } finally {
    await bench.settled(session.close());
  }
}

describe('frames and windows', () => {
  test('are as large as settings and meter allow', async () => {
    const bench = new LineBench(700);
    const rows = [
      bench.add(17, CHANNEL, {}, BIG),
      bench.add(18, CHANNEL, {}, { maxInfoTransmit: 300, maxInfoReceive: 200, windowTransmit: 2 }),
      bench.add(19, CHANNEL),
    ];
    const seen = [];
    for (const row of rows) {
      expect(await readLong(bench, row)).toBeUndefined();
      const { field, window } = bench.connector.linkState(row) ?? {};
      seen.push([field, window]);
    }
    expect(seen).toEqual([
      [700, 7],
      [300, 2],
      [128, 1],
    ]);
  });

  test('shrink for a meter whose long ones get lost, and stay so for this run', async () => {
    const bench = new LineBench(1024);
    const row = bench.add(17, CHANNEL, {}, BIG);
    const other = bench.add(18, CHANNEL, {}, BIG);
    // A line that carries no long frame of this meter: its adapter has a small buffer.
    bench.wire.toMaster = (bytes) => (bytes.length > 180 && isFrom(bytes, 17) ? new Uint8Array(0) : bytes);
    const outcomes = [];
    for (let i = 0; i < 4; i++) {
      const failed = await readLong(bench, row);
      outcomes.push([failed === undefined, bench.connector.linkState(row)?.field]);
    }
    expect(outcomes).toEqual([
      [false, 1024],
      [false, 256],
      [true, 128],
      [true, 128],
    ]);
    expect(await readLong(bench, other)).toBeUndefined();
    expect(bench.connector.linkState(other)?.field).toBe(1024);
  });

  test('do not shrink for a meter that falls silent in the middle of long ones', async () => {
    const bench = new LineBench(256);
    const row = bench.add(17, CHANNEL, {}, BIG);
    let frames = 0;
    bench.wire.toMaster = (bytes) => {
      if (bytes.length > 180) frames++;
      return frames > 1 ? new Uint8Array(0) : bytes;
    };
    expect(await readLong(bench, row)).toBeDefined();
    bench.wire.toMaster = (bytes) => bytes;
    expect(await readLong(bench, row)).toBeUndefined();
    expect(bench.connector.linkState(row)).toMatchObject({ field: 256, window: 7 });
  });
});

/** Whether a frame from the wire has this lower address as its source, in four bytes. */
function isFrom(bytes: Uint8Array, physical: number): boolean {
  return bytes[7] === ((physical << 1) | 1);
}
