import { type TSchema, t } from 'elysia';
import {
  AUTH_MECHANISMS,
  EVENT_LOGS,
  METER_OPENINGS,
  METER_REFERENCING,
  METER_TRANSPORTS,
  PARITIES,
  PROFILE_KINDS,
  TASK_TYPES,
} from '../base/model.ts';
import { ROW_MARKS } from '../meters/row-marks.ts';
import { GAP_CAUSES, UNREAD_REASONS } from '../tasks/gaps.ts';

/** Shapes of what the API takes and gives. The GUI's types are derived from these. */

const literals = <const Values extends readonly (string | number)[]>(values: Values) =>
  t.Unsafe<Values[number]>(t.Union(values.map((value) => t.Literal(value))));

export const nullable = <Schema extends TSchema>(schema: Schema) => t.Union([schema, t.Null()]);

const epochMs = () => t.Number({ description: 'UTC epoch milliseconds' });

export const meterState = t.Union([
  t.Literal('unknown'),
  t.Literal('online'),
  t.Literal('offline'),
  t.Literal('reading'),
]);
export const eventLog = literals(EVENT_LOGS);
export const profileKind = literals(PROFILE_KINDS);
export const taskType = literals(TASK_TYPES);

/** What a name or key may hold: no control characters, so that it is safe in a log line and a CSV cell. */
export const name = (maxLength = 64) =>
  t.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });
const text = (maxLength: number) => t.String({ maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });
const hex = (bytes: number, description: string) =>
  t.String({
    pattern: `^([0-9a-fA-F]{2}){${bytes}}$`,
    description: `${description}: ${bytes * 2} hexadecimal digits`,
  });

export const session = t.Object({
  account: t.Object({
    id: t.Integer(),
    name: t.String(),
    role: t.String(),
    mustChangePassword: t.Boolean(),
  }),
  rights: t.Array(t.String()),
  expiresAt: epochMs(),
});

const uint = (maximum: number) => t.Integer({ minimum: 0, maximum });

export const meterAddress = t.Object({
  framing: t.Union([t.Literal('hdlc'), t.Literal('wrapper')]),
  host: t.Optional(
    t.String({ maxLength: 253, pattern: '^[A-Za-z0-9._:-]*$', description: 'Host name or IP address' }),
  ),
  port: t.Optional(t.Integer({ minimum: 1, maximum: 65535 })),
  transport: t.Optional(literals(METER_TRANSPORTS)),
  node: t.Optional(
    t.String({ pattern: '^([0-9]{12})?$', description: 'Address of the communication unit, twelve digits' }),
  ),
  opening: t.Optional(literals(METER_OPENINGS)),
  baudRate: t.Optional(t.Integer({ minimum: 300, maximum: 115_200 })),
  parity: t.Optional(literals(PARITIES)),
  clientAddress: t.Integer({ minimum: 1, maximum: 65535 }),
  serverAddress: uint(65535),
  physicalAddress: t.Optional(uint(16383)),
  addressBytes: t.Union([t.Literal(1), t.Literal(2), t.Literal(4)]),
  referencing: t.Optional(t.Union(METER_REFERENCING.map((one) => t.Literal(one)))),
});

export const meterSecurity = t.Object({
  auth: t.Union(AUTH_MECHANISMS.map((mechanism) => t.Literal(mechanism))),
  policy: t.Union([t.Literal('none'), t.Literal('auth'), t.Literal('enc'), t.Literal('auth-enc')]),
  systemTitle: t.Optional(hex(8, 'System title')),
  suite: t.Optional(t.Union([t.Literal(0), t.Literal(1), t.Literal(2)], { description: 'Security suite' })),
  signingKey: t.Optional(
    t.String({
      pattern: '^([0-9a-fA-F]{128}|[0-9a-fA-F]{192})$',
      description: 'Public digital signature key of the meter, X and Y: 128 or 192 hexadecimal digits',
    }),
  ),
});

/** Write-only: there is no schema by which these could be answered. */
export const meterSecrets = t.Object({
  password: t.Optional(
    t.String({ minLength: 1, maxLength: 64, description: 'Password of the meter, as text' }),
  ),
  passwordHex: t.Optional(
    t.String({
      pattern: '^([0-9a-fA-F]{2}){1,64}$',
      description: 'Password of the meter, as hexadecimal digits',
    }),
  ),
  encryptionKey: t.Optional(
    t.String({
      pattern: '^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$',
      description: 'Global unicast encryption key: 32 or 64 hexadecimal digits',
    }),
  ),
  authenticationKey: t.Optional(
    t.String({
      pattern: '^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$',
      description: 'Authentication key: 32 or 64 hexadecimal digits',
    }),
  ),
  signingKey: t.Optional(
    t.String({
      pattern: '^([0-9a-fA-F]{64}|[0-9a-fA-F]{96})$',
      description: 'Our private digital signature key towards this meter: 64 or 96 hexadecimal digits',
    }),
  ),
  masterKey: t.Optional(
    t.String({
      pattern: '^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$',
      description:
        'Master key, which wraps keys that are transferred to the meter: 32 or 64 hexadecimal digits',
    }),
  ),
});

const meterFields = {
  meterNo: t.String({
    minLength: 1,
    maxLength: 32,
    pattern: '^[A-Za-z0-9._-]+$',
    description: 'Letters, digits, dot, dash and underscore',
  }),
  enabled: t.Boolean(),
  mac: t.Integer({ minimum: -1, maximum: Number.MAX_SAFE_INTEGER }),
  channel: name(),
  meterType: uint(255),
  phase: uint(255),
  credit: uint(255),
  task: name(),
  prepaid: uint(255),
  wiring: uint(255),
  profile: name(),
  address: meterAddress,
  security: meterSecurity,
};

export const newMeter = t.Object(
  { ...meterFields, secrets: t.Optional(meterSecrets) },
  { additionalProperties: false },
);
export const meterPatch = t.Partial(t.Object({ ...meterFields, secrets: meterSecrets }), {
  additionalProperties: false,
  minProperties: 1,
});

export const meter = t.Object({
  id: t.Integer(),
  ...meterFields,
  meterNo: t.String(),
  hasPassword: t.Boolean(),
  hasKeys: t.Boolean(),
  createdAt: epochMs(),
  state: meterState,
  lastSeen: nullable(epochMs()),
  /** When it was first found silent, since it last answered; null while it is not. */
  offlineSince: nullable(epochMs()),
  /** The meter that took its place. */
  replaced: nullable(t.Object({ by: t.Integer(), at: epochMs(), meterNo: t.String() })),
  /** The meter whose place it took. */
  replaces: nullable(t.Object({ id: t.Integer(), meterNo: t.String(), at: epochMs() })),
  /** The entry of the blacklist that keeps it from communicating. */
  blacklisted: nullable(t.Object({ id: t.Integer(), reason: t.String() })),
  lastError: nullable(t.Object({ code: t.String(), message: t.String(), time: epochMs() })),
});

export const meterQuery = t.Object({
  search: t.Optional(t.String({ maxLength: 64 })),
  channel: t.Optional(t.String({ maxLength: 64 })),
  task: t.Optional(t.String({ maxLength: 64 })),
  enabled: t.Optional(t.Boolean()),
  state: t.Optional(meterState),
  offlineSince: t.Optional(
    t.Integer({ minimum: 0, description: 'UTC epoch milliseconds: silent since then or longer' }),
  ),
  sort: t.Optional(literals(['id', 'meterNo', 'channel', 'task', 'enabled', 'lastSeen', 'offlineSince'])),
  descending: t.Optional(t.Boolean()),
  offset: t.Optional(t.Integer({ minimum: 0 })),
  limit: t.Optional(t.Integer({ minimum: 1, maximum: 500 })),
});

export const interval = t.Object({ fromMs: t.Number(), toMs: t.Number() });

const scaled = {
  scaler: nullable(t.Integer()),
  /** Symbol, e.g. `Wh`. */
  unit: nullable(t.String()),
};

/** Data of a meter that is not there, and why. */
export const gap = t.Object({
  fromMs: t.Number(),
  toMs: t.Number(),
  /** `unread`: not fetched yet; `missing`: fetched, and the meter holds no row. */
  reason: t.Union([t.Literal('unread'), t.Literal('missing')]),
  cause: literals(GAP_CAUSES),
  /** With `unread`. */
  why: nullable(
    t.Object({
      reason: literals(UNREAD_REASONS),
      /** Of the last attempt. */
      code: nullable(t.String()),
      message: nullable(t.String()),
      since: nullable(epochMs()),
    }),
  ),
});

/** What is known of a meter's clock. */
export const meterClock = t.Object({
  check: nullable(
    t.Object({
      time: epochMs(),
      /** Meter minus concentrator, milliseconds, the round trip taken out. */
      driftMs: t.Number(),
      action: literals(['none', 'shifted', 'set', 'refused']),
    }),
  ),
  /** Newest first. */
  corrections: t.Array(
    t.Object({
      time: epochMs(),
      driftMs: t.Number(),
      action: literals(['shifted', 'set', 'refused', 'broadcast']),
      /** Drift afterwards; null where it was not looked at again. */
      leftMs: nullable(t.Number()),
    }),
  ),
});

export const profile = t.Object({
  kind: profileKind,
  from: epochMs(),
  to: epochMs(),
  zone: t.String(),
  /** Milliseconds between rows as seen in the data; null with fewer than two rows. */
  periodMs: nullable(t.Number()),
  times: t.Array(t.Number(), { description: 'UTC epoch milliseconds, ascending' }),
  clockStatus: t.Array(t.Integer()),
  columns: t.Array(
    t.Object({
      classId: t.Integer(),
      obis: t.String(),
      attribute: t.Integer(),
      name: nullable(t.String()),
      ...scaled,
      /** Raw, unscaled; a string where a double cannot hold it exactly; null = the meter sent null-data. */
      values: t.Array(t.Union([t.Number(), t.String(), t.Null()])),
    }),
  ),
  /** What the meter says of rows beside their values, by the index of the row. */
  marks: t.Array(t.Object({ row: t.Integer(), marks: t.Array(literals(ROW_MARKS)) })),
  gaps: t.Array(gap),
});

export const register = t.Object({
  classId: t.Integer(),
  obis: t.String(),
  attribute: t.Integer(),
  name: nullable(t.String()),
  time: epochMs(),
  type: t.String(),
  value: t.String(),
  ...scaled,
});

export const meterEvent = t.Object({
  meterId: t.Integer(),
  log: eventLog,
  time: epochMs(),
  code: t.Integer(),
  text: nullable(t.String()),
  clockStatus: t.Integer(),
  extra: t.Record(t.String(), t.String()),
});

export const readNow = t.Object({
  time: epochMs(),
  meterTime: nullable(epochMs()),
  relay: nullable(t.Union([t.Literal('on'), t.Literal('off'), t.Literal('ready')])),
  /** When the relay said so. */
  relayTime: nullable(epochMs()),
  registers: t.Array(register),
});

/** What was read of a meter last, whoever asked for it. */
export const lastReading = t.Object({ meterId: t.Integer(), ...readNow.properties });

export const collectorSnapshot = t.Object({
  jobs: t.Array(
    t.Object({
      id: t.String(),
      meterId: t.Integer(),
      meterNo: t.String(),
      name: t.String(),
      type: t.String(),
      line: t.String(),
      priority: t.Integer(),
      state: t.Union([t.Literal('queued'), t.Literal('running')]),
      queuedAt: epochMs(),
      startedAt: nullable(epochMs()),
    }),
  ),
  lines: t.Array(
    t.Object({
      line: t.String(),
      /** Several meters take turns on it. */
      shared: t.Boolean(),
      total: t.Integer(),
      done: t.Integer(),
      failed: t.Integer(),
      queued: t.Integer(),
      running: t.Integer(),
      current: nullable(t.String()),
      /** Chunks that the running job has yet to fetch. */
      chunksLeft: nullable(t.Integer()),
      etaMs: nullable(
        t.Number({ description: 'Milliseconds that the work in hand will take; null = unknown' }),
      ),
    }),
  ),
  /** All lines together. */
  overall: t.Object({
    total: t.Integer(),
    done: t.Integer(),
    failed: t.Integer(),
    queued: t.Integer(),
    running: t.Integer(),
    etaMs: nullable(t.Number()),
  }),
});

const lineUse = {
  frames: t.Integer(),
  bytes: t.Integer(),
  bitMs: t.Number({ description: 'Time that the bits of these bytes take on a serial line; 0 elsewhere' }),
  busyMs: t.Number(),
  /** Frames whose check sequence was wrong. */
  badFcs: t.Integer(),
  rejectedHeaders: t.Integer(),
  retransmissions: t.Integer(),
  timeouts: t.Integer(),
  /** Frames that came out of sequence or from nobody asked. */
  ignoredFrames: t.Integer(),
  /** Openings and reads that ended in an error. */
  failures: t.Integer(),
  lastError: nullable(t.Object({ code: t.String(), message: t.String(), time: epochMs() })),
};

const meterLineUse = {
  ...lineUse,
  breaker: t.Union([t.Literal('closed'), t.Literal('probing'), t.Literal('open')], {
    description: '`open`: only probed from time to time; `probing`: the next opening is a single try',
  }),
  /** How the meter answers; null where that is not kept. */
  link: nullable(
    t.Object({
      srttMs: nullable(t.Number({ description: 'Smoothed time of an answer' })),
      timeoutMs: t.Number({ description: 'How long the first try of a request waits now' }),
      field: nullable(t.Integer({ description: 'Information field that the meter granted, bytes' })),
      window: nullable(t.Integer({ description: 'Window that the meter granted, frames' })),
      msPerByte: t.Optional(t.Number()),
    }),
  ),
};

export const line = t.Object({
  line: t.String(),
  /** Several meters take turns on it. */
  shared: t.Boolean(),
  state: t.Union([t.Literal('idle'), t.Literal('waiting'), t.Literal('busy')]),
  ageMs: t.Number({ description: 'Milliseconds since the line was first used' }),
  use: t.Object(lineUse),
  meters: t.Array(t.Object({ meterId: t.Integer(), meterNo: t.String(), ...meterLineUse })),
});

/** A meter's own share of its line. */
export const meterLine = t.Object({
  line: t.String(),
  shared: t.Boolean(),
  ageMs: t.Number({ description: 'Milliseconds since the line was first used' }),
  use: t.Object(meterLineUse),
});

export const taskGroup = t.Object({ id: t.Integer(), name: t.String(), enabled: t.Boolean() });
export const taskGroupBody = t.Object(
  { name: name(), enabled: t.Boolean() },
  { additionalProperties: false },
);

const taskItemFields = {
  name: name(),
  task: name(),
  intervalS: t.Integer({ minimum: 0, maximum: 10 * 366 * 86400 }),
  offsetS: t.Integer({ minimum: 0, maximum: 86400 }),
  maxRecallS: t.Integer({ minimum: 0, maximum: 10 * 366 * 86400 }),
  enabled: t.Boolean(),
  priority: t.Integer({ minimum: 1, maximum: 5 }),
  type: taskType,
  cron: t.String({ minLength: 1, maxLength: 100 }),
  window: t.Optional(
    t.String({
      pattern: '^([0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9])?$',
      description: 'Part of the day in which meters may be asked, such as 22:00-06:00; empty = any time',
    }),
  ),
};
export const taskItem = t.Object({
  id: t.Integer(),
  ...taskItemFields,
  /** The cron expression in words. */
  schedule: t.String(),
  nextRuns: t.Array(t.Number()),
});
export const taskItemBody = t.Object(taskItemFields, { additionalProperties: false });

const channelFields = {
  protocol: name(),
  task: name(),
  enabled: t.Boolean(),
  readTimeoutS: t.Integer({ minimum: 1, maximum: 3600 }),
  writeTimeoutS: t.Integer({ minimum: 1, maximum: 3600 }),
  description: text(200),
};
export const channel = t.Object({
  id: t.Integer(),
  name: t.String(),
  ...channelFields,
  commType: t.Integer(),
  commTypeName: t.String(),
});
export const channelBody = t.Object(channelFields, { additionalProperties: false });

export const attribute = t.Object({
  id: t.Integer(),
  owner: t.String(),
  key: t.String(),
  /** Empty for a secret, which is write-only. */
  value: t.String(),
  secret: t.Boolean(),
  /** Whether a value is stored; all that is told of a secret. */
  stored: t.Boolean(),
  description: t.String(),
});
export const attributeBody = t.Object({ value: text(256) }, { additionalProperties: false });
export const newAttribute = t.Object(
  {
    owner: name(),
    key: t.String({
      minLength: 1,
      maxLength: 64,
      pattern: '^[a-z0-9][a-z0-9._-]*$',
      description: 'Small letters, digits, dot, dash and underscore',
    }),
    value: text(256),
    description: text(200),
  },
  { additionalProperties: false },
);

export const protocol = t.Object({
  id: t.Integer(),
  name: t.String(),
  direction: t.String(),
  description: t.String(),
});

export const setting = t.Object({
  id: t.Integer(),
  key: t.String(),
  value: t.String(),
  secret: t.Boolean(),
  stored: t.Boolean(),
  description: t.String(),
});

export const page = <Row extends TSchema>(row: Row) => t.Object({ rows: t.Array(row), total: t.Integer() });
export const list = <Row extends TSchema>(row: Row) => t.Object({ rows: t.Array(row) });

/** Whether the value of this key is a secret: such values go in and never come out. */
export const isSecretKey = (key: string): boolean =>
  /(^|[._-])(password|passwd|secret|pin|token|key|psk)$/i.test(key);
