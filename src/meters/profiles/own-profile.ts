import {
  AUTH_MECHANISMS,
  EVENT_LOGS,
  type EventLog,
  PROFILE_KINDS,
  type SecurityPolicy,
  type SecuritySuite,
} from '../../base/model.ts';
import {
  EVENT_CLASSES,
  EVENT_SEVERITIES,
  EVENT_TELLS,
  type EventLogObject,
  type EventMeaning,
  type G3PskObject,
  type MeterProfile,
  type NamedObject,
  OBIS_PATTERN,
  type ProfileClient,
  type ProfileHints,
} from '../meter-profile.ts';
import { Fields } from './json-fields.ts';

/** What a file that holds no profile has wrong, each with its place; a program that reads it may show all. */
export type OwnProfile =
  | { readonly ok: true; readonly profile: MeterProfile }
  | { readonly ok: false; readonly problems: readonly string[] };

const NAME = /^[a-z0-9][a-z0-9.-]{0,39}$/;
const POLICIES = ['none', 'auth', 'enc', 'auth-enc'] as const satisfies readonly SecurityPolicy[];
const FIELDS = [
  'name',
  'title',
  'extends',
  'unchecked',
  'profiles',
  'logs',
  'events',
  'eventsOfLog',
  'clock',
  'relay',
  'imageTransfer',
  'pushSetups',
  'invocationCounter',
  'publicClient',
  'clients',
  'suites',
  'hdlc',
  'registers',
  'counters',
  'scalers',
  'receiveWindow',
  'quirks',
  'hints',
  'g3Psk',
] as const;

/**
 * A profile of the user's from JSON: the profile that it `extends` (generic if it does not say), with what it gives in
 * place of that. `events`, `profiles`, `logs`, `scalers` and `quirks` are changed entry by entry, all else as a whole.
 * Never throws: all that is wrong is told at once.
 * @param base finds the profile that is extended
 */
export function readOwnProfile(text: string, base: (name: string) => MeterProfile | undefined): OwnProfile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ok: false, problems: [`no JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const given = new Fields('', json);
  given.onlyKnown(FIELDS);
  const from = given.text('extends', 40) ?? 'generic';
  const parent = base(from);
  const name = given.text('name', 40);
  if (name === undefined) given.wrong('name', 'is missing');
  else if (!NAME.test(name)) given.wrong('name', 'is made of a-z, 0-9, dot and hyphen');
  const title = given.text('title', 80);
  const g3Psk = pskOf(given.inner('g3Psk')) ?? parent?.g3Psk;
  if (parent === undefined) given.wrong('extends', `there is no profile "${from}"`);
  if (parent === undefined || name === undefined) return { ok: false, problems: given.problems };
  const profile: MeterProfile = {
    ...parent,
    name,
    title: title ?? name,
    unchecked: given.list('unchecked', (item) => item.asText(200)) ?? parent.unchecked,
    profiles: { ...parent.profiles, ...profilesOf(given.inner('profiles')) },
    logs: { ...parent.logs, ...logsOf(given.inner('logs')) },
    events: { ...parent.events, ...eventsOf(given.inner('events')) },
    eventsOfLog: { ...parent.eventsOfLog, ...eventsOfLogs(given.inner('eventsOfLog')) },
    clock: given.obis('clock') ?? parent.clock,
    relay: given.obis('relay') ?? parent.relay,
    imageTransfer: given.obis('imageTransfer') ?? parent.imageTransfer,
    pushSetups: given.list('pushSetups', (item) => item.asObis()) ?? parent.pushSetups,
    invocationCounter: given.obis('invocationCounter') ?? parent.invocationCounter,
    publicClient: given.whole('publicClient', 0, 65_535) ?? parent.publicClient,
    clients: given.list('clients', clientOf) ?? parent.clients,
    suites: given.list('suites', suiteOf) ?? parent.suites,
    hdlc: hdlcOf(given.inner('hdlc')) ?? parent.hdlc,
    registers: given.list('registers', objectOf(3)) ?? parent.registers,
    counters: given.list('counters', objectOf(1)) ?? parent.counters,
    scalers: { ...parent.scalers, ...scalersOf(given.inner('scalers')) },
    receiveWindow: given.whole('receiveWindow', 1, 7) ?? parent.receiveWindow,
    quirks: { ...parent.quirks, ...quirksOf(given.inner('quirks')) },
    hints: hintsOf(given.inner('hints'), parent.hints),
    ...(g3Psk === undefined ? {} : { g3Psk }),
  };
  return given.problems.length === 0 ? { ok: true, profile } : { ok: false, problems: given.problems };
}

function profilesOf(fields: Fields | undefined): Partial<MeterProfile['profiles']> {
  fields?.onlyKnown(PROFILE_KINDS);
  return defined(PROFILE_KINDS, (kind) => fields?.obis(kind));
}

function logsOf(fields: Fields | undefined): Partial<MeterProfile['logs']> {
  fields?.onlyKnown(EVENT_LOGS);
  return defined(EVENT_LOGS, (log) => fields?.list(log, logOf));
}

function logOf(item: Fields): EventLogObject | undefined {
  item.onlyKnown(['obis', 'impliedCode', 'codeObis']);
  const obis = item.required('obis', () => item.obis('obis'));
  if (obis === undefined) return undefined;
  const codeObis = item.obis('codeObis') ?? null;
  return { obis, codeObis, impliedCode: item.whole('impliedCode', 0, 65_535) ?? 0 };
}

function eventsOf(fields: Fields | undefined): Record<number, EventMeaning> {
  const events: Record<number, EventMeaning> = {};
  for (const [key, item] of fields?.entries() ?? []) {
    const code = /^\d{1,5}$/.test(key) ? Number(key) : Number.NaN;
    if (!(code <= 65_535)) {
      item.wrong('', 'is no event code (0 to 65535)');
      continue;
    }
    const text = item.isText ? item.asText(120) : item.required('text', () => item.text('text', 120));
    if (text === undefined) continue;
    const plain = item.isText ? undefined : item;
    plain?.onlyKnown(['text', 'class', 'severity', 'tells']);
    const tells = plain?.choice('tells', EVENT_TELLS);
    events[code] = {
      text,
      class: plain?.choice('class', EVENT_CLASSES) ?? 'standard',
      severity: plain?.choice('severity', EVENT_SEVERITIES) ?? 'info',
      ...(tells === undefined ? {} : { tells }),
    };
  }
  return events;
}

function eventsOfLogs(fields: Fields | undefined): Partial<Record<EventLog, Record<number, EventMeaning>>> {
  fields?.onlyKnown(EVENT_LOGS);
  return defined(EVENT_LOGS, (log) => {
    const inner = fields?.inner(log);
    return inner && eventsOf(inner);
  });
}

function clientOf(item: Fields): ProfileClient | undefined {
  item.onlyKnown(['address', 'title', 'auth', 'policy']);
  const address = item.required('address', () => item.whole('address', 0, 65_535));
  if (address === undefined) return undefined;
  return {
    address,
    title: item.text('title', 80) ?? `Client ${address}`,
    auth: item.choice('auth', AUTH_MECHANISMS) ?? 'lls',
    policy: item.choice('policy', POLICIES) ?? 'none',
  };
}

function suiteOf(item: Fields): SecuritySuite | undefined {
  const value = item.asWhole(0, 2);
  return value === 0 || value === 1 || value === 2 ? value : undefined;
}

function hdlcOf(fields: Fields | undefined): MeterProfile['hdlc'] | undefined {
  if (fields === undefined) return undefined;
  fields.onlyKnown(['logical', 'addressBytes']);
  const logical = fields.whole('logical', 1, 16_383) ?? 1;
  const bytes = fields.whole('addressBytes', 1, 4) ?? 1;
  if (bytes !== 1 && bytes !== 2 && bytes !== 4) {
    fields.wrong('addressBytes', 'is 1, 2 or 4');
    return undefined;
  }
  return { logical, addressBytes: bytes };
}

const objectOf =
  (usualClass: number) =>
  (item: Fields): NamedObject | undefined => {
    item.onlyKnown(['classId', 'obis', 'title']);
    const obis = item.required('obis', () => item.obis('obis'));
    if (obis === undefined) return undefined;
    const classId = item.whole('classId', 1, 65_535) ?? usualClass;
    return { classId, obis, title: item.text('title', 80) ?? obis };
  };

function scalersOf(fields: Fields | undefined): Record<string, { scaler: number; unit: number }> {
  const scalers: Record<string, { scaler: number; unit: number }> = {};
  for (const [key, item] of fields?.entries() ?? []) {
    const [, classId, obis] = /^([345]):(.+)$/.exec(key) ?? [];
    if (classId === undefined || obis === undefined || !OBIS_PATTERN.test(obis)) {
      item.wrong('', 'is not CLASS:OBIS with class 3, 4 or 5');
      continue;
    }
    item.onlyKnown(['scaler', 'unit']);
    const scaler = item.required('scaler', () => item.whole('scaler', -128, 127));
    const unit = item.required('unit', () => item.whole('unit', 0, 255));
    if (scaler !== undefined && unit !== undefined) scalers[key] = { scaler, unit };
  }
  return scalers;
}

function quirksOf(fields: Fields | undefined): Partial<MeterProfile['quirks']> {
  fields?.onlyKnown(['noRangeAccess', 'repeatsClock', 'maxListSize', 'pipelining']);
  const flags = defined(['noRangeAccess', 'repeatsClock', 'pipelining'] as const, (key) => fields?.flag(key));
  return { ...flags, ...defined(['maxListSize'] as const, (key) => fields?.whole(key, 1, 64)) };
}

function hintsOf(fields: Fields | undefined, parent: ProfileHints): ProfileHints {
  if (fields === undefined) return parent;
  fields.onlyKnown(['manufacturers', 'logicalDeviceName', 'objects']);
  const pattern = fields.text('logicalDeviceName', 120);
  if (pattern !== undefined && !isPattern(pattern)) {
    fields.wrong(
      'logicalDeviceName',
      'is no regular expression of letters, digits, classes and at most three counts',
    );
  }
  return {
    manufacturers: fields.list('manufacturers', (item) => item.asText(3)) ?? parent.manufacturers,
    logicalDeviceName: pattern ?? parent.logicalDeviceName,
    objects: fields.list('objects', hintOf) ?? parent.objects,
  };
}

function pskOf(fields: Fields | undefined): G3PskObject | undefined {
  if (fields === undefined) return undefined;
  fields.onlyKnown(['classId', 'obis', 'attribute', 'method', 'wrap', 'checkValue']);
  const obis = fields.required('obis', () => fields.obis('obis'));
  const attribute = fields.whole('attribute', 1, 127);
  const method = fields.whole('method', 1, 127);
  if ((attribute === undefined) === (method === undefined)) {
    fields.wrong('', 'is to have either attribute or method');
    return undefined;
  }
  const checkValue = checkValueOf(fields.inner('checkValue'));
  if (obis === undefined) return undefined;
  return {
    classId: fields.whole('classId', 1, 65_535) ?? 1,
    obis,
    by: attribute === undefined ? { method: method ?? 1 } : { attribute },
    wrap: fields.choice('wrap', ['kek', 'none'] as const) ?? 'kek',
    ...(checkValue === undefined ? {} : { checkValue }),
  };
}

function checkValueOf(fields: Fields | undefined): G3PskObject['checkValue'] {
  fields?.onlyKnown(['classId', 'obis', 'attribute']);
  const obis = fields?.required('obis', () => fields.obis('obis'));
  if (fields === undefined || obis === undefined) return undefined;
  return {
    classId: fields.whole('classId', 1, 65_535) ?? 1,
    obis,
    attribute: fields.whole('attribute', 1, 127) ?? 2,
  };
}

function hintOf(item: Fields): ProfileHints['objects'][number] | undefined {
  item.onlyKnown(['obis', 'weight']);
  const obis = item.required('obis', () => item.obis('obis'));
  return obis === undefined ? undefined : { obis, weight: item.whole('weight', -100, 100) ?? 1 };
}

/** The time that a pattern may take on a name that does not fit grows with the power of its counts. */
const MOST_COUNTS = 3;

/** Groups are left out: a repeated group can take for ever on a name that does not fit. */
function isPattern(text: string): boolean {
  if (/[()]/.test(text) || text.split(/[*+?{]/).length - 1 > MOST_COUNTS) return false;
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

function defined<Key extends string, Value>(
  keys: readonly Key[],
  value: (key: Key) => Value | undefined,
): Partial<Record<Key, Value>> {
  const result: Partial<Record<Key, Value>> = {};
  for (const key of keys) {
    const found = value(key);
    if (found !== undefined) result[key] = found;
  }
  return result;
}
