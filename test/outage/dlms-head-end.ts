import { DcuError } from '../../src/base/errors.ts';
import { EVENT_LOGS, type EventLog, PROFILE_KINDS, type ProfileKind } from '../../src/base/model.ts';
import { decodeDateTime, toUtcMs } from '../../src/dlms/datetime.ts';
import { EVENT_LOGBOOK } from '../../src/headend/logbook-table.ts';
import { DEVICE_NAME, ITEM } from '../../src/headend/push/objects.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';
import { freePort } from '../headend/mqtt-broker-fixture.ts';
import { AUTHENTICATION_KEY, ENCRYPTION_KEY } from '../headend/served.ts';
import { pythonPeer } from '../interop/environments.ts';
import { HES_TITLE } from '../interop/head-end-peer.ts';
import { linesOf } from '../interop/lines.ts';
import { eventFact, type Fact, logbookFact, NULL_DATA, rowFact } from './facts.ts';
import type { HeadEnd } from './head-end.ts';
import type { Delivery } from './ledger.ts';

/** A notification as the Gurux listener tells it: octets as hex, lists as lists. */
interface Told {
  readonly port?: number;
  readonly error?: string;
  readonly objects?: readonly {
    readonly class: number;
    readonly obis: string;
    readonly attribute: number;
    readonly value: unknown;
  }[];
}

const BUFFER = 2;
const CAPTURE_OBJECTS = 3;
const GENERIC = BUILT_IN_PROFILES.get('generic');

/** A listener made of the Gurux library, which confirms what it has told; it is killed and started again on the same port. */
export async function dlmsHeadEnd(): Promise<HeadEnd> {
  const environment = await pythonPeer('gurux');
  const port = await freePort();
  const items = new Items();
  let stop = async (): Promise<void> => {};
  const start = async (): Promise<void> => {
    const child = Bun.spawn([...environment.command('hes_push')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const world = { title: HES_TITLE, encryptionKey: ENCRYPTION_KEY, authenticationKey: AUTHENTICATION_KEY };
    const job = { ciphered: false, confirm: true, port };
    void child.stdin.write(`${JSON.stringify(world)}\n${JSON.stringify(job)}\n`);
    await child.stdin.flush();
    const listening = Promise.withResolvers<void>();
    const read = async (): Promise<void> => {
      for await (const line of linesOf(child.stdout)) {
        const told = JSON.parse(line) as Told;
        if (told.error !== undefined) throw new DcuError('internal', `the Gurux listener: ${told.error}`);
        if (told.port !== undefined) listening.resolve();
        items.take(told);
      }
    };
    // What it has told before it was killed counts.
    const ended = read();
    stop = async () => {
      child.kill('SIGKILL');
      await ended;
    };
    await Promise.race([listening.promise, ended]);
  };
  return {
    channel: 'hes_push',
    attributes: {
      host: '127.0.0.1',
      port: String(port),
      'ack.timeout': '10',
      'retry.delay': '1',
      'retry.delay.max': '60',
    },
    deliveries: items.deliveries,
    open: start,
    disturb: async () => {
      await stop();
      await start();
    },
    close: () => stop(),
  };
}

/** Items of the outbox, put together of the notifications that each came in. */
class Items {
  readonly deliveries: Delivery[] = [];
  readonly #parts = new Map<number, Map<number, readonly Fact[]>>();

  take({ objects }: Told): void {
    if (objects === undefined) return;
    const told = (obis: string): unknown => objects.find((object) => object.obis === obis)?.value;
    const [id = 0, part = 0, count = 0] = told(ITEM.obis) as readonly number[];
    const parts = this.#parts.get(id) ?? new Map<number, readonly Fact[]>();
    parts.set(part, factsOf(textOf(told(DEVICE_NAME.obis)), objects));
    if (parts.size < count) {
      this.#parts.set(id, parts);
      return;
    }
    this.#parts.delete(id);
    const facts = [...parts].sort(([a], [b]) => a - b).flatMap(([, some]) => some);
    this.deliveries.push({ id, repeated: false, facts });
  }
}

const textOf = (hex: unknown): string => new TextDecoder().decode(Uint8Array.fromHex(String(hex)));

function factsOf(name: string, objects: NonNullable<Told['objects']>): Fact[] {
  const table = objects.find((object) => object.class === 7 && object.attribute === BUFFER);
  const captured = objects.find((object) => object.class === 7 && object.attribute === CAPTURE_OBJECTS);
  if (table === undefined || captured === undefined) return [];
  const rows = table.value as readonly (readonly unknown[])[];
  const columns = captured.value as readonly (readonly unknown[])[];
  return rows.map(([stamp, ...cells]) => {
    const moment = decodeDateTime(Uint8Array.fromHex(String(stamp)));
    const time = toUtcMs(moment) ?? Number.NaN;
    const kind = PROFILE_KINDS.find((one) => GENERIC.profiles[one] === table.obis);
    // The concentrator has its own objects where a meter has others.
    if (table.obis === EVENT_LOGBOOK && columns.length === 3 && name.startsWith(OWN_NAME)) {
      return logbookFact(time, String(cells[0]), String(cells[1]));
    }
    return kind === undefined
      ? logFact(name, table.obis, time, columns, cells)
      : profileFact(name, kind, time, moment.status ?? 0xff, cells);
  });
}

/** What the logical device name of a concentrator begins with. */
const OWN_NAME = 'ODC';

const profileFact = (
  meterNo: string,
  kind: ProfileKind,
  time: number,
  clockStatus: number,
  cells: readonly unknown[],
): Fact =>
  rowFact({
    meterNo,
    kind,
    time,
    clockStatus,
    cells: cells.map((cell) => (cell === null ? NULL_DATA : String(cell))).join(' '),
  });

function logFact(
  meterNo: string,
  obis: string,
  time: number,
  columns: readonly (readonly unknown[])[],
  cells: readonly unknown[],
): Fact {
  const log = EVENT_LOGS.find((one) => GENERIC.logs[one].some((object) => object.obis === obis));
  if (log === undefined) throw new DcuError('internal', `no log of the meters is at ${obis}`);
  const codeObis = codeOf(log);
  const extra: Record<string, string> = {};
  let code = 0;
  for (const [column, cell] of cells.entries()) {
    const captured = obisOf(columns[column + 1]?.[1]);
    if (captured === codeObis) code = Number(cell);
    else extra[captured] = String(cell);
  }
  return eventFact({ meterNo, log, time, code, extra });
}

const codeOf = (log: EventLog): string | null | undefined => GENERIC.logs[log][0]?.codeObis;
const obisOf = (hex: unknown): string => Uint8Array.fromHex(String(hex)).join('.');
