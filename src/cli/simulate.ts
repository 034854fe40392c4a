import { Command } from 'commander';
import { toHex } from '../base/bytes.ts';
import { systemClock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { AUTH_MECHANISMS, type AuthMechanism, type SecuritySuite } from '../base/model.ts';
import { needsSystemTitle } from '../base/security-needs.ts';
import { PUSH_FRAMINGS, type PushFraming } from '../dlms/link/push-receiver.ts';
import { type FaultOrder, parseFault } from '../simulator/faults.ts';
import { type Neighbourhood, type ServedMeter, startNeighbourhood } from '../simulator/neighbourhood.ts';
import { MAX_METERS, type NeighbourhoodOptions, planNeighbourhood } from '../simulator/plan.ts';
import { PUSH_CONTENTS, type PushPlan } from '../simulator/push-plan.ts';
import type { CliCommand, CliIo } from './command.ts';
import { aesHook } from './hls-hook.ts';
import { privateKeyPem, publicKeyPem } from './key-pem.ts';
import { aborted, oneOf, usage, wholeNumber } from './options.ts';

interface Flags {
  readonly meters: number;
  readonly tcp: number;
  readonly framing: (typeof FRAMINGS)[number];
  readonly referencing: (typeof REFERENCINGS)[number];
  readonly auth: AuthMechanism;
  readonly suite: SecuritySuite;
  readonly seed: number;
  readonly host: string;
  readonly rs485: number;
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

const FRAMINGS = ['wrapper', 'hdlc'] as const;
const REFERENCINGS = ['ln', 'sn'] as const;
const TRANSPORTS = ['tcp', 'udp'] as const;
const METERS_PER_LINE = 8;
const MOST_LINES = 64;

/** Serves simulated meters until it is told to stop; prints how to read them when they are ready. */
export const simulateCommand: CliCommand = {
  build(io) {
    return new Command('simulate')
      .description('serve simulated meters to any DLMS client')
      .option('--meters <n>', `how many, 1 to ${MAX_METERS}`, wholeNumber('meters', 1, MAX_METERS), 10)
      .option(
        '--tcp <port>',
        'port of the first meter, the others follow; 0 = free ports',
        wholeNumber('tcp', 0, 65_535),
        4059,
      )
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option(
        '--framing <framing>',
        `of the TCP meters: ${FRAMINGS.join(' or ')}`,
        oneOf('framing', FRAMINGS),
        'wrapper',
      )
      .option(
        '--auth <mechanism>',
        `of client 1: ${AUTH_MECHANISMS.join(', ')}`,
        oneOf('auth', AUTH_MECHANISMS),
        'none',
      )
      .option(
        '--suite <n>',
        'security suite 0, 1 or 2 of hls-gmac and hls-ecdsa',
        wholeNumber('suite', 0, 2),
        0,
      )
      .option(
        '--referencing <ln|sn>',
        'objects have logical or short names',
        oneOf('referencing', REFERENCINGS),
        'ln',
      )
      .option(
        '--rs485 <lines>',
        'pseudo-terminal lines; the last meters are spread over them, up to 8 each',
        wholeNumber('rs485', 0, MOST_LINES),
        0,
      )
      .option('--seed <n>', 'the same seed gives the same meters', wholeNumber('seed', 0, 0xffff_ffff), 1)
      .option(
        '--fault <name=arg>',
        'silence, drop=P, flip=P, delay=MS, reboot=S, clock-jump=S, wrong-key, refuse; @N,N… behind it names meters',
        (text: string, before: readonly string[]) => [...before, text],
        [],
      )
      .option('--push <host:port>', 'every meter pushes there', pushTarget)
      .option(
        '--push-interval <seconds>',
        'from one push to the next; 0 = only when the push method is called',
        wholeNumber('push-interval', 0, 86_400),
        60,
      )
      .option(
        '--push-framing <framing>',
        PUSH_FRAMINGS.join(', '),
        oneOf('push-framing', PUSH_FRAMINGS),
        'wrapper',
      )
      .option('--push-transport <tcp|udp>', 'how it gets there', oneOf('push-transport', TRANSPORTS), 'tcp')
      .option(
        '--push-content <what>',
        `${PUSH_CONTENTS.join(' or ')}: rows since the push before`,
        oneOf('push-content', PUSH_CONTENTS),
        'registers',
      )
      .option('--push-ciphered', 'in general-glo-ciphering, with the keys that are printed')
      .option('--push-confirmed', 'asks for a confirmation, and again until it comes')
      .option('--json', 'one line of JSON instead of a table')
      .action((flags: Flags) => simulate(flags, io));
  },
};

async function simulate(flags: Flags, io: CliIo): Promise<void> {
  const { seed } = flags;
  const options = neighbourhoodOptions(flags);
  const orders = flags.fault.map((text) => asUsage('fault', () => parseFault(text)));
  for (const { meters = [] } of orders) {
    const beyond = meters.find((position) => position > options.meters);
    if (beyond !== undefined) throw usage('fault', `names meter ${beyond}, there are ${options.meters}`);
  }
  const plans = asUsage(undefined, () => planNeighbourhood(options));
  const neighbourhood = await startNeighbourhood({ seed, clock: systemClock, log: silentLog, meters: plans });
  try {
    for (const order of orders) bringAbout(order, neighbourhood);
    print(neighbourhood.meters, flags.json === true, io);
    await aborted(io.signal);
  } finally {
    await neighbourhood.stop();
  }
}

function neighbourhoodOptions(flags: Flags): NeighbourhoodOptions {
  const { seed, meters, host, tcp: tcpBase, framing, rs485: rs485Lines } = flags;
  const { auth, suite, referencing } = flags;
  if (rs485Lines > meters) throw usage('rs485', `has ${rs485Lines} lines for ${meters} meters`);
  if (host.trim() === '') throw usage('host', 'is empty');
  const metersPerLine = rs485Lines === 0 ? 1 : Math.min(METERS_PER_LINE, Math.floor(meters / rs485Lines));
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
    ...(flags.push === undefined ? {} : { push: pushPlan(flags, flags.push) }),
  };
}

interface PushTarget {
  readonly host: string;
  readonly port: number;
}

function pushTarget(text: string): PushTarget {
  const [, host, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw usage('push', `must be HOST:PORT, not '${text}'`);
  }
  return { host, port: Number(port) };
}

function pushPlan(flags: Flags, { host, port }: PushTarget): PushPlan {
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

function bringAbout(order: FaultOrder, { meters }: Neighbourhood): void {
  const positions = order.meters ?? meters.map((_, index) => index + 1);
  for (const position of positions) meters[position - 1]?.device.turnOn(order.fault);
}

/** What the planner calls its fields, in the words of the command line. */
const OPTION_OF_FIELD: Readonly<Record<string, string>> = { tcpBase: 'tcp', rs485Lines: 'rs485' };

function asUsage<Result>(option: string | undefined, run: () => Result): Result {
  try {
    return run();
  } catch (thrown) {
    const error = toDcuError(thrown);
    if (error.code !== 'invalid-argument') throw error;
    const field = option ?? error.field ?? 'meters';
    throw usage(OPTION_OF_FIELD[field] ?? field, error.message);
  }
}

function print(meters: readonly ServedMeter[], json: boolean, io: CliIo): void {
  if (json) {
    io.out(JSON.stringify({ meters: meters.map(jsonOf) }));
    return;
  }
  const header = ['MeterNo', 'Where', 'Framing', 'Client', 'Server', 'Address', 'Auth', 'Secrets'];
  const rows = meters.map((meter) => [
    meter.meterNo,
    meter.serialPath ?? `${meter.host}:${meter.port}`,
    meter.framing,
    String(meter.client),
    String(meter.server),
    meter.physicalAddress === undefined ? '-' : `${meter.physicalAddress} (${meter.addressBytes} bytes)`,
    meter.auth,
    secretsText(meter),
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  for (const cells of [header, ...rows]) {
    io.out(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
  io.err(`${meters.length} meters ready; Ctrl-C ends`);
}

/** The secrets of a simulation are there to be shown: they come out of its seed. */
function secretsText(meter: ServedMeter): string {
  if (meter.password !== undefined) return `password ${meter.password}`;
  if (meter.signingKeys !== undefined) return 'key pairs: see --json';
  if (meter.encryptionKey === undefined || meter.authenticationKey === undefined) return '-';
  return `EK ${toHex(meter.encryptionKey)} AK ${toHex(meter.authenticationKey)} title ${toHex(meter.systemTitle)}`;
}

function jsonOf(meter: ServedMeter): Record<string, string | number> {
  const { encryptionKey, authenticationKey, masterKey, physicalAddress } = meter;
  return {
    meterNo: meter.meterNo,
    ...(meter.serialPath === undefined
      ? { host: meter.host ?? '', port: meter.port ?? 0 }
      : { serial: meter.serialPath }),
    framing: meter.framing,
    client: meter.client,
    server: meter.server,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    ...(meter.framing === 'hdlc' ? { addressBytes: meter.addressBytes } : {}),
    ...(meter.referencing === undefined ? {} : { referencing: meter.referencing }),
    auth: meter.auth,
    ...(meter.suite === undefined ? {} : { suite: meter.suite }),
    ...(meter.password === undefined ? {} : { password: meter.password }),
    ...(encryptionKey !== undefined || needsSystemTitle({ auth: meter.auth, policy: 'none' })
      ? { systemTitle: toHex(meter.systemTitle) }
      : {}),
    ...signingKeysOf(meter),
    ...(encryptionKey === undefined || authenticationKey === undefined
      ? {}
      : {
          encryptionKey: toHex(encryptionKey),
          authenticationKey: toHex(authenticationKey),
          ...(masterKey === undefined ? {} : { masterKey: toHex(masterKey) }),
        }),
  };
}

/** In PEM form, as `dcu read` takes them from files. */
function signingKeysOf({ signingKeys, suite = 0 }: ServedMeter): Record<string, string> {
  if (signingKeys === undefined) return {};
  const { meter, client } = signingKeys;
  return {
    signingKey: privateKeyPem(client, suite),
    meterSigningKey: publicKeyPem(meter.publicKey, suite),
  };
}
