import { equalBytes } from '../../base/bytes.ts';
import type { CollectionStore } from '../../base/collection.ts';
import { hostKey, namesOfMeter } from '../../base/device-address.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Meter, RegisterReading } from '../../base/model.ts';
import type { Random } from '../../base/random.ts';
import type { PushArrival } from '../../channels/push-listen.ts';
import { satisfies } from '../../dlms/ciphering/security-control.ts';
import { decodeTelegram } from '../../dlms/decode/index.ts';
import {
  claimsOf,
  confirmPushed,
  type OpenedPush,
  openPushed,
  type PushClaims,
} from '../../dlms/notifications.ts';
import { ReplayGuard } from '../../dlms/replay-guard.ts';
import { digest } from '../../kernels/index.ts';
import { CounterBlock } from '../counter-block.ts';
import { BUILT_IN_PROFILES, type ProfileBook } from '../profiles/index.ts';
import { fusedRows } from './fused.ts';
import { knownLayouts, type PushedRowsOf } from './layouts.ts';
import { inKind, type Placed, placeNotification } from './placing.ts';
import { type Sender, SenderDirectory } from './senders.ts';

export interface PushIntakeOptions {
  readonly store: Pick<
    CollectionStore,
    'meters' | 'secrets' | 'columns' | 'appendProfile' | 'appendEvents' | 'saveRegisters' | 'counters'
  >;
  /** Last readings of a meter: scaler and unit of what comes without. */
  readonly registers: (meterId: number) => Promise<readonly RegisterReading[]>;
  readonly random: Random;
  /**
   * Of the receiver, for protected confirmations. Not the one that reads meters: their counters under a key go by title,
   * and what is sent here must not run ahead of what is sent there.
   */
  readonly systemTitle: Uint8Array;
  /** What meters may have for a profile; those that are built in if not given. */
  readonly profiles?: ProfileBook;
  /** Whether nothing may be taken from a device that goes by one of these names. */
  readonly isRefused?: (names: readonly string[]) => boolean;
  /** Told of what was refused, and of notifications that no meter of the archive has sent. */
  readonly onRefused: (refused: RefusedPush) => void;
}

export interface RefusedPush {
  readonly arrival: PushArrival;
  readonly error: DcuError;
  /** Hexadecimal, where it was stated. */
  readonly systemTitle: string | undefined;
  /** Whose it says to be; absent for unknown senders. */
  readonly meter?: Meter;
}

/** Only ever grows. */
export interface PushIntakeCounters {
  stored: number;
  /** Of these, by the fused path. */
  fused: number;
  unknownSenders: number;
  refused: number;
  /** Values that had no place in the store. */
  unplaced: number;
  confirmed: number;
  /** Sent once more, because the confirmation was lost. */
  repeated: number;
}

/** Notifications that wait for the store; one more is dropped. */
const MOST_WAITING = 512;
/** Device id, serial numbers and the logical device name. */
const NAMES: ReadonlySet<string> = new Set([
  '0.0.42.0.0.255',
  '0.0.96.1.0.255',
  '0.0.96.1.1.255',
  '1.0.0.0.0.255',
]);
/** Titles, and keys of each, whose counters are remembered: a few for every meter there can be. */
const MOST_REMEMBERED = 16_384;

interface Opened {
  readonly placed: Placed;
  readonly confirmation: Uint8Array | undefined;
  readonly fused: boolean;
}

/**
 * Takes what meters push to the store: opened with the meter's keys, held against replays, placed as profile rows,
 * events and readings. A notification is confirmed when it is on disk, never before.
 */
export class PushIntake {
  readonly counters: PushIntakeCounters = {
    stored: 0,
    fused: 0,
    unknownSenders: 0,
    refused: 0,
    unplaced: 0,
    confirmed: 0,
    repeated: 0,
  };
  readonly #options: PushIntakeOptions;
  readonly #senders: SenderDirectory;
  readonly #replays = new ReplayGuard({ limit: MOST_REMEMBERED });
  readonly #remembered = new Set<number>();
  /** Of each meter, what the last notification was that asked for a confirmation. */
  readonly #confirmed = new Map<number, Uint8Array>();
  readonly #ownCounters = new Map<number, CounterBlock>();
  /** The end of each meter's queue: its notifications are stored one after the other, in their order. */
  readonly #queues = new Map<string, Promise<void>>();
  #fresh: Promise<void> | undefined;
  #waiting = 0;

  constructor(options: PushIntakeOptions) {
    this.#options = options;
    this.#senders = new SenderDirectory(options.store);
  }

  /** To be called when meters have changed: they are looked up anew before the next notification. */
  metersChanged(): void {
    this.#fresh = undefined;
  }

  /** Never throws; what becomes of it is in the store, the counters, or told to `onRefused`. */
  take(arrival: PushArrival): void {
    if (this.#waiting >= MOST_WAITING) {
      this.#refuse(
        arrival,
        new DcuError('overflow', `more than ${MOST_WAITING} notifications wait`),
        undefined,
      );
      return;
    }
    this.#waiting++;
    const before = this.#queues.get(arrival.from) ?? Promise.resolve();
    const after = before
      .then(() => this.#store(arrival))
      .finally(() => {
        this.#waiting--;
        if (this.#queues.get(arrival.from) === after) this.#queues.delete(arrival.from);
      });
    this.#queues.set(arrival.from, after);
  }

  /** Resolves when everything that was taken has been dealt with. */
  async settled(): Promise<void> {
    while (this.#queues.size > 0) await Promise.all(this.#queues.values());
  }

  async #store(arrival: PushArrival): Promise<void> {
    let title: string | undefined;
    let meter: Meter | undefined;
    try {
      await this.#knownMeters();
      const claims = claimsOf(arrival.apdu);
      title = claims.originator?.toHex();
      meter = this.#meterOf(arrival, claims);
      this.#requireWelcome(arrival, title, meter);
      if (meter === undefined) {
        this.counters.unknownSenders++;
        throw new DcuError('not-found', 'no meter of the archive has sent this', { field: 'systemTitle' });
      }
      const sender = await this.#senders.sender(meter);
      await this.#remember(sender);
      const { placed, confirmation, fused } = await this.#open(arrival, claims, sender);
      await this.#write(sender.meter, placed);
      this.counters.stored++;
      this.counters.unplaced += placed.unplaced;
      if (fused) this.counters.fused++;
      if (confirmation === undefined) return;
      arrival.reply(confirmation);
      this.counters.confirmed++;
    } catch (error) {
      this.#refuse(arrival, toDcuError(error), title, meter);
    }
  }

  async #knownMeters(): Promise<void> {
    this.#fresh ??= this.#senders.reload();
    try {
      await this.#fresh;
    } catch (error) {
      this.#fresh = undefined;
      throw error;
    }
  }

  #refuse(arrival: PushArrival, error: DcuError, systemTitle: string | undefined, meter?: Meter): void {
    this.counters.refused++;
    this.#options.onRefused({ arrival, error, systemTitle, ...(meter === undefined ? {} : { meter }) });
  }

  /** @throws DcuError `blacklisted` */
  #requireWelcome({ node, host }: PushArrival, title: string | undefined, meter: Meter | undefined): void {
    const names = [
      ...(meter === undefined ? [] : namesOfMeter(meter)),
      ...(title === undefined ? [] : [title]),
      node === undefined ? hostKey(host) : node.address,
    ];
    if (this.#options.isRefused?.(names) !== true) return;
    throw new DcuError('blacklisted', `${names[0] ?? ''} is on the blacklist: what it pushes is not taken`);
  }

  /** By the title that protects it; else by what it says of itself; else by where it comes from. */
  #meterOf(arrival: PushArrival, claims: PushClaims): Meter | undefined {
    if (claims.originator !== undefined) return this.#senders.byTitle(claims.originator);
    if (!claims.protected) {
      const { readings } = decodeTelegram(arrival.apdu, { transport: 'apdu' });
      for (const { obis, value } of readings) {
        const named = NAMES.has(obis) ? this.#senders.byName(value) : undefined;
        if (named !== undefined) return named;
      }
    }
    const { gateway } = arrival.peer;
    const behind = gateway && this.#senders.byName(String.fromCharCode(...gateway.address));
    if (behind !== undefined) return behind;
    return arrival.node === undefined ? this.#senders.byAddress(arrival) : this.#senders.byNode(arrival.node);
  }

  /** Counters that were accepted before a restart. */
  async #remember({ meter, systemTitle }: Sender): Promise<void> {
    if (systemTitle === undefined || this.#remembered.has(meter.id)) return;
    const next = await this.#options.store.counters.peek(counterId(meter));
    if (next > 0) this.#replays.remember(systemTitle, next - 1);
    this.#remembered.add(meter.id);
  }

  async #open(arrival: PushArrival, claims: PushClaims, sender: Sender): Promise<Opened> {
    const { meter, keys } = sender;
    const { store, profiles = BUILT_IN_PROFILES } = this.#options;
    const layouts = await knownLayouts(meter.id, profiles.get(meter.profile), store);
    const quick = this.#fused(arrival, sender, layouts);
    const opened = quick?.opened ?? openPushed(arrival.apdu, keys, claims);
    if (!satisfies(opened.protection.policy, meter.security.policy)) {
      throw new DcuError(
        'security-required',
        `${meter.meterNo} is to push with policy ${meter.security.policy}`,
      );
    }
    const placed =
      quick?.placed ??
      placeNotification(opened.plaintext, {
        meterId: meter.id,
        layouts,
        known: await this.#options.registers(meter.id),
        receivedAtMs: arrival.receivedAtMs,
      });
    const originator = claims.originator ?? sender.systemTitle;
    const confirmation = await this.#confirmation(opened, originator, sender);
    this.#accept(arrival, originator, opened, meter, confirmation !== undefined);
    return { placed, confirmation, fused: quick !== undefined };
  }

  /** A meter whose confirmation was lost sends the very same once more: that is stored, to no effect, and confirmed again. */
  #accept(
    { apdu }: PushArrival,
    originator: Uint8Array | undefined,
    opened: OpenedPush,
    { id }: Meter,
    confirmed: boolean,
  ): void {
    const digested = digest('sha256', apdu);
    const before = this.#confirmed.get(id);
    if (confirmed && before !== undefined && equalBytes(before, digested)) {
      this.counters.repeated++;
      return;
    }
    this.#replays.accept(originator, opened);
    if (confirmed) this.#confirmed.set(id, digested);
  }

  #fused(
    { frame, inBlocks, receivedAtMs }: PushArrival,
    { systemTitle, fused }: Sender,
    layouts: readonly PushedRowsOf[],
  ): { readonly opened: OpenedPush; readonly placed: Placed } | undefined {
    if (frame === undefined || inBlocks || fused === undefined || systemTitle === undefined) return undefined;
    const found = fusedRows(frame, fused, layouts, {
      lastCounter: this.#replays.last(systemTitle),
      receivedAtMs,
    });
    if (found === undefined) return undefined;
    const { of, rows, invocationCounter, head } = found;
    return {
      opened: {
        plaintext: head,
        protection: { policy: 'auth-enc', form: 'general-glo', signed: false, key: 'unicast' },
        invocationCounter,
        systemTitle,
        suite: 0,
      },
      placed: inKind(of, rows),
    };
  }

  async #confirmation(
    opened: OpenedPush,
    originator: Uint8Array | undefined,
    { meter, keys }: Sender,
  ): Promise<Uint8Array | undefined> {
    const { systemTitle, random, store } = this.#options;
    const counters =
      this.#ownCounters.get(meter.id) ?? new CounterBlock(store.counters, `push:${meter.meterNo}:out`);
    this.#ownCounters.set(meter.id, counters);
    if (opened.protection.policy !== 'none') await counters.ready();
    return confirmPushed(opened, originator, keys, {
      systemTitle,
      nextInvocationCounter: () => counters.next(),
      randomBytes: (length) => random.bytes(length),
    });
  }

  async #write(meter: Meter, { profiles, events, registers }: Placed): Promise<void> {
    const { store } = this.#options;
    const writes: Promise<unknown>[] = [
      ...profiles.map(({ kind, rows }) => store.appendProfile(meter.id, kind, rows, undefined)),
      ...events.map(({ log, events: some }) => store.appendEvents(meter.id, log, some, undefined)),
    ];
    if (registers.length > 0) writes.push(store.saveRegisters(registers));
    const { security } = meter;
    const title = security.systemTitle === undefined ? undefined : Uint8Array.fromHex(security.systemTitle);
    const last = title && this.#replays.last(title);
    if (last !== undefined) writes.push(store.counters.raise(counterId(meter), last + 1));
    await Promise.all(writes);
  }
}

const counterId = ({ meterNo }: Meter): string => `meter:${meterNo}:push`;
