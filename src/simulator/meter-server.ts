import { type AccessRights, createLogicalDevice, FULL_RIGHTS, readOnly } from '../dlms/cosem/object-model.ts';
import type { LinkConfig } from '../dlms/link/link.ts';
import {
  createServerMachine,
  type LogicalDevice,
  type ServerConfig,
  type ServerMachine,
} from '../dlms/server.ts';
import { BROADCAST_CLIENT, PUBLIC_CLIENT, type SimulatedMeter } from './meter.ts';
import { meterObjects, OPEN_OBJECTS } from './meter-model.ts';

/** Largest PDU that a simulated meter takes; what it sends is bounded by the client's own limit. */
const MAX_PDU = 2048;
const IDLE_TIMEOUT_MS = 180_000;
const HDLC_IDLE_MS = 120_000;
/** Highest bit rate that an opening can change to. */
const FASTEST_OPENING = 19_200;

const CLOCK_CLASS = 8;
const RIGHTS: ReadonlyMap<number, AccessRights> = new Map([
  [PUBLIC_CLIENT, readOnly((object) => OPEN_OBJECTS.has(object.obis))],
  [
    BROADCAST_CLIENT,
    {
      attribute: ({ classId }, index) => (classId === CLOCK_CLASS && index === 2 ? 'write' : 'none'),
      method: () => false,
    },
  ],
]);

/** The server of one connection (or bus station) of a meter. Objects are made here and gone with it. */
export function meterServer(meter: SimulatedMeter): ServerMachine {
  return createServerMachine(meterServerConfig(meter));
}

/** What that server is made of; for meters that are to be broken on purpose. */
export function meterServerConfig(meter: SimulatedMeter): ServerConfig {
  return {
    link: linkOf(meter),
    devices: [meterDevice(meter)],
    maxPduSize: MAX_PDU,
    randomBytes: (length) => meter.random.bytes(length),
    idleTimeoutMs: IDLE_TIMEOUT_MS,
  };
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
    ...(plan.opening === 'mode-e'
      ? { opening: { address: plan.meterNo, baudRate: FASTEST_OPENING, manufacturer: 'ODC', text: 'SIM' } }
      : {}),
  };
}

/** A meter as a logical device: whom it lets in, and the objects that each client sees. */
function meterDevice(meter: SimulatedMeter): LogicalDevice {
  const { plan } = meter;
  return createLogicalDevice({
    address: plan.server,
    systemTitle: plan.systemTitle,
    name: `ODC${plan.meterNo}`,
    objects: meterObjects(meter),
    shortNames: plan.referencing === 'sn',
    associations: () =>
      meter.associations().map((policy) => ({
        ...policy,
        rights: RIGHTS.get(policy.clientAddress) ?? FULL_RIGHTS,
      })),
    changes: {
      secret: (_, secret) => {
        meter.changeSecret(secret);
        return 'success';
      },
    },
    nextInvocationCounter: () => meter.nextInvocationCounter(),
    acceptInvocationCounter: (client, counter, key) => meter.acceptInvocationCounter(client, counter, key),
    expectedInvocationCounter: (client) => meter.lastAcceptedCounter(client) + 1,
  });
}
