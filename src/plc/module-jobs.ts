import { DcuError } from '../base/errors.ts';
import type { JobCommand, ModuleEvent } from './module-types.ts';
import {
  beginRegistration,
  changeBand,
  endRegistration,
  probe,
  readNodeDetails,
  readPhases,
  readTopology,
  resumeRouter,
} from './procedures/jobs.ts';
import { type Ending, type ModuleFacts, type Procedure, pauseRouter } from './procedures/procedure.ts';
import { newUpgrade, sendUpgrade } from './procedures/upgrade.ts';
import { denialText } from './units/afn-00.ts';

/** Something that has the command channel for a while. */
export interface Job {
  /** Absent where nobody has asked for it. */
  readonly id?: string;
  /** It needs the network for itself: no message is forwarded meanwhile. */
  readonly exclusive: boolean;
  /** It goes before a pause of the router. */
  readonly urgent?: boolean;
  /** Begun anew so often when the module has restarted in the middle. */
  triesLeft: number;
  begin(): Procedure<Ending>;
}

export interface JobSurroundings {
  readonly localTime?: () => Uint8Array;
  /** Nodes may register now, for so long. */
  discovering(id: string, minutes: number): void;
}

const TRIES = 3;
/** An upgrade goes on where it was cut off, so it may be cut off often. */
const UPGRADE_TRIES = 20;
/** What the module gets where nobody knows the time: it begins at once. */
const NO_TIME = new Uint8Array(6);

export function jobOf(command: JobCommand, facts: ModuleFacts, surroundings: JobSurroundings): Job {
  const { id } = command;
  switch (command.type) {
    case 'topology':
      return { id, exclusive: false, triesLeft: TRIES, begin: () => readTopology(facts, id) };
    case 'phases':
      return { id, exclusive: false, triesLeft: TRIES, begin: () => readPhases(facts, id) };
    case 'nodes':
      return { id, exclusive: false, triesLeft: TRIES, begin: () => readNodeDetails(facts, id) };
    case 'set-band':
      return { id, exclusive: true, triesLeft: TRIES, begin: () => changeBand(facts, id, command.band) };
    case 'discover':
      return {
        id,
        exclusive: false,
        triesLeft: TRIES,
        *begin() {
          const start = surroundings.localTime?.() ?? NO_TIME;
          const ending = yield* beginRegistration(facts, id, command.minutes, start);
          if (ending === 'done') surroundings.discovering(id, command.minutes);
          return ending;
        },
      };
    case 'upgrade': {
      const progress = newUpgrade(id, command.image, command.target);
      return { id, exclusive: true, triesLeft: UPGRADE_TRIES, begin: () => sendUpgrade(facts, progress) };
    }
  }
}

export const pauseJob = (facts: ModuleFacts): Job => ({
  exclusive: false,
  triesLeft: 1,
  begin: () => pauseRouter(facts),
});

/** Whether the module is still there. */
export const probeJob = (facts: ModuleFacts): Job => ({
  exclusive: true,
  urgent: true,
  triesLeft: 1,
  begin: () => probe(facts),
});

export const resumeJob = (facts: ModuleFacts): Job => ({
  exclusive: false,
  triesLeft: 1,
  begin: () => resumeRouter(facts),
});

export const registrationEnd = (facts: ModuleFacts, id: string): Job => ({
  exclusive: false,
  triesLeft: TRIES,
  begin: () => endRegistration(facts, id),
});

/** The module is not asked, or was lost too often. */
export function lostJob(id: string): ModuleEvent {
  return { type: 'job-failed', id, error: new DcuError('module-lost', 'the module is not there') };
}

export function surplusJob(id: string): ModuleEvent {
  return { type: 'job-failed', id, error: new DcuError('overflow', 'too many jobs wait already') };
}

/** What the module has refused, as an error. */
export function denialError(code: number): DcuError {
  return new DcuError('link-refused', `the module refuses: ${denialText(code)}`, { facts: { code } });
}
