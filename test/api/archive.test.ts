import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createApi } from '../../src/api/app.ts';
import { csvText } from '../../src/api/csv.ts';
import { METER_EXPORT } from '../../src/api/meter-columns.ts';
import { parseMeterCsv } from '../../src/api/meter-csv.ts';
import { METER_OPENINGS, METER_REFERENCING, type NewMeter, PARITIES } from '../../src/base/model.ts';
import { Blacklist } from '../../src/device/blacklist.ts';
import type { MeterRow, Store } from '../../src/store/types.ts';
import { newMeter, openTestStore, removeDirectory, temporaryDirectory } from '../store/fixture.ts';
import { type Answer, call, type FakeServices, fakeServices, meterBody } from './fake-services.ts';

let directory: string;
let store: Store;
let fake: FakeServices;
let ask: (method: string, path: string, body?: unknown) => Promise<Answer>;
const blacklist = new Blacklist();

beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
  fake = fakeServices();
  blacklist.replace([]);
  // As the concentrator does it: the set at hand follows the rows.
  const add: Store['blacklist']['add'] = async (...entry) => {
    const row = await store.blacklist.add(...entry);
    blacklist.replace(await store.blacklist.list());
    return row;
  };
  const app = createApi({
    ...fake.services,
    blacklist,
    store: { ...store, audit: fake.services.store.audit, blacklist: { ...store.blacklist, add } },
  });
  const token = fake.signIn();
  ask = (method, path, body) => call(app, path, { method, token, ...(body === undefined ? {} : { body }) });
});

afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

interface Row {
  readonly line: number;
  readonly meterNo: string;
  readonly action: string;
  readonly problems: readonly { readonly field: string; readonly message: string }[];
  readonly changes: readonly { readonly field: string }[];
}

interface Plan {
  readonly applied?: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly ignored: readonly string[];
  readonly digest: string;
  readonly rows: readonly Row[];
}

const planOf = (answer: Answer): Plan => {
  expect(answer.status).toBe(200);
  return answer.json() as unknown as Plan;
};
const preview = async (csv: string, rest: object = {}): Promise<Plan> =>
  planOf(await ask('POST', '/api/meters/import/preview', { csv, ...rest }));
const apply = async (csv: string, rest: object = {}): Promise<Plan> =>
  planOf(await ask('POST', '/api/meters/import', { csv, ...rest }));
const problems = (plan: Plan): unknown =>
  plan.rows.map(({ line, problems: found }) => [line, ...found.map(({ field }) => field)]);

const HEAD = 'MeterNo,Channel,Task,Host,Port';

describe('import', () => {
  test('does what the preview showed, and is on record', async () => {
    const csv = `${HEAD}\r\n1,tcp_meters,single_phase,10.0.0.1,4059\r\n2,tcp_meters,,10.0.0.2,4059\r\n`;
    const shown = await preview(csv);
    expect(shown.counts).toEqual({ create: 2, update: 0, unchanged: 0, error: 0 });
    expect((await store.archive.list({})).total).toBe(0);
    const done = await apply(csv, { digest: shown.digest, file: 'street.csv' });
    expect(done.applied).toBe(true);
    const { rows } = await store.archive.list({});
    expect(rows.map(({ meterNo, task, address }) => [meterNo, task, address.host, address.framing])).toEqual([
      ['1', 'single_phase', '10.0.0.1', 'wrapper'],
      ['2', 'empty_task', '10.0.0.2', 'wrapper'],
    ]);
    expect(fake.audit.map(({ action, subject, detail }) => [action, subject, detail])).toEqual([
      ['meter.import', 'street.csv', '2 created, 0 changed, 0 unchanged, 0 left out'],
    ]);
  });

  test('every error of every row is told by heading', async () => {
    await store.archive.create(
      newMeter('9', { address: { ...newMeter('9').address, host: '10.0.0.9' } }),
      {},
    );
    const csv = [
      `${HEAD};Phase;Framing;Physical;AddressBytes;Status`.replaceAll(',', ';'),
      '# a comment',
      '1;nowhere;no_task;10.0.0.999;70000;300;;;;on',
      '',
      '2;tcp_meters;;;4059;;;;;',
      '2;485_1;;;;;hdlc;17;2;',
      '3;485_1;;;;;hdlc;18;2;',
      '4;485_1;;;;;hdlc;18;2;',
      '5;tcp_meters;;10.0.0.9;4059;;;;;',
      '6;485_1;;;;;mbus;200;2;',
      '7;485_1',
      '1,15E+10;485_1;;;;;hdlc;20;2;',
      '9;tcp_meters;;10.0.0.10;4059;;;;;',
      '"8;485_1',
    ].join('\r\n');
    const plan = await preview(csv);
    expect(problems(plan)).toEqual([
      [3, 'Status', 'Channel', 'Task', 'Phase', 'Host', 'Port'],
      [5, 'Host', 'MeterNo'],
      [6, 'MeterNo'],
      [7, 'Physical'],
      [8, 'Physical'],
      [9, 'Host'],
      [10, 'Framing', 'Physical'],
      [11, 'row'],
      [12, 'MeterNo'],
      [13, 'MeterNo'],
      [14, 'row'],
    ]);
    const message = (line: number) => plan.rows.find((row) => row.line === line)?.problems[0]?.message;
    expect(message(6)).toBe('MeterNo is in line 5 as well');
    expect(message(7)).toBe('Physical is that of line 8 on the same channel');
    expect(message(9)).toBe('Host is that of meter 9 on the same channel');
    expect(message(12)).toContain('rounded by a spreadsheet');
    expect(message(13)).toBe('MeterNo is in the archive already, with other values');
  });

  test('a row with an error keeps all out, or is left out if asked', async () => {
    const csv = `${HEAD}\n1,tcp_meters,,10.0.0.1,4059\n2,tcp_meters,,,4059\n`;
    const refused = await apply(csv);
    expect([refused.applied, refused.counts['error']]).toEqual([false, 1]);
    expect((await store.archive.list({})).total).toBe(0);
    expect(fake.audit).toEqual([]);
    expect((await apply(csv, { soundOnly: true })).applied).toBe(true);
    expect((await store.archive.list({})).rows.map(({ meterNo }) => meterNo)).toEqual(['1']);
  });

  test('what was not previewed is not done', async () => {
    const csv = `${HEAD}\n1,tcp_meters,,10.0.0.1,4059\n`;
    const { digest } = await preview(csv);
    await store.archive.create(newMeter('1'), {});
    const answer = await ask('POST', '/api/meters/import', { csv, digest, update: true });
    expect([answer.status, answer.text]).toEqual([
      409,
      expect.stringContaining('has changed since the preview'),
    ]);
    expect((await store.archive.list({})).rows[0]?.address.host).not.toBe('10.0.0.1');
  });

  test('meters may exchange their addresses; who falls out keeps his', async () => {
    const way = (host: string) => ({ address: { ...newMeter('1').address, host } });
    await store.archive.create(newMeter('1', way('10.0.0.1')), {});
    await store.archive.create(newMeter('2', way('10.0.0.2')), {});
    const csv = 'MeterNo,Host\n1,10.0.0.2\n2,10.0.0.1\n';
    expect((await apply(csv, { update: true })).counts['update']).toBe(2);
    const hosts = async () => (await store.archive.list({})).rows.map(({ address }) => address.host);
    expect(await hosts()).toEqual(['10.0.0.2', '10.0.0.1']);
    const broken = 'MeterNo,Host,Phase\n1,10.0.0.1,1\n2,10.0.0.2,999\n';
    const plan = await apply(broken, { update: true, soundOnly: true });
    expect(problems(plan)).toEqual([
      [2, 'Host'],
      [3, 'Phase'],
    ]);
    expect(await hosts()).toEqual(['10.0.0.2', '10.0.0.1']);
  });

  test('an archive holds 2,040 meters and no more', async () => {
    const rows = Array.from(
      { length: 2042 },
      (_, i) => `${i + 1},tcp_meters,,10.1.${i >> 8}.${i & 255},4059`,
    );
    const plan = await preview([HEAD, ...rows].join('\n'));
    expect(plan.counts).toEqual({ create: 2040, update: 0, unchanged: 0, error: 2 });
    expect(plan.rows.at(-1)?.problems[0]?.message).toContain('room for 2040 meters');
  }, 20_000);

  test('secrets go in, and no answer repeats them, right or wrong', async () => {
    const key = '000102030405060708090A0B0C0D0E0F';
    const sent = (k: string, rest = '') =>
      `${HEAD},Auth,Policy,Password,EncryptionKey,AuthenticationKey\n1,tcp_meters,,10.0.0.1,4059,hls-gmac,auth-enc, pass word ,${k},${key}${rest}\n`;
    for (const csv of [sent('0123456789SECRET'), sent(key, ',SECRET'), sent(`"${key}"SECRET`)]) {
      const answer = await ask('POST', '/api/meters/import/preview', { csv });
      expect(planOf(answer).counts['error']).toBe(1);
      expect(answer.text).not.toMatch(/SECRET|pass word|0B0C0D/i);
    }
    const answer = await ask('POST', '/api/meters/import', { csv: sent(key) });
    expect(planOf(answer).applied).toBe(true);
    expect(answer.text).not.toMatch(/pass word|0B0C0D/i);
    expect(JSON.stringify(fake.audit)).not.toMatch(/pass word|0B0C0D/i);
    const stored = await store.collection.secrets(1);
    expect(new TextDecoder().decode(stored.password)).toBe(' pass word ');
    expect(stored.encryptionKey?.toHex().toUpperCase()).toBe(key);
    expect((await ask('GET', '/api/meters.csv')).text).not.toMatch(/pass word|0B0C0D/i);
    const missing = sent(key).replaceAll(key, '').replace('\n1,', '\n7,').replace('10.0.0.1', '10.0.0.7');
    expect(problems(await preview(missing))).toEqual([[2, 'EncryptionKey', 'AuthenticationKey']]);
  });

  test.each([
    ['nothing', ''],
    ['no headings', '1,2,3\n4,5,6'],
    ['a heading twice', 'MeterNo,Host,host\n1,a,b'],
    ['too many rows', `MeterNo\n${'1\n'.repeat(5001)}`],
  ])('a file with %s is refused as a whole', async (_what, csv) => {
    const answer = await ask('POST', '/api/meters/import/preview', { csv });
    expect([answer.status, (answer.json()['error'] as { field: string }).field]).toEqual([422, 'csv']);
  });

  test('headings that are no column of a meter are named', async () => {
    const plan = await preview('meter no,Channel,Host,Port,Owner\n1,tcp_meters,10.0.0.1,4059,Smith\n');
    expect([plan.ignored, plan.counts['create']]).toEqual([['Owner'], 1]);
  });
});

describe('what was exported', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const optional = <Value>(name: string, value: fc.Arbitrary<Value>) =>
    fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [name]: one }));
  const meter = fc
    .record({
      fields: fc.record({
        enabled: fc.boolean(),
        mac: fc.integer({ min: -1 }),
        meterType: byte,
        phase: byte,
        credit: byte,
        prepaid: byte,
        wiring: byte,
        task: fc.constantFrom('empty_task', 'three_phase'),
        profile: fc.constantFrom('generic', '=1+1', "'=x", 'with, comma', 'with "marks"', '#1'),
      }),
      wired: fc.boolean(),
      wide: fc.boolean(),
      extra: fc
        .tuple(
          optional('referencing', fc.constantFrom(...METER_REFERENCING)),
          optional('opening', fc.constantFrom(...METER_OPENINGS)),
          optional('parity', fc.constantFrom(...PARITIES)),
          optional('baudRate', fc.constantFrom(300, 9600)),
        )
        .map((parts) => Object.assign({}, ...parts) as object),
      title: optional('systemTitle', fc.constantFrom('4D4D4D0000BC614E')),
      suite: optional('suite', fc.constantFrom(1, 2)),
    })
    .map(
      ({ fields, wired, wide, extra, title, suite }) =>
        (i: number): NewMeter => ({
          meterNo: ['-', '', '00', 'A.'][i % 4] + String(i),
          ...fields,
          channel: wired ? '485_1' : 'tcp_meters',
          address: wired
            ? {
                framing: 'hdlc',
                clientAddress: 1,
                serverAddress: 1,
                addressBytes: wide ? 4 : 2,
                physicalAddress: 17 + i,
                ...extra,
              }
            : {
                framing: 'wrapper',
                clientAddress: 1,
                serverAddress: wide ? 4000 : 1,
                addressBytes: 1,
                host: `2001:db8::${i + 1}`,
                port: 4059,
              },
          security: { auth: 'none', policy: 'none', ...title, ...suite },
        }),
    );
  const archive = fc
    .array(meter, { minLength: 1, maxLength: 12 })
    .map((makers) => makers.map((make, i) => make(i)));
  const bare = ({ rows }: { readonly rows: readonly MeterRow[] }): unknown =>
    rows.map(({ id: _, createdAt: __, ...row }) => row);

  test('comes in again as it was, and changes nothing where it still is', async () => {
    await fc.assert(
      fc.asyncProperty(archive, async (meters) => {
        const made: MeterRow[] = [];
        for (const one of meters) made.push(await store.archive.create(one, {}));
        const before = bare(await store.archive.list({}));
        const csv = csvText(METER_EXPORT, made);
        const { rows } = parseMeterCsv(csv, 'auto');
        const again = await store.archive.planImport(rows, { update: false });
        expect(again.rows.map(({ action, problems: found }) => [action, found])).toEqual(
          made.map(() => ['unchanged', []]),
        );
        for (const { id } of made) await store.archive.remove(id);
        const { applied } = await store.archive.import(rows, { update: false, soundOnly: false });
        expect(applied).toBe(true);
        const after = await store.archive.list({});
        expect(bare(after)).toEqual(before);
        for (const { id } of after.rows) await store.archive.remove(id);
      }),
      { numRuns: 12 },
    );
  }, 60_000);
});

describe('replacing', () => {
  test('shows both ends of the chain, and the logbook tells', async () => {
    const made = await ask('POST', '/api/meters', meterBody);
    const id = (made.json() as { id: number }).id;
    const body = { meterNo: '42', secrets: meterBody.secrets };
    const answer = await ask('POST', `/api/meters/${id}/replace`, body);
    expect(answer.status).toBe(200);
    const { old, new: next } = answer.json() as Record<string, Record<string, unknown>>;
    expect(old).toMatchObject({
      enabled: false,
      replaced: { by: next?.['id'], meterNo: '42' },
      replaces: null,
    });
    expect(next).toMatchObject({ enabled: true, replaced: null, replaces: { id, meterNo: '0011539465' } });
    expect(answer.text).not.toContain(meterBody.secrets.encryptionKey);
    const { rows } = await store.logbook.list({ limit: 5, offset: 0 });
    expect(rows[0]).toMatchObject({ type: 'meter-replaced', detail: '0011539465 by 42 on tcp_meters' });
    expect(fake.audit.at(-1)).toMatchObject({ action: 'meter.replace', subject: '0011539465' });
    const back = await ask('PATCH', `/api/meters/${id}`, { enabled: true });
    expect([back.status, back.text]).toEqual([409, expect.stringContaining('"field":"enabled"')]);
  });
});

describe('devices', () => {
  test('a blacklisted one shows at its meter and in the list', async () => {
    const { id } = await store.archive.create(newMeter('42'), {});
    const added = await ask('POST', '/api/blacklist', { address: '000000000042', reason: 'stolen' });
    expect(added.status).toBe(200);
    expect((await ask('GET', `/api/meters/${id}`)).json()).toMatchObject({
      blacklisted: { id: 1, reason: 'stolen' },
    });
    expect((await ask('GET', '/api/blacklist')).json()).toMatchObject({
      rows: [{ id: 1, address: '000000000042', meters: [{ id, meterNo: '42' }] }],
    });
    expect((await ask('POST', '/api/blacklist', { address: '42', reason: '' })).status).toBe(409);
    expect((await ask('POST', '/api/blacklist', { address: ' ', reason: '' })).status).toBe(422);
    expect((await ask('DELETE', '/api/blacklist/1')).status).toBe(200);
    expect((await ask('DELETE', '/api/blacklist/1')).status).toBe(404);
    expect(fake.audit.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
      'blacklist.add 000000000042',
      'blacklist.remove 000000000042',
    ]);
  });

  test('a found one is accepted once, as the meter that is given, or left aside', async () => {
    const note = (address: string, proposal?: unknown) =>
      store.found.note({
        channel: 'reading_module',
        address,
        via: 'report',
        seenAt: 1,
        ...(proposal === undefined ? {} : { proposal }),
      });
    await note('000000000042', { meter: { profile: 'generic' } });
    await note('000000000043');
    const { rows, total } = (await ask('GET', '/api/found?state=new')).json() as {
      rows: { id: number }[];
      total: number;
    };
    expect(total).toBe(2);
    expect(rows).toMatchObject([
      { address: '000000000043', proposal: null },
      { address: '000000000042', proposal: { meter: { profile: 'generic' } } },
    ]);
    const [left, taken] = rows.map(({ id }) => id);
    const bad = await ask('POST', `/api/found/${taken}/accept`, { ...meterBody, channel: 'nowhere' });
    expect(bad.status).toBe(422);
    expect((await ask('POST', `/api/found/${taken}/accept`, meterBody)).status).toBe(200);
    expect((await ask('POST', `/api/found/${taken}/accept`, { ...meterBody, meterNo: '2' })).status).toBe(
      409,
    );
    expect((await ask('POST', `/api/found/${left}/ignore`)).json()).toMatchObject({ state: 'ignored' });
    expect((await ask('GET', '/api/found?state=new')).json()).toMatchObject({ total: 0 });
    expect((await ask('POST', `/api/found/${left}/restore`)).json()).toMatchObject({ state: 'new' });
    expect((await store.archive.list({})).rows.map(({ meterNo }) => meterNo)).toEqual([meterBody.meterNo]);
  });
});
