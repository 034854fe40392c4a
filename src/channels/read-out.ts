import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Identification, ReadOutRecord } from '../dlms/link/iec62056-21.ts';
import { Opening, type ReaderOpening } from '../dlms/link/opening.ts';
import type { ByteChannel } from './channel.ts';
import { pump, type TraceEntry } from './pump.ts';

export interface ReadOut {
  readonly identification: Identification;
  readonly records: readonly ReadOutRecord[];
}

export interface ReadOutOptions {
  readonly signal?: AbortSignal;
  readonly trace?: (entry: TraceEntry) => void;
}

/**
 * The data read-out of a meter (IEC 62056-21, modes A to C) on an open line. Rejects with `link-timeout` when nobody
 * answers or the data breaks off, `frame-corrupt`, `apdu-invalid`, `unsupported` where the channel has no bit rate to
 * change, or what the channel ended with. The channel belongs to the caller.
 */
export function readOut(
  channel: ByteChannel,
  config: Omit<ReaderOpening, 'role' | 'purpose'>,
  clock: Clock,
  { signal, trace }: ReadOutOptions = {},
): Promise<ReadOut> {
  const opening = new Opening({ ...config, role: 'reader', purpose: 'read-out' });
  return new Promise((resolve, reject) => {
    const settle = (done: () => void): void => {
      running.detach();
      signal?.removeEventListener('abort', onAbort);
      done();
    };
    const running = pump(
      opening,
      channel,
      clock,
      (event) => {
        if (event.type === 'read-out') settle(() => resolve(event));
        else if (event.type === 'failed') settle(() => reject(event.error));
      },
      trace === undefined ? {} : { trace },
    );
    const onAbort = (): void => {
      const cause = toDcuError(signal?.reason);
      settle(() => reject(new DcuError('cancelled', 'the read-out was cancelled', { cause })));
    };
    if (signal?.aborted === true) {
      onAbort();
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    running.command({ type: 'start' });
  });
}
