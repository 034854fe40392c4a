import { toDcuError } from '../../base/errors.ts';
import type { WrapperFrame, WrapperTap } from './wrapper-tap.ts';

/**
 * Sends a frame beside the connection's conversation and waits for the one that answers it. @throws DcuError the signal's
 * reason when it is aborted, the cause when the connection ends
 */
export async function exchangeFrame(
  tap: WrapperTap,
  frame: WrapperFrame,
  isAnswer: (frame: WrapperFrame) => boolean,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const give = tap.take((candidate) => {
    const isIt = isAnswer(candidate);
    if (isIt) resolve();
    return isIt;
  });
  const onAbort = (): void => reject(toDcuError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  const forget = tap.whenOver(reject);
  try {
    await Promise.all([tap.send(frame), promise]);
  } finally {
    give();
    forget();
    signal.removeEventListener('abort', onAbort);
  }
}
