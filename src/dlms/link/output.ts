import type { HdlcAddress } from './address.ts';
import { encodeFrame, type UnnumberedKind, unnumberedControl } from './frame.ts';
import type { LinkCounters, LinkEvent } from './link.ts';
import type { LinkEffect } from './peer.ts';
import type { Station } from './station.ts';

/** Stands between the name of a timer and the connection that it belongs to. */
export const TIMER_KEY = ':';

/** Collects the effects of one connection of an HDLC line, in order, and counts what goes out. */
export class LinkOutput {
  readonly #station: Station;
  readonly #counters: LinkCounters;
  readonly #effects: LinkEffect[];
  readonly #suffix: string;

  /** `effects` takes what comes out; `key` is put behind the names of timers. */
  constructor(station: Station, counters: LinkCounters, effects: LinkEffect[], key: string) {
    this.#station = station;
    this.#counters = counters;
    this.#effects = effects;
    this.#suffix = key === '' ? '' : `${TIMER_KEY}${key}`;
  }

  /** Addresses of a frame to the peer. */
  addresses(): { readonly destination: HdlcAddress; readonly source: HdlcAddress } {
    return { destination: this.#station.remote, source: this.#station.local };
  }

  unnumbered(kind: UnnumberedKind, info?: Uint8Array): void {
    const control = unnumberedControl(kind, true);
    this.transmit(encodeFrame({ ...this.addresses(), control, ...(info === undefined ? {} : { info }) }));
  }

  transmit(bytes: Uint8Array): void {
    this.#counters.bytesSent += bytes.length;
    this.#counters.framesSent++;
    this.#effects.push({ do: 'send', bytes });
  }

  emit(event: LinkEvent): void {
    this.#effects.push({ do: 'emit', event });
  }

  arm(timer: string, delayMs: number): void {
    this.#effects.push({ do: 'arm', timer: timer + this.#suffix, delayMs });
  }

  disarm(timer: string): void {
    this.#effects.push({ do: 'disarm', timer: timer + this.#suffix });
  }
}
