import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import { type FailedSubject, type ProtectionMode, protectionMode } from './lockout.ts';

/** What is needed of the store. */
export interface ProtectedPortRows {
  listFailures(port?: string): Promise<readonly FailedSubject[]>;
  clearFailures(subject: string): Promise<void>;
  clearPort(port: string): Promise<number>;
  protectedPorts(): Promise<
    readonly { readonly port: string; readonly mode: string; readonly failures: number }[]
  >;
  saveProtectionMode(port: string, mode: string): Promise<void>;
}

/** Somebody who is not let in any more. */
export interface Locked {
  /** For `unlock`. */
  readonly id: string;
  /** The interface that was used. */
  readonly port: string;
  /** `account` and `interface` (an address) at the GUI; `hes` and `hes.reader` on a channel. */
  readonly kind: string;
  /** Of an account, or channel and address of a head-end. */
  readonly name: string;
  readonly failures: number;
  /** UTC ms. */
  readonly until: number;
}

/** An interface as the head-end sees it. */
export interface PortState {
  readonly mode: ProtectionMode;
  /** How many are blocked there. */
  readonly locked: number;
  /** Of the one who has failed most, since his last success or block. */
  readonly failedAttempts: number;
  readonly cumulativeFailedAttempts: number;
}

const idOf = (subject: string): string =>
  new TextEncoder().encode(subject).toBase64({ alphabet: 'base64url', omitPadding: true });

/** Who is blocked at which interface, and how that ends before its time (user manual §8). */
export class ProtectedPorts {
  readonly #rows: ProtectedPortRows;
  readonly #clock: Clock;

  constructor(rows: ProtectedPortRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  /** The one who is blocked longest first. */
  async locked(): Promise<readonly Locked[]> {
    return this.#lockedOf(await this.#rows.listFailures());
  }

  /** Lets somebody in again; resolves to who it was. @throws DcuError `not-found` when nobody of this id is blocked */
  async unlock(id: string): Promise<Locked> {
    const rows = await this.#rows.listFailures();
    const row = rows.find(({ subject }) => idOf(subject) === id);
    const [locked] = row === undefined ? [] : this.#lockedOf([row]);
    if (row === undefined || locked === undefined) {
      throw new DcuError('not-found', 'nobody of this id is locked out', { field: 'id' });
    }
    await this.#rows.clearFailures(row.subject);
    return locked;
  }

  async state(port: string): Promise<PortState> {
    const rows = await this.#rows.listFailures(port);
    const known = (await this.#rows.protectedPorts()).find((one) => one.port === port);
    return {
      mode: protectionMode(known?.mode),
      locked: this.#lockedOf(rows).length,
      failedAttempts: Math.max(0, ...rows.map(({ count }) => count)),
      cumulativeFailedAttempts: known?.failures ?? 0,
    };
  }

  setMode(port: string, mode: ProtectionMode): Promise<void> {
    return this.#rows.saveProtectionMode(port, mode);
  }

  /** Lets everybody in again at an interface, and forgets who has failed there so far. */
  async reset(port: string): Promise<void> {
    await this.#rows.clearPort(port);
  }

  #lockedOf(rows: readonly FailedSubject[]): Locked[] {
    const now = this.#clock.now();
    return rows.flatMap(({ subject, port, count, blockedUntil }) => {
      if (blockedUntil === undefined || blockedUntil <= now) return [];
      const [kind = '', ...name] = subject.split(':');
      return [{ id: idOf(subject), port, kind, name: name.join(':'), failures: count, until: blockedUntil }];
    });
  }
}
