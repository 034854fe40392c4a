import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { ReportedPushes } from '../channels/push-reported.ts';
import { PushIntake } from '../meters/push/intake.ts';
import type { Core } from './core.ts';
import { PushChannels } from './push-channels.ts';

export interface PushedOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What takes data that meters send by themselves. */
export interface Pushed {
  readonly channels: PushChannels;
  readonly intake: PushIntake;
}

/** Marks the title of the receiver of pushes; serial numbers leave these bits free. */
const RECEIVER_MARK = 0x80;

/** Takes what is pushed to the channels that listen, and what PLC modules report; follows changes of meters and channels. */
export async function startPushed({ clock, random, log }: PushedOptions, core: Core): Promise<Pushed> {
  const { store, collection, logbook, systemTitle, profiles, blacklist, modules } = core;
  const own = log.child('push');
  const channels = new PushChannels({
    configuration: store.configuration,
    clock,
    log: own,
    record: (type, detail) => {
      logbook
        .record(type, detail)
        .catch((error: unknown) => own.error('the logbook could not be written', { error: String(error) }));
    },
  });
  const intake = new PushIntake({
    store: collection,
    profiles,
    registers: (meterId) => store.readings.registers(meterId),
    random,
    systemTitle: systemTitle.map((byte, i) => (i === 3 ? byte | RECEIVER_MARK : byte)),
    isRefused: (names) => blacklist.refuses(names, 'pushing'),
    onRefused: (refused) => channels.refused(refused),
  });
  await channels.start(intake);
  const reported = new ReportedPushes(
    { clock, wayBack: (...to) => modules.wayTo(...to) },
    { onArrival: (arrival) => intake.take(arrival), onFault: (fault) => channels.fault(fault) },
  );
  core.onReportedData((data) => reported.take(data));
  core.onMetersChanged(() => intake.metersChanged());
  core.onChannelsChanged(() => channels.reload());
  return { channels, intake };
}
