import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';

export const mosquitto = Bun.which('mosquitto', { PATH: `${process.env['PATH']}:/usr/sbin` });

export async function freePort(): Promise<number> {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

/** Waits until somebody listens on a port of this machine. */
export async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
      socket.end();
      return;
    } catch {
      await Bun.sleep(25);
    }
  }
  throw new Error(`nobody listens on port ${port}`);
}

/** A mosquitto of its own, whose sessions and messages survive its restart. */
export class TestBroker {
  readonly port: number;
  readonly directory = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  #process: Bun.Subprocess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  /** `config` goes to the end of its file; `$DIR` is its directory. */
  static async make(config = 'allow_anonymous true'): Promise<TestBroker> {
    const broker = new TestBroker(await freePort());
    const lines = [
      `listener ${broker.port} 127.0.0.1`,
      'persistence true',
      `persistence_location ${broker.directory}/`,
      'autosave_interval 1',
      'max_queued_messages 0',
      // As root it would go over to a user that may not write here.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      config.replaceAll('$DIR', broker.directory),
    ];
    writeFileSync(join(broker.directory, 'mosquitto.conf'), `${lines.join('\n')}\n`);
    return broker;
  }

  async start(): Promise<void> {
    if (mosquitto === null) throw new Error('mosquitto is not installed');
    this.#process = Bun.spawn([mosquitto, '-c', join(this.directory, 'mosquitto.conf')], {
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await listening(this.port);
  }

  /** SIGTERM: it writes down what it has. */
  async stop(): Promise<void> {
    this.#process?.kill('SIGTERM');
    await this.#process?.exited;
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

/** A head-end that listens with a session that the broker keeps. */
export async function subscriber(
  broker: { readonly port: number },
  filter = '#',
  options: mqtt.IClientOptions = {},
): Promise<{ readonly client: MqttClient; readonly received: Received[]; end(): Promise<void> }> {
  const client = mqtt.connect({
    protocol: 'mqtt',
    host: '127.0.0.1',
    port: broker.port,
    clientId: 'hes',
    clean: false,
    reconnectPeriod: 50,
    timerVariant: 'native',
    ...options,
  });
  const received: Received[] = [];
  client.on('message', (topic, payload, { retain }) => {
    received.push({ topic, text: payload.toString(), retain });
  });
  client.on('error', () => {});
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  await client.subscribeAsync(filter, { qos: 1 });
  return {
    client,
    received,
    end: async () => {
      await client.endAsync(true);
    },
  };
}

/** Waits until something holds that others bring about. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return;
    await Bun.sleep(25);
  }
  throw new Error(`it did not come to pass: ${what}`);
}
