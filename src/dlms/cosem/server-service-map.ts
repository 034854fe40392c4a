import { DcuError } from '../../base/errors.ts';
import { hasLongInvokeBit } from '../apdu/access.ts';
import { CONFIRMED } from '../apdu/fields.ts';
import { TAG } from '../apdu/tags.ts';
import type { LogicalDevice } from '../server-types.ts';
import { AccessService } from './server-access.ts';
import { ActionService } from './server-action.ts';
import { GetService } from './server-get.ts';
import type { Service, ServiceLimits, ServiceReply } from './server-services.ts';
import { SetService } from './server-set.ts';
import { shortNameServices } from './short-name-services.ts';

/** The services that an association offers, by the tag of their requests. */
export function servicesOf(limits: ServiceLimits, device: LogicalDevice): ReadonlyMap<number, Service> {
  if (limits.referencing === 'sn') return shortNameServices(limits, device);
  return new Map<number, Service>([
    // A GET without an answer makes no sense; clients that ask for one have set the bit by mistake.
    [TAG.getRequest, new GetService(limits)],
    [TAG.setRequest, new SilentUnlessConfirmed(new SetService(limits), hasConfirmedBit)],
    [TAG.actionRequest, new SilentUnlessConfirmed(new ActionService(limits), hasConfirmedBit)],
    [TAG.accessRequest, new SilentUnlessConfirmed(new AccessService(limits), hasLongConfirmedBit)],
  ]);
}

/** Does what an unconfirmed request asks for and says nothing, whatever comes of it. */
class SilentUnlessConfirmed implements Service {
  readonly #service: Service;
  readonly #isConfirmed: (plain: Uint8Array) => boolean;

  constructor(service: Service, isConfirmed: (plain: Uint8Array) => boolean) {
    this.#service = service;
    this.#isConfirmed = isConfirmed;
  }

  receive(plain: Uint8Array): ServiceReply {
    if (this.#isConfirmed(plain)) return this.#service.receive(plain);
    try {
      const reply = this.#service.receive(plain);
      return 'job' in reply ? { job: { ...reply.job, finish: () => undefined } } : { apdu: undefined };
    } catch (error) {
      // Not even a refusal is due.
      if (error instanceof DcuError) return { apdu: undefined };
      throw error;
    }
  }
}

/** Tag, type, invoke-id-and-priority. What is too short to tell is refused like a confirmed request. */
function hasConfirmedBit(plain: Uint8Array): boolean {
  return plain.length < 3 || ((plain[2] ?? 0) & CONFIRMED) !== 0;
}

/** Tag, long-invoke-id-and-priority. */
function hasLongConfirmedBit(plain: Uint8Array): boolean {
  return plain.length < 5 || hasLongInvokeBit((plain[1] ?? 0) << 24, 'confirmed');
}
