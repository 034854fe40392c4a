import { concat } from '../../base/bytes.ts';
import type { Input } from '../../base/machine.ts';
import type { HdlcLinkConfig, LinkCommand } from './link.ts';
import type { CountingLink, LinkEffect } from './peer.ts';

/** Fires when the line has been quiet for long enough to send. */
const QUIET_TIMER = 'link-quiet';
/** Sent bytes whose echo is still expected; more than one turn of the largest window. */
const MOST_EXPECTED = 16 * 1024;
/** Effects that may wait for quiet: some turns of the largest window. */
const MOST_HELD = 64;

/**
 * What a two-wire line asks of a link: the echo of what was sent is taken out of what comes in, and nothing is sent
 * before the line has been quiet for a while.
 */
export class LineGuard implements CountingLink {
  readonly counters: CountingLink['counters'];
  readonly #link: CountingLink;
  #echo: EchoFilter | undefined;
  /** Whether the echo has yet to show itself. */
  #detecting: boolean;
  readonly #memory: HdlcLinkConfig['memory'];
  readonly #quietMs: number;
  #lastHeardMs = Number.NEGATIVE_INFINITY;
  /** Effects behind a frame that waits for quiet; those that the link's owner must hear at once are not among them. */
  #held: LinkEffect[] = [];

  constructor(link: CountingLink, { echo, interFrameTimeoutMs, memory }: HdlcLinkConfig) {
    this.#link = link;
    this.counters = link.counters;
    this.#echo = echo === undefined || echo === false ? undefined : new EchoFilter();
    this.#detecting = echo === 'detect';
    this.#memory = memory;
    this.#quietMs = interFrameTimeoutMs ?? 0;
  }

  step(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    if (input.on === 'timer' && input.timer === QUIET_TIMER) return this.#release(nowMs);
    if (input.on === 'closed') {
      this.#held = [];
      this.#echo?.forget();
      return this.#pass(this.#link.step(input, nowMs), nowMs);
    }
    if (input.on !== 'bytes') return this.#pass(this.#link.step(input, nowMs), nowMs);
    // The end of our own echo begins the quiet as well.
    this.#lastHeardMs = nowMs;
    const bytes = this.#echo?.received(input.bytes) ?? input.bytes;
    this.#judgeEcho();
    if (bytes.length === 0) return this.#postpone(nowMs);
    return this.#pass(this.#link.step({ on: 'bytes', bytes }, nowMs), nowMs);
  }

  /** What comes first tells: a frame that is the one sent, or something else. */
  #judgeEcho(): void {
    if (!this.#detecting || this.#echo === undefined || this.#echo.verdict === 'open') return;
    this.#detecting = false;
    if (this.#echo.verdict === 'none') this.#echo = undefined;
    else this.#memory?.echoes();
  }

  /** While frames wait, every byte that comes puts them off. */
  #postpone(nowMs: number): LinkEffect[] {
    if (this.#held.length === 0) return [];
    return [{ do: 'arm', timer: QUIET_TIMER, delayMs: this.#lastHeardMs + this.#quietMs - nowMs }];
  }

  #pass(effects: LinkEffect[], nowMs: number): LinkEffect[] {
    const quiet = nowMs - this.#lastHeardMs >= this.#quietMs;
    const out: LinkEffect[] = [];
    for (const effect of effects) {
      const waits = effect.do !== 'emit' && effect.do !== 'close';
      if (waits && (this.#held.length > 0 || (effect.do === 'send' && !quiet))) this.#held.push(effect);
      else out.push(this.#sent(effect));
    }
    if (this.#held.length > MOST_HELD) out.push(...this.#giveUpFrames());
    return out.concat(this.#postpone(nowMs));
  }

  /** On a line that is never quiet answers go stale: they are dropped, what else was to happen happens. */
  #giveUpFrames(): LinkEffect[] {
    const held = this.#held.splice(0);
    const others = held.filter((effect) => effect.do !== 'send');
    this.counters.ignoredFrames += held.length - others.length;
    return others;
  }

  #release(nowMs: number): LinkEffect[] {
    if (nowMs - this.#lastHeardMs < this.#quietMs) return this.#postpone(nowMs);
    return this.#held.splice(0).map((effect) => this.#sent(effect));
  }

  #sent(effect: LinkEffect): LinkEffect {
    if (effect.do === 'send') this.#echo?.sent(effect.bytes);
    return effect;
  }
}

/**
 * Takes out of what comes in the bytes that were sent, as long as they come back in order and whole. Bytes that begin
 * like an echo and are none are handed on as they came.
 */
export class EchoFilter {
  /** What was sent and has not come back; its first `#matched` bytes have. */
  #expected: Uint8Array = new Uint8Array(0);
  #matched = 0;
  /** Where in `#expected` each run ends: a whole run that came back was an echo. */
  #ends: number[] = [];
  /** Whether what came first was the echo of a whole run. */
  verdict: 'open' | 'echo' | 'none' = 'open';

  sent(bytes: Uint8Array): void {
    if (this.#expected.length + bytes.length > MOST_EXPECTED) this.forget();
    this.#expected = concat([this.#expected, bytes]);
    this.#ends.push(this.#expected.length);
  }

  received(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#matched === this.#expected.length) return bytes.subarray(at);
      if (bytes[at] !== this.#expected[this.#matched]) {
        if (this.verdict === 'open') this.verdict = 'none';
        // No echo: what was held back as one belongs to somebody else's frame.
        const before = this.#expected.slice(0, this.#matched);
        this.forget();
        return concat([before, bytes.subarray(at)]);
      }
      this.#matched++;
      if (this.#matched === this.#ends[0]) this.#drop(this.#matched);
    }
    return new Uint8Array(0);
  }

  forget(): void {
    this.#expected = new Uint8Array(0);
    this.#matched = 0;
    this.#ends = [];
  }

  #drop(length: number): void {
    if (this.verdict === 'open') this.verdict = 'echo';
    this.#expected = this.#expected.slice(length);
    this.#matched = 0;
    this.#ends = this.#ends.slice(1).map((end) => end - length);
  }
}
