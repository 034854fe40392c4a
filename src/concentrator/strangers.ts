import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { FoundDevices, FoundVia } from '../store/types.ts';
import { listed } from './listed.ts';

export interface StrangersOptions {
  readonly found: Pick<FoundDevices, 'note'>;
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly now: () => number;
  readonly log: Log;
  /** Whether the device may not communicate; the attempt is told. */
  readonly refuses: (names: readonly string[], what: string) => boolean;
}

/** Devices that show up by themselves and are no meters of the archive. */
export class Strangers {
  readonly #options: StrangersOptions;
  #noting: Promise<void> = Promise.resolve();

  constructor(options: StrangersOptions) {
    this.#options = options;
  }

  /** Notes who is new; those of the blacklist are only told of. */
  note(channel: string, addresses: readonly string[], via: FoundVia): void {
    const { refuses, log } = this.#options;
    const welcome = addresses.filter((address) => !refuses([address], 'registration'));
    if (welcome.length === 0) return;
    this.#noting = this.#noting
      .then(() => this.#note(channel, welcome, via))
      .catch((error: unknown) =>
        log.error('devices that were found could not be noted', { ...toDcuError(error).toJSON() }),
      );
  }

  /** Resolves when all that was told is on disk. */
  settled(): Promise<void> {
    return this.#noting;
  }

  async #note(channel: string, addresses: readonly string[], via: FoundVia): Promise<void> {
    const { found, logbook, now } = this.#options;
    const news: string[] = [];
    for (const address of addresses) {
      if (await found.note({ channel, address, via, seenAt: now() })) news.push(address);
    }
    if (news.length > 0) await logbook.record('device-found', `${channel}: ${listed(news)}`);
  }
}
