import { t } from 'elysia';
import { epochMs, name, nullable } from './schema.ts';

/** Shapes of what the API tells of PLC modules and networks. */

const count = () => t.Integer({ minimum: 0 });
const trouble = nullable(t.Object({ code: t.String(), message: t.String() }));

export const channelParams = t.Object({ channel: name() });

export const upgradeTarget = t.Union([t.Literal('module'), t.Literal('stations'), t.Literal('all')]);

export const module = t.Object({
  channel: t.String(),
  state: t.Union(
    ['unplugged', 'off', 'starting', 'synchronising', 'running', 'working'].map((state) => t.Literal(state)),
  ),
  /** Why it cannot be used. */
  trouble,
  version: nullable(
    t.Object({ vendor: t.String(), chip: t.String(), date: t.String(), version: t.String() }),
  ),
  edition: nullable(t.String()),
  baudRate: nullable(t.Integer()),
  maxFrame: nullable(t.Integer()),
  maxNodes: nullable(t.Integer()),
  /** Nodes that it is to have. */
  archive: count(),
  traffic: t.Object({
    way: t.Union([t.Literal('concurrent'), t.Literal('single')]),
    concurrency: count(),
    flying: count(),
    waiting: count(),
  }),
  counters: t.Object({
    sent: count(),
    received: count(),
    stale: count(),
    garbled: count(),
    foreign: count(),
    repeated: count(),
    timeouts: count(),
    denied: count(),
  }),
  line: t.Object({
    bytes: count(),
    frames: count(),
    corrupt: count(),
    badLengths: count(),
    invalid: count(),
    discarded: count(),
  }),
  /** Devices that are in no archive may register. */
  searching: t.Boolean(),
  /** When that ends; null where it is not known. */
  searchingUntil: nullable(epochMs()),
  network: t.Object({ lookedAt: nullable(epochMs()), looking: t.Boolean(), trouble }),
  upgrade: nullable(
    t.Object({
      state: t.Union(['running', 'done', 'failed', 'cancelled'].map((state) => t.Literal(state))),
      target: upgradeTarget,
      bytes: count(),
      done: count(),
      total: count(),
      startedAt: epochMs(),
      finishedAt: nullable(epochMs()),
      trouble,
    }),
  ),
});

export const node = t.Object({
  address: t.String(),
  /** Of the archive; null for devices that are in none. */
  meterId: nullable(t.Integer()),
  meterNo: nullable(t.String()),
  shortAddress: nullable(t.Integer()),
  parent: nullable(t.String()),
  level: nullable(t.Integer()),
  role: t.Union([t.Literal('coordinator'), t.Literal('proxy'), t.Literal('station')]),
  quality: nullable(t.Integer()),
  phases: nullable(t.Integer({ description: 'Bit n-1 = phase n' })),
  /** The last look has not shown it. */
  gone: t.Boolean(),
  seenAt: epochMs(),
  detail: t.Record(t.String(), t.Unknown(), {
    description: 'What else the network says; tables of G3 nodes are told with the path of a meter',
  }),
});

export const network = t.Object({
  lookedAt: nullable(epochMs()),
  nodes: t.Array(node),
  /** Meters that are to be read over this network and that no look has ever shown. */
  absent: t.Array(t.Object({ id: t.Integer(), meterNo: t.String() })),
});

export const discoverBody = t.Object(
  { minutes: t.Integer({ minimum: 1, maximum: 1440 }) },
  { additionalProperties: false },
);

export const bandBody = t.Object(
  { band: t.Integer({ minimum: 0, maximum: 3 }) },
  { additionalProperties: false },
);

/** Longest image, bytes. */
export const LONGEST_IMAGE = 2.5 * 1024 * 1024;

export const firmwareBody = t.Object(
  {
    image: t.String({
      minLength: 4,
      maxLength: Math.ceil(LONGEST_IMAGE / 3) * 4,
      description: 'The image in Base64',
    }),
    target: upgradeTarget,
  },
  { additionalProperties: false },
);
