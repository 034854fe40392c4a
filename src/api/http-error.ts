import { ParseError, type TSchema, ValidationError } from 'elysia';
import { DcuError, type ErrorCode } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { describeExpectation } from './expectation.ts';

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly field?: string };
}

/** Codes whose messages speak of the inside of the house; they are logged, and answered in general words. */
const inward: ReadonlySet<ErrorCode> = new Set([
  'internal',
  'storage-failed',
  'storage-corrupt',
  'migration-failed',
]);

const generalWords =
  'Something went wrong inside the concentrator. The log holds the details; try again, and report it if it stays.';

/** Turns whatever a route threw into the one form in which errors leave: no stack, no input echoed, no secret. */
export function errorResponse(
  thrown: unknown,
  schemas: { readonly body?: TSchema; readonly query?: TSchema; readonly params?: TSchema } | undefined,
  log: Log,
): Response {
  const error = classify(thrown, schemas);
  if (error.httpStatus >= 500 && inward.has(error.code)) {
    log.error('request failed', {
      code: error.code,
      message: error.message,
      cause: error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause),
    });
  }
  const body: ErrorBody = {
    error: {
      code: error.code,
      message: inward.has(error.code) ? generalWords : error.message,
      ...(error.field === undefined ? {} : { field: error.field }),
    },
  };
  return Response.json(body, { status: error.httpStatus, headers: { 'cache-control': 'no-store' } });
}

function classify(
  thrown: unknown,
  schemas: { readonly body?: TSchema; readonly query?: TSchema; readonly params?: TSchema } | undefined,
): DcuError {
  if (thrown instanceof DcuError) return thrown;
  if (thrown instanceof ValidationError) {
    const pointer = thrown.valueError?.path ?? '';
    if (thrown.type === 'response') {
      return new DcuError('internal', `an answer does not fit its schema at ${pointer}`, { cause: thrown });
    }
    const schema =
      thrown.type === 'body' ? schemas?.body : thrown.type === 'query' ? schemas?.query : schemas?.params;
    const { field, message } = describeExpectation(schema, pointer);
    return new DcuError('invalid-field', message, field === '' ? {} : { field });
  }
  if (thrown instanceof ParseError) return new DcuError('invalid-argument', 'The body is not valid JSON.');
  if (thrown instanceof Error) return new DcuError('internal', thrown.message, { cause: thrown });
  return new DcuError('internal', String(thrown));
}
