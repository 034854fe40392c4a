import { afterEach, beforeEach, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DEFAULT_RULES, Lockout, type LockoutRules } from '../../src/security/lockout.ts';
import { ProtectedPorts } from '../../src/security/protected-ports.ts';
import type { Store } from '../../src/store/types.ts';
import { openTestStore, removeDirectory, temporaryDirectory } from '../store/fixture.ts';

const START_MS = Date.UTC(2026, 0, 1);
const SUBJECT = 'hes:north/2001:db8::1';

let directory: string;
let store: Store;
let clock: VirtualClock;
let rules: LockoutRules;
let lockout: Lockout;
let ports: ProtectedPorts;
beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
  clock = new VirtualClock(START_MS);
  rules = DEFAULT_RULES;
  lockout = new Lockout({ rows: store.accounts, clock, port: 'north', rules: async () => rules });
  ports = new ProtectedPorts(store.accounts, clock);
});
afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

async function fail(times: number, subject = SUBJECT): Promise<boolean> {
  let blocked = false;
  for (let i = 0; i < times; i++) blocked = await lockout.fail([subject]);
  return blocked;
}

/** Seconds that a subject is still blocked for; 0 when it is not. */
const leftS = (subject = SUBJECT): Promise<unknown> =>
  lockout.requireOpen([subject]).then(
    () => 0,
    ({ facts }) => facts.retryAfterS,
  );

test('the fifth failure blocks for a day, by the defaults', async () => {
  expect(await fail(4)).toBe(false);
  expect(await leftS()).toBe(0);
  expect(await fail(1)).toBe(true);
  expect(await leftS()).toBe(86_400);
  await clock.advance(86_399_000);
  expect(await leftS()).toBe(1);
  await clock.advance(1000);
  expect(await leftS()).toBe(0);
});

test('blocks in a row grow up to the longest; a success ends the row', async () => {
  rules = { attempts: 2, initialS: 10, steepness: 3, maxS: 100 };
  for (const seconds of [10, 30, 90, 100, 100]) {
    await fail(2);
    expect(await leftS()).toBe(seconds);
    await clock.advance(seconds * 1000);
  }
  await lockout.clear([SUBJECT]);
  await fail(2);
  expect(await leftS()).toBe(10);
});

test('a first block that is longer than the longest is as long as it says', async () => {
  rules = { attempts: 1, initialS: 500, steepness: 2, maxS: 100 };
  await fail(1);
  expect(await leftS()).toBe(500);
});

test('who is locked out is listed by what he came as, and let in by the id alone', async () => {
  await fail(5);
  await clock.advance(1000);
  await fail(5, 'account:a:b');
  await fail(4, 'account:free');
  const listed = await ports.locked();
  expect(listed).toMatchObject([
    { port: 'north', kind: 'account', name: 'a:b', failures: 5, until: START_MS + 86_401_000 },
    { port: 'north', kind: 'hes', name: 'north/2001:db8::1', failures: 5, until: START_MS + 86_400_000 },
  ]);
  await expect(ports.unlock('bm9ib2R5')).rejects.toMatchObject({ code: 'not-found' });
  const id = listed.find(({ kind }) => kind === 'hes')?.id ?? '';
  expect((await ports.unlock(id)).name).toBe('north/2001:db8::1');
  expect(await leftS()).toBe(0);
});

test('an interface tells its worst and its sum; its reset keeps the sum and leaves others alone', async () => {
  const other = new Lockout({ rows: store.accounts, clock, port: 'south', rules: async () => rules });
  for (let i = 0; i < 5; i++) await other.fail(['hes:south/10.0.0.1']);
  await fail(2);
  await fail(3, 'hes:north/10.0.0.2');
  expect(await ports.state('north')).toEqual({
    mode: 'on-failures',
    locked: 0,
    failedAttempts: 3,
    cumulativeFailedAttempts: 5,
  });
  await ports.reset('north');
  expect(await ports.state('north')).toMatchObject({ failedAttempts: 0, cumulativeFailedAttempts: 5 });
  expect(await ports.state('south')).toMatchObject({ locked: 1, failedAttempts: 5 });
});

test('a locked interface is open to nobody, an unlocked one to everybody', async () => {
  await fail(5);
  await ports.setMode('north', 'unlocked');
  expect(await leftS()).toBe(0);
  expect(await fail(9)).toBe(false);
  await ports.setMode('north', 'locked');
  await expect(lockout.requireOpen(['hes:north/10.9.9.9'])).rejects.toMatchObject({ code: 'locked-out' });
  await ports.setMode('north', 'on-failures');
  expect(await ports.state('north')).toMatchObject({ mode: 'on-failures', cumulativeFailedAttempts: 14 });
});
