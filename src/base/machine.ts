import type { DcuError } from './errors.ts';

/** How bytes go over a line of this kind; one stop bit. */
export interface LineSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
}

/**
 * The shape of every protocol machine: inputs and effects are data, nothing inside waits, reads a clock or
 * touches a socket. `channels/pump.ts` alone turns effects into I/O, so hours of protocol run in
 * milliseconds in a test.
 */
export type Input<Command> =
  | { readonly on: 'bytes'; readonly bytes: Uint8Array }
  | { readonly on: 'command'; readonly command: Command }
  | { readonly on: 'timer'; readonly timer: string }
  /** The transport under the machine is gone; nothing can be sent any more. */
  | { readonly on: 'closed'; readonly reason?: DcuError };

export type Effect<Event> =
  | { readonly do: 'send'; readonly bytes: Uint8Array }
  /** The line changes to these settings once everything sent before has left; what is sent next goes out with them. */
  | { readonly do: 'configure'; readonly settings: LineSettings }
  /** (Re)starts the named timer. */
  | { readonly do: 'arm'; readonly timer: string; readonly delayMs: number }
  | { readonly do: 'disarm'; readonly timer: string }
  | { readonly do: 'emit'; readonly event: Event }
  /** The transport is to be closed. */
  | { readonly do: 'close'; readonly reason?: DcuError };

export interface Machine<Command, Event> {
  /** One input in, its effects in order out. `nowMs` is monotonic milliseconds. */
  step(input: Input<Command>, nowMs: number): Effect<Event>[];
}
