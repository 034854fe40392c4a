import type { Clock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { AuthMechanism, SecurityPolicy, SecuritySuite } from '../../base/model.ts';
import { needsKeys, needsSystemTitle } from '../../base/security-needs.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import type { AssociationConfig, ClientConfig } from '../../dlms/client.ts';
import type { HdlcLinkConfig, LinkConfig, LinkCounters } from '../../dlms/link/link.ts';
import { decodeValue, granted, integerOf } from '../attribute.ts';
import type { ConnectDlms } from '../connector.ts';
import { type DeviceFacts, readDeviceFacts } from './device-facts.ts';
import { type ProbeOutcome, probeHdlc } from './probe.ts';
import type { HdlcTarget } from './targets.ts';

/** With which a device is asked once the public client was there; kept in memory only. */
export interface DiscoveryCredentials {
  readonly clientAddress: number;
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
  readonly suite: SecuritySuite;
  readonly password?: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
}

export interface Examiner {
  readonly clock: Clock;
  readonly connect: ConnectDlms;
  readonly randomBytes: (length: number) => Uint8Array;
  /** How long an address has to answer SNRM. */
  readonly probeTimeoutMs: number;
  /** How long an answer may take once it has. */
  readonly timeoutMs: number;
  readonly publicClient: number;
  /** Longest information field, and longest APDU without HDLC, where the way there is narrow. */
  readonly infoBytes?: number;
  readonly pduBytes?: number;
  readonly credentials?: DiscoveryCredentials;
}

/** What an address had to say. */
export interface Examined {
  readonly outcome: Exclude<ProbeOutcome, 'silent'>;
  readonly framing: 'hdlc' | 'wrapper';
  /** What the public client learned, or a client with the given credentials where that is more. */
  readonly facts: DeviceFacts | undefined;
  /** Whether the given credentials were accepted. */
  readonly authenticated: boolean;
  /** Why it could not be asked, or not with the credentials. */
  readonly troubles: readonly string[];
}

const MAX_PDU = 1024;
const INTER_OCTET_TIMEOUT_MS = 200;
const INFO_FIELD = 128;
const LAST_COUNTER = '0.0.43.1.0.255';

type Count = (counters: Readonly<LinkCounters>) => void;

/** Asks an address of an HDLC line; undefined when nobody answers. @throws DcuError `cancelled`, `channel-lost` */
export async function examineHdlc(
  channel: ByteChannel,
  target: HdlcTarget,
  examiner: Examiner,
  signal: AbortSignal,
  count: Count,
): Promise<Examined | undefined> {
  const link = hdlcLink(target, examiner);
  const probe = { ...link, responseTimeoutMs: examiner.probeTimeoutMs };
  const outcome = await probeHdlc(channel, probe, examiner.clock, signal, count);
  if (outcome === 'silent') return undefined;
  if (outcome !== 'answers') {
    return { outcome, framing: 'hdlc', facts: undefined, authenticated: false, troubles: [] };
  }
  return ask(channel, link, examiner, signal, count);
}

/** Asks the server of a wrapper connection; undefined when it does not speak. @throws DcuError `cancelled` */
export async function examineWrapper(
  channel: ByteChannel,
  serverAddress: number,
  examiner: Examiner,
  signal: AbortSignal,
  count: Count,
): Promise<Examined | undefined> {
  const link: LinkConfig = {
    framing: 'wrapper',
    clientAddress: examiner.publicClient,
    serverAddress,
    responseTimeoutMs: examiner.timeoutMs,
    maxApdu: pduOf(examiner) + 256,
  };
  const examined = await ask(channel, link, examiner, signal, count);
  // On a connection somebody always listens: who says nothing speaks something else.
  return examined.facts === undefined && examined.troubles.every((code) => code.includes('link-timeout'))
    ? undefined
    : examined;
}

async function ask(
  channel: ByteChannel,
  link: LinkConfig,
  examiner: Examiner,
  signal: AbortSignal,
  count: Count,
): Promise<Examined> {
  const troubles: string[] = [];
  const maxPduSize = link.framing === 'wrapper' ? pduOf(examiner) : MAX_PDU;
  const open = { auth: 'none', policy: 'none', maxPduSize, referencing: 'auto' } as const;
  const line = { channel, signal, count };
  const seen = await attempt('public client', troubles, () => associate(line, link, open, examiner));
  const { credentials } = examiner;
  let own: DeviceFacts | undefined;
  if (credentials !== undefined) {
    const client = { ...link, clientAddress: credentials.clientAddress };
    own = await attempt(`client ${credentials.clientAddress}`, troubles, async () => {
      const counter = needsKeys(credentials) ? await lastCounter(line, link, examiner) : 0;
      const association = {
        ...associationOf(credentials, seen?.referencing, counter, examiner),
        maxPduSize,
      };
      return associate(line, client, association, examiner);
    });
  }
  return {
    outcome: 'answers',
    framing: link.framing,
    facts: moreOf(seen, own),
    authenticated: own !== undefined,
    troubles,
  };
}

/** The one that saw more objects; what only the other one was told is taken over. */
function moreOf(a: DeviceFacts | undefined, b: DeviceFacts | undefined): DeviceFacts | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [more, less] = (b.objects?.length ?? 0) >= (a.objects?.length ?? 0) ? [b, a] : [a, b];
  return {
    ...more,
    logicalDeviceName: more.logicalDeviceName ?? less.logicalDeviceName,
    deviceIds: { ...less.deviceIds, ...more.deviceIds },
    logicalDevices: more.logicalDevices.length > 0 ? more.logicalDevices : less.logicalDevices,
    associations: more.associations.length > 0 ? more.associations : less.associations,
    clockDriftMs: more.clockDriftMs ?? less.clockDriftMs,
    systemTitle: more.systemTitle ?? less.systemTitle,
  };
}

async function attempt<Result>(
  who: string,
  troubles: string[],
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (thrown) {
    const error = toDcuError(thrown);
    if (error.code === 'cancelled' || error.code === 'channel-lost') throw error;
    troubles.push(`${who}: ${error.message} (${error.code})`);
    return undefined;
  }
}

interface OpenLine {
  readonly channel: ByteChannel;
  readonly signal: AbortSignal;
  readonly count: Count;
}

async function associate(
  line: OpenLine,
  link: LinkConfig,
  association: AssociationConfig,
  examiner: Examiner,
): Promise<DeviceFacts> {
  return withLink(line, { link, association, randomBytes: examiner.randomBytes }, examiner, (open) =>
    readDeviceFacts(open, link.clientAddress, () => examiner.clock.now()),
  );
}

/** As the public client reads it: what is used next is one more. */
function lastCounter(line: OpenLine, link: LinkConfig, examiner: Examiner): Promise<number> {
  const association = { auth: 'none', policy: 'none', maxPduSize: MAX_PDU } as const;
  const attribute = { classId: 1, obis: LAST_COUNTER, attribute: 2 };
  return withLink(line, { link, association, randomBytes: examiner.randomBytes }, examiner, async (open) =>
    integerOf(attribute, decodeValue(granted(attribute, await open.get(attribute)))),
  );
}

async function withLink<Result>(
  { channel, signal, count }: OpenLine,
  config: ClientConfig,
  { clock, connect }: Examiner,
  work: (link: Awaited<ReturnType<ConnectDlms>>) => Promise<Result>,
): Promise<Result> {
  let counters: Readonly<LinkCounters> | undefined;
  try {
    const link = await connect(channel, config, clock, {
      signal,
      onCounters: (made) => {
        counters = made;
      },
    });
    try {
      return await work(link);
    } finally {
      // What was learned stays so; a line whose meter says no goodbye is still free for the next.
      await link.release().catch((error: unknown) => {
        if (signal.aborted) throw error;
      });
    }
  } finally {
    if (counters !== undefined) count(counters);
  }
}

/**
 * A system title made for this association alone: the store's invocation counters belong to meters of the archive, and no
 * number of theirs may be used here.
 */
function associationOf(
  { auth, policy, suite, password, encryptionKey, authenticationKey }: DiscoveryCredentials,
  referencing: DeviceFacts['referencing'] | undefined,
  lastUsed: number,
  { randomBytes }: Examiner,
): AssociationConfig {
  let counter = lastUsed;
  if (lastUsed >= 0xffff_ff00) {
    throw new DcuError('invocation-counter-exhausted', 'hardly any invocation counter is left');
  }
  return {
    auth,
    policy,
    suite,
    maxPduSize: MAX_PDU,
    referencing: referencing ?? 'auto',
    ...(password === undefined ? {} : { password }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
    ...(needsSystemTitle({ auth, policy }) ? { systemTitle: randomBytes(8) } : {}),
    ...(needsKeys({ auth, policy })
      ? {
          nextInvocationCounter: () => {
            counter++;
            return counter;
          },
        }
      : {}),
  };
}

const pduOf = ({ pduBytes = MAX_PDU }: Examiner): number => Math.min(MAX_PDU, pduBytes);

function hdlcLink(
  target: HdlcTarget,
  { publicClient, timeoutMs, infoBytes = INFO_FIELD }: Examiner,
): HdlcLinkConfig {
  const { serverAddress, physicalAddress, addressBytes } = target;
  return {
    framing: 'hdlc',
    clientAddress: publicClient,
    serverAddress,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    addressBytes,
    maxInfoTransmit: Math.min(INFO_FIELD, infoBytes),
    maxInfoReceive: Math.min(INFO_FIELD, infoBytes),
    windowTransmit: 1,
    windowReceive: 1,
    interOctetTimeoutMs: INTER_OCTET_TIMEOUT_MS,
    responseTimeoutMs: timeoutMs,
    retries: 1,
    // Harmless where the line has none.
    echo: true,
  };
}
