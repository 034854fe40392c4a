import type { DeviceAssociation } from '../dlms/cosem/object-model.ts';
import type { Caller } from '../dlms/server.ts';
import {
  clientAt,
  type HesAccess,
  type HesChange,
  type HesClient,
  hesAssociations,
  PUBLIC_CLIENT,
} from './hes-access.ts';
import type { DeviceCounters, HesCounters } from './hes-counters.ts';

export interface ConnectionSecurityOptions {
  readonly access: HesAccess;
  readonly counters: HesCounters;
  readonly systemTitle: Uint8Array;
  /** Writes a change down, whole or not at all; resolves when it is on disk. */
  readonly save: (client: HesClient, change: HesChange) => Promise<void>;
  /** A change is on disk and holds. */
  readonly onChanged: (client: HesClient) => void;
}

/**
 * Who may come in over one connection, and what they change about that. A change holds from the request on that follows
 * the one that asked for it, and not before it is on disk.
 */
export class ConnectionSecurity {
  readonly systemTitle: Uint8Array;
  readonly counters: DeviceCounters;
  readonly #options: ConnectionSecurityOptions;
  #access: HesAccess;
  #associations: readonly DeviceAssociation[];

  constructor(options: ConnectionSecurityOptions) {
    this.#options = options;
    this.#access = options.access;
    this.#associations = hesAssociations(options.access);
    this.systemTitle = options.systemTitle;
    this.counters = options.counters.of((clientAddress) => this.#at(clientAddress));
  }

  get associations(): readonly DeviceAssociation[] {
    return this.#associations;
  }

  /** Undefined for the public client. */
  clientOf({ clientAddress }: Pick<Caller, 'clientAddress'>): HesClient | undefined {
    return clientAddress === PUBLIC_CLIENT ? undefined : this.#at(clientAddress);
  }

  /** @throws DcuError what kept it from being written down: nothing has changed then */
  async change(client: HesClient, change: HesChange): Promise<void> {
    const { counters, save, onChanged } = this.#options;
    const changed = { ...client, ...change };
    await counters.load([changed]);
    await save(client, change);
    this.#access = this.#access.map((one) => (one.name === client.name ? changed : one));
    this.#associations = hesAssociations(this.#access);
    onChanged(changed);
  }

  #at(clientAddress: number): HesClient | undefined {
    return clientAt(this.#access, clientAddress);
  }
}
