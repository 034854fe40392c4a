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
  failures(subject: string): Promise<{ readonly count: number; readonly blockedUntil: number | undefined }>;
  saveFailures(subject: string, count: number, blockedUntil: number | undefined): Promise<void>;
}
