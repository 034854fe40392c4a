import { t } from 'elysia';
import { epochMs, nullable } from './schema-parts.ts';

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

/** A line that meters share, or all lines of a channel whose meters have one each. */
export const line = t.Object({
  line: t.String(),
  /** Several meters take turns on it. */
  shared: t.Boolean(),
  state: t.Union([t.Literal('idle'), t.Literal('waiting'), t.Literal('busy')]),
  ageMs: t.Number({ description: 'Milliseconds since the line was first used' }),
  lines: t.Integer({ description: 'How many lines they are' }),
  meters: t.Integer({ description: 'Meters that were reached over it, or tried' }),
  givenUp: t.Integer({ description: 'Meters among them that are only probed for now' }),
  use: t.Object(lineUse),
});

/** A meter on one line; one that was moved is on several. */
export const lineMeter = t.Object({
  line: t.String(),
  ageMs: t.Number({ description: 'Milliseconds since the line was first used' }),
  meterId: t.Integer(),
  meterNo: t.String(),
  ...meterLineUse,
});

/** A meter's own share of its line. */
export const meterLine = t.Object({
  line: t.String(),
  shared: t.Boolean(),
  ageMs: t.Number({ description: 'Milliseconds since the line was first used' }),
  use: t.Object(meterLineUse),
});
