import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';

/** Failed tries of a subject. */
export interface Failures {
  /** Since the last success, or since the last block. */
  readonly count: number;
  /** How often it was blocked in a row. */
  readonly blocks: number;
  /** UTC ms. */
  readonly blockedUntil: number | undefined;
}

export interface FailedSubject extends Failures {
  /** Its kind and its name with a colon in between, e.g. `account:admin`. */
  readonly subject: string;
  /** The interface that was used. */
  readonly port: string;
}

/** What is needed of the store. */
export interface LockoutRows {
  failures(subject: string): Promise<Failures>;
  /** Also counts the try for its interface, for ever. */
  recordFailure(failed: FailedSubject): Promise<void>;
  clearFailures(subject: string): Promise<void>;
  protectedPorts(): Promise<readonly { readonly port: string; readonly mode: string }[]>;
}

/** When a subject is blocked, and for how long; the same for all interfaces. */
export interface LockoutRules {
  /** Failed tries until a subject is blocked. */
  readonly attempts: number;
  /** How long the first block lasts, seconds. */
  readonly initialS: number;
  /** Each further block in a row lasts so many times the one before. */
  readonly steepness: number;
  readonly maxS: number;
}

/** User manual §8: five tries, 24 hours. */
export const DEFAULT_RULES: LockoutRules = { attempts: 5, initialS: 86_400, steepness: 1, maxS: 86_400 };

/** `locked`: nobody is let in. `unlocked`: failed tries are counted and block nobody. */
export const PROTECTION_MODES = ['locked', 'on-failures', 'unlocked'] as const;
export type ProtectionMode = (typeof PROTECTION_MODES)[number];

export interface LockoutOptions {
  readonly rows: LockoutRows;
  readonly clock: Clock;
  /** Name of the interface that is protected. */
  readonly port: string;
  readonly rules: () => Promise<LockoutRules>;
}

/** Counts failed tries at one interface per subject, and blocks a subject after too many. */
export class Lockout {
  readonly #options: LockoutOptions;

  constructor(options: LockoutOptions) {
    this.#options = options;
  }

  /** @throws DcuError `locked-out`, with fact `retryAfterS` where that ends by itself */
  async requireOpen(subjects: readonly string[]): Promise<void> {
    const { rows, clock } = this.#options;
    const mode = await this.#mode();
    if (mode === 'unlocked') return;
    if (mode === 'locked') throw new DcuError('locked-out', 'this interface is locked');
    const now = clock.now();
    let until = 0;
    for (const subject of subjects) {
      const { blockedUntil } = await rows.failures(subject);
      until = Math.max(until, blockedUntil ?? 0);
    }
    if (until <= now) return;
    throw new DcuError('locked-out', 'too many failed logins', {
      facts: { retryAfterS: Math.ceil((until - now) / 1000) },
    });
  }

  /** Resolves to whether one of the subjects is blocked by that. */
  async fail(subjects: readonly string[]): Promise<boolean> {
    const { rows, clock, port, rules } = this.#options;
    const { attempts, ...lasting } = await rules();
    const blocks = (await this.#mode()) !== 'unlocked';
    let blocked = false;
    for (const subject of subjects) {
      const before = await rows.failures(subject);
      // A block that is over starts the count anew.
      const count = (before.blockedUntil === undefined ? before.count : 0) + 1;
      const isBlocked = blocks && count >= attempts;
      await rows.recordFailure({
        subject,
        port,
        count,
        blocks: before.blocks + (isBlocked ? 1 : 0),
        blockedUntil: isBlocked ? clock.now() + blockMs(lasting, before.blocks) : undefined,
      });
      blocked ||= isBlocked;
    }
    return blocked;
  }

  async clear(subjects: readonly string[]): Promise<void> {
    const { rows } = this.#options;
    for (const subject of subjects) {
      const { count, blocks, blockedUntil } = await rows.failures(subject);
      if (count > 0 || blocks > 0 || blockedUntil !== undefined) await rows.clearFailures(subject);
    }
  }

  async #mode(): Promise<ProtectionMode> {
    const { rows, port } = this.#options;
    return protectionMode((await rows.protectedPorts()).find((one) => one.port === port)?.mode);
  }
}

/** The mode by its name; `on-failures` for what is none. */
export const protectionMode = (name: string | undefined): ProtectionMode =>
  PROTECTION_MODES.find((mode) => mode === name) ?? 'on-failures';

function blockMs({ initialS, steepness, maxS }: Omit<LockoutRules, 'attempts'>, before: number): number {
  return 1000 * Math.min(Math.max(initialS, maxS), initialS * steepness ** before);
}
