import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { PlcModuleEvent } from '../channels/plc-module.ts';
import type { DeviceLogbook } from '../device/logbook.ts';

/** What the module reports of the world behind it, for whoever has to do with it. */
export interface ModuleNews {
  readonly channel: string;
  readonly event: PlcModuleEvent;
}

export interface ModuleEventsOptions {
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly log: Log;
}

/** Addresses in one entry of the logbook. */
const MOST_NAMED = 20;

/** Puts what happens to modules, and what they report, into the logbook. */
export class ModuleEvents {
  readonly #options: ModuleEventsOptions;

  constructor(options: ModuleEventsOptions) {
    this.#options = options;
  }

  tell(channel: string, event: PlcModuleEvent): void {
    switch (event.type) {
      case 'ready': {
        const { version, edition, baudRate, swapped } = event;
        const { vendor = '', chip = '', date = '', version: number = '' } = version ?? {};
        const who = `${channel}: ${vendor} ${chip} ${number} of ${date}, ${edition} at ${baudRate} baud`;
        this.#record(swapped ? 'module-swapped' : 'module-ready', who);
        return;
      }
      case 'lost':
        this.#record('module-lost', `${channel}: ${event.error.message}`);
        return;
      case 'restarted':
        this.#record('module-restarted', channel);
        return;
      case 'setup-failed':
        this.#record('module-trouble', `${channel}: ${event.step}: ${event.error.message}`);
        return;
      case 'archive':
        if (event.refused.length > 0) {
          this.#record('module-trouble', `${channel}: meters not taken: ${named(event.refused)}`);
        }
        return;
      case 'power':
        this.#record(
          event.on ? 'meter-power-on' : 'meter-power-off',
          `${channel}: ${named(event.addresses)}`,
        );
        return;
      case 'nodes-rejected':
        this.#record('device-rejected', `${channel}: ${named(event.addresses)}`);
        return;
      default:
        return;
    }
  }

  #record(type: string, detail: string): void {
    const { logbook, log } = this.#options;
    logbook
      .record(type, detail)
      .catch((error: unknown) =>
        log.error('a logbook entry was lost', { type, ...toDcuError(error).toJSON() }),
      );
  }
}

function named(addresses: readonly string[]): string {
  const rest = addresses.length - MOST_NAMED;
  const shown = addresses.slice(0, MOST_NAMED).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
