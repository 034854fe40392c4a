import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '../../src/base/clock.ts';
import type { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Meter } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { Inbound } from '../../src/channels/inbound.ts';
import { type Core, startCore } from '../../src/concentrator/core.ts';
import { type Neighbourhood, startNeighbourhood } from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { newMeter, secretsOf } from './house.ts';
import { openSealer } from './open-sealer.ts';
import { settled } from './settled.ts';

const START = Date.UTC(2026, 5, 10, 0, 7);
/** A byte of 8N1 at 9,600 baud. */
const BYTE_MS = 10 / 9.6;
const CHANNEL = '485_1';

/** One end of a line on which bytes take their time. */
class PacedEnd implements ByteChannel {
  readonly name: string;
  peer: PacedEnd | undefined;
  inbound = new Inbound();
  readonly #clock: VirtualClock;
  #freeMs = 0;

  constructor(name: string, clock: VirtualClock) {
    this.name = name;
    this.#clock = clock;
  }

  write(bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    const nowMs = this.#clock.monotonicMs();
    this.#freeMs = Math.max(this.#freeMs, nowMs) + copy.length * BYTE_MS;
    return new Promise((resolve) => {
      this.#clock.after(this.#freeMs - nowMs, () => {
        this.peer?.inbound.push(copy);
        resolve();
      });
    });
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.inbound.onClosed(listener);
  }

  async configure(): Promise<void> {}

  async close(): Promise<void> {
    this.inbound = new Inbound();
  }
}

/** The reading side with simulated meters on one RS-485 line of 9,600 baud, in virtual time, with the settings that it comes with. */
export class BusHouse {
  readonly clock = new VirtualClock(START);
  readonly meters: Meter[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'opendcu-bus-'));
  #core: Core | undefined;
  #street: Neighbourhood | undefined;

  get core(): Core {
    if (this.#core === undefined) throw new Error('the house is not open');
    return this.#core;
  }

  get street(): Neighbourhood {
    if (this.#street === undefined) throw new Error('the house is not open');
    return this.#street;
  }

  async open(meters: number, auth: 'mixed' | 'lls' = 'mixed'): Promise<void> {
    const ours = new PacedEnd(CHANNEL, this.clock);
    const theirs = new PacedEnd(`${CHANNEL}:meters`, this.clock);
    ours.peer = theirs;
    theirs.peer = ours;
    this.#street = await startNeighbourhood({
      seed: 3,
      clock: this.clock,
      log: silentLog,
      meters: planNeighbourhood({
        seed: 3,
        meters,
        tcpBase: 'memory',
        framing: 'hdlc',
        auth,
        rs485Lines: 1,
        metersPerLine: meters,
      }),
      openLine: async () => ({ channel: theirs, path: CHANNEL }),
    });
    const nowhere = () => {
      throw new Error('there is no network here');
    };
    this.#core = await startCore({
      directory: this.#directory,
      version: '0.0.0',
      bootedAt: 0,
      clock: this.clock,
      random: new SeededRandom(7),
      log: silentLog,
      thread: 'same',
      sealer: openSealer,
      transports: {
        serial: () => ({ name: CHANNEL, open: async () => ours }),
        tcp: nowhere,
        udp: nowhere,
      },
    });
    const { configuration, archive } = this.core.store;
    for (const attribute of await configuration.channelAttributes(CHANNEL)) {
      if (attribute.key === 'device')
        await configuration.saveChannelAttribute({ ...attribute, value: '/dev/line' });
    }
    const channel = (await configuration.channels()).find(({ name }) => name === CHANNEL);
    if (channel === undefined) throw new Error(`no channel ${CHANNEL}`);
    await configuration.saveChannel({ ...channel, enabled: true });
    for (const item of await configuration.taskItems()) {
      if (item.type === 'Energy profile') await configuration.saveTaskItem({ ...item, maxRecallS: 86_400 });
    }
    for (const served of this.street.meters) {
      const { framing, client, server, physicalAddress, addressBytes, auth, meterNo, systemTitle } = served;
      const meter = newMeter(meterNo, {
        channel: CHANNEL,
        address: {
          framing,
          clientAddress: client,
          serverAddress: server,
          ...(physicalAddress === undefined ? {} : { physicalAddress }),
          addressBytes,
        },
        security: {
          auth,
          policy: auth === 'hls-gmac' ? 'auth-enc' : 'none',
          systemTitle: systemTitle.toHex(),
        },
      });
      this.meters.push(await archive.create(meter, secretsOf(served)));
    }
  }

  /** Lets time pass, in steps in which the store keeps up, until the promise is settled. */
  settle<Result>(promise: Promise<Result>, limitMs?: number): Promise<Result> {
    return settled(this.clock, promise, limitMs);
  }

  async times(meterId: number): Promise<number[]> {
    const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    const rows = await this.core.store.readings.profile(meterId, 'energy', everything);
    return [...(rows?.times ?? [])];
  }

  async close(): Promise<void> {
    const core = this.#core;
    this.#core = undefined;
    if (core !== undefined) await this.settle(core.stop());
    await this.#street?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
