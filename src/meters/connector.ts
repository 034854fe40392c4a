import { fromHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { LineSettings } from '../base/machine.ts';
import type { Meter, MeterAddress, MeterSecrets, SecuritySuite } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import { needsKeys, needsSystemTitle } from '../base/security-needs.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { EcKeyPair } from '../dlms/ciphering/types.ts';
import type { AssociationConfig, ClientConfig } from '../dlms/client.ts';
import type { LinkConfig, LinkCounters } from '../dlms/link/link.ts';
import { ecPublicKey } from '../kernels/index.ts';
import { decodeValue, granted, integerOf } from './attribute.ts';
import { CounterBlock } from './counter-block.ts';
import { HeardCounters } from './heard-counters.ts';
import { type LineAccess, LineChannels, type LineOpener, type Taken } from './line-channels.ts';
import type { CountLink, LineOpening, MeterLinkState } from './line-job.ts';
import { msPerByteOf } from './line-settings.ts';
import { KNOCK_MS, LinkMemories } from './link-memory.ts';
import {
  type LinkNeeds,
  linkConfig,
  type ProtocolSettings,
  pduSize,
  protocolSettings,
  withinLimits,
} from './link-settings.ts';
import type { MeterLink } from './meter-link.ts';
import type { MeterProfile } from './meter-profile.ts';
import { OwnedLink } from './owned-link.ts';
import { BUILT_IN_PROFILES, type ProfileBook } from './profiles/index.ts';
import { MeterSession } from './session.ts';

/** Opens an association on a channel. */
export type ConnectDlms = (
  channel: ByteChannel,
  config: ClientConfig,
  clock: Clock,
  options: { readonly signal: AbortSignal; readonly onCounters: CountLink },
) => Promise<MeterLink>;

export interface ConnectorDependencies {
  readonly store: Pick<CollectionStore, 'secrets' | 'protocolAttributes' | 'columns' | 'counters'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly openLine: LineOpener;
  readonly connect: ConnectDlms;
  /** Told once of what is wrong with a line itself. */
  readonly onLineTrouble?: (line: string, message: string) => void;
  /** The concentrator's own, eight bytes. */
  readonly systemTitle: Uint8Array;
  /** What meters may have for a profile; those that are built in if not given. */
  readonly profiles?: ProfileBook;
}

/** What a meter is opened with; the link depends on how its line was opened. */
type MeterConfig = Omit<ClientConfig, 'link'> & {
  readonly link: (own: LineSettings | undefined) => LinkConfig;
};

/** The link between a client address and a logical device of a meter, in place of those of the archive. */
export type LinkFor = (ends: Pick<MeterAddress, 'clientAddress' | 'serverAddress'>) => LinkConfig;

/** Well within the time after which meters give up an idle association by themselves (120 s where nothing else is set). */
const LINGER_MS = 5_000;

/** The line to a meter for one opening, and who is told what failed tries had counted. */
interface Way {
  readonly access: LineAccess;
  readonly signal: AbortSignal;
  readonly count: CountLink;
}

/** Refusals that an invocation counter the meter has already seen would explain. */
const COUNTER_SUSPECTS: ReadonlySet<string> = new Set([
  'exception-response',
  'association-refused',
  'authentication-failed',
  'confirmed-service-error',
  'replay-detected',
  'link-timeout',
]);

/** Beyond it a counter is not raised on the word of an unprotected answer: what is left must last for the key's life. */
const HIGHEST_RAISE = 0xff00_0000;

/** Opens sessions with meters: channel, link parameters, keys, invocation counters. */
export class MeterConnector {
  readonly #deps: ConnectorDependencies;
  readonly #counters = new Map<number, CounterBlock>();
  readonly #heard: HeardCounters;
  readonly #memories: LinkMemories;
  readonly #channels: LineChannels;
  readonly #troubles = new Set<string>();

  constructor(deps: ConnectorDependencies) {
    this.#deps = deps;
    this.#heard = new HeardCounters(deps.store.counters, deps.log);
    this.#memories = new LinkMemories((line) =>
      this.#trouble(line, 'the line hands back what is sent: the echo is taken out'),
    );
    this.#channels = new LineChannels(deps.openLine);
  }

  async prepare(meter: Meter): Promise<LineOpening<MeterSession>> {
    const access = this.#deps.openLine(meter);
    const settings = protocolSettings(await this.#deps.store.protocolAttributes(access.protocol));
    const profile = (this.#deps.profiles ?? BUILT_IN_PROFILES).get(meter.profile);
    const memory = this.#memories.of(meter, access.lineName, access.shared);
    // Where the settings give hardly more, a second opening would cost what the first one saves.
    if (settings.timeoutMs * (settings.retries + 1) < 2 * KNOCK_MS) memory.knocked();
    const knock = meter.address.framing === 'hdlc' && access.limits === undefined && memory.isUnheard;
    return {
      ...(knock ? { knock } : {}),
      tries: settings.retries + 1,
      linkRepeats: meter.address.framing === 'hdlc',
      silentMs: settings.silentMs,
      lingerMs: access.shared ? LINGER_MS : 0,
      budgetMs: settings.timeoutMs * (settings.retries + 1) * 2,
      open: async (signal, probe, count) => {
        const way = { access, count, signal };
        const limits = await access.limits?.(signal);
        if (limits === undefined) {
          return this.#open(meter, way, settings, profile, probe).finally(() => memory.knocked());
        }
        const own = withinLimits(settings, meter.address.framing, limits);
        return this.#open(meter, way, own, { ...profile, receiveWindow: limits.window }, probe);
      },
    };
  }

  /**
   * One stay on the line that leads to `meter`, which need not be of the archive: the channel is handed to `work`, and
   * afterwards kept or closed like any other. `linkFor`: how a link between these addresses is set up there.
   */
  async visit<Result>(
    meter: Meter,
    signal: AbortSignal,
    work: (channel: ByteChannel, settings: ProtocolSettings, linkFor: LinkFor) => Promise<Result>,
  ): Promise<Result> {
    const access = this.#deps.openLine(meter);
    const own = protocolSettings(await this.#deps.store.protocolAttributes(access.protocol));
    const limits = await access.limits?.(signal);
    const settings = limits === undefined ? own : withinLimits(own, meter.address.framing, limits);
    const { channel, own: line } = await this.#channels.take(meter, access, signal);
    const linkFor: LinkFor = (ends) => {
      const { receiveWindow } = (this.#deps.profiles ?? BUILT_IN_PROFILES).get(meter.profile);
      const between = { ...meter, address: { ...meter.address, ...ends } };
      const needs = { settings, window: limits?.window ?? receiveWindow, probe: false };
      return this.#linkOf(between, access, needs)(line);
    };
    try {
      const result = await work(channel, settings, linkFor);
      await this.#channels.giveBack(channel);
      return result;
    } catch (error) {
      await this.#channels.discard(channel);
      throw error;
    }
  }

  /** What this run has learned of the link to a meter; undefined before the first opening. */
  linkState(meter: Meter): MeterLinkState | undefined {
    return this.#memories.known(meter)?.state();
  }

  /** To be called when lines may have been set up anew: what stood open on the old settings is closed when it is idle. */
  linesChanged(): Promise<void> {
    return this.#channels.closeOutdated();
  }

  /** Drops what is kept of a meter that is gone. What was reserved of its counters is never used. */
  forget(meterId: number): void {
    this.#counters.delete(meterId);
    this.#heard.forget(meterId);
    this.#memories.forget(meterId);
  }

  /** Closes the channels that were kept open. */
  async close(): Promise<void> {
    await this.#channels.close();
    await this.#heard.close();
  }

  async #open(
    meter: Meter,
    way: Way,
    settings: ProtocolSettings,
    profile: MeterProfile,
    probe: boolean,
  ): Promise<MeterSession> {
    const { store, clock, random, log } = this.#deps;
    const { access, signal } = way;
    const secrets = await store.secrets(meter.id);
    const counters = needsKeys(meter.security) ? this.#countersOf(meter) : undefined;
    await counters?.ready();
    const config: MeterConfig = {
      link: this.#linkOf(meter, access, { settings, window: profile.receiveWindow, probe }),
      association: {
        ...associationConfig(meter, secrets, settings, this.#deps.systemTitle, counters),
        ...(await this.#heard.of(meter, secrets.encryptionKey)),
      },
      randomBytes: (length) => random.bytes(length),
    };
    const link = await this.#associate(meter, way, config).catch(async (thrown: unknown) => {
      const error = toDcuError(thrown);
      if (counters === undefined || signal.aborted || !COUNTER_SUSPECTS.has(error.code)) throw error;
      if (!(await this.#resynchronise(meter, way, config, profile, counters, error))) throw error;
      return this.#associate(meter, way, config);
    });
    return new MeterSession(link, {
      meterId: meter.id,
      profile,
      clock,
      log,
      outdated: () => this.#channels.outdated(meter, access),
      knownColumns: (kind) => store.columns(meter.id, kind),
      ...(counters === undefined ? {} : { beforeRequest: () => counters.ready() }),
    });
  }

  /** The link to a meter, by how its line was opened. */
  #linkOf(meter: Meter, access: LineAccess, needs: Omit<LinkNeeds, 'memory' | 'echo'>): MeterConfig['link'] {
    const { timeoutMs, maxBytes } = needs.settings;
    const memory = this.#memories.of(meter, access.lineName, access.shared);
    return (own) => {
      const msPerByte = msPerByteOf(own, meter.address);
      memory.bounds = {
        mostMs: timeoutMs,
        maxInfo: maxBytes,
        ...(msPerByte === undefined ? {} : { msPerByte }),
        ...(access.limits === undefined ? {} : { patient: true }),
      };
      const echo = access.shared ? { echo: this.#memories.echoing(access.lineName) } : {};
      return linkConfig(meter, { ...needs, memory, ...echo }, own);
    };
  }

  /** True when the counter was raised, so that another try makes sense. */
  async #resynchronise(
    meter: Meter,
    way: Way,
    config: MeterConfig,
    profile: MeterProfile,
    counters: CounterBlock,
    error: DcuError,
  ): Promise<boolean> {
    const { expectedInvocationCounter: hint } = error.facts;
    if (typeof hint === 'number') return this.#raise(meter, counters, hint, 'to what the meter expects');
    // A meter that is silent to everybody is not asked a second time.
    if (error.code === 'link-timeout' && meter.address.framing === 'hdlc') return false;
    try {
      const seen = await this.#readCounter(meter, way, config, profile);
      return await this.#raise(meter, counters, seen + 1, 'after reading it from the meter');
    } catch (thrown) {
      this.#deps.log.debug('the public client could not read the invocation counter', {
        meterNo: meter.meterNo,
        ...toDcuError(thrown).toJSON(),
      });
      return false;
    }
  }

  /** False where that changes nothing, or would use up the key: nothing proves that the value is the meter's own. */
  async #raise(meter: Meter, counters: CounterBlock, value: number, why: string): Promise<boolean> {
    const facts = { meterNo: meter.meterNo, value };
    const { log } = this.#deps;
    if (value > HIGHEST_RAISE) {
      log.error('invocation counter not raised: hardly any would be left', facts);
      return false;
    }
    const before = counters.peek();
    if (before !== undefined && value <= before) return false;
    log.warn(`invocation counter raised ${why}`, facts);
    await counters.raise(value);
    return true;
  }

  async #readCounter(meter: Meter, way: Way, config: MeterConfig, profile: MeterProfile): Promise<number> {
    const { link: linkOf, association } = config;
    const link = await this.#associate(meter, way, {
      ...config,
      link: (own) => ({ ...linkOf(own), clientAddress: profile.publicClient }),
      association: { auth: 'none', policy: 'none', maxPduSize: association.maxPduSize },
    });
    try {
      const attribute = { classId: 1, obis: profile.invocationCounter, attribute: 2 };
      return integerOf(attribute, decodeValue(granted(attribute, await link.get(attribute))));
    } finally {
      await link.release().finally(() => way.count(link.counters));
    }
  }

  /** A link whose release also gives the channel back. */
  async #associate(meter: Meter, way: Way, config: MeterConfig): Promise<MeterLink> {
    const { access, signal } = way;
    const taken = await this.#channels.take(meter, access, signal);
    try {
      return await this.#associateOn(taken, meter, config, way);
    } catch (error) {
      // A port that went away while nobody used it says nothing of this meter.
      if (!taken.before || signal.aborted || toDcuError(error).code !== 'channel-lost') throw error;
      return this.#associateOn(await this.#channels.take(meter, access, signal), meter, config, way);
    }
  }

  async #associateOn(
    { channel, own }: Taken,
    meter: Meter,
    config: MeterConfig,
    { access, signal, count }: Way,
  ): Promise<MeterLink> {
    let counters: Readonly<LinkCounters> | undefined;
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const link = await this.#deps.connect(
        channel,
        { ...config, link: config.link(own) },
        this.#deps.clock,
        {
          signal: abort.signal,
          onCounters: (made) => {
            counters = made;
          },
        },
      );
      return new OwnedLink(
        link,
        () => {
          this.#heard.save(meter);
          return this.#channels.giveBack(channel);
        },
        () => {
          this.#heard.save(meter);
          return this.#channels.discard(channel);
        },
      );
    } catch (error) {
      if (counters !== undefined) count(counters);
      await this.#channels.discard(channel);
      const garbled = access.shared ? unreadable(error, counters) : undefined;
      if (garbled === undefined) throw error;
      this.#trouble(access.lineName, `meter ${meter.meterNo}: ${garbled.message}`);
      throw garbled;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Each once. */
  #trouble(line: string, message: string): void {
    const what = `${line} ${message}`;
    if (this.#troubles.has(what)) return;
    this.#troubles.add(what);
    this.#deps.log.warn('trouble on a line', { line, message });
    this.#deps.onLineTrouble?.(line, message);
  }

  #countersOf(meter: Meter): CounterBlock {
    const known = this.#counters.get(meter.id);
    if (known !== undefined) return known;
    const made = new CounterBlock(this.#deps.store.counters, `meter:${meter.meterNo}:out`);
    this.#counters.set(meter.id, made);
    return made;
  }
}

/** Bad frames that a line has now and then. */
const STRAY_FRAMES = 2;

/** What a time-out really is where something did come, and never anything that could be read. */
function unreadable(thrown: unknown, counters: Readonly<LinkCounters> | undefined): DcuError | undefined {
  const error = toDcuError(thrown);
  if (error.code !== 'link-timeout' || counters === undefined) return undefined;
  const { badFcs, rejectedHeaders, framesReceived, ignoredFrames, timeouts } = counters;
  const bad = badFcs + rejectedHeaders;
  if (bad < STRAY_FRAMES || bad < timeouts || framesReceived > ignoredFrames + STRAY_FRAMES) return undefined;
  return new DcuError(
    'frame-corrupt',
    'it answers, but hardly a frame of it can be read: two devices may share this address, or its bit rate or parity may be another',
    { facts: { badFcs, rejectedHeaders, timeouts }, cause: thrown },
  );
}

function associationConfig(
  meter: Meter,
  secrets: MeterSecrets,
  settings: ProtocolSettings,
  systemTitle: Uint8Array,
  counters: CounterBlock | undefined,
): AssociationConfig {
  const { auth, policy, suite = 0, systemTitle: meterTitle, signingKey } = meter.security;
  const { referencing } = meter.address;
  return {
    auth,
    policy,
    suite,
    maxPduSize: pduSize(settings),
    ...(referencing === undefined ? {} : { referencing }),
    ...(secrets.password === undefined ? {} : { password: secrets.password }),
    ...(secrets.encryptionKey === undefined ? {} : { encryptionKey: secrets.encryptionKey }),
    ...(secrets.authenticationKey === undefined ? {} : { authenticationKey: secrets.authenticationKey }),
    ...(secrets.signingKey === undefined ? {} : { signingKey: keyPair(suite, secrets.signingKey) }),
    ...(signingKey === undefined ? {} : { peerSigningKey: fromHex(signingKey, 'signingKey') }),
    ...(meterTitle === undefined ? {} : { meterSystemTitle: fromHex(meterTitle, 'systemTitle') }),
    ...(needsSystemTitle(meter.security) ? { systemTitle } : {}),
    ...(counters === undefined ? {} : { nextInvocationCounter: () => counters.next() }),
  };
}

function keyPair(suite: SecuritySuite, privateKey: Uint8Array): EcKeyPair {
  return { privateKey, publicKey: ecPublicKey(suite === 2 ? 'P-384' : 'P-256', privateKey) };
}
