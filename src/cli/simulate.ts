import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { UndoList } from '../base/undo.ts';
import { PUSH_FRAMINGS } from '../dlms/link/push-receiver.ts';
import type { FaultOrder } from '../simulator/faults.ts';
import { modulePty, type Neighbourhood, startNeighbourhood } from '../simulator/neighbourhood.ts';
import { MAX_METERS, planNeighbourhood } from '../simulator/plan.ts';
import type { ModulePort } from '../simulator/plc/live-module.ts';
import { planNetworkFault, STREET_CUT_AFTER_S } from '../simulator/plc/network-faults.ts';
import { PUSH_CONTENTS } from '../simulator/push-plan.ts';
import type { CliCommand, CliIo } from './command.ts';
import { g3Host } from './g3-host.ts';
import { placeLink } from './module-link.ts';
import { aborted, oneOf, share, usage, wholeNumber } from './options.ts';
import {
  asUsage,
  behaviour,
  EDITIONS,
  FRAMINGS,
  faultsOf,
  MECHANISMS,
  METERS_PER_LINE,
  neighbourhoodOptions,
  type PushTarget,
  REFERENCINGS,
  type SimulateFlags,
} from './simulate-flags.ts';
import { printNeighbourhood } from './simulate-print.ts';

const TRANSPORTS = ['tcp', 'udp'] as const;
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
        `of client 1: ${MECHANISMS.join(', ')} (none, lls and hls-gmac in turn)`,
        oneOf('auth', MECHANISMS),
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
      .option(
        '--mode-e <n>',
        'so many meters of each line begin with the IEC 62056-21 mode E opening',
        wholeNumber('mode-e', 0, METERS_PER_LINE),
        0,
      )
      .option(
        '--plc <link>',
        'a PLC module on a pseudo-terminal that this symbolic link names; all meters that are nowhere else are behind it',
      )
      .option(
        '--plc-meters <n>',
        'only so many are behind the module, the others on TCP',
        wholeNumber('plc-meters', 0, MAX_METERS),
      )
      .option(
        '--loss <share>',
        'share of frames that one hop of the power line loses, 0 to 0.9',
        share('loss'),
      )
      .option(
        '--away <share>',
        'share of the time in which a node of the power line is not heard, ten minutes at a time, 0 to 0.9',
        share('away'),
      )
      .option(
        '--strangers <n>',
        'nodes of the power line that are in no archive, besides the meters',
        wholeNumber('strangers', 0, MAX_METERS),
        0,
      )
      .option('--no-delay', 'the power line takes no time')
      .option('--paced', 'the UART of the module is as slow as its rate, which begins at 9600')
      .option(
        '--edition <edition>',
        `of the module: ${EDITIONS.join(' or ')}`,
        oneOf('edition', EDITIONS),
        '10376.2',
      )
      .option(
        '--g3 <n>',
        'meters of a G3-PLC network on ::1, by TCP and UDP in turn',
        wholeNumber('g3', 0, MAX_METERS),
        0,
      )
      .option('--seed <n>', 'the same seed gives the same meters', wholeNumber('seed', 0, 0xffff_ffff), 1)
      .option(
        '--fault <name=arg>',
        'of meters: silence, drop=P, flip=P, delay=MS, reboot=S, clock-jump=S, wrong-key, refuse; @N,N… behind it names ' +
          'them. Of the power line: module-reset[=AFTER_S], module-swap[=AFTER_S], street-cut[=SECONDS], which begins ' +
          `after ${STREET_CUT_AFTER_S} s`,
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
      .action((flags: SimulateFlags) => simulate(flags, io));
  },
};

async function simulate(flags: SimulateFlags, io: CliIo): Promise<void> {
  const { seed } = flags;
  const host = flags.g3 === 0 ? '::1' : await g3Host((message) => io.err(message));
  const options = neighbourhoodOptions(flags, host);
  const faults = faultsOf(flags, options);
  const plans = asUsage(undefined, () => planNeighbourhood(options));
  const undo = new UndoList();
  const openModule = async (): Promise<ModulePort> => {
    const port = modulePty(systemClock);
    undo.add(() => port.channel.close());
    const path = flags.plc ?? port.path;
    undo.add(placeLink('plc', path, port.path));
    return {
      channel: port.channel,
      path,
      get baudRate() {
        return port.baudRate;
      },
    };
  };
  try {
    const clock = systemClock;
    const plc = behaviour(flags);
    const neighbourhood = await startNeighbourhood({
      seed,
      clock,
      log: silentLog,
      meters: plans,
      openModule,
      plc,
    });
    undo.add(() => neighbourhood.stop());
    for (const order of faults.meters) bringAbout(order, neighbourhood);
    for (const fault of faults.network) {
      for (const module of neighbourhood.modules) undo.add(planNetworkFault(module, fault));
    }
    printNeighbourhood(neighbourhood, flags.json === true, io);
    await aborted(io.signal);
  } finally {
    await undo.run();
  }
}

function bringAbout(order: FaultOrder, { meters }: Neighbourhood): void {
  const positions = order.meters ?? meters.map((_, index) => index + 1);
  for (const position of positions) meters[position - 1]?.device.turnOn(order.fault);
}

function pushTarget(text: string): PushTarget {
  const [, host, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw usage('push', `must be HOST:PORT, not '${text}'`);
  }
  return { host, port: Number(port) };
}
