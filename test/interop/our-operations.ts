import { ok, deepStrictEqual as same } from 'node:assert/strict';
import { toHex } from '../../src/base/bytes.ts';
import type { DlmsClient } from '../../src/channels/dlms-client.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import type { AccessSelection, CosemAttribute, GetResult } from '../../src/dlms/client.ts';
import { type ImageAnswer, type ImageStep, transferImage } from '../../src/dlms/cosem/image-transfer.ts';
import { IMAGE_STATUS } from '../../src/dlms/cosem/image-transfer-object.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { decodeDateTime, encodeDateTime, parseDateTime, toUtcMs } from '../../src/dlms/datetime.ts';
import { i8, octetString, u16, u32 } from '../../src/dlms/values.ts';
import {
  CLOCK_AFTER,
  ENTRIES,
  IMAGE,
  IMAGE_NAME,
  OBIS,
  type Operation,
  PROFILE_ROWS,
  profileRows,
  RANGE,
  WRITABLE as WRITABLE_VALUE,
  WRITTEN,
} from './world.ts';

/** What a peer's meter can be expected to do. */
export interface MeterHabits {
  /** Whether a write that changes nothing is answered by a refusal. */
  readonly refusesWrites: boolean;
  /** Whether the meter knows lists of SET and ACTION. */
  readonly writesLists: boolean;
}

const POLL_MS = 20;

const at = (classId: number, obis: string, attribute: number): CosemAttribute => ({
  classId,
  obis,
  attribute,
});
const BUFFER = at(7, OBIS.profile, 2);
const CLOCK = at(8, OBIS.clock, 2);
const WRITABLE = at(1, OBIS.writable, 2);

function dataOf(result: GetResult | undefined): DlmsData {
  if (result?.ok !== true) throw new Error(`refused: ${result?.result}`);
  return decodeData(result.data);
}

/** As every client of the test tells it: numbers and truth values as text, octet-strings as hex. */
function plain(data: DlmsData): unknown {
  switch (data.type) {
    case 'structure':
    case 'array':
      return data.elements.map(plain);
    case 'octet-string':
      return toHex(data.value);
    case 'null-data':
      return 'null';
    default:
      return 'value' in data ? String(data.value) : data.type;
  }
}

function isoOf(data: DlmsData): string {
  if (data.type !== 'octet-string' && data.type !== 'date-time')
    throw new Error(`a time of type ${data.type}`);
  const time = decodeDateTime(data.value);
  const ms = toUtcMs(time, time.deviationMinutes ?? 0);
  if (ms === undefined) throw new Error('a time without a date');
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

const timeOf = (text: string): DlmsData => octetString(encodeDateTime(parseDateTime(text)));

function rowsOf(data: DlmsData): unknown[] {
  if (data.type !== 'array') throw new Error(`a buffer of type ${data.type}`);
  return data.elements.map((row) => {
    const [time, ...cells] = row.type === 'structure' ? row.elements : [];
    if (time === undefined) throw new Error('a row without cells');
    return [isoOf(time), ...cells.map(plain)];
  });
}

async function mustCall(client: DlmsClient, method: CosemAttribute, parameter: DlmsData): Promise<void> {
  same((await client.action(method, parameter)).result, 'success');
}

type Test = (client: DlmsClient, habits: MeterHabits) => Promise<unknown>;

/** What our client does for each operation; no meter of a peer takes requests in blocks, or ACCESS. */
export const TESTS: Readonly<Record<Exclude<Operation, 'wrong secret' | 'long set' | 'access'>, Test>> = {
  get: async (client) => {
    const read = async (attribute: CosemAttribute) => dataOf(await client.get(attribute));
    const values: unknown[] = [];
    for (const obis of [OBIS.energy, OBIS.voltage]) {
      values.push(plain(await read(at(3, obis, 2))));
      const scalerUnit = plain(await read(at(3, obis, 3)));
      values.push(...(Array.isArray(scalerUnit) ? scalerUnit : [scalerUnit]));
    }
    values.push(plain(await read(at(3, OBIS.large, 2))));
    values.push((await client.get(at(3, OBIS.missing, 2))).ok ? 'accepted' : 'refused');
    return values;
  },
  list: async (client, { writesLists, refusesWrites }) => {
    const wanted = [at(3, OBIS.energy, 2), at(3, OBIS.voltage, 2), WRITABLE];
    if (writesLists) {
      const settings = [WRITABLE, at(3, OBIS.energy, 2)].map((attribute) => ({
        attribute,
        value: u32(WRITABLE_VALUE),
      }));
      const [first, second] = await client.setList(settings);
      same([first, second === 'success'], ['success', !refusesWrites]);
      const method = at(70, OBIS.relay, 2);
      const calls = [method, method].map((each) => ({ method: each, parameter: i8(0) }));
      same(
        (await client.actionList(calls)).map(({ result }) => result),
        ['success', 'success'],
      );
    }
    return (await client.getList(wanted)).map((result) => plain(dataOf(result)));
  },
  block: async (client) => {
    const blocks: number[] = [];
    const buffer = await client.get(BUFFER, undefined, (_data, number) => blocks.push(number));
    same(rowsOf(dataOf(buffer)), profileRows(0, PROFILE_ROWS - 1));
    ok(blocks.length > 1, `the buffer came in ${blocks.length} blocks`);
    same(
      blocks,
      blocks.map((_, i) => i + 1),
    );
    const long = at(1, OBIS.long, 2);
    const [first, second] = await client.getList([long, long]);
    same(plain(dataOf(first)), plain(dataOf(second)));
    return plain(dataOf(await client.get(long)));
  },
  set: async (client, { refusesWrites }) => {
    const read = async () => plain(dataOf(await client.get(WRITABLE)));
    const before = await read();
    same(await client.set(WRITABLE, u32(WRITTEN)), 'success');
    const energy = at(3, OBIS.energy, 2);
    const first = plain(dataOf(await client.get(energy)));
    const result = await client.set(energy, u32(1));
    same(plain(dataOf(await client.get(energy))), first);
    return [before, await read(), result !== 'success' || !refusesWrites ? 'refused' : result];
  },
  action: async (client) => {
    const read = async () => plain(dataOf(await client.get(at(3, OBIS.resettable, 2))));
    const before = await read();
    await mustCall(client, at(9, OBIS.scripts, 1), u16(1));
    return [before, await read()];
  },
  range: async (client) => {
    const between = (from: string, to: string): AccessSelection => ({
      by: 'range',
      restricting: CLOCK,
      from: timeOf(from),
      to: timeOf(to),
    });
    const empty = await client.get(BUFFER, between('2027-01-02T10:00:00Z', '2027-01-02T12:00:00Z'));
    same(rowsOf(dataOf(empty)), []);
    return rowsOf(dataOf(await client.get(BUFFER, between(RANGE.from, RANGE.to))));
  },
  entry: async (client) => {
    const rows = async (fromEntry: number, toEntry: number) =>
      rowsOf(dataOf(await client.get(BUFFER, { by: 'entry', fromEntry, toEntry })));
    same(await rows(280, 0), profileRows(279, PROFILE_ROWS - 1));
    return rows(ENTRIES.from, ENTRIES.to);
  },
  clock: async (client) => {
    const read = async () => isoOf(dataOf(await client.get(CLOCK)));
    const before = await read();
    same(await client.set(CLOCK, timeOf(CLOCK_AFTER)), 'success');
    return [before, await read()];
  },
  relay: async (client) => {
    const states: unknown[] = [];
    for (const method of [1, 2]) {
      await mustCall(client, at(70, OBIS.relay, method), i8(0));
      states.push(plain(dataOf(await client.get(at(70, OBIS.relay, 2)))));
    }
    return states;
  },
  image: async (client) => {
    const transfer = transferImage({
      obis: OBIS.image,
      identifier: new TextEncoder().encode(IMAGE_NAME),
      image: IMAGE,
      pollMs: POLL_MS,
      polls: 20,
    });
    let step = transfer.next();
    while (step.done !== true) step = transfer.next(await answerTo(client, step.value));
    const status = plain(dataOf(await client.get(at(18, OBIS.image, 6))));
    const missing = plain(dataOf(await client.get(at(18, OBIS.image, 4))));
    same(status, String(IMAGE_STATUS['activation-successful']));
    same(missing, String(step.value.blocksSent));
    return [status, missing];
  },
};

/** What a meter answers to a step of an image transfer. */
export async function answerTo(client: DlmsClient, step: ImageStep): Promise<ImageAnswer> {
  switch (step.type) {
    case 'get':
      return { type: 'get', result: await client.get(step.attribute) };
    case 'action':
      return { type: 'action', result: (await client.action(step.method, step.parameter)).result };
    case 'wait':
      await Bun.sleep(step.ms);
      return { type: 'waited' };
  }
}

export const isTested = (operation: Operation): operation is keyof typeof TESTS => operation in TESTS;
