import { expect, test } from 'bun:test';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { parseObis } from '../../src/dlms/obis.ts';
import { ProfileReader } from '../../src/meters/profile-reader.ts';

const NOW = Date.UTC(2026, 2, 3, 12, 20);
const LOG = '0.0.99.98.0.255';

const captured = (classId: number, obis: string): DlmsData => ({
  type: 'structure',
  elements: [
    { type: 'long-unsigned', value: classId },
    { type: 'octet-string', value: parseObis(obis) },
    { type: 'integer', value: 2 },
    { type: 'long-unsigned', value: 0 },
  ],
});

/** What an empty log of a meter with such a clock settles. */
async function settled(driftMs: number): Promise<number | undefined> {
  const attributes: Readonly<Record<number, DlmsData>> = {
    3: { type: 'array', elements: [captured(8, '0.0.1.0.0.255'), captured(1, '0.0.96.11.0.255')] },
    4: { type: 'double-long-unsigned', value: 0 },
  };
  const reader = new ProfileReader({
    clockObis: '0.0.1.0.0.255',
    now: () => NOW,
    clock: async () => ({
      readAtMs: NOW,
      meterMs: NOW + driftMs,
      driftMs,
      roundTripMs: 0,
      deviationMinutes: 0,
      status: 0,
    }),
    get: async () => ({ ok: true, data: encodeData({ type: 'array', elements: [] }) }),
    getMany: async (wanted) =>
      wanted.map(({ attribute }) => ({
        ok: true,
        data: encodeData(attributes[attribute] ?? { type: 'null-data' }),
      })),
  });
  const interval = { fromMs: NOW - 3_600_000, toMs: NOW };
  for await (const { covered } of reader.read(LOG, interval, false, async () => undefined))
    return covered?.toMs;
  return undefined;
}

test('a log is settled up to ten seconds ago by the clock that is behind, be it the meter or the concentrator', async () => {
  expect(await settled(0)).toBe(NOW - 10_000);
  expect(await settled(-40_000)).toBe(NOW - 50_000);
  // Set back to now, the meter writes entries from now on: what it has shown until then proves nothing.
  expect(await settled(40_000)).toBe(NOW - 10_000);
});
