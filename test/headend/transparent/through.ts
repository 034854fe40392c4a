import type { Clock } from '../../../src/base/clock.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import type { ByteChannel } from '../../../src/channels/channel.ts';
import { type DlmsClient, openDlmsClient } from '../../../src/channels/dlms-client.ts';
import { decodeGateway, encodeGateway, type GatewayAddress } from '../../../src/dlms/apdu/gateway.ts';
import type { AssociationConfig, ClientConfig } from '../../../src/dlms/client.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import type { ServedMeter } from '../../../src/simulator/neighbourhood.ts';

const HES_TITLE = Uint8Array.of(0x48, 0x45, 0x53, 0, 0, 0, 0, 2);
/** Far beyond what the concentrator counts with the same keys in a test. */
let counter = 1_000_000;

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** How a head-end that has a meter's own secrets associates with it. */
export function associationOf({
  auth,
  password,
  encryptionKey,
  authenticationKey,
}: ServedMeter): AssociationConfig {
  return {
    auth,
    policy: auth === 'hls-gmac' ? 'auth-enc' : 'none',
    systemTitle: HES_TITLE,
    maxPduSize: 700,
    nextInvocationCounter: () => counter++,
    ...(password === undefined ? {} : { password: ascii(password) }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
  };
}

/** A client of the meter itself, on whatever leads there; `gateway`: behind its prefix. */
export function throughTo(
  channel: ByteChannel,
  meter: ServedMeter,
  options: {
    readonly gateway?: GatewayAddress;
    readonly clock?: Clock;
    readonly answerMs?: number;
    readonly onNotification?: (apdu: Uint8Array) => void;
    readonly server?: number;
  } = {},
): Promise<DlmsClient> {
  const { gateway, clock = systemClock, answerMs = 10_000, onNotification, server = meter.server } = options;
  const config: ClientConfig = {
    link: {
      framing: 'wrapper',
      clientAddress: meter.client,
      serverAddress: server,
      responseTimeoutMs: answerMs,
      maxApdu: 65_535,
      ...(gateway === undefined ? {} : { gateway }),
    },
    association: associationOf(meter),
    randomBytes: (length) => systemRandom.bytes(length),
  };
  return openDlmsClient(channel, config, clock, onNotification === undefined ? {} : { onNotification });
}

export interface Answer {
  readonly source: number;
  readonly destination: number;
  readonly apdu: Uint8Array;
}

/** Wrapper frames by hand. */
export class RawHes {
  readonly answers: Answer[] = [];
  closed = false;
  readonly #channel: ByteChannel;
  #held = new Uint8Array(0);

  constructor(channel: ByteChannel) {
    this.#channel = channel;
    channel.onBytes((bytes) => {
      this.#held = new Uint8Array([...this.#held, ...bytes]);
      for (;;) {
        if (this.#held.length < 8) return;
        const view = new DataView(this.#held.buffer, this.#held.byteOffset);
        const end = 8 + view.getUint16(6);
        if (this.#held.length < end) return;
        this.answers.push({
          source: view.getUint16(2),
          destination: view.getUint16(4),
          apdu: this.#held.slice(8, end),
        });
        this.#held = this.#held.slice(end);
      }
    });
    channel.onClosed(() => {
      this.closed = true;
    });
  }

  /** An APDU for a meter behind the gateway. */
  ask(gateway: GatewayAddress, apdu: Uint8Array, source = 1, destination = 1): Promise<void> {
    return this.frame(encodeGateway('request', gateway, apdu), source, destination);
  }

  frame(apdu: Uint8Array, source = 1, destination = 1): Promise<void> {
    return this.#channel.write(encodeWrapperFrame(source, destination, apdu));
  }

  bytes(bytes: Uint8Array): Promise<void> {
    return this.#channel.write(bytes);
  }

  /** What stands behind the prefix of each response, with the prefix's address. */
  get responses(): { readonly address: string; readonly networkId: number; readonly apdu: string }[] {
    return this.answers.flatMap(({ apdu }) => {
      const found = decodeGateway(apdu);
      if (found === undefined) return [];
      const { networkId, address } = found.gateway;
      return [{ address: address.toHex(), networkId, apdu: found.apdu.toHex() }];
    });
  }
}
