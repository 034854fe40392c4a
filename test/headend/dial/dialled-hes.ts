import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { type DlmsClient, openDlmsClient } from '../../../src/channels/dlms-client.ts';
import { pump } from '../../../src/channels/pump.ts';
import { listenTcp, type TcpListener } from '../../../src/channels/tcp-listen.ts';
import type { AssociationConfig } from '../../../src/dlms/client.ts';
import { createServerMachine, type LogicalDevice } from '../../../src/dlms/server.ts';
import { type WrapperFrame, WrapperTap } from '../../../src/headend/dial/wrapper-tap.ts';
import { PASSWORD } from '../served.ts';

/** A head-end that is dialled. */
export class DialledHes {
  /** Connections, the oldest first; heartbeats are taken out of them. */
  readonly connections: WrapperTap[] = [];
  /** Identification packets that came. */
  readonly heartbeats: WrapperFrame[] = [];
  readonly #listener: TcpListener;
  readonly #accepted = new Set<() => void>();

  constructor(port = 0, answers = true) {
    this.#listener = listenTcp({ host: '127.0.0.1', port }, (channel) => {
      const tap = new WrapperTap(channel);
      tap.take((frame) => {
        if (frame.apdu[0] !== 0xdd || frame.apdu.length !== 18) return false;
        this.heartbeats.push(frame);
        if (answers) {
          void tap.send({ source: frame.destination, destination: frame.source, apdu: Uint8Array.of(0xda) });
        }
        return true;
      });
      this.connections.push(tap);
      for (const tell of this.#accepted) tell();
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The connection that comes as the `count`th. */
  async connection(count = 1): Promise<WrapperTap> {
    for (;;) {
      const tap = this.connections[count - 1];
      if (tap !== undefined) return tap;
      await new Promise<void>((resolve) => {
        this.#accepted.add(resolve);
      });
    }
  }

  /** Associates with a logical device of the concentrator, with LLS unless said otherwise. */
  associate(
    tap: WrapperTap,
    sap = 1,
    association: Partial<AssociationConfig> = {},
    onNotification: (apdu: Uint8Array) => void = () => {},
  ): Promise<DlmsClient> {
    return openDlmsClient(
      tap,
      {
        link: {
          framing: 'wrapper',
          clientAddress: 1,
          serverAddress: sap,
          responseTimeoutMs: 10_000,
          maxApdu: 65_535,
        },
        association: {
          auth: 'lls',
          policy: 'none',
          password: new TextEncoder().encode(PASSWORD),
          maxPduSize: 1024,
          ...association,
        },
        randomBytes: (length) => systemRandom.bytes(length),
      },
      systemClock,
      { onNotification },
    );
  }

  /** Serves a connection as a DLMS server. */
  serve(tap: WrapperTap, device: LogicalDevice): void {
    const machine = createServerMachine({
      link: {
        framing: 'wrapper',
        clientAddress: 1,
        serverAddress: device.address,
        responseTimeoutMs: 10_000,
        maxApdu: 65_535,
      },
      devices: [device],
      maxPduSize: 1024,
      randomBytes: (length) => systemRandom.bytes(length),
      idleTimeoutMs: 60_000,
    });
    pump(machine, tap, systemClock, () => {});
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }
}
