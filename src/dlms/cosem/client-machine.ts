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
import type { LinkCounters, LinkMachine } from '../link/link.ts';
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
import { ClientLine, type ClientLineHost } from './client-line.ts';
import { LogicalNameDialect } from './client-logical-names.ts';
import type { Operation } from './client-operations.ts';
import { ClientSecurity, checkAssociationConfig } from './client-security.ts';
import { CLIENT_TABLE, type ClientAction, type ClientInput, type ClientState } from './client-states.ts';
import { challengeBytes, isHls } from './hls.ts';

interface Given {
  readonly command?: ClientCommand;
  readonly apdu?: Uint8Array;
  readonly error?: DcuError | undefined;
}

const NOTIFICATIONS: ReadonlySet<number> = new Set([
  TAG.dataNotification,
  TAG.eventNotification,
  TAG.informationReport,
]);
const LONGEST_APDU = 0xffff;

class Client implements ClientMachine {
  readonly #config: ClientConfig;
  readonly #link: LinkMachine;
  readonly #line: ClientLine;
  #state: ClientState = 'closed';
  #association: AssociationState = 'idle';
  #security: ClientSecurity;
  #handshake: ClientHandshake;
  #initiated: InitiateResponse | undefined;
  #operation: Operation | undefined;
  /** What the operation has sent last, without protection. */
  #asked: Uint8Array = new Uint8Array(0);
  /** Dialects that are left to try when the server does not know the present one. */
  #others: readonly (() => ClientDialect)[] = [];
  #dialect: ClientDialect;
  #failure: DcuError | undefined;
  /** The request under way is to end with its next block. */
  #breakingOff = false;
  #effects: Effect<ClientEvent>[] = [];
  #nowMs = 0;

  constructor(config: ClientConfig, link: LinkMachine) {
    checkAssociationConfig(config.association);
    this.#config = config;
    this.#link = link;
    this.#line = new ClientLine(link, config.link, this.#host());
    // Without keys until `open`: key handles live no longer than an association.
    this.#security = new ClientSecurity(
      { ...config.association, policy: 'none', auth: 'none' },
      config.randomBytes,
    );
    this.#handshake = new ClientHandshake(config.association, this.#security, new Uint8Array(0));
    this.#dialect = new LogicalNameDialect();
  }

  get state(): ClientState {
    return this.#state;
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
      if (command.type === 'break-off') {
        // Where the client stays as it is there is nothing for its table to say.
        this.#breakingOff = this.#state === 'busy';
        return this.#effects;
      }
      const isRequest = command.type !== 'open' && command.type !== 'release';
      this.#dispatch(isRequest ? 'request' : command.type, { command });
    } else {
      this.#line.step(input, nowMs);
      if (input.on === 'closed' && this.#state !== 'closed') {
        this.#dispatch('disconnected', { error: input.reason });
      }
    }
    return this.#effects;
  }

  #host(): ClientLineHost {
    const isBusy = (): boolean => this.#state === 'busy';
    return {
      get busy() {
        return isBusy();
      },
      apdu: (apdu) => this.#dispatch('apdu', { apdu }),
      linkEvent: (event) =>
        this.#dispatch(event.type, event.type === 'disconnected' ? { error: event.error } : {}),
      unreadable: (error) => this.#endRequest({ type: 'request-failed', error }),
      overdue: () => this.#dispatch('overdue', {}),
      // A repeated request has an invocation counter of its own: the one before may have arrived after all.
      repeat: () => this.#line.send(this.#security.protect(this.#asked)),
      effect: (effect) => this.#effects.push(effect),
    };
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
    unasked: ({ apdu }) => {
      const plain = apdu && this.#unprotected(apdu);
      if (plain !== undefined) this.#unasked(plain);
    },
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
    this.#line.command({ type: 'connect' }, this.#nowMs);
  }

  #associate(): void {
    const [dialect, ...others] = this.#others;
    if (dialect === undefined) throw new DcuError('internal', 'no dialect is left');
    this.#dialect = dialect();
    this.#others = others;
    this.#step('aarq');
    this.#state = 'associating';
    this.#line.send(this.#handshake.aarq(this.#dialect));
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
      this.#line.carryBlocks(new ClientBlocks(association, link, scope.maxApdu + this.#security.overhead));
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

  /** Undefined for a datagram that came twice, or after a later one: that is no attack there, and no answer. */
  #unprotected(apdu: Uint8Array): Uint8Array | undefined {
    try {
      return this.#security.unprotect(apdu);
    } catch (error) {
      if (this.#line.overDatagrams && toDcuError(error).code === 'replay-detected') return undefined;
      throw error;
    }
  }

  #advance(apdu: Uint8Array): void {
    const plain = this.#unprotected(apdu);
    if (plain === undefined) {
      this.#line.watch();
      return;
    }
    const tag = plain[0] ?? 0;
    if (NOTIFICATIONS.has(tag)) {
      this.#unasked(plain);
      this.#line.watch();
      return;
    }
    try {
      if (tag === TAG.exceptionResponse || tag === TAG.confirmedServiceError) throw unusable(plain, 'answer');
      const operation = this.#operation;
      if (operation?.answers(plain) !== true) {
        this.#line.watch();
        return;
      }
      const progress = operation.receive(plain);
      if (progress.event) this.#emit(progress.event);
      if (this.#breakingOff && progress.event?.type === 'block' && !progress.done) {
        this.#endRequest({
          type: 'request-failed',
          error: new DcuError('preempted', 'the transfer was broken off for something more urgent'),
        });
        return;
      }
      if (progress.send && progress.done) this.#sendUnanswered(progress.send);
      else if (progress.send) this.#sendProtected(progress.send);
      if (progress.done) this.#endRequest(progress.done);
    } catch (thrown) {
      const error = toDcuError(thrown);
      if (this.#isEarlierBlock(error)) this.#line.watch();
      else this.#endRequest({ type: 'request-failed', error });
    }
  }

  /** The second answer to a request for a block that was repeated. */
  #isEarlierBlock({ code, facts }: DcuError): boolean {
    const { expected, received } = facts;
    return (
      this.#line.overDatagrams &&
      code === 'block-out-of-order' &&
      typeof expected === 'number' &&
      typeof received === 'number' &&
      received < expected
    );
  }

  #endRequest(event: ClientEvent): void {
    this.#operation = undefined;
    this.#breakingOff = false;
    this.#state = 'ready';
    this.#line.rest();
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

  /** HDLC takes the association down with the link; the wrapper has nothing but the release request. */
  #release(): void {
    if (this.#config.link.framing === 'hdlc') {
      this.#hangUp();
      return;
    }
    this.#step('rlrq');
    this.#state = 'releasing';
    this.#line.send(this.#handshake.rlrq(this.#initiated?.conformance ?? 0));
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
    this.#state = 'unlinking';
    this.#line.rest();
    this.#line.command({ type: 'disconnect' }, this.#nowMs);
  }

  #finish(): void {
    this.#close(this.#failure ? { type: 'failed', error: this.#failure } : { type: 'released' });
  }

  #close(event: ClientEvent): void {
    this.#state = 'closed';
    this.#breakingOff = false;
    this.#line.rest();
    this.#association = nextAssociationState(this.#association, 'lost');
    this.#operation = undefined;
    this.#line.carryBlocks(undefined);
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
    this.#asked = apdu;
    this.#line.request(this.#security.protect(apdu), this.#operation?.repeatable === true);
  }

  #sendUnanswered(apdu: Uint8Array): void {
    this.#line.sendUnanswered(this.#security.protect(apdu));
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
): ClientMachine & { readonly state: ClientState } {
  return new Client(config, link);
}
