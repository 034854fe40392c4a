import type { Executor } from './executor.ts';
import type { Arguments, ReadName, Result, WriteName } from './operations.ts';

/** What is looked up for every meter, line or minute, and changes only where somebody changes it. */
const REMEMBERED: ReadonlySet<ReadName> = new Set<ReadName>([
  'allMeters',
  'sealedSecrets',
  'listTaskGroups',
  'listTaskItems',
  'listProtocolAttributes',
  'readSetting',
]);

/** Writes that come by themselves, all day long, and change none of it. */
const APART: ReadonlySet<WriteName> = new Set<WriteName>([
  'appendProfile',
  'appendEvents',
  'saveRegisters',
  'saveClockCheck',
  'saveClockCorrection',
  'saveLogMark',
  'forgetCoverage',
  'saveAttempt',
  'saveMeterState',
  'reserveCounters',
  'raiseCounter',
  'touchSession',
  'recordLogbook',
  'saveNetworkNodes',
  'noteFound',
  'saveG3Finding',
  'acknowledgeOutbox',
  'answerOutbox',
  'pruneOutbox',
  'settleBalancePlaces',
  'saveBalance',
  'endBalanceDue',
  'dropOld',
]);

/** An executor that keeps archive and configuration at hand until a write may have changed them. Results must not be changed. */
export function remembering(executor: Executor): Executor {
  const known = new Map<string, Promise<unknown>>();
  return {
    read: <Name extends ReadName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> => {
      if (!REMEMBERED.has(name)) return executor.read(name, ...args);
      const key = JSON.stringify([name, ...args]);
      const before = known.get(key);
      if (before !== undefined) return before as Promise<Result<Name>>;
      const now = executor.read(name, ...args);
      known.set(key, now);
      now.catch(() => {
        if (known.get(key) === now) known.delete(key);
      });
      return now;
    },
    write: async <Name extends WriteName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> => {
      if (APART.has(name)) return executor.write(name, ...args);
      try {
        return await executor.write(name, ...args);
      } finally {
        // What was read while it was under way may be of before it.
        known.clear();
      }
    },
    close: () => executor.close(),
  };
}
