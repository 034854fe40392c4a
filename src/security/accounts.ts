import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { DEFAULT_RULES, Lockout, type LockoutRows, type LockoutRules } from './lockout.ts';
import { checkPassword, generatePassword, PasswordHasher } from './passwords.ts';
import { isRole } from './roles.ts';

export interface AccountFacts {
  readonly id: number;
  readonly name: string;
  readonly role: string;
  readonly mustChangePassword: boolean;
  readonly disabled: boolean;
}

interface SessionFacts {
  readonly accountId: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What is needed of the store. */
export interface AccountRows extends LockoutRows {
  byName(name: string): Promise<(AccountFacts & { readonly passwordHash: string }) | undefined>;
  byId(id: number): Promise<(AccountFacts & { readonly passwordHash: string }) | undefined>;
  list(): Promise<readonly AccountFacts[]>;
  create(account: Omit<AccountFacts, 'id'>, passwordHash: string): Promise<AccountFacts>;
  setPassword(id: number, passwordHash: string, mustChange: boolean): Promise<void>;
  createSession(session: SessionFacts & { readonly tokenHash: string }): Promise<void>;
  session(tokenHash: string): Promise<SessionFacts | undefined>;
  touchSession(tokenHash: string, expiresAt: number): Promise<void>;
  removeSession(tokenHash: string): Promise<void>;
  removeSessionsOf(accountId: number): Promise<void>;
}

export interface AccountOptions {
  readonly rows: AccountRows;
  readonly clock: Clock;
  readonly random: Random;
  /** When an account or an address is blocked; `DEFAULT_RULES` if not given. */
  readonly rules?: () => Promise<LockoutRules>;
}

export interface Login {
  /** 32 random bytes, base64url; only its SHA-256 is stored. */
  readonly token: string;
  readonly account: AccountFacts;
  /** UTC ms; moves on with use, up to the absolute limit. */
  readonly expiresAt: number;
}

export interface Session {
  readonly account: AccountFacts;
  readonly tokenHash: string;
  readonly expiresAt: number;
}

const FIRST_ACCOUNT = 'admin';
const TOKEN_BYTES = 32;
const IDLE_MS = 30 * 60_000;
const ABSOLUTE_MS = 12 * 3_600_000;
/** A session's end is moved on disk only when that makes a difference of a minute. */
const TOUCH_MS = 60_000;
/** Name of this interface among those that are protected. */
export const GUI_PORT = 'gui';

/** One answer for every reason, so that nobody learns which names there are. */
const refused = (): DcuError => new DcuError('unauthenticated', 'name or password is wrong');
const noSession = (): DcuError => new DcuError('unauthenticated', 'the session has ended');

const hashOf = (token: string): string => new Bun.CryptoHasher('sha256').update(token).digest('hex');

/** Logins, sessions and passwords. Rights are `roles.ts`'s. */
export class AccountService {
  readonly #rows: AccountRows;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #hasher = new PasswordHasher();
  readonly #lockout: Lockout;

  constructor(options: AccountOptions) {
    this.#rows = options.rows;
    this.#clock = options.clock;
    this.#random = options.random;
    const { rows, clock, rules = async () => DEFAULT_RULES } = options;
    this.#lockout = new Lockout({ rows, clock, rules, port: GUI_PORT });
  }

  /**
   * Makes the first administrator where there is no account. As long as nobody has chosen a password for it, every call
   * generates another one: whoever missed the first, because of a power cut say, starts the program once more.
   * @returns what to tell the one at the console; the password is kept nowhere
   */
  async offerFirst(): Promise<{ readonly name: string; readonly password: string } | undefined> {
    const [only, ...others] = await this.#rows.list();
    if (only !== undefined && (others.length > 0 || !only.mustChangePassword)) return undefined;
    const password = generatePassword(this.#random);
    const hash = await this.#hasher.hash(password);
    if (only === undefined) {
      await this.#rows.create(
        { name: FIRST_ACCOUNT, role: 'administrator', mustChangePassword: true, disabled: false },
        hash,
      );
      return { name: FIRST_ACCOUNT, password };
    }
    await this.#rows.setPassword(only.id, hash, true);
    await this.#rows.removeSessionsOf(only.id);
    return { name: only.name, password };
  }

  /** @throws DcuError `invalid-field`, `conflict` */
  async create(
    name: string,
    role: string,
    password: string,
    mustChangePassword = true,
  ): Promise<AccountFacts> {
    if (!isRole(role)) throw new DcuError('invalid-field', `${role} is not a role`, { field: 'role' });
    checkPassword(password, name);
    const hash = await this.#hasher.hash(password);
    return this.#rows.create({ name, role, mustChangePassword, disabled: false }, hash);
  }

  /**
   * @param origin the interface or address that the login comes over; it is blocked like the account
   * @throws DcuError `unauthenticated`, `locked-out` (fact `retryAfterS`), `rate-limited`
   */
  login(name: string, password: string, origin: string): Promise<Login> {
    const subjects = [`account:${name.slice(0, 64)}`, `interface:${origin.slice(0, 64)}`];
    // In turn, so that many tries at once cannot outrun the counter.
    return this.#hasher.inTurn(async () => {
      await this.#lockout.requireOpen(subjects);
      const account = await this.#rows.byName(name);
      const matches = await this.#hasher.verify(password, account?.passwordHash);
      if (account === undefined || !matches || account.disabled) {
        await this.#lockout.fail(subjects);
        throw refused();
      }
      await this.#lockout.clear(subjects);
      return this.#begin(account);
    });
  }

  async #begin(account: AccountFacts & { readonly passwordHash: string }): Promise<Login> {
    const token = this.#random.bytes(TOKEN_BYTES).toBase64({ alphabet: 'base64url', omitPadding: true });
    const createdAt = this.#clock.now();
    const expiresAt = createdAt + IDLE_MS;
    await this.#rows.createSession({
      tokenHash: hashOf(token),
      accountId: account.id,
      createdAt,
      expiresAt,
    });
    return { token, account: withoutHash(account), expiresAt };
  }

  /** Who has this token; moves the idle end on. @throws DcuError `unauthenticated` */
  async authenticate(token: string): Promise<Session> {
    const { session, createdAt } = await this.#find(token);
    const expiresAt = Math.min(this.#clock.now() + IDLE_MS, createdAt + ABSOLUTE_MS);
    if (expiresAt - session.expiresAt < TOUCH_MS) return session;
    await this.#rows.touchSession(session.tokenHash, expiresAt);
    return { ...session, expiresAt };
  }

  /** As `authenticate`, for what happens without anybody being there: the idle end stays. */
  async lookUp(token: string): Promise<Session> {
    return (await this.#find(token)).session;
  }

  async #find(token: string): Promise<{ readonly session: Session; readonly createdAt: number }> {
    const tokenHash = hashOf(token);
    const row = await this.#rows.session(tokenHash);
    if (row === undefined) throw noSession();
    const { accountId, createdAt, expiresAt } = row;
    const now = this.#clock.now();
    if (now >= expiresAt || now >= createdAt + ABSOLUTE_MS) {
      await this.#rows.removeSession(tokenHash);
      throw noSession();
    }
    const account = await this.#rows.byId(accountId);
    if (account === undefined || account.disabled) throw noSession();
    return { session: { account: withoutHash(account), tokenHash, expiresAt }, createdAt };
  }

  async logout(token: string): Promise<void> {
    await this.#rows.removeSession(hashOf(token));
  }

  /**
   * Changes the password of the session's account; all its other sessions end. A wrong current password counts as a failed login.
   * @throws DcuError `unauthenticated`, `locked-out`, `invalid-field`
   */
  async changePassword(token: string, current: string, next: string, origin: string): Promise<void> {
    const { account, tokenHash } = await this.authenticate(token);
    const subjects = [`account:${account.name}`, `interface:${origin.slice(0, 64)}`];
    await this.#hasher.inTurn(async () => {
      await this.#lockout.requireOpen(subjects);
      const row = await this.#rows.byId(account.id);
      if (!(await this.#hasher.verify(current, row?.passwordHash))) {
        await this.#lockout.fail(subjects);
        throw new DcuError('unauthenticated', 'the current password is wrong', { field: 'current' });
      }
    });
    if (next === current) {
      throw new DcuError('invalid-field', 'the new password must be another one', { field: 'next' });
    }
    checkPassword(next, account.name, 'next');
    const hash = await this.#hasher.hash(next);
    const session = await this.#rows.session(tokenHash);
    await this.#rows.setPassword(account.id, hash, false);
    await this.#rows.removeSessionsOf(account.id);
    if (session !== undefined) await this.#rows.createSession({ ...session, tokenHash });
  }

  /** Lifts the block of an account or interface; for another administrator or the head-end (user manual §8). */
  async unlock(kind: 'account' | 'interface', name: string): Promise<void> {
    await this.#lockout.clear([`${kind}:${name.slice(0, 64)}`]);
  }
}

function withoutHash({
  passwordHash: _,
  ...account
}: AccountFacts & { readonly passwordHash: string }): AccountFacts {
  return account;
}
