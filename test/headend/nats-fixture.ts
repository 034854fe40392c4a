import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, listening } from './mqtt-broker-fixture.ts';

export const natsServer = Bun.which('nats-server', { PATH: `${process.env['PATH']}:/usr/sbin` });

/** A nats-server of its own with JetStream, which has its MQTT gateway keep what it must. */
export class TestNats {
  /** Of MQTT. */
  readonly port: number;
  readonly directory = mkdtempSync(join(tmpdir(), 'nats-'));
  #process: Bun.Subprocess | undefined;

  private constructor(port: number, clientPort: number) {
    this.port = port;
    writeFileSync(
      join(this.directory, 'nats.conf'),
      [
        'server_name: test',
        `listen: "127.0.0.1:${clientPort}"`,
        `jetstream { store_dir: "${this.directory}" }`,
        `mqtt { host: "127.0.0.1", port: ${port} }`,
      ].join('\n'),
    );
  }

  static async make(): Promise<TestNats> {
    return new TestNats(await freePort(), await freePort());
  }

  async start(): Promise<void> {
    if (natsServer === null) throw new Error('nats-server is not installed');
    this.#process = Bun.spawn([natsServer, '-c', join(this.directory, 'nats.conf')], {
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await listening(this.port);
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
