import type { Meter } from './model.ts';

const IPV4_MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * One spelling of an IP address or host name: IPv6 shortened (RFC 5952) without its zone, IPv4-mapped as IPv4, names in small
 * letters without the final dot.
 */
export function hostKey(host: string): string {
  const text = host.trim().toLowerCase().replace(/\.$/, '');
  if (!text.includes(':')) return text;
  const known = shortForms.get(text);
  if (known !== undefined) return known;
  const short = shortForm(text);
  if (shortForms.size >= MOST_SHORT_FORMS) shortForms.clear();
  shortForms.set(text, short);
  return short;
}

/** Whole archives of IPv6 addresses are compared again and again, and taking one apart is slow. */
const shortForms = new Map<string, string>();
const MOST_SHORT_FORMS = 8192;

function shortForm(text: string): string {
  const bare = text.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!URL.canParse(`http://[${bare}]/`)) return text;
  const short = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const mapped = IPV4_MAPPED.exec(short);
  if (mapped === null) return short;
  const number = (Number.parseInt(mapped[1] ?? '', 16) << 16) | Number.parseInt(mapped[2] ?? '', 16);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** Host and port as one text, IPv6 in brackets. */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${hostKey(host)}]:${port}` : `${hostKey(host)}:${port}`;

/**
 * One spelling of what a device goes by: MeterNo or the address of a communication unit (up to twelve digits, filled up with zeros),
 * system title (hex), IP address or name with or without port.
 */
export function deviceKey(text: string): string {
  const tidy = text.trim().toLowerCase();
  if (/^\d{1,12}$/.test(tidy)) return tidy.padStart(12, '0');
  const title = tidy.replaceAll(/[\s-]/g, '');
  if (/^[0-9a-f]{16}$/.test(title)) return title;
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(tidy);
  if (bracketed !== null) return withPort(bracketed[1] ?? '', bracketed[2]);
  const named = /^([^:]+):(\d{1,5})$/.exec(tidy);
  if (named !== null) return withPort(named[1] ?? '', named[2]);
  return hostKey(tidy);
}

const withPort = (host: string, port: string | undefined): string =>
  port === undefined ? hostKey(host) : hostAndPort(host, Number(port));

/** The key itself and, of an address with a port, that of its host: what is said of a host holds for all its ports. */
export function deviceKeys(text: string): readonly string[] {
  const key = deviceKey(text);
  const host = /^\[([^\]]+)\]:\d+$/.exec(key) ?? /^([^:]+):\d+$/.exec(key);
  return host === null ? [key] : [key, host[1] ?? ''];
}

/** Everything that a meter of the archive goes by. */
export function namesOfMeter({
  meterNo,
  address,
  security,
}: Pick<Meter, 'meterNo' | 'address' | 'security'>): readonly string[] {
  const { node, host, port } = address;
  return [
    meterNo,
    ...(node === undefined ? [] : [node]),
    ...(host === undefined ? [] : [port === undefined ? host : hostAndPort(host, port)]),
    ...(security.systemTitle === undefined ? [] : [security.systemTitle]),
  ];
}
