import { expect, test } from 'bun:test';
import { CHANNEL, LineBench } from './line-bench.ts';

test('a dead meter on a line whose others answer costs little, and a probe less', async () => {
  const bench = new LineBench();
  const dead = bench.add(17, CHANNEL);
  const living = bench.add(18, CHANNEL);
  bench.wire.toMaster = (bytes) => (bytes[7] === ((17 << 1) | 1) ? new Uint8Array(0) : bytes);
  const cost = async (probe: boolean): Promise<number> => {
    const opening = await bench.connector.prepare(dead);
    const startedMs = bench.clock.monotonicMs();
    let tookMs = 0;
    const failed = opening
      .open(new AbortController().signal, probe, () => {})
      .catch((error: unknown) => {
        tookMs = bench.clock.monotonicMs() - startedMs;
        return error;
      });
    expect(await bench.settled(failed)).toMatchObject({ code: 'link-timeout' });
    return tookMs;
  };
  // Nobody has been heard yet: three tries within two seconds, and then all the time that the settings give, four seconds each.
  expect(await cost(false)).toBe(2_000);
  expect(await cost(false)).toBe(12_000);
  expect((await bench.read(living)).text).toBe('18');
  // Now it is known how fast this line answers.
  const [known, probed] = [await cost(false), await cost(true)];
  expect(known).toBeLessThanOrEqual(2_000 + 700);
  expect(probed).toBeLessThan(known);
  // A round of thirty meters at five seconds each with one dead among them.
  expect(known / (29 * 5_000 + known)).toBeLessThan(0.05);
  expect(bench.troubles).toEqual([]);
});
