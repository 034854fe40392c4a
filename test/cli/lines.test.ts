import { afterEach, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { openPty, type Pty } from '../../src/channels/pty.ts';
import { pump } from '../../src/channels/pump.ts';
import { listenTcp } from '../../src/channels/tcp-listen.ts';
import { listenUdp } from '../../src/channels/udp.ts';
import { runCli } from '../../src/cli/program.ts';
import { readCommand } from '../../src/cli/read.ts';
import { readOutCommand } from '../../src/cli/read-out.ts';
import { gatewayOf, openingOf } from '../../src/cli/target-line.ts';
import type { GatewayAddress } from '../../src/dlms/apdu/gateway.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { LinkConfig } from '../../src/dlms/link/link.ts';
import { createServerMachine, type LogicalDevice } from '../../src/dlms/server.ts';
import { HDLC, WRAPPER } from '../dlms/link/world.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function dcu(args: string[]): Promise<{ status: number; out: string; err: string }> {
  const lines: Record<'out' | 'err', string[]> = { out: [], err: [] };
  const io = {
    out: (line: string) => void lines.out.push(line),
    err: (line: string) => void lines.err.push(line),
    signal: new AbortController().signal,
  };
  const status = await runCli(args, io, [readCommand, readOutCommand]);
  return { status, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

const device = (value: number): LogicalDevice => ({
  address: 1,
  systemTitle: new Uint8Array(8),
  associations: [{ clientAddress: 16, auth: 'none', policy: 'none' }],
  nextInvocationCounter: () => 1,
  acceptInvocationCounter: () => true,
  handle: () => ({ result: 'success', data: encodeData({ type: 'unsigned', value }) }),
});

function serve(
  channel: ByteChannel,
  link: LinkConfig,
  deviceBehind?: (gateway: GatewayAddress) => LogicalDevice | undefined,
): void {
  const random = new SeededRandom(2);
  const machine = createServerMachine({
    link: { ...link, responseTimeoutMs: 60_000 },
    devices: [device(5)],
    maxPduSize: 400,
    randomBytes: (length) => random.bytes(length),
    idleTimeoutMs: 60_000,
    ...(deviceBehind === undefined ? {} : { deviceBehind }),
  });
  pump(machine, channel, systemClock, () => {});
}

const OPENING = {
  address: '42',
  baudRate: 9600,
  manufacturer: 'ODc',
  readOut: () => [
    { id: '1-0:1.8.0', value: '000123.45', unit: 'kWh' },
    { id: '0-0:96.1.0', value: 'A7' },
  ],
};

function opticalPort(): Pty {
  const pty = openPty();
  open.push(pty.channel);
  serve(pty.channel, { ...HDLC, opening: OPENING });
  return pty;
}

const TARGET = ['--client', '16', '--server', '1', '--auth', 'none', '--json', '1:0.0.96.1.0.255:2'];
const readValue = (out: string): unknown => JSON.parse(out).results?.[0]?.value;

describe('optical port', () => {
  test('dcu read --opening mode-e', async () => {
    const { path } = opticalPort();
    const line = ['--serial', path, '--baud', '9600', '--framing', 'hdlc', '--hdlc-physical', '17'];
    const { status, out, err } = await dcu(['read', ...line, '--opening', 'mode-e@42', ...TARGET]);
    expect(err).toBe('');
    expect(status).toBe(0);
    expect(readValue(out)).toBe('5');
  });

  test('dcu read-out, for people and for programs', async () => {
    const { path } = opticalPort();
    const people = await dcu(['read-out', '--serial', path, '--address', '42']);
    expect(people).toEqual({
      status: 0,
      out: 'ODc OpenDCU\n1-0:1.8.0 000123.45 kWh\n0-0:96.1.0 A7',
      err: '',
    });
    // The meter listens again when the reader of the data has been silent.
    await Bun.sleep(5100);
    const programs = await dcu(['read-out', '--serial', path, '--baud', '2400', '--json']);
    expect(JSON.parse(programs.out)).toEqual({
      ok: true,
      meter: { manufacturer: 'ODc', identification: 'OpenDCU' },
      records: OPENING.readOut(),
    });
  }, 15_000);

  test('a meter that does not answer', async () => {
    const pty = openPty();
    open.push(pty.channel);
    const { status, out } = await dcu(['read-out', '--serial', pty.path, '--retries', '0', '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: 'link-timeout' } });
  });
});

describe('gateway and datagrams', () => {
  const behind = ({ networkId, address }: GatewayAddress): LogicalDevice | undefined =>
    networkId === 2 && new TextDecoder().decode(address) === '1234' ? device(77) : undefined;

  test('dcu read --gateway reads the meter behind it, and the gateway itself without', async () => {
    const listener = listenTcp({ host: '127.0.0.1', port: 0 }, (channel) => serve(channel, WRAPPER, behind));
    open.push(listener);
    const line = ['--host', '127.0.0.1', '--port', String(listener.port), '--framing', 'wrapper'];
    expect(readValue((await dcu(['read', ...line, '--gateway', '2:31323334', ...TARGET])).out)).toBe('77');
    expect(readValue((await dcu(['read', ...line, '--gateway', '2:text=1234', ...TARGET])).out)).toBe('77');
    expect(readValue((await dcu(['read', ...line, ...TARGET])).out)).toBe('5');
    const nobody = await dcu(['read', ...line, '--gateway', '3:31323334', '--timeout-ms', '100', ...TARGET]);
    expect(JSON.parse(nobody.out)).toMatchObject({ ok: false, error: { code: 'link-timeout' } });
  });

  test('dcu read --udp', async () => {
    const listener = await listenUdp({ host: '127.0.0.1', port: 0 }, (channel) => serve(channel, WRAPPER));
    open.push(listener);
    const line = ['--host', '127.0.0.1', '--port', String(listener.port), '--udp', '--framing', 'wrapper'];
    expect(readValue((await dcu(['read', ...line, ...TARGET])).out)).toBe('5');
  });
});

describe('options that do not fit', () => {
  const tcp = ['--host', '127.0.0.1', '--port', '1'];
  const serial = ['--serial', '/dev/none', '--baud', '9600'];
  test.each([
    ['an opening over TCP', [...tcp, '--framing', 'hdlc', '--opening', 'mode-e'], 'opening'],
    ['an opening before the wrapper', [...serial, '--framing', 'wrapper', '--opening', 'mode-e'], 'opening'],
    ['no such opening', [...serial, '--framing', 'hdlc', '--opening', 'mode-x'], 'opening'],
    ['a network of its own', [...tcp, '--framing', 'wrapper', '--gateway', '300:31'], 'gateway'],
    ['datagrams on a serial line', [...serial, '--framing', 'wrapper', '--udp'], 'udp'],
    ['datagrams with HDLC', [...tcp, '--framing', 'hdlc', '--udp'], 'udp'],
  ])('%s', async (_name, args, field) => {
    const { status, out } = await dcu(['read', ...args, ...TARGET]);
    expect(status).toBe(2);
    expect(JSON.parse(out).error.field).toBe(field);
  });

  test('bit rates and addresses', async () => {
    expect(openingOf('mode-e', 115_200)).toEqual({ baudRate: 19_200 });
    expect(openingOf('mode-e@A1', 5000)).toEqual({ baudRate: 4800, address: 'A1' });
    expect(() => openingOf('mode-e', 200)).toThrow('300');
    expect(gatewayOf('0:0a0b')).toEqual({ networkId: 0, address: Uint8Array.of(10, 11) });
    expect(() => gatewayOf(`0:${'00'.repeat(256)}`)).toThrow('255');
    expect((await dcu(['read-out', '--serial', '/dev/none', '--baud', '1000'])).status).toBe(2);
  });
});
