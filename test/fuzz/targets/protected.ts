import { fromHex } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { decodeGeneralCiphering } from '../../../src/dlms/apdu/general-ciphering.ts';
import { decodeGeneralSigning } from '../../../src/dlms/apdu/general-signing.ts';
import { MessageSecurity, type Protection } from '../../../src/dlms/ciphering/message-security.ts';
import type { CipheringForm } from '../../../src/dlms/ciphering/types.ts';
import { parseCertificate } from '../../../src/dlms/ciphering/x509.ts';
import { unwrapKey, wrapKey } from '../../../src/kernels/index.ts';
import { issue } from '../../dlms/cosem/certificate-authority.ts';
import { counterFrom, KEYS } from '../../dlms/cosem/loopback.ts';
import { MATERIAL } from '../../dlms/cosem/security-material.ts';
import { Broken, type FuzzTarget } from '../target.ts';

const PLAIN = fromHex('c001c100080000010000ff0200');
const FORMS: readonly CipheringForm[] = [
  'service-specific',
  'general-glo',
  'general-ded',
  'identified-key',
  'wrapped-key',
  'one-pass-diffie-hellman',
  'static-unified-model',
];
const random = new SeededRandom(17);
const DEDICATED = random.bytes(16);

const side = (role: 'client' | 'server'): MessageSecurity =>
  new MessageSecurity({
    ...MATERIAL[1][role],
    suite: 1,
    systemTitle: role === 'client' ? KEYS.clientTitle : KEYS.serverTitle,
    dedicatedKey: DEDICATED,
    nextInvocationCounter: counterFrom(1),
    randomBytes: (length) => random.bytes(length),
  });

const sender = side('client');
const receiver = side('server');
const SEALED: readonly Uint8Array[] = FORMS.flatMap((form) =>
  [false, true].map((signed) => {
    const protection: Protection = { policy: 'auth-enc', form, signed, key: 'unicast' };
    return sender.protect(PLAIN, protection, KEYS.serverTitle);
  }),
);
const WRAPPED = wrapKey(DEDICATED, random.bytes(16));
const GENERAL = ['truncated', 'apdu-invalid', 'axdr-invalid'] as const;

export const PROTECTED_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'general-ciphering',
    seeds: SEALED.filter(([tag]) => tag === 0xdd),
    refuses: GENERAL,
    run: (input) => void decodeGeneralCiphering(input),
  },
  {
    name: 'general-signing',
    seeds: [
      sender.protect(
        PLAIN,
        { policy: 'none', form: 'service-specific', signed: true, key: 'unicast' },
        KEYS.serverTitle,
      ),
    ],
    refuses: GENERAL,
    run: (input) => void decodeGeneralSigning(input),
  },
  {
    name: 'opening of protected APDUs',
    seeds: SEALED,
    refuses: [
      ...GENERAL,
      'decryption-failed',
      'unsupported',
      'invalid-field',
      'invocation-counter-exhausted',
    ],
    run(input) {
      const { plaintext, protection } = receiver.open(input, KEYS.clientTitle);
      const authenticated = protection.policy === 'auth' || protection.policy === 'auth-enc';
      // What verifies is what was sent: a changed byte that a tag or signature covers must not get through.
      if ((authenticated || protection.signed) && !plaintext.every((byte, i) => byte === PLAIN[i])) {
        throw new Broken('other content under a good tag');
      }
    },
  },
  {
    name: 'certificate',
    seeds: (['signature', 'agreement'] as const).map((use) =>
      issue({
        title: KEYS.serverTitle,
        use,
        publicKey: MATERIAL[1].server.signingKey?.publicKey ?? new Uint8Array(),
      }),
    ),
    refuses: ['invalid-argument', 'overflow', 'unsupported'],
    run: (input) => void parseCertificate(1, input),
  },
  {
    name: 'unwrapping of keys',
    seeds: [WRAPPED],
    refuses: ['invalid-argument'],
    run(input) {
      const key = unwrapKey(DEDICATED, input);
      if (key !== undefined && !input.every((byte, i) => byte === WRAPPED[i])) throw new Broken('unwrapped');
    },
  },
];
