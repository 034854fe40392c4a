import { expect, test } from 'bun:test';
import { lineMeters, lineRows } from '../../src/api/line-rows.ts';
import type { LineAccount, LineUse, MeterUse } from '../../src/meters/line-job.ts';

const used = (frames: number): LineUse => ({
  frames,
  bytes: 10 * frames,
  bitMs: 0,
  busyMs: 3 * frames,
  badFcs: 0,
  rejectedHeaders: 0,
  retransmissions: 0,
  timeouts: 0,
  ignoredFrames: 0,
  failures: 0,
  lastError: null,
});

/** A meter on a line of its own behind a module. */
function account(id: number, frames: number, of: Partial<MeterUse> = {}): LineAccount {
  const use = { ...used(frames), ...of };
  const own: MeterUse = { ...use, meterNo: `M${id}`, link: null, breaker: of.breaker ?? 'closed' };
  return {
    line: `plc:${id}`,
    channel: 'reading_module',
    shared: false,
    state: id === 2 ? 'busy' : 'idle',
    ageMs: 1000 * id,
    use,
    meters: new Map([[id, own]]),
  };
}

const lastError = { code: 'link-timeout', message: 'no answer', time: 7 } as const;
const ACCOUNTS: readonly LineAccount[] = [
  account(1, 5, { lastError: { ...lastError, time: 3 } }),
  { ...account(9, 1), line: 'rs485_1', channel: 'rs485_1', shared: true },
  account(2, 7, { lastError, breaker: 'open' }),
  account(3, 7),
];

test('the lines of a channel are one row, a shared line is its own, and nothing is added twice', () => {
  const again = () => lineRows(ACCOUNTS);
  again();
  const [module, shared, ...others] = again();
  expect(others).toEqual([]);
  expect(shared).toMatchObject({ line: 'rs485_1', shared: true, lines: 1, meters: 1 });
  expect(module).toMatchObject({
    line: 'reading_module',
    shared: false,
    state: 'busy',
    ageMs: 3000,
    lines: 3,
    meters: 3,
    givenUp: 1,
    use: { frames: 19, bytes: 190, busyMs: 57, lastError },
  });
});

test('meters of a row are in order, those that are alike by MeterNo', () => {
  const order = (...by: [Parameters<typeof lineMeters>[2], boolean]) =>
    lineMeters(ACCOUNTS, 'reading_module', ...by)?.map(({ line }) => line);
  expect(order('meterNo', true)).toEqual(['plc:3', 'plc:2', 'plc:1']);
  expect(order('frames', true)).toEqual(['plc:2', 'plc:3', 'plc:1']);
  expect(order('frames', false)).toEqual(['plc:1', 'plc:2', 'plc:3']);
  expect(order('breaker', true)).toEqual(['plc:2', 'plc:1', 'plc:3']);
  expect(lineMeters(ACCOUNTS, 'nobody', 'frames', false)).toBeUndefined();
});
