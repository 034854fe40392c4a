import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../src/api/app.ts';
import { accountAuth, profileCatalogue, profilesPort, zonedCron } from '../../src/api/ports.ts';
import { serveHttps } from '../../src/api/serve.ts';
import { systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { NetworkKeys } from '../../src/concentrator/network-keys.ts';
import { Blacklist } from '../../src/device/blacklist.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';
import { AccountService } from '../../src/security/accounts.ts';
import { serverCertificate } from '../../src/security/certificate.ts';
import { openVault } from '../../src/security/vault.ts';
import { openStore } from '../../src/store/index.ts';
import type { Store } from '../../src/store/types.ts';
import { validateCron } from '../../src/tasks/cron.ts';
import { fakeCollector } from './fake-collector.ts';
import { fakeDiscovery } from './fake-discovery.ts';
import { fakeHeadend, fakeLockouts, fakeUplinks, seedOutbox } from './fake-headend.ts';
import { fakeModules, fakeNetwork } from './fake-modules.ts';
import { seedNetwork, seedStore } from './seed.ts';

export interface Harness {
  readonly url: string;
  readonly password: string;
  readonly store: Store;
  stop(): Promise<void>;
}

/** The API and the built GUI over a real store with seeded data, real accounts and a collector that is played. */
export async function startHarness({
  meters = 60,
  zone = 'Europe/Riga',
  port = 0,
  /** Nodes of the network behind a PLC module; 0 = no module. */
  network = 0,
  /** With head-ends, what waits for them, and one that is locked out. */
  northwards = false,
} = {}): Promise<Harness> {
  const { uiAssets } = await import('../../src/api/ui-assets.gen.ts');
  const directory = await mkdtemp(join(tmpdir(), 'opendcu-ui-'));
  const base = { directory, clock: systemClock, random: systemRandom };
  const store = await openStore({
    ...base,
    log: silentLog,
    sealer: openVault(directory, systemRandom),
    validateCron,
  });
  await seedStore(store, meters, Date.now());
  const modules = fakeModules(() => Date.now());
  if (network > 0) await seedNetwork(store, fakeNetwork(network), Date.now());
  if (northwards) await seedOutbox(store);
  const accounts = new AccountService({ rows: store.accounts, clock: systemClock, random: systemRandom });
  const first = await accounts.offerFirst();
  if (first === undefined) throw new Error('the store was not new');
  const certificate = await serverCertificate({
    ...base,
    names: ['127.0.0.1', 'localhost'],
    commonName: 'OpenDCU test',
  });
  const collector = fakeCollector(store);
  const blacklist = new Blacklist();
  const told = async <Result>(change: Promise<Result>): Promise<Result> => {
    const result = await change;
    blacklist.replace(await store.blacklist.list());
    return result;
  };
  const channels = northwards ? fakeHeadend(Date.now()) : [];
  const app = createApi(
    {
      store: {
        ...store,
        blacklist: {
          ...store.blacklist,
          add: (...entry) => told(store.blacklist.add(...entry)),
          remove: (id) => told(store.blacklist.remove(id)),
        },
      },
      blacklist,
      auth: accountAuth(accounts),
      collector,
      modules: network > 0 ? modules : { ...modules, list: () => [] },
      device: {
        serialNumber: (await store.configuration.setting('device.serial')) ?? '5500000527',
        version: '0.1.0',
        zone: () => zone,
      },
      cron: zonedCron(() => zone),
      catalogue: profileCatalogue(BUILT_IN_PROFILES),
      discovery: fakeDiscovery(() => Date.now()),
      profiles: profilesPort(BUILT_IN_PROFILES, () => {}),
      uplinks: northwards ? fakeUplinks(store, Date.now()) : { views: () => [], clear: async () => 0 },
      clockState: () => ({ synchronised: false, lost: false, last: undefined, ntpError: undefined }),
      headend: { views: () => channels },
      lockouts: northwards
        ? fakeLockouts(Date.now())
        : { listLocked: async () => [], unlock: () => Promise.reject(new Error('nobody is locked out')) },
      networkKeys: new NetworkKeys({
        keys: store.networkKeys,
        channels: () => store.configuration.channels(),
        meters: () => store.collection.meters(),
        secrets: (meterId) => store.collection.secrets(meterId),
        states: async () => new Map(),
        level: async (meterId) => meterId % 5,
        objectOf: () => ({ classId: 1, obis: '0.0.29.2.128.255', by: { attribute: 2 }, wrap: 'none' }),
        work: async () => {
          throw new DcuError('link-timeout', 'no answer');
        },
        clock: systemClock,
        log: silentLog,
        logbook: { record: async () => {} },
      }),
      clock: systemClock,
      log: silentLog,
    },
    { ui: uiAssets, loginsPerMinute: 100 },
  );
  const tls = { key: certificate.privateKey, certificate: certificate.certificate };
  const server = serveHttps({ app, host: '127.0.0.1', port, tls });
  return {
    url: server.url,
    store,
    password: first.password,
    stop: async () => {
      collector.stop();
      await server.stop();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

if (import.meta.main) {
  const harness = await startHarness({ port: Number(process.env['PORT'] ?? 0) });
  console.log(`${harness.url}  admin  ${harness.password}`);
  process.once('SIGINT', () => void harness.stop().then(() => process.exit(0)));
}
