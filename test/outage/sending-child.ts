/**
 * The concentrator whose uplinks work again, on what the weeks without them have left on its disk, until it is killed or nothing is
 * owed any more (`empty`). Argument: a `SendingJob` as JSON.
 */
import { writeSync } from 'node:fs';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ChannelOpener } from '../../src/channels/channel.ts';
import { startCore } from '../../src/concentrator/core.ts';
import { Uplinks } from '../../src/concentrator/uplink.ts';
import { openSealer } from '../concentrator/open-sealer.ts';
import { Journal } from './journal.ts';

export interface SendingJob {
  readonly directory: string;
  readonly journal: string;
  /** UTC ms that its clock shows at the start. */
  readonly fromMs: number;
}

const LOOK_EVERY_MS = 50;
/** What a broker that comes back is waited for at most. */
const LONGEST_PAUSE_MS = 200;

const { directory, journal: path, fromMs } = JSON.parse(process.argv[2] ?? '') as SendingJob;
const offsetMs = fromMs - systemClock.now();
const clock: Clock = { ...systemClock, now: () => systemClock.now() + offsetMs };
const journal = new Journal(path);
/** Nothing is read meanwhile. */
const nowhere = (): ChannelOpener => ({
  name: 'nowhere',
  open: () => Promise.reject(new DcuError('channel-open-failed', 'no meter is read meanwhile')),
});
const core = await startCore({
  directory,
  version: '0.0.0',
  bootedAt: clock.now(),
  clock,
  random: systemRandom,
  log: silentLog,
  transports: { serial: nowhere, tcp: nowhere, udp: nowhere },
  thread: 'own',
  sealer: openSealer,
});
const { outbox } = core.store;
const uplinks = new Uplinks({
  directory,
  store: {
    ...core.store,
    outbox: {
      ...outbox,
      // What is taken is sent, once.
      take: async (destination, query) => {
        const items = await outbox.take(destination, query);
        for (const { id } of items) journal.write({ sent: id });
        return items;
      },
      acknowledge: async (destination, ids) => {
        await outbox.acknowledge(destination, ids);
        journal.write({ settled: ids });
      },
    },
  },
  collector: core.collector,
  profiles: core.profiles,
  serialNumber: core.identity.serialNumber,
  systemTitle: core.systemTitle,
  version: core.identity.firmwareVersion,
  zone: core.zone,
  clock: { ...clock, after: (ms, fn) => clock.after(Math.min(ms, LONGEST_PAUSE_MS), fn) },
  random: systemRandom,
  log: silentLog,
});
await uplinks.start();
while ((await outbox.state()).some(({ waiting }) => waiting > 0)) await Bun.sleep(LOOK_EVERY_MS);
writeSync(1, 'empty\n');
