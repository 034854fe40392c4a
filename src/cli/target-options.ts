import { type Command, Option } from 'commander';
import { DcuError } from '../base/errors.ts';
import { AUTH_MECHANISMS, type SecurityPolicy } from '../base/model.ts';
import { needsKeys } from '../base/security-needs.ts';
import type { CipheringForm } from '../dlms/ciphering/types.ts';
import type { LinkConfig } from '../dlms/link/link.ts';
import { oneOf, usage, wholeNumber } from './options.ts';
import type { Target, TargetFlags, TargetTransport } from './target.ts';
import { gatewayOf, openingOf } from './target-line.ts';
import { securityOf } from './target-security.ts';

export type { Target, TargetFlags } from './target.ts';

const FORMS = [
  'service-specific',
  'general-glo',
  'general-ded',
  'identified-key',
  'wrapped-key',
  'one-pass-diffie-hellman',
  'static-unified-model',
] as const satisfies readonly CipheringForm[];
const POLICIES = ['none', 'auth', 'enc', 'auth-enc'] as const satisfies readonly SecurityPolicy[];
const ADDRESS_BYTES = 'hdlc-address-bytes';
const HDLC_RETRIES = 2;
const MAX_APDU = 65_535;

/** Declares the options that name a meter: transport, data link, security and keys. Returns the command. */
export function addTargetOptions(command: Command): Command {
  return keyOptions(securityOptions(linkOptions(transportOptions(command)))).optionsGroup('Options:');
}

function transportOptions(command: Command): Command {
  return command
    .optionsGroup('Transport:')
    .option('--host <name>', 'host')
    .option('--port <number>', 'TCP port', wholeNumber('port', 1, 65_535))
    .option('--udp', 'the port is a UDP port (wrapper only)')
    .option('--serial <path>', 'serial port')
    .option('--baud <number>', 'bits per second of the serial port', wholeNumber('baud', 50, 4_000_000))
    .addOption(
      new Option('--parity <kind>', 'parity of the serial port').choices(['none', 'even']).default('none'),
    )
    .option(
      '--timeout-ms <number>',
      'how long to wait for an answer',
      wholeNumber('timeout-ms', 1, 3_600_000),
      10_000,
    );
}

function linkOptions(command: Command): Command {
  return command
    .optionsGroup('Data link:')
    .addOption(new Option('--framing <kind>', 'data link').choices(['wrapper', 'hdlc']).makeOptionMandatory())
    .requiredOption('--client <number>', 'client address (SAP)', wholeNumber('client', 0, 65_535))
    .requiredOption(
      '--server <number>',
      'server address (SAP, upper HDLC address)',
      wholeNumber('server', 0, 65_535),
    )
    .addOption(
      new Option('--hdlc-address-bytes <number>', 'size of the server address: 1, 2 or 4').argParser(
        addressBytes,
      ),
    )
    .option(
      '--hdlc-physical <number>',
      'lower HDLC address (physical device)',
      wholeNumber('hdlc-physical', 0, 0x3fff),
    )
    .option(
      '--opening <kind>',
      'HDLC on a serial line that begins at 300 baud: mode-e, or mode-e@ADDRESS of the meter (IEC 62056-21)',
    )
    .option(
      '--gateway <net:address>',
      'the meter is behind a gateway: network id, and its address in hexadecimal or as text=1234',
    );
}

function securityOptions(command: Command): Command {
  return command
    .optionsGroup('Association:')
    .addOption(
      new Option('--auth <kind>', "authentication; hls is the manufacturer's own: AES-128 under the password")
        .choices(AUTH_MECHANISMS)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--referencing <kind>', 'logical names, short names, or what the meter knows')
        .choices(['ln', 'sn', 'auto'])
        .default('ln'),
    )
    .option(
      '--user-id <number>',
      'user of the association (calling-AE-invocation-id)',
      wholeNumber('user-id', 0, 255),
    )
    .addOption(
      new Option('--policy <kind>', 'protection of requests; auth-enc with hls-gmac, else none').choices(
        POLICIES,
      ),
    )
    .addOption(
      new Option('--suite <number>', 'security suite: 0, 1 or 2').default(0).argParser((text) => {
        return Number(oneOf('suite', ['0', '1', '2'])(text));
      }),
    )
    .addOption(
      new Option('--form <kind>', 'how protected APDUs are framed; service-specific if not given').choices(
        FORMS,
      ),
    )
    .option('--dedicated', 'a key of its own for this association')
    .option('--signed', 'sign requests (general-signing)');
}

function keyOptions(command: Command): Command {
  return command
    .optionsGroup('Credentials:')
    .option(
      '--keys <file>',
      'JSON file of secrets by system title, or default: {"<title>": {"encryptionKey": …}}',
    )
    .option('--password <text>', 'password, or secret of HLS')
    .option('--password-hex <hex>', 'the same in hexadecimal')
    .option('--system-title <hex>', 'our system title, 8 bytes; by default a new one each time')
    .option('--meter-system-title <hex>', "the meter's system title, 8 bytes; what its answer says wins")
    .option('--encryption-key <hex>', 'global unicast encryption key, 16 bytes (suite 2: 32)')
    .option('--authentication-key <hex>', 'authentication key, as long')
    .option('--master-key <hex>', 'key-encrypting key, as long')
    .option('--signing-key <file>', 'our key pair for signatures (PEM, PKCS#8)')
    .option('--meter-signing-key <file>', "the meter's public key for signatures (PEM, or its certificate)")
    .option('--agreement-key <file>', 'our key pair for key agreement (PEM, PKCS#8)')
    .option(
      '--meter-agreement-key <file>',
      "the meter's public key for key agreement (PEM, or its certificate)",
    )
    .option(
      '--invocation-counter <number>',
      'first invocation counter; 1 if not given, under a system title of our own making',
      wholeNumber('invocation-counter', 0, 0xffffffff),
    )
    .option('--read-counter', 'ask the meter for its invocation counter first, as public client');
}

/**
 * What the options of `addTargetOptions` say, checked; files that they name are read.
 * @throws DcuError `usage` or `invalid-argument` naming the option that does not fit
 */
export function targetOf(flags: TargetFlags): Target {
  if (flags.invocationCounter !== undefined && flags.readCounter === true) {
    throw new DcuError('usage', '--invocation-counter and --read-counter exclude each other', {
      field: 'read-counter',
    });
  }
  const association = securityOf(flags);
  const counted = flags.invocationCounter !== undefined || flags.readCounter === true;
  if (flags.systemTitle !== undefined && needsKeys(association) && !counted) {
    // A counter that was used under this title before would encrypt two messages with one key stream.
    throw new DcuError(
      'usage',
      '--system-title needs --invocation-counter or --read-counter: counters are used once',
      { field: 'invocation-counter' },
    );
  }
  return {
    transport: transportOf(flags),
    link: {
      ...linkOf(flags),
      ...(flags.gateway === undefined ? {} : { gateway: gatewayOf(flags.gateway) }),
    },
    association,
    counter: flags.readCounter === true ? 'read' : (flags.invocationCounter ?? 1),
    timeoutMs: flags.timeoutMs,
  };
}

function addressBytes(text: string): 1 | 2 | 4 {
  const value = wholeNumber(ADDRESS_BYTES, 1, 4)(text);
  if (value === 1 || value === 2 || value === 4) return value;
  throw usage(ADDRESS_BYTES, `must be 1, 2 or 4, not ${value}`);
}

function transportOf(flags: TargetFlags): TargetTransport {
  const { host, port, serial, baud, parity } = flags;
  if (serial !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new DcuError('usage', '--serial and --host/--port exclude each other', { field: 'serial' });
    }
    if (flags.udp === true) throw usage('udp', 'needs --host and --port');
    if (baud === undefined) throw new DcuError('usage', '--serial needs --baud', { field: 'baud' });
    return {
      kind: 'serial',
      settings: { path: serial, baudRate: baud, dataBits: 8, parity, stopBits: 1 },
    };
  }
  if (host === undefined || port === undefined) {
    throw new DcuError('usage', 'either --host and --port or --serial and --baud are needed', {
      field: host === undefined ? 'host' : 'port',
    });
  }
  if (flags.udp !== true) return { kind: 'tcp', host, port };
  if (flags.framing !== 'wrapper') throw usage('udp', 'is for --framing wrapper');
  return { kind: 'tcp', host, port, datagrams: true };
}

function linkOf(flags: TargetFlags): LinkConfig {
  const { client: clientAddress, server: serverAddress, hdlcPhysical, timeoutMs } = flags;
  if (flags.framing === 'wrapper') {
    if (flags.opening !== undefined) throw usage('opening', 'is for --framing hdlc');
    return {
      framing: 'wrapper',
      clientAddress,
      serverAddress,
      responseTimeoutMs: timeoutMs,
      maxApdu: MAX_APDU,
    };
  }
  const least = hdlcPhysical === undefined ? 1 : serverAddress < 0x80 && hdlcPhysical < 0x80 ? 2 : 4;
  const size = flags.hdlcAddressBytes ?? least;
  const limit = size === 4 ? 0x3fff : 0x7f;
  if (clientAddress > 0x7f) throw outOfRange('client', clientAddress, 0x7f);
  if (serverAddress > limit) throw outOfRange('server', serverAddress, limit);
  if (size === 1 && hdlcPhysical !== undefined) {
    throw new DcuError('invalid-argument', '--hdlc-physical has no place in an HDLC address of one byte', {
      field: 'hdlc-physical',
    });
  }
  if (hdlcPhysical !== undefined && hdlcPhysical > limit) {
    throw outOfRange('hdlc-physical', hdlcPhysical, limit);
  }
  return {
    framing: 'hdlc',
    clientAddress,
    serverAddress,
    ...(size === 1 ? {} : { physicalAddress: hdlcPhysical ?? 1 }),
    addressBytes: size,
    maxInfoTransmit: 128,
    maxInfoReceive: 128,
    windowTransmit: 1,
    windowReceive: 1,
    interOctetTimeoutMs: 200,
    responseTimeoutMs: timeoutMs,
    retries: HDLC_RETRIES,
    ...(flags.opening === undefined ? {} : { opening: openingOf(flags.opening, serialRate(flags)) }),
  };
}

const serialRate = ({ serial, baud }: TargetFlags): number | undefined =>
  serial === undefined ? undefined : baud;

const outOfRange = (option: string, value: number, limit: number): DcuError =>
  new DcuError('invalid-argument', `--${option} ${value} does not fit this address size (at most ${limit})`, {
    field: option,
  });
