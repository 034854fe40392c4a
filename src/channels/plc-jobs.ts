import { DcuError } from '../base/errors.ts';
import type { JobCommand, ModuleEvent } from '../plc/module-types.ts';

interface OpenJob {
  readonly answer: ModuleEvent['type'];
  readonly resolve: (event: ModuleEvent) => void;
  readonly reject: (error: DcuError) => void;
  readonly onProgress?: (done: number, total: number) => void;
  readonly forget: () => void;
}

/** What asks the machine for something. */
export type GiveJob = (command: JobCommand | { readonly type: 'cancel'; readonly id: string }) => void;

export interface JobOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Jobs of the module as promises: each is answered once, by the event that carries its name. */
export class PlcJobs {
  readonly #give: GiveJob;
  readonly #open = new Map<string, OpenJob>();
  #number = 0;

  constructor(give: GiveJob) {
    this.#give = give;
  }

  /**
   * Resolves to the event of type `answer`. Rejects with what the module refused, with `module-lost`, or with the signal's
   * reason, upon which the job is cancelled.
   */
  run<Answer extends ModuleEvent['type']>(
    command: (id: string) => JobCommand,
    answer: Answer,
    { signal, onProgress }: JobOptions = {},
  ): Promise<Extract<ModuleEvent, { type: Answer }>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(cancelled(signal));
        return;
      }
      const id = `job-${++this.#number}`;
      const onAbort = (): void => {
        this.#open.delete(id);
        this.#give({ type: 'cancel', id });
        if (signal !== undefined) reject(cancelled(signal));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#open.set(id, {
        answer,
        resolve: (event) => resolve(event as Extract<ModuleEvent, { type: Answer }>),
        reject,
        ...(onProgress === undefined ? {} : { onProgress }),
        forget: () => signal?.removeEventListener('abort', onAbort),
      });
      this.#give(command(id));
    });
  }

  /** Whether the event was for a job of this house. */
  settle(event: ModuleEvent): boolean {
    if (!('id' in event)) return false;
    const job = this.#open.get(event.id);
    if (job === undefined) return false;
    if (event.type === 'upgrade-progress') {
      job.onProgress?.(event.done, event.total);
      return true;
    }
    if (event.type !== job.answer && event.type !== 'job-failed') return false;
    this.#open.delete(event.id);
    job.forget();
    if (event.type === 'job-failed') job.reject(event.error);
    else job.resolve(event);
    return true;
  }
}

function cancelled({ reason }: AbortSignal): DcuError {
  if (reason instanceof DcuError) return reason;
  return new DcuError('cancelled', 'the job was cancelled', { cause: reason });
}
