import { fromHex, toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { type DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter, MeterSecrets, SecuritySuite } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import { needsKeys, needsSystemTitle } from '../base/security-needs.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { EcKeyPair } from '../dlms/ciphering/types.ts';
import type { AssociationConfig, ClientConfig } from '../dlms/client.ts';
import type { LinkCounters } from '../dlms/link/link.ts';
import { digest, ecPublicKey } from '../kernels/index.ts';
import { decodeValue, granted, integerOf } from './attribute.ts';
import { CounterBlock } from './counter-block.ts';
import { type LineAccess, LineChannels, type LineOpener } from './line-channels.ts';
import type { CountLink, LineOpening } from './line-job.ts';
import { linkConfig, type ProtocolSettings, pduSize, protocolSettings, withinLimits } from './link-settings.ts';
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
  /** The concentrator's own, eight bytes. */
  readonly systemTitle: Uint8Array;
  /** What meters may have for a profile; those that are built in if not given. */
  readonly profiles?: ProfileBook;
}

/** What was heard from a meter under one key; for another key its counter begins anew. */
interface Heard {
  readonly key: string;
  lowestMeterCounter: number;
}

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
  readonly #heard = new Map<number, Heard>();
  readonly #channels: LineChannels;

  constructor(deps: ConnectorDependencies) {
    this.#deps = deps;
    this.#channels = new LineChannels(deps.openLine);
  }

  async prepare(meter: Meter): Promise<LineOpening<MeterSession>> {
    const access = this.#deps.openLine(meter);
    const settings = protocolSettings(await this.#deps.store.protocolAttributes(access.protocol));
    const profile = (this.#deps.profiles ?? BUILT_IN_PROFILES).get(meter.profile);
    return {
      tries: settings.retries + 1,
      linkRepeats: meter.address.framing === 'hdlc',
      silentMs: settings.silentMs,
      open: async (signal, probe, count) => {
        const way = { access, count, signal };
        const limits = await access.limits?.(signal);
        if (limits === undefined) return this.#open(meter, way, settings, profile, probe);
        const own = withinLimits(settings, meter.address.framing, limits);
        return this.#open(meter, way, own, { ...profile, receiveWindow: limits.window }, probe);
      },
    };
  }

  /**
   * One stay on the line that leads to `meter`, which need not be of the archive: the channel is handed to `work`, and
   * afterwards kept or closed like any other.
   */
  async visit<Result>(
    meter: Meter,
    signal: AbortSignal,
    work: (channel: ByteChannel, settings: ProtocolSettings) => Promise<Result>,
  ): Promise<Result> {
    const access = this.#deps.openLine(meter);
    const settings = protocolSettings(await this.#deps.store.protocolAttributes(access.protocol));
    const { channel } = await this.#channels.take(meter, access, signal);
    try {
      const result = await work(channel, settings);
      await this.#channels.giveBack(channel);
      return result;
    } catch (error) {
      await this.#channels.discard(channel);
      throw error;
    }
  }

  /** To be called when lines may have been set up anew: what stood open on the old settings is closed when it is idle. */
  linesChanged(): Promise<void> {
    return this.#channels.closeOutdated();
  }

  /** Closes the channels that were kept open. */
  close(): Promise<void> {
    return this.#channels.close();
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
    const config: ClientConfig = {
      link: linkConfig(meter, settings, profile.receiveWindow, probe),
      association: {
        ...associationConfig(meter, secrets, settings, this.#deps.systemTitle, counters),
        ...this.#replays(meter, secrets),
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

  /** True when the counter was raised, so that another try makes sense. */
  async #resynchronise(
    meter: Meter,
    way: Way,
    config: ClientConfig,
    profile: MeterProfile,
    counters: CounterBlock,
    error: DcuError,
  ): Promise<boolean> {
    const { expectedInvocationCounter: hint } = error.facts;
    if (typeof hint === 'number') return this.#raise(meter, counters, hint, 'to what the meter expects');
    // A meter that is silent to everybody is not asked a second time.
    if (error.code === 'link-timeout' && config.link.framing === 'hdlc') return false;
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

  async #readCounter(meter: Meter, way: Way, config: ClientConfig, profile: MeterProfile): Promise<number> {
    const { link: linkOf, association } = config;
    const link = await this.#associate(meter, way, {
      ...config,
      link: { ...linkOf, clientAddress: profile.publicClient },
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
  async #associate(meter: Meter, way: Way, config: ClientConfig): Promise<MeterLink> {
    const { access, signal } = way;
    const { channel, before } = await this.#channels.take(meter, access, signal);
    try {
      return await this.#associateOn(channel, config, way);
    } catch (error) {
      // A port that went away while nobody used it says nothing of this meter.
      if (!before || signal.aborted || toDcuError(error).code !== 'channel-lost') throw error;
      return this.#associateOn((await this.#channels.take(meter, access, signal)).channel, config, way);
    }
  }

  async #associateOn(channel: ByteChannel, config: ClientConfig, { signal, count }: Way): Promise<MeterLink> {
    let counters: Readonly<LinkCounters> | undefined;
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const link = await this.#deps.connect(channel, config, this.#deps.clock, {
        signal: abort.signal,
        onCounters: (made) => {
          counters = made;
        },
      });
      return new OwnedLink(
        link,
        () => this.#channels.giveBack(channel),
        () => this.#channels.discard(channel),
      );
    } catch (error) {
      if (counters !== undefined) count(counters);
      await this.#channels.discard(channel);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** What a meter has said is refused when it comes again, also in a later session of this run. */
  #replays(
    { id }: Meter,
    { encryptionKey }: MeterSecrets,
  ): Pick<AssociationConfig, 'lowestMeterCounter' | 'onMeterCounter'> {
    if (encryptionKey === undefined) return {};
    const key = toHex(digest('sha256', encryptionKey));
    const known = this.#heard.get(id);
    const heard = known?.key === key ? known : { key, lowestMeterCounter: 0 };
    this.#heard.set(id, heard);
    return {
      lowestMeterCounter: heard.lowestMeterCounter,
      onMeterCounter: (lowest) => {
        heard.lowestMeterCounter = lowest;
      },
    };
  }

  #countersOf(meter: Meter): CounterBlock {
    const known = this.#counters.get(meter.id);
    if (known !== undefined) return known;
    const made = new CounterBlock(this.#deps.store.counters, `meter:${meter.meterNo}:out`);
    this.#counters.set(meter.id, made);
    return made;
  }
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
