import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { LockoutPort, LockoutRule, ProtectedInterface } from '../headend/management/ports.ts';
import { GUI_PORT } from '../security/accounts.ts';
import { DEFAULT_RULES, type LockoutRules, PROTECTION_MODES } from '../security/lockout.ts';
import { type Locked, ProtectedPorts } from '../security/protected-ports.ts';
import type { Configuration, Store } from '../store/types.ts';

/** The settings that the rules are. */
const SETTINGS = {
  attempts: 'login.attempts',
  initialS: 'login.lockout',
  steepness: 'login.lockout.steepness',
  maxS: 'login.lockout.max',
} as const satisfies Record<LockoutRule, string>;

/** When somebody is locked out, and for how long, at every interface. */
export async function lockoutRules(configuration: Pick<Configuration, 'setting'>): Promise<LockoutRules> {
  const of = async (rule: LockoutRule): Promise<number> =>
    Number((await configuration.setting(SETTINGS[rule])) ?? DEFAULT_RULES[rule]);
  return {
    attempts: await of('attempts'),
    initialS: await of('initialS'),
    steepness: await of('steepness'),
    maxS: await of('maxS'),
  };
}

/** CommTypes of the channels over which a head-end comes in, in the order of their objects. */
const PROTECTED: readonly number[] = [9, 10, 11, 5];

export interface LockoutsOptions {
  readonly store: Pick<Store, 'accounts' | 'configuration' | 'audit'>;
  readonly clock: Clock;
  /** Into the concentrator's logbook. */
  readonly record: (type: 'lockout-lifted' | 'parameters-changed', detail: string) => Promise<void>;
}

/** Who is locked out where, for administrators and head-ends alike; all that is lifted or changed is written down. */
export class Lockouts implements LockoutPort {
  readonly #options: LockoutsOptions;
  readonly #ports: ProtectedPorts;

  constructor(options: LockoutsOptions) {
    this.#options = options;
    this.#ports = new ProtectedPorts(options.store.accounts, options.clock);
  }

  listLocked(): Promise<readonly Locked[]> {
    return this.#ports.locked();
  }

  /** By an administrator, who is in the audit trail already. @throws DcuError `not-found` */
  async unlock(id: string): Promise<Locked> {
    const locked = await this.#ports.unlock(id);
    await this.#options.record('lockout-lifted', `${locked.kind} ${locked.name} by an administrator`);
    return locked;
  }

  rules(): Promise<LockoutRules> {
    return lockoutRules(this.#options.store.configuration);
  }

  async interfaces(): Promise<readonly ProtectedInterface[]> {
    const channels = await this.#options.store.configuration.channels();
    const names = PROTECTED.flatMap((type) => channels.find(({ commType }) => commType === type) ?? []);
    return Promise.all(
      [...names.map(({ name }) => name), GUI_PORT].map(async (name) => {
        const { mode, locked, failedAttempts, cumulativeFailedAttempts } = await this.#ports.state(name);
        return {
          name,
          mode: PROTECTION_MODES.indexOf(mode),
          isBlocking: locked > 0,
          failedAttempts,
          cumulativeFailedAttempts,
        };
      }),
    );
  }

  async setMode(name: string, mode: number, actor: string): Promise<void> {
    const wanted = PROTECTION_MODES[mode];
    if (wanted === undefined) {
      throw new DcuError('invalid-field', 'protection_mode must be 0, 1 or 2', { field: 'protection_mode' });
    }
    await this.#ports.setMode(name, wanted);
    await this.#changed('protection.mode', name, wanted, actor);
  }

  async setRule(rule: LockoutRule, value: number, actor: string): Promise<void> {
    await this.#options.store.configuration.saveSetting(SETTINGS[rule], String(value));
    await this.#changed('setting.update', SETTINGS[rule], `value=${value}`, actor);
  }

  async reset(name: string, actor: string): Promise<void> {
    await this.#ports.reset(name);
    await this.#audit('lockout.lift', name, 'all', actor);
    await this.#options.record('lockout-lifted', `${name} by ${actor}`);
  }

  async #changed(action: string, subject: string, detail: string, actor: string): Promise<void> {
    await this.#audit(action, subject, detail, actor);
    await this.#options.record('parameters-changed', `${subject} by ${actor}`);
  }

  #audit(action: string, subject: string, detail: string, actor: string): Promise<void> {
    const { store, clock } = this.#options;
    return store.audit.record({ time: clock.now(), actor, action, subject, detail });
  }
}
