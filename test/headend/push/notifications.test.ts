import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { EVENT_LOGS, type MeterEvent, type RegisterReading } from '../../../src/base/model.ts';
import type { OutboxContent, OutboxItem } from '../../../src/base/outbox.ts';
import { decodeDataNotification } from '../../../src/dlms/apdu/notification.ts';
import { decodeData } from '../../../src/dlms/axdr.ts';
import type { CaptureObject } from '../../../src/dlms/client.ts';
import { captureObjectOf } from '../../../src/dlms/cosem/selective-access.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import { setupOf } from '../../../src/headend/push/groups.ts';
import { type NotificationContext, notificationsOf } from '../../../src/headend/push/notifications.ts';
import { ZoneTimes } from '../../../src/headend/zone-times.ts';
import { BUILT_IN_PROFILES } from '../../../src/meters/profiles/index.ts';
import { column, numbers, profileRows, QUARTER_MS } from '../../store/fixture.ts';

const AT = Date.UTC(2026, 2, 1);
const FRAUD_LOG = '0.0.99.98.1.255';
const PROFILE = '1.0.99.1.0.255';

const context = (change: Partial<NotificationContext> = {}): NotificationContext => ({
  sap: 17,
  deviceName: 'A123456789',
  profile: BUILT_IN_PROFILES.get('generic'),
  times: new ZoneTimes('UTC'),
  confirmed: true,
  nextInvokeId: () => 5,
  ...change,
});

const item = (content: OutboxContent, change: Partial<OutboxItem> = {}): OutboxItem => ({
  id: 7,
  meterId: 2,
  at: AT,
  priority: 1,
  content,
  ...change,
});

const event = (code: number, extra: MeterEvent['extra'] = {}): MeterEvent => ({
  time: AT,
  code,
  clockStatus: 0,
  extra,
});

interface Read {
  readonly sap: number;
  readonly dateTime: string | undefined;
  readonly named: readonly (readonly [string, DlmsData])[];
  at(name: string): DlmsData | undefined;
}

/** By `class:obis:attribute`, as the list in front says. */
function read({ sap, apdu }: { readonly sap: number; readonly apdu: Uint8Array }): Read {
  const { body, dateTime } = decodeDataNotification(apdu);
  const [list, ...values] = elements(decodeData(body));
  const objects = elements(list).map((entry) => captureObjectOf(entry));
  if (objects.length !== values.length + 1) throw new Error('the list does not name every element');
  const named = values.map((value, i) => [nameOf(objects[i + 1]), value] as const);
  return { sap, dateTime: dateTime?.toHex(), named, at: (name) => named.find(([own]) => own === name)?.[1] };
}

const nameOf = (object: CaptureObject | undefined): string =>
  `${object?.classId}:${object?.obis}:${object?.attribute}`;

function elements(data: DlmsData | undefined): readonly DlmsData[] {
  if (data === undefined || !('elements' in data)) throw new Error('no list');
  return data.elements;
}

const plain = (data: DlmsData | undefined): unknown => {
  if (data === undefined) return undefined;
  if ('elements' in data) return data.elements.map(plain);
  if (!('value' in data)) return null;
  return data.value instanceof Uint8Array ? data.value.toHex() : data.value;
};

const only = (content: OutboxContent, change: Partial<NotificationContext> = {}): Read => {
  const [first, ...more] = notificationsOf(item(content), context(change));
  if (first === undefined || more.length > 0) throw new Error(`${more.length + 1} notifications`);
  return read(first);
};

/** The bytes of the example, without what stands behind and beside them. */
async function documented(): Promise<string> {
  const text = await Bun.file(join(import.meta.dir, '../../../docs/dlms-push.md')).text();
  const [, example = ''] = text.split('```');
  const lines = example.split('\n').map((line) => /^ *[\dA-F]+(?: [\dA-F]+)*/.exec(line)?.[0] ?? '');
  return lines.join('').replaceAll(/\s/g, '').toLowerCase();
}

test('an event is the bytes of the documentation, and they are read in its words', async () => {
  const [notification] = notificationsOf(item({ kind: 'fraud', events: [event(40)] }), context());
  if (notification === undefined) throw new Error('nothing is told');
  expect(notification.apdu.toHex()).toBe(await documented());
  expect(notification.sap).toBe(17);
  const told = read(notification);
  expect(plain(told.at('1:0.0.42.0.0.255:2'))).toBe(Buffer.from('A123456789').toHex());
  expect(plain(told.at('1:0.128.25.9.0.255:2'))).toEqual([7n, 1, 1]);
  expect(plain(told.at(`7:${FRAUD_LOG}:2`))).toEqual([['07ea03010700000000000000', 40]]);
});

test('rows are those of the profile, with the columns that they have and the scalers that are known', () => {
  const columns = [
    column('1.0.1.8.0.255', { scaler: -1 }),
    column('1.0.2.8.0.255', { scaler: null, unit: null }),
  ];
  const rows = profileRows(
    [AT, AT + QUARTER_MS],
    [numbers(1, 2), numbers(5_000_000_000, Number.NaN)],
    columns,
  );
  const told = only({ kind: 'energy', rows }, { times: new ZoneTimes('Europe/Berlin') });
  expect(plain(told.at(`7:${PROFILE}:3`))).toEqual([
    [8, '0000010000ff', 2, 0],
    [3, '0100010800ff', 2, 0],
    [3, '0100020800ff', 2, 0],
  ]);
  expect(plain(told.at(`7:${PROFILE}:2`))).toEqual([
    ['07ea03010701000000ffc400', 1, 5_000_000_000n],
    ['07ea030107010f0000ffc400', 2, null],
  ]);
  expect(plain(told.at('3:1.0.1.8.0.255:3'))).toEqual([-1, 30]);
  expect(told.at('3:1.0.2.8.0.255:3')).toBeUndefined();
});

test('what does not fit goes in parts that say so; nothing is lost and nothing comes twice', () => {
  const count = 256;
  const times = Array.from({ length: count }, (_, i) => AT + i * QUARTER_MS);
  const octets = times.map((_, i) => new Uint8Array(500).fill(i));
  const rows = profileRows(times, [{ kind: 'bytes', values: octets }], [column('1.0.1.8.0.255')]);
  const notifications = notificationsOf(item({ kind: 'energy', rows }), context());
  expect(notifications.length).toBeGreaterThan(2);
  for (const { apdu } of notifications) expect(apdu.length).toBeLessThan(65_000);
  const told = notifications.map(read);
  expect(told.map(({ at }) => plain(at('1:0.128.25.9.0.255:2')))).toEqual(
    told.map((_, i) => [7n, i + 1, told.length]),
  );
  const values = told.flatMap(({ at }) =>
    elements(at(`7:${PROFILE}:2`)).map((row) => plain(elements(row)[1])),
  );
  expect(values).toEqual(octets.map((bytes) => bytes.toHex()));
});

test('a single value that fits no notification is said to be one', () => {
  const rows = profileRows(
    [AT],
    [{ kind: 'bytes', values: [new Uint8Array(70_000)] }],
    [column('1.0.1.8.0.255')],
  );
  expect(() => notificationsOf(item({ kind: 'energy', rows }), context())).toThrow(/does not fit/);
});

const register = (change: Partial<RegisterReading>): Omit<RegisterReading, 'meterId'> => ({
  classId: 3,
  obis: '1.0.1.8.0.255',
  attribute: 2,
  time: AT,
  type: 'double-long-unsigned',
  value: '123',
  scaler: 0,
  unit: 30,
  ...change,
});

test('registers keep their types, scaler and time; a value whose text does not say all of it goes as that text', () => {
  const registers = [
    register({}),
    register({ obis: '1.0.1.7.0.255', type: 'long64', value: '-9007199254740993', scaler: null, unit: null }),
    register({
      classId: 1,
      obis: '0.0.96.1.0.255',
      type: 'octet-string',
      value: '3132',
      scaler: null,
      unit: null,
    }),
    register({
      classId: 1,
      obis: '0.0.96.1.9.255',
      type: 'bit-string',
      value: '101',
      scaler: null,
      unit: null,
    }),
    register({ obis: '1.0.2.8.0.255', time: AT + 5000 }),
  ];
  const told = notificationsOf(item({ kind: 'register', registers }), context()).map(read);
  expect(told.map(({ dateTime }) => dateTime)).toEqual([
    '07ea03010700000000000000',
    '07ea03010700000500000000',
  ]);
  const [first, second] = told;
  expect(first?.at('3:1.0.1.8.0.255:2')).toEqual({ type: 'double-long-unsigned', value: 123 });
  expect(plain(first?.at('3:1.0.1.8.0.255:3'))).toEqual([0, 30]);
  expect(first?.at('3:1.0.1.7.0.255:2')).toEqual({ type: 'long64', value: -9007199254740993n });
  expect(plain(first?.at('1:0.0.96.1.0.255:2'))).toBe('3132');
  expect(first?.at('1:0.0.96.1.9.255:2')).toEqual({ type: 'utf8-string', value: '101' });
  expect(plain(second?.at('3:1.0.2.8.0.255:2'))).toBe(123);
});

test.each([...EVENT_LOGS])('every %s event keeps its code, whatever log its meter has for it', (kind) => {
  for (const profile of [...BUILT_IN_PROFILES.all(), undefined]) {
    for (const code of [1, 40, 255]) {
      const [notification] = notificationsOf(item({ kind, events: [event(code)] }), context({ profile }));
      if (notification === undefined) throw new Error('nothing is told');
      const told = read(notification);
      const [obis] = told.named.filter(([name]) => name.startsWith('7:')).map(([name]) => name.split(':')[1]);
      const rows = plain(told.at(`7:${obis}:2`));
      const log = profile?.logs[kind].find((one) => one.obis === obis);
      // A log without codes implies its own.
      const isImplied = log?.codeObis === null && log.impliedCode === code;
      expect(rows).toEqual([['07ea03010700000000000000', ...(isImplied ? [] : [code])]]);
    }
  }
});

test('what else an event has captured comes with it', () => {
  const told = only({
    kind: 'fraud',
    events: [event(40, { '1:0.0.96.1.0.255:2': '0a32', '3:1.0.1.8.0.255:2': '7' })],
  });
  expect(plain(told.at(`7:${FRAUD_LOG}:2`))).toEqual([['07ea03010700000000000000', 40, '0a32', 7]]);
});

test('states, entries of the logbook and answers', () => {
  expect(only({ kind: 'status', state: 'offline' }).at('1:0.128.96.5.0.255:2')).toEqual({
    type: 'visible-string',
    value: 'offline',
  });
  const logbook = only(
    { kind: 'logbook', type: 'clock-set', detail: 'äußerst' },
    { sap: 1, deviceName: 'ODC1', profile: undefined },
  );
  expect(plain(logbook.at('7:0.0.99.98.0.255:2'))).toEqual([
    ['07ea030107000000000000ff', 'clock-set', 'äußerst'],
  ]);
  expect(plain(only({ kind: 'answer', answer: { ok: true } }).at('1:0.128.96.9.0.255:2'))).toBe(
    '{"ok":true}',
  );
});

test('each kind goes by the push setup of its group', () => {
  const kinds = ['status', 'energy', 'billing', 'register', 'fraud', 'logbook', 'answer'] as const;
  expect(kinds.map(setupOf)).toEqual(kinds.map((_, b) => `0.${b}.25.9.0.255`));
});
