import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { decodeGetResponse } from '../../src/dlms/apdu/get.ts';
import { decodeProfile } from '../../src/kernels/index.ts';
import type { ColumnHint } from '../../src/kernels/types.ts';
import { energyRows } from '../../src/simulator/profile-rows.ts';
import { type House, openHouse } from '../concentrator/house.ts';
import { beginning } from '../meters/beginning.ts';
import { type Neighbours, startNeighbours } from './neighbours.ts';
import { isBlock, openTap, rangesOf, type Tap } from './tap.ts';

setDefaultTimeout(30_000);

const DAY_MS = 86_400_000;

let house: House | undefined;
let neighbours: Neighbours | undefined;
let tap: Tap | undefined;
afterEach(async () => {
  await house?.end();
  await tap?.close();
  await neighbours?.stop();
  house = undefined;
  neighbours = undefined;
  tap = undefined;
});

/** Times of the rows in each transfer of blocks that came over the line, broken transfers included. */
function rowTimes(responses: readonly Uint8Array[], columns: number): number[] {
  const transfers: Uint8Array[][] = [];
  for (const apdu of responses.filter(isBlock)) {
    const response = decodeGetResponse(apdu);
    if (response.type !== 'with-datablock' || !response.block.ok) continue;
    if (response.blockNumber === 1) transfers.push([]);
    transfers.at(-1)?.push(response.block.data);
  }
  return transfers.flatMap((blocks) => {
    const hints = Array.from({ length: columns }, (_, i): ColumnHint => (i === 0 ? 'date-time' : 'number'));
    const { rows, columns: decoded } = decodeProfile(Buffer.concat(blocks), hints);
    const clock = decoded[0];
    return clock?.kind === 'date-time' ? [...clock.values.subarray(0, rows)] : [];
  });
}

describe('a transfer that breaks off', () => {
  test.each(['within one round', 'and is taken up by the next round', 'and by the next process'])(
    'is taken up where it broke, %s',
    async (when) => {
      neighbours = await startNeighbours();
      const served = neighbours.at(0);
      let cuts = 0;
      tap = openTap(served, {
        response: (apdu) => {
          if (!isBlock(apdu)) return apdu;
          const response = decodeGetResponse(apdu);
          // Once in each of the first two chunks.
          if (response.type === 'with-datablock' && response.blockNumber === 9 && cuts < 2) {
            cuts++;
            tap?.responses.pop();
            return 'cut';
          }
          return apdu;
        },
      });
      const once = when === 'within one round';
      house = await openHouse({ attributes: { 'send.retry': once ? '3' : '0' } });
      const meter = await house.serve(served, tap);
      const began = await beginning();
      const first = await house.round(['Energy profile']);
      if (once) expect(first).toMatchObject({ failed: 0 });
      else {
        expect(first.failures).toMatchObject([{ code: 'link-closed', meterNo: served.meterNo }]);
        expect(await house.settled(meter.id)).toMatchObject({
          state: 'offline',
          lastError: { code: 'link-closed' },
        });
        expect(first.profileRows).toBeGreaterThan(50);
        for (let round = 0; round < 2; round++) {
          if (when.includes('process')) await house.restart();
          const next = await house.round(['Energy profile']);
          expect(next.failed).toBe(round === 0 ? 1 : 0);
        }
        expect(await house.settled(meter.id)).toMatchObject({ state: 'online', lastError: null });
      }
      expect(cuts).toBe(2);
      const stored = await house.concentrator.store.readings.profile(meter.id, 'energy', {
        fromMs: 0,
        toMs: Number.MAX_SAFE_INTEGER,
      });
      const { stamps } = energyRows(served.device.point, Date.now());
      const wanted = [...stamps].filter((time) => time >= began - 20 * DAY_MS && time < began);
      expect([...(stored?.times ?? [])].filter((time) => time < began)).toEqual(wanted);
      const came = rowTimes(tap.responses, (stored?.columns.length ?? 0) + 1);
      expect(came.length).toBeGreaterThanOrEqual(wanted.length);
      // The row that a cut tore is the only one that may come again, and it was never whole before.
      expect(new Set(came).size).toBe(came.length);
      const ranges = rangesOf(tap.requests).toSorted((a, b) => a.fromMs - b.fromMs);
      expect(ranges).toHaveLength(4 + 2);
      const asked = ranges.map(({ fromMs }) => fromMs);
      expect(new Set(asked).size).toBe(asked.length);
    },
  );
});
