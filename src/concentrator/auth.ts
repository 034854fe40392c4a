import type { AuthPort, Session } from '../api/services.ts';
import { type DcuError, toDcuError } from '../base/errors.ts';
import type { AccountFacts, AccountService } from '../security/accounts.ts';
import { rightsOf } from '../security/roles.ts';

/** Accounts and roles as the API asks for them. */
export function authPort(accounts: AccountService): AuthPort {
  const login: AuthPort['login'] = async (name, password, source) => {
    const { token, account, expiresAt } = await accounts.login(name, password, source);
    return { token, session: sessionOf(account, expiresAt) };
  };
  return {
    login,
    session: async (token) => {
      try {
        const { account, expiresAt } = await accounts.authenticate(token);
        return sessionOf(account, expiresAt);
      } catch (thrown) {
        const error: DcuError = toDcuError(thrown);
        if (error.code === 'unauthenticated') return undefined;
        throw error;
      }
    },
    logout: (token) => accounts.logout(token),
    changePassword: async (token, current, next, source) => {
      const { account } = await accounts.authenticate(token);
      await accounts.changePassword(token, current, next, source);
      // A token that was handed out under the old password must not outlive it.
      const renewed = await login(account.name, next, source);
      await accounts.logout(token);
      return renewed;
    },
  };
}

function sessionOf(account: AccountFacts, expiresAt: number): Session {
  const { id, name, role, mustChangePassword } = account;
  return { account: { id, name, role, mustChangePassword }, rights: [...rightsOf(role)], expiresAt };
}
