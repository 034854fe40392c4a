import { toDcuError } from '../base/errors.ts';
import { AUTH_MECHANISMS, type SecuritySuite } from '../base/model.ts';
import type { PushFraming } from '../dlms/link/push-receiver.ts';
import type { Edition } from '../plc/codec.ts';
import { type FaultOrder, parseFault } from '../simulator/faults.ts';
import type { NeighbourhoodOptions } from '../simulator/plan.ts';
import { NO_DELAY, type PlcBehaviour } from '../simulator/plc/live-module.ts';
import { type NetworkFault, parseNetworkFault } from '../simulator/plc/network-faults.ts';
import type { PushPlan } from '../simulator/push-plan.ts';
import { aesHook } from './hls-hook.ts';
import { usage } from './options.ts';

/** Options of `dcu simulate` as commander gives them. */
export interface SimulateFlags {
  readonly meters: number;
  readonly tcp: number;
  readonly framing: (typeof FRAMINGS)[number];
  readonly referencing: (typeof REFERENCINGS)[number];
  readonly auth: (typeof MECHANISMS)[number];
  readonly suite: SecuritySuite;
  readonly seed: number;
  readonly host: string;
  readonly rs485: number;
  readonly modeE: number;
  readonly plc?: string;
  readonly plcMeters?: number;
  readonly loss?: number;
  readonly away?: number;
  readonly strangers: number;
  readonly paced?: boolean;
  readonly edition: Edition;
  /** False with `--no-delay`. */
  readonly delay: boolean;
  readonly g3: number;
  readonly fault: readonly string[];
  readonly push?: PushTarget;
  readonly pushInterval: number;
  readonly pushFraming: PushFraming;
  readonly pushTransport: PushPlan['transport'];
  readonly pushContent: PushPlan['content'];
  readonly pushCiphered?: boolean;
  readonly pushConfirmed?: boolean;
  readonly json?: boolean;
}

export const FRAMINGS = ['wrapper', 'hdlc'] as const;
export const REFERENCINGS = ['ln', 'sn'] as const;
export const MECHANISMS = [...AUTH_MECHANISMS, 'mixed'] as const;
export const EDITIONS = ['10376.2', '376.2'] as const;
export const METERS_PER_LINE = 8;

/** What goes wrong in this simulation. */
export interface Faults {
  readonly meters: readonly FaultOrder[];
  readonly network: readonly NetworkFault[];
}

/** @throws DcuError `usage` */
export function faultsOf({ fault, plc }: SimulateFlags, { meters: count }: NeighbourhoodOptions): Faults {
  const meters: FaultOrder[] = [];
  const network: NetworkFault[] = [];
  for (const text of fault) {
    const ofNetwork = asUsage('fault', () => parseNetworkFault(text));
    if (ofNetwork === undefined) meters.push(asUsage('fault', () => parseFault(text)));
    else if (plc === undefined) throw usage('fault', `${ofNetwork.kind} needs a module: --plc`);
    else network.push(ofNetwork);
  }
  for (const order of meters) {
    const beyond = order.meters?.find((position) => position > count);
    if (beyond !== undefined) throw usage('fault', `names meter ${beyond}, there are ${count}`);
  }
  return { meters, network };
}

/** Of the power line. */
export function behaviour({ loss, away, delay, paced, edition }: SimulateFlags): PlcBehaviour {
  return {
    ...(delay ? {} : NO_DELAY),
    ...(loss === undefined ? {} : { loss }),
    ...(away === undefined ? {} : { away }),
    ...(paced === true ? { pacedUart: true } : {}),
    edition,
    tellsRejected: true,
  };
}

/** `g3Host`: where the meters of the G3 network listen. @throws DcuError `usage` naming the option */
export function neighbourhoodOptions(flags: SimulateFlags, g3Host: string): NeighbourhoodOptions {
  const { seed, meters, host, tcp: tcpBase, framing, rs485: rs485Lines, g3, modeE } = flags;
  const { auth, suite, referencing, strangers } = flags;
  if (host.trim() === '') throw usage('host', 'is empty');
  const elsewhere = g3 + (flags.plc === undefined ? 0 : (flags.plcMeters ?? 1));
  if (g3 > meters) throw usage('g3', `has ${g3} of ${meters} meters`);
  if (elsewhere > meters)
    throw usage('plc-meters', `leaves no room: there are ${meters} meters, ${g3} of them G3`);
  const most = meters - elsewhere;
  if (rs485Lines > most) throw usage('rs485', `has ${rs485Lines} lines for ${most} meters`);
  const metersPerLine = rs485Lines === 0 ? 1 : Math.min(METERS_PER_LINE, Math.floor(most / rs485Lines));
  if (modeE > 0 && rs485Lines === 0) throw usage('mode-e', 'needs a line: --rs485');
  if (modeE > metersPerLine) throw usage('mode-e', `is more than the ${metersPerLine} meters of a line`);
  const left = meters - rs485Lines * metersPerLine - g3;
  const behind = behindModule(flags, left);
  return {
    seed,
    meters,
    host,
    tcpBase,
    framing,
    auth,
    ...(suite === 0 ? {} : { suite }),
    ...(referencing === 'ln' ? {} : { referencing }),
    hookFor: aesHook,
    rs485Lines,
    metersPerLine,
    modeEPerLine: modeE,
    ...(behind === 0 ? {} : { plc: { meters: behind, strangers } }),
    ...(g3 === 0 ? {} : { g3: { meters: g3, host: g3Host } }),
    ...(flags.push === undefined ? {} : { push: pushPlan(flags, flags.push) }),
  };
}

/** How many are behind the module. */
function behindModule(flags: SimulateFlags, left: number): number {
  const { plc, plcMeters = left } = flags;
  if (plc === undefined) {
    const only = (['plcMeters', 'loss', 'away', 'paced'] as const).find((name) => flags[name] !== undefined);
    const needless = only ?? (flags.strangers > 0 ? 'strangers' : undefined);
    if (needless !== undefined) throw usage(OPTION_OF_FIELD[needless] ?? needless, 'needs a module: --plc');
    if (!flags.delay) throw usage('no-delay', 'needs a module: --plc');
    return 0;
  }
  if (plc.trim() === '') throw usage('plc', 'is empty');
  if (plcMeters === 0) throw usage('plc', 'has no meters behind it');
  return plcMeters;
}

export interface PushTarget {
  readonly host: string;
  readonly port: number;
}

function pushPlan(flags: SimulateFlags, { host, port }: PushTarget): PushPlan {
  const { pushInterval, pushFraming, pushTransport, pushContent, pushCiphered, pushConfirmed } = flags;
  return {
    host,
    port,
    intervalS: pushInterval,
    framing: pushFraming,
    transport: pushTransport,
    content: pushContent,
    ...(pushCiphered === true ? { ciphered: 'general-glo' } : {}),
    ...(pushConfirmed === true ? { confirmed: true } : {}),
  };
}

/** What the planner and commander call them, in the words of the command line. */
const OPTION_OF_FIELD: Readonly<Record<string, string>> = {
  tcpBase: 'tcp',
  rs485Lines: 'rs485',
  plcMeters: 'plc-meters',
};

/** Wrong values become wrong options. */
export function asUsage<Result>(option: string | undefined, run: () => Result): Result {
  try {
    return run();
  } catch (thrown) {
    const error = toDcuError(thrown);
    if (error.code !== 'invalid-argument') throw error;
    const field = option ?? error.field ?? 'meters';
    throw usage(OPTION_OF_FIELD[field] ?? field, error.message);
  }
}
