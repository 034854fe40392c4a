import { deviceKey, deviceKeys } from '../base/device-address.ts';

export interface BlacklistEntry {
  readonly id: number;
  /** MeterNo, address of a communication unit, IP address with or without port, or system title, as it was typed in. */
  readonly address: string;
  readonly reason: string;
}

/** Devices that may not communicate, at hand without waiting. */
export class Blacklist {
  #entries = new Map<string, BlacklistEntry>();

  constructor(entries: readonly BlacklistEntry[] = []) {
    this.replace(entries);
  }

  replace(entries: readonly BlacklistEntry[]): void {
    this.#entries = new Map(entries.map((entry) => [deviceKey(entry.address), entry]));
  }

  /** The entry that one of the names of a device falls under, whatever its spelling (`base/device-address.ts`). */
  match(candidates: readonly string[]): BlacklistEntry | undefined {
    if (this.#entries.size === 0) return undefined;
    for (const candidate of candidates) {
      for (const key of deviceKeys(candidate)) {
        const entry = this.#entries.get(key);
        if (entry !== undefined) return entry;
      }
    }
    return undefined;
  }
}
