import { DcuError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ClientConfig } from '../dlms/client.ts';
import type { HesClient } from '../headend/hes-access.ts';
import type { HesCounters } from '../headend/hes-counters.ts';
import type { PushProtection } from '../headend/push/listener-way.ts';
import { pushProtection } from '../headend/push/protection.ts';
import type { DialSettings } from './dial-settings.ts';

/** Who is at both ends of a dialled connection. */
export interface DialParties {
  readonly hes: HesClient;
  /** Ours, eight bytes. */
  readonly systemTitle: Uint8Array;
  readonly counters: HesCounters;
  readonly random: Random;
}

/** How pushes go outside of an association; the error where they are to be ciphered and cannot be. */
export function dialledPushProtection(
  { ciphered }: Pick<DialSettings, 'ciphered'>,
  { hes: { encryptionKey, authenticationKey }, systemTitle, counters, random }: DialParties,
): 'plain' | PushProtection | DcuError {
  if (!ciphered) return 'plain';
  if (encryptionKey === undefined || authenticationKey === undefined) {
    return new DcuError('security-required', 'pushes are to be ciphered, and the channel has no keys', {
      field: 'hes.encryption.key',
    });
  }
  return pushProtection({ systemTitle, encryptionKey, authenticationKey, counters, random });
}

/**
 * How the concentrator associates with the head-end's server. What that one sends is held against replays within an
 * association only: each address may be another server, with counters of its own, and its proof is made for our challenge.
 */
export function hesClientConfig(
  { hesServer, answerWithinMs, maxPdu }: Pick<DialSettings, 'hesServer' | 'answerWithinMs' | 'maxPdu'>,
  { hes, systemTitle, counters, random }: DialParties,
): ClientConfig {
  const { auth, client, password, encryptionKey, authenticationKey } = hes;
  const ciphered = auth === 'hls-gmac';
  return {
    link: {
      framing: 'wrapper',
      clientAddress: client,
      serverAddress: hesServer,
      responseTimeoutMs: answerWithinMs,
      maxApdu: 0xffff,
    },
    association: {
      auth,
      policy: ciphered ? 'auth-enc' : 'none',
      systemTitle,
      nextInvocationCounter: () => counters.next(),
      maxPduSize: maxPdu,
      ...(password === undefined || ciphered ? {} : { password }),
      ...(encryptionKey === undefined || !ciphered ? {} : { encryptionKey }),
      ...(authenticationKey === undefined || !ciphered ? {} : { authenticationKey }),
    },
    randomBytes: (length) => random.bytes(length),
  };
}
