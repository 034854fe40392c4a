import type { LineSettings } from '../base/machine.ts';
import type { Meter } from '../base/model.ts';
import type { ByteChannel, ChannelOpener } from '../channels/channel.ts';
import { setLine } from './line-settings.ts';

/** How a meter is reached: handed in from above, where channels and their settings are known. */
export interface LineAccess {
  /** Meters of one name share a line and take turns on it. */
  readonly lineName: string;
  /** Of a shared line the same object for as long as its settings are the same. */
  readonly opener: ChannelOpener;
  /** Name of the protocol whose attributes hold (`dlms_down`, `485_test_fis`). */
  readonly protocol: string;
  /** Several meters on one channel (RS-485): it stays open from one to the next. */
  readonly shared: boolean;
  /** The channel's own task group; its items apply to every meter on it. */
  readonly task?: string;
  /** The clocks of all meters on it may be set by one frame. */
  readonly clockBroadcast?: boolean;
  /** Has a G3-PLC network behind it. */
  readonly g3?: boolean;
  /** 0 (on demand) to 5: how urgent what goes to the meter from now on is, where others are on the same way. */
  readonly prioritise?: (priority: number) => void;
  /** What the way to the meter permits, asked before each opening; resolves when the way is there. */
  readonly limits?: (signal: AbortSignal) => Promise<LineLimits>;
}

/** Of a way that carries whole messages, one at a time. */
export interface LineLimits {
  /** The longest message, a whole frame of the meter's link layer. */
  readonly messageBytes: number;
  /** Frames that may come in a row. */
  readonly window: number;
  /** Nobody is called silent before. */
  readonly responseTimeoutMs: number;
}

/** @throws DcuError `not-found` or `channel-open-failed` when the meter's channel is unknown or off. */
export type LineOpener = (meter: Meter) => LineAccess;

/** A channel of a shared line, open between meters. */
interface Kept {
  readonly channel: ByteChannel;
  /** As it was opened. */
  readonly own: LineSettings | undefined;
  readonly access: LineAccess;
  /** The meter that used it last: by it the way to the line is looked up. */
  readonly meter: Meter;
  readonly busy: boolean;
}

export interface Taken {
  readonly channel: ByteChannel;
  readonly own: LineSettings | undefined;
  readonly before: boolean;
}

/** The channels of all lines: one for each session, or on a shared line one that stays open between meters. */
export class LineChannels {
  readonly #openLine: LineOpener;
  readonly #kept = new Map<string, Kept>();

  constructor(openLine: LineOpener) {
    this.#openLine = openLine;
  }

  /**
   * The channel, set as the meter needs it. `before`: it was open already, and may have died while nobody used it. `own`:
   * the settings it was opened with. @throws what the opener throws, and `setLine`
   */
  async take(meter: Meter, access: LineAccess, signal: AbortSignal): Promise<Taken> {
    const taken = await this.#take(meter, access, signal);
    try {
      await setLine(taken.channel, taken.own, meter.address);
    } catch (error) {
      await this.discard(taken.channel);
      throw error;
    }
    return taken;
  }

  async #take(meter: Meter, access: LineAccess, signal: AbortSignal): Promise<Taken> {
    const { lineName, opener, shared } = access;
    const kept = this.#kept.get(lineName);
    if (kept?.access.opener === opener) {
      const { channel, own } = kept;
      this.#kept.set(lineName, { channel, own, access, meter, busy: true });
      return { channel, own, before: true };
    }
    if (kept !== undefined) await this.discard(kept.channel);
    const channel = await opener.open(signal);
    const own = channel.settings;
    if (shared) this.#kept.set(lineName, { channel, own, access, meter, busy: true });
    return { channel, own, before: false };
  }

  /** After an orderly end: stays open for the next meter where that is worth anything. */
  async giveBack(channel: ByteChannel): Promise<void> {
    const kept = this.#keptOf(channel);
    if (kept === undefined || this.outdated(kept.meter, kept.access)) return this.discard(channel);
    this.#kept.set(kept.access.lineName, { ...kept, busy: false });
  }

  /** After a failure nothing is known of what still travels on the channel: the next session gets a fresh one. */
  async discard(channel: ByteChannel): Promise<void> {
    const kept = this.#keptOf(channel);
    if (kept !== undefined) this.#kept.delete(kept.access.lineName);
    await channel.close();
  }

  /** True when the meter is reached in another way by now, or in none. */
  outdated(meter: Meter, access: LineAccess): boolean {
    try {
      const now = this.#openLine(meter);
      return now.lineName !== access.lineName || (access.shared && now.opener !== access.opener);
    } catch {
      // Whoever wants to use the line next meets the same error and reports it.
      return true;
    }
  }

  /** Closes the kept channels whose line has been set up anew; those in use follow when they are given back. */
  async closeOutdated(): Promise<void> {
    const outdated = [...this.#kept.values()].filter(
      ({ busy, meter, access }) => !busy && this.outdated(meter, access),
    );
    await Promise.all(outdated.map(({ channel }) => this.discard(channel)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ channel }) => this.discard(channel)));
  }

  #keptOf(channel: ByteChannel): Kept | undefined {
    return [...this.#kept.values()].find((kept) => kept.channel === channel);
  }
}
