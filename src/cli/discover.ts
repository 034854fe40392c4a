import { Command, Option } from 'commander';
import { systemClock } from '../base/clock.ts';
import { hostAndPort } from '../base/device-address.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import { AUTH_MECHANISMS, type AuthMechanism, type SecurityPolicy } from '../base/model.ts';
import { systemRandom } from '../base/random.ts';
import { openDlmsClient } from '../channels/dlms-client.ts';
import { openSerial } from '../channels/serial.ts';
import { tcpOpener } from '../channels/tcp.ts';
import { examineEndpoint } from '../meters/discovery/endpoint.ts';
import { type DiscoveryCredentials, type Examiner, examineHdlc } from '../meters/discovery/examine.ts';
import { type FoundDeviceView, hdlcAddress, ipAddress, viewOf } from '../meters/discovery/found-view.ts';
import { hdlcName, hdlcTargets, ipTargets } from '../meters/discovery/targets.ts';
import { BUILT_IN_PROFILES } from '../meters/profiles/index.ts';
import type { CliCommand, CliIo } from './command.ts';
import { usage, wholeNumber } from './options.ts';
import { securityOf } from './target-security.ts';

interface DiscoverFlags {
  readonly serial?: string;
  readonly baud: number;
  readonly parity: 'none' | 'even';
  readonly tcp?: string;
  readonly port: number;
  readonly addresses?: string;
  readonly hdlcAddressBytes?: string;
  readonly logical: number;
  readonly serialNumbers?: string;
  readonly probeTimeoutMs: number;
  readonly timeoutMs: number;
  readonly client: number;
  readonly auth?: AuthMechanism;
  readonly policy?: SecurityPolicy;
  readonly suite: string;
  readonly password?: string;
  readonly passwordHex?: string;
  readonly keys?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly json?: boolean;
}

interface Search {
  readonly asked: number;
  readonly found: readonly FoundDeviceView[];
}

/** `dcu discover`: meters on a line or in a network that nobody has told of. */
export const discoverCommand: CliCommand = {
  build(io) {
    const command = new Command('discover')
      .description('Look for meters on a serial line or at IP addresses, and say what they are.')
      .option('--serial <path>', 'serial port of the line')
      .option('--baud <number>', 'bits per second', wholeNumber('baud', 50, 4_000_000), 9600)
      .addOption(
        new Option('--parity <kind>', 'parity of the serial port').choices(['none', 'even']).default('none'),
      )
      .option('--tcp <hosts>', 'HOST[:PORT] or NETWORK/BITS[:PORT], more behind commas')
      .option('--port <number>', 'TCP port where none is given', wholeNumber('port', 1, 65_535), 4059)
      .option('--addresses <ranges>', 'HDLC addresses to ask, e.g. 16-40,100; 1 and 16-125 if not given')
      .addOption(
        new Option('--hdlc-address-bytes <number>', 'size of those addresses; 2 if not given').choices([
          '1',
          '2',
          '4',
        ]),
      )
      .option(
        '--logical <number>',
        'upper HDLC address (logical device)',
        wholeNumber('logical', 1, 16_383),
        1,
      )
      .option('--serial-numbers <list>', 'ask the addresses that go with serial numbers, between commas')
      .option(
        '--probe-timeout-ms <number>',
        'how long an address has to say that it is there',
        wholeNumber('probe-timeout-ms', 50, 60_000),
        500,
      )
      .option(
        '--timeout-ms <number>',
        'how long to wait for an answer',
        wholeNumber('timeout-ms', 1, 600_000),
        5_000,
      );
    return credentialOptions(command)
      .option('--json', 'print one line of JSON')
      .action(async (flags: DiscoverFlags) => {
        const { asked, found } = await search(flags, io);
        if (flags.json === true) io.out(JSON.stringify({ ok: true, asked, found }));
        else for (const line of textOf(asked, found)) io.out(line);
      });
  },
};

function credentialOptions(command: Command): Command {
  return command
    .optionsGroup('Credentials, with which a meter that answers is asked as well:')
    .addOption(new Option('--auth <kind>', 'authentication').choices(AUTH_MECHANISMS))
    .option('--client <number>', 'client address that they are for', wholeNumber('client', 0, 65_535), 1)
    .addOption(
      new Option('--policy <kind>', 'protection; auth-enc with hls-gmac, else none').choices([
        'none',
        'auth',
        'enc',
        'auth-enc',
      ]),
    )
    .addOption(new Option('--suite <number>', 'security suite').choices(['0', '1', '2']).default('0'))
    .option('--password <text>', 'password, or secret of HLS')
    .option('--password-hex <hex>', 'the same in hexadecimal')
    .option('--keys <file>', 'JSON file of secrets, as of dcu read')
    .option('--encryption-key <hex>', 'global unicast encryption key')
    .option('--authentication-key <hex>', 'authentication key')
    .optionsGroup('Options:');
}

function credentialsOf(flags: DiscoverFlags): DiscoveryCredentials | undefined {
  const { auth, client, suite: suiteText, hdlcAddressBytes: _, ...given } = flags;
  if (auth === undefined) {
    const option = (['password', 'passwordHex', 'keys', 'encryptionKey', 'authenticationKey'] as const).find(
      (name) => flags[name] !== undefined,
    );
    if (option !== undefined) throw usage('auth', 'is needed with credentials');
    return undefined;
  }
  if (auth === 'hls' || auth === 'hls-ecdsa') throw usage('auth', `${auth} is not for looking around`);
  const suite = suiteText === '2' ? 2 : suiteText === '1' ? 1 : 0;
  const { policy, password, encryptionKey, authenticationKey } = securityOf({
    ...given,
    auth,
    suite,
    client,
    server: 1,
    framing: 'hdlc',
    referencing: 'auto',
  });
  return {
    clientAddress: client,
    auth,
    policy,
    suite,
    ...(password === undefined ? {} : { password }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
  };
}

async function search(flags: DiscoverFlags, io: CliIo): Promise<Search> {
  const credentials = credentialsOf(flags);
  const examiner: Examiner = {
    clock: systemClock,
    connect: openDlmsClient,
    randomBytes: (length) => systemRandom.bytes(length),
    probeTimeoutMs: flags.probeTimeoutMs,
    timeoutMs: flags.timeoutMs,
    publicClient: 16,
    ...(credentials === undefined ? {} : { credentials }),
  };
  if (flags.serial !== undefined && flags.tcp !== undefined) {
    throw new DcuError('usage', '--serial and --tcp exclude each other', { field: 'tcp' });
  }
  if (flags.serial !== undefined) return onLine(flags.serial, flags, examiner, io);
  if (flags.tcp !== undefined) return onNetwork(flags.tcp, flags, examiner, io);
  throw new DcuError('usage', 'either --serial or --tcp is needed', { field: 'serial' });
}

async function onLine(
  path: string,
  { baud, parity, addresses, hdlcAddressBytes, logical, serialNumbers }: DiscoverFlags,
  examiner: Examiner,
  { signal }: CliIo,
): Promise<Search> {
  const bytes = hdlcAddressBytes === '1' ? 1 : hdlcAddressBytes === '4' ? 4 : 2;
  const targets = hdlcTargets({
    logical,
    addressBytes: bytes,
    ...(addresses === undefined ? {} : { addresses }),
    ...(serialNumbers === undefined ? {} : { serials: serialNumbers.split(',') }),
  });
  const settings = { path, baudRate: baud, dataBits: 8, parity, stopBits: 1 } as const;
  const channel = await openSerial(settings, systemClock, signal);
  try {
    const found: FoundDeviceView[] = [];
    for (const target of targets) {
      const examined = await examineHdlc(channel, target, examiner, signal, () => {});
      if (examined === undefined) continue;
      found.push(
        viewOf(
          hdlcName(target),
          examined,
          path,
          hdlcAddress(target),
          BUILT_IN_PROFILES.all(),
          examiner.credentials,
        ),
      );
    }
    return { asked: targets.length, found };
  } finally {
    await channel.close();
  }
}

async function onNetwork(
  hosts: string,
  { port, timeoutMs }: DiscoverFlags,
  examiner: Examiner,
  { signal }: CliIo,
): Promise<Search> {
  const targets = ipTargets(hosts.split(','), [port]);
  const found: FoundDeviceView[] = [];
  for (const target of targets) {
    const name = hostAndPort(target.host, target.port);
    const opener = tcpOpener({ ...target, connectTimeoutMs: Math.min(timeoutMs, 3_000) }, systemClock);
    try {
      const examined = await examineEndpoint(opener, examiner, signal, () => {});
      if (examined === undefined) continue;
      const address = ipAddress(target, examined.framing);
      found.push(viewOf(name, examined, 'tcp', address, BUILT_IN_PROFILES.all(), examiner.credentials));
    } catch (thrown) {
      // Where nobody listens nobody is found.
      if (signal.aborted || toDcuError(thrown).code === 'cancelled') throw thrown;
    }
  }
  return { asked: targets.length, found };
}

function textOf(asked: number, found: readonly FoundDeviceView[]): string[] {
  const lines = found.flatMap(({ address, outcome, meterNo, proposal, troubles }) => {
    const [best] = proposal?.profiles ?? [];
    const phase = proposal?.meter.phase;
    const what = best === undefined ? '' : `, ${best.title} (${best.reasons.join('; ')})`;
    return [
      `${address}: ${meterNo ?? outcome}${what}${phase ? `, ${phase}-phase` : ''}`,
      ...troubles.map((trouble) => `  ${trouble}`),
    ];
  });
  return [...lines, `${found.length} found at ${asked} addresses`];
}
