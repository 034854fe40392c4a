import { encodeData } from '../dlms/axdr.ts';
import type { LinkConfig } from '../dlms/link/link.ts';
import {
  type AssociationPolicy,
  type Caller,
  type CosemRequest,
  type CosemResponse,
  createServerMachine,
  type LogicalDevice,
  type ServerMachine,
} from '../dlms/server.ts';
import { logicalName, octetText } from '../dlms/values.ts';
import { associationObject, sapObject } from './association-view.ts';
import { PUBLIC_CLIENT, type SimulatedMeter } from './meter.ts';
import { METER_PROFILES, meterObjects } from './meter-model.ts';
import { profileAttributes, type SimulatedObject } from './meter-objects.ts';
import { readBuffer } from './profile-access.ts';
import { PROFILES } from './profile-rows.ts';

/** Largest PDU that a simulated meter takes; what it sends is bounded by the client's own limit. */
const MAX_PDU = 2048;
const IDLE_TIMEOUT_MS = 180_000;
const HDLC_IDLE_MS = 120_000;

/** The server of one connection (or bus station) of a meter. Objects are made here and gone with it. */
export function meterServer(meter: SimulatedMeter): ServerMachine {
  return createServerMachine({
    link: linkOf(meter),
    devices: [new MeterDevice(meter)],
    maxPduSize: MAX_PDU,
    randomBytes: (length) => meter.random.bytes(length),
    idleTimeoutMs: IDLE_TIMEOUT_MS,
  });
}

function linkOf({ plan }: SimulatedMeter): LinkConfig {
  const common = { clientAddress: plan.client, serverAddress: plan.server };
  if (plan.framing === 'wrapper') {
    return { framing: 'wrapper', ...common, responseTimeoutMs: HDLC_IDLE_MS, maxApdu: 65_535 };
  }
  return {
    framing: 'hdlc',
    ...common,
    ...(plan.physicalAddress === undefined ? {} : { physicalAddress: plan.physicalAddress }),
    addressBytes: plan.addressBytes,
    maxInfoTransmit: 2030,
    maxInfoReceive: 2030,
    windowTransmit: 7,
    windowReceive: 7,
    interOctetTimeoutMs: 200,
    responseTimeoutMs: HDLC_IDLE_MS,
    retries: 3,
  };
}

type View = ReadonlyMap<string, SimulatedObject>;

/** A meter as a DLMS server sees it: who may come in, and the objects that each client sees. */
class MeterDevice implements LogicalDevice {
  readonly address: number;
  readonly systemTitle: Uint8Array;
  readonly #meter: SimulatedMeter;
  readonly #views = new Map<number, View>();

  constructor(meter: SimulatedMeter) {
    this.#meter = meter;
    this.address = meter.plan.server;
    this.systemTitle = meter.plan.systemTitle;
  }

  get associations(): readonly AssociationPolicy[] {
    return this.#meter.associations();
  }

  nextInvocationCounter(): number {
    return this.#meter.nextInvocationCounter();
  }

  acceptInvocationCounter(clientAddress: number, counter: number): boolean {
    return this.#meter.acceptInvocationCounter(clientAddress, counter);
  }

  expectedInvocationCounter(clientAddress: number): number {
    return this.#meter.lastAcceptedCounter(clientAddress) + 1;
  }

  handle(request: CosemRequest, caller: Caller): CosemResponse {
    const target = request.type === 'action' ? request.method : request.attribute;
    const object = this.#view(caller).get(target.obis);
    if (object === undefined) return { result: 'object-undefined' };
    if (object.classId !== target.classId) return { result: 'object-class-inconsistent' };
    switch (request.type) {
      case 'get':
        return this.#get(object, request);
      case 'set': {
        const set = mayWrite(caller) ? object.attributes[target.attribute]?.set : undefined;
        return { result: set?.(request.value) ?? 'read-write-denied' };
      }
      case 'action': {
        const method = mayWrite(caller) ? object.methods?.[target.attribute] : undefined;
        return { result: method?.(request.parameter) ?? 'read-write-denied' };
      }
    }
  }

  #get(object: SimulatedObject, request: Extract<CosemRequest, { type: 'get' }>): CosemResponse {
    const { attribute } = request.attribute;
    if (attribute === 1) return { result: 'success', data: encodeData(logicalName(object.obis)) };
    const profile = METER_PROFILES.find(({ obis }) => obis === object.obis);
    if (profile !== undefined && attribute === 2) {
      const { point } = this.#meter;
      const rows = PROFILES[profile.obis]?.(point, this.#meter.now());
      if (rows === undefined) return { result: 'object-unavailable' };
      return readBuffer(point, profile, rows, request.selection);
    }
    if (request.selection !== undefined) return { result: 'scope-of-access-violated' };
    const served = object.attributes[attribute];
    if (served === undefined || object.secret?.includes(attribute)) return { result: 'read-write-denied' };
    return { result: 'success', data: encodeData(served.get()) };
  }

  #view(caller: Caller): View {
    const known = this.#views.get(caller.clientAddress);
    if (known !== undefined) return known;
    const view = this.#makeView(caller);
    this.#views.set(caller.clientAddress, view);
    return view;
  }

  #makeView(caller: Caller): View {
    const meter = this.#meter;
    const { server, meterNo, client } = meter.plan;
    const policy = meter.associations().find((one) => one.clientAddress === caller.clientAddress) ?? {
      clientAddress: caller.clientAddress,
      auth: caller.auth,
      policy: 'none' as const,
    };
    const all: readonly SimulatedObject[] = [
      ...meterObjects(meter),
      ...METER_PROFILES.map((profile) => ({
        classId: 7,
        version: 1,
        obis: profile.obis,
        attributes: profileAttributes(
          profile,
          () => PROFILES[profile.obis]?.(meter.point, meter.now()).count ?? 0,
        ),
      })),
      sapObject(server, () => octetText(`ODC${meterNo}`)),
      associationObject({
        policy,
        serverAddress: server,
        maxPduSize: MAX_PDU,
        objects: () => [...view.values()],
        writable: caller.clientAddress === client,
      }),
    ];
    const seen = caller.clientAddress === PUBLIC_CLIENT ? all.filter((object) => object.open === true) : all;
    const view: View = new Map(seen.map((object) => [object.obis, object]));
    return view;
  }
}

function mayWrite(caller: Caller): boolean {
  return caller.clientAddress !== PUBLIC_CLIENT;
}
