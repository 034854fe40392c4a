import { systemClock } from '../../src/base/clock.ts';
import { sapOf } from '../../src/headend/meter-saps.ts';
import { AUTHENTICATION_KEY, ENCRYPTION_KEY, openServed, type ServedHouse } from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, pythonPeer } from './environments.ts';
import { HES_TITLE, outcome } from './head-end-peer.ts';
import { linesOf } from './lines.ts';

export const HES_PUSH = 'we push as a concentrator, Gurux is the head-end';

const CHANNEL = 'hes_push';
const PATIENCE_MS = 15_000;
/** How long it is looked whether something comes that must not. */
const QUIET_MS = 1500;
const FRAUD_LOG = '0.0.99.98.1.255';
const PROFILE = '1.0.99.1.0.255';
/** Terminal cover removed and closed; a strong field. */
const [COVER_OPEN, COVER_CLOSED, FIELD] = [40, 41, 42];
const DELAY_S = 3;
/** Beyond it the logs of simulated meters are full of what has happened to them. */
const RECALL_S = 300;
/** Clocks of simulated meters are off, some by more than a few seconds. */
const JUST_NOW_MS = 90_000;

interface Pushed {
  readonly sap: number;
  readonly frames: number;
  readonly confirmed: boolean;
  readonly urgent: boolean;
  readonly objects: readonly {
    readonly class: number;
    readonly obis: string;
    readonly attribute: number;
    readonly value: unknown;
  }[];
}

/** The Gurux listener: what it was pushed, in order. */
class GuruxListener {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  #next: Promise<IteratorResult<string>> | undefined;

  constructor(environment: Environment) {
    this.#child = Bun.spawn([...environment.command('hes_push')], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = linesOf(this.#child.stdout);
    this.#tell({ title: HES_TITLE, encryptionKey: ENCRYPTION_KEY, authenticationKey: AUTHENTICATION_KEY });
  }

  /** Resolves to the port. */
  async listen(job: { readonly ciphered: boolean; readonly confirm: boolean }): Promise<number> {
    this.#tell(job);
    for (;;) {
      const { port } = await this.#line();
      if (typeof port === 'number') return port;
    }
  }

  async pushed(): Promise<Pushed> {
    return (await this.#line()) as unknown as Pushed;
  }

  /** Undefined when nothing comes for so long; what comes later is the next one's. */
  async pushedWithin(ms: number): Promise<Pushed | undefined> {
    this.#next ??= this.#lines.next();
    const first = await Promise.race([this.#next, Bun.sleep(ms)]);
    return first === undefined ? undefined : this.pushed();
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }

  async #line(): Promise<Record<string, unknown>> {
    this.#next ??= this.#lines.next();
    const late = Promise.withResolvers<never>();
    const cancel = systemClock.after(PATIENCE_MS, () =>
      late.reject(new Error('the head-end was told nothing')),
    );
    const { value } = await Promise.race([this.#next, late.promise]).finally(cancel);
    this.#next = undefined;
    if (value === undefined) throw new Error('the Gurux program has ended');
    const line = JSON.parse(value) as Record<string, unknown>;
    if (typeof line['error'] === 'string') throw new Error(line['error']);
    return line;
  }

  #tell(line: object): void {
    void this.#child.stdin.write(`${JSON.stringify(line)}\n`);
    void this.#child.stdin.flush();
  }
}

/** What one cell of the table needs. */
interface Stage {
  readonly served: ServedHouse;
  readonly listener: GuruxListener;
  readonly ciphered: boolean;
  /** Of the meter that it is about; each cell has its own. */
  readonly meter: number;
}

const OPERATIONS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'event at once': atOnce,
  'event after its delay': delayed,
  'owed until confirmed': owedUntilConfirmed,
  'rows in general blocks': rowsInBlocks,
  'register, state and logbook': otherKinds,
};

/**
 * A whole concentrator pushes what it reads of simulated meters to a listener made of the Gurux library, which confirms it: an
 * event of a meter's log within its priority's delay, one that waits, one that is not confirmed at first, and rows.
 */
export async function hesPushCells(environment?: Environment): Promise<Cell[]> {
  const listener = new GuruxListener(environment ?? (await pythonPeer('gurux', ['-O'])));
  const served = await openServed({ meters: 2 * Object.keys(OPERATIONS).length });
  const cells: Cell[] = [];
  try {
    // Rows from before are nobody's, for nobody listens yet; logs are read for the first time when something is in them.
    await served.house.recall('Energy profile', 86_400);
    await served.house.recall('Fraud Event', RECALL_S);
    await served.house.round(['Energy profile']);
    for (const ciphered of [false, true]) {
      for (const [operation, attempt] of Object.entries(OPERATIONS)) {
        const common = { direction: HES_PUSH, framing: 'wrapper', referencing: 'ln', operation };
        const cell = { ...common, association: ciphered ? 'general-glo' : 'none' };
        const result = await outcome(() => attempt({ served, listener, ciphered, meter: cells.length }));
        cells.push(
          'reason' in result
            ? { ...cell, outcome: 'failed', reason: result.reason }
            : { ...cell, outcome: 'passed' },
        );
      }
    }
  } finally {
    await listener.stop();
    await served.end();
  }
  return cells;
}

/** The channel as it is to be, on. */
async function pushTo(
  { served, listener, ciphered }: Stage,
  confirm: boolean,
  change: Readonly<Record<string, string>> = {},
): Promise<void> {
  const port = await listener.listen({ ciphered, confirm });
  const { configuration } = served.house.concentrator.store;
  await served.attributes(
    {
      host: '127.0.0.1',
      port: String(port),
      ciphered: ciphered ? 'yes' : 'no',
      'hes.encryption.key': ENCRYPTION_KEY,
      'hes.authentication.key': AUTHENTICATION_KEY,
      'ack.timeout': '1',
      'max.pdu': '65535',
      ...change,
    },
    CHANNEL,
  );
  const channel = (await configuration.channels()).find(({ name }) => name === CHANNEL);
  if (channel === undefined) throw new Error('there is no channel');
  await configuration.saveChannel({ ...channel, enabled: true });
  await served.house.concentrator.uplinks.settled();
}

/** Writes an event into the log of the meter and has the log read. */
async function happen({ served, meter }: Stage, code: number): Promise<void> {
  const { device } = served.street.at(meter);
  device.point.note({ log: 'fraud', atMs: device.now() - JUST_NOW_MS, value: code });
  await served.house.round(['Fraud Event'], [served.meter(meter).id]);
}

async function waiting({ served }: Stage): Promise<number> {
  const states = await served.house.concentrator.store.outbox.state();
  return states.find(({ destination }) => destination === CHANNEL)?.waiting ?? -1;
}

async function settled(stage: Stage): Promise<void> {
  const end = systemClock.monotonicMs() + PATIENCE_MS;
  while ((await waiting(stage)) > 0) {
    if (systemClock.monotonicMs() > end) throw new Error(`${await waiting(stage)} items are still owed`);
    await Bun.sleep(20);
  }
}

function same(what: string, found: unknown, expected: unknown): void {
  if (Bun.deepEquals(found, expected)) return;
  throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}

const valueAt = ({ objects }: Pushed, obis: string, attribute: number): unknown =>
  objects.find((object) => object.obis === obis && object.attribute === attribute)?.value;

const textOf = (value: unknown): string =>
  typeof value === 'string' && /^(?:[\da-f]{2})+$/i.test(value) && value.length > 16
    ? Buffer.from(value, 'hex').toString('latin1')
    : String(value);

function checkEvent(pushed: Pushed, stage: Stage, code: number): void {
  const meter = stage.served.meter(stage.meter);
  same('logical device', pushed.sap, sapOf(meter.id));
  same('name', textOf(valueAt(pushed, '0.0.42.0.0.255', 2)), meter.meterNo);
  const columns = valueAt(pushed, FRAUD_LOG, 3) as readonly (readonly [number, string, number, number])[];
  same(
    'columns',
    columns.map(([classId, name, attribute]) => [classId, name, attribute]),
    [
      [8, '0000010000ff', 2],
      [1, '0000600b01ff', 2],
    ],
  );
  const rows = valueAt(pushed, FRAUD_LOG, 2) as readonly (readonly [unknown, number])[];
  same(
    'codes',
    rows.map(([, value]) => value),
    [code],
  );
}

async function atOnce(stage: Stage): Promise<void> {
  await pushTo(stage, true);
  await happen(stage, COVER_OPEN);
  const pushed = await stage.listener.pushed();
  checkEvent(pushed, stage, COVER_OPEN);
  same('confirmed and urgent', [pushed.confirmed, pushed.urgent], [true, true]);
  await settled(stage);
}

async function delayed(stage: Stage): Promise<void> {
  const { outbox } = stage.served.house.concentrator.store;
  await pushTo(stage, true);
  const rule = { destination: CHANNEL, class: `fraud:${COVER_CLOSED}`, priority: 2, route: 'now' } as const;
  await outbox.saveRule({ ...rule, delayS: DELAY_S });
  const before = systemClock.monotonicMs();
  await happen(stage, COVER_CLOSED);
  if ((await stage.listener.pushedWithin(QUIET_MS)) !== undefined) throw new Error('it did not wait');
  const pushed = await stage.listener.pushed();
  if (systemClock.monotonicMs() - before < DELAY_S * 1000)
    throw new Error('it waited for less than its delay');
  checkEvent(pushed, stage, COVER_CLOSED);
  await settled(stage);
}

async function owedUntilConfirmed(stage: Stage): Promise<void> {
  const item = '0.128.25.9.0.255';
  await pushTo(stage, false);
  await happen(stage, FIELD);
  const first = await stage.listener.pushed();
  const second = await stage.listener.pushed();
  same('number of the item', valueAt(second, item, 2), valueAt(first, item, 2));
  same('items owed', await waiting(stage), 1);
  await pushTo(stage, true);
  const third = await stage.listener.pushed();
  checkEvent(third, stage, FIELD);
  same('number of the item', valueAt(third, item, 2), valueAt(first, item, 2));
  await settled(stage);
}

async function rowsInBlocks(stage: Stage): Promise<void> {
  const { served, listener } = stage;
  await pushTo(stage, true, { 'max.pdu': '300' });
  const { id } = served.meter(stage.meter);
  const { collection, readings } = served.house.concentrator.store;
  const day = 86_400_000;
  const last = Math.max(...(await served.house.times(id, 'energy')));
  const rows = await readings.profile(id, 'energy', { fromMs: last - day / 4, toMs: last + 1 });
  if (rows === undefined) throw new Error('no rows were read');
  // The same rows a year on: new ones, whose values are known.
  const later = { ...rows, times: rows.times.map((time) => time + 365 * day) };
  await collection.appendProfile(id, 'energy', later, undefined);
  const told: (readonly unknown[])[] = [];
  let inBlocks = false;
  // Days come by themselves, so a night's rows come in two messages.
  while (told.length < rows.times.length) {
    const pushed = await listener.pushed();
    same('logical device', pushed.sap, sapOf(id));
    told.push(...(valueAt(pushed, PROFILE, 2) as readonly (readonly unknown[])[]));
    inBlocks ||= pushed.frames > 1;
  }
  if (!inBlocks) throw new Error('each came in one frame');
  same(
    'values',
    told.map(([, ...values]) => values),
    [...rows.times].map((_, row) => rows.values.map(({ values }) => Number(values[row]))),
  );
  await settled(stage);
}

async function otherKinds(stage: Stage): Promise<void> {
  const { served, listener } = stage;
  await pushTo(stage, true);
  const { id: meterId } = served.meter(stage.meter);
  const { collection, logbook } = served.house.concentrator.store;
  const time = systemClock.now();
  const common = { meterId, classId: 3, attribute: 2, time, scaler: -1, unit: 30 } as const;
  await collection.saveRegisters([
    { ...common, obis: '1.0.9.8.0.255', type: 'long64', value: '-9007199254740993' },
  ]);
  await collection.saveMeterState(meterId, 'offline', time);
  await logbook.record({ time, type: 'clock-set', detail: 'by hand' });
  // The more urgent kinds may come before the one that was stored first.
  const told = [await listener.pushed(), await listener.pushed(), await listener.pushed()];
  const found = (obis: string, attribute: number): unknown[] =>
    told.map((pushed) => valueAt(pushed, obis, attribute)).filter((value) => value !== undefined);
  same('register', found('1.0.9.8.0.255', 2), [Number(-9007199254740993n)]);
  same('scaler and unit', found('1.0.9.8.0.255', 3), [[-1, 30]]);
  same('state', found('0.128.96.5.0.255', 2), ['offline']);
  const [rows] = found('0.0.99.98.0.255', 2);
  const logged = JSON.stringify(rows);
  if (!logged.includes('clock-set') || !logged.includes('by hand'))
    throw new Error(`the logbook says ${logged}`);
  await settled(stage);
}
