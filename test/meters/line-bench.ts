import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { LineSettings } from '../../src/base/machine.ts';
import type { Meter, MeterAddress } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ChannelOpener } from '../../src/channels/channel.ts';
import { openDlmsClient } from '../../src/channels/dlms-client.ts';
import { pump } from '../../src/channels/pump.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { HdlcLinkConfig } from '../../src/dlms/link/link.ts';
import { createServerMachine, type LogicalDevice } from '../../src/dlms/server.ts';
import { MeterConnector } from '../../src/meters/connector.ts';
import type { MeterSession } from '../../src/meters/session.ts';
import { meter } from '../tasks/fake-meter.ts';
import { MemoryStore } from '../tasks/memory-store.ts';
import { RatedWire } from './rated-wire.ts';

export const at = (
  baudRate: number,
  parity: LineSettings['parity'] = 'none',
  dataBits: 7 | 8 = 8,
): LineSettings => ({ baudRate, dataBits, parity });
export const CHANNEL = at(9600);
const LONG_BYTES = 900;
const REGISTER = { classId: 1, obis: '0.0.96.1.0.255', attribute: 2 };

/** Its only word is its physical address; attribute 9 is long. */
const device = (physical: number): LogicalDevice => ({
  address: 1,
  systemTitle: new Uint8Array(8),
  associations: [{ clientAddress: 16, auth: 'none', policy: 'none' }],
  nextInvocationCounter: () => 1,
  acceptInvocationCounter: () => true,
  handle: (request) => ({
    result: 'success',
    data: encodeData(
      request.type === 'get' && request.attribute.attribute === 9
        ? { type: 'octet-string', value: new Uint8Array(LONG_BYTES) }
        : { type: 'unsigned', value: physical },
    ),
  }),
});

/** A line of 9600 8N1, meters on it, and what reads them. */
export class LineBench {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly wire = new RatedWire();
  readonly master = this.wire.station('port', CHANNEL);
  readonly troubles: string[] = [];
  readonly connector: MeterConnector;
  readonly #random = new SeededRandom(5);
  readonly #opener: ChannelOpener = { name: 'port', open: async () => this.master };

  constructor(maxBytes = 128) {
    const store = new MemoryStore();
    store.attributes = {
      fis: { 'max.bytes': String(maxBytes), 'send.timeout': '4', 'send.retry': '2' },
    };
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
  add(
    physical: number,
    own: LineSettings,
    address: Partial<MeterAddress> = {},
    limits: Partial<HdlcLinkConfig> = {},
  ): Meter {
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
      ...limits,
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
    const state = { done: false };
    const end = (): void => {
      state.done = true;
    };
    work.then(end, end);
    for (let seconds = 0; !state.done && seconds < 600; seconds++) await this.clock.advance(1_000);
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
