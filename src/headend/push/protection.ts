import { DcuError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { MessageSecurity } from '../../dlms/ciphering/message-security.ts';
import type { CounterBlock } from '../../meters/counter-block.ts';
import type { PushProtection } from './listener-way.ts';

export interface PushProtectionOptions {
  /** Ours, eight bytes. Under one key each title has one row of counters. */
  readonly systemTitle: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  readonly counters: Pick<CounterBlock, 'ready' | 'next'>;
  readonly random: Random;
}

const CIPHERED = { policy: 'auth-enc', form: 'general-glo', signed: false, key: 'unicast' } as const;

/**
 * Everything authenticated and encrypted in general-glo-ciphering, both ways. What comes back is not held against replays: it
 * names what it confirms, and no number comes twice while it could. @throws DcuError `invalid-field` naming a key of another length
 */
export function pushProtection(options: PushProtectionOptions): PushProtection {
  const { systemTitle, encryptionKey, authenticationKey, counters, random } = options;
  const security = new MessageSecurity({
    suite: 0,
    systemTitle,
    encryptionKey,
    authenticationKey,
    nextInvocationCounter: () => counters.next(),
    randomBytes: (length) => random.bytes(length),
  });
  return {
    ready: () => counters.ready(),
    protect: (apdu) => security.protect(apdu, CIPHERED),
    open: (apdu) => {
      const { plaintext, protection } = security.open(apdu, undefined);
      if (protection.policy !== 'auth-enc') {
        throw new DcuError('security-required', 'a confirmation that is not authenticated and encrypted');
      }
      return plaintext;
    },
    release: () => security.release(),
  };
}
