import type { HdlcAddress } from './address.ts';
import { encodeFrame, type UnnumberedKind, unnumberedControl } from './frame.ts';
import type { LinkCounters, LinkEvent } from './link.ts';
import type { LinkEffect } from './peer.ts';
import type { Station } from './station.ts';

/** Collects the effects of one step of an HDLC link, in order, and counts what goes out. */
export class LinkOutput {
  readonly #station: Station;
  readonly #counters: LinkCounters;
  #effects: LinkEffect[] = [];

  constructor(station: Station, counters: LinkCounters) {
    this.#station = station;
    this.#counters = counters;
  }

  take(): LinkEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
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
    this.#effects.push({ do: 'arm', timer, delayMs });
  }

  disarm(timer: string): void {
    this.#effects.push({ do: 'disarm', timer });
  }
}
