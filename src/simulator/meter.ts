import { concat } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import type { PushSetup } from '../dlms/cosem/push-setup-object.ts';
import { type SecurityChange, storedSecurity } from '../dlms/cosem/security-setup-object.ts';
import { MemorySecurityStore } from '../dlms/cosem/security-store.ts';
import type { AssociationPolicy, CountedKey, ServerEvent } from '../dlms/server.ts';
import { simulatedKey } from './credentials.ts';
import { EVENT } from './event-codes.ts';
import { type Fault, type FaultKind, FaultSet } from './faults.ts';
import type { G3Network } from './g3/network.ts';
import { MeteringPoint } from './metering-point.ts';
import { seedFor } from './noise.ts';
import { isG3, type MeterPlan } from './plan.ts';
import { meterPushSetup } from './push-plan.ts';

export interface MeterWorld {
  readonly seed: number;
  readonly clock: Clock;
  /** Beginning of the simulation, UTC ms. */
  readonly startMs: number;
  readonly liveOutages: boolean;
  /** The G3-PLC network that some of the meters are in. */
  readonly g3?: G3Network;
  /** The metering points below the balance meter. */
  readonly street?: () => readonly MeteringPoint[];
  /** The first invocation counter of each meter; by the time of the start if not given. */
  readonly firstCounter?: number;
}

/** The client that everybody may be: clock, identification and invocation counter only. */
export const PUBLIC_CLIENT = 16;
/** Its association stands without being opened; it sets the clock and nothing else. */
export const BROADCAST_CLIENT = 102;
/**
 * Where nobody says better, counters begin at sixty-fourths of a second since 2026 at power-up, so that a restart hardly falls
 * behind what was used before. They are through their range after two years.
 */
const COUNTER_EPOCH_MS = Date.UTC(2026, 0, 1);
const COUNTS_PER_SECOND = 64;
const COUNTER_RANGE = 2 ** 32;
const WRONG_KEYS = 9;
const WRONG_MARK = new TextEncoder().encode('!');
/** Authenticated and encrypted, in the words of each version of class 64. */
const SECURE_POLICY = { 0: 3, 1: 0b01101100 } as const;

/** One meter of the neighbourhood: what it measures, whom it lets in, and what is wrong with it. */
export class SimulatedMeter {
  readonly plan: MeterPlan;
  readonly point: MeteringPoint;
  readonly faults: FaultSet;
  /** For its challenges. */
  readonly random: SeededRandom;
  /** Its keys and policy, which clients may change as long as it lives. */
  readonly security: MemorySecurityStore;
  /** Of meters that push; clients may change it as long as it lives. */
  readonly pushSetup: PushSetup | undefined;
  /** The G3-PLC network that it is in. */
  readonly g3: G3Network | undefined;
  readonly #world: MeterWorld;
  /** By client and key. */
  readonly #accepted = new Map<string, number>();
  readonly #restartListeners = new Set<() => void>();
  #counter: number;
  /** What the password was changed to. */
  #newSecret: Uint8Array | undefined;
  /** When it was last known to have power. */
  #aliveMs: number;
  /** Whether outages happen to it from now on. */
  #losesPower: boolean;
  #startingUntilMs = Number.NEGATIVE_INFINITY;
  #cancelReboot: (() => void) | undefined;
  #pushNow: () => void = () => {};

  constructor(plan: MeterPlan, world: MeterWorld) {
    this.plan = plan;
    this.#world = world;
    const { seed, startMs, liveOutages } = world;
    const { lossShare } = plan;
    const points = world.street;
    const street =
      lossShare === undefined || points === undefined
        ? {}
        : { street: { points, lossShare, now: () => world.clock.now() } };
    this.point = new MeteringPoint({ ...plan, ...street, seed, startMs, liveOutages });
    this.g3 = isG3(plan.place) ? world.g3 : undefined;
    this.faults = new FaultSet(new SeededRandom(seedFor(seed, `faults ${plan.meterNo}`)));
    this.random = new SeededRandom(seedFor(seed, `challenges ${plan.meterNo}`));
    this.security = storeOf(plan, this.securityVersion);
    this.pushSetup = plan.push && meterPushSetup(plan.push, () => this.askPush());
    this.#aliveMs = startMs;
    this.#losesPower = liveOutages;
    const counts =
      world.firstCounter ?? Math.floor(((startMs - COUNTER_EPOCH_MS) * COUNTS_PER_SECOND) / 1000);
    this.#counter = Math.max(1, ((counts % COUNTER_RANGE) + COUNTER_RANGE) % COUNTER_RANGE);
  }

  /** Of class 64: suites 1 and 2 have key agreement and certificates. */
  get securityVersion(): 0 | 1 {
    return (this.plan.suite ?? 0) === 0 ? 0 : 1;
  }

  /** True time, UTC ms. */
  now(): number {
    return this.#world.clock.now();
  }

  /** Without power, starting after a reboot, or out of its G3 network: nothing is heard and nothing said. */
  isDown(): boolean {
    if (this.#world.clock.monotonicMs() < this.#startingUntilMs) return true;
    if (this.g3?.isJoined(this.plan.meterNo, this.now()) === false) return true;
    return this.#losesPower && this.point.isOut(this.now());
  }

  /** Whether there was an outage since this was asked last; then the associations are gone. */
  hasPoweredUp(): boolean {
    if (!this.#losesPower) return false;
    const nowMs = this.now();
    const poweredUp = this.point.outages(nowMs).some(({ endMs }) => endMs > this.#aliveMs && endMs <= nowMs);
    this.#aliveMs = nowMs;
    if (poweredUp) this.#restart();
    return poweredUp;
  }

  /** As `isDown`; and whoever asks for the first time after an outage finds nothing but the associations gone. */
  isMuted(): boolean {
    return this.isDown() || this.hasPoweredUp();
  }

  /** Takes its power away from now on for so long. */
  cutPower(seconds: number): void {
    const nowMs = this.now();
    this.#losesPower = true;
    this.point.cutPower(nowMs, nowMs + seconds * 1000);
  }

  /** Whom the meter lets in, as its faults have it at the moment. */
  associations(): readonly AssociationPolicy[] {
    const { plan } = this;
    if (this.faults.has('refuse')) return [PUBLIC_CLIENT, plan.client].map((client) => this.#refusal(client));
    const referencing = [plan.referencing ?? 'ln'] as const;
    const open: AssociationPolicy = {
      clientAddress: PUBLIC_CLIENT,
      auth: 'none',
      policy: 'none',
      referencing,
    };
    const stored = storedSecurity(this.securityVersion, this.security);
    return [
      open,
      { ...stored, clientAddress: BROADCAST_CLIENT, auth: 'none', referencing, preEstablished: true },
      { ...stored, clientAddress: plan.client, auth: plan.auth, referencing, ...this.#credentials() },
    ];
  }

  /** What proves a client's right, or something else while the meter has the wrong keys. */
  #credentials(): Partial<AssociationPolicy> {
    const { password, hookFor, signingKeys, encryptionKey, meterNo } = this.plan;
    const wrong = this.faults.has('wrong-key');
    const wrongKey = (which: number, length: number): Uint8Array =>
      simulatedKey(seedFor(this.#world.seed, `wrong ${meterNo}`), which, length);
    const right =
      this.#newSecret ?? (password === undefined ? undefined : new TextEncoder().encode(password));
    const secret = right && wrong ? concat([WRONG_MARK, right]) : right;
    return {
      ...(secret && { password: secret }),
      ...(secret && hookFor && { hook: hookFor(secret) }),
      ...(wrong &&
        encryptionKey && {
          encryptionKey: wrongKey(WRONG_KEYS, encryptionKey.length),
          authenticationKey: wrongKey(WRONG_KEYS + 1, encryptionKey.length),
        }),
      ...(signingKeys && {
        signingKey: signingKeys.meter,
        peerSigningKey: (wrong ? signingKeys.meter : signingKeys.client).publicKey,
      }),
    };
  }

  /** Asks for a mechanism that nobody uses here, so that every AARQ is refused; associations that stand go on. */
  #refusal(clientAddress: number): AssociationPolicy {
    if (clientAddress === this.plan.client && this.plan.auth === 'lls') {
      return { clientAddress, auth: 'hls-gmac', policy: 'none' };
    }
    return { clientAddress, auth: 'lls', policy: 'none' };
  }

  /** A new password or HLS secret: it holds from the next association on. */
  changeSecret(secret: Uint8Array): void {
    this.#newSecret = secret;
  }

  nextInvocationCounter(): number {
    return this.#counter++;
  }

  /** Whether a client's counter is above all that were accepted from it under this key; remembers it then. */
  acceptInvocationCounter(clientAddress: number, counter: number, key: CountedKey = 'unicast'): boolean {
    if (counter <= this.lastAcceptedCounter(clientAddress, key)) return false;
    this.#accepted.set(`${clientAddress} ${key}`, counter);
    return true;
  }

  lastAcceptedCounter(clientAddress: number, key: CountedKey = 'unicast'): number {
    return this.#accepted.get(`${clientAddress} ${key}`) ?? 0;
  }

  /** Writes into the fraud log what an attempt to get in leaves there. */
  observe(event: ServerEvent): void {
    if (event.type !== 'security') return;
    const code = {
      'authentication-failed': EVENT.loginFailed,
      'decryption-failed': EVENT.decryptionFailed,
      'replay-detected': EVENT.replayDetected,
    }[event.code];
    this.point.note({ log: 'fraud', atMs: this.now(), value: code });
  }

  /** Writes into the fraud log what a client has changed about the meter's security. */
  observeChange({ what }: SecurityChange): void {
    const value = what === 'keys-replaced' ? EVENT.keysChanged : EVENT.configurationChanged;
    this.point.note({ log: 'fraud', atMs: this.now(), value });
  }

  /** Brings a fault about. `reboot` and `clock-jump` happen once, the others last until `turnOff`. */
  turnOn(fault: Fault): void {
    if (fault.kind === 'reboot') this.#reboot(fault.seconds);
    else if (fault.kind === 'clock-jump') {
      this.point.clock.set(this.now(), this.point.clock.at(this.now()) + fault.seconds * 1000);
    } else this.faults.turnOn(fault);
  }

  turnOff(kind: FaultKind): void {
    this.faults.turnOff(kind);
  }

  /** Called when the meter has lost its associations; returns how to stop listening. */
  onRestart(listener: () => void): () => void {
    this.#restartListeners.add(listener);
    return () => this.#restartListeners.delete(listener);
  }

  /** As the push method of its setup does. */
  askPush(): void {
    this.#pushNow();
  }

  /** `push` is called when a push is asked for. */
  whenPushIsAsked(push: () => void): void {
    this.#pushNow = push;
  }

  stop(): void {
    this.#cancelReboot?.();
    this.#restartListeners.clear();
  }

  #reboot(seconds: number): void {
    this.#cancelReboot?.();
    this.#startingUntilMs = this.#world.clock.monotonicMs() + seconds * 1000;
    this.#cancelReboot = this.#world.clock.after(seconds * 1000, () => {
      this.point.note({ log: 'standard', atMs: this.now(), value: EVENT.watchdog });
      this.#restart();
    });
  }

  #restart(): void {
    for (const listener of this.#restartListeners) listener();
  }
}

/** What a meter leaves the factory with. */
function storeOf(plan: MeterPlan, version: 0 | 1): MemorySecurityStore {
  const { suite = 0, encryptionKey, authenticationKey, masterKey, signingKeys } = plan;
  return new MemorySecurityStore({
    policy: plan.auth === 'hls-gmac' ? SECURE_POLICY[version] : 0,
    suite,
    keys: {
      ...(encryptionKey ? { encryptionKey } : {}),
      ...(authenticationKey ? { authenticationKey } : {}),
      ...(masterKey ? { masterKey } : {}),
    },
    ...(signingKeys ? { keyPairs: { signature: signingKeys.meter } } : {}),
  });
}
