import { DcuError, type ErrorCode } from '../base/errors.ts';
import type { Edition } from './codec.ts';
import type { UpFrame } from './frame.ts';
import type { RequestInput } from './module-tables.ts';
import type { FailureReason, TrafficState } from './module-types.ts';
import { decodeData } from './unit.ts';
import { DENIAL, DENY } from './units/afn-00.ts';
import { FORWARD_ROUTED, FORWARD_ROUTED_LONG } from './units/afn-13.ts';
import { READ_CONCURRENT } from './units/afn-f1.ts';

/** The error that each reason shows itself as. */
const ERRORS: Readonly<Record<FailureReason, ErrorCode>> = {
  'no-answer': 'link-timeout',
  'meter-silent': 'link-timeout',
  'not-in-network': 'link-refused',
  'unknown-address': 'link-refused',
  refused: 'link-refused',
  unsupported: 'unsupported',
  'too-long': 'apdu-too-long',
  'queue-full': 'overflow',
  cancelled: 'cancelled',
  'module-lost': 'module-lost',
};

export function forwardingError(address: string, reason: FailureReason, detail: string): DcuError {
  return new DcuError(ERRORS[reason], `meter ${address}: ${detail}`, { facts: { reason } });
}

/** What the module says of a forwarded request; `code` is the reason of a denial. */
export interface Forwarded {
  readonly input: RequestInput;
  readonly message?: Uint8Array;
  readonly code?: number;
}

/**
 * What a frame means for a request that went this way; undefined when it is the answer to another way. Throws
 * `truncated` for an answer that cannot be read.
 */
export function readForwarded(
  frame: UpFrame,
  way: TrafficState['way'],
  edition: Edition,
): Forwarded | undefined {
  if (frame.afn === DENY.afn && frame.fn === DENY.fn) {
    const code = decodeData(DENY.up, frame.data, edition).value;
    return { input: inputOf(code), code };
  }
  const unit = [READ_CONCURRENT, FORWARD_ROUTED, FORWARD_ROUTED_LONG].find(
    ({ afn, fn }) => afn === frame.afn && fn === frame.fn,
  );
  if (unit === undefined || (unit === READ_CONCURRENT) !== (way === 'concurrent')) return undefined;
  const { message } = decodeData<{ readonly message: Uint8Array }>(unit.up, frame.data, edition).value;
  // A router that has waited in vain says so with an empty answer.
  return message.length === 0 ? { input: 'absent' } : { input: 'answer', message };
}

function inputOf(code: number): RequestInput {
  switch (code) {
    case DENIAL.meterSilent:
    case DENIAL.nodeSilent:
    case DENIAL.timeout:
      return 'absent';
    case DENIAL.notInNetwork:
      return 'outside';
    case DENIAL.busy:
    case DENIAL.beingRead:
      return 'busy';
    case DENIAL.tooManyAtOnce:
    case DENIAL.tooManyMessages:
      return 'crowded';
    case DENIAL.unsupported:
    case DENIAL.noSuchInformation:
      return 'unsupported';
    case DENIAL.unknownAddress:
      return 'unknown';
    default:
      return 'refusal';
  }
}
