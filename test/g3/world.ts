import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Meter, MeterSecrets, NewMeter } from '../../src/base/model.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type Core, startCore } from '../../src/concentrator/core.ts';
import { systemTransports, type Transports } from '../../src/concentrator/transports.ts';
import type { G3NetworkOptions } from '../../src/simulator/g3/network.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';

/** So that a test waits for no more than it has to. */
const QUICK: Readonly<Record<string, string>> = {
  'max.bytes': '1024',
  'send.retry': '1',
  'send.timeout': '1',
  'send.silent': '0',
};

export interface G3WorldOptions {
  readonly seed: number;
  readonly meters: number;
  readonly auth?: 'none' | 'hls-gmac';
  readonly network?: Partial<Omit<G3NetworkOptions, 'seed' | 'members'>>;
  readonly transports?: (transports: Transports) => Transports;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/** A street of G3-PLC meters on ::1, half of them by UDP, and the reading side of a concentrator. */
export class G3World {
  readonly directory = mkdtempSync(join(tmpdir(), 'opendcu-g3-'));
  readonly #options: G3WorldOptions;
  #street: Neighbourhood | undefined;
  #core: Core | undefined;

  constructor(options: G3WorldOptions) {
    this.#options = options;
  }

  get core(): Core {
    if (this.#core === undefined) throw new Error('the core does not run');
    return this.#core;
  }

  get street(): Neighbourhood {
    if (this.#street === undefined) throw new Error('the street does not run');
    return this.#street;
  }

  get network() {
    const { g3 } = this.street;
    if (g3 === undefined) throw new Error('there is no G3-PLC network');
    return g3;
  }

  async open(): Promise<void> {
    const { seed, meters, auth = 'none', network, clock = systemClock } = this.#options;
    this.#street = await startNeighbourhood({
      seed,
      clock,
      log: silentLog,
      meters: planNeighbourhood({ seed, meters, tcpBase: 0, framing: 'wrapper', auth, g3: { meters } }),
      ...(network === undefined ? {} : { g3: network }),
    });
    await this.startCore();
    const { configuration } = this.core.store;
    for (const attribute of await configuration.protocolAttributes()) {
      const value = this.#options.attributes?.[attribute.key] ?? QUICK[attribute.key];
      if (value !== undefined) await configuration.saveProtocolAttribute({ ...attribute, value });
    }
  }

  async startCore(): Promise<void> {
    const { clock = systemClock, transports = (plain: Transports) => plain } = this.#options;
    this.#core = await startCore({
      directory: this.directory,
      version: '0.0.0',
      bootedAt: 0,
      clock,
      random: systemRandom,
      log: silentLog,
      transports: transports(systemTransports(clock)),
      thread: 'same',
    });
  }

  async stopCore(): Promise<void> {
    const core = this.core;
    this.#core = undefined;
    await core.stop();
  }

  async add(served: ServedMeter, change: Partial<NewMeter> = {}): Promise<Meter> {
    return this.core.store.archive.create({ ...meterOf(served), ...change }, secretsOf(served));
  }

  async addAll(change: Partial<NewMeter> = {}): Promise<readonly Meter[]> {
    const meters: Meter[] = [];
    for (const served of this.street.meters) meters.push(await this.add(served, change));
    return meters;
  }

  async logbook(type: string): Promise<readonly string[]> {
    const { rows } = await this.core.store.logbook.list({ limit: 200, offset: 0 });
    return rows.filter((row) => row.type === type).map(({ detail }) => detail);
  }

  async close(): Promise<void> {
    await this.#core?.stop();
    await this.#street?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function meterOf(served: ServedMeter): NewMeter {
  const { meterNo, host, port, transport, client, server, auth, systemTitle } = served;
  return {
    meterNo,
    enabled: true,
    mac: -1,
    channel: 'g3_meters',
    meterType: 1,
    phase: 1,
    credit: 1,
    task: 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: {
      framing: 'wrapper',
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(transport === undefined ? {} : { transport }),
      clientAddress: client,
      serverAddress: server,
      addressBytes: 1,
    },
    security: { auth, policy: auth === 'hls-gmac' ? 'auth-enc' : 'none', systemTitle: systemTitle.toHex() },
  };
}

export function secretsOf({ encryptionKey, authenticationKey, masterKey }: ServedMeter): MeterSecrets {
  return {
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
    ...(masterKey === undefined ? {} : { masterKey }),
  };
}
