import type { Clock } from '../base/clock.ts';
import type { Executor } from './executor.ts';
import type { Store } from './types.ts';

/** Devices that are no meters of the archive: those that may not communicate, and those that were found. */
export function createDevices(executor: Executor, clock: Clock): Pick<Store, 'blacklist' | 'found'> {
  return {
    blacklist: {
      list: () => executor.read('listBlacklist'),
      add: (address, reason) => executor.write('addToBlacklist', address, reason, clock.now()),
      remove: (id) => executor.write('removeFromBlacklist', id),
    },
    found: {
      list: (query) => executor.read('listFound', query),
      get: (id) => executor.read('getFound', id),
      note: (device) => executor.write('noteFound', device),
      setState: (id, state) => executor.write('setFoundState', id, state),
    },
  };
}
