import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { ConnectBroker } from '../headend/mqtt/broker.ts';
import type { OpenPushWay } from '../headend/push/way.ts';
import type { Uplink } from '../headend/uplink.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import type { Store } from '../store/types.ts';
import type { Collector } from '../tasks/collector.ts';

export interface UplinksOptions {
  readonly directory: string;
  readonly store: Pick<Store, 'outbox' | 'configuration' | 'collection' | 'audit'>;
  readonly collector: Pick<Collector, 'readNow' | 'relay' | 'withSession' | 'bus'>;
  readonly profiles: Pick<ProfileBook, 'find'>;
  readonly serialNumber: string;
  /** Of the concentrator towards meters, eight bytes; what is pushed goes under another one that is made of it. */
  readonly systemTitle: Uint8Array;
  readonly version: string;
  readonly zone: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly connect?: ConnectBroker;
  /** How a channel that dials by itself reaches its head-end; undefined for one that does not. */
  readonly ways?: (channel: string) => OpenPushWay | undefined;
}

/** Attributes of a channel, and the secrets that its kind names. */
export class UplinkSettings {
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  /** Empty where it is not set. */
  text(key: string, otherwise = ''): string {
    const value = this.#values[key] ?? '';
    return value === '' ? otherwise : value;
  }

  number(key: string, otherwise: number): number {
    return Number(this.text(key, String(otherwise)));
  }

  seconds(key: string, otherwise: number): number {
    return this.number(key, otherwise) * 1000;
  }

  isYes(key: string, otherwise: 'yes' | 'no'): boolean {
    return this.text(key, otherwise) === 'yes';
  }

  /** @throws DcuError `invalid-field` when it is not set */
  key(name: string): Uint8Array {
    const text = this.text(name);
    if (text === '') throw new DcuError('invalid-field', `${name} is not set`, { field: name });
    return Uint8Array.fromHex(text);
  }
}

/** What a channel of one kind is made of. */
export interface UplinkPlan {
  readonly channel: string;
  readonly settings: UplinkSettings;
  readonly options: UplinksOptions;
  /** Of this channel. */
  readonly log: Log;
  /** A way that stands already, where the channel dials by itself. */
  readonly way: OpenPushWay | undefined;
}

/** Channels of a CommType as destinations of the outbox. */
export interface UplinkKind {
  /** Whether a channel that is enabled is a destination; always if not given. */
  readonly isWanted?: (settings: Readonly<Record<string, string>>) => boolean;
  /** What is sealed and belongs to it, by the name in which `make` asks for it. */
  readonly secrets: (channel: string, options: UplinksOptions) => Promise<Readonly<Record<string, string>>>;
  /** @throws DcuError `invalid-field` for what is missing or cannot be read */
  readonly make: (plan: UplinkPlan) => Uplink;
}
