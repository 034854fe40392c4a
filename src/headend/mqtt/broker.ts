import { type IClientOptions, MqttClient } from 'mqtt';
import { DcuError, toDcuError } from '../../base/errors.ts';
import { type BrokerStreamOptions, openBrokerStream } from '../../channels/broker-stream.ts';

export interface PublishOptions {
  readonly retain?: boolean;
}

/** A connection to a broker, from its CONNACK to its end. It never comes back; who wants another one opens it. */
export interface BrokerLink {
  /** Messages that the broker takes before it has acknowledged the first of them. */
  readonly receiveMaximum: number;
  /** QoS 1: resolves with the PUBACK. @throws DcuError `link-refused` (a PUBACK that says no), `link-closed` */
  publish(topic: string, payload: string, options?: PublishOptions): Promise<void>;
  /** @throws DcuError `link-refused` when the broker grants one of them not, `link-closed` */
  subscribe(topics: readonly string[]): Promise<void>;
  onMessage(listener: (message: BrokerMessage) => void): void;
  /** Resolves with the cause when the connection has ended. */
  readonly closed: Promise<DcuError>;
  /** Begins to end with DISCONNECT, so that the broker publishes no last will; `closed` tells when that has happened. */
  leave(): void;
  /** Ends at once. */
  destroy(): void;
}

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Kept by the broker from before: nobody asks for it now. */
  readonly retained: boolean;
}

export interface BrokerOptions extends BrokerStreamOptions {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly keepaliveS: number;
  /** 4 = MQTT 3.1.1. */
  readonly version: 4 | 5;
  readonly will: { readonly topic: string; readonly payload: string };
}

export type ConnectBroker = (options: BrokerOptions, signal: AbortSignal) => Promise<BrokerLink>;

/** Longest message that is taken from a broker; commands are short. */
const LONGEST_MESSAGE = 16_384;
const MOST_UNACKNOWLEDGED = 65_535;

/** `signal` ends the opening, not the connection. @throws DcuError `channel-open-failed`, `association-refused` (CONNACK with a refusal), `link-closed`, `cancelled` */
export const connectBroker: ConnectBroker = async (options, signal) => {
  const stream = await openBrokerStream(options, signal);
  const settings: IClientOptions = {
    protocolVersion: options.version,
    protocolId: 'MQTT',
    clientId: options.clientId,
    // Commands that were sent while nobody listened must not come later, and what is owed is in the outbox.
    clean: true,
    keepalive: options.keepaliveS,
    connectTimeout: options.connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    timerVariant: 'native',
    will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true },
    ...(options.version === 5 ? { properties: { maximumPacketSize: LONGEST_MESSAGE } } : {}),
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
  };
  return open(new MqttClient(() => stream, settings), () => stream.destroy(), signal);
};

const refusal = (error: Error): DcuError =>
  error instanceof DcuError ? error : new DcuError('link-refused', `the broker: ${error.message}`);

async function open(client: MqttClient, destroy: () => void, signal: AbortSignal): Promise<BrokerLink> {
  const ended = Promise.withResolvers<DcuError>();
  let end: DcuError | undefined;
  /** What has not been answered when the connection ends is not known to have come. */
  const waiting = new Set<(error: DcuError) => void>();
  const finish = (error: DcuError): void => {
    if (end !== undefined) return;
    end = error;
    for (const reject of waiting) reject(error);
    waiting.clear();
    ended.resolve(error);
    // It leaves nothing behind: timers, callbacks and what it has stored go with it.
    client.end(true);
    destroy();
  };
  const answered = <Result>(
    ask: (resolve: (result: Result) => void, reject: (error: DcuError) => void) => void,
  ): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (end !== undefined) return reject(end);
      waiting.add(reject);
      ask(
        (result) => {
          waiting.delete(reject);
          resolve(result);
        },
        (error) => {
          waiting.delete(reject);
          reject(error);
        },
      );
    });

  client.on('error', (error) => {
    const isRefusal = 'code' in error && typeof error.code === 'number';
    finish(
      isRefusal ? new DcuError('association-refused', `the broker: ${error.message}`) : toLinkError(error),
    );
  });
  client.on('disconnect', ({ reasonCode }) =>
    finish(new DcuError('link-closed', `the broker has disconnected with reason ${reasonCode ?? 0}`)),
  );
  client.on('close', () => finish(new DcuError('link-closed', 'the connection to the broker has ended')));
  const onAbort = (): void => finish(new DcuError('cancelled', 'the connection to the broker was given up'));
  signal.addEventListener('abort', onAbort, { once: true });
  let receiveMaximum: number;
  try {
    receiveMaximum = await answered<number>((resolve) =>
      client.on('connect', ({ properties }) => resolve(properties?.receiveMaximum ?? MOST_UNACKNOWLEDGED)),
    );
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return {
    receiveMaximum,
    publish: (topic, payload, { retain = false } = {}) =>
      answered<void>((resolve, reject) =>
        client.publish(topic, payload, { qos: 1, retain }, (error) =>
          error == null ? resolve() : reject(refusal(error)),
        ),
      ),
    subscribe: (topics) =>
      answered<void>((resolve, reject) =>
        client.subscribe([...topics], { qos: 1 }, (error, granted) => {
          const refused = granted?.find(({ qos }) => qos >= 128);
          if (error !== null) reject(refusal(error));
          else if (refused === undefined) resolve();
          else reject(new DcuError('link-refused', `the broker does not grant ${refused.topic}`));
        }),
      ),
    onMessage: (listener) => {
      client.on('message', (topic, payload, { retain }) => {
        if (payload.length <= LONGEST_MESSAGE) listener({ topic, payload, retained: retain });
      });
    },
    closed: ended.promise,
    leave: () => {
      // Waits for what is not acknowledged, which the caller bounds; the end of the stream ends the rest.
      if (end === undefined) client.end(false);
    },
    destroy: () => finish(new DcuError('cancelled', 'the connection to the broker was closed')),
  };
}

function toLinkError(error: Error): DcuError {
  const known = toDcuError(error);
  return known.code === 'internal' ? new DcuError('link-closed', `the broker: ${error.message}`) : known;
}
