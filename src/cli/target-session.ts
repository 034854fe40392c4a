import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { needsKeys } from '../base/security-needs.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { type DlmsClient, openDlmsClient } from '../channels/dlms-client.ts';
import { openSerial } from '../channels/serial.ts';
import { openTcp } from '../channels/tcp.ts';
import { openUdp } from '../channels/udp.ts';
import type { ClientConfig } from '../dlms/client.ts';
import { decodeValue, granted, integerOf } from '../meters/attribute.ts';
import { generic } from '../meters/profiles/generic.ts';
import type { Target } from './target.ts';

const randomBytes = (length: number): Uint8Array => systemRandom.bytes(length);

/** The channel that a target's transport options name. */
export function openTargetChannel(
  { transport, timeoutMs }: Target,
  signal: AbortSignal,
): Promise<ByteChannel> {
  if (transport.kind === 'serial') return openSerial(transport.settings, systemClock, signal);
  const { host, port, datagrams } = transport;
  if (datagrams === true) return openUdp({ host, port }, systemClock, signal);
  return openTcp({ host, port, connectTimeoutMs: timeoutMs }, systemClock, signal);
}

/**
 * The configuration of associations with a target. Its invocation counter runs on through all of them; where the
 * options say so, it is asked for first.
 */
export async function targetConfig(target: Target, signal: AbortSignal): Promise<ClientConfig> {
  const { association, link } = target;
  if (!needsKeys(association)) return { link, association, randomBytes };
  let counter = target.counter === 'read' ? (await readCounter(target, signal)) + 1 : target.counter;
  return { link, association: { ...association, nextInvocationCounter: () => counter++ }, randomBytes };
}

/** Opens channel and association, works, and ends both whatever happens; the first failure counts. */
export async function withTarget<Value>(
  target: Target,
  config: ClientConfig,
  signal: AbortSignal,
  work: (client: DlmsClient) => Promise<Value>,
): Promise<Value> {
  const channel = await openTargetChannel(target, signal);
  try {
    const client = await openDlmsClient(channel, config, systemClock, { signal });
    const value = await work(client);
    await client.release().catch((error: unknown) => {
      // The answer is there; a meter that does not say goodbye takes nothing from it.
      if (signal.aborted) throw error;
    });
    return value;
  } finally {
    await channel.close();
  }
}

/** The last invocation counter that the meter has seen, read without authentication. */
function readCounter(target: Target, signal: AbortSignal): Promise<number> {
  const { publicClient, invocationCounter } = generic;
  const { maxPduSize } = target.association;
  const config: ClientConfig = {
    link: { ...target.link, clientAddress: publicClient },
    association: { auth: 'none', policy: 'none', maxPduSize },
    randomBytes,
  };
  return withTarget(target, config, signal, async (client) => {
    const attribute = { classId: 1, obis: invocationCounter, attribute: 2 };
    return integerOf(attribute, decodeValue(granted(attribute, await client.get(attribute))));
  });
}
