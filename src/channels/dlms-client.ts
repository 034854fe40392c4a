import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import {
  type AccessResult,
  type AccessSelection,
  type AccessSpecification,
  type AttributeSetting,
  type ClientCommand,
  type ClientConfig,
  type ClientEvent,
  type ClientMachine,
  type CosemAttribute,
  createClientMachine,
  type GetResult,
  type MethodCall,
  type NegotiatedAssociation,
  type SelectedAttribute,
} from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import type { LinkConfig, LinkCounters } from '../dlms/link/link.ts';
import { RESPONSE_TIMER } from '../dlms/link/peer.ts';
import type { ByteChannel } from './channel.ts';
import { type Pump, pump, type TraceEntry } from './pump.ts';
import { RequestLimits } from './request-limits.ts';

export interface DlmsClientOptions {
  /** Aborts the opening, and later whatever is under way, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** An APDU that came unasked (DataNotification, EventNotification). */
  readonly onNotification?: (apdu: Uint8Array) => void;
  readonly trace?: (entry: TraceEntry) => void;
  /** Told the link's counters before anything is sent: what an opening that failed had counted can be read from them. */
  readonly onCounters?: (counters: Readonly<LinkCounters>) => void;
}

export interface ActionResult {
  /** The standard's name of the action-result. */
  readonly result: string;
  /** A-XDR bytes of what is returned. */
  readonly data?: Uint8Array;
}

/** Hands out each data block as it arrives, so that a transfer that breaks off later has not lost it. */
export type OnBlock = (data: Uint8Array, blockNumber: number) => void;

/**
 * An association with one meter. One request is on the way at a time, further calls queue up. A refusal by the
 * meter is a value; errors are DcuError. Once the association is gone every call rejects with the same error.
 * The channel belongs to the caller: neither `release` nor `abort` closes it, so the next meter of a bus can use it.
 */
export interface DlmsClient {
  readonly association: NegotiatedAssociation;
  readonly counters: Readonly<LinkCounters>;
  /** The error that ended the association; undefined while it stands. */
  readonly ended: DcuError | undefined;
  get(attribute: CosemAttribute, selection?: AccessSelection, onBlock?: OnBlock): Promise<GetResult>;
  getList(
    attributes: readonly (CosemAttribute | SelectedAttribute)[],
    onBlock?: OnBlock,
  ): Promise<readonly GetResult[]>;
  set(attribute: CosemAttribute, value: DlmsData): Promise<string>;
  action(method: CosemAttribute, parameter?: DlmsData): Promise<ActionResult>;
  /** Results in the order of the settings. */
  setList(settings: readonly AttributeSetting[]): Promise<readonly string[]>;
  actionList(calls: readonly MethodCall[], onBlock?: OnBlock): Promise<readonly AccessResult[]>;
  /** Gets, sets and actions in one request; with `breakOnError` nothing is done behind the first item that fails. */
  access(
    specifications: readonly AccessSpecification[],
    options?: { readonly breakOnError?: boolean },
  ): Promise<readonly AccessResult[]>;
  /** A SET that the meter does not answer: resolves when it is handed to the line. */
  setUnconfirmed(attribute: CosemAttribute, value: DlmsData): Promise<void>;
  actionUnconfirmed(method: CosemAttribute, parameter?: DlmsData): Promise<void>;
  /**
   * A value that comes in blocks and is told to an `onBlock`, now or next, is fetched no further than its next block: its
   * request then rejects with `preempted`. The association stands, and nothing else is touched. `wanted` false: what
   * comes next is fetched to its end again.
   */
  breakOff(wanted: boolean): void;
  /** Ends association and link; what was queued before goes first. */
  release(): Promise<void>;
  /** Ends at once, without a word to the meter; what is under way rejects with the reason. */
  abort(reason?: DcuError): void;
}

type Answer = Exclude<ClientEvent, { type: 'block' | 'notification' | 'request-failed' | 'failed' }>;

interface Request {
  readonly command: ClientCommand;
  readonly answer: Answer['type'];
  readonly onBlock: OnBlock | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: DcuError) => void;
}

/** Beyond what the link itself allows, before a machine that waits for nothing is called stuck. */
const WATCHDOG_MARGIN_MS = 10_000;

/** The longest silence that a link accepts by itself, with a margin. */
function watchdogMs(link: LinkConfig): number {
  const tries = link.framing === 'hdlc' ? link.retries + 2 : 1;
  return link.responseTimeoutMs * tries + WATCHDOG_MARGIN_MS;
}

/** Opens an association with the meter that `config` names, on an open channel. Rejects as `runDlmsClient` does. */
export function openDlmsClient(
  channel: ByteChannel,
  config: ClientConfig,
  clock: Clock,
  options: DlmsClientOptions = {},
): Promise<DlmsClient> {
  return runDlmsClient(createClientMachine(config), channel, clock, watchdogMs(config.link), options);
}

/**
 * Runs a client machine on an open channel and opens its association. Rejects with the error that prevented it
 * (`link-timeout`, `association-refused`, `authentication-failed`, …). `silenceMs` bounds how long nothing at all
 * may happen while a request is open.
 */
export async function runDlmsClient(
  machine: ClientMachine,
  channel: ByteChannel,
  clock: Clock,
  silenceMs: number,
  options: DlmsClientOptions = {},
): Promise<DlmsClient> {
  options.onCounters?.(machine.counters);
  const client = new PumpedClient(machine, channel, clock, silenceMs, options);
  await client.open();
  return client;
}

class PumpedClient implements DlmsClient {
  readonly #machine: ClientMachine;
  readonly #pump: Pump<ClientCommand>;
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #options: DlmsClientOptions;
  readonly #queue: Request[] = [];
  readonly #onAbort = (): void => this.abort(cancelled(this.#options.signal?.reason));
  #current: Request | undefined;
  #association: NegotiatedAssociation | undefined;
  #ended: DcuError | undefined;
  #breakingOff = false;
  #cancelWatchdog: (() => void) | undefined;
  #limits: RequestLimits | undefined;

  constructor(
    machine: ClientMachine,
    channel: ByteChannel,
    clock: Clock,
    silenceMs: number,
    options: DlmsClientOptions,
  ) {
    this.#machine = machine;
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#options = options;
    this.#pump = pump(machine, channel, clock, (event) => this.#onEvent(event), {
      answerTimer: RESPONSE_TIMER,
      trace: (entry) => {
        this.#limits?.activity(clock.monotonicMs());
        options.trace?.(entry);
      },
    });
  }

  get association(): NegotiatedAssociation {
    if (this.#association === undefined) throw new DcuError('internal', 'the association was never opened');
    return this.#association;
  }

  get counters(): Readonly<LinkCounters> {
    return this.#machine.counters;
  }

  get ended(): DcuError | undefined {
    return this.#ended;
  }

  async open(): Promise<void> {
    const { signal } = this.#options;
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    const answer = await this.#ask({ type: 'open' }, 'opened');
    if (answer.type === 'opened') this.#association = answer.association;
  }

  async get(attribute: CosemAttribute, selection?: AccessSelection, onBlock?: OnBlock): Promise<GetResult> {
    const command: ClientCommand = {
      type: 'get',
      attribute,
      ...(selection === undefined ? {} : { selection }),
    };
    const [result] = resultsOf(await this.#ask(command, 'get-result', onBlock));
    if (result === undefined) throw new DcuError('apdu-unexpected', 'the answer to a get holds no result');
    return result;
  }

  async getList(
    attributes: readonly (CosemAttribute | SelectedAttribute)[],
    onBlock?: OnBlock,
  ): Promise<readonly GetResult[]> {
    if (attributes.length === 0) return [];
    return resultsOf(await this.#ask({ type: 'get-list', attributes }, 'get-result', onBlock));
  }

  async set(attribute: CosemAttribute, value: DlmsData): Promise<string> {
    const answer = await this.#ask({ type: 'set', attribute, value }, 'set-result');
    return answer.type === 'set-result' ? answer.result : unexpected(answer);
  }

  async action(method: CosemAttribute, parameter?: DlmsData): Promise<ActionResult> {
    const command: ClientCommand = {
      type: 'action',
      method,
      ...(parameter === undefined ? {} : { parameter }),
    };
    const answer = await this.#ask(command, 'action-result');
    if (answer.type !== 'action-result') return unexpected(answer);
    return { result: answer.result, ...(answer.data === undefined ? {} : { data: answer.data }) };
  }

  async setList(settings: readonly AttributeSetting[]): Promise<readonly string[]> {
    const answer = await this.#ask({ type: 'set-list', settings }, 'set-list-result');
    return answer.type === 'set-list-result' ? answer.results : unexpected(answer);
  }

  async actionList(calls: readonly MethodCall[], onBlock?: OnBlock): Promise<readonly AccessResult[]> {
    const answer = await this.#ask({ type: 'action-list', calls }, 'action-list-result', onBlock);
    return answer.type === 'action-list-result' ? answer.results : unexpected(answer);
  }

  async access(
    specifications: readonly AccessSpecification[],
    options: { readonly breakOnError?: boolean } = {},
  ): Promise<readonly AccessResult[]> {
    const answer = await this.#ask({ type: 'access', specifications, ...options }, 'access-result');
    return answer.type === 'access-result' ? answer.results : unexpected(answer);
  }

  async setUnconfirmed(attribute: CosemAttribute, value: DlmsData): Promise<void> {
    await this.#ask({ type: 'set', attribute, value, confirmed: false }, 'set-result');
  }

  async actionUnconfirmed(method: CosemAttribute, parameter?: DlmsData): Promise<void> {
    const given = parameter === undefined ? {} : { parameter };
    await this.#ask({ type: 'action', method, ...given, confirmed: false }, 'action-result');
  }

  breakOff(wanted: boolean): void {
    this.#breakingOff = wanted;
    this.#breakOffCurrent();
  }

  #breakOffCurrent(): void {
    if (!this.#breakingOff || this.#current?.onBlock === undefined || this.#ended !== undefined) return;
    this.#pump.command({ type: 'break-off' });
  }

  async release(): Promise<void> {
    await this.#ask({ type: 'release' }, 'released');
    this.#end(new DcuError('link-closed', 'the association was released'));
  }

  abort(reason: DcuError = new DcuError('cancelled', 'the association was aborted')): void {
    this.#end(reason);
  }

  #ask(command: ClientCommand, answer: Answer['type'], onBlock?: OnBlock): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      this.#queue.push({ command, answer, onBlock, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const request = this.#queue.shift();
    if (request === undefined) {
      this.#cancelWatchdog?.();
      this.#cancelWatchdog = undefined;
      return;
    }
    this.#current = request;
    const nowMs = this.#clock.monotonicMs();
    const { bytesReceived } = this.counters;
    this.#limits = new RequestLimits(request.command, this.#silenceMs, nowMs, bytesReceived);
    this.#watch(this.#limits);
    this.#pump.command(request.command);
    this.#breakOffCurrent();
  }

  #watch(limits: RequestLimits): void {
    this.#cancelWatchdog?.();
    const leftMs = limits.dueMs(this.counters.bytesReceived) - this.#clock.monotonicMs();
    this.#cancelWatchdog = this.#clock.after(Math.max(1, leftMs), () => {
      const error = limits.exceeded(this.#clock.monotonicMs(), this.counters.bytesReceived);
      if (error === undefined) this.#watch(limits);
      else this.#end(error);
    });
  }

  #onEvent(event: ClientEvent): void {
    switch (event.type) {
      case 'notification':
        this.#options.onNotification?.(event.apdu);
        return;
      case 'block':
        this.#current?.onBlock?.(event.data, event.blockNumber);
        return;
      case 'failed':
        this.#end(event.error);
        return;
      case 'request-failed':
        this.#finish((request) => request.reject(event.error));
        return;
      default:
        if (event.type === this.#current?.answer) this.#finish((request) => request.resolve(event));
        else
          this.#end(
            new DcuError('internal', `${event.type} while waiting for ${this.#current?.answer ?? 'nothing'}`),
          );
    }
  }

  #finish(settle: (request: Request) => void): void {
    const request = this.#current;
    this.#current = undefined;
    if (request !== undefined) settle(request);
    this.#next();
  }

  #end(error: DcuError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#pump.detach();
    this.#cancelWatchdog?.();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const open = this.#current === undefined ? [] : [this.#current];
    this.#current = undefined;
    for (const request of [...open, ...this.#queue.splice(0)]) request.reject(error);
  }
}

function resultsOf(answer: Answer): readonly GetResult[] {
  return answer.type === 'get-result' ? answer.results : unexpected(answer);
}

function unexpected(answer: Answer): never {
  throw new DcuError('internal', `unexpected ${answer.type}`);
}

function cancelled(reason: unknown): DcuError {
  if (reason instanceof DcuError) return reason;
  return new DcuError('cancelled', 'the association was cancelled', { cause: toDcuError(reason) });
}
