import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DcuError } from '../base/errors.ts';
import type { MeterAddress, MeterSecrets, NewMeter } from '../base/model.ts';
import { G3_PSK_CHECK_OBJECT, G3_PSK_OBJECT } from '../simulator/g3/objects.ts';
import type { Neighbourhood, ServedMeter } from '../simulator/neighbourhood.ts';
import { type MeterPlan, planNeighbourhood } from '../simulator/plan.ts';
import { NO_DELAY, type PlcBehaviour } from '../simulator/plc/live-module.ts';
import type { Store } from '../store/types.ts';

export const LEAST_METERS = 2;
export const MOST_METERS = 2040;

const MODULE_CHANNEL = 'reading_module';
const G3_CHANNEL = 'g3_meters';
const TCP_CHANNEL = 'tcp_meters';
const RS485_CHANNELS = ['485_1', '485_2'];
/** Most that a line takes in two-byte addressing. */
const MOST_PER_LINE = 109;
/** With fewer meters there is no G3 network and no line. */
const LEAST_FOR_ALL_KINDS = 8;
const STRANGERS = 3;

/** In the form of a user's own profile. */
const G3_PROFILE = {
  name: 'simulated-g3',
  title: 'Simulated meter of a G3-PLC network',
  extends: 'generic',
  g3Psk: { obis: G3_PSK_OBJECT, attribute: 2, wrap: 'kek', checkValue: { obis: G3_PSK_CHECK_OBJECT } },
};

/** A network that is there at once and answers at once, but has its repeaters, phases and noise. */
export const DEMO_NETWORK: PlcBehaviour = { ...NO_DELAY, meterTimeoutMs: 2000, tellsRejected: true };

/** Of 200: 150 behind the module, 15 on each of two RS-485 lines, 10 in a G3 network, 10 on TCP; others in proportion. The first is the balance meter. */
export function demoPlan(seed: number, meters: number, g3Host: string): MeterPlan[] {
  const all = meters >= LEAST_FOR_ALL_KINDS;
  const perLine = all ? Math.min(MOST_PER_LINE, Math.max(1, Math.floor((meters * 3) / 40))) : 0;
  const g3 = all ? Math.max(1, Math.floor(meters / 20)) : 0;
  const tcp = Math.max(1, Math.floor(meters / 20));
  const lines = all ? RS485_CHANNELS.length : 0;
  return planNeighbourhood({
    seed,
    meters,
    tcpBase: 0,
    framing: 'mixed',
    auth: 'mixed',
    plc: { meters: meters - tcp - g3 - lines * perLine, strangers: all ? STRANGERS : 0 },
    g3: { meters: g3, host: g3Host },
    rs485Lines: lines,
    metersPerLine: Math.max(1, perLine),
    modeEPerLine: perLine > 1 ? 1 : 0,
    balance: true,
  });
}

/** More than a meter uses in one run of the demo. */
const COUNTERS_A_RUN = 2 ** 20;
const MOST_RUNS = 4000;

/**
 * The first invocation counter of this run's meters, which have forgotten the last run: how many there were is kept in the
 * data directory, for the concentrator refuses what it has heard already.
 */
export function nextCounters(directory: string): number {
  const path = join(directory, 'simulated-runs');
  const before = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  const runs = Number.isInteger(before) && before >= 0 ? before % MOST_RUNS : 0;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(path, `${runs + 1}\n`);
  return runs * COUNTERS_A_RUN + 1;
}

/** Puts the profile of the simulated G3 meters, which says where their network's key goes, into the data directory. */
export function writeProfiles(directory: string): void {
  const folder = join(directory, 'profiles');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${G3_PROFILE.name}.json`), `${JSON.stringify(G3_PROFILE, null, 2)}\n`);
}

/** Enters the meters that the archive does not have yet, and points the channels at this run's ports. */
export async function enlist(store: Store, { meters, modules }: Neighbourhood): Promise<void> {
  const { archive } = store;
  const known = new Map(
    (await archive.list({ limit: MOST_METERS })).rows.map((meter) => [meter.meterNo, meter]),
  );
  const lines = [
    ...new Set(meters.flatMap(({ serialPath }) => (serialPath === undefined ? [] : [serialPath]))),
  ];
  for (const meter of meters) {
    const line = meter.serialPath === undefined ? -1 : lines.indexOf(meter.serialPath);
    const row = archiveRow(meter, RS485_CHANNELS[line] ?? channelOf(meter));
    const before = known.get(meter.meterNo);
    if (before === undefined) await archive.create(row, secretsOf(meter));
    else {
      const { channel, mac, profile, address, security } = row;
      await archive.update(before.id, { channel, mac, profile, address, security }, secretsOf(meter));
    }
  }
  for (const [index, path] of lines.entries()) await pointAt(store, RS485_CHANNELS[index] ?? '', path);
  for (const { path } of modules) await pointAt(store, MODULE_CHANNEL, path);
}

async function pointAt({ configuration }: Store, name: string, path: string): Promise<void> {
  const channel = (await configuration.channels()).find((one) => one.name === name);
  const device = (await configuration.channelAttributes()).find(
    ({ owner, key }) => owner === name && key === 'device',
  );
  if (channel === undefined || device === undefined) {
    throw new DcuError('not-found', `the channel ${name} is missing`);
  }
  await configuration.saveChannelAttribute({ ...device, value: path });
  await configuration.saveChannel({ ...channel, enabled: true });
}

function channelOf({ modulePath, line }: ServedMeter): string {
  if (modulePath !== undefined) return MODULE_CHANNEL;
  return line === 'g3' ? G3_CHANNEL : TCP_CHANNEL;
}

function archiveRow(meter: ServedMeter, channel: string): NewMeter {
  const { meterNo, physicalAddress, auth, phases, device } = meter;
  return {
    meterNo,
    enabled: true,
    mac: physicalAddress ?? -1,
    channel,
    meterType: 1,
    phase: phases,
    credit: 1,
    task: phases === 3 ? 'three_phase' : 'single_phase',
    prepaid: 255,
    wiring: 0,
    balance: device.plan.lossShare !== undefined,
    profile: channel === G3_CHANNEL ? G3_PROFILE.name : 'generic',
    address: addressOf(meter),
    security: { auth, policy: auth === 'hls-gmac' ? 'auth-enc' : 'none' },
  };
}

function addressOf(meter: ServedMeter): MeterAddress {
  const { framing, host, port, transport, node, opening, client, server } = meter;
  const { physicalAddress, addressBytes } = meter;
  return {
    framing,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(transport === undefined ? {} : { transport }),
    ...(node === undefined ? {} : { node }),
    ...(opening === undefined ? {} : { opening }),
    clientAddress: client,
    serverAddress: server,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    addressBytes,
  };
}

function secretsOf({ password, encryptionKey, authenticationKey, masterKey }: ServedMeter): MeterSecrets {
  return {
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
    ...(masterKey === undefined ? {} : { masterKey }),
  };
}
