import { afterEach, expect, test } from 'bun:test';
import { DcuError } from '../../../src/base/errors.ts';
import { HeadEnds, type Manner, SLOWLY_MS, TIMING } from './head-ends.ts';

let running: HeadEnds | undefined;
afterEach(() => running?.dialler.stop());

async function start(manners: readonly Manner[], random = 0, timing = TIMING): Promise<HeadEnds> {
  running = new HeadEnds(manners, random, timing);
  running.dialler.start();
  await running.clock.advance(0);
  return running;
}

test('addresses are tried in their order; the first that accepts is the connection', async () => {
  const { tries, dialler } = await start(['refuses', 'accepts', 'accepts']);
  expect(tries).toEqual([
    [0, 0],
    [0, 1],
  ]);
  expect(dialler.state).toMatchObject({ state: 'connected', peer: 'hes-1:4059:a', attempts: 0 });
  expect(dialler.state.lastError).toMatchObject({ code: 'channel-open-failed' });
});

test('rounds become slower up to the longest pause, half of it by chance', async () => {
  const pausesOf = async (random: number): Promise<number[]> => {
    const { clock, tries, dialler } = await start(['refuses', 'refuses'], random);
    await clock.advance(2 * 3_600_000);
    const begins = tries.filter(([, address]) => address === 0).map(([seconds]) => seconds);
    dialler.stop();
    return begins.slice(1).map((seconds, i) => Math.round(seconds - (begins[i] ?? 0)));
  };
  const least = await pausesOf(0);
  expect(least.slice(0, 10)).toEqual([3, 5, 10, 20, 40, 80, 160, 300, 300, 300]);
  const most = await pausesOf(0.9999);
  expect(most.slice(0, 9)).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
});

test('a head-end that closes at once is dialled ever less often, and told of once', async () => {
  const { clock, tries, told, dialler } = await start(['closes'], 0.5);
  await clock.advance(24 * 3_600_000);
  // 450 s apart in the end; ten more while the pauses grow.
  expect(tries.length).toBeLessThan(86_400 / 450 + 10);
  expect(tries.length).toBeGreaterThan(100);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain('hes-unreachable tcp_client');
  expect(dialler.state).toMatchObject({ state: 'pausing' });
  expect(dialler.state.nextTryAt).toBeGreaterThan(clock.now());
});

test('the first address is taken again when it answers, and the other one is let go only then', async () => {
  const ends = await start(['refuses', 'accepts']);
  ends.useful();
  const { clock, tries, manners, taps, told, dialler } = ends;
  await clock.advance(3_600_000);
  expect(tries.slice(2)).toEqual([[3600, 0]]);
  expect(dialler.state.peer).toBe('hes-1:4059:a');
  expect(taps[0]?.ended).toBeUndefined();
  manners[0] = 'accepts';
  await clock.advance(3_600_000);
  expect(dialler.state.peer).toBe('hes-0:4059:a');
  expect(taps[0]?.ended?.code).toBe('link-closed');
  ends.useful();
  expect(told).toEqual([
    'hes-connected tcp_client, hes-1:4059:a',
    'hes-fail-over tcp_client, from hes-1:4059:a to hes-0:4059:a',
  ]);
  await clock.advance(24 * 3_600_000);
  expect(tries).toHaveLength(4);
});

test('a connection that is lost while the first address is dialled beside is not missed', async () => {
  const { clock, tries, manners, accepted, dialler } = await start(['refuses', 'accepts']);
  manners[0] = 'accepts slowly';
  await clock.advance(3_601_000);
  expect(dialler.state).toMatchObject({ state: 'probing', peer: 'hes-1:4059:a' });
  accepted[0]?.lose();
  expect(dialler.state).toMatchObject({ state: 'dialling', peer: undefined });
  await clock.advance(SLOWLY_MS);
  expect(dialler.state).toMatchObject({ state: 'connected', peer: 'hes-0:4059:a' });
  expect(tries).toHaveLength(3);
});

test('a connection of use that is lost is dialled anew after the first pause, from the first address on', async () => {
  const ends = await start(['refuses', 'accepts']);
  const { clock, tries, manners, accepted, dialler } = ends;
  ends.useful();
  manners[0] = 'accepts';
  accepted[0]?.lose();
  expect(dialler.state).toMatchObject({ state: 'pausing', lastError: { code: 'channel-lost' } });
  await clock.advance(3000);
  expect(tries.slice(2)).toEqual([[2.5, 0]]);
  expect(dialler.state.peer).toBe('hes-0:4059:a');
});

test('connections and losses that come and go fill no logbook', async () => {
  const ends = await start(['accepts']);
  const { clock, accepted, told } = ends;
  for (let i = 0; i < 300; i++) {
    ends.useful();
    accepted.at(-1)?.lose();
    await clock.advance(10_000);
  }
  expect(accepted.length).toBeGreaterThan(250);
  // 50 minutes, ten between entries of one kind.
  expect(told.length).toBeLessThanOrEqual(12);
  expect(told.at(-1)).toMatch(/5\d more since the last entry/);
});

test('there is a connection in the window alone', async () => {
  running = new HeadEnds(['accepts']);
  const { clock, dialler, told } = running;
  running.isWanted = (nowMs) => new Date(nowMs).getUTCHours() === 13;
  dialler.start();
  await clock.advance(3_590_000);
  expect(dialler.state.state).toBe('resting');
  await clock.advance(40_000);
  expect(dialler.state.state).toBe('connected');
  running.useful();
  await clock.advance(3_600_000);
  expect(dialler.state.state).toBe('resting');
  expect(running.taps[0]?.ended?.code).toBe('link-closed');
  expect(told.map((entry) => entry.split(' ')[0])).toEqual(['hes-connected', 'hes-disconnected']);
});

test('what is stopped while it dials lets the connection go that comes too late', async () => {
  const ends = new HeadEnds(['accepts']);
  ends.dialler.start();
  ends.dialler.stop();
  await ends.clock.advance(100_000);
  expect(ends.taps).toHaveLength(0);
  let closed = false;
  ends.accepted[0]?.onClosed(() => {
    closed = true;
  });
  await ends.clock.advance(0);
  expect(closed).toBe(true);
  expect(ends.clock.pending).toBe(0);
});

test('who waits for a connection has it as soon as there is one, or gives up', async () => {
  const ends = await start(['refuses']);
  const { clock, dialler, manners } = ends;
  const given = new AbortController();
  const late = dialler.connected(given.signal);
  given.abort(new DcuError('cancelled', 'not needed'));
  await expect(late).rejects.toMatchObject({ code: 'cancelled' });
  const waiting = dialler.connected(new AbortController().signal);
  manners[0] = 'accepts';
  await clock.advance(10_000);
  expect((await waiting).tap).toBe(ends.taps[0] as never);
  expect((await dialler.connected(new AbortController().signal)).tap).toBe(ends.taps[0] as never);
});
