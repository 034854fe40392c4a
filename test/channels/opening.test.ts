import { afterEach, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { openDlmsClient } from '../../src/channels/dlms-client.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { openPty, type Pty } from '../../src/channels/pty.ts';
import { pump, type TraceEntry } from '../../src/channels/pump.ts';
import { readOut } from '../../src/channels/read-out.ts';
import { openSerial } from '../../src/channels/serial.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { ClientConfig } from '../../src/dlms/client.ts';
import type { HdlcLinkConfig, OpeningConfig } from '../../src/dlms/link/link.ts';
import type { Opening } from '../../src/dlms/link/opening.ts';
import { createServerMachine, type LogicalDevice } from '../../src/dlms/server.ts';
import { HDLC } from '../dlms/link/world.ts';

const open: ByteChannel[] = [];
const keep = <Channel extends ByteChannel>(channel: Channel): Channel => {
  open.push(channel);
  return channel;
};
afterEach(async () => {
  for (const channel of open.splice(0)) await channel.close();
});

const randomBytes = (seed: number) => {
  const random = new SeededRandom(seed);
  return (length: number): Uint8Array => random.bytes(length);
};
const RECORDS = [
  { id: '1-0:1.8.0', value: '000123.45', unit: 'kWh' },
  { id: '0-0:96.1.0', value: 'A7' },
];
/** A small third letter: this meter reacts within 20 ms. */
const OPENING: OpeningConfig = { address: '42', baudRate: 9600, manufacturer: 'ODc', readOut: () => RECORDS };
const LINK: HdlcLinkConfig = { ...HDLC, retries: 1, opening: OPENING };

const device: LogicalDevice = {
  address: 1,
  systemTitle: new Uint8Array(8),
  associations: [{ clientAddress: 16, auth: 'none', policy: 'none' }],
  nextInvocationCounter: () => 1,
  acceptInvocationCounter: () => true,
  handle: () => ({ result: 'success', data: encodeData({ type: 'unsigned', value: 5 }) }),
};

function serve(channel: ByteChannel): void {
  const machine = createServerMachine({
    link: { ...LINK, responseTimeoutMs: 60_000 },
    devices: [device],
    maxPduSize: 400,
    randomBytes: randomBytes(2),
    idleTimeoutMs: 60_000,
  });
  pump(machine, channel, systemClock, () => {});
}

function line(): Pty {
  const pty = openPty();
  keep(pty.channel);
  return pty;
}

const port = async (path: string): Promise<ByteChannel> =>
  keep(await openSerial({ path, baudRate: 19_200, dataBits: 8, parity: 'none', stopBits: 1 }));

const config = (link: HdlcLinkConfig): ClientConfig => ({
  link,
  association: { auth: 'none', policy: 'none', maxPduSize: 400 },
  randomBytes: randomBytes(1),
});

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DcuError) return error.code;
  }
  return 'nothing thrown';
};

describe('on a pseudo-terminal', () => {
  test('mode E: sign-on at 300 baud, HDLC at 9600, and the same once more', async () => {
    const pty = line();
    serve(pty.channel);
    const channel = await port(pty.path);
    expect(pty.baudRate).toBe(19_200);
    for (let round = 0; round < 2; round++) {
      const rates: number[] = [];
      const trace = ({ direction }: TraceEntry): void => {
        if (direction === 'in') rates.push(pty.baudRate);
      };
      const client = await openDlmsClient(channel, config(LINK), systemClock, { trace });
      expect(pty.baudRate).toBe(9600);
      expect(rates[0]).toBe(300);
      const result = await client.get({ classId: 1, obis: '0.0.96.1.0.255', attribute: 2 });
      expect(result).toEqual({ ok: true, data: encodeData({ type: 'unsigned', value: 5 }) });
      await client.release();
    }
  });

  test('mode C: the read-out at its own rate', async () => {
    const pty = line();
    serve(pty.channel);
    const channel = await port(pty.path);
    const { identification, records } = await readOut(
      channel,
      { address: '42', baudRate: 4800, retries: 0 },
      systemClock,
    );
    expect(pty.baudRate).toBe(4800);
    expect(records).toEqual(RECORDS);
    expect(identification).toMatchObject({ manufacturer: 'ODc', text: 'OpenDCU', announcesHdlc: true });
  });

  test('a meter of another address does not answer', async () => {
    const pty = line();
    serve(pty.channel);
    const channel = await port(pty.path);
    const reading = readOut(channel, { address: '43', baudRate: 4800, retries: 0 }, systemClock);
    expect(await codeOf(reading)).toBe('link-timeout');
  });

  test('a read-out that is cancelled lets the port go', async () => {
    const pty = line();
    const channel = await port(pty.path);
    const abort = new AbortController();
    const reading = readOut(channel, { baudRate: 9600, retries: 5 }, systemClock, { signal: abort.signal });
    abort.abort();
    expect(await codeOf(reading)).toBe('cancelled');
    const again = readOut(channel, { baudRate: 9600, retries: 5 }, systemClock, { signal: abort.signal });
    expect(await codeOf(again)).toBe('cancelled');
  });
});

test('a channel without a bit rate refuses the opening', async () => {
  const [near] = memoryPair();
  expect(await codeOf(readOut(near, { baudRate: 9600, retries: 0 }, systemClock))).toBe('unsupported');
  const [other] = memoryPair();
  expect(await codeOf(openDlmsClient(other, config(LINK), systemClock))).toBe('unsupported');
});

test('what is sent around a change of the line stays in order', async () => {
  const [near, far] = memoryPair();
  const order: string[] = [];
  far.onBytes((bytes) => order.push(bytes.toHex()));
  const channel: ByteChannel = {
    name: 'line',
    write: (bytes) => near.write(bytes),
    onBytes: (listener) => near.onBytes(listener),
    onClosed: (listener) => near.onClosed(listener),
    close: () => near.close(),
    async configure({ baudRate }) {
      await Bun.sleep(5);
      order.push(`${baudRate}`);
    },
  };
  const machine = {
    step: () =>
      [
        { do: 'send', bytes: Uint8Array.of(1) },
        { do: 'configure', settings: { baudRate: 600, dataBits: 7, parity: 'even' } },
        { do: 'send', bytes: Uint8Array.of(2) },
        { do: 'configure', settings: { baudRate: 1200, dataBits: 8, parity: 'none' } },
        { do: 'send', bytes: Uint8Array.of(3) },
        { do: 'send', bytes: Uint8Array.of(4) },
      ] as const satisfies ReturnType<Opening['step']>,
  };
  pump({ step: () => [...machine.step()] }, channel, systemClock, () => {}).command(undefined);
  await Bun.sleep(40);
  expect(order).toEqual(['01', '600', '02', '1200', '03', '04']);
});
