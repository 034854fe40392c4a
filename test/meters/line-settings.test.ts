import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { LineSettings } from '../../src/base/machine.ts';
import type { Meter, MeterAddress } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ChannelOpener } from '../../src/channels/channel.ts';
import { openDlmsClient } from '../../src/channels/dlms-client.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { pump } from '../../src/channels/pump.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { HdlcLinkConfig } from '../../src/dlms/link/link.ts';
import { createServerMachine, type LogicalDevice } from '../../src/dlms/server.ts';
import { MeterConnector } from '../../src/meters/connector.ts';
import { setLine } from '../../src/meters/line-settings.ts';
import type { MeterSession } from '../../src/meters/session.ts';
import { meter } from '../tasks/fake-meter.ts';
import { MemoryStore } from '../tasks/memory-store.ts';
import { RatedWire } from './rated-wire.ts';

const at = (
  baudRate: number,
  parity: LineSettings['parity'] = 'none',
  dataBits: 7 | 8 = 8,
): LineSettings => ({ baudRate, dataBits, parity });
const CHANNEL = at(9600);
const REGISTER = { classId: 1, obis: '0.0.96.1.0.255', attribute: 2 };

/** Its only word is its physical address. */
const device = (physical: number): LogicalDevice => ({
  address: 1,
  systemTitle: new Uint8Array(8),
  associations: [{ clientAddress: 16, auth: 'none', policy: 'none' }],
  nextInvocationCounter: () => 1,
  acceptInvocationCounter: () => true,
  handle: () => ({ result: 'success', data: encodeData({ type: 'unsigned', value: physical }) }),
});

/** A line of 9600 8N1, meters on it, and what reads them. */
class Bench {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly wire = new RatedWire();
  readonly master = this.wire.station('port', CHANNEL);
  readonly troubles: string[] = [];
  readonly connector: MeterConnector;
  readonly #random = new SeededRandom(5);
  readonly #opener: ChannelOpener = { name: 'port', open: async () => this.master };

  constructor() {
    const store = new MemoryStore();
    store.attributes = { fis: { 'max.bytes': '128', 'send.timeout': '4', 'send.retry': '2' } };
    this.connector = new MeterConnector({
      store,
      clock: this.clock,
      random: this.#random,
      log: silentLog,
      systemTitle: new Uint8Array(8),
      openLine: () => ({ lineName: 'rs485', opener: this.#opener, protocol: 'fis', shared: true }),
      connect: openDlmsClient,
      onLineTrouble: (line, message) => this.troubles.push(`${line}: ${message}`),
    });
  }

  /** One more meter; `own`: how its port is set. */
  add(physical: number, own: LineSettings, address: Partial<MeterAddress> = {}): Meter {
    const row = meter(physical, {
      address: {
        framing: 'hdlc',
        clientAddress: 16,
        serverAddress: 1,
        physicalAddress: physical,
        addressBytes: 4,
        ...address,
      },
    });
    const link: HdlcLinkConfig = {
      framing: 'hdlc',
      clientAddress: 16,
      serverAddress: 1,
      physicalAddress: physical,
      addressBytes: 4,
      maxInfoTransmit: 128,
      maxInfoReceive: 128,
      windowTransmit: 1,
      windowReceive: 1,
      interOctetTimeoutMs: 50,
      responseTimeoutMs: 60_000,
      retries: 1,
      ...(address.opening === 'mode-e'
        ? { opening: { address: row.meterNo, baudRate: 19_200, manufacturer: 'ODC' } }
        : {}),
    };
    const machine = createServerMachine({
      link,
      devices: [device(physical)],
      maxPduSize: 400,
      randomBytes: (length) => this.#random.bytes(length),
      idleTimeoutMs: 60_000,
    });
    pump(machine, this.wire.station(`meter ${physical}`, own), this.clock, () => {});
    return row;
  }

  async settled<Value>(work: Promise<Value>): Promise<Value> {
    let done = false;
    const end = (): void => {
      done = true;
    };
    work.then(end, end);
    for (let seconds = 0; !done && seconds < 600; seconds++) await this.clock.advance(1_000);
    return work;
  }

  async open(row: Meter): Promise<MeterSession> {
    const opening = await this.connector.prepare(row);
    return this.settled(opening.open(new AbortController().signal, false, () => {}));
  }

  /** What the meter says, and how the line stood then. */
  async read(row: Meter): Promise<{ readonly text: string | undefined; readonly line: LineSettings }> {
    const session = await this.open(row);
    const line = this.master.settings;
    const [result] = await this.settled(session.readRegisters([REGISTER]));
    await this.settled(session.close());
    return { text: result?.ok === true ? result.text : undefined, line };
  }
}

describe('meters of one line', () => {
  test('each have their own rate and parity, with mode E or without, and the next finds the line as it needs it', async () => {
    const bench = new Bench();
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
    const bench = new Bench();
    bench.wire.echo = true;
    const rows = [bench.add(17, CHANNEL), bench.add(18, at(300, 'even', 7), { opening: 'mode-e' })];
    for (const row of [...rows, ...rows]) expect((await bench.read(row)).text).toBe(String(row.id));
    expect(bench.troubles).toEqual(['rs485: the line hands back what is sent: the echo is taken out']);
  });

  test('two that answer to one address are no mere silence', async () => {
    const bench = new Bench();
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
    const bench = new Bench();
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
