import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { AuthMechanism, Framing, SecuritySuite } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { serialOpener } from '../../src/channels/serial.ts';
import { tcpOpener } from '../../src/channels/tcp.ts';
import type { ConformanceTarget, TargetForm, TargetReferencing } from '../../src/conformance/target.ts';
import type { EcKeyPair } from '../../src/dlms/ciphering/types.ts';
import type { LinkConfig } from '../../src/dlms/link/link.ts';
import { generateEcKeyPair } from '../../src/kernels/index.ts';
import { type ServedMeter, startNeighbourhood } from '../../src/simulator/neighbourhood.ts';
import { type MeterPlan, planNeighbourhood } from '../../src/simulator/plan.ts';

export interface Combination {
  readonly framing: Framing;
  readonly auth: AuthMechanism;
  /** 0 if not given. */
  readonly suite?: SecuritySuite;
  /** `ln` if not given. */
  readonly referencing?: TargetReferencing;
  /** How the tester protects its requests. */
  readonly form?: TargetForm;
  readonly dedicated?: boolean;
  /** Suite 1 or 2; the meter gets key pairs whatever its mechanism is. */
  readonly signed?: boolean;
  /** The tester has a broadcast key. */
  readonly broadcast?: boolean;
  /** On a pseudo-terminal instead of TCP. */
  readonly serial?: boolean;
}

/** How long a simulated meter on this machine needs at most, and how long its silence is believed. */
export const TIMEOUT_MS = 3000;
export const QUIET_MS = 200;

/** Of suites 0 and 1; every meter of a place has it. */
export const BROADCAST_KEY = new Uint8Array(16).fill(0xb7);

export interface SoundMeter {
  readonly served: ServedMeter;
  readonly target: ConformanceTarget;
  stop(): Promise<void>;
}

/** A simulated meter as it is delivered, and how to test it. */
export async function startSoundMeter(combination: Combination): Promise<SoundMeter> {
  const plans = [planFor(combination)];
  const neighbourhood = await startNeighbourhood({
    seed: 7,
    clock: systemClock,
    log: silentLog,
    meters: plans,
  });
  const [served] = neighbourhood.meters;
  if (served === undefined) throw new Error('no meter was started');
  const target = withCombination(targetFor(served, openerOf(served)), combination);
  return { served, target, stop: () => neighbourhood.stop() };
}

/** The plan of a meter for this combination. */
export function planFor({ framing, auth, suite, serial, referencing, signed }: Combination): MeterPlan {
  const [plan] = planNeighbourhood({
    seed: 7,
    meters: 1,
    tcpBase: 0,
    framing,
    auth,
    ...(suite === undefined ? {} : { suite }),
    ...(referencing === undefined ? {} : { referencing }),
    rs485Lines: serial ? 1 : 0,
    metersPerLine: 1,
  });
  if (plan === undefined) throw new Error('no meter was planned');
  return signed === true
    ? { ...plan, signingKeys: { meter: keyPair(suite, 4), client: keyPair(suite, 5) } }
    : plan;
}

function keyPair(suite: SecuritySuite = 0, seed: number): EcKeyPair {
  const random = new SeededRandom(seed);
  return generateEcKeyPair(suite === 2 ? 'P-384' : 'P-256', (length) => random.bytes(length));
}

/** The target with what the combination says about its requests. */
export function withCombination(
  target: ConformanceTarget,
  {
    referencing = 'ln',
    form = 'service-specific',
    dedicated = false,
    signed = false,
    broadcast,
  }: Combination,
): ConformanceTarget {
  const broadcastKey = broadcast === true ? { broadcastKey: BROADCAST_KEY } : {};
  const security = { ...target.security, form, dedicated, signed, ...broadcastKey };
  return { ...target, referencing, security };
}

function openerOf({ host, port, serialPath }: ServedMeter): ConformanceTarget['opener'] {
  if (serialPath !== undefined) {
    return serialOpener({ path: serialPath, baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 });
  }
  if (host === undefined || port === undefined) throw new Error('the meter is nowhere');
  return tcpOpener({ host, port, connectTimeoutMs: TIMEOUT_MS });
}

/** The target for a meter with these credentials. */
export function targetFor(
  meter: Pick<
    ServedMeter,
    | 'framing'
    | 'client'
    | 'server'
    | 'physicalAddress'
    | 'addressBytes'
    | 'auth'
    | 'password'
    | 'encryptionKey'
    | 'authenticationKey'
    | 'suite'
    | 'signingKeys'
  >,
  opener: ConformanceTarget['opener'],
): ConformanceTarget {
  let counter = 1;
  const { password, encryptionKey, authenticationKey, auth, suite = 0, signingKeys } = meter;
  return {
    opener,
    link: linkFor(meter),
    security: {
      auth,
      policy: auth === 'hls-gmac' ? 'auth-enc' : 'none',
      suite,
      systemTitle: new TextEncoder().encode('DCUTEST1'),
      ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
      ...(encryptionKey ? { encryptionKey } : {}),
      ...(authenticationKey ? { authenticationKey } : {}),
      ...(signingKeys ? { signingKey: signingKeys.client, peerSigningKey: signingKeys.meter.publicKey } : {}),
    },
    nextInvocationCounter: () => counter++,
    timeoutMs: TIMEOUT_MS,
    quietMs: QUIET_MS,
    allowWrites: false,
    clock: systemClock,
    random: new SeededRandom(11),
  };
}

function linkFor({
  framing,
  client: clientAddress,
  server: serverAddress,
  physicalAddress,
  addressBytes,
}: Pick<ServedMeter, 'framing' | 'client' | 'server' | 'physicalAddress' | 'addressBytes'>): LinkConfig {
  const common = { clientAddress, serverAddress, responseTimeoutMs: TIMEOUT_MS };
  if (framing === 'wrapper') return { framing, ...common, maxApdu: 65_535 };
  return {
    framing,
    ...common,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    addressBytes,
    maxInfoTransmit: 128,
    maxInfoReceive: 128,
    windowTransmit: 1,
    windowReceive: 1,
    interOctetTimeoutMs: 200,
    retries: 2,
  };
}
