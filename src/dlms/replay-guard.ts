import { DcuError } from '../base/errors.ts';
import { isAuthenticated } from './ciphering/security-control.ts';
import type { OpenedPush } from './notifications.ts';

/** What the guard must not forget of one originator and key. */
interface Seen {
  /** Highest invocation counter that was accepted; of APDUs under keys for one message, that of those not kept any more. */
  counter: number;
  /** APDUs under keys for one message by their transactions, with their counters; the newest last. */
  readonly transactions: Map<string, number>;
}

const TRANSACTIONS_KEPT = 64;

export interface ReplayGuardConfig {
  /**
   * Originators and keys that are remembered, of those that prove themselves and of others; one more is refused, for to
   * forget one is to accept its replays.
   */
  readonly limit: number;
}

/**
 * Refuses what was accepted before: an invocation counter that is not above the last one of its system title and key,
 * or a transaction id that is known. Gaps are fine. Authenticated and other APDUs count apart, so that what anybody
 * can make up does not lock out what only the meter can. Of transactions those that came last are known by their ids;
 * before them a counter that rises tells a replay, and one that stays 0 does not.
 */
export class ReplayGuard {
  readonly #limit: number;
  readonly #proven = new Map<string, Seen>();
  readonly #unproven = new Map<string, Seen>();

  constructor({ limit }: ReplayGuardConfig) {
    this.#limit = limit;
  }

  /** The highest counter accepted from an originator under its global unicast key, authenticated; undefined before the first. */
  last(originator: Uint8Array): number | undefined {
    const counter = this.#proven.get(`${originator.toHex()} unicast`)?.counter;
    return counter === undefined || counter < 0 ? undefined : counter;
  }

  /** From a run before: counters up to this one are refused. */
  remember(originator: Uint8Array, counter: number): void {
    const seen = this.#of(this.#proven, `${originator.toHex()} unicast`);
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
    const among = isAuthenticated(policy) || signed ? this.#proven : this.#unproven;
    const seen = this.#of(among, `${originator.toHex()} ${which}`);
    if (oneTime && transactionId !== undefined) {
      acceptTransaction(seen, transactionId.toHex(), invocationCounter ?? 0);
    } else if (invocationCounter !== undefined) acceptCounter(seen, invocationCounter);
  }

  #of(among: Map<string, Seen>, name: string): Seen {
    const known = among.get(name);
    if (known !== undefined) return known;
    if (among.size >= this.#limit) {
      throw new DcuError('overflow', `more than ${this.#limit} originators`, {
        facts: { limit: this.#limit },
      });
    }
    const made: Seen = { counter: -1, transactions: new Map() };
    among.set(name, made);
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

function acceptTransaction(seen: Seen, id: string, invocationCounter: number): void {
  const forgotten = invocationCounter > 0 && invocationCounter <= seen.counter;
  if (seen.transactions.has(id) || forgotten) {
    throw new DcuError('replay-detected', `transaction ${id} was there before`, {
      facts: { lowered: false },
    });
  }
  seen.transactions.set(id, invocationCounter);
  const [oldest] = seen.transactions;
  if (seen.transactions.size <= TRANSACTIONS_KEPT || oldest === undefined) return;
  seen.transactions.delete(oldest[0]);
  seen.counter = Math.max(seen.counter, oldest[1]);
}
