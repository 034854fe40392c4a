/** How a meter has answered lately: drives retries, back-off and probing. Times are monotonic milliseconds. */
export interface Health {
  /** How often in a row work was given up because the meter could not be opened. */
  failures: number;
  /** Openings tried for the work that waits now. */
  tries: number;
  /** Not before this instant; 0 = at once. */
  notBeforeMs: number;
  /** Left in peace until then after a success (`send.silent`). */
  quietUntilMs: number;
}

export interface BackoffRule {
  /** Failures in a row after which the meter is only probed. */
  readonly breakAfter: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export const DEFAULT_BACKOFF: BackoffRule = { breakAfter: 3, firstDelayMs: 1_000, maxDelayMs: 3_600_000 };

export const newHealth = (): Health => ({ failures: 0, tries: 0, notBeforeMs: 0, quietUntilMs: 0 });

/** The health of each meter of a line, by its id. */
export class HealthBook {
  readonly #byMeter = new Map<number, Health>();

  of(meterId: number): Health {
    const known = this.#byMeter.get(meterId);
    if (known !== undefined) return known;
    const health = newHealth();
    this.#byMeter.set(meterId, health);
    return health;
  }

  forget(meterId: number): void {
    this.#byMeter.delete(meterId);
  }
}

/** Delay before try number `n` (1 = the first repetition): doubles each time, up to the rule's most. */
export function backoffMs(rule: BackoffRule, n: number): number {
  return Math.min(rule.maxDelayMs, rule.firstDelayMs * 2 ** Math.max(0, n - 1));
}

/** The meter answered: nothing is held against it any more. */
export function noteSuccess(health: Health): void {
  health.failures = 0;
  health.tries = 0;
  health.notBeforeMs = 0;
}

/**
 * An opening failed. `triesAllowed` is how many openings the waiting work may cost; true = it has used them up and
 * fails. A meter that cost work `breakAfter` times in a row waits 30 times longer before it is probed; without `blame` nothing
 * is held against it.
 */
export function noteFailure(
  health: Health,
  rule: BackoffRule,
  triesAllowed: number,
  nowMs: number,
  blame = true,
): boolean {
  health.tries++;
  if (health.tries < triesAllowed) {
    health.notBeforeMs = nowMs + backoffMs(rule, health.tries);
    return false;
  }
  health.tries = 0;
  if (!blame) return true;
  health.failures++;
  const broken = health.failures - rule.breakAfter;
  const probing = { ...rule, firstDelayMs: rule.firstDelayMs * 30 };
  health.notBeforeMs = broken < 0 ? 0 : nowMs + backoffMs(probing, broken + 1);
  return true;
}

/** A meter behind an open breaker gets one short try instead of all its repetitions. */
export const isProbe = (health: Health, rule: BackoffRule): boolean => health.failures >= rule.breakAfter;
