/** Checks a value against the part of JSON Schema that the schemas of `docs/mqtt` use; a word that it does not know is an error. */

interface Schema {
  readonly [word: string]: unknown;
}

const KNOWN = new Set([
  '$schema',
  'title',
  'description',
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
]);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function hasType(type: unknown, value: unknown): boolean {
  if (Array.isArray(type)) return type.some((one) => hasType(one, value));
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

/** What is wrong, each with its place. */
export function violations(schema: Schema, value: unknown, at = '$'): string[] {
  const unknown = Object.keys(schema).filter((word) => !KNOWN.has(word));
  if (unknown.length > 0) throw new Error(`the schema has ${unknown.join(', ')}`);
  const found: string[] = [];
  if (schema['type'] !== undefined && !hasType(schema['type'], value)) {
    return [`${at}: ${JSON.stringify(value)} is no ${JSON.stringify(schema['type'])}`];
  }
  const { enum: allowed, pattern, minimum, maximum } = schema;
  if (Array.isArray(allowed) && !allowed.includes(value))
    found.push(`${at}: is none of ${allowed.join(', ')}`);
  if (typeof pattern === 'string' && typeof value === 'string' && !new RegExp(pattern, 'u').test(value))
    found.push(`${at}: ${value} is not ${pattern}`);
  if (typeof value === 'number') {
    if (typeof minimum === 'number' && value < minimum) found.push(`${at}: less than ${minimum}`);
    if (typeof maximum === 'number' && value > maximum) found.push(`${at}: more than ${maximum}`);
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = schema;
    if (value.length < Number(minItems) || value.length > Number(maxItems))
      found.push(`${at}: ${value.length} items`);
    if (isObject(items)) found.push(...value.flatMap((item, i) => violations(items, item, `${at}[${i}]`)));
  }
  if (isObject(value)) found.push(...inObject(schema, value, at));
  return found;
}

function inObject(schema: Schema, value: Record<string, unknown>, at: string): string[] {
  const found: string[] = [];
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const known = isObject(properties) ? properties : {};
  for (const key of Array.isArray(required) ? required : [])
    if (!Object.hasOwn(value, String(key))) found.push(`${at}: lacks ${key}`);
  for (const [key, inner] of Object.entries(value)) {
    const own = known[key] ?? additionalProperties;
    if (own === false) found.push(`${at}: has ${key}`);
    else if (isObject(own)) found.push(...violations(own, inner, `${at}.${key}`));
  }
  return found;
}
