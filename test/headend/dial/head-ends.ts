import { sleep, VirtualClock } from '../../../src/base/clock.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { ByteChannel } from '../../../src/channels/channel.ts';
import { type MemoryChannel, memoryPair } from '../../../src/channels/memory.ts';
import type { DialTiming } from '../../../src/headend/dial/dial-machine.ts';
import { type DialAddress, type DialledUse, Dialler } from '../../../src/headend/dial/dialler.ts';
import { PushLine } from '../../../src/headend/dial/push-line.ts';
import type { WrapperTap } from '../../../src/headend/dial/wrapper-tap.ts';

export const START_MS = Date.UTC(2026, 2, 2, 12);
export const TIMING: DialTiming = { firstPauseMs: 5000, longestPauseMs: 600_000, returnAfterMs: 3_600_000 };

/** What a head-end's address does when it is dialled: it refuses, accepts (after a while), or closes at once. */
export type Manner = 'refuses' | 'accepts' | 'accepts slowly' | 'closes';

export const SLOWLY_MS = 4000;

/** A dialler among addresses of a head-end that do as they are told, in virtual time. */
export class HeadEnds {
  readonly clock = new VirtualClock(START_MS);
  readonly manners: Manner[];
  /** Each try: seconds since the start, and the address. */
  readonly tries: [number, number][] = [];
  /** Entries of the logbook. */
  readonly told: string[] = [];
  /** Ends of the connections that were accepted, at the head-end. */
  readonly accepted: MemoryChannel[] = [];
  readonly taps: WrapperTap[] = [];
  readonly dialler: Dialler;
  useful: () => void = () => {};
  isWanted: (nowMs: number) => boolean = () => true;

  constructor(manners: readonly Manner[], random = 0, timing: DialTiming = TIMING) {
    this.manners = [...manners];
    const { clock } = this;
    this.dialler = new Dialler({
      channel: 'tcp_client',
      addresses: manners.map((_, i) => ({ host: `hes-${i}`, port: 4059 })),
      timing,
      open: (address) => this.#open(address),
      isWanted: (nowMs) => this.isWanted(nowMs),
      use: (tap, useful) => this.#use(tap, useful),
      clock,
      random: { next: () => random, bytes: (length) => new Uint8Array(length) },
      log: silentLog,
      record: (type, detail) => this.told.push(`${type} ${detail}`),
    });
  }

  get seconds(): number {
    return (this.clock.now() - START_MS) / 1000;
  }

  async #open({ host, port }: DialAddress): Promise<ByteChannel> {
    const index = Number(host.slice(4));
    this.tries.push([this.seconds, index]);
    const manner = this.manners[index];
    if (manner === 'refuses') throw new DcuError('channel-open-failed', `${host} refuses`);
    if (manner === 'accepts slowly') await sleep(this.clock, SLOWLY_MS);
    const [ours, theirs] = memoryPair({ clock: this.clock, name: `${host}:${port}` });
    this.accepted.push(theirs);
    if (manner === 'closes') await theirs.close();
    return ours;
  }

  #use(tap: WrapperTap, useful: () => void): DialledUse {
    this.taps.push(tap);
    this.useful = useful;
    const push = new PushLine({
      tap,
      client: 1,
      protection: 'plain',
      maxPdu: 1024,
      confirmWithinMs: 1000,
      clock: this.clock,
      onConfirmed: useful,
    });
    return { push, heartbeats: undefined, stop: () => {} };
  }
}
