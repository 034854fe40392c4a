export interface Account {
  readonly id: number;
  readonly name: string;
  readonly role: string;
  readonly mustChangePassword: boolean;
  readonly disabled: boolean;
}

/** Rows only; hashing, lockout and rights are `security/`'s. */
export interface Accounts {
  byName(name: string): Promise<(Account & { readonly passwordHash: string }) | undefined>;
  byId(id: number): Promise<(Account & { readonly passwordHash: string }) | undefined>;
  list(): Promise<readonly Account[]>;
  create(account: Omit<Account, 'id'>, passwordHash: string): Promise<Account>;
  setPassword(id: number, passwordHash: string, mustChange: boolean): Promise<void>;
  /** `tokenHash` is SHA-256 of the session token; tokens themselves are never stored. */
  createSession(session: {
    readonly tokenHash: string;
    readonly accountId: number;
    readonly createdAt: number;
    readonly expiresAt: number;
  }): Promise<void>;
  session(
    tokenHash: string,
  ): Promise<
    { readonly accountId: number; readonly createdAt: number; readonly expiresAt: number } | undefined
  >;
  touchSession(tokenHash: string, expiresAt: number): Promise<void>;
  removeSession(tokenHash: string): Promise<void>;
  removeSessionsOf(accountId: number): Promise<void>;
  failures(subject: string): Promise<FailureCount>;
  /** Counts a failed try for its subject, and for its interface for ever. */
  recordFailure(failure: FailureRow): Promise<void>;
  clearFailures(subject: string): Promise<void>;
  /** Of all subjects of an interface; resolves to how many there were. */
  clearPort(port: string): Promise<number>;
  /** Subjects at which somebody has failed since, or that are blocked: of one interface or of all, the blocked ones first. */
  listFailures(port?: string): Promise<readonly FailureRow[]>;
  /** Interfaces that have anything to tell. */
  protectedPorts(): Promise<readonly ProtectedPort[]>;
  saveProtectionMode(port: string, mode: string): Promise<void>;
}

export interface FailureCount {
  /** Since the last success, or since the last block. */
  readonly count: number;
  /** How often it was blocked in a row. */
  readonly blocks: number;
  /** UTC ms. */
  readonly blockedUntil: number | undefined;
}

export interface FailureRow extends FailureCount {
  readonly subject: string;
  /** The interface that was used: a channel, or `gui`. */
  readonly port: string;
}

export interface ProtectedPort {
  readonly port: string;
  readonly mode: string;
  /** Failed tries ever. */
  readonly failures: number;
}
