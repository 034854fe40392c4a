import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sleep, systemClock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { NewMeter } from '../../base/model.ts';
import { systemRandom } from '../../base/random.ts';
import { UndoList } from '../../base/undo.ts';
import type { PlcModule } from '../../channels/plc-module.ts';
import { type Concentrator, startConcentrator } from '../../concentrator.ts';
import { LEAN_HEAP } from '../../device/heap.ts';
import { startNeighbourhood } from '../../simulator/neighbourhood.ts';
import { type MeterPlan, planNeighbourhood } from '../../simulator/plan.ts';
import { NO_DELAY } from '../../simulator/plc/live-module.ts';
import { FarEnd, untilLetGo } from './far-end.ts';
import { openGui } from './gui-client.ts';
import { defineScenario, type ScenarioContext, type ScenarioReport } from './scenario.ts';
import { Strain } from './strain.ts';

const ALL_METERS = 2040;
const QUICK_METERS = 64;
const SEED = 1;
const DAY_S = 86_400;
const ROWS_A_DAY = 96;
/** Simulated meters lose power now and then and have no rows of that time. */
const LEAST_SHARE = 0.95;
/** The runtime lets its heap grow by the machine's memory: the concentrator is told that of the device. */
export const AS_ON_DEVICE = { ...LEAN_HEAP, BUN_JSC_forceRAMSize: String(256 * 2 ** 20) };
const ARCHIVE_TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 50;

/** What a run has come to. */
interface RoundResult {
  readonly meters: number;
  readonly rows: number;
  readonly seconds: number;
  readonly loopDelayP99Ms: number;
  readonly rssPeakMiB: number;
}

const planOf = (meters: number): MeterPlan[] =>
  planNeighbourhood({
    seed: SEED,
    meters,
    tcpBase: 0,
    framing: 'hdlc',
    auth: 'mixed',
    plc: { meters },
  });

/**
 * One day of 15-minute profiles from meters behind a simulated PLC module without line delay. Meters and concentrator
 * are processes of their own; a GUI stands open in front of the concentrator in this one.
 */
export const round = defineScenario({
  name: 'round',
  about:
    'one day of profiles from meters behind the PLC module, the GUI open, memory as on a device with 256 MiB',
  run,
  serve: (args, out, signal) =>
    args[0] === 'meters' ? serveMeters(args, out, signal) : serveConcentrator(args, out, signal),
});

async function run({ signal, progress, meters, quick }: ScenarioContext): Promise<ScenarioReport> {
  const count = meters ?? (quick ? QUICK_METERS : ALL_METERS);
  const undo = new UndoList();
  try {
    progress(`${count} meters behind a simulated module`);
    const street = new FarEnd('round', ['meters', String(count)]);
    undo.add(() => street.stop());
    const { path } = (await street.ready()) as { readonly path: string };
    const device = new FarEnd('round', ['concentrator', String(count), path], AS_ON_DEVICE);
    undo.add(() => device.stop());
    const access = (await device.ready()) as {
      readonly url: string;
      readonly user: string;
      readonly password: string;
    };
    const gui = await openGui(access);
    undo.add(async () => {
      await gui.close();
    });
    if (signal.aborted) throw new DcuError('cancelled', 'the benchmark was interrupted');
    progress('the round begins');
    await device.tell('go');
    const result = (await device.ready()) as RoundResult & { readonly failures: readonly string[] };
    const seen = await gui.close();
    const { failures, ...json } = result;
    check(json, failures);
    return { json, lines: linesOf(json, seen) };
  } finally {
    await undo.run();
  }
}

function check({ meters, rows }: RoundResult, failures: readonly string[]): void {
  if (failures.length > 0) {
    throw new DcuError('internal', `${failures.length} reads failed, such as ${failures[0] ?? ''}`);
  }
  const least = Math.floor(meters * ROWS_A_DAY * LEAST_SHARE);
  if (rows < least) throw new DcuError('internal', `${rows} rows came, at least ${least} must`);
}

function linesOf(
  { meters, rows, seconds, loopDelayP99Ms, rssPeakMiB }: RoundResult,
  seen: { readonly events: number; readonly pages: number },
): string[] {
  return [
    `meters                 ${meters}`,
    `rows                   ${rows}`,
    `seconds                ${seconds} (goal for 2,040 meters: 20)`,
    `rows a second          ${Math.round(rows / seconds)}`,
    `loop delay, 99 %, ms   ${loopDelayP99Ms} (goal: 20)`,
    `RSS at most, MiB       ${rssPeakMiB} (goal: 160)`,
    `GUI                    ${seen.events} live events, ${seen.pages} pages`,
  ];
}

export async function serveMeters(
  [, count]: readonly string[],
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const neighbourhood = await startNeighbourhood({
    seed: SEED,
    clock: systemClock,
    log: silentLog,
    meters: planOf(Number(count)),
    plc: { ...NO_DELAY, noisy: false },
  });
  try {
    out(JSON.stringify({ path: neighbourhood.modules[0]?.path }));
    await untilLetGo(signal);
  } finally {
    await neighbourhood.stop();
  }
}

async function serveConcentrator(
  [, count, path = '']: readonly string[],
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'opendcu-round-'));
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
    await enlist(concentrator, Number(count), path);
    const { url, firstAccount } = concentrator;
    out(JSON.stringify({ url, user: firstAccount?.name, password: firstAccount?.password }));
    const input = createInterface({ input: process.stdin });
    undo.add(() => input.close());
    for await (const line of input) {
      if (line === 'go') out(JSON.stringify(await measured(concentrator, signal)));
    }
  } finally {
    await undo.run();
  }
}

async function measured(
  { collector }: Concentrator,
  signal: AbortSignal,
): Promise<RoundResult & { readonly failures: readonly string[] }> {
  const strain = new Strain();
  const { meters, profileRows, durationMs, failures } = await collector.round(
    { types: ['Energy profile'] },
    signal,
  );
  const { loopDelayP99Ms, rssPeakMiB } = strain.end();
  return {
    meters,
    rows: profileRows,
    seconds: Math.round(durationMs) / 1000,
    loopDelayP99Ms,
    rssPeakMiB,
    failures: failures.map(({ meterNo, item, code, message }) => `${meterNo} ${item}: ${message} (${code})`),
  };
}

/** The archive, the channel, one day back; resolves when the module has been told of all its meters. */
export async function enlist({ store, modules }: Concentrator, count: number, path: string): Promise<void> {
  const { archive, configuration } = store;
  for (const item of await configuration.taskItems()) {
    if (item.type === 'Energy profile') await configuration.saveTaskItem({ ...item, maxRecallS: DAY_S });
  }
  for (const plan of planOf(count)) await archive.create(rowOf(plan), secretsOf(plan));
  const [device] = (await configuration.channelAttributes('reading_module')).filter(
    ({ key }) => key === 'device',
  );
  if (device === undefined) throw new DcuError('internal', 'the module channel has no device');
  await configuration.saveChannelAttribute({ ...device, value: path });
  await synchronised(modules.get('reading_module'), count);
}

/** What the module was told while somebody else was waited for counts too. */
async function synchronised(module: PlcModule | undefined, count: number): Promise<void> {
  const lateMs = systemClock.monotonicMs() + ARCHIVE_TIMEOUT_MS;
  while (module?.view.state !== 'running' || module.view.archive !== count) {
    if (systemClock.monotonicMs() > lateMs) throw new DcuError('internal', 'the module never had all meters');
    await sleep(systemClock, LOOK_EVERY_MS);
  }
}

function rowOf(plan: MeterPlan): NewMeter {
  const { meterNo, framing, client, server, physicalAddress, addressBytes, auth, phases } = plan;
  return {
    meterNo,
    enabled: true,
    mac: physicalAddress ?? -1,
    channel: 'reading_module',
    meterType: 1,
    phase: phases,
    credit: 1,
    task: phases === 3 ? 'three_phase' : 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: {
      framing,
      clientAddress: client,
      serverAddress: server,
      ...(physicalAddress === undefined ? {} : { physicalAddress }),
      addressBytes,
      ...(plan.place.kind === 'plc' ? { node: plan.place.node } : {}),
    },
    security: { auth, policy: auth === 'hls-gmac' ? 'auth-enc' : 'none' },
  };
}

function secretsOf({ password, encryptionKey, authenticationKey }: MeterPlan) {
  return {
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
  };
}
