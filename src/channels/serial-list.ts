import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PortInfo } from '@serialport/bindings-interface';

/** Serial ports of this machine with their USB identity. `root` is the file system root, for tests. */
export async function listSerialPorts(root = '/'): Promise<PortInfo[]> {
  const classDirectory = join(root, 'sys/class/tty');
  const stableNames = await stableNamesOf(join(root, 'dev/serial/by-id'));
  const ports: PortInfo[] = [];
  for (const name of (await entries(classDirectory)).sort()) {
    const info = await portOf(join(classDirectory, name), name, stableNames.get(name));
    if (info !== undefined) ports.push(info);
  }
  return ports;
}

async function portOf(
  directory: string,
  name: string,
  pnpId: string | undefined,
): Promise<PortInfo | undefined> {
  // Consoles and pseudo-terminals have no device behind them; a UART of type 0 is a slot without a chip.
  const device = await resolved(join(directory, 'device'));
  if (device === undefined || (await text(join(directory, 'type'))) === '0') return undefined;
  const usb = await usbDeviceAbove(device);
  const identity = async (file: string): Promise<string | undefined> =>
    usb === undefined ? undefined : await text(join(usb, file));
  return {
    path: `/dev/${name}`,
    manufacturer: await identity('manufacturer'),
    serialNumber: await identity('serial'),
    pnpId,
    locationId: usb === undefined ? undefined : usb.slice(usb.lastIndexOf('/') + 1),
    vendorId: await identity('idVendor'),
    productId: await identity('idProduct'),
  };
}

async function usbDeviceAbove(device: string): Promise<string | undefined> {
  for (let at = device; at !== dirname(at); at = dirname(at)) {
    if ((await text(join(at, 'idVendor'))) !== undefined) return at;
  }
  return undefined;
}

async function stableNamesOf(directory: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const name of await entries(directory)) {
    const target = await readlink(join(directory, name));
    names.set(target.slice(target.lastIndexOf('/') + 1), name);
  }
  return names;
}

async function entries(directory: string): Promise<string[]> {
  return (await absentAsUndefined(readdir(directory))) ?? [];
}

async function resolved(path: string): Promise<string | undefined> {
  return await absentAsUndefined(realpath(path));
}

async function text(path: string): Promise<string | undefined> {
  return (await absentAsUndefined(readFile(path, 'utf8')))?.trim();
}

/** In sysfs a file that is missing means that the device does not have the property. */
async function absentAsUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined;
    throw error;
  }
}
