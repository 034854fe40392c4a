import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Effect, Input } from '../../base/machine.ts';
import { encodeActionRequest } from '../apdu/action.ts';
import { type ConformanceBit, conformanceMask, conformanceNames } from '../apdu/conformance.ts';
import { CONFIRMED, HIGH_PRIORITY } from '../apdu/fields.ts';
import type { InitiateResponse } from '../apdu/initiate.ts';
import { TAG } from '../apdu/tags.ts';
import { encodeData } from '../axdr.ts';
import type { ClientCommand, ClientConfig, ClientEvent, ClientMachine } from '../client-types.ts';
import { createClientLink } from '../link/index.ts';
import type { LinkCommand, LinkCounters, LinkEvent, LinkMachine } from '../link/link.ts';
import {
  type AssociationEvent,
  type AssociationState,
  CHALLENGE_BYTES,
  nextAssociationState,
  REPLY_TO_HLS,
} from './association.ts';
import { ClientHandshake, unusable } from './client-handshake.ts';
import {
  ActionOperation,
  GetOperation,
  notGranted,
  type Operation,
  type OperationLimits,
  planGetBatches,
  SetOperation,
} from './client-operations.ts';
import { ClientSecurity, checkAssociationConfig } from './client-security.ts';
import { CLIENT_TABLE, type ClientAction, type ClientInput, type ClientState } from './client-states.ts';
import { encodeSelection } from './selective-access.ts';

type RequestCommand = Exclude<ClientCommand, { type: 'open' | 'release' }>;

interface Given {
  readonly command?: ClientCommand;
  readonly apdu?: Uint8Array;
  readonly error?: DcuError | undefined;
}

/** Runs only while something came that was no answer; plain silence is the link's to notice. */
const OVERDUE_TIMER = 'client-overdue';
const NOTIFICATIONS: ReadonlySet<number> = new Set([TAG.dataNotification, TAG.eventNotification]);
const LONGEST_APDU = 0xffff;

class Client implements ClientMachine {
  readonly #config: ClientConfig;
  readonly #link: LinkMachine;
  #state: ClientState = 'closed';
  #association: AssociationState = 'idle';
  #security: ClientSecurity;
  #handshake: ClientHandshake;
  #initiated: InitiateResponse | undefined;
  #operation: Operation | undefined;
  #invokeId = 0;
  #failure: DcuError | undefined;
  #watching = false;
  #effects: Effect<ClientEvent>[] = [];
  #nowMs = 0;

  constructor(config: ClientConfig, link: LinkMachine) {
    checkAssociationConfig(config.association);
    this.#config = config;
    this.#link = link;
    // Without keys until `open`: key handles live no longer than an association.
    this.#security = new ClientSecurity({ ...config.association, policy: 'none', auth: 'none' });
    this.#handshake = new ClientHandshake(config.association, this.#security, new Uint8Array(0));
  }

  get counters(): Readonly<LinkCounters> {
    return this.#link.counters;
  }

  get lowestMeterCounter(): number {
    return this.#security.lowestCounter;
  }

  step(input: Input<ClientCommand>, nowMs: number): Effect<ClientEvent>[] {
    this.#effects = [];
    this.#nowMs = nowMs;
    if (input.on === 'command') {
      const { command } = input;
      const isRequest = command.type !== 'open' && command.type !== 'release';
      this.#dispatch(isRequest ? 'request' : command.type, { command });
    } else if (input.on === 'timer' && input.timer === OVERDUE_TIMER) {
      if (this.#watching) this.#dispatch('overdue', {});
    } else {
      this.#drive(input);
      if (input.on === 'closed' && this.#state !== 'closed') {
        this.#dispatch('disconnected', { error: input.reason });
      }
    }
    return this.#effects;
  }

  /** Hands an input to the link and takes in what comes out of it. */
  #drive(input: Input<LinkCommand>): void {
    for (const effect of this.#link.step(input, this.#nowMs)) {
      if (effect.do === 'emit') this.#linkEvent(effect.event);
      else this.#effects.push(effect);
    }
  }

  #linkEvent(event: LinkEvent): void {
    if (event.type === 'apdu') this.#dispatch('apdu', { apdu: event.apdu });
    else this.#dispatch(event.type, event.type === 'disconnected' ? { error: event.error } : {});
  }

  /** An error that an action throws ends the association: what may fail alone is caught closer to it. */
  #dispatch(input: ClientInput, given: Given): void {
    const action = CLIENT_TABLE[this.#state][input];
    if (action === 'misuse') {
      throw new DcuError('conflict', `'${given.command?.type ?? input}' while the client is ${this.#state}`);
    }
    try {
      this.#actions[action](given);
    } catch (error) {
      this.#fail(toDcuError(error));
    }
  }

  readonly #actions: Readonly<Record<Exclude<ClientAction, 'misuse'>, (given: Given) => void>> = {
    ignore: () => {},
    connect: () => this.#connect(),
    refuse: () =>
      this.#emit({ type: 'request-failed', error: new DcuError('link-closed', 'there is no association') }),
    confirmRelease: () => this.#emit({ type: 'released' }),
    associate: () => this.#associate(),
    judgeAare: ({ apdu }) => apdu && this.#judgeAare(apdu),
    judgeHlsReply: ({ apdu }) => apdu && this.#judgeHlsReply(apdu),
    start: ({ command }) => command && this.#start(command as RequestCommand),
    advance: ({ apdu }) => apdu && this.#advance(apdu),
    unasked: ({ apdu }) => apdu && this.#unasked(this.#security.unprotect(apdu)),
    releaseAssociation: () => this.#release(),
    hangUp: () => this.#hangUp(),
    finish: () => this.#finish(),
    lose: ({ error }) =>
      this.#close({
        type: 'failed',
        error: error ?? new DcuError('link-closed', 'the server took the link down'),
      }),
    timeOut: () =>
      this.#fail(new DcuError('link-timeout', 'what the server sent was not the answer that is due')),
  };

  #connect(): void {
    this.#failure = undefined;
    const { randomBytes } = this.#config;
    // What was accepted once is not accepted again, also not in the next association.
    const association = { ...this.#config.association, lowestMeterCounter: this.lowestMeterCounter };
    this.#security = new ClientSecurity(association);
    this.#handshake = new ClientHandshake(association, this.#security, randomBytes(CHALLENGE_BYTES.own));
    this.#state = 'linking';
    this.#drive({ on: 'command', command: { type: 'connect' } });
  }

  #associate(): void {
    this.#step('aarq');
    this.#state = 'associating';
    this.#send(this.#handshake.aarq());
  }

  #judgeAare(apdu: Uint8Array): void {
    const { initiated, aare } = this.#handshake.judgeAare(apdu);
    this.#initiated = initiated;
    if (this.#config.association.auth !== 'hls-gmac') {
      this.#opened('aare-accepted');
      return;
    }
    const parameter = this.#handshake.answer(aare);
    this.#step('aare-challenge');
    this.#state = 'authenticating';
    this.#sendProtected(
      encodeActionRequest({ type: 'normal', invoke: this.#nextInvoke(), method: REPLY_TO_HLS, parameter }),
    );
  }

  #judgeHlsReply(apdu: Uint8Array): void {
    this.#handshake.judgeReply(this.#security.unprotect(apdu));
    this.#opened('hls-verified');
  }

  #opened(event: 'aare-accepted' | 'hls-verified'): void {
    this.#step(event);
    this.#state = 'ready';
    const initiated = this.#initiated;
    const { serverTitle } = this.#security;
    this.#emit({
      type: 'opened',
      association: {
        conformance: conformanceNames(initiated?.conformance ?? 0),
        serverMaxPduSize: initiated?.serverMaxReceivePduSize ?? 0,
        ...(serverTitle ? { serverSystemTitle: serverTitle } : {}),
      },
    });
  }

  #start(command: RequestCommand): void {
    try {
      if (command.type === 'get-list' && command.attributes.length === 0) {
        this.#emit({ type: 'get-result', results: [] });
        return;
      }
      const operation = this.#operationFor(command);
      const apdu = operation.start();
      this.#operation = operation;
      this.#state = 'busy';
      this.#sendProtected(apdu);
    } catch (error) {
      this.#endRequest({ type: 'request-failed', error: toDcuError(error) });
    }
  }

  #operationFor(command: RequestCommand): Operation {
    const limits: OperationLimits = { invoke: this.#nextInvoke(), maxApdu: this.#maxApdu };
    switch (command.type) {
      case 'get': {
        const { attribute, selection } = command;
        if (selection === undefined) return new GetOperation(limits, [[{ attribute }]]);
        if (!this.#granted('selective-access')) throw notGranted('selective access');
        return new GetOperation(limits, [[{ attribute, selection: encodeSelection(selection) }]]);
      }
      case 'get-list': {
        const requests = command.attributes.map((attribute) => ({ attribute }));
        const lists = this.#granted('multiple-references');
        return new GetOperation(limits, planGetBatches(requests, lists, limits.maxApdu));
      }
      case 'set': {
        const blocks = this.#granted('block-transfer-with-set-or-write');
        return new SetOperation(limits, command.attribute, encodeData(command.value), blocks);
      }
      case 'action': {
        const parameter = command.parameter && encodeData(command.parameter);
        const blocks = this.#granted('block-transfer-with-action');
        return new ActionOperation(limits, command.method, parameter, blocks);
      }
    }
  }

  #advance(apdu: Uint8Array): void {
    const plain = this.#security.unprotect(apdu);
    const tag = plain[0] ?? 0;
    if (NOTIFICATIONS.has(tag)) {
      this.#unasked(plain);
      this.#watch();
      return;
    }
    try {
      if (tag === TAG.exceptionResponse || tag === TAG.confirmedServiceError) throw unusable(plain, 'answer');
      // A late answer to an earlier request: the one that is due may still come.
      if (((plain[2] ?? 0) & 0x0f) !== this.#invokeId) {
        this.#watch();
        return;
      }
      const progress = this.#operation?.receive(plain);
      if (progress?.event) this.#emit(progress.event);
      if (progress?.send) this.#sendProtected(progress.send);
      if (progress?.done) this.#endRequest(progress.done);
    } catch (error) {
      this.#endRequest({ type: 'request-failed', error: toDcuError(error) });
    }
  }

  #endRequest(event: ClientEvent): void {
    this.#unwatch();
    this.#operation = undefined;
    this.#state = 'ready';
    this.#emit(event);
  }

  #unasked(plain: Uint8Array): void {
    if (NOTIFICATIONS.has(plain[0] ?? 0)) this.#emit({ type: 'notification', apdu: plain });
  }

  /** HDLC takes the association down with the link; the wrapper has nothing but the release request. */
  #release(): void {
    if (this.#config.link.framing === 'hdlc') {
      this.#hangUp();
      return;
    }
    this.#step('rlrq');
    this.#state = 'releasing';
    this.#send(this.#handshake.rlrq(this.#initiated?.conformance ?? 0));
  }

  #fail(error: DcuError): void {
    if (this.#state === 'closed') {
      this.#emit({ type: 'failed', error });
      return;
    }
    this.#failure ??= error;
    this.#hangUp();
  }

  #hangUp(): void {
    this.#unwatch();
    this.#state = 'unlinking';
    this.#drive({ on: 'command', command: { type: 'disconnect' } });
  }

  #finish(): void {
    this.#close(this.#failure ? { type: 'failed', error: this.#failure } : { type: 'released' });
  }

  #close(event: ClientEvent): void {
    this.#unwatch();
    this.#state = 'closed';
    this.#association = nextAssociationState(this.#association, 'lost');
    this.#operation = undefined;
    this.#initiated = undefined;
    this.#failure = undefined;
    this.#security.release();
    this.#emit(event);
  }

  #granted(bit: ConformanceBit): boolean {
    return ((this.#initiated?.conformance ?? 0) & conformanceMask([bit])) !== 0;
  }

  /** Longest plain APDU for the server; a size of 0 sets no limit. */
  get #maxApdu(): number {
    const size = this.#initiated?.serverMaxReceivePduSize ?? 0;
    return (size === 0 ? LONGEST_APDU : size) - this.#security.overhead;
  }

  #nextInvoke(): number {
    this.#invokeId = (this.#invokeId % 15) + 1;
    const priority = this.#granted('priority-mgmt-supported') ? HIGH_PRIORITY : 0;
    return CONFIRMED | priority | this.#invokeId;
  }

  #step(event: AssociationEvent): void {
    this.#association = nextAssociationState(this.#association, event);
  }

  #sendProtected(apdu: Uint8Array): void {
    this.#send(this.#security.protect(apdu));
  }

  #send(apdu: Uint8Array): void {
    this.#unwatch();
    this.#drive({ on: 'command', command: { type: 'send', apdu } });
  }

  /** From the first strange APDU on: those that follow put nothing off, or a babbler would hold the line for ever. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    const delayMs = this.#config.link.responseTimeoutMs;
    this.#effects.push({ do: 'arm', timer: OVERDUE_TIMER, delayMs });
  }

  #unwatch(): void {
    if (!this.#watching) return;
    this.#watching = false;
    this.#effects.push({ do: 'disarm', timer: OVERDUE_TIMER });
  }

  #emit(event: ClientEvent): void {
    this.#effects.push({ do: 'emit', event });
  }
}

/**
 * The client role: link, association and services in one machine, one request at a time. The link is that of the
 * configuration unless another is given.
 * Throws `invalid-field` for a configuration that lacks what its mechanism or policy needs, and `conflict` from
 * `step` when a request is given while another is under way.
 */
export function createClientMachine(
  config: ClientConfig,
  link: LinkMachine = createClientLink(config.link),
): ClientMachine {
  return new Client(config, link);
}
