import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { openPty, type Pty, type PtyOptions } from '../../src/channels/pty.ts';
import { listSerialPorts, openSerial, type SerialOptions } from '../../src/channels/serial.ts';
import { ttyBinding } from '../../src/channels/serial-binding.ts';
import { termiosOf } from '../../src/channels/tty.ts';
import { ended, eventually, gather, noise, openDescriptors } from './streams.ts';

const MEGABYTE = 1024 * 1024;
const open: ByteChannel[] = [];
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'serial-'));
});

afterEach(async () => {
  for (const channel of open.splice(0).reverse()) await channel.close();
  rmSync(directory, { recursive: true });
});

function pty(options: PtyOptions = {}): Pty {
  const made = openPty(options);
  open.push(made.channel);
  return made;
}

async function serial(path: string, options: Partial<SerialOptions> = {}): Promise<ByteChannel> {
  const channel = await openSerial({
    path,
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    ...options,
  });
  open.push(channel);
  return channel;
}

function stty(path: string): string {
  return Bun.spawnSync(['stty', '-F', path, '-a']).stdout.toString();
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DcuError) return error.code;
    return String(error);
  }
  return 'nothing thrown';
};

test('a megabyte both ways at once, whole and in order', async () => {
  const { path, channel } = pty();
  const port = await serial(path, { baudRate: 115_200 });
  const [there, back] = [gather(channel, MEGABYTE), gather(port, MEGABYTE)];
  const sent = noise(MEGABYTE);
  const write = async (to: ByteChannel): Promise<void> => {
    for (let at = 0; at < MEGABYTE; at += 65_536) await to.write(sent.subarray(at, at + 65_536));
  };
  await Promise.all([write(port), write(channel)]);
  expect(Buffer.compare(await there, sent)).toBe(0);
  expect(Buffer.compare(await back, sent)).toBe(0);
}, 20_000);

describe('settings, as stty reads them back', () => {
  test.each([300, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600])(
    '%d baud',
    async (baudRate) => {
      const { path } = pty();
      await serial(path, { baudRate });
      expect(stty(path)).toContain(`speed ${baudRate} baud`);
    },
  );

  test('stop bits, and raw mode', async () => {
    const { path } = pty();
    await serial(path, { stopBits: 2 });
    const settings = stty(path);
    for (const flag of [
      ' cstopb',
      ' cread',
      ' clocal',
      '-icanon',
      '-echo',
      '-opost',
      '-ixon',
      '-icrnl',
      '-isig',
    ]) {
      expect(settings).toContain(flag);
    }
  });

  test('a rate without a code of its own', async () => {
    const { path } = pty();
    const port = await ttyBinding.open({ path, baudRate: 12_345 });
    expect(await port.getBaudRate()).toEqual({ baudRate: 12_345 });
    await port.update({ baudRate: 4800 });
    expect(stty(path)).toContain('speed 4800 baud');
    await port.close();
  });
});

describe('termios flags (asm-generic/termbits.h; pseudo-terminals ignore data bits and parity)', () => {
  const flagsOf = (settings: Partial<SerialOptions>): number => {
    const all = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1, ...settings } as const;
    return new DataView(termiosOf(all, new Uint8Array(44)).buffer).getUint32(8, true);
  };
  const [CREAD, CLOCAL, HUPCL, B9600] = [0x80, 0x800, 0x400, 0xd];
  const base = CREAD | CLOCAL | HUPCL | B9600;

  test.each([
    ['8N1', {}, 0x30],
    ['8E1', { parity: 'even' }, 0x130],
    ['8O1', { parity: 'odd' }, 0x330],
    ['7E1', { dataBits: 7, parity: 'even' }, 0x120],
    ['6N2', { dataBits: 6, stopBits: 2 }, 0x50],
    ['5N1', { dataBits: 5 }, 0x00],
  ] as const)('%s', (_, settings, expected) => {
    expect(flagsOf(settings)).toBe(base | expected);
  });
});

test('unplugged: the channel is lost; plugged in again: opening waits for the path and it works', async () => {
  const link = join(directory, 'line');
  const first = pty({ link });
  const port = await serial(link);
  const end = ended(port);
  await first.channel.close();
  expect((await end)?.code).toBe('channel-lost');
  expect(await codeOf(port.write(Uint8Array.of(1)))).toBe('link-closed');
  expect(await codeOf(serial(link))).toBe('channel-open-failed');
  const opening = serial(link, { openTimeoutMs: 5000 });
  await Bun.sleep(50);
  const second = pty({ link });
  const again = await opening;
  const heard = gather(second.channel, 3);
  await again.write(Uint8Array.of(1, 2, 3));
  expect(await heard).toEqual(Uint8Array.of(1, 2, 3));
});

test('waiting for a path can be aborted; what is no terminal is refused', async () => {
  const abort = new AbortController();
  const settings = {
    path: join(directory, 'none'),
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
  } as const;
  const opening = codeOf(openSerial({ ...settings, openTimeoutMs: 60_000 }, systemClock, abort.signal));
  await Bun.sleep(10);
  abort.abort();
  expect(await opening).toBe('cancelled');
  writeFileSync(settings.path, 'text');
  expect(await codeOf(openSerial(settings))).toBe('channel-open-failed');
  expect(await codeOf(openSerial({ ...settings, baudRate: 0 }))).toBe('invalid-argument');
});

test('open, talk, close, again and again on one line, and no descriptor is left behind', async () => {
  const { path, channel } = pty();
  let heard = 0;
  channel.onBytes((bytes) => {
    heard += bytes.length;
    channel.write(bytes).catch(() => undefined);
  });
  const round = async (): Promise<void> => {
    const port = await serial(path);
    const back = gather(port, 100);
    await port.write(noise(100));
    expect(await back).toEqual(noise(100));
    await port.close();
  };
  await round();
  const before = openDescriptors();
  for (let i = 0; i < 10; i++) await round();
  expect(heard).toBe(1100);
  expect(await eventually(() => openDescriptors() <= before)).toBe(true);
  for (let i = 0; i < 10; i++) await openPty().channel.close();
  expect(await eventually(() => openDescriptors() <= before)).toBe(true);
});

test('our own close is no loss, and a write under way ends with it', async () => {
  const { path } = pty();
  const port = await serial(path);
  const end = ended(port);
  // Nobody reads the master's side: more than the kernel holds can never leave.
  const writing = codeOf(port.write(noise(MEGABYTE)));
  await Bun.sleep(20);
  await port.close();
  expect(await end).toBeUndefined();
  expect(await writing).toBe('link-closed');
});

test('what was on the line before the port was opened is not heard', async () => {
  const { path, channel } = pty();
  await channel.write(Uint8Array.of(0xff, 0xff));
  const port = await serial(path);
  const heard = gather(port, 1);
  await channel.write(Uint8Array.of(5));
  expect(await heard).toEqual(Uint8Array.of(5));
});

test('flush and modem lines of a terminal that has none', async () => {
  const { path, channel } = pty();
  const port = await ttyBinding.open({ path, baudRate: 9600 });
  await channel.write(Uint8Array.of(1, 2, 3));
  await port.flush();
  await port.drain();
  expect(await codeOf(port.get())).toBe('channel-lost');
  await port.close();
  expect(port.isOpen).toBe(false);
  const closed = await port.read(Buffer.alloc(1), 0, 1).catch((error: unknown) => error);
  expect(closed).toMatchObject({ canceled: true });
});

test('a paced line is as slow as its baud rate, both ways', async () => {
  const { path, channel } = pty({ pace: { baudRate: 9600, bitsPerByte: 10 } });
  const port = await serial(path);
  const startMs = performance.now();
  const there = gather(channel, 192);
  const back = gather(port, 192);
  await Promise.all([port.write(noise(192)), channel.write(noise(192))]);
  expect(await there).toEqual(noise(192));
  expect(await back).toEqual(noise(192));
  // 192 bytes at 960 a second.
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(190);
  expect(tookMs).toBeLessThan(600);
});

describe('list of ports', () => {
  test('USB identity is found above the port, empty UART slots are left out', async () => {
    const usb = join(directory, 'sys/devices/usb1/1-2');
    const tty = join(usb, '1-2:1.0/ttyUSB0/tty/ttyUSB0');
    mkdirSync(tty, { recursive: true });
    for (const [file, value] of Object.entries({
      idVendor: '0403',
      idProduct: '6001',
      manufacturer: 'FTDI',
      serial: 'A1',
    })) {
      writeFileSync(join(usb, file), `${value}\n`);
    }
    symlinkSync(join(usb, '1-2:1.0/ttyUSB0'), join(tty, 'device'));
    const classDirectory = join(directory, 'sys/class/tty');
    for (const [name, type] of [
      ['ttyS0', '4'],
      ['ttyS1', '0'],
      ['tty1', undefined],
    ] as const) {
      mkdirSync(join(classDirectory, name), { recursive: true });
      if (type === undefined) continue;
      writeFileSync(join(classDirectory, name, 'type'), type);
      mkdirSync(join(directory, 'sys/devices', name), { recursive: true });
      symlinkSync(join(directory, 'sys/devices', name), join(classDirectory, name, 'device'));
    }
    symlinkSync(tty, join(classDirectory, 'ttyUSB0'));
    mkdirSync(join(directory, 'dev/serial/by-id'), { recursive: true });
    symlinkSync('../../ttyUSB0', join(directory, 'dev/serial/by-id/usb-FTDI_A1-if00-port0'));
    expect(await listSerialPorts(directory)).toEqual([
      {
        path: '/dev/ttyS0',
        manufacturer: undefined,
        serialNumber: undefined,
        pnpId: undefined,
        locationId: undefined,
        vendorId: undefined,
        productId: undefined,
      },
      {
        path: '/dev/ttyUSB0',
        manufacturer: 'FTDI',
        serialNumber: 'A1',
        pnpId: 'usb-FTDI_A1-if00-port0',
        locationId: '1-2',
        vendorId: '0403',
        productId: '6001',
      },
    ]);
  });

  test('a machine without any', async () => {
    expect(await listSerialPorts(directory)).toEqual([]);
  });
});
