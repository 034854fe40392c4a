/**
 * A concentrator on a small disk that is full after its first chunks, and has room again later. Prints one JSON line.
 * Arguments: directory, meters as JSON.
 */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toDcuError } from '../../src/base/errors.ts';
import { newMeter, openHouse, type ShownMeter } from './house.ts';

const [directory = '', meters = '[]'] = process.argv.slice(2);
const where = JSON.parse(meters) as { meterNo: string; host: string; port: number }[];
const house = await openHouse({ directory });
for (const { meterNo, host, port } of where) {
  const address = {
    framing: 'wrapper',
    host,
    port,
    clientAddress: 1,
    serverAddress: 1,
    addressBytes: 1,
  } as const;
  await house.add(newMeter(meterNo, { address }));
}
const ballast = join(directory, 'ballast');
/** Leaves so many bytes of the disk. */
function fill(left: number): void {
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(ballast, new Uint8Array(Math.max(0, bavail * bsize - left)));
}
const errorsShown = async (): Promise<unknown[]> => {
  const { rows } = await house.api<{ rows: ShownMeter[] }>('/api/meters');
  return rows.map(({ lastError }) => lastError?.code ?? null);
};
// Signing in writes; looking does not.
await errorsShown();
fill(160_000);
const types = [
  'Energy profile',
  'Demand profile',
  'Monthly Billing',
  'Fraud Event',
  'Standard Event',
] as const;
const first = await house.round(types);
const totals = async (): Promise<number> => {
  const { profileRows, billingRows, eventRows } = await house.concentrator.store.readings.totals();
  return profileRows + billingRows + eventRows;
};
const readable = await totals();
let shown = 'ok';
try {
  await house.concentrator.store.archive.list({});
} catch (error) {
  shown = toDcuError(error).code;
}
const errors = await errorsShown();
rmSync(ballast);
const second = await house.round(types);
let twice = 0;
for (const { id } of (await house.concentrator.store.archive.list({})).rows) {
  const handed = house.handed(id, 'energy');
  twice += handed.length - new Set(handed).size;
}
const line = JSON.stringify({
  first: {
    failed: first.failed,
    codes: first.failures.map(({ code }) => code),
    rows: first.profileRows + first.billingRows + first.eventRows,
  },
  readable,
  shown,
  errors,
  errorsLater: await errorsShown(),
  second: { failed: second.failed, codes: second.failures.map(({ code }) => code) },
  times: await totals(),
  twice,
});
await house.close();
process.stdout.write(`${line}\n`);
