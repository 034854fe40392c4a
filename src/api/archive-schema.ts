import { t } from 'elysia';
import { CSV_DELIMITERS } from './csv.ts';
import {
  epochMs,
  meter,
  meterAddress,
  meterSecrets,
  meterSecurity,
  name,
  newMeter,
  nullable,
} from './schema.ts';

/** Shapes of what is done with whole archives, and of devices that are no meters of it. */

/** 4 MiB: more than any archive. */
const LARGEST_CSV = 4_194_304;

const importFields = {
  csv: t.String({ maxLength: LARGEST_CSV, description: 'The file: headings, then a row for each meter' }),
  delimiter: t.Optional(
    t.Unsafe<'auto' | (typeof CSV_DELIMITERS)[number]>(
      t.Union([t.Literal('auto'), ...CSV_DELIMITERS.map((one) => t.Literal(one))]),
    ),
  ),
  update: t.Optional(t.Boolean({ description: 'Change meters that are in the archive already' })),
};

export const importPreviewBody = t.Object(importFields, { additionalProperties: false });
export const importBody = t.Object(
  {
    ...importFields,
    file: t.Optional(name(128)),
    soundOnly: t.Optional(
      t.Boolean({ description: 'Enter the rows without errors, and leave out the others' }),
    ),
    digest: t.Optional(
      t.String({
        pattern: '^[0-9a-f]{64}$',
        description: 'Of the preview: refused when other things would be done now',
      }),
    ),
  },
  { additionalProperties: false },
);

const counted = t.Integer({ minimum: 0 });

const importedRow = t.Object({
  line: t.Integer(),
  meterNo: t.String(),
  action: t.Union([t.Literal('create'), t.Literal('update'), t.Literal('unchanged'), t.Literal('error')]),
  /** By heading of the column; `row` where no cell can be blamed. Never with the value of a secret. */
  problems: t.Array(t.Object({ field: t.String(), message: t.String() })),
  /** Both null for a secret that is given. */
  changes: t.Array(
    t.Object({ field: t.String(), before: nullable(t.String()), after: nullable(t.String()) }),
  ),
  meterId: nullable(t.Integer()),
});

export const importPlan = t.Object({
  delimiter: t.String(),
  /** Headings that are none of a meter's. */
  ignored: t.Array(t.String()),
  counts: t.Object({ create: counted, update: counted, unchanged: counted, error: counted }),
  digest: t.String(),
  rows: t.Array(importedRow),
});
export const importResult = t.Object({ applied: t.Boolean(), ...importPlan.properties });

export const replacementBody = t.Object(
  {
    meterNo: newMeter.properties.meterNo,
    address: t.Optional(meterAddress),
    security: t.Optional(meterSecurity),
    secrets: t.Optional(meterSecrets),
    installedAt: t.Optional(t.Integer({ minimum: 0, description: 'UTC epoch milliseconds; now if absent' })),
  },
  { additionalProperties: false },
);
export const replacement = t.Object({ old: meter, new: meter });

const meterRef = t.Object({ id: t.Integer(), meterNo: t.String() });

export const blacklistEntry = t.Object({
  id: t.Integer(),
  address: t.String(),
  reason: t.String(),
  createdAt: epochMs(),
  /** Meters of the archive that it keeps silent. */
  meters: t.Array(meterRef),
});
export const blacklistBody = t.Object(
  {
    address: t.String({
      minLength: 1,
      maxLength: 64,
      pattern: '^\\S([^\\u0000-\\u001f\\u007f]*\\S)?$',
      description:
        'MeterNo, address of a communication unit, system title, or IP address with or without port',
    }),
    reason: t.String({ maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }),
  },
  { additionalProperties: false },
);

export const foundState = t.Union([t.Literal('new'), t.Literal('accepted'), t.Literal('ignored')]);
export const foundDevice = t.Object({
  id: t.Integer(),
  channel: t.String(),
  address: t.String(),
  via: t.Union([t.Literal('report'), t.Literal('search'), t.Literal('scan')]),
  state: foundState,
  foundAt: epochMs(),
  seenAt: epochMs(),
  /** What it said of itself and the meter that it would be; null when it was not asked. */
  proposal: nullable(t.Record(t.String(), t.Unknown())),
  /** What it goes by wherever it is; empty when only a place on a line is known. */
  names: t.Array(t.String()),
  /** The entry of the blacklist that it falls under. */
  blacklisted: nullable(t.Object({ id: t.Integer(), reason: t.String() })),
});
export const foundQuery = t.Object({
  state: t.Optional(foundState),
  channel: t.Optional(t.String({ maxLength: 64 })),
  search: t.Optional(t.String({ maxLength: 64 })),
  offset: t.Optional(t.Integer({ minimum: 0 })),
  limit: t.Optional(t.Integer({ minimum: 1, maximum: 500 })),
});
