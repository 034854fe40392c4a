import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { PlcModuleEvent } from '../channels/plc-module.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { FoundVia } from '../store/types.ts';
import { listed } from './listed.ts';

/** A message that a meter has sent by itself (06F2). */
export interface ReportedData {
  readonly channel: string;
  readonly address?: string;
  readonly bytes: Uint8Array;
}

export interface ModuleEventsOptions {
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly log: Log;
  readonly onStrangers: (channel: string, addresses: readonly string[], via: FoundVia) => void;
  readonly onData: (data: ReportedData) => void;
  /** The module has its archive, or is gone. */
  readonly onUsable: (channel: string, usable: boolean) => void;
}

/** Puts what happens to modules, and what they report, into the logbook. */
export class ModuleEvents {
  readonly #options: ModuleEventsOptions;
  /** Channels on which somebody looks for devices. */
  readonly #searching = new Set<string>();
  readonly #usable = new Set<string>();

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
        this.closed(channel);
        this.#record('module-lost', `${channel}: ${event.error.message}`);
        return;
      case 'restarted':
        this.#setUsable(channel, false);
        this.#record('module-restarted', channel);
        return;
      case 'setup-failed':
        this.#record('module-trouble', `${channel}: ${event.step}: ${event.error.message}`);
        return;
      case 'archive':
        this.#setUsable(channel, true);
        if (event.refused.length > 0) {
          this.#record('module-trouble', `${channel}: meters not taken: ${listed(event.refused)}`);
        }
        return;
      case 'power':
        this.#record(
          event.on ? 'meter-power-on' : 'meter-power-off',
          `${channel}: ${listed(event.addresses)}`,
        );
        return;
      case 'nodes-rejected':
        this.#record('device-rejected', `${channel}: ${listed(event.addresses)}`);
        return;
      case 'nodes-found': {
        const strangers = event.nodes.filter(({ known }) => !known).map(({ address }) => address);
        const via = this.#searching.has(channel) ? 'search' : 'report';
        if (strangers.length > 0) this.#options.onStrangers(channel, strangers, via);
        return;
      }
      case 'discovery':
        if (event.state === 'begun') this.#searching.add(channel);
        else this.#searching.delete(channel);
        return;
      case 'data-reported': {
        const { address, bytes } = event;
        this.#options.onData({ channel, ...(address === undefined ? {} : { address }), bytes });
        return;
      }
      case 'node-event':
      case 'report':
      case 'work-finished':
        this.#options.log.debug('the module reports', { channel, ...event });
        return;
    }
  }

  /** Nobody looks after the module any more. */
  closed(channel: string): void {
    this.#searching.delete(channel);
    this.#setUsable(channel, false);
  }

  #setUsable(channel: string, usable: boolean): void {
    if (this.#usable.has(channel) === usable) return;
    if (usable) this.#usable.add(channel);
    else this.#usable.delete(channel);
    this.#options.onUsable(channel, usable);
  }

  isSearching(channel: string): boolean {
    return this.#searching.has(channel);
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
