import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { SeededRandom } from '../base/random.ts';
import { PushSender } from '../channels/push-sender.ts';
import { tcpOpener } from '../channels/tcp.ts';
import { udpOpener } from '../channels/udp.ts';
import { MessageSecurity } from '../dlms/ciphering/message-security.ts';
import type { AccessSelection, CosemAttribute } from '../dlms/client.ts';
import { pushBody } from '../dlms/cosem/push-body.ts';
import type { PushSetup } from '../dlms/cosem/push-setup-object.ts';
import { untilWindow } from '../dlms/cosem/push-window.ts';
import { fromUtcMs } from '../dlms/datetime.ts';
import { clientAddress, serverAddress } from '../dlms/link/address.ts';
import type { PushRoute } from '../dlms/link/push-route.ts';
import type { LogicalDevice } from '../dlms/server.ts';
import { octetString } from '../dlms/values.ts';
import { offsetMinutesAt } from './calendar.ts';
import type { SimulatedMeter } from './meter.ts';
import { CLOCK, MEASURING_PERIOD_S } from './meter-names.ts';
import { seedFor } from './noise.ts';
import { ENERGY_PROFILE, type PushPlan } from './push-plan.ts';
import { stampBytes } from './row-encoding.ts';

/** Client that pushes are addressed to where the framing says so. */
const RECEIVER = 103;
const CONFIRMATION_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 5000;

export interface MeterPushOptions {
  readonly plan: PushPlan;
  readonly meter: SimulatedMeter;
  readonly setup: PushSetup;
  /** The meter's objects, as its own client sees them. */
  readonly device: LogicalDevice;
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Pushes what the setup of a meter says, as often as its plan says. */
export class MeterPush {
  readonly #options: MeterPushOptions;
  readonly #random: SeededRandom;
  #sender: PushSender | undefined;
  #cancel: (() => void) | undefined;
  #lastRowMs: number;

  constructor(options: MeterPushOptions) {
    const { plan, meter, seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seedFor(seed, `push ${meter.plan.meterNo}`));
    this.#lastRowMs = meter.now() - 4 * MEASURING_PERIOD_S * 1000;
    // The first ones are spread, so that meters do not call at once.
    if (plan.intervalS > 0) this.#wait(this.#random.next() * Math.min(plan.intervalS, 10) * 1000);
  }

  stop(): void {
    this.#cancel?.();
    this.#sender?.stop();
  }

  /** Once the window of the setup is open. Failures are in the log: a meter tells nobody. */
  push(): void {
    const { setup, meter, clock, log } = this.#options;
    const { windows, timing } = setup.settings();
    const delayMs = untilWindow(windows, (aheadMs) => this.#local(meter.now() + aheadMs));
    if (delayMs === undefined) return;
    if (delayMs > 0) {
      clock.after(delayMs, () => this.push());
      return;
    }
    this.#sender?.stop();
    this.#sender = new PushSender({
      opener: this.#opener(),
      route: this.#route(),
      timing: { ...timing, confirmationTimeoutMs: CONFIRMATION_TIMEOUT_MS },
      clock,
      random: this.#random,
      protect: (apdu) => this.#withSecurity((security) => this.#protect(security, apdu)),
      unprotect: (apdu) => this.#withSecurity((security) => security.open(apdu, undefined).plaintext),
      ...(this.#options.plan.maxPdu === undefined ? {} : { maxPdu: this.#options.plan.maxPdu }),
    });
    const untilMs = meter.now();
    const body = pushBody(setup.settings().objects, (attribute, selection) =>
      this.#read(attribute, selection ?? this.#sinceLast(attribute, untilMs)),
    );
    const stamp = stampBytes(meter.plan.zone, meter.point.clock.at(untilMs));
    this.#sender
      .push(body, stamp)
      .then(() => {
        this.#lastRowMs = untilMs;
        if (timing.confirmed) setup.confirmed(stampBytes(meter.plan.zone, meter.point.clock.at(meter.now())));
      })
      .catch((error: unknown) => log.debug('push failed', { ...toDcuError(error).toJSON() }));
  }

  #wait(delayMs: number): void {
    const { plan, meter, clock } = this.#options;
    this.#cancel = clock.after(delayMs, () => {
      this.#wait(plan.intervalS * 1000);
      if (!meter.isMuted() && !meter.faults.has('silence')) this.push();
    });
  }

  #local(utcMs: number): ReturnType<typeof fromUtcMs> {
    const { meter } = this.#options;
    const own = meter.point.clock.at(utcMs);
    return fromUtcMs(own, -offsetMinutesAt(meter.plan.zone, own));
  }

  /** A profile's rows behind those of the push before; other attributes as they are. */
  #sinceLast({ classId, obis }: CosemAttribute, untilMs: number): AccessSelection | undefined {
    if (classId !== 7 || obis !== ENERGY_PROFILE) return undefined;
    const { zone } = this.#options.meter.plan;
    const { clock } = this.#options.meter.point;
    const bound = (utcMs: number) => octetString(stampBytes(zone, clock.at(utcMs)));
    return {
      by: 'range',
      restricting: { classId: 8, obis: CLOCK, attribute: 2 },
      from: bound(this.#lastRowMs + 1000),
      to: bound(untilMs),
    };
  }

  #read(attribute: CosemAttribute, selection: AccessSelection | undefined): Uint8Array | undefined {
    const { device, meter } = this.#options;
    const { client, server } = meter.plan;
    const caller = {
      clientAddress: client,
      auth: meter.plan.auth,
      peer: { clientAddress: client, serverAddress: server },
    };
    const request = { type: 'get', attribute, ...(selection === undefined ? {} : { selection }) } as const;
    return device.handle(request, caller)?.data;
  }

  #opener(): ReturnType<typeof tcpOpener> {
    const { plan, setup, clock } = this.#options;
    // Clients may point the push somewhere else; what names no host and port leaves it where the plan has it.
    const [, host = plan.host, port = String(plan.port)] =
      /^\[?(.+?)\]?:(\d{1,5})$/.exec(setup.settings().destination) ?? [];
    const target = { host, port: Number(port) };
    return plan.transport === 'udp'
      ? udpOpener({ ...target, datagrams: 'any' }, clock)
      : tcpOpener({ ...target, connectTimeoutMs: CONNECT_TIMEOUT_MS }, clock);
  }

  #route(): PushRoute {
    const { framing } = this.#options.plan;
    const { server, physicalAddress, addressBytes } = this.#options.meter.plan;
    switch (framing) {
      case 'wrapper':
        return { framing, source: server, destination: RECEIVER };
      case 'hdlc': {
        const source = serverAddress(server, physicalAddress, addressBytes);
        return { framing, source, destination: clientAddress(RECEIVER) };
      }
      case 'mbus':
        return { framing, address: 0xff, source: server, destination: RECEIVER };
      case 'raw':
        return { framing };
    }
  }

  #protect(security: MessageSecurity, apdu: Uint8Array): Uint8Array {
    const { ciphered } = this.#options.plan;
    if (ciphered === undefined) return apdu;
    return security.protect(apdu, { policy: 'auth-enc', form: ciphered, signed: false, key: 'unicast' });
  }

  /** With the keys that the meter has at the moment. */
  #withSecurity<Result>(use: (security: MessageSecurity) => Result): Result {
    const { meter } = this.#options;
    const { client, suite = 0, systemTitle } = meter.plan;
    const policy = meter.associations().find(({ clientAddress: address }) => address === client);
    const { encryptionKey, authenticationKey } = policy ?? {};
    const security = new MessageSecurity({
      suite,
      systemTitle,
      ...(encryptionKey ? { encryptionKey } : {}),
      ...(authenticationKey ? { authenticationKey } : {}),
      nextInvocationCounter: () => meter.nextInvocationCounter(),
      randomBytes: (length) => this.#random.bytes(length),
    });
    try {
      return use(security);
    } finally {
      security.release();
    }
  }
}
