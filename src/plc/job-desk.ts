import { DcuError } from '../base/errors.ts';
import {
  type Job,
  jobOf,
  lostJob,
  pauseJob,
  probeJob,
  registrationEnd,
  resumeJob,
  surplusJob,
} from './module-jobs.ts';
import type { ModuleOutput } from './module-output.ts';
import type { JobCommand, ModuleConfig } from './module-types.ts';
import type { ModuleFacts } from './procedures/procedure.ts';

const DISCOVERY_TIMER = 'module-discovery';
/** That wait. */
const MOST_JOBS = 32;

/** The jobs that wait for the command channel, and the one that has it. */
export class JobDesk {
  readonly #out: ModuleOutput;
  readonly #facts: ModuleFacts;
  readonly #localTime: ModuleConfig['localTime'];
  #current: Job | undefined;
  #waiting: Job[] = [];
  /** Who has let nodes register. */
  #discovery: string | undefined;

  constructor(out: ModuleOutput, facts: ModuleFacts, localTime: ModuleConfig['localTime']) {
    this.#out = out;
    this.#facts = facts;
    this.#localTime = localTime;
  }

  get current(): Job | undefined {
    return this.#current;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  accept(command: JobCommand): void {
    if (this.#waiting.length >= MOST_JOBS) this.#out.emit(surplusJob(command.id));
    else this.#waiting.push(this.#jobOf(command));
  }

  /** The job that gets the command channel now; `pauseFirst`: messages wait for the router to pause. */
  next(pauseFirst: boolean): Job | undefined {
    const urgent = this.#waiting[0]?.urgent === true;
    this.#current = pauseFirst && !urgent ? pauseJob(this.#facts) : this.#waiting.shift();
    return this.#current;
  }

  /** The job that had the command channel is over. */
  finish(): void {
    this.#current = undefined;
  }

  /** A job that was cut off is begun anew, a few times. */
  keep(): void {
    const job = this.#current;
    this.#current = undefined;
    if (job === undefined) return;
    job.triesLeft--;
    if (job.triesLeft > 0) this.#waiting.unshift(job);
    else if (job.id !== undefined) this.#out.emit(lostJob(job.id));
  }

  /** What is to become of the command channel: nothing, unless the job has it. */
  cancel(id: string): 'none' | 'waiting' | 'current' {
    if (this.#discovery === id) {
      this.endDiscovery();
      return 'none';
    }
    const isCurrent = this.#current?.id === id;
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((job) => job.id !== id);
    if (!isCurrent && this.#waiting.length === before) return 'none';
    const error = new DcuError('cancelled', 'the job was cancelled');
    this.#out.emit({ type: 'job-failed', id, error });
    return isCurrent ? 'current' : 'waiting';
  }

  /** Whether the timer was one of the jobs. */
  timer(timer: string): boolean {
    if (timer !== DISCOVERY_TIMER) return false;
    this.endDiscovery();
    return true;
  }

  endDiscovery(): void {
    if (this.#discovery === undefined) return;
    this.#out.disarm(DISCOVERY_TIMER);
    this.#waiting.push(registrationEnd(this.#facts, this.#discovery));
    this.#discovery = undefined;
  }

  /** Somebody is to find out whether the module is still there, before all else. */
  probe(): void {
    this.#waiting.unshift(probeJob(this.#facts));
  }

  resumeRouter(): void {
    this.#waiting.push(resumeJob(this.#facts));
  }

  /** Everything fails. */
  stop(): void {
    for (const { id } of [...(this.#current ? [this.#current] : []), ...this.#waiting]) {
      if (id !== undefined) this.#out.emit(lostJob(id));
    }
    this.#current = undefined;
    this.#waiting = [];
    this.#discovery = undefined;
    this.#out.disarm(DISCOVERY_TIMER);
  }

  #jobOf(command: JobCommand): Job {
    return jobOf(command, this.#facts, {
      ...(this.#localTime === undefined ? {} : { localTime: this.#localTime }),
      discovering: (id, minutes) => {
        this.#discovery = id;
        this.#out.arm(DISCOVERY_TIMER, minutes * 60_000);
      },
    });
  }
}
