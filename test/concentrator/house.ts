import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Log } from '../../src/base/log.ts';
import type {
  CollectionKind,
  Meter,
  MeterSecrets,
  NewMeter,
  ProfileKind,
  TaskType,
} from '../../src/base/model.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type AcknowledgedBatch, type Concentrator, startConcentrator } from '../../src/concentrator.ts';
import type { ServedMeter } from '../../src/simulator/neighbourhood.ts';
import type { CollectorEvents } from '../../src/tasks/events.ts';
import type { RoundSummary } from '../../src/tasks/round.ts';

/** Attributes of every protocol, so that a test waits for no more than it has to. */
const QUICK = { 'max.bytes': '512', 'send.retry': '0', 'send.timeout': '2', 'send.silent': '0' };

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly facts: Record<string, unknown>;
}

export interface HouseOptions {
  readonly clock?: Clock;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Kept at the end when it is given. */
  readonly directory?: string;
  readonly schedule?: boolean;
}

/** What the API shows of a meter. */
export interface ShownMeter {
  readonly id: number;
  readonly meterNo: string;
  readonly state: string;
  readonly lastSeen: number | null;
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

/** A whole concentrator as `serve` builds it, on a directory of its own, with its API over HTTPS. */
export class House {
  readonly directory: string;
  readonly log: LogLine[] = [];
  readonly finished: CollectorEvents['job-finished'][] = [];
  readonly acknowledged: AcknowledgedBatch[] = [];
  readonly #options: HouseOptions;
  readonly #states = new Map<number, string>();
  #running: Concentrator | undefined;
  #password = '';
  #cookie = '';

  constructor(options: HouseOptions) {
    this.#options = options;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'opendcu-house-'));
  }

  get concentrator(): Concentrator {
    if (this.#running === undefined) throw new Error('the house is not open');
    return this.#running;
  }

  async open(): Promise<void> {
    const concentrator = await startConcentrator({
      directory: this.directory,
      host: '127.0.0.1',
      port: 0,
      version: '0.0.0',
      bootedAt: 0,
      clock: this.#options.clock ?? systemClock,
      random: systemRandom,
      log: recorder(this.log),
      schedule: this.#options.schedule ?? false,
      setMachineClock: () => {
        throw new Error('a test does not set the clock of the machine');
      },
      onAcknowledged: (batch) => this.acknowledged.push(batch),
    });
    this.#running = concentrator;
    if (concentrator.firstAccount !== undefined) this.#password = concentrator.firstAccount.password;
    concentrator.collector.bus.on('meter-state', ({ meterId, state }) => this.#states.set(meterId, state));
    concentrator.collector.bus.on('job-finished', (event) => this.finished.push(event));
    await this.attributes({ ...QUICK, ...this.#options.attributes });
  }

  async attributes(values: Readonly<Record<string, string>>): Promise<void> {
    const { configuration } = this.concentrator.store;
    for (const attribute of await configuration.protocolAttributes()) {
      const value = values[attribute.key];
      if (value !== undefined && value !== attribute.value) {
        await configuration.saveProtocolAttribute({ ...attribute, value });
      }
    }
  }

  /** Points a serial channel at a path and switches it on. */
  async serial(channelName: string, path: string): Promise<void> {
    const { configuration } = this.concentrator.store;
    const channel = (await configuration.channels()).find(({ name }) => name === channelName);
    const device = (await configuration.channelAttributes(channelName)).find(({ key }) => key === 'device');
    if (channel === undefined || device === undefined) throw new Error(`no channel ${channelName}`);
    await configuration.saveChannelAttribute({ ...device, value: path });
    await configuration.saveChannel({ ...channel, enabled: true });
  }

  /** How far back the items of a type read, in seconds. */
  async recall(type: TaskType, maxRecallS: number): Promise<void> {
    const { configuration } = this.concentrator.store;
    for (const item of await configuration.taskItems()) {
      if (item.type === type) await configuration.saveTaskItem({ ...item, maxRecallS });
    }
  }

  /** Times of all rows of a profile that the store has. */
  async times(meterId: number, kind: ProfileKind): Promise<number[]> {
    const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    const rows = await this.concentrator.store.readings.profile(meterId, kind, everything);
    return [...(rows?.times ?? [])];
  }

  /** Times of the rows that were handed to the store, in order, those that it had already included. */
  handed(meterId: number, kind: CollectionKind): number[] {
    return this.acknowledged
      .filter((batch) => batch.meterId === meterId && batch.kind === kind)
      .flatMap(({ times }) => [...times]);
  }

  add(meter: NewMeter, secrets: MeterSecrets = {}): Promise<Meter> {
    return this.concentrator.store.archive.create(meter, secrets);
  }

  /** Enters a simulated meter; `where` overrides its address, `secrets` what is known of its keys. */
  serve(
    served: ServedMeter,
    where: { readonly host?: string; readonly port?: number; readonly channel?: string } = {},
    secrets: MeterSecrets = secretsOf(served),
  ): Promise<Meter> {
    const { framing, client, server, physicalAddress, addressBytes, auth } = served;
    const host = where.host ?? served.host;
    const port = where.port ?? served.port;
    return this.add(
      newMeter(served.meterNo, {
        channel: where.channel ?? 'tcp_meters',
        address: {
          framing,
          ...(host === undefined ? {} : { host }),
          ...(port === undefined ? {} : { port }),
          clientAddress: client,
          serverAddress: server,
          ...(physicalAddress === undefined ? {} : { physicalAddress }),
          addressBytes,
        },
        security: { auth, policy: auth === 'hls-gmac' ? 'auth-enc' : 'none' },
      }),
      secrets,
    );
  }

  round(types: readonly TaskType[], meterIds?: readonly number[]): Promise<RoundSummary> {
    return this.concentrator.collector.round({ types, ...(meterIds === undefined ? {} : { meterIds }) });
  }

  /** Ends of jobs that failed. */
  get errors(): { readonly code: string; readonly message: string }[] {
    return this.finished.flatMap(({ error }) => (error === undefined ? [] : [error]));
  }

  /** The API's answer, as the administrator sees it. */
  async api<Body>(path: string, init: { method?: string; body?: unknown } = {}): Promise<Body> {
    if (this.#cookie === '') await this.#signIn();
    let response = await this.#fetch(path, init);
    if (response.status === 401) {
      await this.#signIn();
      response = await this.#fetch(path, init);
    }
    return (await response.json()) as Body;
  }

  meter(id: number): Promise<ShownMeter> {
    return this.api<ShownMeter>(`/api/meters/${id}`);
  }

  /** The same, once the end of its session has been recorded, which may be a moment after that of its jobs. */
  async settled(id: number): Promise<ShownMeter> {
    for (;;) {
      const shown = await this.meter(id);
      if (shown.state !== 'reading' && shown.state === (this.#states.get(id) ?? 'unknown')) return shown;
      await Bun.sleep(5);
    }
  }

  /** What went out to the log, errors and API included, as one text: to search it for what must not be there. */
  get told(): string {
    return JSON.stringify([this.log, this.finished]);
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#cookie = '';
    await running?.stop();
  }

  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  async end(): Promise<void> {
    await this.close();
    if (this.#options.directory === undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  async #signIn(): Promise<void> {
    await this.#fetch('/api/session', { method: 'POST', body: { name: 'admin', password: this.#password } });
    const next = 'Correct-Horse-7-Battery';
    if (this.#password === next) return;
    await this.#fetch('/api/account/password', { method: 'POST', body: { current: this.#password, next } });
    this.#password = next;
  }

  async #fetch(
    path: string,
    { method = 'GET', body }: { method?: string; body?: unknown },
  ): Promise<Response> {
    const response = await fetch(`${this.concentrator.url}${path}`, {
      method,
      headers: {
        'x-opendcu': '1',
        cookie: this.#cookie,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      tls: { rejectUnauthorized: false },
    });
    const cookie = response.headers.get('set-cookie')?.split(';')[0];
    if (cookie !== undefined) this.#cookie = cookie;
    return response;
  }
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const house = new House(options);
  await house.open();
  return house;
}

/** A row of the archive for a meter over TCP with the wrapper and no security, unless said otherwise. */
export function newMeter(meterNo: string, rest: Partial<NewMeter>): NewMeter {
  return {
    meterNo,
    enabled: true,
    mac: -1,
    channel: 'tcp_meters',
    meterType: 1,
    phase: 1,
    credit: 1,
    task: 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: { framing: 'wrapper', clientAddress: 1, serverAddress: 1, addressBytes: 1 },
    security: { auth: 'none', policy: 'none' },
    ...rest,
  };
}

export function secretsOf({ password, encryptionKey, authenticationKey }: ServedMeter): MeterSecrets {
  return {
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
  };
}

function recorder(lines: LogLine[]): Log {
  const write =
    (level: string) =>
    (message: string, facts: Record<string, unknown> = {}): void => {
      lines.push({ level, message, facts });
    };
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}

/** Waits until it holds; the test's own time limit is the only other end. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(5);
}

/** Time that passes `factor` times as fast as it does, and can be set. */
export class FastClock implements Clock {
  readonly #factor: number;
  readonly #startedMs = performance.now();
  #baseMs: number;

  constructor(factor: number, startMs = Date.now()) {
    this.#factor = factor;
    this.#baseMs = startMs;
  }

  now(): number {
    return Math.floor(this.#baseMs + this.monotonicMs());
  }

  monotonicMs(): number {
    return (performance.now() - this.#startedMs) * this.#factor;
  }

  after(delayMs: number, fn: () => void): () => void {
    return systemClock.after(delayMs / this.#factor, fn);
  }

  jump(ms: number): void {
    this.#baseMs += ms;
  }
}
