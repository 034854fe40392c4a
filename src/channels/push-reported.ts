import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { PushedApdu } from '../dlms/link/push-receiver.ts';
import { PushAssembly } from '../dlms/push-assembly.ts';
import type { ByteChannel, ChannelOpener } from './channel.ts';
import { HostRates } from './host-rates.ts';
import { Inbound } from './inbound.ts';
import type { PushHandlers } from './push-listen.ts';
import { PushStream } from './push-stream.ts';

/** A message that a meter behind a PLC module has sent by itself, whole. */
export interface ReportedMessage {
  readonly channel: string;
  /** Twelve digits; some modules do not say who it was. */
  readonly address?: string;
  readonly bytes: Uint8Array;
}

export interface ReportedPushOptions {
  readonly clock: Clock;
  /** The way back to a meter; undefined where there is none. Opened for each answer, and closed again. */
  readonly wayBack: (
    channel: string,
    address: string,
    framing: 'hdlc' | 'wrapper',
  ) => ChannelOpener | undefined;
}

/** As many as modules have nodes; of those not heard for longest what is half there is forgotten. */
const MOST_SENDERS = 2048;
const MAX_APDU = 0xffff;
const PER_SECOND = 5;
/** Answers of one meter that wait for the module; what is beyond them the meter asks for again. */
const MOST_ANSWERS = 4;

interface Sender {
  readonly channel: ReportedChannel;
  readonly stream: PushStream;
}

/**
 * Pushed APDUs out of what PLC modules report, in whatever framing each meter has: an APDU may come in several reports, as HDLC
 * segments or general blocks. Senders, what each holds and how often each is heard are bounded.
 */
export class ReportedPushes {
  readonly #options: ReportedPushOptions;
  readonly #handlers: PushHandlers;
  readonly #rates: HostRates;
  readonly #senders = new Map<string, Sender>();

  constructor(options: ReportedPushOptions, handlers: PushHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#rates = new HostRates({ perSecond: PER_SECOND, burst: 4 * PER_SECOND }, options.clock);
  }

  take(message: ReportedMessage): void {
    const key = nameOf(message);
    const sender = this.#senders.get(key) ?? this.#welcome(message);
    this.#senders.delete(key);
    this.#senders.set(key, sender);
    for (const oldest of this.#senders.keys()) {
      if (this.#senders.size <= MOST_SENDERS) break;
      this.#senders.delete(oldest);
    }
    sender.channel.receive(message.bytes);
  }

  #welcome(message: ReportedMessage): Sender {
    const { clock, wayBack } = this.#options;
    const { channel: name, address } = message;
    const from = nameOf(message);
    const peer = { transport: 'plc', from, host: from } as const;
    const fault = (thrown: unknown): void => this.#handlers.onFault({ ...peer, error: toDcuError(thrown) });
    const assembly = new PushAssembly({ maxApdu: MAX_APDU });
    const channel = new ReportedChannel(from, () => {
      const framing = stream.framing === 'hdlc' ? 'hdlc' : 'wrapper';
      return address === undefined ? undefined : wayBack(name, address, framing);
    });
    const pushed = (one: PushedApdu): void => {
      if (!this.#rates.admits(from)) {
        fault(new DcuError('overflow', `${from} sends more than it may`));
        return;
      }
      const { type: _, ...arrived } = one;
      const reply = (apdu: Uint8Array): void => stream.reply(one, apdu);
      try {
        const { apdu, replies } = assembly.take(from, one.apdu);
        for (const bytes of replies) reply(bytes);
        if (apdu === undefined) return;
        this.#handlers.onArrival({
          ...arrived,
          ...peer,
          ...(address === undefined ? {} : { node: { channel: name, address } }),
          apdu,
          receivedAtMs: clock.now(),
          inBlocks: apdu !== one.apdu,
          reply,
        });
      } catch (error) {
        fault(error);
      }
    };
    const stream: PushStream = new PushStream(
      channel,
      clock,
      { framing: 'auto', maxApdu: MAX_APDU, gapMs: 0, datagrams: true },
      { onPushed: pushed, onFault: fault, onClosed: () => {} },
    );
    return { channel, stream };
  }
}

const nameOf = ({ channel, address = '?' }: ReportedMessage): string => `${channel}:${address}`;

/** Takes what is reported of one meter; what is written goes over a way that is opened for it. */
class ReportedChannel implements ByteChannel {
  readonly name: string;
  readonly #inbound = new Inbound();
  readonly #wayBack: () => ChannelOpener | undefined;
  #answers: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(name: string, wayBack: () => ChannelOpener | undefined) {
    this.name = name;
    this.#wayBack = wayBack;
  }

  receive(bytes: Uint8Array): void {
    this.#inbound.push(bytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    const opener = this.#wayBack();
    if (opener === undefined) {
      return Promise.reject(
        new DcuError('unsupported', `${this.name}: there is no way back to who has sent this`),
      );
    }
    if (this.#waiting >= MOST_ANSWERS) {
      return Promise.reject(new DcuError('overflow', `${this.name}: more than ${MOST_ANSWERS} answers wait`));
    }
    this.#waiting++;
    const sent = this.#answers.then(() => send(opener, bytes.slice()));
    this.#answers = sent.then(
      () => this.#answered(),
      () => this.#answered(),
    );
    return sent;
  }

  #answered(): void {
    this.#waiting--;
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  async close(): Promise<void> {
    this.#inbound.end();
  }
}

async function send(opener: ChannelOpener, bytes: Uint8Array): Promise<void> {
  const way = await opener.open();
  try {
    await way.write(bytes);
  } finally {
    await way.close();
  }
}
