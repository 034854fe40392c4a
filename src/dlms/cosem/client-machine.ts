import { ByteReader } from '../../base/bytes.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Effect, Input } from '../../base/machine.ts';
import { hasLongInvokeBit } from '../apdu/access.ts';
import { conformanceMask, conformanceNames } from '../apdu/conformance.ts';
import type { InitiateResponse } from '../apdu/initiate.ts';
import { encodeDataNotificationConfirm } from '../apdu/notification.ts';
import { TAG } from '../apdu/tags.ts';
import type { ClientCommand, ClientConfig, ClientEvent, ClientMachine } from '../client-types.ts';
import { createClientLink } from '../link/index.ts';
import type { LinkCommand, LinkCounters, LinkEvent, LinkMachine } from '../link/link.ts';
import {
  type AssociationEvent,
  type AssociationState,
  nextAssociationState,
  REPLY_TO_HLS,
} from './association.ts';
import { ClientBlocks } from './client-blocks.ts';
import { type ClientDialect, isGranted, type RequestCommand, type RequestScope } from './client-dialect.ts';
import { dialectsFor } from './client-dialects.ts';
import { ClientHandshake, isUnknownContext, type JudgedAare, unusable } from './client-handshake.ts';
import { LogicalNameDialect } from './client-logical-names.ts';
import type { Operation } from './client-operations.ts';
import { ClientSecurity, checkAssociationConfig } from './client-security.ts';
import { CLIENT_TABLE, type ClientAction, type ClientInput, type ClientState } from './client-states.ts';
import { GENERAL_BLOCK_ABORT } from './general-blocks.ts';
import { challengeBytes, isHls } from './hls.ts';

interface Given {
  readonly command?: ClientCommand;
  readonly apdu?: Uint8Array;
  readonly error?: DcuError | undefined;
}

/** Runs only while something came that was no answer; plain silence is the link's to notice. */
const OVERDUE_TIMER = 'client-overdue';
/** Runs while a transfer in blocks is under way. */
const BLOCK_TIMER = 'client-blocks';
const BLOCK_SILENCES = 3;
const NOTIFICATIONS: ReadonlySet<number> = new Set([
  TAG.dataNotification,
  TAG.eventNotification,
  TAG.informationReport,
]);
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
  /** General block transfer, where it was granted. */
  #blocks: ClientBlocks | undefined;
  #blockTimer = false;
  /** Dialects that are left to try when the server does not know the present one. */
  #others: readonly (() => ClientDialect)[] = [];
  #dialect: ClientDialect;
  #failure: DcuError | undefined;
  #watching = false;
  #effects: Effect<ClientEvent>[] = [];
  #nowMs = 0;

  constructor(config: ClientConfig, link: LinkMachine) {
    checkAssociationConfig(config.association);
    this.#config = config;
    this.#link = link;
    // Without keys until `open`: key handles live no longer than an association.
    this.#security = new ClientSecurity(
      { ...config.association, policy: 'none', auth: 'none' },
      config.randomBytes,
    );
    this.#handshake = new ClientHandshake(config.association, this.#security, new Uint8Array(0));
    this.#dialect = new LogicalNameDialect();
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
    } else if (input.on === 'timer' && input.timer === BLOCK_TIMER) {
      this.#silence();
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
    if (event.type === 'apdu' && event.apdu[0] === TAG.generalBlockTransfer && this.#blocks) {
      this.#block(event.apdu, this.#blocks, event.unconfirmed);
    } else if (event.type === 'apdu') this.#dispatch('apdu', { apdu: event.apdu });
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
    this.#security = new ClientSecurity(association, randomBytes);
    const challenge = randomBytes(challengeBytes(association.auth).own);
    this.#handshake = new ClientHandshake(association, this.#security, challenge);
    this.#state = 'linking';
    this.#others = dialectsFor(association);
    this.#drive({ on: 'command', command: { type: 'connect' } });
  }

  #associate(): void {
    const [dialect, ...others] = this.#others;
    if (dialect === undefined) throw new DcuError('internal', 'no dialect is left');
    this.#dialect = dialect();
    this.#others = others;
    this.#step('aarq');
    this.#state = 'associating';
    this.#send(this.#handshake.aarq(this.#dialect));
  }

  #judgeAare(apdu: Uint8Array): void {
    const judged = this.#judged(apdu);
    if (judged === undefined) return;
    const { initiated, aare } = judged;
    this.#initiated = initiated;
    if (!isHls(this.#config.association.auth)) {
      this.#opened('aare-accepted');
      return;
    }
    const parameter = this.#handshake.answer(aare);
    this.#step('aare-challenge');
    this.#state = 'authenticating';
    const scope = this.#scope;
    // The mechanism itself asks for this one method, whatever else is granted.
    const conformance = scope.conformance | conformanceMask(['action']);
    const operation = this.#dialect.operationFor(
      { type: 'action', method: REPLY_TO_HLS, parameter },
      { ...scope, conformance },
    );
    this.#operation = operation;
    this.#sendProtected(operation.start());
  }

  /** Undefined when the server does not know the dialect and is asked in another one. */
  #judged(apdu: Uint8Array): JudgedAare | undefined {
    try {
      return this.#handshake.judgeAare(apdu);
    } catch (error) {
      if (this.#others.length === 0 || !isUnknownContext(error)) throw error;
      this.#step('aare-rejected');
      this.#associate();
      return undefined;
    }
  }

  #judgeHlsReply(apdu: Uint8Array): void {
    const plain = this.#security.unprotect(apdu);
    const operation = this.#operation;
    if (operation === undefined) throw new DcuError('internal', 'no proof was asked for');
    if (plain[0] === TAG.exceptionResponse || plain[0] === TAG.confirmedServiceError) {
      throw unusable(plain, 'the proof');
    }
    const { send, done } = operation.receive(plain);
    if (send !== undefined) this.#sendProtected(send);
    if (done === undefined) return;
    this.#operation = undefined;
    this.#handshake.judgeReply(done);
    this.#opened('hls-verified');
  }

  #opened(event: 'aare-accepted' | 'hls-verified'): void {
    this.#step(event);
    this.#state = 'ready';
    const initiated = this.#initiated;
    const { serverTitle } = this.#security;
    const scope = this.#scope;
    if (isGranted(scope, 'general-block-transfer')) {
      const { association, link } = this.#config;
      this.#blocks = new ClientBlocks(association, link, scope.maxApdu + this.#security.overhead);
    }
    this.#emit({
      type: 'opened',
      association: {
        referencing: this.#dialect.referencing,
        conformance: conformanceNames(scope.conformance),
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
      const operation = this.#dialect.operationFor(command, this.#scope);
      if (operation.settled !== undefined) {
        this.#emit(operation.settled);
        return;
      }
      const apdu = operation.start();
      if (operation.unanswered !== undefined) {
        this.#sendUnanswered(apdu);
        this.#emit(operation.unanswered);
        return;
      }
      this.#operation = operation;
      this.#state = 'busy';
      this.#sendProtected(apdu);
    } catch (error) {
      this.#endRequest({ type: 'request-failed', error: toDcuError(error) });
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
      const operation = this.#operation;
      if (operation?.answers(plain) !== true) {
        this.#watch();
        return;
      }
      const progress = operation.receive(plain);
      if (progress.event) this.#emit(progress.event);
      if (progress.send && progress.done) this.#sendUnanswered(progress.send);
      else if (progress.send) this.#sendProtected(progress.send);
      if (progress.done) this.#endRequest(progress.done);
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
    if (!NOTIFICATIONS.has(plain[0] ?? 0)) return;
    if (plain[0] === TAG.dataNotification && plain.length > 5) {
      const longInvoke = new ByteReader(plain, 1).u32();
      if (hasLongInvokeBit(longInvoke, 'confirmed')) {
        this.#sendUnanswered(encodeDataNotificationConfirm({ longInvoke }));
      }
    }
    this.#emit({ type: 'notification', apdu: plain });
  }

  /** One block. What the server says unasked is acknowledged to its end; an answer needs no further word. */
  #block(apdu: Uint8Array, blocks: ClientBlocks, unconfirmed: boolean): void {
    const isAnswer = this.#state === 'busy' && !unconfirmed;
    try {
      const step = blocks.receive(apdu);
      for (const block of step.send) this.#say(block, isAnswer);
      if (step.apdu !== undefined) {
        if (!isAnswer) for (const block of blocks.confirm()) this.#say(block, false);
        this.#dispatch('apdu', { apdu: step.apdu });
      }
    } catch (error) {
      if (isAnswer) {
        this.#say(GENERAL_BLOCK_ABORT, false);
        this.#endRequest({ type: 'request-failed', error: toDcuError(error) });
      }
    }
    this.#timeBlocks();
  }

  #silence(): void {
    this.#blockTimer = false;
    const again = this.#blocks?.silence();
    if (again === undefined) this.#dispatch('overdue', {});
    else for (const block of again) this.#say(block, true);
    this.#timeBlocks();
  }

  #say(apdu: Uint8Array, answered: boolean): void {
    this.#drive({ on: 'command', command: { type: answered ? 'send' : 'send-unconfirmed', apdu } });
  }

  #timeBlocks(): void {
    if (this.#state === 'busy' && this.#blocks?.pending) {
      const delayMs = Math.ceil(this.#config.link.responseTimeoutMs / BLOCK_SILENCES);
      this.#effects.push({ do: 'arm', timer: BLOCK_TIMER, delayMs });
      this.#blockTimer = true;
    } else if (this.#blockTimer) {
      this.#effects.push({ do: 'disarm', timer: BLOCK_TIMER });
      this.#blockTimer = false;
    }
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
    this.#blocks = undefined;
    this.#timeBlocks();
    this.#initiated = undefined;
    this.#failure = undefined;
    this.#security.release();
    this.#emit(event);
  }

  /** What was negotiated; a PDU size of 0 sets no limit. */
  get #scope(): RequestScope {
    const size = this.#initiated?.serverMaxReceivePduSize ?? 0;
    // What was not proposed cannot be granted.
    const proposed = this.#config.association.proposedConformance ?? this.#dialect.conformance;
    return {
      conformance: (this.#initiated?.conformance ?? 0) & conformanceMask(proposed),
      maxApdu: (size === 0 ? LONGEST_APDU : size) - this.#security.overhead,
    };
  }

  #step(event: AssociationEvent): void {
    this.#association = nextAssociationState(this.#association, event);
  }

  #sendProtected(apdu: Uint8Array): void {
    const secured = this.#security.protect(apdu);
    const parts = this.#blocks?.request(secured) ?? [secured];
    for (const part of parts) this.#send(part);
    this.#timeBlocks();
  }

  #sendUnanswered(apdu: Uint8Array): void {
    const command = { type: 'send-unconfirmed', apdu: this.#security.protect(apdu) } as const;
    this.#drive({ on: 'command', command });
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
