import { isIP } from 'node:net';
import { fromHex } from '../../base/bytes.ts';
import type { CollectionStore } from '../../base/collection.ts';
import { deviceKey } from '../../base/device-address.ts';
import type { Meter } from '../../base/model.ts';
import type { PushArrival } from '../../channels/push-listen.ts';
import type { PushKeys } from '../../dlms/notifications.ts';
import type { FusedKeys } from './fused.ts';

/** A meter that may push, with its keys. */
export interface Sender {
  readonly meter: Meter;
  /** As stated in the archive, eight bytes. */
  readonly systemTitle: Uint8Array | undefined;
  readonly keys: PushKeys;
  /** Where the fused path can be used. */
  readonly fused: FusedKeys | undefined;
}

type SenderStore = Pick<CollectionStore, 'meters' | 'secrets'>;

/** The meters of the archive by what a push says of its sender. `reload` when the archive has changed. */
export class SenderDirectory {
  readonly #store: SenderStore;
  #meters: readonly Meter[] = [];
  #byTitle = new Map<string, Meter>();
  #byNumber = new Map<string, Meter>();
  /** By channel and address of the communication unit. */
  #byNode = new Map<string, Meter>();
  readonly #senders = new Map<number, Promise<Sender>>();

  constructor(store: SenderStore) {
    this.#store = store;
  }

  async reload(): Promise<void> {
    const meters = (await this.#store.meters()).filter(({ enabled }) => enabled);
    this.#meters = meters;
    this.#byNumber = new Map(meters.map((meter) => [meter.meterNo.toUpperCase(), meter]));
    this.#byTitle = new Map(
      meters.flatMap((meter) => {
        const { systemTitle } = meter.security;
        return systemTitle === undefined ? [] : [[systemTitle.toUpperCase(), meter] as const];
      }),
    );
    this.#byNode = new Map(meters.map((meter) => [`${meter.channel} ${nodeKey(meter)}`, meter]));
    this.#senders.clear();
  }

  /** The meter at a communication unit of a PLC network. */
  byNode({ channel, address }: NonNullable<PushArrival['node']>): Meter | undefined {
    return this.#byNode.get(`${channel} ${deviceKey(address)}`);
  }

  byTitle(title: Uint8Array): Meter | undefined {
    return this.#byTitle.get(title.toHex().toUpperCase());
  }

  /** A serial number, or a logical device name that ends in one. */
  byName(name: string): Meter | undefined {
    const text = name.trim().toUpperCase();
    const exact = this.#byNumber.get(text);
    if (exact !== undefined || text.length < 8) return exact;
    // Three letters of the manufacturer come before the number.
    return this.#byNumber.get(text.slice(3));
  }

  /** The only meter at the sender's address, or the only one there with the address that its frame states. */
  byAddress({ host, peer }: Pick<PushArrival, 'host' | 'peer'>): Meter | undefined {
    const bare = host.replace(/^::ffff:/, '');
    if (isIP(bare) === 0) return undefined;
    const there = this.#meters.filter(({ address }) => address.host === bare);
    if (there.length < 2) return there[0];
    const fitting = there.filter(
      ({ address }) =>
        address.serverAddress === peer.serverAddress && address.physicalAddress === peer.physicalAddress,
    );
    return fitting.length === 1 ? fitting[0] : undefined;
  }

  /** With the keys of a meter, opened from the vault once. */
  sender(meter: Meter): Promise<Sender> {
    const known = this.#senders.get(meter.id);
    if (known !== undefined) return known;
    const made = this.#make(meter);
    this.#senders.set(meter.id, made);
    made.catch(() => this.#senders.delete(meter.id));
    return made;
  }

  async #make(meter: Meter): Promise<Sender> {
    const { encryptionKey, authenticationKey } = await this.#store.secrets(meter.id);
    const { systemTitle: title, signingKey } = meter.security;
    const systemTitle = title === undefined ? undefined : fromHex(title, 'systemTitle');
    const keys: PushKeys = {
      ...(encryptionKey && { encryptionKey }),
      ...(authenticationKey && { authenticationKey }),
      ...(signingKey === undefined ? {} : { peerSigningKey: fromHex(signingKey, 'signingKey') }),
      ...(systemTitle && { originator: systemTitle }),
    };
    const fused =
      encryptionKey?.length === 16 && authenticationKey?.length === 16 && systemTitle !== undefined
        ? { encryptionKey, authenticationKey, systemTitle }
        : undefined;
    return { meter, systemTitle, keys, fused };
  }
}

const nodeKey = ({ meterNo, address }: Meter): string => deviceKey(address.node ?? meterNo);
