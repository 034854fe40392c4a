import { type DcuError, toDcuError } from '../../base/errors.ts';
import type { Effect, Input } from '../../base/machine.ts';
import { TAG } from '../apdu/tags.ts';
import type { LinkCommand, LinkConfig, LinkEvent, LinkMachine } from '../link/link.ts';
import type { ClientBlocks } from './client-blocks.ts';
import { GENERAL_BLOCK_ABORT } from './general-blocks.ts';

/** Runs only while something came that was no answer; plain silence is the link's to notice. */
const OVERDUE_TIMER = 'client-overdue';
/** Runs while a transfer in blocks is under way. */
const BLOCK_TIMER = 'client-blocks';
const BLOCK_SILENCES = 3;
/** Runs over datagrams while a request that may be repeated is not answered. */
const REPEAT_TIMER = 'client-repeat';

export interface ClientLineHost {
  /** Whether a request is under way. */
  readonly busy: boolean;
  apdu(apdu: Uint8Array): void;
  linkEvent(event: Exclude<LinkEvent, { type: 'apdu' }>): void;
  /** The answer to the request came in blocks that cannot be joined. */
  unreadable(error: DcuError): void;
  /** No usable answer came, although something came. */
  overdue(): void;
  /** The request of before is to be sent again, protected anew. */
  repeat(): void;
  effect(effect: Effect<never>): void;
}

/** What lies below a client's services: the link, general block transfer, and the timers that notice a missing answer. */
export class ClientLine {
  readonly #link: LinkMachine;
  readonly #config: LinkConfig;
  readonly #host: ClientLineHost;
  #blocks: ClientBlocks | undefined;
  #watching = false;
  #timingBlocks = false;
  #repeatsLeft = 0;
  #timingRepeat = false;
  #nowMs = 0;

  constructor(link: LinkMachine, config: LinkConfig, host: ClientLineHost) {
    this.#link = link;
    this.#config = config;
    this.#host = host;
  }

  step(input: Exclude<Input<never>, { on: 'command' }>, nowMs: number): void {
    this.#nowMs = nowMs;
    if (input.on === 'timer' && input.timer === OVERDUE_TIMER) {
      if (this.#watching) this.#host.overdue();
    } else if (input.on === 'timer' && input.timer === BLOCK_TIMER) {
      if (this.#timingBlocks) this.#silence();
    } else if (input.on === 'timer' && input.timer === REPEAT_TIMER) {
      if (this.#timingRepeat) this.#repeat();
    } else this.#drive(input);
  }

  command(command: LinkCommand, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#drive({ on: 'command', command });
  }

  /** General block transfer has been granted, or its association is gone. */
  carryBlocks(blocks: ClientBlocks | undefined): void {
    this.#blocks = blocks;
    this.#timeBlocks();
  }

  send(apdu: Uint8Array): void {
    this.unwatch();
    this.#drive({ on: 'command', command: { type: 'send', apdu } });
  }

  sendUnanswered(apdu: Uint8Array): void {
    this.#drive({ on: 'command', command: { type: 'send-unconfirmed', apdu } });
  }

  /** A request, protected as it is, in blocks where that is due. `repeatable`: it may be asked for again. */
  request(secured: Uint8Array, repeatable = false): void {
    const parts = this.#blocks?.request(secured) ?? [secured];
    for (const part of parts) this.send(part);
    this.#timeBlocks();
    // Blocks are repeated by themselves.
    this.#repeatsLeft = repeatable && parts.length === 1 ? (this.#repeats?.times ?? 0) : 0;
    this.#timeRepeat();
  }

  /** Whether what is sent and received may get lost, come twice or in another order. */
  get overDatagrams(): boolean {
    return this.#repeats !== undefined;
  }

  /** The request has come to its end. */
  rest(): void {
    this.unwatch();
    this.#repeatsLeft = 0;
    this.#timeRepeat();
    this.#timeBlocks();
  }

  /** From the first strange APDU on: those that follow put nothing off, or a babbler would hold the line for ever. */
  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#host.effect({ do: 'arm', timer: OVERDUE_TIMER, delayMs: this.#config.responseTimeoutMs });
  }

  unwatch(): void {
    if (!this.#watching) return;
    this.#watching = false;
    this.#host.effect({ do: 'disarm', timer: OVERDUE_TIMER });
  }

  /** Hands an input to the link and takes in what comes out of it. */
  #drive(input: Input<LinkCommand>): void {
    for (const effect of this.#link.step(input, this.#nowMs)) {
      if (effect.do !== 'emit') this.#host.effect(effect);
      else if (effect.event.type !== 'apdu') this.#host.linkEvent(effect.event);
      else if (effect.event.apdu[0] === TAG.generalBlockTransfer && this.#blocks) {
        this.#block(effect.event.apdu, this.#blocks, effect.event.unconfirmed);
      } else this.#host.apdu(effect.event.apdu);
    }
  }

  /** One block. What the server says unasked is acknowledged to its end; an answer needs no further word. */
  #block(apdu: Uint8Array, blocks: ClientBlocks, unconfirmed: boolean): void {
    const isAnswer = this.#host.busy && !unconfirmed;
    const say = (block: Uint8Array): void => (isAnswer ? this.send(block) : this.sendUnanswered(block));
    try {
      const step = blocks.receive(apdu);
      for (const block of step.send) say(block);
      if (step.apdu !== undefined) {
        if (!isAnswer) for (const block of blocks.confirm()) say(block);
        this.#host.apdu(step.apdu);
      }
    } catch (error) {
      this.sendUnanswered(GENERAL_BLOCK_ABORT);
      // What nobody asked for fails nobody's request.
      if (isAnswer) this.#host.unreadable(toDcuError(error));
    }
    this.#timeBlocks();
  }

  #silence(): void {
    this.#timingBlocks = false;
    const again = this.#blocks?.silence();
    if (again === undefined) this.#host.overdue();
    else for (const block of again) this.send(block);
    this.#timeBlocks();
  }

  get #repeats(): { readonly times: number; readonly afterMs: number } | undefined {
    return this.#config.framing === 'wrapper' ? this.#config.repeats : undefined;
  }

  #repeat(): void {
    this.#timingRepeat = false;
    this.#repeatsLeft--;
    this.#host.repeat();
    this.#timeRepeat();
  }

  #timeRepeat(): void {
    const { afterMs: delayMs = 0 } = this.#repeats ?? {};
    if (this.#repeatsLeft > 0) {
      this.#timingRepeat = true;
      this.#host.effect({ do: 'arm', timer: REPEAT_TIMER, delayMs });
    } else if (this.#timingRepeat) {
      this.#timingRepeat = false;
      this.#host.effect({ do: 'disarm', timer: REPEAT_TIMER });
    }
  }

  #timeBlocks(): void {
    if (this.#host.busy && this.#blocks?.pending) {
      const delayMs = Math.ceil(this.#config.responseTimeoutMs / BLOCK_SILENCES);
      this.#host.effect({ do: 'arm', timer: BLOCK_TIMER, delayMs });
      this.#timingBlocks = true;
    } else if (this.#timingBlocks) {
      this.#host.effect({ do: 'disarm', timer: BLOCK_TIMER });
      this.#timingBlocks = false;
    }
  }
}
