import { DcuError } from '../../../src/base/errors.ts';
import type { Effect, Input } from '../../../src/base/machine.ts';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { encodeAare } from '../../../src/dlms/apdu/aare.ts';
import { decodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { encodeActionResponse } from '../../../src/dlms/apdu/action.ts';
import { conformanceMask, LN_CONFORMANCE } from '../../../src/dlms/apdu/conformance.ts';
import { encodeInitiateResponse } from '../../../src/dlms/apdu/initiate.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { AssociationConfig, ClientCommand, ClientEvent } from '../../../src/dlms/client.ts';
import { createClientMachine } from '../../../src/dlms/cosem/client-machine.ts';
import type { ClientState } from '../../../src/dlms/cosem/client-states.ts';
import type {
  LinkCommand,
  LinkConfig,
  LinkCounters,
  LinkEvent,
  LinkMachine,
} from '../../../src/dlms/link/link.ts';
import { octetString } from '../../../src/dlms/values.ts';
import { encodeCiphered, SuiteZero } from '../ciphering/reference.ts';
import { counterFrom, KEYS, WRAPPER } from './loopback.ts';

const COUNTERS: LinkCounters = {
  bytesReceived: 0,
  bytesSent: 0,
  framesReceived: 0,
  framesSent: 0,
  rejectedHeaders: 0,
  badFcs: 0,
  retransmissions: 0,
  timeouts: 0,
  ignoredFrames: 0,
};

/** A link that does nothing by itself: events are put in by the test, commands are recorded. */
class ScriptedLink implements LinkMachine {
  readonly counters = COUNTERS;
  readonly commands: LinkCommand[] = [];
  next: LinkEvent[] = [];

  step(input: Input<LinkCommand>): Effect<LinkEvent>[] {
    if (input.on === 'command') this.commands.push(input.command);
    return this.next.splice(0).map((event) => ({ do: 'emit', event }));
  }
}

export interface ScriptedOptions {
  readonly link?: LinkConfig;
  readonly auth?: AuthMechanism;
  readonly policy?: SecurityPolicy;
  readonly association?: Partial<AssociationConfig>;
  /** What the server grants and takes. */
  readonly conformance?: number;
  readonly serverPdu?: number;
}

const PEER = { clientAddress: 1, serverAddress: 1 };
const PARAMETERS = { maxInfoTransmit: 128, maxInfoReceive: 128, windowTransmit: 1, windowReceive: 1 };

/** A client against a server that is written out, APDU by APDU. */
export class ScriptedClient {
  readonly link = new ScriptedLink();
  readonly events: ClientEvent[] = [];
  readonly armed = new Map<string, number>();
  readonly cipher = new SuiteZero(KEYS.encryptionKey, KEYS.authenticationKey);
  /** Invocation counter of the server. */
  counter = 500;
  readonly #client;
  readonly #options: ScriptedOptions;
  #nowMs = 0;

  constructor(options: ScriptedOptions = {}) {
    this.#options = options;
    let random = 1;
    this.#client = createClientMachine(
      {
        link: options.link ?? WRAPPER,
        association: {
          auth: options.auth ?? 'none',
          policy: options.policy ?? 'none',
          password: KEYS.password,
          systemTitle: KEYS.clientTitle,
          encryptionKey: KEYS.encryptionKey,
          authenticationKey: KEYS.authenticationKey,
          nextInvocationCounter: counterFrom(1),
          maxPduSize: 1024,
          ...options.association,
        },
        randomBytes: (length) => new Uint8Array(length).fill(random++),
      },
      this.link,
    );
  }

  command(command: ClientCommand): void {
    this.#take(this.#client.step({ on: 'command', command }, this.#nowMs));
  }

  event(...events: LinkEvent[]): void {
    this.link.next.push(...events);
    this.#take(this.#client.step({ on: 'bytes', bytes: new Uint8Array(0) }, this.#nowMs));
  }

  apdu(apdu: Uint8Array): void {
    this.event({ type: 'apdu', apdu, peer: PEER, unconfirmed: false });
  }

  connected(): void {
    this.event({ type: 'connected', parameters: PARAMETERS, peer: PEER });
  }

  disconnected(error?: DcuError): void {
    this.event({ type: 'disconnected', ...(error ? { error } : {}) });
  }

  timer(timer: string): void {
    this.armed.delete(timer);
    this.#take(this.#client.step({ on: 'timer', timer }, this.#nowMs));
  }

  closed(reason?: DcuError): void {
    this.#take(this.#client.step({ on: 'closed', ...(reason ? { reason } : {}) }, this.#nowMs));
  }

  get state(): ClientState {
    return this.#client.state;
  }

  get lowestMeterCounter(): number | undefined {
    return this.#client.lowestMeterCounter;
  }

  /** The last APDU that was sent. */
  get sent(): Uint8Array {
    const last = this.link.commands.at(-1);
    if (last?.type !== 'send') throw new Error(`the last link command is ${last?.type}`);
    return last.apdu;
  }

  /** The AARE to the AARQ that was just sent. */
  aare(overrides: Partial<Parameters<typeof encodeAare>[0]> = {}): Uint8Array {
    const { auth = 'none', policy = 'none', conformance = conformanceMask(LN_CONFORMANCE) } = this.#options;
    const aarq = decodeAarq(this.sent);
    const initiated = encodeInitiateResponse({
      dlmsVersion: 6,
      conformance,
      serverMaxReceivePduSize: this.#options.serverPdu ?? 1024,
      vaaName: 7,
    });
    return encodeAare({
      context: aarq.context,
      result: 'accepted',
      diagnostic: 'null',
      respondingApTitle: KEYS.serverTitle,
      ...(auth === 'hls-gmac'
        ? { mechanism: 'hls-gmac', authenticationValue: new Uint8Array(16).fill(0x55) }
        : {}),
      userInformation: policy === 'none' ? initiated : this.seal(initiated),
      ...overrides,
    });
  }

  seal(plain: Uint8Array, policy = this.#options.policy ?? 'auth-enc', counter = this.counter++): Uint8Array {
    const sealed = this.cipher.seal(policy, KEYS.serverTitle, counter, plain);
    return encodeCiphered('service-specific', plain[0] ?? 0, KEYS.serverTitle, sealed);
  }

  /** Pass 4 for the challenge of the scripted client's first association. */
  hlsReply(challenge = new Uint8Array(16).fill(1)): Uint8Array {
    const data = encodeData(octetString(this.cipher.gmac(KEYS.serverTitle, this.counter++, challenge)));
    return encodeActionResponse({
      type: 'normal',
      invoke: 0x41,
      response: { result: 'success', returned: { ok: true, data } },
    });
  }

  open(): this {
    this.command({ type: 'open' });
    this.connected();
    this.apdu(this.aare());
    if (this.#options.auth === 'hls-gmac') {
      const reply = this.hlsReply();
      this.apdu((this.#options.policy ?? 'none') === 'none' ? reply : this.seal(reply));
    }
    if (this.events.at(-1)?.type !== 'opened') throw new Error(`not opened: ${JSON.stringify(this.events)}`);
    return this;
  }

  /** Runs `act` and says in short what came of it: link commands, then events. */
  outcome(act: () => void): string {
    const commands = this.link.commands.length;
    const events = this.events.length;
    try {
      act();
    } catch (error) {
      if (error instanceof DcuError) return `throws ${error.code}`;
      throw error;
    }
    const said = this.link.commands
      .slice(commands)
      .map((command) =>
        command.type === 'send' ? `send ${(command.apdu[0] ?? 0).toString(16)}` : command.type,
      );
    const emitted = this.events
      .slice(events)
      .map((event) => ('error' in event ? `${event.type} ${event.error.code}` : event.type));
    return [...said, ...emitted].join(', ');
  }

  #take(effects: readonly Effect<ClientEvent>[]): void {
    for (const effect of effects) {
      if (effect.do === 'emit') this.events.push(effect.event);
      if (effect.do === 'arm') this.armed.set(effect.timer, effect.delayMs);
      if (effect.do === 'disarm') this.armed.delete(effect.timer);
    }
  }
}
