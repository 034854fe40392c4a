import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { type NtpLook, NtpPoll, type NtpSettings } from '../../src/device/ntp-poll.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const SERVER = { host: 'ntp.example', port: 123, intervalS: 3600 };
const sample = (offsetMs: number, roundTripMs = 20): NtpLook => ({ offsetMs, roundTripMs });

/** `look` answers the n-th look, from 0. */
function setUp(look: (n: number) => NtpLook) {
  const clock = new VirtualClock(NOW);
  const set: number[] = [];
  const looks: number[] = [];
  const state: { settings: NtpSettings } = { settings: SERVER };
  const poll = new NtpPoll({
    clock,
    settings: async () => state.settings,
    look: async () => {
      looks.push(clock.monotonicMs());
      return look(looks.length - 1);
    },
    set: async (utcMs) => {
      set.push(utcMs - clock.now());
      return 'set';
    },
    log: silentLog,
  });
  return { clock, poll, set, looks, state };
}

const silent = (): never => {
  throw new DcuError('link-timeout', 'no answer');
};

describe('a time server', () => {
  test('is looked at four times, of which the fastest counts', async () => {
    const { clock, poll, set, looks } = setUp(
      (n) => [sample(500, 90), sample(470, 8), sample(520, 130), sample(480, 30)][n % 4] ?? silent(),
    );
    await poll.reload();
    await clock.advance(10_000);
    expect(set).toEqual([470]);
    expect(looks).toEqual([0, 2000, 4000, 6000]);
    await clock.advance(3_610_000);
    expect(set).toHaveLength(2);
    poll.stop();
    await clock.advance(7_200_000);
    expect(set).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test('that tells different times, answers once, or too slowly, sets nothing', async () => {
    for (const look of [
      (n: number) => sample(n * 5000),
      (n: number) => (n === 0 ? sample(5) : silent()),
      () => sample(5, 2500),
    ]) {
      const { clock, poll, set } = setUp(look);
      await poll.reload();
      await clock.advance(20_000);
      expect(set).toEqual([]);
      expect(poll.lastError).toBeInstanceOf(DcuError);
      poll.stop();
    }
  });

  test('one look that is wrong does not spoil the others', async () => {
    const { clock, poll, set } = setUp((n) => (n === 2 ? sample(90_000, 40) : sample(100, 20)));
    await poll.reload();
    await clock.advance(10_000);
    expect(set).toEqual([100]);
  });

  test('that is silent is asked again, later each time, and at the interval at last', async () => {
    const { clock, poll, looks } = setUp(silent);
    await poll.reload();
    await clock.advance(8 * 3_600_000);
    const rounds = looks.filter((_, i) => i % 4 === 0);
    const gaps = rounds.slice(1).map((at, i) => Math.round((at - (rounds[i] ?? 0)) / 1000));
    expect(gaps.slice(0, 4)).toEqual([70, 134, 262, 518]);
    expect(Math.max(...gaps)).toBe(3606);
    expect(poll.lastError?.code).toBe('link-timeout');
  });

  test('that sends us away is not asked again until the settings change', async () => {
    const { clock, poll, looks, state } = setUp((n) => (n === 0 ? { kiss: 'DENY' } : sample(7)));
    await poll.reload();
    await clock.advance(48 * 3_600_000);
    expect(looks).toHaveLength(1);
    await expect(poll.synchronise()).rejects.toMatchObject({ code: 'conflict' });
    state.settings = { ...SERVER, host: 'other.example' };
    await poll.reload();
    await clock.advance(10_000);
    expect(looks).toHaveLength(5);
    poll.stop();
  });

  test('that wants to be asked less often is', async () => {
    const { clock, poll, looks } = setUp((n) => (n === 0 ? { kiss: 'RATE' } : sample(7)));
    await poll.reload();
    await clock.advance(7_199_000);
    expect(looks).toHaveLength(1);
    await clock.advance(10_000);
    expect(looks).toHaveLength(5);
    poll.stop();
  });

  test('without one nothing is asked, and asking is refused', async () => {
    const { clock, poll, looks, state } = setUp(() => sample(0));
    state.settings = { ...SERVER, host: '' };
    await poll.reload();
    await clock.advance(86_400_000);
    expect(looks).toEqual([]);
    await expect(poll.synchronise()).rejects.toMatchObject({ code: 'conflict', field: 'ntp.server' });
  });
});
