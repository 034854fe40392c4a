import { t } from 'elysia';
import { nullable } from './schema.ts';

const time = () => t.Integer({ description: 'UTC milliseconds' });
const channel = t.String({ minLength: 1, maxLength: 64 });
const meterId = t.Optional(
  t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: '0 or absent = the whole network' }),
);

const step = t.Object({
  meterId: t.Integer(),
  meterNo: nullable(t.String()),
  state: t.Union([
    t.Literal('waiting'),
    t.Literal('sent'),
    t.Literal('confirmed'),
    t.Literal('failed'),
    t.Literal('rolled-back'),
  ]),
  message: nullable(t.String()),
  at: nullable(time()),
});

export const keyChange = t.Object({
  id: t.Integer(),
  channel: t.String(),
  meterId: t.Integer({ description: '0 = the whole network' }),
  meterNo: nullable(t.String()),
  state: t.Union([
    t.Literal('planned'),
    t.Literal('running'),
    t.Literal('done'),
    t.Literal('rolling-back'),
    t.Literal('rolled-back'),
    t.Literal('failed'),
  ]),
  actor: t.String(),
  startedAt: time(),
  finishedAt: nullable(time()),
  steps: t.Array(step),
});

/** What there is, never what it is: no schema could answer a key. */
export const networkKeys = t.Object({
  networks: t.Array(
    t.Object({
      channel: t.String(),
      hasKey: t.Boolean(),
      hasPrevious: t.Boolean({ description: 'Whether the key before the last change is kept' }),
      changedAt: nullable(time()),
      meters: t.Array(
        t.Object({
          meterId: t.Integer(),
          meterNo: nullable(t.String()),
          hasPrevious: t.Boolean({
            description: 'It may have either of two keys, or its change can be taken back',
          }),
          changedAt: time(),
        }),
      ),
    }),
  ),
  changes: t.Array(keyChange),
});

/** Write-only. */
export const newNetworkKey = t.Object(
  {
    channel,
    meterId,
    key: t.String({
      pattern: '^[0-9a-fA-F]{32}$',
      description: 'Pre-shared key: 32 hexadecimal digits',
    }),
  },
  { additionalProperties: false },
);

export const keyPlan = t.Object({
  change: keyChange,
  toleratedFailures: t.Integer(),
  meters: t.Array(
    t.Object({
      meterId: t.Integer(),
      meterNo: t.String(),
      level: nullable(t.Integer()),
      reachable: t.Boolean(),
      obstacle: nullable(t.String()),
    }),
  ),
});

export const ofChannel = t.Object({ channel }, { additionalProperties: false });

const hop = t.Object({
  address: t.String(),
  shortAddress: nullable(t.Integer()),
  meterId: nullable(t.Integer()),
  role: t.Union([t.Literal('coordinator'), t.Literal('proxy'), t.Literal('station')]),
  quality: nullable(t.Integer({ description: 'Of its link to the next hop, 0 to 15' })),
  seenAt: time(),
});

export const g3Path = t.Object({
  seenAt: time(),
  complete: t.Boolean({ description: 'Whether the hops end at the coordinator' }),
  hops: t.Array(hop),
  panId: t.Integer(),
  shortAddress: t.Integer(),
  weakLinks: t.Integer(),
  cost: nullable(t.Integer()),
  lqi: nullable(t.Integer()),
  weakLqi: nullable(t.Integer()),
  maxHops: nullable(t.Integer()),
  toneMask: nullable(t.String()),
  neighbours: t.Array(
    t.Object({
      shortAddress: t.Integer(),
      lqi: t.Integer(),
      modulation: t.String(),
      toneMapMinutes: nullable(t.Integer()),
      validMinutes: nullable(t.Integer()),
    }),
  ),
  routes: t.Array(
    t.Object({
      destination: t.Integer(),
      nextHop: t.Integer(),
      cost: t.Integer(),
      hops: t.Integer(),
      weakLinks: t.Integer(),
      validMinutes: nullable(t.Integer()),
    }),
  ),
  blacklisted: t.Array(t.Integer()),
  counters: t.Record(t.String(), t.Integer()),
  skippedRows: t.Integer(),
});
