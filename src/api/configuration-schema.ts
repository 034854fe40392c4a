import { t } from 'elysia';
import { name, taskType, text } from './schema-parts.ts';

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
