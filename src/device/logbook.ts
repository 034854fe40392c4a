import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';

/** The concentrator's own events (user manual §7.3 i, §7.5). The purchaser may add types: a row here or `customTypes`. */
export const LOGBOOK_TYPES = {
  'software-start': 'Software started',
  'software-stop': 'Software stopped',
  'power-down': 'Power down',
  'power-up': 'Power up',
  reboot: 'Operating system rebooted',
  'logbook-clear-refused': 'Clearing of the logbook refused',
  'parameters-changed': 'Parameters changed',
  'firmware-changed': 'Firmware changed',
  'firmware-image': 'Firmware image',
  'clock-set': 'Clock set',
  'clock-not-synchronised': 'Clock not synchronised for a day',
  'clock-sources-differ': 'Time server not followed',
  'push-unknown-sender': 'Pushed data from an unknown sender',
  'push-refused': 'Pushed data refused',
  'meter-security': 'Security trouble with a meter',
  'meter-offline': 'Meter does not answer',
  'meter-online': 'Meter answers again',
  'meter-power-off': 'Meters without power',
  'meter-power-on': 'Meters with power again',
  'meter-phase': 'Meter on another phase than in the archive',
  'meter-clock': 'Meter clock corrected',
  'meter-clock-implausible': 'Meter clock implausible',
  'meter-replaced': 'Meter replaced',
  'device-found': 'Unknown device found',
  'device-rejected': 'Device rejected by the network',
  'device-blacklisted': 'Attempt of a blacklisted device',
  'module-ready': 'PLC module ready',
  'module-lost': 'PLC module does not answer',
  'module-restarted': 'PLC module has restarted',
  'module-swapped': 'Another PLC module',
  'module-trouble': 'Trouble with the PLC module',
  'module-firmware': 'Firmware of the PLC module',
  'network-key': 'Pre-shared key of a network changed',
  'uplink-dropped': 'Data for the head-end given up',
  'line-trouble': 'Trouble on a line',
  'hes-connected': 'Connected to the head-end',
  'hes-disconnected': 'Connection to the head-end lost',
  'hes-fail-over': 'Another address of the head-end in use',
  'hes-unreachable': 'Head-end cannot be reached',
  'hes-refused': 'Head-end refused',
  'hes-locked-out': 'Head-end locked out',
  'lockout-lifted': 'Lock-out lifted',
  'terminal-cover-removed': 'Terminal cover removed',
  'terminal-cover-closed': 'Terminal cover closed',
  'mechanism-cover-removed': 'Mechanism cover removed',
  'mechanism-cover-closed': 'Mechanism cover closed',
} as const satisfies Record<string, string>;

interface LogbookRow {
  readonly time: number;
  readonly type: string;
  readonly detail: string;
}

/** What is needed of the store. */
export interface LogbookRows {
  record(event: LogbookRow): Promise<void>;
}

export interface LogbookOptions {
  readonly rows: LogbookRows;
  readonly clock: Clock;
  readonly customTypes?: Readonly<Record<string, string>>;
}

export interface StartFacts {
  readonly firmwareVersion: string;
  /** Of the run before; undefined at the very first start. */
  readonly previousFirmwareVersion?: string;
  /** False after a crash or power cut. */
  readonly lastShutdownClean: boolean;
  /** UTC ms at which the operating system came up. */
  readonly bootedAt: number;
  /** UTC ms of the last sign of life of the run before; undefined when there is none. */
  readonly lastAliveAt?: number;
}

export class DeviceLogbook {
  readonly #rows: LogbookRows;
  readonly #clock: Clock;
  readonly #types: Readonly<Record<string, string>>;

  constructor({ rows, clock, customTypes = {} }: LogbookOptions) {
    this.#rows = rows;
    this.#clock = clock;
    this.#types = { ...customTypes, ...LOGBOOK_TYPES };
  }

  /** Title of each type that may occur. */
  get types(): Readonly<Record<string, string>> {
    return this.#types;
  }

  /** @throws DcuError `invalid-field` for a type that nobody has defined */
  requireTypes(types: readonly string[]): void {
    for (const type of types) {
      if (Object.hasOwn(this.#types, type)) continue;
      throw new DcuError('invalid-field', `there is no logbook type ${type}`, { field: 'type' });
    }
  }

  /** @throws DcuError `invalid-argument` for a type that nobody has defined */
  async record(type: string, detail: string, time = this.#clock.now()): Promise<void> {
    if (!Object.hasOwn(this.#types, type)) {
      throw new DcuError('invalid-argument', `there is no logbook type ${type}`, { field: 'type' });
    }
    await this.#rows.record({ time, type, detail });
  }

  /**
   * What a start tells of the time before it. After a shutdown that was not clean the machine lost power (the system has booted since
   * the last sign of life) or just this program died; only the first is a power down and up.
   */
  async recordStart(facts: StartFacts): Promise<void> {
    const { firmwareVersion, previousFirmwareVersion, lastShutdownClean, bootedAt, lastAliveAt } = facts;
    const rebooted = lastAliveAt !== undefined && bootedAt > lastAliveAt;
    if (rebooted && lastShutdownClean) await this.record('reboot', 'after an orderly stop', bootedAt);
    if (rebooted && !lastShutdownClean) {
      await this.record('power-down', 'last sign of life before the power failed', lastAliveAt);
      await this.record('power-up', 'the operating system came up', bootedAt);
    }
    if (previousFirmwareVersion !== undefined && previousFirmwareVersion !== firmwareVersion) {
      await this.record('firmware-changed', `${previousFirmwareVersion} to ${firmwareVersion}`);
    }
    const crashed = !lastShutdownClean && !rebooted;
    await this.record(
      'software-start',
      crashed ? `${firmwareVersion}, after the run before ended without a stop` : firmwareVersion,
    );
  }

  recordStop(): Promise<void> {
    return this.record('software-stop', '');
  }

  /** Keys only: values may be secrets. */
  recordParameters(keys: readonly string[], actor: string): Promise<void> {
    return this.record('parameters-changed', `${keys.join(', ')} by ${actor}`);
  }
}
