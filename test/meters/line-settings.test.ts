import { describe, expect, test } from 'bun:test';
import type { MeterAddress } from '../../src/base/model.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { setLine } from '../../src/meters/line-settings.ts';
import { at, CHANNEL, LineBench } from './line-bench.ts';

describe('meters of one line', () => {
  test('each have their own rate and parity, with mode E or without, and the next finds the line as it needs it', async () => {
    const bench = new LineBench();
    const plain = bench.add(17, CHANNEL);
    const fast = bench.add(18, at(19_200, 'even'), { baudRate: 19_200, parity: 'even' });
    const signsOn = bench.add(19, at(300, 'even', 7), { opening: 'mode-e', baudRate: 4800 });
    const signsOnToo = bench.add(20, at(300, 'even', 7), { opening: 'mode-e' });
    for (let round = 0; round < 2; round++) {
      expect(await bench.read(plain)).toEqual({ text: '17', line: CHANNEL });
      expect(await bench.read(fast)).toEqual({ text: '18', line: at(19_200, 'even') });
      expect(await bench.read(signsOn)).toEqual({ text: '19', line: at(4800) });
      expect(await bench.read(plain)).toEqual({ text: '17', line: CHANNEL });
      // As fast as the channel itself, though the meter offers more.
      expect(await bench.read(signsOnToo)).toEqual({ text: '20', line: CHANNEL });
    }
    // Nothing is set that stands already, and a sign-on is always at 300 baud.
    expect(bench.master.history.filter(({ baudRate }) => baudRate === 300)).toHaveLength(4);
    expect(bench.master.history.filter(({ baudRate }) => baudRate === 19_200)).toHaveLength(2);
    expect(bench.connector.linkState(fast)).toMatchObject({ msPerByte: 11_000 / 19_200, field: 128 });
    expect(bench.connector.linkState(signsOn)?.msPerByte).toBeCloseTo(10_000 / 4800);
    expect(bench.troubles).toEqual([]);
  });

  test('a line that echoes is read, and told of once', async () => {
    const bench = new LineBench();
    bench.wire.echo = true;
    const rows = [bench.add(17, CHANNEL), bench.add(18, at(300, 'even', 7), { opening: 'mode-e' })];
    for (const row of [...rows, ...rows]) expect((await bench.read(row)).text).toBe(String(row.id));
    expect(bench.troubles).toEqual(['rs485: the line hands back what is sent: the echo is taken out']);
  });

  test('two that answer to one address are no mere silence', async () => {
    const bench = new LineBench();
    const twice = bench.add(17, CHANNEL);
    const other = bench.add(18, CHANNEL);
    // What both say at once is nobody's frame, but between its flags.
    let garble = true;
    bench.wire.toMaster = (bytes) =>
      garble ? bytes.map((byte, i) => (i < 3 || i === bytes.length - 1 ? byte : byte & 0x5a)) : bytes;
    const failed = await bench.open(twice).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'frame-corrupt',
      message: expect.stringContaining('two devices may share this address'),
    });
    await bench.open(twice).catch(() => undefined);
    expect(bench.troubles).toHaveLength(1);
    expect(bench.troubles[0]).toContain('two devices may share this address');
    garble = false;
    expect((await bench.read(other)).text).toBe('18');
  });

  test('silence stays silence', async () => {
    const bench = new LineBench();
    const row = bench.add(17, CHANNEL);
    bench.wire.toMaster = () => new Uint8Array(0);
    expect(await bench.open(row).catch((error: unknown) => error)).toMatchObject({ code: 'link-timeout' });
    expect(bench.troubles).toEqual([]);
  });
});

test('a meter that needs a rate of its own is refused on a way that has none', async () => {
  const [channel] = memoryPair();
  const address: MeterAddress = { framing: 'hdlc', clientAddress: 1, serverAddress: 1, addressBytes: 1 };
  await setLine(channel, undefined, address);
  const failed = await setLine(channel, undefined, { ...address, baudRate: 300 }).catch(
    (error: unknown) => error,
  );
  expect(failed).toMatchObject({ code: 'unsupported', field: 'baudRate' });
});
