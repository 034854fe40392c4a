/**
 * The one error type of OpenDCU. Its `code` is stable: programs, the API and the GUI rely on it.
 * The table row of a code fixes where the fault lies, whether trying again can help, the HTTP status and
 * whether the concentrator raises an alarm. Key bytes and plaintext of failed frames never enter an error.
 */

type Origin = 'local' | 'remote' | 'link' | 'auth' | 'config' | 'storage';

interface ErrorRow {
  readonly origin: Origin;
  /** Whether a later attempt with the same input can succeed. */
  readonly retry: boolean;
  readonly http: number;
  readonly alarm: boolean;
}

const row = (origin: Origin, retry: boolean, http: number, alarm = false): ErrorRow => ({
  origin,
  retry,
  http,
  alarm,
});

/** One row per code, grouped by the layer that raises it. */
export const ERROR_TABLE = {
  // base
  internal: row('local', false, 500, true),
  'invalid-argument': row('config', false, 400),
  truncated: row('remote', false, 502),
  overflow: row('remote', false, 502),
  cancelled: row('local', true, 409),
  // link
  'frame-corrupt': row('link', true, 502),
  'frame-rejected': row('link', true, 502),
  'link-timeout': row('link', true, 504),
  'link-refused': row('link', true, 502),
  'link-closed': row('link', true, 502),
  'link-protocol': row('link', true, 502),
  'channel-open-failed': row('link', true, 502),
  'channel-lost': row('link', true, 502),
  // It says nothing of the meters behind it.
  'module-lost': row('local', true, 503),
  // dlms
  'axdr-invalid': row('remote', false, 502),
  'axdr-too-deep': row('remote', false, 502),
  'apdu-invalid': row('remote', false, 502),
  'apdu-unexpected': row('remote', true, 502),
  'apdu-too-long': row('remote', false, 502),
  unsupported: row('remote', false, 502),
  // No failure: what was under way made room for something more urgent and goes on later.
  preempted: row('local', true, 409),
  'block-out-of-order': row('remote', true, 502),
  'association-refused': row('auth', false, 502),
  'authentication-failed': row('auth', false, 502, true),
  'decryption-failed': row('auth', false, 502, true),
  'replay-detected': row('auth', false, 502, true),
  'security-required': row('auth', false, 502),
  'invocation-counter-exhausted': row('auth', false, 502, true),
  'exception-response': row('remote', true, 502),
  'confirmed-service-error': row('remote', true, 502),
  'not-granted': row('remote', false, 502),
  'type-mismatch': row('remote', false, 502),
  'profile-changed': row('remote', true, 502),
  'clock-implausible': row('remote', false, 502, true),
  blacklisted: row('config', false, 409),
  // Another device answers at its address: nothing is stored under the name of the one in the archive.
  'meter-replaced': row('config', false, 409, true),
  // configuration
  'not-found': row('config', false, 404),
  conflict: row('config', false, 409),
  'invalid-field': row('config', false, 422),
  'invalid-cron': row('config', false, 422),
  protected: row('config', false, 409),
  usage: row('config', false, 400),
  // storage
  'storage-full': row('storage', true, 507, true),
  'storage-failed': row('storage', true, 500, true),
  'storage-corrupt': row('storage', false, 500, true),
  'data-directory-locked': row('storage', false, 409),
  'migration-failed': row('storage', false, 500, true),
  // access
  unauthenticated: row('auth', false, 401),
  forbidden: row('auth', false, 403),
  'password-change-required': row('auth', false, 403),
  'locked-out': row('auth', true, 429),
  'rate-limited': row('auth', true, 429),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** What else is known: the offending field or byte offset, and safe facts. Never key bytes or plaintext. */
export interface ErrorDetails {
  readonly field?: string;
  readonly offset?: number;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

export class DcuError extends Error {
  override readonly name = 'DcuError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly offset: number | undefined;
  readonly facts: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.offset = details.offset;
    this.facts = details.facts ?? {};
  }

  get retryable(): boolean {
    return ERROR_TABLE[this.code].retry;
  }

  get httpStatus(): number {
    return ERROR_TABLE[this.code].http;
  }

  /** The form that leaves the process: CLI `--json`, API bodies, SSE. */
  toJSON(): { code: ErrorCode; message: string; field?: string; offset?: number } {
    return {
      code: this.code,
      message: this.message,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.offset === undefined ? {} : { offset: this.offset }),
    };
  }
}

/** Wraps whatever was thrown; a DcuError passes unchanged. */
export function toDcuError(thrown: unknown): DcuError {
  if (thrown instanceof DcuError) return thrown;
  return new DcuError('internal', thrown instanceof Error ? thrown.message : String(thrown), {
    cause: thrown,
  });
}
