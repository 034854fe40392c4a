import { toOpenAPISchema } from '@elysiajs/openapi';
import { ERROR_TABLE } from '../base/errors.ts';
import { SESSION_COOKIE } from './cookie.ts';

type Json = { readonly [key: string]: unknown };

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: Object.keys(ERROR_TABLE) },
        message: { type: 'string' },
        field: { type: 'string', description: 'The field of the body, query or path that is wrong' },
      },
    },
  },
} as const;

const changeHeader = {
  name: 'x-opendcu',
  in: 'header',
  required: true,
  description: 'Shows that no other site made the browser send this',
  schema: { const: '1' },
} as const;

const backgroundHeader = {
  name: 'x-opendcu-background',
  in: 'header',
  description: 'Asked by a page on its own: does not keep the session alive',
  schema: { const: '1' },
} as const;

/** The OpenAPI 3.1 document of an app's routes, with what the routes themselves do not say: errors and the header of changes. */
export function openApiDocument(app: Parameters<typeof toOpenAPISchema>[0], version: string): Json {
  const { paths } = toOpenAPISchema(app, { staticFile: false }, undefined, undefined, '3.1.0');
  const described = Object.entries(paths).map(([path, item]) => [
    path,
    Object.fromEntries(
      Object.entries(tidy(item) as Record<string, Json>).map(([method, operation]) => [
        method,
        describe(method, operation),
      ]),
    ),
  ]);
  return {
    openapi: '3.1.0',
    info: { title: 'OpenDCU', version, description: 'API of the data concentrator.' },
    paths: Object.fromEntries(described),
    components: {
      responses: {
        Error: { description: 'What went wrong', content: { 'application/json': { schema: errorSchema } } },
      },
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE } },
    },
    security: [{ session: [] }],
  };
}

function describe(method: string, operation: Json): Json {
  const parameters = Array.isArray(operation['parameters']) ? operation['parameters'] : [];
  return {
    ...operation,
    parameters: [...parameters, method === 'get' ? backgroundHeader : changeHeader],
    responses: {
      ...(operation['responses'] as Json | undefined),
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

/**
 * Elysia widens an integer to "integer, or text that holds one", of which readers of the document are told the integer;
 * and an enumeration that may be null has to list null.
 */
function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy);
  if (typeof node !== 'object' || node === null) return node;
  const { anyOf, ...rest } = node as Json;
  if (Array.isArray(anyOf)) {
    const integer = (anyOf as Json[]).find((variant) => variant['type'] === 'integer');
    const text = (anyOf as Json[]).find((variant) => variant['format'] === 'integer');
    if (anyOf.length === 2 && integer !== undefined && text !== undefined) return { ...rest, ...integer };
  }
  const tidied = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, tidy(value)]));
  const { type, enum: values } = tidied;
  return Array.isArray(type) && type.includes('null') && Array.isArray(values)
    ? { ...tidied, enum: [...values, null] }
    : tidied;
}
