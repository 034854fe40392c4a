import { t } from 'elysia';
import { AUTH_MECHANISMS } from '../base/model.ts';
import { EVENT_CLASSES, EVENT_SEVERITIES } from '../meters/meter-profile.ts';
import { epochMs, literals, meterSecrets, nullable } from './schema.ts';

const auth = literals(AUTH_MECHANISMS);
const policy = literals(['none', 'auth', 'enc', 'auth-enc'] as const);
const framing = literals(['hdlc', 'wrapper'] as const);
const addressBytes = t.Union([t.Literal(1), t.Literal(2), t.Literal(4)]);
const suite = t.Union([t.Literal(0), t.Literal(1), t.Literal(2)]);

/** Where to look; what does not apply to the kind of the channel is left alone. */
export const discoveryBody = t.Object(
  {
    channel: t.String({ minLength: 1, maxLength: 64 }),
    addresses: t.Optional(
      t.String({
        maxLength: 200,
        pattern: '^[0-9, -]*$',
        description: 'RS-485: HDLC addresses, e.g. 16-40,100; 1 and 16-125 if not given',
      }),
    ),
    addressBytes: t.Optional(addressBytes),
    logical: t.Optional(t.Integer({ minimum: 1, maximum: 16_383 })),
    serials: t.Optional(t.Array(t.String({ minLength: 1, maxLength: 32 }), { maxItems: 512 })),
    hosts: t.Optional(
      t.Array(t.String({ minLength: 1, maxLength: 260 }), {
        maxItems: 512,
        description:
          'IP networks: host names, addresses, IPv4 networks such as 10.0.0.0/28; with :port or without',
      }),
    ),
    ports: t.Optional(t.Array(t.Integer({ minimum: 1, maximum: 65_535 }), { minItems: 1, maxItems: 16 })),
    nodes: t.Optional(
      t.Array(t.String({ pattern: '^[0-9]{1,12}$' }), {
        maxItems: 2_040,
        description: 'PLC module: addresses of nodes; those that nobody has accepted if not given',
      }),
    ),
    probeTimeoutMs: t.Optional(t.Integer({ minimum: 50, maximum: 60_000 })),
    /** Kept for the time of the search only. */
    credentials: t.Optional(
      t.Object(
        {
          clientAddress: t.Integer({ minimum: 1, maximum: 65_535 }),
          auth,
          policy,
          suite: t.Optional(suite),
          secrets: t.Optional(
            t.Pick(meterSecrets, ['password', 'passwordHex', 'encryptionKey', 'authenticationKey']),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

const profileMatch = t.Object({
  name: t.String(),
  title: t.String(),
  /** Comparable among the matches of one device only. */
  score: t.Number(),
  reasons: t.Array(t.String()),
});

export const meterProposal = t.Object({
  meter: t.Object({
    meterNo: nullable(t.String()),
    channel: t.String(),
    profile: t.String(),
    phase: nullable(t.Union([t.Literal(1), t.Literal(3)])),
    address: t.Object({
      framing,
      host: t.Optional(t.String()),
      port: t.Optional(t.Integer()),
      node: t.Optional(t.String()),
      clientAddress: t.Integer(),
      serverAddress: t.Integer(),
      physicalAddress: t.Optional(t.Integer()),
      addressBytes,
      referencing: t.Optional(literals(['ln', 'sn', 'auto'] as const)),
    }),
    security: t.Object({
      auth,
      policy,
      systemTitle: t.Optional(t.String()),
      suite: t.Optional(suite),
    }),
  }),
  authenticated: t.Boolean(),
  profiles: t.Array(profileMatch),
  facts: t.Object({
    referencing: literals(['ln', 'sn'] as const),
    clientAddress: t.Integer(),
    logicalDeviceName: nullable(t.String()),
    deviceIds: t.Record(t.String(), t.String()),
    logicalDevices: t.Array(t.Object({ sap: t.Integer(), name: t.String() })),
    associations: t.Array(
      t.Object({ clientAddress: t.Integer(), serverAddress: t.Integer(), mechanism: nullable(t.Integer()) }),
    ),
    clockDriftMs: nullable(t.Number()),
    objects: nullable(t.Integer()),
    capturePeriods: t.Record(t.String(), t.Number()),
    refused: t.Record(t.String(), t.String()),
    systemTitle: nullable(t.String()),
  }),
  troubles: t.Array(t.String()),
});

export const discoveryRun = t.Object({
  id: t.String(),
  channel: t.String(),
  state: literals(['running', 'done', 'cancelled', 'failed'] as const),
  startedAt: epochMs(),
  finishedAt: nullable(epochMs()),
  total: t.Integer(),
  asked: t.Integer(),
  found: t.Array(
    t.Object({
      address: t.String(),
      outcome: literals(['proposed', 'known', 'blacklisted', 'closed', 'garbled', 'doubled'] as const),
      meterNo: nullable(t.String()),
      proposal: nullable(meterProposal),
      troubles: t.Array(t.String()),
    }),
  ),
  error: nullable(t.Object({ code: t.String(), message: t.String() })),
});

export const meterProfile = t.Object({
  name: t.String(),
  title: t.String(),
  /** Comes with the program; the others are the user's files. */
  builtIn: t.Boolean(),
  unchecked: t.Array(t.String()),
  profiles: t.Record(t.String(), t.String()),
  logs: t.Array(
    t.Object({
      log: t.String(),
      objects: t.Array(t.Object({ obis: t.String(), codeObis: nullable(t.String()) })),
    }),
  ),
  events: t.Array(
    t.Object({
      code: t.Integer(),
      text: t.String(),
      class: literals(EVENT_CLASSES),
      severity: literals(EVENT_SEVERITIES),
    }),
  ),
  clients: t.Array(t.Object({ address: t.Integer(), title: t.String(), auth, policy })),
  registers: t.Array(t.Object({ classId: t.Integer(), obis: t.String(), title: t.String() })),
  quirks: t.Object({
    noRangeAccess: t.Boolean(),
    repeatsClock: t.Boolean(),
    maxListSize: t.Integer(),
    pipelining: t.Boolean(),
  }),
});

export const meterProfiles = t.Object({
  rows: t.Array(meterProfile),
  /** Files that hold no profile, with all that is wrong. */
  problems: t.Array(t.Object({ file: t.String(), problems: t.Array(t.String()) })),
});
