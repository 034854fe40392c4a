import { DcuError, toDcuError } from '../base/errors.ts';
import { unitName } from '../dlms/units.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import type { AccountService } from '../security/accounts.ts';
import { rightsOf } from '../security/roles.ts';
import { describeCron, nextTick, parseCron } from '../tasks/cron.ts';
import type { AuthPort, CataloguePort, CronPort, ProfilesPort, Session } from './services.ts';

/** The ports of the API on what the house has; the composition root only chooses them. */

type Account = Awaited<ReturnType<AccountService['authenticate']>>['account'];

const sessionOf = (account: Account, expiresAt: number): Session => ({
  account: {
    id: account.id,
    name: account.name,
    role: account.role,
    mustChangePassword: account.mustChangePassword,
  },
  rights: [...rightsOf(account.role)],
  expiresAt,
});

/** Sign-in over the accounts of `security/`. */
export function accountAuth(
  accounts: Pick<AccountService, 'login' | 'authenticate' | 'lookUp' | 'logout' | 'changePassword'>,
): AuthPort {
  return {
    login: async (name, password, source) => {
      const { token, account, expiresAt } = await accounts.login(name, password, source);
      return { token, session: sessionOf(account, expiresAt) };
    },
    session: async (token, use) => {
      try {
        const { account, expiresAt } =
          use === 'action' ? await accounts.authenticate(token) : await accounts.lookUp(token);
        return sessionOf(account, expiresAt);
      } catch (thrown) {
        if (toDcuError(thrown).code === 'unauthenticated') return undefined;
        throw thrown;
      }
    },
    logout: (token) => accounts.logout(token),
    changePassword: async (token, current, next, source) => {
      try {
        await accounts.changePassword(token, current, next, source);
      } catch (thrown) {
        const error = toDcuError(thrown);
        // The session is good, the field is wrong: 401 would say that one has to sign in again.
        if (error.code === 'unauthenticated' && error.field !== undefined) {
          throw new DcuError('invalid-field', error.message, { field: error.field });
        }
        throw thrown;
      }
      // A token handed out under the old password must not outlive it.
      const { account: self } = await accounts.authenticate(token);
      const renewed = await accounts.login(self.name, next, source);
      await accounts.logout(token);
      return { token: renewed.token, session: sessionOf(renewed.account, renewed.expiresAt) };
    },
  };
}

/** Cron in the manual's dialect, in the concentrator's zone. */
export function zonedCron(zone: () => string): CronPort {
  return {
    describe: describeCron,
    next: (expression, fromMs, count) => {
      const cron = parseCron(expression);
      const runs: number[] = [];
      let after = fromMs;
      while (runs.length < count) {
        const run = nextTick(cron, after, zone());
        if (run === undefined) break;
        runs.push(run);
        after = run;
      }
      return runs;
    },
  };
}

/** The book of profiles, with what reads the user's files. */
export const profilesPort = (book: ProfileBook, reload: () => void): ProfilesPort => ({
  all: () => book.all(),
  event: (...of) => book.event(...of),
  isBuiltIn: (name) => book.isBuiltIn(name),
  get problems() {
    return book.problems;
  },
  reload,
});

/** Names of objects, units and events from the meter profiles. */
export const profileCatalogue = (book: ProfileBook): CataloguePort => ({
  objectName: (obis) => book.objectTitle(obis) ?? null,
  unitSymbol: (unit) => unitName(unit) ?? null,
  eventText: (profile, log, code) => book.event(profile, log, code)?.text ?? null,
  meterProfiles: () => book.all(),
});
