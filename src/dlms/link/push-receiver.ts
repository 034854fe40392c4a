import { DcuError } from '../../base/errors.ts';
import type { Effect, Input, Machine } from '../../base/machine.ts';
import { decodeGateway } from '../apdu/gateway.ts';
import { splitServerAddress } from './address.ts';
import { ApduExtent, beginsWithLlc, mayBePushed } from './apdu-extent.ts';
import { HdlcSegments } from './hdlc-segments.ts';
import type { LinkPeer } from './link.ts';
import { MbusReassembly, mbusSegment, scanMbus } from './mbus.ts';
import type { PushRoute } from './push-route.ts';
import { FLAG, type Scan, type ScannedHdlc, scanHdlc, scanWrapper, WRAPPER_HEADER } from './scan.ts';

export const PUSH_FRAMINGS = ['hdlc', 'wrapper', 'mbus', 'raw'] as const;
export type PushFraming = (typeof PUSH_FRAMINGS)[number];

export interface PushReceiverConfig {
  /** `auto`: by the first bytes; the first good frame settles it for the rest of the stream. */
  readonly framing: PushFraming | 'auto';
  /** Longest APDU that is taken, 65,535 if not given. What is held never grows beyond it and one frame. */
  readonly maxApdu?: number;
  /** Silence after which an unfinished frame is dropped, and a raw APDU that does not tell its end is over. */
  readonly gapMs: number;
}

export interface PushedApdu {
  readonly type: 'apdu';
  readonly framing: PushFraming;
  /** LLC bytes and gateway prefix removed. A copy: safe to keep. */
  readonly apdu: Uint8Array;
  /**
   * Sender (`serverAddress`, `physicalAddress`) and addressee (`clientAddress`) in the framing's own addresses: wPorts,
   * HDLC addresses, or the access points of M-Bus with its bus address. Raw APDUs have none but a gateway's.
   */
  readonly peer: Partial<LinkPeer>;
  /** The same addresses as the frame has them; `routeBack` is the way to answer. */
  readonly route: PushRoute;
  /** HDLC: the whole frame with its flags, where one frame holds the APDU. A copy. */
  readonly frame?: Uint8Array;
}

export type PushEvent = PushedApdu;

/** Only ever grows. */
export interface PushCounters {
  bytesReceived: number;
  frames: number;
  apdus: number;
  /** Beginnings of frames that turned out to be none, or were cut. */
  badFrames: number;
  /** Bytes that belong to no good frame. */
  droppedBytes: number;
  /** Segments whose APDU never became whole, and frames without an APDU. */
  droppedSegments: number;
}

export interface PushReceiver extends Machine<never, PushEvent> {
  readonly counters: Readonly<PushCounters>;
  /** What the stream turned out to be; undefined until the first good frame. */
  readonly framing: PushFraming | undefined;
}

/** Restarted by every byte while something is held. */
export const GAP_TIMER = 'push-gap';
const DEFAULT_MAX_APDU = 0xffff;
const LLC_LENGTH = 3;
const WRAPPER_FIRST = 0x00;
const MBUS_FIRST = 0x68;

/** What the head of the held bytes is. `none`: the first byte begins nothing. */
type Head = 'more' | 'none' | { readonly end: number };

/**
 * Takes pushed APDUs out of one byte stream: HDLC (UI and I frames, segmented or not), wrapper, wired M-Bus, or bare
 * APDUs. A bad frame is dropped and counted, and scanning goes on behind its first byte. Any split of the input gives
 * the same events; only silence (`GAP_TIMER`) makes a difference.
 */
class Receiver implements PushReceiver {
  readonly counters: PushCounters = {
    bytesReceived: 0,
    frames: 0,
    apdus: 0,
    badFrames: 0,
    droppedBytes: 0,
    droppedSegments: 0,
  };
  readonly #gapMs: number;
  readonly #maxApdu: number;
  readonly #fixed: boolean;
  framing: PushFraming | undefined;
  /** A run that grows at its end and is cut at its head. */
  #held: Uint8Array = new Uint8Array(512);
  #from = 0;
  #to = 0;
  /** Whether a frame is due at the head: after silence or a good frame. Bare APDUs are taken nowhere else. */
  #inStep = true;
  #extent: ApduExtent | undefined;
  readonly #mbus: MbusReassembly;
  readonly #segments: HdlcSegments;
  #armed = false;
  #effects: Effect<PushEvent>[] = [];

  constructor(config: PushReceiverConfig) {
    this.#maxApdu = config.maxApdu ?? DEFAULT_MAX_APDU;
    this.#gapMs = config.gapMs;
    this.#fixed = config.framing !== 'auto';
    this.framing = config.framing === 'auto' ? undefined : config.framing;
    this.#mbus = new MbusReassembly(this.#maxApdu + LLC_LENGTH);
    this.#segments = new HdlcSegments(this.#maxApdu + LLC_LENGTH);
  }

  step(input: Input<never>): Effect<PushEvent>[] {
    this.#effects = [];
    if (input.on === 'bytes') {
      this.counters.bytesReceived += input.bytes.length;
      this.#take(input.bytes);
    } else if ((input.on === 'timer' && input.timer === GAP_TIMER) || input.on === 'closed') {
      this.#gap();
    }
    this.#watch();
    return this.#effects;
  }

  /** In pieces no longer than one frame, so that what is held stays bounded whatever comes at once. */
  #take(bytes: Uint8Array): void {
    const longest = this.#maxApdu + WRAPPER_HEADER;
    for (let at = 0; at < bytes.length; at += longest) {
      this.#hold(bytes.subarray(at, at + longest));
      this.#scan();
    }
  }

  #hold(bytes: Uint8Array): void {
    const held = this.#to - this.#from;
    const needed = held + bytes.length;
    if (this.#to + bytes.length > this.#held.length) {
      const room = needed > this.#held.length / 2 ? needed * 2 : this.#held.length;
      const into = room > this.#held.length ? new Uint8Array(room) : this.#held;
      into.set(this.#held.subarray(this.#from, this.#to));
      this.#held = into;
      this.#from = 0;
      this.#to = held;
    }
    this.#held.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  #scan(): void {
    while (this.#to > this.#from) {
      const head = this.#head(this.#held.subarray(this.#from, this.#to));
      if (head === 'more') return;
      if (head === 'none') this.#skip();
      else {
        this.#from += head.end;
        this.#extent = undefined;
        this.#inStep = true;
      }
    }
  }

  /** The byte at the head begins no frame. */
  #skip(): void {
    this.#from++;
    this.#extent = undefined;
    this.#inStep = false;
    if (this.#segments.assembling) this.counters.droppedSegments += this.#segments.segmentLost();
    this.counters.droppedBytes++;
  }

  #gap(): void {
    this.#armed = false;
    while (!this.#idle) {
      if (this.framing === 'raw' && this.#inStep && this.#extent?.of(this.#rest()) === 'unknown') {
        this.#raw(this.#to - this.#from);
        this.#from = this.#to;
      } else {
        this.counters.badFrames++;
        this.#skip();
        this.#scan();
      }
    }
    this.#extent = undefined;
    this.#inStep = true;
  }

  #rest(): Uint8Array {
    return this.#held.subarray(this.#from, this.#to);
  }

  /** The flag that ended a frame, and may begin the next one, waits for nothing. */
  get #idle(): boolean {
    const held = this.#to - this.#from;
    return held === 0 || (held === 1 && this.framing === 'hdlc' && this.#held[this.#from] === FLAG);
  }

  #watch(): void {
    if (!this.#idle) {
      this.#armed = true;
      this.#effects.push({ do: 'arm', timer: GAP_TIMER, delayMs: this.#gapMs });
    } else if (this.#armed) {
      this.#armed = false;
      this.#effects.push({ do: 'disarm', timer: GAP_TIMER });
    }
  }

  #may(framing: PushFraming): boolean {
    return this.framing === undefined || this.framing === framing;
  }

  #head(bytes: Uint8Array): Head {
    const first = bytes[0] ?? 0;
    if (first === FLAG && this.#may('hdlc')) return this.#hdlc(bytes);
    if (first === WRAPPER_FIRST && this.#may('wrapper') && this.#mayUnchecked) return this.#wrapper(bytes);
    if (first === MBUS_FIRST && this.#may('mbus')) return this.#mbusFrame(bytes);
    if (this.#may('raw') && this.#inStep) return this.#rawHead(bytes, first);
    return 'none';
  }

  /** Nothing checks a wrapper header: amid garbage it is only looked for where no other framing is possible. */
  get #mayUnchecked(): boolean {
    return this.#inStep || this.framing === 'wrapper';
  }

  /** The frame, if there is a good one; a bad one is counted. */
  #found<Frame>(scan: Scan<Frame>, take: (frame: Frame) => void): Head {
    if (scan.kind === 'more') return 'more';
    if (scan.kind === 'bad') {
      this.counters.badFrames++;
      this.counters.droppedSegments += this.#segments.segmentLost();
      return 'none';
    }
    this.counters.frames++;
    take(scan.frame);
    return { end: scan.end };
  }

  #hdlc(bytes: Uint8Array): Head {
    const second = bytes[1];
    if (second === undefined) return 'more';
    // The flag that ends one frame may begin the next one, or stand twice.
    if (second === FLAG) return { end: 1 };
    const scan = scanHdlc(bytes, 0);
    const end = scan.kind === 'frame' ? scan.end : 0;
    return this.#found(scan, (frame) => this.#hdlcFrame(frame, bytes, end));
  }

  #hdlcFrame(
    { control, source, destination, segmented, info }: ScannedHdlc,
    bytes: Uint8Array,
    end: number,
  ): void {
    this.framing = 'hdlc';
    if (info === undefined || (control.kind !== 'ui' && control.kind !== 'i')) {
      this.counters.droppedSegments++;
      return;
    }
    const { upper, lower } = splitServerAddress(source);
    const peer = {
      clientAddress: splitServerAddress(destination).upper,
      serverAddress: upper,
      ...(lower === undefined ? {} : { physicalAddress: lower }),
    };
    const from = `${source.value}/${destination.value}`;
    const { apdu, alone, lost } = this.#segments.take(bytes.slice(info.from, info.to), from, segmented);
    this.counters.droppedSegments += lost;
    if (apdu === undefined) return;
    const route = { framing: 'hdlc', source, destination } as const;
    this.#deliver(route, apdu, peer, alone === true ? bytes.slice(0, end + 1) : undefined);
  }

  #wrapper(bytes: Uint8Array): Head {
    if (bytes.length >= WRAPPER_HEADER) {
      const length = ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
      const tag = bytes[WRAPPER_HEADER];
      const plausible = length > 0 && length <= this.#maxApdu && (tag === undefined || mayBePushed(tag));
      const due = this.framing === 'wrapper' && this.#inStep;
      if (length > this.#maxApdu || (!plausible && !due)) {
        return this.#found({ kind: 'bad', what: 'no wrapper frame', offset: 0 }, () => {});
      }
    }
    return this.#found(scanWrapper(bytes, 0), ({ source, destination, apdu }) => {
      this.framing = 'wrapper';
      const peer = { clientAddress: destination, serverAddress: source };
      const route = { framing: 'wrapper', source, destination } as const;
      this.#deliver(route, bytes.slice(apdu.from, apdu.to), peer);
    });
  }

  #mbusFrame(bytes: Uint8Array): Head {
    return this.#found(scanMbus(bytes, 0), (frame) => {
      this.framing = 'mbus';
      const segment = mbusSegment(bytes, frame);
      if (segment === undefined) {
        this.counters.droppedSegments++;
        return;
      }
      const { apdu, lost } = this.#mbus.take(segment, bytes);
      this.counters.droppedSegments += lost;
      if (apdu === undefined) return;
      const { address, source, destination } = segment.addresses;
      this.#deliver({ framing: 'mbus', address, source, destination }, apdu, {
        clientAddress: destination,
        serverAddress: source,
        physicalAddress: address,
      });
    });
  }

  #rawHead(bytes: Uint8Array, first: number): Head {
    if (!mayBePushed(first)) return this.#fixed ? this.#untilGap(bytes) : 'none';
    this.#extent ??= new ApduExtent();
    const extent = this.#extent.of(bytes);
    if (typeof extent === 'number' && extent <= this.#maxApdu) {
      this.#raw(extent);
      return { end: extent };
    }
    if (extent === 'more' && bytes.length <= this.#maxApdu) return 'more';
    if (extent === 'unknown' && this.framing === 'raw') return this.#untilGap(bytes);
    this.counters.badFrames++;
    return 'none';
  }

  /** Where nothing tells the end, silence does. */
  #untilGap(bytes: Uint8Array): Head {
    this.#extent ??= new ApduExtent();
    this.#extent.of(bytes);
    return bytes.length <= this.#maxApdu ? 'more' : 'none';
  }

  #raw(length: number): void {
    this.framing = 'raw';
    this.counters.frames++;
    this.#deliver({ framing: 'raw' }, this.#held.slice(this.#from, this.#from + length), {});
  }

  #deliver(route: PushRoute, information: Uint8Array, peer: Partial<LinkPeer>, frame?: Uint8Array): void {
    const bare = information.subarray(beginsWithLlc(information) ? LLC_LENGTH : 0);
    try {
      const behind = decodeGateway(bare);
      const apdu = behind?.apdu.slice() ?? bare;
      if (apdu.length === 0) throw new DcuError('apdu-invalid', 'a frame without an APDU');
      const gateway = behind === undefined ? {} : { gateway: behind.gateway };
      this.counters.apdus++;
      this.#effects.push({
        do: 'emit',
        event: {
          type: 'apdu',
          framing: route.framing,
          apdu,
          peer: { ...peer, ...gateway },
          route,
          ...(frame === undefined ? {} : { frame }),
        },
      });
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      this.counters.droppedSegments++;
    }
  }
}

export function createPushReceiver(config: PushReceiverConfig): PushReceiver {
  return new Receiver(config);
}
