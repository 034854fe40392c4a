import { DcuError } from '../../base/errors.ts';
import type { Effect, Input } from '../../base/machine.ts';
import type { HdlcLinkConfig, LinkCommand, LinkCounters, OpeningConfig } from './link.ts';
import { OPENING_TIMER, Opening, type OpeningEvent, PAUSE_TIMER } from './opening.ts';
import type { CountingLink, LinkEffect } from './peer.ts';

/** Server: the line goes back to the opening when no client has connected for so long. */
const UNUSED_TIMER = 'link-opening-unused';
const DEFAULT_MANUFACTURER = 'ODC';
const DEFAULT_TEXT = 'OpenDCU';

/**
 * An HDLC link on a line that begins with the opening of IEC 62056-21 (mode E). Client: `connect` signs on first, at
 * 300 baud 7E1, and connects when the line has changed. Server: listens for a sign-on, and again when its last client
 * is gone. Commands that send fail the link while the opening is under way, as they do before `connect`.
 */
export class OpeningLink implements CountingLink {
  readonly counters: LinkCounters;
  readonly #link: CountingLink;
  readonly #role: 'client' | 'server';
  readonly #opening: Opening;
  readonly #unusedMs: number;
  #started = false;
  #connections = 0;
  #effects: LinkEffect[] = [];

  /** Throws `invalid-field` for what the opening cannot state. */
  constructor(link: CountingLink, config: HdlcLinkConfig, opening: OpeningConfig, role: 'client' | 'server') {
    this.#link = link;
    this.#role = role;
    this.counters = link.counters;
    this.#unusedMs = config.responseTimeoutMs;
    const { address, baudRate, readOut } = opening;
    const named = { baudRate, ...(address === undefined ? {} : { address }) };
    this.#opening = new Opening(
      role === 'client'
        ? { ...named, role: 'reader', purpose: 'hdlc', retries: config.retries }
        : {
            ...named,
            role: 'meter',
            manufacturer: opening.manufacturer ?? DEFAULT_MANUFACTURER,
            text: opening.text ?? DEFAULT_TEXT,
            ...(readOut === undefined ? {} : { readOut }),
          },
    );
  }

  step(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    this.#effects = [];
    if (!this.#started && this.#role === 'server' && input.on !== 'closed') {
      this.#started = true;
      this.#open({ on: 'command', command: { type: 'start' } }, nowMs);
    }
    switch (input.on) {
      case 'bytes':
        if (this.#opening.state === 'open') this.#drive(input, nowMs);
        else {
          this.counters.bytesReceived += input.bytes.length;
          this.#open(input, nowMs);
        }
        break;
      case 'command':
        this.#command(input.command, nowMs);
        break;
      case 'timer':
        this.#timer(input.timer, nowMs);
        break;
      case 'closed':
        if (this.#opening.state === 'open') this.#drive(input, nowMs);
        else this.#open(input, nowMs);
        break;
    }
    return this.#effects;
  }

  #command(command: LinkCommand, nowMs: number): void {
    const { state } = this.#opening;
    if (state === 'open' || (state === 'closed' && command.type !== 'connect')) {
      this.#drive({ on: 'command', command }, nowMs);
    } else if (command.type === 'connect') {
      if (state === 'closed') this.#open({ on: 'command', command: { type: 'start' } }, nowMs);
    } else if (command.type === 'disconnect' && this.#role === 'client') {
      this.#open({ on: 'command', command: { type: 'stop' } }, nowMs);
      this.#effects.push({ do: 'emit', event: { type: 'disconnected' } });
    } else if (command.type === 'send' && this.#role === 'client') {
      this.#open({ on: 'command', command: { type: 'stop' } }, nowMs);
      this.#fail(new DcuError('link-closed', 'APDU given to a link that is not connected'));
    } else {
      this.counters.ignoredFrames++;
    }
  }

  #timer(timer: string, nowMs: number): void {
    if (timer === OPENING_TIMER || timer === PAUSE_TIMER) this.#open({ on: 'timer', timer }, nowMs);
    else if (timer !== UNUSED_TIMER) this.#drive({ on: 'timer', timer }, nowMs);
    else if (this.#connections === 0) this.#listenAgain(nowMs);
  }

  #open(input: Parameters<Opening['step']>[0], nowMs: number): void {
    for (const effect of this.#opening.step(input)) {
      if (effect.do === 'emit') this.#opened(effect.event, nowMs);
      else this.#put(effect);
    }
  }

  #put(effect: Exclude<Effect<OpeningEvent>, { do: 'emit' }>): void {
    if (effect.do === 'send') {
      this.counters.bytesSent += effect.bytes.length;
      this.counters.framesSent++;
    }
    this.#effects.push(effect);
  }

  #opened(event: OpeningEvent, nowMs: number): void {
    if (event.type === 'failed') {
      if (this.#role === 'client') this.#fail(event.error);
    } else if (this.#role === 'client') {
      this.#drive({ on: 'command', command: { type: 'connect' } }, nowMs);
    } else {
      this.#effects.push({ do: 'arm', timer: UNUSED_TIMER, delayMs: this.#unusedMs });
    }
  }

  #drive(input: Input<LinkCommand>, nowMs: number): void {
    for (const effect of this.#link.step(input, nowMs)) {
      this.#effects.push(effect);
      if (effect.do !== 'emit') continue;
      const { event } = effect;
      if (event.type === 'connected') this.#connected(event.again === true);
      else if (event.type === 'disconnected') this.#disconnected(nowMs);
    }
  }

  #connected(again: boolean): void {
    if (!again) this.#connections++;
    this.#effects.push({ do: 'disarm', timer: UNUSED_TIMER });
  }

  #disconnected(nowMs: number): void {
    this.#connections = Math.max(0, this.#connections - 1);
    if (this.#role === 'server') {
      if (this.#connections === 0 && this.#opening.state === 'open') this.#listenAgain(nowMs);
    } else this.#open({ on: 'command', command: { type: 'stop' } }, nowMs);
  }

  #listenAgain(nowMs: number): void {
    this.#effects.push({ do: 'disarm', timer: UNUSED_TIMER });
    this.#open({ on: 'command', command: { type: 'start' } }, nowMs);
  }

  #fail(error: DcuError): void {
    this.counters.timeouts += error.code === 'link-timeout' ? 1 : 0;
    this.#effects.push({ do: 'emit', event: { type: 'disconnected', error } });
  }
}
