import { type TSchema, t } from 'elysia';
import { EVENT_LOGS, PROFILE_KINDS, TASK_TYPES } from '../base/model.ts';

export const literals = <const Values extends readonly (string | number)[]>(values: Values) =>
  t.Unsafe<Values[number]>(t.Union(values.map((value) => t.Literal(value))));

export const nullable = <Schema extends TSchema>(schema: Schema) => t.Union([schema, t.Null()]);

export const epochMs = () => t.Number({ description: 'UTC epoch milliseconds' });

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
export const text = (maxLength: number) => t.String({ maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });
export const hex = (bytes: number, description: string) =>
  t.String({
    pattern: `^([0-9a-fA-F]{2}){${bytes}}$`,
    description: `${description}: ${bytes * 2} hexadecimal digits`,
  });

export const uint = (maximum: number) => t.Integer({ minimum: 0, maximum });

export const page = <Row extends TSchema>(row: Row) => t.Object({ rows: t.Array(row), total: t.Integer() });
export const list = <Row extends TSchema>(row: Row) => t.Object({ rows: t.Array(row) });

/** Whether the value of this key is a secret: such values go in and never come out. */
export const isSecretKey = (key: string): boolean =>
  /(^|[._-])(password|passwd|secret|pin|token|key|psk)$/i.test(key);
