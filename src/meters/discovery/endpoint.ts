import type { ByteChannel, ChannelOpener } from '../../channels/channel.ts';
import type { LinkCounters } from '../../dlms/link/link.ts';
import { type Examined, type Examiner, examineHdlc, examineWrapper } from './examine.ts';

/** The one server of a connection, in either framing. */
const SERVER = 1;

/**
 * Asks what listens at an endpoint, with the wrapper first and then, on a connection of its own, with HDLC. Undefined when
 * nobody is there or what is there speaks neither. @throws DcuError `cancelled`, and what the opener throws
 */
export async function examineEndpoint(
  opener: ChannelOpener,
  examiner: Examiner,
  signal: AbortSignal,
  count: (counters: Readonly<LinkCounters>) => void,
): Promise<Examined | undefined> {
  const wrapper = await onChannel(opener, signal, (channel) =>
    examineWrapper(channel, SERVER, examiner, signal, count),
  );
  if (wrapper !== undefined) return wrapper;
  return onChannel(opener, signal, (channel) =>
    examineHdlc(channel, { serverAddress: SERVER, addressBytes: 1 }, examiner, signal, count),
  );
}

async function onChannel<Result>(
  opener: ChannelOpener,
  signal: AbortSignal,
  work: (channel: ByteChannel) => Promise<Result>,
): Promise<Result> {
  const channel = await opener.open(signal);
  try {
    return await work(channel);
  } finally {
    await channel.close();
  }
}
