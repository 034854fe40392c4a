import { DcuError, toDcuError } from '../../base/errors.ts';
import type { ConformanceBit } from '../apdu/conformance.ts';
import { DLMS_VERSION, encodeInitiateResponse, VAA_NAMES } from '../apdu/initiate.ts';
import { decodeDataNotificationConfirm } from '../apdu/notification.ts';
import { decodeRlrq, encodeRlre } from '../apdu/release.ts';
import { TAG } from '../apdu/tags.ts';
import { encodeData } from '../axdr.ts';
import type { CosemAttribute } from '../client-types.ts';
import type { LinkPeer } from '../link/link.ts';
import type { Caller, CosemResponse, ServerEvent } from '../server-types.ts';
import { octetString } from '../values.ts';
import { type AssociationState, nextAssociationState, REPLY_TO_HLS } from './association.ts';
import { ServerBlocks } from './server-blocks.ts';
import {
  type Accepted,
  acceptAarq,
  clientProves,
  type HandshakeContext,
  preEstablish,
  serverProof,
} from './server-handshake.ts';
import { refuse, refuseAarq } from './server-refusals.ts';
import { isUnconfirmed } from './server-security.ts';
import { servicesOf } from './server-service-map.ts';
import { isGranted, type Job, type Service, type ServiceReply } from './server-services.ts';
import { REPLY_TO_HLS_SN } from './short-name-table.ts';

/** What an APDU leads to: an answer, a job whose answer is made later, and events. */
export interface Outcome {
  readonly reply?: Uint8Array;
  /** Blocks that follow the reply at once. */
  readonly stream?: readonly Uint8Array[];
  readonly job?: Job;
  readonly events: readonly ServerEvent[];
}

const LONGEST_APDU = 0xffff;

/** One pair of client and server address: its association, and its services while it stands. */
export class ServerAssociation {
  /** With the policy that the present association, or the last one, was judged by. */
  #context: HandshakeContext;
  readonly #peer: LinkPeer;
  #state: AssociationState = 'idle';
  #accepted: Accepted | undefined;
  #services: ReadonlyMap<number, Service> = new Map();
  readonly #blockWindow: number;
  /** General block transfer, where it was granted. */
  #blocks: ServerBlocks | undefined;

  /** `blockWindow`: general blocks in one go. */
  constructor(context: Omit<HandshakeContext, 'policy'>, peer: LinkPeer, blockWindow = 1) {
    this.#context = { ...context, policy: undefined };
    this.#peer = peer;
    this.#blockWindow = blockWindow;
  }

  get state(): AssociationState {
    return this.#state;
  }

  get caller(): Caller {
    const auth = this.#context.policy?.auth ?? 'none';
    const accepted = this.#accepted;
    return {
      clientAddress: this.#peer.clientAddress,
      auth,
      peer: this.#peer,
      ...(accepted
        ? {
            referencing: accepted.limits.referencing,
            ...(accepted.clientTitle ? { systemTitle: accepted.clientTitle } : {}),
            ...(accepted.userId === undefined ? {} : { userId: accepted.userId }),
            ...(accepted.security.ciphered ? { protection: accepted.security.requestProtection } : {}),
            context: {
              ciphered: accepted.security.ciphered,
              conformance: accepted.limits.conformance,
              maxReceivePduSize: this.#context.maxPduSize,
              maxSendPduSize: accepted.clientMaxPduSize,
            },
          }
        : {}),
    };
  }

  receive(apdu: Uint8Array): Outcome {
    try {
      switch (apdu[0]) {
        case TAG.aarq:
          return this.#associate(apdu);
        case TAG.rlrq:
          return this.#release(apdu);
        case TAG.generalBlockTransfer:
          return this.#block(apdu);
        case TAG.dataNotificationConfirm:
          return this.#serve(apdu);
        default:
          // A request ends the transfer of an earlier answer.
          this.#blocks?.reset();
          return this.#serve(apdu);
      }
    } catch (error) {
      if (this.#state === 'idle') this.drop();
      return this.#refuse(toDcuError(error));
    }
  }

  /** The protected answer of a finished job; an exception response when it cannot be encoded. */
  finish(job: Job, responses: readonly CosemResponse[]): Outcome {
    try {
      for (const { protection } of responses) this.#accepted?.security.raise(protection);
      return this.#answer(job.finish(responses));
    } catch (error) {
      return this.#refuse(toDcuError(error));
    } finally {
      // What stood for one request is over with it.
      if (this.#state === 'idle') this.drop();
    }
  }

  /** Ends the association, if there is one, without a word to the client. */
  drop(): readonly ServerEvent[] {
    const stood = this.#state === 'associated';
    this.#state = nextAssociationState(this.#state, 'lost');
    this.#accepted?.security.release();
    this.#accepted = undefined;
    this.#services = new Map();
    this.#blocks = undefined;
    return stood ? [{ type: 'released', clientAddress: this.#peer.clientAddress }] : [];
  }

  #associate(apdu: Uint8Array): Outcome {
    // A client that begins anew has lost the association that stood.
    const events: ServerEvent[] = [...this.drop()];
    const { associations } = this.#context.device;
    const policy = associations.find((one) => one.clientAddress === this.#peer.clientAddress);
    this.#context = { ...this.#context, policy };
    this.#step('aarq');
    try {
      const accepted = acceptAarq(apdu, this.#context);
      this.#accepted = accepted;
      this.#services = servicesOf(accepted.limits, this.#context.device);
      this.#blocks = this.#blocksFor(accepted);
      this.#step(accepted.challenges ? 'aare-challenge' : 'aare-accepted');
      if (this.#state === 'associated') events.push(this.#associated());
      return { reply: accepted.aare, events };
    } catch (error) {
      this.#step('aare-rejected');
      const refused = refuseAarq(apdu, toDcuError(error), this.#peer.clientAddress);
      return { ...refused, events: [...events, ...refused.events] };
    }
  }

  #associated(): ServerEvent {
    return { type: 'associated', caller: this.caller };
  }

  /** In a ciphered association the release must carry a protected InitiateRequest, and is answered in kind. */
  #release(apdu: Uint8Array): Outcome {
    const accepted = this.#current();
    if (accepted === undefined) throw notPossible();
    const { userInformation } = decodeRlrq(apdu);
    const { security } = accepted;
    if (security.ciphered) security.unprotect(userInformation ?? new Uint8Array(0));
    this.#step('rlrq');
    const initiated = encodeInitiateResponse({
      dlmsVersion: DLMS_VERSION,
      conformance: accepted.limits.conformance,
      serverMaxReceivePduSize: this.#context.maxPduSize,
      vaaName: VAA_NAMES[accepted.limits.referencing],
    });
    const reply = encodeRlre({
      reason: 0,
      ...(userInformation ? { userInformation: security.protect(initiated) } : {}),
    });
    this.#step('rlre');
    this.drop();
    return { reply, events: [{ type: 'released', clientAddress: this.#peer.clientAddress }] };
  }

  #serve(apdu: Uint8Array): Outcome {
    const before = this.#current();
    const accepted = before ?? this.#preEstablished();
    if (accepted === undefined) throw notPossible();
    const plain = accepted.security.unprotect(apdu);
    // Nobody has proved anything: what is done for such a client is told to nobody.
    if (before === undefined && !isUnconfirmed(plain)) throw notPossible();
    if (plain[0] === TAG.dataNotificationConfirm) return { events: [this.#confirmed(plain)] };
    const service = this.#services.get(plain[0] ?? 0);
    if (service === undefined) {
      throw new DcuError('apdu-unexpected', 'no such service', { facts: { tag: plain[0] ?? 0 } });
    }
    if (this.#state === 'challenged') {
      // Nobody who has not proved himself makes a service keep anything.
      const isProof = accepted.limits.referencing === 'sn' || plain[0] === TAG.actionRequest;
      if (!isProof) throw notPossible();
      return this.#authenticate(service.receive(plain), accepted);
    }
    const reply = service.receive(plain);
    return 'job' in reply ? { job: reply.job, events: [] } : this.#answer(reply.apdu);
  }

  /** Stands for the one request. */
  #preEstablished(): Accepted | undefined {
    const { clientAddress } = this.#peer;
    const policy = this.#context.device.associations.find(
      (one) => one.clientAddress === clientAddress && one.preEstablished === true,
    );
    if (policy === undefined) return undefined;
    this.#context = { ...this.#context, policy };
    this.#accepted = preEstablish(policy, this.#context);
    this.#services = servicesOf(this.#accepted.limits, this.#context.device);
    return this.#accepted;
  }

  /** HLS pass 3, answered with pass 4; nothing else is served before. */
  #authenticate(reply: ServiceReply, accepted: Accepted): Outcome {
    const [item, further] = 'job' in reply ? reply.job.items : [];
    const isProof = item !== undefined && 'method' in item && isReplyToHls(item.method);
    if (!('job' in reply) || !isProof || further !== undefined) {
      throw notPossible();
    }
    const value = item.parameter;
    const proof =
      value?.type === 'octet-string' && clientProves(this.#context, accepted, value.value)
        ? serverProof(this.#context, accepted)
        : undefined;
    if (proof !== undefined) {
      this.#step('hls-verified');
      const data = encodeData(octetString(proof));
      return {
        ...this.#answer(reply.job.finish([{ result: 'success', data }])),
        events: [this.#associated()],
      };
    }
    const { clientAddress } = this.#peer;
    const refusal = this.#answer(reply.job.finish([{ result: 'other-reason' }]));
    this.#step('hls-failed');
    this.drop();
    return {
      ...refusal,
      events: [
        { type: 'refused', clientAddress, diagnostic: 'authentication-failure' },
        { type: 'security', code: 'authentication-failed', clientAddress },
      ],
    };
  }

  #answer(plain: Uint8Array | undefined): Outcome {
    if (plain === undefined) return { events: [] };
    const accepted = this.#accepted;
    if (accepted === undefined) return { reply: plain, events: [] };
    const secured = accepted.security.protect(plain);
    const inBlocks = this.#state === 'associated' ? this.#blocks : undefined;
    return streamOf(inBlocks?.answer(secured) ?? [secured]);
  }

  /** What was accepted. An association that stands takes over the keys and the policy that the device has by now. */
  #current(): Accepted | undefined {
    const accepted = this.#accepted;
    const { device, policy } = this.#context;
    if (accepted === undefined || this.#state !== 'associated') return accepted;
    const now = device.associations.find(
      (one) => one.clientAddress === policy?.clientAddress && one.auth === policy.auth,
    );
    if (now !== undefined) accepted.security.follow(now);
    return accepted;
  }

  #refuse(error: DcuError): Outcome {
    this.#blocks?.reset();
    return refuse(error, this.#peer.clientAddress);
  }

  /**
   * A notification for this client, protected as its association asks for, in general blocks where it is long. Throws
   * `conflict` without an association, `apdu-too-long` when it does not fit.
   */
  notify(plain: Uint8Array): readonly Uint8Array[] {
    const accepted = this.#current();
    if (accepted === undefined || this.#state !== 'associated') throw notPossible();
    if (!isGranted(accepted.limits, notificationBit(plain[0] ?? 0))) {
      throw new DcuError('not-granted', 'the client has not agreed to notifications');
    }
    const secured = accepted.security.protect(plain);
    if (secured.length <= longestOf(accepted)) return [secured];
    if (this.#blocks === undefined) {
      throw new DcuError('apdu-too-long', `${secured.length} bytes, the client takes ${longestOf(accepted)}`);
    }
    return this.#blocks.notification(secured);
  }

  #blocksFor(accepted: Accepted): ServerBlocks | undefined {
    if (!isGranted(accepted.limits, 'general-block-transfer')) return undefined;
    return new ServerBlocks(longestOf(accepted), this.#blockWindow);
  }

  #block(apdu: Uint8Array): Outcome {
    const blocks = this.#blocks;
    if (blocks === undefined || this.#state !== 'associated') {
      throw new DcuError('not-granted', 'general block transfer was not negotiated');
    }
    const step = blocks.receive(apdu);
    return step.apdu === undefined ? streamOf(step.send) : this.#serve(step.apdu);
  }

  #confirmed(plain: Uint8Array): ServerEvent {
    const { longInvoke } = decodeDataNotificationConfirm(plain);
    return { type: 'notification-confirmed', clientAddress: this.#peer.clientAddress, longInvoke };
  }

  #step(event: Parameters<typeof nextAssociationState>[1]): void {
    this.#state = nextAssociationState(this.#state, event);
  }
}

function streamOf([reply, ...stream]: readonly Uint8Array[]): Outcome {
  return { ...(reply ? { reply, stream } : {}), events: [] };
}

/** Longest APDU that the client takes, protection and all. */
function longestOf({ clientMaxPduSize }: Accepted): number {
  return clientMaxPduSize === 0 ? LONGEST_APDU : clientMaxPduSize;
}

function notificationBit(tag: number): ConformanceBit {
  if (tag === TAG.informationReport) return 'information-report';
  return tag === TAG.eventNotification ? 'event-notification' : 'data-notification';
}

function notPossible(): DcuError {
  return new DcuError('conflict', 'not possible in this state of the association');
}

function isReplyToHls(method: CosemAttribute): boolean {
  return [REPLY_TO_HLS, REPLY_TO_HLS_SN].some(
    ({ classId, attribute }) =>
      method.classId === classId && method.attribute === attribute && method.obis.startsWith('0.0.40.0.'),
  );
}
