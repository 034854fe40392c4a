import type { ModulesPort } from '../api/modules-port.ts';
import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { UndoList } from '../base/undo.ts';
import type { PlcModule } from '../channels/plc-module.ts';
import type { BlacklistGuard } from '../device/blacklist-guard.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import { BANDS } from '../plc/units/afn-05.ts';
import type { Store } from '../store/types.ts';
import { ModuleEvents, type ReportedData } from './module-events.ts';
import { moduleTime } from './module-settings.ts';
import { ModuleUpgrades } from './module-upgrades.ts';
import { PlcModules } from './modules.ts';
import { NetworkWatch } from './networks.ts';
import { Strangers } from './strangers.ts';
import type { Transports } from './transports.ts';

export interface PlcOptions {
  readonly store: Pick<Store, 'configuration' | 'collection' | 'networks' | 'found'>;
  readonly transports: Pick<Transports, 'serial'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly logbook: DeviceLogbook;
  readonly blacklist: BlacklistGuard;
  readonly serialNumber: string;
  readonly zone: () => string;
  /** Told when a module has its archive, and when it is gone. */
  readonly onUsable: (channel: string, usable: boolean) => void;
  /** Told what meters behind modules have sent by themselves. */
  readonly onData: (data: ReportedData) => void;
}

/** Everything power line: the modules, what is behind them, and what can be asked of both. */
export interface Plc {
  readonly modules: PlcModules;
  readonly port: ModulesPort;
  /** To be called after each change of meters or the blacklist. */
  metersChanged(): void;
  close(): Promise<void>;
}

/** Opens what is configured; `reload` of the modules follows later changes of the configuration. */
export async function startPlc(options: PlcOptions): Promise<Plc> {
  const { store, clock, log, logbook, blacklist } = options;
  const now = (): number => clock.now();
  const meters = () => store.collection.meters();
  const strangers = new Strangers({
    found: store.found,
    logbook,
    now,
    log,
    refuses: (names, what) => blacklist.refuses(names, what),
  });
  const networks = new NetworkWatch({
    module: (channel) => modules.get(channel),
    networks: store.networks,
    meters,
    logbook,
    clock,
    log,
    onStrangers: (channel, addresses) => strangers.note(channel, addresses, 'report'),
  });
  const events = new ModuleEvents({
    logbook,
    log,
    onStrangers: (channel, addresses, via) => strangers.note(channel, addresses, via),
    onData: options.onData,
    onUsable: (channel, usable) => {
      if (usable) networks.begin(channel);
      else networks.end(channel);
      options.onUsable(channel, usable);
    },
  });
  const modules = new PlcModules({
    configuration: store.configuration,
    meters,
    transports: options.transports,
    clock,
    log,
    serialNumber: options.serialNumber,
    localTime: () => moduleTime(now(), options.zone()),
    isBlacklisted: (names) => blacklist.match(names) !== undefined,
    onEvent: (channel, event) => events.tell(channel, event),
    onClosed: (channel) => events.closed(channel),
  });
  const upgrades = new ModuleUpgrades({ logbook, now, log });
  const undo = new UndoList();
  undo.add(() => strangers.settled());
  undo.add(() => modules.close());
  undo.add(() => upgrades.close());
  undo.add(() => networks.close());
  await modules.reload();

  const required = (channel: string): PlcModule => {
    const module = modules.get(channel);
    if (module === undefined) throw new DcuError('not-found', `There is no module on channel ${channel}.`);
    return module;
  };
  const searchEnds = new Map<string, number>();
  const port: ModulesPort = {
    list: () =>
      [...modules.all()].map(({ channel, module }) => ({
        ...module.view,
        channel,
        searching: events.isSearching(channel),
        searchingUntil: events.isSearching(channel) ? (searchEnds.get(channel) ?? null) : null,
        network: networks.state(channel),
        upgrade: upgrades.state(channel) ?? null,
      })),
    refresh: async (channel) => {
      required(channel);
      return networks.look(channel);
    },
    discover: async (channel, minutes) => {
      await required(channel).discover(minutes);
      searchEnds.set(channel, now() + minutes * 60_000);
    },
    endDiscovery: (channel) => required(channel).endDiscovery(),
    setBand: async (channel, band) => {
      if (BANDS[band] === undefined) {
        throw new DcuError('invalid-field', `Bands are numbered 0 to ${BANDS.length - 1}.`, {
          field: 'band',
        });
      }
      await required(channel).setBand(band);
    },
    upgrade: (channel, image, target) => upgrades.start(channel, required(channel), image, target),
    cancelUpgrade: (channel) => upgrades.cancel(channel),
  };
  return {
    modules,
    port,
    metersChanged: () => {
      modules
        .metersChanged()
        .catch((error: unknown) =>
          log.error('the modules keep their archives', { ...toDcuError(error).toJSON() }),
        );
    },
    close: () => undo.run(),
  };
}
