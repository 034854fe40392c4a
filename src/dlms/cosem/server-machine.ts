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
import { isNoRequest, type Outcome, ServerAssociation } from './server-association.ts';
import type { Job } from './server-services.ts';

const IDLE_TIMER = 'server-idle';
/** Associations at once on one connection; a further one takes the place of the one that is idle longest. */
const MAX_ASSOCIATIONS = 8;
/** APDUs that wait while a device makes up its mind; more are dropped. */
const MAX_WAITING = 8;

interface Entry {
  readonly association: ServerAssociation;
  readonly device: LogicalDevice;
  readonly peer: LinkPeer;
  activeMs: number;
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
  #waiting: { readonly peer: LinkPeer; readonly apdu: Uint8Array }[] = [];
  #idleArmed = false;
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
    if (command.type === 'notify') {
      this.#drive({ on: 'command', command: { type: 'send-unconfirmed', apdu: command.apdu } });
    } else if (this.#orphans > 0) this.#orphans--;
    else this.#respond(command.response);
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
        // HDLC: with the link, or when the client begins anew, its associations end.
        this.#dropAll();
        break;
      case 'apdu':
        if (this.#pending === undefined) this.#receive(event.peer, event.apdu);
        else if (this.#waiting.length < MAX_WAITING) {
          this.#waiting.push({ peer: event.peer, apdu: event.apdu });
        }
        break;
    }
  }

  #receive(peer: LinkPeer, apdu: Uint8Array): void {
    const device = this.#devices.get(peer.serverAddress);
    if (device === undefined || isNoRequest(apdu)) return;
    const entry = this.#entryFor(peer, device);
    entry.activeMs = this.#nowMs;
    this.#conclude(entry, entry.association.receive(apdu));
    if (entry.association.state === 'idle') this.#entries.delete(keyOf(peer));
    this.#armIdle();
  }

  #entryFor(peer: LinkPeer, device: LogicalDevice): Entry {
    const key = keyOf(peer);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= MAX_ASSOCIATIONS) this.#dropLongestIdle();
    const { maxPduSize, randomBytes } = this.#config;
    const policy = device.associations.find((one) => one.clientAddress === peer.clientAddress);
    const context = { device, policy, maxPduSize, randomBytes };
    const entry = { association: new ServerAssociation(context, peer), device, peer, activeMs: this.#nowMs };
    this.#entries.set(key, entry);
    return entry;
  }

  #conclude(entry: Entry, outcome: Outcome): void {
    if (outcome.reply !== undefined) {
      const { peer } = entry;
      this.#drive({ on: 'command', command: { type: 'send', apdu: outcome.reply, peer } });
    }
    for (const event of outcome.events) this.#emit(event);
    if (outcome.job !== undefined) this.#run({ entry, job: outcome.job, responses: [] });
  }

  /** Asks the device item by item; stops where it will answer later. */
  #run(pending: Pending): void {
    const { entry, job, responses } = pending;
    for (const item of job.items.slice(responses.length)) {
      const response = 'result' in item ? item : entry.device.handle(item, entry.association.caller);
      if (response === undefined) {
        this.#pending = pending;
        return;
      }
      responses.push(response);
    }
    this.#conclude(entry, entry.association.finish(job, responses));
  }

  #respond(response: CosemResponse): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    pending.responses.push(response);
    pending.entry.activeMs = this.#nowMs;
    this.#run(pending);
    while (this.#pending === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#receive(next.peer, next.apdu);
    }
  }

  #dropIdle(): void {
    this.#idleArmed = false;
    for (const [key, entry] of this.#entries) {
      const idle = this.#nowMs - entry.activeMs >= this.#config.idleTimeoutMs;
      if (idle && this.#pending?.entry !== entry) this.#drop(key, entry);
    }
    this.#armIdle();
  }

  #dropLongestIdle(): void {
    let longest: [string, Entry] | undefined;
    for (const one of this.#entries) {
      if (
        this.#pending?.entry !== one[1] &&
        (longest === undefined || one[1].activeMs < longest[1].activeMs)
      ) {
        longest = one;
      }
    }
    if (longest !== undefined) this.#drop(...longest);
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    for (const event of entry.association.drop()) this.#emit(event);
  }

  #dropAll(): void {
    if (this.#pending !== undefined) this.#orphans++;
    this.#pending = undefined;
    this.#waiting = [];
    for (const [key, entry] of this.#entries) this.#drop(key, entry);
    this.#armIdle();
  }

  /** One timer for all: it runs while there is anything to drop, and looks again when it fires too early. */
  #armIdle(): void {
    if (this.#entries.size === 0) {
      if (this.#idleArmed) this.#effects.push({ do: 'disarm', timer: IDLE_TIMER });
      this.#idleArmed = false;
    } else if (!this.#idleArmed) {
      let earliestMs = this.#nowMs;
      for (const entry of this.#entries.values()) {
        if (this.#pending?.entry !== entry) earliestMs = Math.min(earliestMs, entry.activeMs);
      }
      const delayMs = Math.max(1, earliestMs + this.#config.idleTimeoutMs - this.#nowMs);
      this.#effects.push({ do: 'arm', timer: IDLE_TIMER, delayMs });
      this.#idleArmed = true;
    }
  }

  #emit(event: ServerEvent): void {
    this.#effects.push({ do: 'emit', event });
  }
}

function keyOf(peer: LinkPeer): string {
  return `${peer.clientAddress}/${peer.serverAddress}/${peer.physicalAddress ?? ''}`;
}

/**
 * The server role: link, associations and services of all logical devices behind one connection or bus address.
 * An unknown logical device is not answered. A device that answers later answers exactly once for each request
 * that it kept, in order, even when the client is gone by then.
 */
export function createServerMachine(config: ServerConfig): ServerMachine {
  const logicalDevices = config.devices.map(({ address }) => address);
  return new Server(config, createServerLink(config.link, { logicalDevices }));
}
