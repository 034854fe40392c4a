import { DcuError } from '../../base/errors.ts';
import { type Aare, decodeAare } from '../apdu/aare.ts';
import { encodeAarq } from '../apdu/aarq.ts';
import { conformanceMask } from '../apdu/conformance.ts';
import { decodeExceptionResponse, exceptionError } from '../apdu/exception.ts';
import {
  DLMS_VERSION,
  decodeInitiateResponse,
  encodeInitiateRequest,
  type InitiateResponse,
} from '../apdu/initiate.ts';
import { encodeRlrq } from '../apdu/release.ts';
import { decodeConfirmedServiceError, serviceError } from '../apdu/service-error.ts';
import { apduName, TAG } from '../apdu/tags.ts';
import { decodeData } from '../axdr.ts';
import { isCiphered } from '../ciphering/ciphered-apdu.ts';
import type { AssociationConfig, ClientEvent } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { octetString } from '../values.ts';
import type { ClientDialect } from './client-dialect.ts';
import type { ClientSecurity } from './client-security.ts';
import { bindsTitles, challengeBytes, isFitChallenge, isHls, proveHls, verifyHls } from './hls.ts';

export interface JudgedAare {
  readonly initiated: InitiateResponse;
  readonly aare: Aare;
}

const UNKNOWN_CONTEXT = 'application-context-name-not-supported';

/** Whether a refusal says that the server speaks another dialect. */
export function isUnknownContext(error: unknown): boolean {
  return error instanceof DcuError && error.facts['diagnostic'] === UNKNOWN_CONTEXT;
}

/** The client's part of AARQ, AARE, HLS passes 3 and 4, and RLRQ: what to send, and what the answers mean. */
export class ClientHandshake {
  readonly #config: AssociationConfig;
  readonly #security: ClientSecurity;
  readonly #challenge: Uint8Array;
  #serverChallenge: Uint8Array | undefined;
  #proposed = 0;

  /** `challenge` is random, of the length that `challengeBytes` says; it is kept for pass 4. */
  constructor(config: AssociationConfig, security: ClientSecurity, challenge: Uint8Array) {
    this.#config = config;
    this.#security = security;
    this.#challenge = challenge.slice();
  }

  aarq(dialect: ClientDialect): Uint8Array {
    const { auth, password, systemTitle, userId } = this.#config;
    const { ciphered, dedicatedKey } = this.#security;
    const offered = this.#config.proposedConformance ?? dialect.conformance;
    this.#proposed = conformanceMask(offered.filter((bit) => ciphered || bit !== 'general-protection'));
    const authenticationValue = isHls(auth) ? this.#challenge : auth === 'lls' ? password : undefined;
    return encodeAarq({
      context: dialect.context(ciphered),
      ...(systemTitle && (ciphered || isHls(auth)) ? { callingApTitle: systemTitle } : {}),
      ...(userId === undefined ? {} : { callingAeInvocationId: userId }),
      mechanism: auth,
      ...(authenticationValue ? { authenticationValue } : {}),
      userInformation: this.#security.protect(this.#initiateRequest(this.#proposed, dedicatedKey)),
    });
  }

  /**
   * What was negotiated; nothing that was not proposed is. Throws `association-refused` with the server's result and diagnostic,
   * `exception-response`, or what is wrong with the protection of the answer.
   */
  judgeAare(apdu: Uint8Array): JudgedAare {
    if (apdu[0] !== TAG.aare) throw unusable(apdu, 'aare');
    const aare = decodeAare(apdu);
    this.#security.learnServerTitle(aare.respondingApTitle);
    if (aare.result !== 'accepted') throw refusal(aare);
    const user = this.#security.unprotect(aare.userInformation ?? new Uint8Array(0));
    if (user[0] !== TAG.initiateResponse) throw unusable(user, 'initiate-response');
    const stated = decodeInitiateResponse(user);
    const initiated = { ...stated, conformance: stated.conformance & this.#proposed };
    this.#security.grant(initiated.conformance);
    return { initiated, aare };
  }

  /**
   * Parameter of reply_to_HLS_authentication: pass 3. Throws `authentication-failed` for an unfit challenge, for
   * another mechanism than was asked for, and where a system title is due and not there.
   */
  answer(aare: Aare): DlmsData {
    const { auth } = this.#config;
    const challenge = aare.authenticationValue;
    const { least, most } = challengeBytes(auth);
    if (!isHls(auth) || (aare.mechanism !== undefined && aare.mechanism !== auth)) {
      throw new DcuError('authentication-failed', `the server goes on with ${aare.mechanism}, not ${auth}`);
    }
    if (!isFitChallenge(auth, challenge, undefined)) {
      throw new DcuError(
        'authentication-failed',
        `the server sends no challenge of ${least} to ${most} bytes`,
      );
    }
    if (!isFitChallenge(auth, challenge, this.#challenge)) {
      throw new DcuError('authentication-failed', 'the server sends our own challenge back');
    }
    if (bindsTitles(auth) && this.#security.serverTitle === undefined) {
      throw new DcuError('authentication-failed', 'the server does not state its system title');
    }
    this.#serverChallenge = challenge;
    const proof = { prover: 'client', challenge, ownChallenge: this.#challenge } as const;
    const { systemTitle } = this.#config;
    return octetString(
      proveHls(auth, this.#security.credentials, {
        ...proof,
        ...(systemTitle ? { proverTitle: systemTitle } : {}),
        ...(this.#security.serverTitle ? { verifierTitle: this.#security.serverTitle } : {}),
      }),
    );
  }

  /** Pass 4, the result of reply_to_HLS. Throws `authentication-failed` unless the server proves that it knows the keys. */
  judgeReply(reply: ClientEvent): void {
    if (reply.type !== 'action-result') throw new DcuError('internal', `${reply.type} in the authentication`);
    const { result, data } = reply;
    if (result !== 'success') {
      throw new DcuError('authentication-failed', `the server answers ${result}`, { facts: { result } });
    }
    const value = data && decodeData(data);
    if (value?.type !== 'octet-string' || !this.#proves(value.value)) {
      throw new DcuError('authentication-failed', 'the server does not prove that it knows the keys');
    }
  }

  #proves(value: Uint8Array): boolean {
    const { auth, systemTitle } = this.#config;
    const { serverTitle, credentials } = this.#security;
    const ownChallenge = this.#serverChallenge;
    if (!isHls(auth) || ownChallenge === undefined) return false;
    const proof = { prover: 'server', challenge: this.#challenge, ownChallenge } as const;
    return verifyHls(
      auth,
      credentials,
      {
        ...proof,
        ...(serverTitle ? { proverTitle: serverTitle } : {}),
        ...(systemTitle ? { verifierTitle: systemTitle } : {}),
      },
      value,
    );
  }

  /** In a ciphered association the release must be ciphered too, so it carries an InitiateRequest. */
  rlrq(conformance: number): Uint8Array {
    if (!this.#security.ciphered) return encodeRlrq({ reason: 0 });
    const userInformation = this.#security.protect(this.#initiateRequest(conformance));
    return encodeRlrq({ reason: 0, userInformation });
  }

  #initiateRequest(conformance: number, dedicatedKey?: Uint8Array): Uint8Array {
    return encodeInitiateRequest({
      ...(dedicatedKey ? { dedicatedKey } : {}),
      responseAllowed: true,
      dlmsVersion: DLMS_VERSION,
      conformance,
      clientMaxReceivePduSize: this.#config.maxPduSize,
    });
  }
}

function refusal(aare: Aare): DcuError {
  const user = aare.userInformation;
  const reason =
    user?.[0] === TAG.confirmedServiceError ? serviceError(decodeConfirmedServiceError(user)).facts : {};
  const { result, diagnostic } = aare;
  return new DcuError('association-refused', `the server refuses the association: ${result}, ${diagnostic}`, {
    facts: { ...reason, result, diagnostic },
  });
}

/** What an APDU that is not the one due means. */
export function unusable(apdu: Uint8Array, due: string): DcuError {
  const tag = apdu[0] ?? 0;
  if (tag === TAG.exceptionResponse) return exceptionError(decodeExceptionResponse(apdu));
  if (tag === TAG.confirmedServiceError) return serviceError(decodeConfirmedServiceError(apdu));
  const found = apdu.length === 0 ? 'nothing' : isCiphered(tag) ? 'a ciphered APDU' : apduName(tag);
  return new DcuError('apdu-unexpected', `${found} where ${due} is due`, { offset: 0 });
}
