import { t } from 'elysia';
import { ROW_MARKS } from '../meters/row-marks.ts';
import { GAP_CAUSES, UNREAD_REASONS } from '../tasks/gaps.ts';
import { epochMs, eventLog, literals, nullable, profileKind } from './schema-parts.ts';

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
