import type { Executor } from './executor.ts';
import type { Store } from './types.ts';

export function createAccess(executor: Executor): Pick<Store, 'accounts' | 'logbook' | 'audit'> {
  return {
    accounts: {
      byName: (name) => executor.read('accountByName', name),
      byId: (id) => executor.read('accountById', id),
      list: () => executor.read('listAccounts'),
      create: (account, passwordHash) => executor.write('createAccount', account, passwordHash),
      setPassword: (id, passwordHash, mustChange) =>
        executor.write('setPassword', id, passwordHash, mustChange),
      createSession: (session) => executor.write('createSession', session),
      session: (tokenHash) => executor.read('readSession', tokenHash),
      touchSession: (tokenHash, expiresAt) => executor.write('touchSession', tokenHash, expiresAt),
      removeSession: (tokenHash) => executor.write('removeSession', tokenHash),
      removeSessionsOf: (accountId) => executor.write('removeSessionsOf', accountId),
      failures: (subject) => executor.read('readFailures', subject),
      recordFailure: (failure) => executor.write('recordFailure', failure),
      clearFailures: (subject) => executor.write('clearFailures', subject),
      clearPort: (port) => executor.write('clearPort', port),
      listFailures: (port) => executor.read('listFailures', port),
      protectedPorts: () => executor.read('listProtectedPorts'),
      saveProtectionMode: (port, mode) => executor.write('saveProtectionMode', port, mode),
    },
    logbook: {
      record: (event) => executor.write('recordLogbook', event),
      list: (query) => executor.read('listLogbook', query),
      counts: () => executor.read('countLogbook'),
    },
    audit: {
      record: (entry) => executor.write('recordAudit', entry),
      list: (query) => executor.read('listAudit', query),
    },
  };
}
