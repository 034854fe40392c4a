import type { DcuError } from '../base/errors.ts';

/** What kept a request from being answered, as a data-access-result or action-result (Green Book 9.5) says it. */
export function resultOf(error: DcuError): string {
  const { result } = error.facts;
  if (error.code === 'not-granted' && typeof result === 'string') return result;
  switch (error.code) {
    case 'not-found':
      return 'object-unavailable';
    case 'blacklisted':
    case 'forbidden':
      return 'read-write-denied';
    case 'type-mismatch':
      return 'type-unmatched';
    case 'protected':
      return 'read-write-denied';
    case 'invalid-field':
    case 'invalid-argument':
    case 'invalid-cron':
    case 'conflict':
      return 'other-reason';
    default:
      return error.retryable ? 'temporary-failure' : 'hardware-fault';
  }
}
