import type { Clock } from '../base/clock.ts';
import type { DcuError } from '../base/errors.ts';
import type { ByteChannel } from './channel.ts';

/** Handed on in one turn of the event loop: some answers of meters, each of which sets a session going. */
const TURN_BYTES = 1024;
/** What comes in one piece up to here is handed on in one: a frame. */
const WHOLE_BYTES = 2048;
/** More is not held. */
const MOST_HELD_BYTES = 256 * 1024;

/**
 * The same channel, of which no more is heard in one turn of the event loop than can be dealt with in a few milliseconds,
 * so that timers and browsers come in between when very many meters answer at once.
 */
export function inTurns(channel: ByteChannel, clock: Clock): ByteChannel {
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let closed: { readonly reason: DcuError | undefined } | undefined;
  let onBytes: (bytes: Uint8Array) => void = () => {};
  let onClosed: (reason?: DcuError) => void = () => {};
  let cancelTurn: (() => void) | undefined;

  const turn = (): void => {
    cancelTurn = undefined;
    for (let bytes = held.shift(); bytes !== undefined; bytes = held.shift()) {
      heldBytes -= bytes.length;
      onBytes(bytes);
      if (heldBytes <= MOST_HELD_BYTES) break;
    }
    arrange();
  };
  const arrange = (): void => {
    if (held.length > 0) cancelTurn ??= clock.after(0, turn);
    else if (closed !== undefined) onClosed(closed.reason);
  };
  return {
    name: channel.name,
    get settings() {
      return channel.settings;
    },
    write: (bytes) => channel.write(bytes),
    onBytes: (listener) => {
      onBytes = listener;
      channel.onBytes((bytes) => {
        if (bytes.length <= WHOLE_BYTES && held.length === 0) {
          listener(bytes);
          return;
        }
        for (let at = 0; at < bytes.length; at += TURN_BYTES) held.push(bytes.subarray(at, at + TURN_BYTES));
        heldBytes += bytes.length;
        arrange();
      });
    },
    onClosed: (listener) => {
      onClosed = listener;
      channel.onClosed((reason) => {
        closed = { reason };
        if (held.length === 0) listener(reason);
      });
    },
    ...(channel.configure === undefined
      ? {}
      : { configure: (settings) => channel.configure?.(settings) ?? Promise.resolve() }),
    close: () => {
      cancelTurn?.();
      held.length = 0;
      heldBytes = 0;
      return channel.close();
    },
  };
}
