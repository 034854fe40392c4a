import { DcuError } from '../../base/errors.ts';

/** A server address on an HDLC line. */
export interface HdlcTarget {
  readonly serverAddress: number;
  readonly physicalAddress?: number;
  readonly addressBytes: 1 | 2 | 4;
}

export interface IpTarget {
  readonly host: string;
  readonly port: number;
}

/** Addresses of one search; more is a mistake or takes days. */
const MOST_ADDRESSES = 16_384;
const MOST_ENDPOINTS = 4_096;
const MOST_PORTS = 16;
const MOST_SERIALS = 512;
const FIRST_FREE_PHYSICAL = 16;
const LAST_PHYSICAL = 0x7d;

export interface HdlcRange {
  /** `16-40,100`: physical addresses, with one byte the server addresses themselves. */
  readonly addresses?: string;
  /** Bytes of the server address; 2 if not given. */
  readonly addressBytes?: 1 | 2 | 4;
  /** Logical device; 1 if not given. */
  readonly logical?: number;
  /** Serial numbers: a meter answers to physical address (last four digits) + 1000. */
  readonly serials?: readonly string[];
}

/**
 * The addresses to ask, each once. Without any range: 1 in one byte, then logical device 1 of physical devices 16 to 125 in
 * two bytes, where meters are delivered. (The rule for serial numbers is a habit of vendors, not of the standard.)
 * @throws DcuError `invalid-argument` naming the field
 */
export function hdlcTargets(range: HdlcRange): HdlcTarget[] {
  const { addresses, addressBytes = 2, logical = 1, serials = [] } = range;
  const targets = new Map<string, HdlcTarget>();
  const add = (target: HdlcTarget): void => {
    targets.set(hdlcName(target), target);
  };
  if (serials.length > MOST_SERIALS) throw invalid('serials', `are more than ${MOST_SERIALS}`);
  for (const serial of serials) {
    const digits = serial.replaceAll(/\D/g, '').slice(-4);
    if (digits === '') throw invalid('serials', `"${serial}" has no digits`);
    add({ serverAddress: logical, physicalAddress: Number(digits) + 1000, addressBytes: 4 });
  }
  if (addresses !== undefined && addresses !== '') {
    const limit = addressBytes === 4 ? 0x3fff : 0x7f;
    for (const address of numbersIn(addresses, limit)) {
      if (addressBytes === 1) add({ serverAddress: address, addressBytes });
      else add({ serverAddress: logical, physicalAddress: address, addressBytes });
    }
  } else if (serials.length === 0) {
    add({ serverAddress: 1, addressBytes: 1 });
    for (let physical = FIRST_FREE_PHYSICAL; physical <= LAST_PHYSICAL; physical++) {
      add({ serverAddress: logical, physicalAddress: physical, addressBytes: 2 });
    }
  }
  return [...targets.values()];
}

/** `1` in one byte, `1/17` in two, `1/1234:4` in four. */
export function hdlcName({ serverAddress, physicalAddress, addressBytes }: HdlcTarget): string {
  if (addressBytes === 1) return `${serverAddress}`;
  return `${serverAddress}/${physicalAddress ?? 0}${addressBytes === 4 ? ':4' : ''}`;
}

function numbersIn(text: string, most: number): number[] {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part) ?? [];
    const from = Number(first);
    const to = Number(last);
    if (first === undefined || from > to || to > most) {
      throw invalid('addresses', `"${part.trim()}" is no address or range within 0-${most}`);
    }
    if (numbers.length + to - from + 1 > MOST_ADDRESSES) {
      throw invalid('addresses', `are more than ${MOST_ADDRESSES}`);
    }
    for (let address = from; address <= to; address++) numbers.push(address);
  }
  return numbers;
}

/**
 * Endpoints of `hosts` (names, addresses, IPv4 networks such as `10.0.0.0/28`, all with `:port` or without) and `ports`
 * for those that name none. @throws DcuError `invalid-argument` naming the field
 */
export function ipTargets(hosts: readonly string[], ports: readonly number[]): IpTarget[] {
  if (hosts.length === 0) throw invalid('hosts', 'are missing');
  if (ports.length > MOST_PORTS) throw invalid('ports', `are more than ${MOST_PORTS}`);
  const bad = ports.find((port) => !Number.isInteger(port) || port < 1 || port > 65_535);
  if (bad !== undefined) throw invalid('ports', `${bad} is no port`);
  const targets = new Map<string, IpTarget>();
  for (const text of hosts) {
    const { name, port } = endpointOf(text.trim());
    const own = port === undefined ? ports : [port];
    if (own.length === 0) throw invalid('ports', 'are missing');
    for (const host of hostsIn(name)) {
      for (const each of own) targets.set(`${host} ${each}`, { host, port: each });
      if (targets.size > MOST_ENDPOINTS) throw invalid('hosts', `are more than ${MOST_ENDPOINTS} endpoints`);
    }
  }
  return [...targets.values()];
}

function endpointOf(text: string): { readonly name: string; readonly port: number | undefined } {
  const [, bracketed, , plain, network = ''] =
    /^(?:\[([0-9A-Fa-f:.%a-z]+)\](:|$)|([^\s:/]+)(\/\d{1,2})?(?=:|$))/.exec(text) ?? [];
  const name = bracketed ?? plain;
  if (name === undefined) {
    if (/^[0-9A-Fa-f:.]+$/.test(text) && text.split(':').length > 2) return { name: text, port: undefined };
    throw invalid('hosts', `"${text}" is no host`);
  }
  const rest =
    bracketed === undefined ? text.slice(name.length + network.length) : text.slice(name.length + 2);
  if (bracketed === undefined && rest.split(':').length > 2) return { name: text, port: undefined };
  if (rest === '') return { name: `${name}${network}`, port: undefined };
  const port = /^:(\d{1,5})$/.exec(rest)?.[1];
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw invalid('hosts', `"${text}" has no good port`);
  }
  return { name: `${name}${network}`, port: Number(port) };
}

function hostsIn(name: string): string[] {
  const [, a, b, c, d, bits] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(name) ?? [];
  if (bits === undefined) return [name];
  const octets = [a, b, c, d].map(Number);
  const width = Number(bits);
  if (octets.some((octet) => octet > 255) || width > 32) throw invalid('hosts', `"${name}" is no network`);
  const size = 2 ** (32 - width);
  if (size > MOST_ENDPOINTS) throw invalid('hosts', `"${name}" has more than ${MOST_ENDPOINTS} addresses`);
  const whole = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const base = whole - (whole % size);
  // The first and the last address of a network are no hosts.
  const [first, last] = size > 2 ? [1, size - 2] : [0, size - 1];
  return Array.from({ length: last - first + 1 }, (_, at) => {
    const address = base + first + at;
    return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
  });
}

const invalid = (field: string, what: string): DcuError =>
  new DcuError('invalid-argument', `${field} ${what}`, { field });
