import { Command, Option } from 'commander';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { type DlmsClient, openDlmsClient } from '../channels/dlms-client.ts';
import { openSerial } from '../channels/serial.ts';
import { openTcp } from '../channels/tcp.ts';
import type { AssociationConfig, ClientConfig, CosemAttribute, GetResult } from '../dlms/client.ts';
import {
  decodeValue,
  elementsOf,
  granted,
  integerOf,
  isScaledValue,
  scalerAttributeOf,
} from '../meters/attribute.ts';
import {
  type CaptureObject,
  parseCaptureObjects,
  parseScalerUnit,
  profileAttribute,
  type ScalerUnit,
} from '../meters/layout.ts';
import { meterProfile } from '../meters/profiles/index.ts';
import type { CliCommand, CliIo } from './command.ts';
import { usage, wholeNumber } from './options.ts';
import {
  holdsDateTime,
  humanLines,
  octetText,
  type ReadResult,
  type ShownColumn,
  shownUnit,
  shownValue,
} from './read-format.ts';
import { type ReadFlags, type ReadPlan, readPlan } from './read-options.ts';

const MAX_PDU = 1024;

/** `dcu read`: attributes of one meter, over TCP or a serial line, without a concentrator. */
export const readCommand: CliCommand = {
  build(io) {
    return new Command('read')
      .description('Read attributes of a meter.')
      .argument('<attributes...>', 'CLASS:OBIS:ATTRIBUTE, e.g. 3:1.0.1.8.0.255:2')
      .option('--host <name>', 'TCP host')
      .option('--port <number>', 'TCP port', wholeNumber('port', 1, 65_535))
      .option('--serial <path>', 'serial port')
      .option('--baud <number>', 'bits per second of the serial port', wholeNumber('baud', 50, 4_000_000))
      .addOption(
        new Option('--parity <kind>', 'parity of the serial port').choices(['none', 'even']).default('none'),
      )
      .addOption(
        new Option('--framing <kind>', 'data link').choices(['wrapper', 'hdlc']).makeOptionMandatory(),
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
      .requiredOption('--client <number>', 'client address (SAP)', wholeNumber('client', 0, 65_535))
      .requiredOption(
        '--server <number>',
        'server address (SAP, upper HDLC address)',
        wholeNumber('server', 0, 65_535),
      )
      .addOption(
        new Option('--auth <kind>', 'authentication')
          .choices(['none', 'lls', 'hls-gmac'])
          .makeOptionMandatory(),
      )
      .option('--password <text>', 'LLS password')
      .option('--password-hex <hex>', 'LLS password in hexadecimal')
      .addOption(
        new Option('--policy <kind>', 'protection of requests; auth-enc with hls-gmac, else none').choices([
          'none',
          'auth',
          'enc',
          'auth-enc',
        ]),
      )
      .option('--system-title <hex>', 'our system title, 8 bytes; by default a new one each time')
      .option('--meter-system-title <hex>', "the meter's system title, 8 bytes; what its answer says wins")
      .option('--encryption-key <hex>', 'global unicast encryption key, 16 bytes')
      .option('--authentication-key <hex>', 'authentication key, 16 bytes')
      .option(
        '--invocation-counter <number>',
        'first invocation counter; default 1',
        wholeNumber('invocation-counter', 0, 0xffffffff),
      )
      .option('--read-counter', 'ask the meter for its invocation counter first, as public client')
      .option('--from <time>', 'profile rows from this time on (ISO 8601)')
      .option('--to <time>', 'profile rows up to this time (ISO 8601)')
      .option('--entries <range>', 'profile rows A-B, counted from 1')
      .option(
        '--timeout-ms <number>',
        'how long to wait for an answer',
        wholeNumber('timeout-ms', 1, 3_600_000),
        10_000,
      )
      .option('--json', 'print one line of JSON')
      .action(async (targets: string[], flags: ReadFlags) => {
        const results = await read(readPlan(flags, targets), io);
        if (flags.json === true) io.out(JSON.stringify({ ok: true, results }));
        else for (const line of humanLines(results)) io.out(line);
      });
  },
};

const ADDRESS_BYTES = 'hdlc-address-bytes';

function addressBytes(text: string): 1 | 2 | 4 {
  const value = wholeNumber(ADDRESS_BYTES, 1, 4)(text);
  if (value === 1 || value === 2 || value === 4) return value;
  throw usage(ADDRESS_BYTES, `must be 1, 2 or 4, not ${value}`);
}

async function read(plan: ReadPlan, { signal }: CliIo): Promise<ReadResult[]> {
  const { security } = plan;
  const ciphered = security.policy !== 'none' || security.auth === 'hls-gmac';
  let counter = plan.counter === 'read' ? (await readCounter(plan, signal)) + 1 : plan.counter;
  const association: AssociationConfig = {
    ...security,
    maxPduSize: MAX_PDU,
    ...(ciphered
      ? { systemTitle: security.systemTitle ?? ownTitle(), nextInvocationCounter: () => counter++ }
      : {}),
  };
  return withClient(plan, { link: plan.link, association, randomBytes }, signal, async (client) => {
    const results: ReadResult[] = [];
    for (const attribute of plan.attributes) results.push(await readOne(client, attribute, plan));
    return results;
  });
}

/** The last invocation counter that the meter has seen, read without authentication. */
function readCounter(plan: ReadPlan, signal: AbortSignal): Promise<number> {
  const { publicClient, invocationCounter } = meterProfile('generic');
  const config: ClientConfig = {
    link: { ...plan.link, clientAddress: publicClient },
    association: { auth: 'none', policy: 'none', maxPduSize: MAX_PDU },
    randomBytes,
  };
  return withClient(plan, config, signal, async (client) => {
    const attribute = { classId: 1, obis: invocationCounter, attribute: 2 };
    return integerOf(attribute, decodeValue(granted(attribute, await client.get(attribute))));
  });
}

/** Opens channel and association, works, and ends both whatever happens; the first failure counts. */
async function withClient<Value>(
  plan: ReadPlan,
  config: ClientConfig,
  signal: AbortSignal,
  work: (client: DlmsClient) => Promise<Value>,
): Promise<Value> {
  const channel = await openChannel(plan, signal);
  try {
    const client = await openDlmsClient(channel, config, systemClock, { signal });
    const value = await work(client);
    await client.release().catch((error: unknown) => {
      // The answer is there; a meter that does not say goodbye takes nothing from it.
      if (signal.aborted) throw error;
    });
    return value;
  } finally {
    await channel.close();
  }
}

function openChannel({ transport, timeoutMs }: ReadPlan, signal: AbortSignal): Promise<ByteChannel> {
  if (transport.kind === 'serial') return openSerial(transport.settings, systemClock, signal);
  const { host, port } = transport;
  return openTcp({ host, port, connectTimeoutMs: timeoutMs }, systemClock, signal);
}

async function readOne(client: DlmsClient, attribute: CosemAttribute, plan: ReadPlan): Promise<ReadResult> {
  const isBuffer = attribute.classId === 7 && attribute.attribute === 2;
  const result = await client.get(attribute, isBuffer ? plan.selection : undefined);
  if (!result.ok) return { ...attribute, error: result.result };
  if (isBuffer) return bufferResult(client, attribute, result.data);
  const value = decodeValue(result.data);
  const text = octetText(attribute, value);
  const dateTime = holdsDateTime(attribute);
  const scale = isScaledValue(attribute) ? await scalerOf(client, attribute) : undefined;
  return {
    ...attribute,
    type: value.type,
    value: shownValue(value, dateTime),
    ...(text === undefined || dateTime ? {} : { text }),
    ...(isScaledValue(attribute) ? { scaler: scale?.scaler ?? null, unit: shownUnit(scale?.unit) } : {}),
  };
}

async function bufferResult(
  client: DlmsClient,
  attribute: CosemAttribute,
  data: Uint8Array,
): Promise<ReadResult> {
  const value = decodeValue(data);
  const captures = profileAttribute(attribute.obis, 3);
  const objects = parseCaptureObjects(
    attribute.obis,
    decodeValue(granted(captures, await client.get(captures))),
  );
  const scalers = new Map<string, ScalerUnit | undefined>();
  const columns: ShownColumn[] = [];
  for (const object of objects) {
    const scale = isScaledValue(object) ? await columnScaler(client, object, scalers) : undefined;
    const { classId, obis, attribute: index } = object;
    columns.push({
      classId,
      obis,
      attribute: index,
      scaler: scale?.scaler ?? null,
      unit: shownUnit(scale?.unit),
    });
  }
  const rows = elementsOf(attribute, value, 'array').map((row) =>
    elementsOf(attribute, row, 'structure').map((cell, at) => {
      const object = objects[at];
      return shownValue(cell, object !== undefined && holdsDateTime(object));
    }),
  );
  return { ...attribute, type: value.type, columns, rows };
}

async function columnScaler(
  client: DlmsClient,
  object: CaptureObject,
  known: Map<string, ScalerUnit | undefined>,
): Promise<ScalerUnit | undefined> {
  const key = `${object.classId}:${object.obis}`;
  if (!known.has(key)) known.set(key, await scalerOf(client, object));
  return known.get(key);
}

/** Undefined when the meter refuses it. */
async function scalerOf(
  client: DlmsClient,
  { classId, obis }: Pick<CosemAttribute, 'classId' | 'obis'>,
): Promise<ScalerUnit | undefined> {
  const attribute = scalerAttributeOf(classId);
  if (attribute === undefined) return undefined;
  const target = { classId, obis, attribute };
  const result: GetResult = await client.get(target);
  return parseScalerUnit(target, result);
}

const randomBytes = (length: number): Uint8Array => systemRandom.bytes(length);

/** `DCU` and five random bytes: with a key shared by several readers no nonce comes twice. */
function ownTitle(): Uint8Array {
  const title = new Uint8Array(8);
  title.set([0x44, 0x43, 0x55]);
  title.set(systemRandom.bytes(5), 3);
  return title;
}
