import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Effect, Input } from '../../base/machine.ts';
import { createServerLink } from '../link/index.ts';
import type { LinkCommand, LinkCounters, LinkEvent, LinkMachine, LinkPeer } from '../link/link.ts';
import type {
  CosemResponse,
  LogicalDevice,
  ServerCommand,
  ServerConfig,
  ServerEvent,
  ServerMachine,
} from '../server-types.ts';
import { type Outcome, ServerAssociation } from './server-association.ts';
import { isNoRequest } from './server-refusals.ts';
import type { Job, JobItem } from './server-services.ts';
import { type Arrival, keyOf, linkOf, WaitingRequests } from './waiting-requests.ts';

const IDLE_TIMER = 'server-idle';
/** Associations at once on one connection; a further one takes the place of the one that is idle longest. */
const MAX_ASSOCIATIONS = 8;
/** Bytes that the items of one request may bring together; what comes behind them is refused. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
const HANDSHAKE_TIMEOUT_MS = 30_000;
const BLOCK_WINDOW = 6;

interface Entry {
  readonly association: ServerAssociation;
  readonly device: LogicalDevice;
  readonly peer: LinkPeer;
  readonly sinceMs: number;
  activeMs: number;
  /** The last APDU came in a frame that nobody answers (HDLC: UI, as a broadcast is). */
  silent: boolean;
}

/** A job whose device has promised to answer later. */
interface Pending {
  readonly entry: Entry;
  readonly job: Job;
  readonly responses: CosemResponse[];
}

class Server implements ServerMachine {
  readonly #config: ServerConfig;
  readonly #link: LinkMachine;
  readonly #devices: ReadonlyMap<number, LogicalDevice>;
  readonly #entries = new Map<string, Entry>();
  #pending: Pending | undefined;
  /** Promised answers whose client is gone: they still come, and belong to nobody. */
  #orphans = 0;
  readonly #waiting = new WaitingRequests();
  /** When the idle timer fires; undefined while it does not run. */
  #armedForMs: number | undefined;
  #effects: Effect<ServerEvent>[] = [];
  #nowMs = 0;

  constructor(config: ServerConfig, link: LinkMachine) {
    this.#config = config;
    this.#link = link;
    this.#devices = new Map(config.devices.map((device) => [device.address, device]));
  }

  get counters(): Readonly<LinkCounters> {
    return this.#link.counters;
  }

  get associated(): readonly LinkPeer[] {
    return [...this.#entries.values()]
      .filter(({ association }) => association.state === 'associated')
      .map(({ peer }) => peer);
  }

  step(input: Input<ServerCommand>, nowMs: number): Effect<ServerEvent>[] {
    this.#effects = [];
    this.#nowMs = nowMs;
    if (input.on === 'command') this.#command(input.command);
    else if (input.on === 'timer' && input.timer === IDLE_TIMER) this.#dropIdle();
    else this.#drive(input);
    if (input.on === 'closed') this.#dropAll();
    return this.#effects;
  }

  #command(command: ServerCommand): void {
    if (command.type === 'notify') this.#notify(command);
    else if (this.#orphans > 0) this.#orphans--;
    else this.#respond(command.response);
  }

  #notify({ apdu, clientAddress, serverAddress }: Extract<ServerCommand, { type: 'notify' }>): void {
    if (clientAddress === undefined) {
      this.#drive({ on: 'command', command: { type: 'send-unconfirmed', apdu } });
      return;
    }
    const entry = [...this.#entries.values()].find(
      ({ peer }) =>
        peer.clientAddress === clientAddress &&
        (serverAddress === undefined || peer.serverAddress === serverAddress),
    );
    try {
      if (entry === undefined) throw new DcuError('conflict', `client ${clientAddress} has no association`);
      for (const part of entry.association.notify(apdu)) this.#push(part, entry.peer);
    } catch (error) {
      this.#emit({ type: 'notification-failed', clientAddress, error: toDcuError(error) });
    }
  }

  /** HDLC carries what nobody asked for in unnumbered frames; the wrapper has to be told for whom it is. */
  #push(apdu: Uint8Array, peer: LinkPeer): void {
    const isHdlc = this.#config.link.framing === 'hdlc';
    this.#drive({
      on: 'command',
      command: { type: isHdlc ? 'send-unconfirmed' : 'send', apdu, peer },
    });
  }

  /** Hands an input to the link and takes in what comes out of it. */
  #drive(input: Input<LinkCommand>): void {
    for (const effect of this.#link.step(input, this.#nowMs)) {
      if (effect.do === 'emit') this.#linkEvent(effect.event);
      else this.#effects.push(effect);
    }
  }

  #linkEvent(event: LinkEvent): void {
    switch (event.type) {
      case 'connected':
      case 'disconnected':
        // HDLC: with its link, or when the client begins anew, a client's association ends.
        if (event.peer === undefined) this.#dropAll();
        else this.#dropPeer(event.peer);
        break;
      case 'apdu':
        if (this.#pending === undefined) this.#receive(event);
        else this.#waiting.add(event);
        break;
    }
  }

  #receive({ peer, apdu, unconfirmed }: Arrival): void {
    if (isNoRequest(apdu)) return;
    const key = keyOf(peer);
    const entry = this.#entries.get(key) ?? this.#entryFor(peer);
    if (entry === undefined) return;
    entry.activeMs = this.#nowMs;
    entry.silent = unconfirmed;
    const outcome = entry.association.receive(apdu);
    // Who is refused takes nobody's place.
    if (entry.association.state === 'idle') this.#entries.delete(key);
    else if (!this.#entries.has(key)) {
      if (this.#entries.size >= MAX_ASSOCIATIONS) this.#dropForAnother();
      this.#entries.set(key, entry);
    }
    this.#conclude(entry, outcome);
    this.#armIdle();
  }

  #deviceOf({ serverAddress, gateway }: LinkPeer): LogicalDevice | undefined {
    if (gateway === undefined) {
      return this.#devices.get(serverAddress) ?? this.#config.deviceAt?.(serverAddress);
    }
    return this.#config.deviceBehind?.(gateway, serverAddress);
  }

  #entryFor(peer: LinkPeer): Entry | undefined {
    const device = this.#deviceOf(peer);
    if (device === undefined) return undefined;
    const { maxPduSize, randomBytes, link, generalBlockWindow = BLOCK_WINDOW } = this.#config;
    const context = { device, maxPduSize, randomBytes };
    const window = link.framing === 'hdlc' ? 1 : generalBlockWindow;
    const association = new ServerAssociation(context, peer, window);
    return { association, device, peer, sinceMs: this.#nowMs, activeMs: this.#nowMs, silent: false };
  }

  #conclude(entry: Entry, outcome: Outcome): void {
    if (outcome.reply !== undefined && !entry.silent) {
      const { peer } = entry;
      for (const apdu of [outcome.reply, ...(outcome.stream ?? [])]) {
        this.#drive({ on: 'command', command: { type: 'send', apdu, peer } });
      }
    }
    for (const event of outcome.events) this.#emit(event);
    if (outcome.job !== undefined) this.#run({ entry, job: outcome.job, responses: [] });
  }

  /** Asks the device item by item; stops where it will answer later. */
  #run(pending: Pending): void {
    const { entry, job, responses } = pending;
    for (const item of job.items.slice(responses.length)) {
      const response = goesOn(pending) ? this.#ask(entry, item) : { result: 'other-reason' };
      if (response === undefined) {
        this.#pending = pending;
        return;
      }
      responses.push(response);
    }
    this.#conclude(entry, entry.association.finish(job, responses));
  }

  #ask(entry: Entry, item: JobItem): CosemResponse | undefined {
    return 'result' in item ? item : entry.device.handle(item, entry.association.caller);
  }

  #respond(response: CosemResponse): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    pending.responses.push(response);
    pending.entry.activeMs = this.#nowMs;
    this.#run(pending);
    this.#takeWaiting();
  }

  #takeWaiting(): void {
    while (this.#pending === undefined) {
      const next = this.#waiting.next();
      if (next === undefined) break;
      this.#receive(next);
    }
  }

  #dropIdle(): void {
    this.#armedForMs = undefined;
    for (const [key, entry] of this.#entries) {
      if (this.#dueMs(entry) <= this.#nowMs) this.#drop(key, entry);
    }
    this.#armIdle();
  }

  /** When an association ends by itself: never while its device owes an answer. */
  #dueMs(entry: Entry): number {
    if (this.#pending?.entry === entry) return Number.POSITIVE_INFINITY;
    const { idleTimeoutMs, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = this.#config;
    const idleMs = entry.activeMs + idleTimeoutMs;
    return entry.association.state === 'associated'
      ? idleMs
      : Math.min(idleMs, entry.sinceMs + handshakeTimeoutMs);
  }

  /** One that has not proved itself goes first, then the one that is idle longest. */
  #dropForAnother(): void {
    const rank = ({ association, activeMs }: Entry): number =>
      association.state === 'associated' ? activeMs : activeMs - Number.MAX_SAFE_INTEGER / 2;
    const [first] = [...this.#entries]
      .filter(([, entry]) => this.#pending?.entry !== entry)
      .sort(([, a], [, b]) => rank(a) - rank(b));
    if (first !== undefined) this.#drop(...first);
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    for (const event of entry.association.drop()) this.#emit(event);
  }

  #dropPeer(peer: LinkPeer): void {
    const isGone = (one: LinkPeer): boolean => linkOf(one) === linkOf(peer);
    if (this.#pending !== undefined && isGone(this.#pending.entry.peer)) {
      this.#orphans++;
      this.#pending = undefined;
    }
    this.#waiting.forget(isGone);
    for (const [key, entry] of this.#entries) if (isGone(entry.peer)) this.#drop(key, entry);
    this.#armIdle();
    this.#takeWaiting();
  }

  #dropAll(): void {
    if (this.#pending !== undefined) this.#orphans++;
    this.#pending = undefined;
    this.#waiting.forget(() => true);
    for (const [key, entry] of this.#entries) this.#drop(key, entry);
    this.#armIdle();
  }

  /** One timer for all: it runs while there is anything to drop, and looks again when it fires too early. */
  #armIdle(): void {
    if (this.#entries.size === 0) {
      if (this.#armedForMs !== undefined) this.#effects.push({ do: 'disarm', timer: IDLE_TIMER });
      this.#armedForMs = undefined;
      return;
    }
    const dues = [...this.#entries.values()].map((entry) => this.#dueMs(entry));
    const dueMs = Math.min(this.#nowMs + this.#config.idleTimeoutMs, ...dues);
    if (this.#armedForMs !== undefined && this.#armedForMs <= dueMs) return;
    this.#armedForMs = dueMs;
    this.#effects.push({ do: 'arm', timer: IDLE_TIMER, delayMs: Math.max(1, dueMs - this.#nowMs) });
  }

  #emit(event: ServerEvent): void {
    this.#effects.push({ do: 'emit', event });
  }
}

/** Whether the next item is still to be asked for. */
function goesOn({ job, responses }: Pending): boolean {
  if (job.breakOnError && responses.some(({ result }) => result !== 'success')) return false;
  return responses.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) < MAX_RESPONSE_BYTES;
}

/**
 * The server role: link, associations and services of all logical devices behind one connection or bus address.
 * An unknown logical device is not answered. A device that answers later answers exactly once for each request
 * that it kept, in order, even when the client is gone by then.
 */
export function createServerMachine(config: ServerConfig): ServerMachine {
  const logicalDevices = config.devices.map(({ address }) => address);
  return new Server(
    config,
    createServerLink(config.link, { logicalDevices, gateway: config.deviceBehind !== undefined }),
  );
}
