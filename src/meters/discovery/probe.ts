import type { Clock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import { pump } from '../../channels/pump.ts';
import { createClientLink } from '../../dlms/link/index.ts';
import type { HdlcLinkConfig, LinkCounters } from '../../dlms/link/link.ts';

/**
 * What an address answers to SNRM: nothing; UA; DM (there is a station that will not); frames that nobody can read, as
 * when two stations talk at once; or more than one answer.
 */
export type ProbeOutcome = 'silent' | 'answers' | 'refuses' | 'garbled' | 'doubled';

/** Quiet behind an answer in which a second station would be heard. */
const SETTLE_MS = 60;

/**
 * Asks one address with SNRM, once, and takes the link down again (DISC). The channel stays open.
 * @throws DcuError `cancelled`, `channel-lost`
 */
export function probeHdlc(
  channel: ByteChannel,
  config: HdlcLinkConfig,
  clock: Clock,
  signal: AbortSignal,
  count: (counters: Readonly<LinkCounters>) => void,
): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    const machine = createClientLink({ ...config, retries: 0, echo: true });
    let connected = false;
    let heard = 0;
    let settling: (() => void) | undefined;
    const line = pump(machine, channel, clock, (event) => {
      if (event.type === 'connected') {
        connected = true;
        settling = clock.after(SETTLE_MS, () => {
          heard = machine.counters.framesReceived;
          line.command({ type: 'disconnect' });
        });
      } else if (event.type === 'disconnected') end(outcomeOf(event.error));
    });
    const onAbort = (): void => fail(cancelled(signal.reason));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    line.command({ type: 'connect' });

    function outcomeOf(error: DcuError | undefined): ProbeOutcome | DcuError {
      const { badFcs, rejectedHeaders } = machine.counters;
      if (connected) return heard > 1 ? 'doubled' : 'answers';
      if (error?.code === 'channel-lost' || error?.code === 'link-closed') return error;
      if (badFcs + rejectedHeaders > 0) return 'garbled';
      return error?.code === 'link-timeout' ? 'silent' : 'refuses';
    }
    function end(outcome: ProbeOutcome | DcuError): void {
      stop();
      if (outcome instanceof DcuError) reject(outcome);
      else resolve(outcome);
    }
    function fail(error: DcuError): void {
      stop();
      reject(error);
    }
    function stop(): void {
      settling?.();
      line.detach();
      signal.removeEventListener('abort', onAbort);
      count(machine.counters);
    }
  });
}

const cancelled = (reason: unknown): DcuError =>
  reason instanceof DcuError ? reason : new DcuError('cancelled', 'the search was cancelled');
