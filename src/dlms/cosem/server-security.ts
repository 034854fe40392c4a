import { DcuError } from '../../base/errors.ts';
import type { SecurityPolicy } from '../../base/model.ts';
import { apduName } from '../apdu/tags.ts';
import { decodeCiphered, encodeCiphered, isCiphered, type PeerForm } from '../ciphering/ciphered-apdu.ts';
import { GENERAL_PROTECTION_OVERHEAD, GlobalCipher } from '../ciphering/global-cipher.ts';
import { satisfies, strongest } from '../ciphering/security-control.ts';
import type { AssociationPolicy, LogicalDevice } from '../server-types.ts';

/** The server's side of message protection during one association. */
export class ServerSecurity {
  /** Whether the application context asks for ciphered APDUs. */
  readonly ciphered: boolean;
  readonly #device: LogicalDevice;
  readonly #policy: AssociationPolicy;
  readonly #clientTitle: Uint8Array | undefined;
  readonly #cipher: GlobalCipher | undefined;
  /** The client is answered the way it asked. */
  #form: PeerForm = 'service-specific';
  #protection: SecurityPolicy;

  constructor(
    device: LogicalDevice,
    policy: AssociationPolicy,
    clientTitle: Uint8Array | undefined,
    ciphered: boolean,
  ) {
    this.ciphered = ciphered;
    this.#device = device;
    this.#policy = policy;
    this.#clientTitle = clientTitle;
    this.#protection = policy.policy;
    const { encryptionKey, authenticationKey } = policy;
    this.#cipher =
      encryptionKey && authenticationKey && (ciphered || policy.auth === 'hls-gmac')
        ? new GlobalCipher(encryptionKey, authenticationKey)
        : undefined;
  }

  /** Bytes that protection may add to an answer. */
  get overhead(): number {
    return this.ciphered ? GENERAL_PROTECTION_OVERHEAD : 0;
  }

  /**
   * The plain APDU. Throws `security-required` when it has less protection than the association asks for,
   * `decryption-failed`, or `replay-detected` with the counter that would be accepted, where the device tells it.
   */
  unprotect(apdu: Uint8Array): Uint8Array {
    const tag = apdu[0] ?? 0;
    if (!isCiphered(tag)) {
      if (this.ciphered) throw lacking(tag);
      return apdu;
    }
    if (!this.ciphered) throw lacking(tag);
    const { form, sealed, systemTitle } = decodeCiphered(apdu);
    const title = systemTitle ?? this.#clientTitle;
    if (this.#cipher === undefined || title === undefined) {
      throw new DcuError('decryption-failed', 'no keys or system title for this client');
    }
    const opened = this.#cipher.open(title, sealed);
    if (opened.policy === 'none' || !satisfies(opened.policy, this.#policy.policy)) throw lacking(tag);
    this.#acceptCounter(opened.invocationCounter);
    this.#form = form;
    this.#protection = strongest(opened.policy, this.#policy.policy);
    return opened.plaintext;
  }

  /** An answer, protected at least as the request that it answers was. */
  protect(apdu: Uint8Array): Uint8Array {
    if (!this.ciphered || this.#cipher === undefined) return apdu;
    const { systemTitle } = this.#device;
    const sealed = this.#cipher.seal(
      this.#protection,
      systemTitle,
      this.#device.nextInvocationCounter(),
      apdu,
    );
    return encodeCiphered(this.#form, apdu[0] ?? 0, systemTitle, sealed);
  }

  /** Whether the client has proved by HLS-GMAC that it knows the keys (pass 3). */
  verify(challenge: Uint8Array, value: Uint8Array): boolean {
    return (
      this.#clientTitle !== undefined &&
      this.#cipher?.verifyGmac(this.#clientTitle, challenge, value) === true
    );
  }

  /** Our own proof (pass 4); undefined without keys. */
  prove(challenge: Uint8Array): Uint8Array | undefined {
    const { systemTitle } = this.#device;
    return this.#cipher?.gmac(systemTitle, this.#device.nextInvocationCounter(), challenge);
  }

  release(): void {
    this.#cipher?.release();
  }

  #acceptCounter(counter: number): void {
    const { clientAddress } = this.#policy;
    if (this.#device.acceptInvocationCounter(clientAddress, counter)) return;
    const expected = this.#device.expectedInvocationCounter?.(clientAddress);
    throw new DcuError('replay-detected', `invocation counter ${counter} was used already`, {
      facts: {
        received: counter,
        ...(expected === undefined ? {} : { expectedInvocationCounter: expected }),
      },
    });
  }
}

function lacking(tag: number): DcuError {
  return new DcuError('security-required', `${apduName(tag)} has not the protection that is asked for`, {
    facts: { tag },
  });
}
