import { hostname, networkInterfaces } from 'node:os';
import { createApi } from './api/app.ts';
import { accountAuth, profileCatalogue, profilesPort, zonedCron } from './api/ports.ts';
import { serveHttps } from './api/serve.ts';
import type { ApiServices } from './api/services.ts';
import { uiAssets } from './api/ui-assets.gen.ts';
import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import { UndoList } from './base/undo.ts';
import { setMachineClock } from './channels/machine-clock.ts';
import { startBalances } from './concentrator/balances.ts';
import { openClock, startClock } from './concentrator/clock.ts';
import { type CoreOptions, startCore } from './concentrator/core.ts';
import { type Diallings, startDialling } from './concentrator/dialling.ts';
import { type HeadendServers, startHeadend } from './concentrator/headend.ts';
import { Lockouts } from './concentrator/lockouts.ts';
import type { PlcModules } from './concentrator/modules.ts';
import { tellingParameters } from './concentrator/parameter-log.ts';
import { loadProfiles } from './concentrator/profile-files.ts';
import { pushSetupsPort } from './concentrator/push-setups.ts';
import { type Pushed, startPushed } from './concentrator/pushed.ts';
import { systemTransports, type Transports } from './concentrator/transports.ts';
import { Uplinks } from './concentrator/uplink.ts';
import type { ClockSync } from './device/clock-sync.ts';
import { AccountService } from './security/accounts.ts';
import { serverCertificate } from './security/certificate.ts';
import type { Store } from './store/types.ts';
import type { Collector } from './tasks/collector.ts';

export type { AcknowledgedBatch } from './concentrator/core.ts';

export interface ConcentratorOptions extends Omit<CoreOptions, 'transports' | 'thread' | 'sealer'> {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** False: nothing fires by itself, only what is asked for is read. */
  readonly schedule: boolean;
  /** What opens ports and connections southwards; the system's if not given. */
  readonly transports?: Transports;
  /** Sets the machine's clock where the settings ask for that; the system's own way if not given. */
  readonly setMachineClock?: (utcMs: number) => void;
}

export interface Concentrator {
  /** `https://host:port` */
  readonly url: string;
  /** SHA-256 of the certificate, as browsers show it. */
  readonly fingerprint: string;
  /** The administrator with a new password; given at each start until somebody has chosen one. */
  readonly firstAccount: { readonly name: string; readonly password: string } | undefined;
  readonly store: Store;
  readonly collector: Collector;
  readonly modules: PlcModules;
  /** The channels that listen for pushed data, and what became of it. */
  readonly pushed: Pushed;
  /** The channels on which head-ends dial in. */
  readonly headend: HeadendServers;
  /** The channels that bring a head-end what there is. */
  readonly uplinks: Uplinks;
  /** The channels that dial a head-end. */
  readonly dialling: Diallings;
  /** What sets the clock that every part goes by. */
  readonly clockSync: ClockSync;
  /** Ends the API, then reading in an orderly way, then the store; one that fails does not keep the others open. */
  stop(): Promise<void>;
}

/** The channel that the push setups are of. */
const PUSHING = 'hes_push';
const RETENTION_EVERY_MS = 6 * 3_600_000;

/**
 * Builds every part, hands each what it needs, and starts them.
 * @throws DcuError `data-directory-locked` (with the pid of the other), `channel-open-failed` (port taken), what the store throws
 */
export async function startConcentrator(given: ConcentratorOptions): Promise<Concentrator> {
  const { directory, random, log } = given;
  const kept = openClock(directory, given.clock, log);
  const { clock } = kept;
  const options = { ...given, clock, bootedAt: given.bootedAt + clock.offsetMs };
  const undo = new UndoList();
  try {
    const core = await startCore({
      ...options,
      transports: options.transports ?? systemTransports(clock),
      thread: 'own',
    });
    undo.add(() => core.stop());
    const { store, collector, identity, zone } = core;
    const { setMachineClock: setMachine = setMachineClock } = options;
    const clockParts = await startClock(kept, core, { random, log, setMachine });
    undo.add(() => clockParts.stop());

    const lockouts = new Lockouts({
      store,
      clock,
      record: (type, detail) => core.logbook.record(type, detail),
    });
    const accounts = new AccountService({
      rows: store.accounts,
      clock,
      random,
      rules: () => lockouts.rules(),
    });
    const firstAccount = await accounts.offerFirst();

    const pushed = await startPushed(options, core);
    undo.add(() => pushed.intake.settled());
    undo.add(() => pushed.channels.close());
    const uplinks = new Uplinks({
      directory,
      store,
      collector,
      profiles: core.profiles,
      serialNumber: identity.serialNumber,
      systemTitle: core.systemTitle,
      version: identity.firmwareVersion,
      zone,
      clock,
      random,
      log: log.child('uplink'),
      ways: (channel) => dialling.way(channel),
    });
    const pushSetups = pushSetupsPort({ store, uplinks, channel: PUSHING });
    const headend = await startHeadend(options, core, { clockParts, lockouts, pushSetups });
    undo.add(() => headend.close());
    const { serving } = headend;
    const setClock = (ms: number, who: string): Promise<unknown> => clockParts.sync.setBy('hes', ms, who);
    const dialling = await startDialling({ serving, setClock, clock, random, log }, core);
    undo.add(() => dialling.close());

    const balances = startBalances({ clock, log }, core);
    undo.add(() => balances.stop());

    await uplinks.start();
    undo.add(() => uplinks.close());
    core.onMetersChanged(() => uplinks.metersChanged());
    core.onChannelsChanged(() => uplinks.reload());
    core.onSettingsChanged(() => uplinks.reload());

    const services: ApiServices = {
      uplinks,
      headend: { views: () => [...headend.views(), ...dialling.views()] },
      lockouts,
      clockState: () => ({ ...clockParts.sync.state, ntpError: clockParts.ntp.lastError }),
      store: { ...store, audit: tellingParameters(store.audit, core.logbook, log) },
      auth: accountAuth(accounts),
      blacklist: core.blacklist,
      collector,
      modules: core.plc.port,
      device: {
        serialNumber: identity.serialNumber,
        version: identity.firmwareVersion,
        zone,
      },
      cron: zonedCron(zone),
      catalogue: profileCatalogue(core.profiles),
      discovery: core.discovery,
      networkKeys: core.networkKeys,
      profiles: profilesPort(core.profiles, () =>
        loadProfiles(directory, core.profiles, log.child('profiles')),
      ),
      clock,
      log,
    };
    const certificate = await serverCertificate({
      directory,
      clock,
      random,
      names: ownNames(options.host),
      commonName: `OpenDCU ${identity.serialNumber}`,
    });
    const server = serveHttps({
      app: createApi(services, { ui: uiAssets }),
      host: options.host,
      port: options.port,
      tls: { key: certificate.privateKey, certificate: certificate.certificate },
    });
    undo.add(() => server.stop());

    undo.add(keepRetention(store, clock, log));
    if (options.schedule) await collector.start();
    return {
      url: server.url,
      fingerprint: certificate.fingerprint,
      firstAccount,
      store,
      collector,
      modules: core.modules,
      pushed,
      headend,
      uplinks,
      dialling,
      clockSync: clockParts.sync,
      stop: () => undo.run(),
    };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

/** Drops old data at start and four times a day. */
function keepRetention(store: Store, clock: Clock, log: Log): () => void {
  let cancel: () => void = () => {};
  const run = (): void => {
    store
      .applyRetention(clock.now())
      .then(({ rowsDropped }) => {
        if (rowsDropped > 0) log.info('old data dropped', { rows: rowsDropped });
      })
      .catch((error: unknown) => log.error('old data could not be dropped', { error: String(error) }));
    cancel = clock.after(RETENTION_EVERY_MS, run);
  };
  cancel = clock.after(60_000, run);
  return () => cancel();
}

/** What the certificate is valid for: this machine's names and addresses. */
function ownNames(host: string): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap(
    (list) => list?.map(({ address }) => address) ?? [],
  );
  const own = host === '0.0.0.0' || host === '::' ? [] : [host];
  return [
    ...new Set([
      'localhost',
      '127.0.0.1',
      '::1',
      hostname(),
      ...own,
      ...addresses.filter((a) => !a.includes('%')),
    ]),
  ];
}
