import type { TSchema } from 'elysia';

/**
 * Says what a schema wants of the field at a JSON pointer, as a sentence for whoever filled in the form:
 * `port must be a whole number from 1 to 65535.` TypeBox's own messages name no limits.
 */
export function describeExpectation(
  schema: TSchema | undefined,
  pointer: string,
): { field: string; message: string } {
  const parts = pointer.split('/').filter((part) => part !== '');
  const field = parts.join('.');
  let node: unknown = schema;
  for (const part of parts) node = child(node, part);
  const label = field === '' ? 'The body' : field;
  return { field, message: `${label} ${expectation(node)}.` };
}

function child(node: unknown, key: string): unknown {
  const properties = record(record(node)['properties']);
  return properties[key] ?? record(node)['items'];
}

function expectation(node: unknown): string {
  const schema = record(node);
  const description = schema['description'];
  const variants = schema['anyOf'];
  if (Array.isArray(variants)) {
    const constants = variants
      .map((variant) => record(variant)['const'])
      .filter((value) => value !== undefined);
    if (constants.length === variants.length) return `must be one of: ${constants.join(', ')}`;
    // Elysia widens a number to "number, or text that holds one".
    const number = variants.find((variant) =>
      ['integer', 'number'].includes(String(record(variant)['type'])),
    );
    return number === undefined ? 'is not valid' : expectation(number);
  }
  if (schema['const'] !== undefined) return `must be ${String(schema['const'])}`;
  switch (schema['type']) {
    case 'integer':
      return `must be a whole number${limits(schema['minimum'], schema['maximum'])}`;
    case 'number':
      return `must be a number${limits(schema['minimum'], schema['maximum'])}`;
    case 'boolean':
      return 'must be true or false';
    case 'string':
      if (typeof description === 'string') return `is not valid (${description})`;
      return `must be text${lengths(schema['minLength'], schema['maxLength'])}`;
    case 'array':
      return `must be a list${lengths(schema['minItems'], schema['maxItems'])}`;
    case 'object':
      return 'is required';
    default:
      return 'is not valid';
  }
}

function limits(minimum: unknown, maximum: unknown): string {
  if (typeof minimum === 'number' && typeof maximum === 'number') return ` from ${minimum} to ${maximum}`;
  if (typeof minimum === 'number') return ` of at least ${minimum}`;
  return typeof maximum === 'number' ? ` of at most ${maximum}` : '';
}

function lengths(minimum: unknown, maximum: unknown): string {
  if (typeof minimum === 'number' && typeof maximum === 'number')
    return ` of ${minimum} to ${maximum} characters`;
  if (typeof maximum === 'number') return ` of at most ${maximum} characters`;
  return '';
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
