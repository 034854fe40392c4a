import type { Clock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import type { AssociationPolicy, ServerEvent } from '../dlms/server.ts';
import { EVENT } from './event-codes.ts';
import { type Fault, type FaultKind, FaultSet } from './faults.ts';
import { MeteringPoint } from './metering-point.ts';
import { seedFor } from './noise.ts';
import { type MeterPlan, simulatedKey } from './plan.ts';

export interface MeterWorld {
  readonly seed: number;
  readonly clock: Clock;
  /** Beginning of the simulation, UTC ms. */
  readonly startMs: number;
  readonly liveOutages: boolean;
}

/** The client that everybody may be: clock, identification and invocation counter only. */
export const PUBLIC_CLIENT = 16;
/** Counters count in sixteenths of a second since 2025 at power-up, so that a restart never falls behind. */
const COUNTER_EPOCH_MS = Date.UTC(2025, 0, 1);
const WRONG_KEYS = 9;

/** One meter of the neighbourhood: what it measures, whom it lets in, and what is wrong with it. */
export class SimulatedMeter {
  readonly plan: MeterPlan;
  readonly point: MeteringPoint;
  readonly faults: FaultSet;
  /** For its challenges. */
  readonly random: SeededRandom;
  readonly #world: MeterWorld;
  readonly #accepted = new Map<number, number>();
  readonly #restartListeners = new Set<() => void>();
  #counter: number;
  /** When it was last known to have power. */
  #aliveMs: number;
  #startingUntilMs = Number.NEGATIVE_INFINITY;
  #cancelReboot: (() => void) | undefined;

  constructor(plan: MeterPlan, world: MeterWorld) {
    this.plan = plan;
    this.#world = world;
    const { seed, startMs, liveOutages } = world;
    this.point = new MeteringPoint({ ...plan, seed, startMs, liveOutages });
    this.faults = new FaultSet(new SeededRandom(seedFor(seed, `faults ${plan.meterNo}`)));
    this.random = new SeededRandom(seedFor(seed, `challenges ${plan.meterNo}`));
    this.#aliveMs = startMs;
    this.#counter = Math.max(1, Math.floor(((startMs - COUNTER_EPOCH_MS) * 16) / 1000)) % 2 ** 32;
  }

  /** True time, UTC ms. */
  now(): number {
    return this.#world.clock.now();
  }

  /**
   * Without power, or starting after a reboot: nothing is heard and nothing said. Whoever asks for the first time
   * after an outage finds the associations gone.
   */
  isMuted(): boolean {
    if (this.#world.clock.monotonicMs() < this.#startingUntilMs) return true;
    if (!this.#world.liveOutages) return false;
    const nowMs = this.now();
    if (this.point.isOut(nowMs)) return true;
    const poweredUp = this.point.outages(nowMs).some(({ endMs }) => endMs > this.#aliveMs && endMs <= nowMs);
    this.#aliveMs = nowMs;
    if (poweredUp) this.#restart();
    return poweredUp;
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
    const { auth, suite } = plan;
    const policy = auth === 'hls-gmac' ? 'auth-enc' : 'none';
    const own = { clientAddress: plan.client, auth, policy, referencing } as const;
    return [open, { ...own, ...(suite === undefined ? {} : { suite }), ...this.#credentials() }];
  }

  /** What proves a client's right, or something else while the meter has the wrong keys. */
  #credentials(): Partial<AssociationPolicy> {
    const { password, hookFor, signingKeys, encryptionKey, authenticationKey, meterNo } = this.plan;
    const wrong = this.faults.has('wrong-key');
    const wrongSeed = seedFor(this.#world.seed, `wrong ${meterNo}`);
    const key = (right: Uint8Array, which: number): Uint8Array =>
      wrong ? simulatedKey(wrongSeed, which, right.length) : right;
    const secret =
      password === undefined ? undefined : new TextEncoder().encode(wrong ? `!${password}` : password);
    return {
      ...(secret && { password: secret }),
      ...(secret && hookFor && { hook: hookFor(secret) }),
      ...(encryptionKey && { encryptionKey: key(encryptionKey, WRONG_KEYS) }),
      ...(authenticationKey && { authenticationKey: key(authenticationKey, WRONG_KEYS + 1) }),
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

  nextInvocationCounter(): number {
    return this.#counter++;
  }

  /** Whether a client's counter is above all that were accepted from it; remembers it then. */
  acceptInvocationCounter(clientAddress: number, counter: number): boolean {
    if (counter <= this.lastAcceptedCounter(clientAddress)) return false;
    this.#accepted.set(clientAddress, counter);
    return true;
  }

  lastAcceptedCounter(clientAddress: number): number {
    return this.#accepted.get(clientAddress) ?? 0;
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
