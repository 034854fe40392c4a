import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Store } from '../store/types.ts';

/** How often the outbox is held against its bounds. */
const PRUNE_EVERY_MS = 60_000;
const DAY_MS = 86_400_000;

export interface OutboxBoundsOptions {
  readonly store: Pick<Store, 'outbox' | 'configuration'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Holds the outbox against the age and size that the user has set, again and again; hands back how to stop that. */
export function keepOutboxBounds({ store, clock, log }: OutboxBoundsOptions): () => void {
  let stopped = false;
  let cancel: () => void = () => {};
  const bound = async (key: string, otherwise: number): Promise<number> =>
    Number((await store.configuration.setting(key)) ?? otherwise);
  const prune = async (): Promise<void> => {
    const maxAgeMs = (await bound('outbox.max.days', 30)) * DAY_MS;
    await store.outbox.prune({ maxAgeMs, maxBytes: (await bound('outbox.max.mb', 64)) * 1e6 });
  };
  const arm = (): void => {
    cancel = clock.after(PRUNE_EVERY_MS, () => {
      prune()
        .catch((error: unknown) =>
          log.error('the outbox could not be kept within its bounds', { ...toDcuError(error).toJSON() }),
        )
        .finally(() => {
          if (!stopped) arm();
        });
    });
  };
  arm();
  return () => {
    stopped = true;
    cancel();
  };
}
