import { DcuError } from '../../src/base/errors.ts';
import type {
  BrokerLink,
  BrokerMessage,
  BrokerOptions,
  ConnectBroker,
} from '../../src/headend/mqtt/broker.ts';

export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** A broker in memory; whether and when it acknowledges is the test's to say. */
export class FakeBroker {
  readonly published: Published[] = [];
  readonly subscribed: string[] = [];
  readonly connections: BrokerOptions[] = [];
  /** Throws: no connection comes about. */
  onConnect: () => void = () => {};
  /** What becomes of a message. */
  onPublish: (message: Published) => Promise<void> = async () => {};
  receiveMaximum = 65_535;
  #listener: (message: BrokerMessage) => void = () => {};
  #end: (error: DcuError) => void = () => {};

  readonly connect: ConnectBroker = async (options) => {
    this.connections.push(options);
    this.onConnect();
    const { promise, resolve } = Promise.withResolvers<DcuError>();
    this.#end = resolve;
    const cut = promise.then((error) => {
      throw error;
    });
    cut.catch(() => undefined);
    const link: BrokerLink = {
      receiveMaximum: this.receiveMaximum,
      publish: (topic, payload, { retain = false } = {}) => {
        const message = { topic, payload, retain };
        this.published.push(message);
        return Promise.race([this.onPublish(message), cut]);
      },
      subscribe: async (topics) => void this.subscribed.push(...topics),
      onMessage: (listener) => {
        this.#listener = listener;
      },
      closed: promise,
      leave: () => resolve(new DcuError('cancelled', 'left')),
      destroy: () => resolve(new DcuError('cancelled', 'destroyed')),
    };
    return link;
  };

  /** Cuts the connection. */
  cut(): void {
    this.#end(new DcuError('link-closed', 'cut'));
  }

  send(topic: string, request: unknown, retained = false): void {
    const payload = new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request));
    this.#listener({ topic, payload, retained });
  }

  on(topic: RegExp): readonly Published[] {
    return this.published.filter((message) => topic.test(message.topic));
  }
}
