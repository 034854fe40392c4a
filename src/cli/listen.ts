import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import { systemRandom } from '../base/random.ts';
import { isoInZone } from '../base/zone.ts';
import { FaultReport } from '../channels/fault-report.ts';
import {
  listenPushes,
  PUSH_TRANSPORTS,
  type PushArrival,
  type PushListener,
  type PushTransports,
} from '../channels/push-listen.ts';
import { confirmPushed } from '../dlms/notifications.ts';
import { ReplayGuard } from '../dlms/replay-guard.ts';
import type { CliCommand, CliIo } from './command.ts';
import { keysByTitle, sized } from './decode-keys.ts';
import {
  documentOf,
  type Notification,
  type ReadingNotifications,
  readNotification,
  textOf,
} from './listen-notification.ts';
import { aborted, oneOf, wholeNumber } from './options.ts';

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly transport: PushTransports;
  readonly keys?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly systemTitle?: string;
  readonly json?: boolean;
  readonly count?: number;
  readonly timeout?: number;
  readonly confirm?: boolean;
  readonly trace?: boolean;
}

/** System titles and keys whose counters are remembered. */
const ORIGINATORS = 4096;

/** `dcu listen`: shows what meters push. */
export const listenCommand: CliCommand = {
  build(io) {
    return new Command('listen')
      .description('receive pushed data (DataNotification, EventNotification, InformationReport) and show it')
      .requiredOption('--port <port>', 'port to listen on; 0 = any free one', wholeNumber('port', 0, 65_535))
      .option('--host <address>', 'address to listen on', '0.0.0.0')
      .option('--transport <kind>', PUSH_TRANSPORTS.join(', '), oneOf('transport', PUSH_TRANSPORTS), 'both')
      .option(
        '--keys <file>',
        'JSON file with keys by system title: {"<title>": {"encryptionKey": "<hex>", …}}',
      )
      .option('--encryption-key <hex>', 'global unicast encryption key of every sender, 16 or 32 bytes')
      .option('--authentication-key <hex>', 'authentication key of every sender, 16 or 32 bytes')
      .option('--system-title <hex>', "the sender's, 8 bytes; for ciphering that does not carry it")
      .option('--json', 'JSON lines: {"listening":…} first, then one document for each notification')
      .option('--count <n>', 'end after so many notifications', wholeNumber('count', 1, 1_000_000_000))
      .option(
        '--timeout <seconds>',
        'end after so long; a failure if nothing, or less than --count, has come',
        wholeNumber('timeout', 1, 1_000_000),
      )
      .option('--confirm', 'answer notifications that ask for a confirmation, protected as they are')
      .option('--trace', 'every run of bytes, hexadecimal, to stderr')
      .addHelpText(
        'after',
        `
HDLC, wrapper, wired M-Bus and bare APDUs are told apart by their first bytes. With --json each line is a document:
  {"listening":{"host","port","transport"}}
  {"ok":true,"receivedAt","peer","transport","framing","addresses","blocks","systemTitle","security",
   "invocationCounter","type","dateTime","readings":[{"obis","name","value","scaler","unit"}],"apdu":…}
  {"ok":false,"receivedAt","peer","transport","error":{"code","message",…},"repeated"}
What cannot be read is told once a minute for each sender and cause; "repeated" counts the times before it.
An invocation counter that is not above the last one of its sender is refused as replay-detected.`,
      )
      .action((flags: Flags) => listen(flags, io));
  },
};

async function listen(flags: Flags, io: CliIo): Promise<void> {
  const reading: ReadingNotifications = {
    keysOf: keysByTitle(flags),
    systemTitle: sized('systemTitle', flags.systemTitle, [8]),
    replays: new ReplayGuard({ limit: ORIGINATORS }),
  };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  const timeText = (timeMs: number): string => isoInZone(timeMs, zone);
  const faults = new FaultReport(systemClock, ({ fault, repeated, timeMs }) => {
    const { error, from, transport } = fault;
    const document = { ok: false, receivedAt: new Date(timeMs).toISOString(), peer: from, transport };
    if (flags.json === true) io.out(JSON.stringify({ ...document, error: error.toJSON(), repeated }));
    const again = repeated === 0 ? '' : ` (and ${repeated} times before)`;
    io.err(`${timeText(timeMs)}  ${from} (${transport})  ${error.code}: ${error.message}${again}`);
  });
  const confirm = flags.confirm === true ? confirmer(reading) : () => {};
  const done = Promise.withResolvers<void>();
  let shown = 0;
  const onArrival = (arrival: PushArrival): void => {
    if (shown === flags.count) return;
    try {
      const notification = readNotification(arrival, reading);
      const document = documentOf(arrival, notification);
      io.out(
        flags.json === true ? JSON.stringify(document) : textOf(document, timeText(arrival.receivedAtMs)),
      );
      confirm(arrival, notification);
      shown++;
    } catch (thrown) {
      faults.tell({ ...arrival, error: toDcuError(thrown) });
    }
    if (shown === flags.count) done.resolve();
  };
  const { host, port, transport } = flags;
  const listener = await listenPushes(
    {
      host,
      port,
      transport,
      ...(flags.trace === true
        ? {
            trace: (from, { direction, timeMs, bytes }) =>
              io.err(`${timeText(timeMs)}  ${direction === 'in' ? '<' : '>'} ${from}  ${bytes.toHex()}`),
          }
        : {}),
    },
    { onArrival, onFault: (fault) => faults.tell(fault) },
  );
  try {
    const listening = { listening: { host, port: listener.port, transport } };
    io.err(`listening on ${host}:${listener.port} (${transport === 'both' ? 'tcp and udp' : transport})`);
    if (flags.json === true) io.out(JSON.stringify(listening));
    await ended(io.signal, done.promise, flags.timeout);
  } finally {
    await listener.close();
    summarise(listener, shown, io);
  }
  if (io.signal.aborted) return;
  const due = flags.count ?? 1;
  if (shown >= due) return;
  throw new DcuError('link-timeout', `${shown} of ${due} notifications within ${flags.timeout} s`);
}

/** Until enough has come, the time is over or the command is told to stop. */
async function ended(
  signal: AbortSignal,
  enough: Promise<void>,
  timeoutS: number | undefined,
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const cancel = timeoutS === undefined ? () => {} : systemClock.after(timeoutS * 1000, resolve);
  try {
    await Promise.race([enough, over, aborted(signal)]);
  } finally {
    cancel();
  }
}

/** Counters of a run go on where no run before can have been: sixteenths of a second since 2025. */
const COUNTER_EPOCH_MS = Date.UTC(2025, 0, 1);

/** Answers under a system title of this run's own, so that no IV is ever used twice. */
function confirmer(
  reading: ReadingNotifications,
): (arrival: PushArrival, notification: Notification) => void {
  const systemTitle = Uint8Array.of(0x4f, 0x44, 0x43, ...systemRandom.bytes(5));
  let counter = Math.floor(((systemClock.now() - COUNTER_EPOCH_MS) * 16) / 1000);
  const nextInvocationCounter = (): number => counter++;
  const randomBytes = (length: number): Uint8Array => systemRandom.bytes(length);
  return ({ reply }, { originator, opened }) => {
    const keys = reading.keysOf(originator);
    const own = { systemTitle, nextInvocationCounter, randomBytes };
    const answer = confirmPushed(opened, originator, keys, own);
    if (answer !== undefined) reply(answer);
  };
}

function summarise({ counters }: PushListener, shown: number, io: CliIo): void {
  const { arrivals, faults, rateLimited, refused } = counters;
  const unread = arrivals - shown;
  if (unread + faults + rateLimited + refused === 0) return;
  io.err(
    `${shown} notifications shown, ${unread} not; ${faults} faults, ${rateLimited} over the rate, ${refused} peers refused`,
  );
}
