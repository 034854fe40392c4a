import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { UndoList } from '../../base/undo.ts';
import { type Concentrator, startConcentrator } from '../../concentrator.ts';
import { sapOf } from '../../headend/meter-saps.ts';
import { HES_CLIENT, HES_KEYS } from './hes-client.ts';
import { storedRows } from './stored-rows.ts';

/** How a head-end finds what is served. */
export interface Served {
  readonly port: number;
  /** Logical devices, in the order of the meters. */
  readonly saps: readonly number[];
  /** UTC ms at which the stored rows end. */
  readonly endMs: number;
}

const CHANNEL = 'tcp_server';

/** Opens the port for head-ends with the keys of the benchmark. */
export async function openPort({ store, headend }: Concentrator): Promise<number> {
  await store.configuration.changeChannelAttributes(CHANNEL, {
    host: '127.0.0.1',
    port: '0',
    'hes.auth': 'hls-gmac',
    'hes.client': String(HES_CLIENT),
    'hes.encryption.key': HES_KEYS.encryptionKey,
    'hes.authentication.key': HES_KEYS.authenticationKey,
  });
  await headend.settled();
  const port = headend.port(CHANNEL);
  if (port === undefined) throw new DcuError('internal', `${CHANNEL} does not listen`);
  return port;
}

/** A concentrator with meters that nobody reads and days of their rows. */
export async function startServed(
  meters: number,
  days: number,
  endMs: number,
): Promise<{ readonly served: Served; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'opendcu-uplink-'));
  const undo = new UndoList();
  undo.add(() => rmSync(directory, { recursive: true, force: true }));
  try {
    const concentrator = await startConcentrator({
      directory,
      host: '127.0.0.1',
      port: 0,
      version: '0.0.0',
      bootedAt: systemClock.now(),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      schedule: false,
    });
    undo.add(() => concentrator.stop());
    const { archive, collection } = concentrator.store;
    const saps: number[] = [];
    for (let meter = 0; meter < meters; meter++) {
      const { id } = await archive.create(
        {
          meterNo: String(261_000_000_000 + meter),
          enabled: true,
          mac: -1,
          channel: 'tcp_meters',
          meterType: 1,
          phase: 1,
          credit: 1,
          task: 'single_phase',
          prepaid: 255,
          wiring: 0,
          profile: 'generic',
          address: {
            framing: 'wrapper',
            host: `10.0.${meter >> 8}.${meter & 0xff}`,
            port: 4059,
            clientAddress: 1,
            serverAddress: 1,
            addressBytes: 1,
          },
          security: { auth: 'none', policy: 'none' },
        },
        {},
      );
      await collection.appendProfile(id, 'energy', storedRows(meter, days, endMs), undefined);
      saps.push(sapOf(id) ?? 0);
    }
    const port = await openPort(concentrator);
    return { served: { port, saps, endMs }, stop: () => undo.run() };
  } catch (error) {
    await undo.run();
    throw error;
  }
}
