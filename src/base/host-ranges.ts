import { BlockList, isIP } from 'node:net';
import { DcuError } from './errors.ts';

const SEPARATOR = /[\s,;]+/;

/** IP addresses and ranges of them, as somebody has typed them in. */
export class HostRanges {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /**
   * @param text addresses and CIDR ranges (`192.0.2.7, 10.1.0.0/16, 2001:db8::/32`), with blanks, commas or semicolons in between
   * @throws DcuError `invalid-argument` naming the first that is none
   */
  constructor(text: string) {
    const entries = text.split(SEPARATOR).filter((entry) => entry !== '');
    this.#isEmpty = entries.length === 0;
    for (const entry of entries) this.#add(entry);
  }

  /** Nothing was typed in. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** An IPv4 address may come in its IPv6 form. What is no IP address is in no range. */
  has(host: string): boolean {
    const version = isIP(host);
    return version !== 0 && this.#list.check(host, version === 4 ? 'ipv4' : 'ipv6');
  }

  #add(entry: string): void {
    const [address = '', prefix, ...more] = entry.split('/');
    const version = isIP(address);
    const bits = version === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : Number(/^\d{1,3}$/.test(prefix) ? prefix : Number.NaN);
    if (version === 0 || more.length > 0 || !(length >= 0 && length <= bits)) {
      throw new DcuError('invalid-argument', `"${entry}" is neither an IP address nor a range`);
    }
    this.#list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  }
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `first-last`; undefined for an empty text. @throws DcuError `invalid-argument` */
export function portRange(text: string): PortRange | undefined {
  if (text.trim() === '') return undefined;
  const [, low = '', high = ''] = /^\s*(\d{1,5})\s*-\s*(\d{1,5})\s*$/.exec(text) ?? [];
  const [first, last] = [Number(low), Number(high)];
  if (low === '' || first < 1 || last < first || last > 0xffff) {
    throw new DcuError('invalid-argument', `"${text}" is no range of ports`);
  }
  return { first, last };
}
