import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Meter } from '../../src/base/model.ts';
import type { OutboxContent } from '../../src/base/outbox.ts';
import { aboutMeter, messageOf, statusPayload, Topics } from '../../src/headend/mqtt/messages.ts';
import { column, newMeter, numbers, profileRows } from '../store/fixture.ts';
import { violations } from './json-schema.ts';

const SCHEMAS = join(import.meta.dir, '../../docs/mqtt');
const schema = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(SCHEMAS, `${name}.schema.json`), 'utf8')) as Record<string, unknown>;

const START = Date.UTC(2026, 2, 1);
const topics = new Topics('utility/dcu', '1234567890');
const meter: Meter = {
  ...newMeter('0011/5+3#'),
  id: 7,
  hasPassword: false,
  hasKeys: false,
  createdAt: START,
};

const message = (content: OutboxContent, meterId = 7) =>
  messageOf(topics, { id: 12, meterId, at: START, priority: 1, content }, meterId === 7 ? meter : undefined);

const rows = profileRows(
  [START, START + 900_000],
  [
    numbers(5, Number.NaN),
    { kind: 'bigint', values: [18_446_744_073_709_551_615n, undefined] },
    { kind: 'bytes', values: [new Uint8Array([0, 255]), undefined] },
  ],
  [column('1.0.1.8.0.255'), column('1.0.2.8.0.255', { scaler: null, unit: null }), column('0.0.96.1.0.255')],
);
const event = { time: START, code: 40, clockStatus: 255 };

const contents: readonly (readonly [schema: string, below: string, content: OutboxContent])[] = [
  ['profile', 'profile/energy', { kind: 'energy', rows }],
  ['profile', 'profile/billing', { kind: 'billing', rows }],
  [
    'events',
    'events/power-failure',
    {
      kind: 'power-failure',
      events: [
        { ...event, extra: {} },
        { ...event, extra: { '1:0.0.96.11.0.255:2': '3' } },
      ],
    },
  ],
  [
    'registers',
    'registers',
    {
      kind: 'register',
      registers: [
        {
          classId: 3,
          obis: '1.0.1.8.0.255',
          attribute: 2,
          time: START,
          type: 'long64-unsigned',
          value: '18446744073709551615',
          scaler: -1,
          unit: 30,
        },
      ],
    },
  ],
  [
    'balance',
    'balance',
    {
      kind: 'balance',
      intervals: [
        {
          fromMs: START,
          toMs: START + 900_000,
          scaler: -3,
          imported: 5000,
          exported: 0,
          consumed: 7000,
          fed: 1,
          expected: 2,
          counted: 1,
          missing: { 'no-row': 1 },
          phases: { supplied: [1, 2, 3], consumed: [3, 2, 1], unassigned: 0 },
        },
      ],
    },
  ],
  ['meter-status', 'status', { kind: 'status', state: 'offline' }],
  [
    'response',
    'response/relay',
    {
      kind: 'answer',
      answer: {
        command: 'relay',
        request: 'x',
        time: new Date(START).toISOString(),
        ok: false,
        error: { code: 'not-granted', message: 'no' },
      },
    },
  ],
];

test.each(contents)(
  'a message of schema %s goes below meters/…/%s and is as the schema says',
  (name, below, content) => {
    const made = message(content);
    expect(made?.topic).toBe(`utility/dcu/1234567890/meters/0011%2F5%2B3%23/${below}`);
    expect(violations(schema(name), JSON.parse(made?.payload ?? ''))).toEqual([]);
  },
);

test('what the concentrator says of itself is as the schemas say', () => {
  const logbook = message({ kind: 'logbook', type: 'clock-set', detail: 'by 5 ms' }, 0);
  expect(logbook?.topic).toBe('utility/dcu/1234567890/logbook');
  expect(violations(schema('logbook'), JSON.parse(logbook?.payload ?? ''))).toEqual([]);
  for (const at of [undefined, START])
    expect(violations(schema('status'), JSON.parse(statusPayload(at !== undefined, '1.0', at)))).toEqual([]);
  const about = aboutMeter(topics, meter, ['read', 'clock']);
  expect(violations(schema('meter'), JSON.parse(about.payload))).toEqual([]);
});

test('values stay what they are: 64 bits, octets, null-data', () => {
  const made = JSON.parse(message({ kind: 'energy', rows })?.payload ?? '') as { rows: unknown };
  expect(made.rows).toEqual([
    { time: '2026-03-01T00:00:00.000Z', clockStatus: 0, values: [5, '18446744073709551615', '0x00ff'] },
    { time: '2026-03-01T00:15:00.000Z', clockStatus: 0, values: [null, null, null] },
  ]);
});

test('nothing is said of a meter that is not known any more', () => {
  expect(message({ kind: 'status', state: 'online' }, 8)).toBeUndefined();
});

test.each([
  ['utility/dcu/1234567890/meters/A/command/read', { level: 'A', name: 'read' }],
  ['utility/dcu/1234567890/meters/A/command', undefined],
  ['utility/dcu/1234567890/meters/A/command/read/more', undefined],
  ['utility/dcu/1234567890/meters/A/status/read', undefined],
  ['utility/dcu/123/meters/A/command/read', undefined],
])('%s names the command %o', (topic, named) => {
  expect(topics.command(topic)).toEqual(named);
});

test('the schemas refuse what they do not say, and each of them is named in the page', () => {
  const page = readFileSync(join(SCHEMAS, '../mqtt.md'), 'utf8');
  for (const file of readdirSync(SCHEMAS)) {
    expect(page).toContain(`mqtt/${file}`);
    expect(violations(schema(file.replace('.schema.json', '')), {})).not.toEqual([]);
  }
  const made = JSON.parse(message({ kind: 'energy', rows })?.payload ?? '') as object;
  expect(violations(schema('profile'), { ...made, more: 1 })).toEqual(['$: has more']);
  expect(violations(schema('profile'), { ...made, rows: [{ time: 'now' }] })).toHaveLength(3);
});
