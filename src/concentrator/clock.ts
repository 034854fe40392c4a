import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { askSntp } from '../channels/sntp.ts';
import { type ClockRecord, NEVER_SET, readClockRecord } from '../device/clock-record.ts';
import { ClockSync } from '../device/clock-sync.ts';
import { DeviceClock } from '../device/device-clock.ts';
import { NtpPoll } from '../device/ntp-poll.ts';
import { writePrivateFile } from '../security/private-file.ts';
import type { Core } from './core.ts';

/** The clock as it was kept, before anything else goes by it. */
export interface KeptClock {
  readonly clock: DeviceClock;
  readonly record: ClockRecord;
  /** Writes the record anew. */
  readonly keep: (text: string) => void;
}

const FILE = 'clock.json';

/** A record that is damaged is told and counts as none: the time is the machine's then. */
export function openClock(directory: string, machine: Clock, log: Log): KeptClock {
  const path = join(directory, FILE);
  const record = readRecord(path, log);
  return {
    clock: new DeviceClock(machine, record.offsetMs),
    record,
    keep: (text) => writePrivateFile(path, new TextEncoder().encode(text)),
  };
}

function readRecord(path: string, log: Log): ClockRecord {
  if (!existsSync(path)) return NEVER_SET;
  try {
    return readClockRecord(readFileSync(path, 'utf8'));
  } catch (error) {
    log.error('the clock goes by the machine', { file: path, ...toDcuError(error).toJSON() });
    return NEVER_SET;
  }
}

export interface ClockOptions {
  readonly random: Random;
  readonly log: Log;
  /** Sets the machine's clock, UTC ms. */
  readonly setMachine: (utcMs: number) => void;
}

export interface ClockParts {
  readonly sync: ClockSync;
  readonly ntp: NtpPoll;
  stop(): void;
}

/** What sets the clock: head-ends through `sync`, and a time server where the settings name one. */
export async function startClock(
  { clock, record, keep }: KeptClock,
  { store, logbook, onSettingsChanged }: Pick<Core, 'store' | 'logbook' | 'onSettingsChanged'>,
  { random, log, setMachine }: ClockOptions,
): Promise<ClockParts> {
  const own = log.child('clock');
  const setting = async (key: string): Promise<string> => (await store.configuration.setting(key)) ?? '';
  const sync = new ClockSync({
    clock,
    record,
    keep,
    keeper: async () => ((await setting('clock.source')) === 'system' ? 'system' : 'own'),
    setMachine,
    tell: (type, detail) => logbook.record(type, detail),
    log: own,
  });
  const ntp = new NtpPoll({
    clock,
    settings: async () => ({
      host: await setting('ntp.server'),
      port: Number(await setting('ntp.port')),
      intervalS: Number(await setting('ntp.interval')),
    }),
    look: (server, signal) => askSntp(server, { clock, random }, signal),
    set: (utcMs, who) => sync.setBy('ntp', utcMs, who),
    log: own,
  });
  await ntp.reload();
  onSettingsChanged(() => ntp.reload());
  return {
    sync,
    ntp,
    stop: () => {
      ntp.stop();
      sync.stop();
    },
  };
}
