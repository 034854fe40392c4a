import { t } from 'elysia';
import {
  AUTH_MECHANISMS,
  METER_OPENINGS,
  METER_REFERENCING,
  METER_TRANSPORTS,
  PARITIES,
} from '../base/model.ts';
import { epochMs, hex, literals, meterState, name, nullable, uint } from './schema-parts.ts';

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
  balance: t.Optional(t.Boolean({ description: 'Whether it is the total meter of a transformer' })),
  balanceMeter: t.Optional(
    t.String({
      pattern: '^[A-Za-z0-9._-]{0,32}$',
      description: 'MeterNo of the balance meter that it is below; empty: the only one; -: none',
    }),
  ),
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
