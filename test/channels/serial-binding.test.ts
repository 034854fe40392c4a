import { afterEach, describe, expect, test } from 'bun:test';
import type { BindingInterface } from '@serialport/bindings-interface';
import { SerialPortStream } from '@serialport/stream';
import { SerialPortMock } from 'serialport';
import { openPty, type Pty } from '../../src/channels/pty.ts';
import { ttyBinding } from '../../src/channels/serial-binding.ts';

/** One suite over serialport's own mock and our binding: what its stream relies on must hold for both. */

interface Bench {
  readonly binding: BindingInterface;
  readonly path: string;
}

let pty: Pty | undefined;
const mock = SerialPortMock.binding;

const BENCHES: readonly (readonly [string, () => Bench])[] = [
  [
    "serialport's mock",
    () => {
      mock.createPort('/dev/ROBOT', { echo: true, record: true });
      return { binding: mock, path: '/dev/ROBOT' };
    },
  ],
  [
    'our binding',
    () => {
      const opened = openPty();
      pty = opened;
      opened.channel.onBytes((bytes) => void opened.channel.write(new Uint8Array(bytes)));
      return { binding: ttyBinding, path: opened.path };
    },
  ],
];

const done = (start: (callback: (error?: Error | null) => void) => unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    start((error) => (error === null || error === undefined ? resolve() : reject(error)));
  });

afterEach(async () => {
  mock.reset();
  await pty?.channel.close();
  pty = undefined;
});

describe.each(BENCHES)('%s', (_, make) => {
  const opened = async (): Promise<SerialPortStream> => {
    const port = new SerialPortStream({ ...make(), baudRate: 9600, autoOpen: false });
    await done((callback) => port.open(callback));
    return port;
  };

  test('opens, echoes what is written in order, and closes', async () => {
    const port = await opened();
    const wanted = 'every byte of this line';
    const heard: Buffer[] = [];
    const all = new Promise<void>((resolve) => {
      port.on('data', (bytes: Buffer) => {
        heard.push(Buffer.from(bytes));
        // The mock announces itself first.
        if (Buffer.concat(heard).toString().endsWith(wanted)) resolve();
      });
    });
    await done((callback) => port.write(wanted.slice(0, 10), callback));
    await done((callback) => port.write(wanted.slice(10), callback));
    await done((callback) => port.drain(callback));
    await all;
    await done((callback) => port.close(callback));
    expect(port.isOpen).toBe(false);
  });

  test('keeps the settings that it was opened with and takes another baud rate', async () => {
    const port = new SerialPortStream({
      ...make(),
      baudRate: 2400,
      dataBits: 7,
      parity: 'even',
      stopBits: 2,
      autoOpen: false,
    });
    await done((callback) => port.open(callback));
    expect(port.port?.openOptions).toMatchObject({
      baudRate: 2400,
      dataBits: 7,
      parity: 'even',
      stopBits: 2,
    });
    await done((callback) => port.update({ baudRate: 19_200 }, callback));
    expect(port.baudRate).toBe(19_200);
    await done((callback) => port.flush(callback));
    await done((callback) => port.close(callback));
  });

  test('refuses a second opening of a locked port, and any use of a closed one', async () => {
    const bench = make();
    const options = { ...bench, baudRate: 9600, autoOpen: false };
    const first = new SerialPortStream(options);
    await done((callback) => first.open(callback));
    const second = new SerialPortStream(options);
    expect(await done((callback) => second.open(callback)).catch((error: unknown) => error)).toBeInstanceOf(
      Error,
    );
    await done((callback) => first.close(callback));
    expect(await done((callback) => first.flush(callback)).catch((error: unknown) => error)).toBeInstanceOf(
      Error,
    );
    await done((callback) => second.open(callback));
    await done((callback) => second.close(callback));
  });

  test('refuses a path that is no port', async () => {
    const port = new SerialPortStream({
      ...make(),
      path: '/dev/no-such-port',
      baudRate: 9600,
      autoOpen: false,
    });
    expect(await done((callback) => port.open(callback)).catch((error: unknown) => error)).toBeInstanceOf(
      Error,
    );
    expect(port.isOpen).toBe(false);
  });
});
