import { describe, expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import { call, fakeServices, meterBody, START_MS } from './fake-services.ts';

const secretTexts = [
  'meter-password-77',
  '6d657465722d70617373776f72642d3737',
  '000102030405060708090a0b0c0d0e0f',
  'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf',
  'hunter2-apn-secret',
];

function expectNoSecret(text: string): void {
  for (const secret of secretTexts) expect(text.toLowerCase()).not.toContain(secret);
}

async function withMeter() {
  const fake = fakeServices();
  const app = createApi(fake.services);
  const token = fake.signIn();
  const created = await call(app, '/api/meters', { method: 'POST', body: meterBody, token });
  expect(created.status).toBe(200);
  return { fake, app, token, created };
}

describe('meters', () => {
  test('secrets go in and never come out, whatever is asked', async () => {
    const { fake, app, token, created } = await withMeter();
    expect(fake.secrets.get(1)?.encryptionKey?.toHex()).toBe(meterBody.secrets.encryptionKey);
    expect(created.json()).toMatchObject({
      meterNo: '0011539465',
      hasPassword: true,
      hasKeys: true,
      lastSeen: null,
    });
    const paths = [
      '/api/meters',
      '/api/meters.csv',
      '/api/meters/1',
      '/api/meters/1/registers',
      '/api/meters/1/events',
      '/api/settings',
      '/api/audit',
      '/api/openapi.json',
      '/api/home',
      '/api/channel-attributes',
    ];
    for (const path of paths) {
      const answer = await call(app, path, { token });
      expect(answer.status).toBe(200);
      expectNoSecret(answer.text);
    }
    expectNoSecret(JSON.stringify(fake.audit));
    expect(fake.audit[0]).toMatchObject({ actor: 'admin', action: 'meter.create', subject: '0011539465' });
    expect(fake.audit[0]?.detail).toContain('encryptionKey replaced');
  });

  test('what the store carries beyond the schema stays inside', async () => {
    const { fake, app, token } = await withMeter();
    const row = fake.meters.get(1);
    if (row === undefined) throw new Error('no meter');
    fake.meters.set(1, Object.assign({ ...row }, { password: 'meter-password-77', passwordHash: 'x-hash' }));
    const answer = await call(app, '/api/meters/1', { token });
    expectNoSecret(answer.text);
    expect(answer.text).not.toContain('x-hash');
  });

  test.each([
    [{ meterNo: '' }, 'meterNo'],
    [{ meterNo: 'a b' }, 'meterNo'],
    [{ meterNo: undefined }, 'meterNo'],
    [{ mac: -2 }, 'mac'],
    [{ phase: 1.5 }, 'phase'],
    [{ enabled: 'perhaps' }, 'enabled'],
    [{ address: { ...meterBody.address, port: 0 } }, 'address.port'],
    [{ address: { ...meterBody.address, port: 65536 } }, 'address.port'],
    [{ address: { ...meterBody.address, framing: 'carrier-pigeon' } }, 'address.framing'],
    [{ address: { ...meterBody.address, host: 'a b' } }, 'address.host'],
    [{ address: { ...meterBody.address, framing: 'hdlc', addressBytes: 3 } }, 'address.addressBytes'],
    [{ address: { ...meterBody.address, framing: 'hdlc', addressBytes: 2 } }, 'address.physicalAddress'],
    [{ address: { ...meterBody.address, framing: 'hdlc', serverAddress: 128 } }, 'address.serverAddress'],
    [{ address: { ...meterBody.address, framing: 'hdlc', clientAddress: 128 } }, 'address.clientAddress'],
    [{ security: { auth: 'kerberos', policy: 'none' } }, 'security.auth'],
    [{ security: { ...meterBody.security, systemTitle: '4d4d4d' } }, 'security.systemTitle'],
    [{ secrets: { encryptionKey: '0011' } }, 'secrets.encryptionKey'],
    [{ secrets: { password: 'a', passwordHex: '61' } }, 'secrets.passwordHex'],
    [{ secrets: { passwordHex: '6' } }, 'secrets.passwordHex'],
  ])('%j is refused and the field is named', async (change, field) => {
    const fake = fakeServices();
    const body = { ...meterBody, ...change };
    const answer = await call(createApi(fake.services), '/api/meters', {
      method: 'POST',
      body,
      token: fake.signIn(),
    });
    expect(answer.status).toBe(422);
    const error = answer.json()['error'] as { code: string; field: string; message: string };
    expect(error).toMatchObject({ code: 'invalid-field', field });
    expect(error.message).toStartWith(field);
    expect(fake.meters.size).toBe(0);
    expectNoSecret(answer.text);
  });

  test('a key that does not fit is not echoed', async () => {
    const fake = fakeServices();
    const body = { ...meterBody, secrets: { encryptionKey: `${meterBody.secrets.encryptionKey}zz` } };
    const answer = await call(createApi(fake.services), '/api/meters', {
      method: 'POST',
      body,
      token: fake.signIn(),
    });
    expect(answer.status).toBe(422);
    expectNoSecret(answer.text + fake.logged.join());
  });

  test('limits are in the message', async () => {
    const fake = fakeServices();
    const body = { ...meterBody, address: { ...meterBody.address, port: 70_000 } };
    const answer = await call(createApi(fake.services), '/api/meters', {
      method: 'POST',
      body,
      token: fake.signIn(),
    });
    expect(answer.text).toContain('address.port must be a whole number from 1 to 65535.');
  });

  test('broken JSON is a 400', async () => {
    const fake = fakeServices();
    const answer = await call(createApi(fake.services), '/api/meters', {
      method: 'POST',
      body: '{"meterNo":',
      token: fake.signIn(),
    });
    expect([answer.status, answer.text]).toEqual([
      400,
      '{"error":{"code":"invalid-argument","message":"The body is not valid JSON."}}',
    ]);
  });

  test('a taken MeterNo is a conflict that names its field', async () => {
    const { app, token } = await withMeter();
    const answer = await call(app, '/api/meters', { method: 'POST', body: meterBody, token });
    expect(answer.status).toBe(409);
    expect(answer.json()['error']).toMatchObject({ code: 'conflict', field: 'meterNo' });
  });

  test('patch keeps absent secrets and writes down only what changed', async () => {
    const { fake, app, token } = await withMeter();
    const answer = await call(app, '/api/meters/1', { method: 'PATCH', body: { phase: 3 }, token });
    expect(answer.json()).toMatchObject({ phase: 3, meterNo: '0011539465' });
    expect(fake.secrets.get(1)?.authenticationKey?.toHex()).toBe(meterBody.secrets.authenticationKey);
    expect(fake.audit.at(-1)).toMatchObject({ action: 'meter.update', detail: 'phase=3' });
  });

  test('of a whole form sent back only what differs is changed and put on record', async () => {
    const { fake, app, token } = await withMeter();
    const { secrets: _, ...form } = meterBody;
    const address = Object.fromEntries(Object.entries(form.address).reverse());
    const same = await call(app, '/api/meters/1', { method: 'PATCH', body: { ...form, address }, token });
    expect([same.status, fake.audit.length]).toEqual([200, 1]);
    await call(app, '/api/meters/1', { method: 'PATCH', body: { ...form, credit: 9 }, token });
    expect(fake.audit.at(-1)).toMatchObject({ action: 'meter.update', detail: 'credit=9' });
  });

  test('an empty patch, an unknown meter and a bad id', async () => {
    const { app, token } = await withMeter();
    expect((await call(app, '/api/meters/1', { method: 'PATCH', body: {}, token })).status).toBe(422);
    expect((await call(app, '/api/meters/9', { method: 'PATCH', body: { phase: 3 }, token })).status).toBe(
      404,
    );
    const bad = await call(app, '/api/meters/x', { token });
    expect(bad.json()['error']).toMatchObject({ code: 'invalid-field', field: 'id' });
  });

  test('enable in bulk changes only what differs, delete removes', async () => {
    const { fake, app, token } = await withMeter();
    const off = { method: 'POST', body: { ids: [1, 7], enabled: false }, token };
    expect((await call(app, '/api/meters/enable', off)).json()).toEqual({ changed: 1 });
    expect((await call(app, '/api/meters/enable', off)).json()).toEqual({ changed: 0 });
    expect(fake.audit.map((entry) => entry.action)).toEqual(['meter.create', 'meter.disable']);
    expect((await call(app, '/api/meters/1', { method: 'DELETE', token })).json()).toEqual({ ok: true });
    expect((await call(app, '/api/meters/1', { token })).status).toBe(404);
  });

  test('filters of the query reach the store, empty ones filter nothing', async () => {
    const { app, token } = await withMeter();
    const totals: unknown[] = [];
    for (const query of [
      '',
      'search=539',
      'search=nope',
      'enabled=true',
      'enabled=false',
      'search=&channel=',
    ]) {
      totals.push((await call(app, `/api/meters?${query}`, { token })).json()['total']);
    }
    expect(totals).toEqual([1, 1, 0, 1, 0, 1]);
    const bad = await call(app, '/api/meters?state=sleepy', { token });
    expect(bad.json()['error']).toMatchObject({ field: 'state' });
    expect(bad.text).toContain('must be one of: unknown, online, offline, reading');
  });

  test('CSV keeps leading zeros as text and disarms formulas', async () => {
    const { fake, app, token } = await withMeter();
    const row = fake.meters.get(1);
    if (row === undefined) throw new Error('no meter');
    fake.meters.set(1, { ...row, channel: '=cmd("x"),1' });
    const answer = await call(app, '/api/meters.csv', { token });
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.text.split('\r\n')[1]).toStartWith(`1,0011539465,Enable,-1,"'=cmd(""x""),1",1,`);
  });
});

describe('readings', () => {
  test('a profile is columnar, exact and marks its gaps', async () => {
    const { fake, app, token } = await withMeter();
    const quarter = 900_000;
    const times = [0, 1, 2, 6, 7].map((i) => i * quarter);
    fake.profiles.set('1 energy', {
      times: Float64Array.from(times),
      clockStatus: new Uint8Array(5),
      columns: [
        { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, dataIndex: 0, scaler: 0, unit: 30 },
        { classId: 3, obis: '1.0.2.8.0.255', attribute: 2, dataIndex: 0, scaler: -3, unit: 30 },
        { classId: 1, obis: '0.0.96.10.1.255', attribute: 2, dataIndex: 0, scaler: null, unit: null },
      ],
      values: [
        { kind: 'number', values: Float64Array.from([10, 20, Number.NaN, 40, 50]) },
        { kind: 'bigint', values: [1n, 2n ** 60n, undefined, 4n, 5n] },
        { kind: 'bytes', values: [new Uint8Array([8]), undefined, undefined, undefined, undefined] },
      ],
    });
    const answer = await call(app, `/api/meters/1/profile?kind=energy&from=0&to=${8 * quarter}`, { token });
    expect(answer.json()).toMatchObject({
      kind: 'energy',
      zone: 'Europe/Riga',
      periodMs: quarter,
      times,
      columns: [
        {
          obis: '1.0.1.8.0.255',
          name: 'Active energy import (+A)',
          scaler: 0,
          unit: 'Wh',
          values: [10, 20, null, 40, 50],
        },
        { scaler: -3, values: [1, '1152921504606846976', null, 4, 5] },
        { scaler: null, unit: null, values: ['08', null, null, null, null] },
      ],
      gaps: [
        { fromMs: 2 * quarter, toMs: 3 * quarter, reason: 'missing', cause: 'meter-has-none', why: null },
        {
          fromMs: 3 * quarter,
          toMs: 6 * quarter,
          reason: 'unread',
          cause: 'unread',
          why: { reason: 'no-task', code: null, message: null, since: null },
        },
      ],
    });
  });

  test('rows of which the meter says something are named', async () => {
    const { fake, app, token } = await withMeter();
    fake.profiles.set('1 energy', {
      times: Float64Array.of(0, 900_000, 1_800_000),
      clockStatus: Uint8Array.of(0, 2, 0xff),
      columns: [
        { classId: 1, obis: '0.0.96.10.1.255', attribute: 2, dataIndex: 0, scaler: null, unit: null },
      ],
      values: [{ kind: 'number', values: Float64Array.of(0, 0, 0xa0) }],
    });
    const answer = await call(app, '/api/meters/1/profile?kind=energy&from=0&to=2700000', { token });
    expect(answer.json()).toMatchObject({
      marks: [
        { row: 1, marks: ['clock-doubtful'] },
        { row: 2, marks: ['clock-changed', 'power-failed'] },
      ],
    });
  });

  test('the clock of a meter is told with its corrections', async () => {
    const { app, token } = await withMeter();
    const answer = await call(app, '/api/meters/1/clock', { token });
    expect(answer.json()).toEqual({
      check: { time: 9_000, driftMs: 400, action: 'none' },
      corrections: [{ time: 5_000, driftMs: 4_200, action: 'shifted', leftMs: 200 }],
    });
    expect((await call(app, '/api/meters/99/clock', { token })).status).toBe(404);
  });

  test('nothing read yet is an empty profile whose whole past is a gap', async () => {
    const { app, token } = await withMeter();
    const day = 86_400_000;
    const answer = await call(
      app,
      `/api/meters/1/profile?kind=demand&from=${START_MS - day}&to=${START_MS + day}`,
      {
        token,
      },
    );
    expect(answer.json()).toMatchObject({
      times: [],
      columns: [],
      gaps: [{ fromMs: START_MS - day, toMs: START_MS, reason: 'unread' }],
    });
  });

  test.each([
    ['kind=energy&from=5&to=5', 'from'],
    ['kind=energy&from=0&to=99999999999', 'from'],
    ['kind=hourly', 'kind'],
    ['kind=energy&from=yesterday', 'from'],
  ])('profile?%s names the field', async (query, field) => {
    const { app, token } = await withMeter();
    const answer = await call(app, `/api/meters/1/profile?${query}`, { token });
    expect([answer.status, (answer.json()['error'] as Record<string, unknown>)['field']]).toEqual([
      422,
      field,
    ]);
  });

  test('registers and events carry names and texts', async () => {
    const { app, token } = await withMeter();
    expect((await call(app, '/api/meters/1/registers', { token })).text).toContain('"unit":"Wh"');
    expect((await call(app, '/api/meters/1/events?log=fraud', { token })).text).toContain(
      'Terminal cover removed',
    );
    expect((await call(app, '/api/meters/1/events?log=gossip', { token })).status).toBe(422);
    expect((await call(app, '/api/meters/1/coverage?kind=fraud', { token })).json()).toEqual({
      intervals: [{ fromMs: 0, toMs: 3_600_000 }],
    });
  });

  test('home names day and month in the concentrator zone', async () => {
    const { fake, app } = await withMeter();
    await fake.clock.advance(Date.UTC(2026, 2, 31, 21, 30) - START_MS);
    const token = fake.signIn();
    const home = (await call(app, '/api/home', { token })).json();
    expect(home).toMatchObject({
      day: '2026-04-01',
      month: '2026-04',
      zone: 'Europe/Riga',
      meters: 1,
      energy: 3,
    });
    expect((await call(app, '/api/device', { token })).json()).toMatchObject({
      localTime: '2026-04-01T00:30:00+03:00',
    });
  });
});

describe('operating', () => {
  test('another meter that answers is accepted where there is one, and that is on record', async () => {
    const { fake, app, token } = await withMeter();
    const accept = (id: number) => call(app, `/api/meters/${id}/accept-identity`, { method: 'POST', token });
    expect((await accept(1)).status).toBe(200);
    expect(fake.audit.at(-1)?.action).toBe('meter.accept-identity');
    expect((await accept(1)).json()['error']).toMatchObject({ code: 'conflict' });
    expect((await accept(9)).status).toBe(404);
  });

  test('the relay moves only when MeterNo was typed in, and both steps are on record', async () => {
    const { fake, app, token } = await withMeter();
    const wrong = { method: 'POST', body: { state: 'off', confirmation: '0011539466' }, token };
    const refused = await call(app, '/api/meters/1/relay', wrong);
    expect(refused.json()['error']).toMatchObject({ code: 'invalid-field', field: 'confirmation' });
    expect(fake.audit).toHaveLength(1);
    const right = { method: 'POST', body: { state: 'off', confirmation: '0011539465' }, token };
    expect((await call(app, '/api/meters/1/relay', right)).json()).toEqual({
      relay: 'off',
      relayTime: START_MS,
    });
    expect(fake.audit.slice(1).map((entry) => [entry.action, entry.detail])).toEqual([
      ['relay.off', 'ordered'],
      ['relay.off', 'done, relay reports off'],
    ]);
  });

  test('what was read last comes for many meters at once', async () => {
    const { app, fake, token } = await withMeter();
    const plain = { meterId: 1, scaler: null, unit: null };
    const registers = await fake.services.store.readings.registers(1);
    fake.services.store.readings.registers = async (id) =>
      id !== 1
        ? []
        : [
            ...registers,
            {
              ...plain,
              classId: 8,
              obis: '0.0.1.0.0.255',
              attribute: 2,
              time: 2_000,
              type: 'octet-string',
              value: '07ea030f070c1e0000ff8800',
            },
            {
              ...plain,
              classId: 70,
              obis: '0.0.96.3.10.255',
              attribute: 3,
              time: 3_000,
              type: 'enum',
              value: '0',
            },
          ];
    expect((await call(app, '/api/reading?ids=1,2', { token })).json()).toMatchObject({
      rows: [
        {
          meterId: 1,
          time: 2_000,
          meterTime: Date.UTC(2026, 2, 15, 10, 30),
          relay: 'off',
          relayTime: 3_000,
          registers: [{ value: '123456', unit: 'Wh' }],
        },
      ],
    });
    for (const ids of ['', 'x', '1,', '0', Array.from({ length: 501 }, () => 1).join(',')]) {
      expect((await call(app, `/api/reading?ids=${ids}`, { token })).status).toBe(422);
    }
  });

  test('read now, run, cancel', async () => {
    const { app, token } = await withMeter();
    expect((await call(app, '/api/reading/1', { method: 'POST', token })).json()).toMatchObject({
      relay: 'on',
      registers: [{ value: '123456', unit: 'Wh' }],
    });
    expect((await call(app, '/api/reading/2', { method: 'POST', token })).status).toBe(404);
    expect((await call(app, '/api/jobs/run', { method: 'POST', body: {}, token })).json()).toEqual({
      queued: 10,
    });
    expect((await call(app, '/api/jobs/job-1', { method: 'DELETE', token })).status).toBe(200);
    expect((await call(app, '/api/jobs/job-2', { method: 'DELETE', token })).status).toBe(404);
    expect((await call(app, '/api/jobs', { token })).text).toContain('"line":"rs485_1"');
  });

  test('what fails inside is logged, and answered without its words', async () => {
    const { fake, token } = await withMeter();
    const boom = (): never => {
      throw new Error('secret path /var/lib/x');
    };
    const app = createApi({ ...fake.services, collector: { ...fake.services.collector, snapshot: boom } });
    const answer = await call(app, '/api/jobs', { token });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('/var/lib');
    expect(answer.json()['error']).toMatchObject({ code: 'internal' });
    expect(fake.logged.join()).toContain('/var/lib/x');
  });
});

describe('configuration', () => {
  const item = {
    name: 'energy profile',
    task: 'single_phase',
    intervalS: 120,
    offsetS: 0,
    maxRecallS: 1_728_000,
    enabled: true,
    priority: 2,
    type: 'Energy profile',
    cron: '0 */4 * * *',
  };

  test('task items come with words and next runs; a bad cron names its field', async () => {
    const { app, token } = await withMeter();
    const made = await call(app, '/api/task-items', { method: 'POST', body: item, token });
    expect(made.json()).toMatchObject({ schedule: 'words for 0 */4 * * *', priority: 2 });
    expect(made.json()['nextRuns']).toHaveLength(5);
    for (const [change, field] of [
      [{ cron: '0 4' }, 'cron'],
      [{ priority: 6 }, 'priority'],
      [{ type: 'Coffee' }, 'type'],
      [{ intervalS: -1 }, 'intervalS'],
    ] as const) {
      const bad = await call(app, '/api/task-items', { method: 'POST', body: { ...item, ...change }, token });
      expect([bad.status, (bad.json()['error'] as Record<string, unknown>)['field']]).toEqual([422, field]);
    }
    expect(
      (await call(app, '/api/cron', { method: 'POST', body: { cron: '* * * * *' }, token })).status,
    ).toBe(200);
  });

  test('empty_task is protected', async () => {
    const { app, token } = await withMeter();
    const answer = await call(app, '/api/tasks/1', { method: 'DELETE', token });
    expect([answer.status, answer.json()['error']]).toEqual([
      409,
      { code: 'protected', message: 'empty_task cannot be deleted.' },
    ]);
  });

  test('a secret setting is written, masked and not put on record', async () => {
    const { fake, app, token } = await withMeter();
    const body = { value: 'hunter2-apn-secret' };
    const answer = await call(app, '/api/settings/ppp.password', { method: 'PUT', body, token });
    expect(answer.json()).toMatchObject({ key: 'ppp.password', value: '', secret: true, stored: true });
    expect(await fake.services.store.configuration.setting('ppp.password')).toBe('hunter2-apn-secret');
    expectNoSecret(JSON.stringify(fake.audit));
    const plain = await call(app, '/api/settings/ppp.apn', {
      method: 'PUT',
      body: { value: 'le2vsk' },
      token,
    });
    expect(plain.json()).toMatchObject({ value: 'le2vsk', secret: false });
    expect((await call(app, '/api/settings/no.such', { method: 'PUT', body, token })).status).toBe(404);
  });

  test('channels and attributes are edited; owners must exist', async () => {
    const { app, token } = await withMeter();
    const channel = {
      protocol: 'dlms_down',
      task: 'empty_task',
      enabled: false,
      readTimeoutS: 7,
      writeTimeoutS: 3,
      description: '',
    };
    const put = await call(app, '/api/channels/1', { method: 'PUT', body: channel, token });
    expect(put.json()).toMatchObject({
      name: 'tcp_meters',
      enabled: false,
      readTimeoutS: 7,
      commTypeName: 'TCP meters',
    });
    const attribute = await call(app, '/api/protocol-attributes/1', {
      method: 'PUT',
      body: { value: '128' },
      token,
    });
    expect(attribute.json()).toMatchObject({ owner: 'dlms_down', key: 'max.bytes', value: '128' });
    const stray = { owner: 'nobody', key: 'x', value: '1', description: '' };
    const refused = await call(app, '/api/channel-attributes', { method: 'POST', body: stray, token });
    expect(refused.json()['error']).toMatchObject({ field: 'owner' });
  });
});

test('the OpenAPI document lists every path, is 3.1 and is for signed-in users', async () => {
  const fake = fakeServices();
  const app = createApi(fake.services);
  expect((await call(app, '/api/openapi.json')).status).toBe(401);
  const document = (await call(app, '/api/openapi.json', { token: fake.signIn() })).json() as {
    openapi: string;
    paths: Record<
      string,
      Record<string, { responses?: unknown; parameters?: { name: string; in: string }[] }>
    >;
  };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toContain('/api/meters/{id}');
  expect(Object.keys(document.paths)).not.toContain('/api/*');
  expect(JSON.stringify(document)).not.toContain('"format":"integer"');
  expect(JSON.stringify(document)).not.toContain('form-data');
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const named = (operation.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name);
      expect([method, path, named]).toEqual([method, path, inPath as string[]]);
      const asksHeader = (operation.parameters ?? []).some((p) => p.name === 'x-opendcu');
      expect([path, asksHeader]).toEqual([path, method !== 'get']);
    }
  }
});
