import type { UpgradeState } from '../api/modules-port.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { PlcModule } from '../channels/plc-module.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { UpgradeTarget } from '../plc/module-types.ts';

interface Upgrade {
  state: UpgradeState;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

export interface ModuleUpgradesOptions {
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly now: () => number;
  readonly log: Log;
}

/** Firmware on its way into modules, one image at a time for each. */
export class ModuleUpgrades {
  readonly #options: ModuleUpgradesOptions;
  readonly #byChannel = new Map<string, Upgrade>();

  constructor(options: ModuleUpgradesOptions) {
    this.#options = options;
  }

  state(channel: string): UpgradeState | undefined {
    return this.#byChannel.get(channel)?.state;
  }

  /** Begins; how far it is, `state` tells. @throws DcuError `conflict` while another is under way */
  start(channel: string, module: PlcModule, image: Uint8Array, target: UpgradeTarget): void {
    if (this.#byChannel.get(channel)?.state.state === 'running') {
      throw new DcuError('conflict', `an upgrade of ${channel} is under way`);
    }
    const abort = new AbortController();
    const begun: UpgradeState = {
      state: 'running',
      target,
      bytes: image.length,
      done: 0,
      total: 0,
      startedAt: this.#options.now(),
      finishedAt: null,
      error: null,
    };
    const running = module.upgrade(image, target, {
      signal: abort.signal,
      onProgress: (done, total) => {
        upgrade.state = { ...upgrade.state, done, total };
      },
    });
    const upgrade: Upgrade = {
      state: begun,
      abort,
      ended: running.then(
        () => this.#ended(channel, 'done', null),
        (thrown: unknown) => {
          const error = toDcuError(thrown);
          return this.#ended(channel, error.code === 'cancelled' ? 'cancelled' : 'failed', error);
        },
      ),
    };
    this.#byChannel.set(channel, upgrade);
    this.#record(`${channel}: ${image.length} bytes for ${target} begun`);
  }

  /** False when none is under way. */
  cancel(channel: string): boolean {
    const upgrade = this.#byChannel.get(channel);
    if (upgrade?.state.state !== 'running') return false;
    upgrade.abort.abort(new DcuError('cancelled', 'the upgrade was cancelled'));
    return true;
  }

  async close(): Promise<void> {
    for (const channel of this.#byChannel.keys()) this.cancel(channel);
    await Promise.all([...this.#byChannel.values()].map(({ ended }) => ended));
  }

  #ended(channel: string, state: UpgradeState['state'], error: DcuError | null): void {
    const upgrade = this.#byChannel.get(channel);
    if (upgrade === undefined) return;
    upgrade.state = { ...upgrade.state, state, error, finishedAt: this.#options.now() };
    this.#record(`${channel}: ${state}${error === null ? '' : `: ${error.message}`}`);
  }

  #record(detail: string): void {
    const { logbook, log } = this.#options;
    logbook
      .record('module-firmware', detail)
      .catch((error: unknown) => log.error('a logbook entry was lost', { ...toDcuError(error).toJSON() }));
  }
}
