import { DcuError } from '../base/errors.ts';
import { isAuthenticated } from './ciphering/security-control.ts';
import type { OpenedPush } from './notifications.ts';

/** What the guard must not forget of one originator and key. */
interface Seen {
  /** Highest invocation counter that was accepted. */
  counter: number;
  /** Transaction ids of APDUs under keys for one message, whose counters say nothing; the newest last. */
  readonly transactions: string[];
}

const TRANSACTIONS_KEPT = 64;

export interface ReplayGuardConfig {
  /** Originators and keys that are remembered; one more is refused, for to forget one is to accept its replays. */
  readonly limit: number;
}

/**
 * Refuses what was accepted before: an invocation counter that is not above the last one of its system title and key,
 * or a transaction id that is known. Gaps are fine. Authenticated and other APDUs count apart, so that what anybody
 * can make up does not lock out what only the meter can.
 */
export class ReplayGuard {
  readonly #limit: number;
  readonly #seen = new Map<string, Seen>();

  constructor({ limit }: ReplayGuardConfig) {
    this.#limit = limit;
  }

  /** The highest counter accepted from an originator under its global unicast key, authenticated; undefined before the first. */
  last(originator: Uint8Array): number | undefined {
    const counter = this.#seen.get(`${originator.toHex()} unicast true`)?.counter;
    return counter === undefined || counter < 0 ? undefined : counter;
  }

  /** From a run before: counters up to this one are refused. */
  remember(originator: Uint8Array, counter: number): void {
    const seen = this.#of(`${originator.toHex()} unicast true`);
    seen.counter = Math.max(seen.counter, counter);
  }

  /**
   * Accepts an opened APDU of `originator`, or throws: `replay-detected` with the counter that is due and, as `lowered`,
   * whether this one lies below what was accepted last; `overflow` when there are too many originators.
   */
  accept(
    originator: Uint8Array | undefined,
    { protection, invocationCounter, transactionId }: OpenedPush,
  ): void {
    const { policy, form, key, signed } = protection;
    if (originator === undefined || (policy === 'none' && !signed)) return;
    const oneTime =
      policy === 'none' ||
      form === 'wrapped-key' ||
      form === 'one-pass-diffie-hellman' ||
      form === 'static-unified-model';
    const dedicated = protection.dedicated === true || form === 'general-ded' ? 'dedicated' : key;
    const which = oneTime ? 'one-time' : dedicated;
    const seen = this.#of(`${originator.toHex()} ${which} ${isAuthenticated(policy) || signed}`);
    if (oneTime) {
      if (transactionId !== undefined) acceptTransaction(seen, transactionId.toHex());
    } else if (invocationCounter !== undefined) acceptCounter(seen, invocationCounter);
  }

  #of(name: string): Seen {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    if (this.#seen.size >= this.#limit) {
      throw new DcuError('overflow', `more than ${this.#limit} originators`, {
        facts: { limit: this.#limit },
      });
    }
    const made: Seen = { counter: -1, transactions: [] };
    this.#seen.set(name, made);
    return made;
  }
}

function acceptCounter(seen: Seen, invocationCounter: number): void {
  if (invocationCounter <= seen.counter) {
    const lowered = invocationCounter < seen.counter;
    const what = lowered ? 'lies below that of an APDU before' : 'was used by an APDU before';
    throw new DcuError('replay-detected', `invocation counter ${invocationCounter} ${what}`, {
      facts: { invocationCounter, expected: seen.counter + 1, lowered },
    });
  }
  seen.counter = invocationCounter;
}

function acceptTransaction(seen: Seen, id: string): void {
  if (seen.transactions.includes(id)) {
    throw new DcuError('replay-detected', `transaction ${id} was there before`, {
      facts: { lowered: false },
    });
  }
  seen.transactions.push(id);
  if (seen.transactions.length > TRANSACTIONS_KEPT) seen.transactions.shift();
}
