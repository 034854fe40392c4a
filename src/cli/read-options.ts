import { fromHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { AuthMechanism, Framing, SecurityPolicy } from '../base/model.ts';
import type { SerialSettings } from '../channels/channel.ts';
import type { AccessSelection, CosemAttribute } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { type CosemDateTime, encodeDateTime, parseDateTime } from '../dlms/datetime.ts';
import type { LinkConfig } from '../dlms/link/link.ts';
import { formatObis, parseObis } from '../dlms/obis.ts';

/** As commander hands them over. */
export interface ReadFlags {
  readonly host?: string;
  readonly port?: number;
  readonly serial?: string;
  readonly baud?: number;
  readonly parity: 'none' | 'even';
  readonly framing: Framing;
  readonly hdlcAddressBytes?: 1 | 2 | 4;
  readonly hdlcPhysical?: number;
  readonly client: number;
  readonly server: number;
  readonly auth: AuthMechanism;
  readonly password?: string;
  readonly passwordHex?: string;
  readonly policy?: SecurityPolicy;
  readonly systemTitle?: string;
  readonly meterSystemTitle?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly invocationCounter?: number;
  readonly readCounter?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly entries?: string;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

export type ReadTransport =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'serial'; readonly settings: SerialSettings };

/** What a call of `dcu read` asks for, checked. */
export interface ReadPlan {
  readonly transport: ReadTransport;
  readonly link: LinkConfig;
  readonly security: {
    readonly auth: AuthMechanism;
    readonly policy: SecurityPolicy;
    readonly password?: Uint8Array;
    readonly systemTitle?: Uint8Array;
    readonly meterSystemTitle?: Uint8Array;
    readonly encryptionKey?: Uint8Array;
    readonly authenticationKey?: Uint8Array;
  };
  /** First invocation counter; `read` asks the meter for it. */
  readonly counter: number | 'read';
  readonly selection: AccessSelection | undefined;
  readonly attributes: readonly CosemAttribute[];
  readonly timeoutMs: number;
}

const CLOCK: CosemAttribute = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
const HDLC_RETRIES = 2;
const MAX_APDU = 65_535;

/** @throws DcuError `invalid-argument` or `usage` naming what does not fit. */
export function readPlan(flags: ReadFlags, targets: readonly string[]): ReadPlan {
  const policy = flags.policy ?? (flags.auth === 'hls-gmac' ? 'auth-enc' : 'none');
  const ciphered = policy !== 'none' || flags.auth === 'hls-gmac';
  if (flags.password !== undefined && flags.passwordHex !== undefined) {
    throw new DcuError('usage', '--password and --password-hex exclude each other', { field: 'password' });
  }
  const password =
    flags.passwordHex === undefined
      ? textBytes(flags.password)
      : fromHex(flags.passwordHex, '--password-hex');
  if (flags.auth === 'lls' && password === undefined) {
    throw new DcuError('usage', '--auth lls needs --password or --password-hex', { field: 'password' });
  }
  const encryptionKey = bytesOf('--encryption-key', flags.encryptionKey, 16);
  const authenticationKey = bytesOf('--authentication-key', flags.authenticationKey, 16);
  if (ciphered && (encryptionKey === undefined || authenticationKey === undefined)) {
    throw new DcuError('usage', 'ciphering needs --encryption-key and --authentication-key', {
      field: encryptionKey === undefined ? 'encryption-key' : 'authentication-key',
    });
  }
  if (flags.invocationCounter !== undefined && flags.readCounter === true) {
    throw new DcuError('usage', '--invocation-counter and --read-counter exclude each other');
  }
  const systemTitle = bytesOf('--system-title', flags.systemTitle, 8);
  const meterSystemTitle = bytesOf('--meter-system-title', flags.meterSystemTitle, 8);
  return {
    transport: transportOf(flags),
    link: linkOf(flags),
    security: {
      auth: flags.auth,
      policy,
      ...(password === undefined ? {} : { password }),
      ...(systemTitle === undefined ? {} : { systemTitle }),
      ...(meterSystemTitle === undefined ? {} : { meterSystemTitle }),
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
      ...(authenticationKey === undefined ? {} : { authenticationKey }),
    },
    counter: flags.readCounter === true ? 'read' : (flags.invocationCounter ?? 1),
    selection: selectionOf(flags),
    attributes: targets.map(parseTarget),
    timeoutMs: flags.timeoutMs,
  };
}

/** `3:1.0.1.8.0.255:2`; the OBIS code may also be written `1-0:1.8.0*255`. */
export function parseTarget(text: string): CosemAttribute {
  const match = /^(\d{1,5}):(.+):(-?\d{1,3})$/.exec(text);
  const [, classId, obis, attribute] = match ?? [];
  if (classId === undefined || obis === undefined || attribute === undefined || Number(classId) > 0xffff) {
    throw new DcuError('invalid-argument', `'${text}' is not CLASS:OBIS:ATTRIBUTE, e.g. 3:1.0.1.8.0.255:2`, {
      field: 'attribute',
    });
  }
  const index = Number(attribute);
  if (index < -128 || index > 127) {
    throw new DcuError('invalid-argument', `'${text}': an attribute is a number from -128 to 127`, {
      field: 'attribute',
    });
  }
  return { classId: Number(classId), obis: formatObis(parseObis(obis)), attribute: index };
}

function transportOf(flags: ReadFlags): ReadTransport {
  const { host, port, serial, baud, parity } = flags;
  if (serial !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new DcuError('usage', '--serial and --host/--port exclude each other');
    }
    if (baud === undefined) throw new DcuError('usage', '--serial needs --baud', { field: 'baud' });
    return {
      kind: 'serial',
      settings: { path: serial, baudRate: baud, dataBits: 8, parity, stopBits: 1 },
    };
  }
  if (host === undefined || port === undefined) {
    throw new DcuError('usage', 'either --host and --port or --serial and --baud are needed');
  }
  return { kind: 'tcp', host, port };
}

function linkOf(flags: ReadFlags): LinkConfig {
  const { client: clientAddress, server: serverAddress, hdlcPhysical, timeoutMs } = flags;
  if (flags.framing === 'wrapper') {
    return {
      framing: 'wrapper',
      clientAddress,
      serverAddress,
      responseTimeoutMs: timeoutMs,
      maxApdu: MAX_APDU,
    };
  }
  const least = hdlcPhysical === undefined ? 1 : serverAddress < 0x80 && hdlcPhysical < 0x80 ? 2 : 4;
  const addressBytes = flags.hdlcAddressBytes ?? least;
  const limit = addressBytes === 4 ? 0x3fff : 0x7f;
  if (clientAddress > 0x7f) throw outOfRange('--client', clientAddress, 0x7f);
  if (serverAddress > limit) throw outOfRange('--server', serverAddress, limit);
  if (addressBytes === 1 && hdlcPhysical !== undefined) {
    throw new DcuError('invalid-argument', 'an HDLC address of one byte has no physical part', {
      field: 'hdlc-physical',
    });
  }
  if (hdlcPhysical !== undefined && hdlcPhysical > limit) {
    throw outOfRange('--hdlc-physical', hdlcPhysical, limit);
  }
  return {
    framing: 'hdlc',
    clientAddress,
    serverAddress,
    ...(addressBytes === 1 ? {} : { physicalAddress: hdlcPhysical ?? 1 }),
    addressBytes,
    maxInfoTransmit: 128,
    maxInfoReceive: 128,
    windowTransmit: 1,
    windowReceive: 1,
    interOctetTimeoutMs: 200,
    responseTimeoutMs: timeoutMs,
    retries: HDLC_RETRIES,
  };
}

function selectionOf({ from, to, entries }: ReadFlags): AccessSelection | undefined {
  if (entries !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new DcuError('usage', '--entries and --from/--to exclude each other', { field: 'entries' });
    }
    const [, first, last] = /^(\d{1,10})-(\d{1,10})$/.exec(entries) ?? [];
    const fromEntry = Number(first);
    const toEntry = Number(last);
    const fits = fromEntry >= 1 && fromEntry <= 0xffffffff && toEntry <= 0xffffffff;
    if (first === undefined || !fits || (toEntry !== 0 && toEntry < fromEntry)) {
      throw new DcuError('invalid-argument', `'${entries}' is not A-B with 1 ≤ A ≤ B (B = 0: the last)`, {
        field: 'entries',
      });
    }
    return { by: 'entry', fromEntry, toEntry };
  }
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) {
    throw new DcuError('usage', '--from and --to go together', { field: from === undefined ? 'from' : 'to' });
  }
  return { by: 'range', restricting: CLOCK, from: stamp('from', from), to: stamp('to', to) };
}

/** A date alone counts from midnight; the weekday is left to the meter. */
function stamp(field: string, text: string): DlmsData {
  try {
    const { weekday: _, ...time } = parseDateTime(text);
    const full: CosemDateTime = { hour: 0, minute: 0, second: 0, hundredths: 0, status: 0, ...time };
    return { type: 'octet-string', value: encodeDateTime(full) };
  } catch (cause) {
    throw new DcuError('invalid-argument', `--${field}: '${text}' is not an ISO 8601 date-time`, {
      field,
      cause,
    });
  }
}

function bytesOf(option: string, hex: string | undefined, length: number): Uint8Array | undefined {
  if (hex === undefined) return undefined;
  const bytes = fromHex(hex, option);
  if (bytes.length !== length) {
    throw new DcuError('invalid-argument', `${option} has ${length} bytes, not ${bytes.length}`, {
      field: option.slice(2),
    });
  }
  return bytes;
}

const textBytes = (text: string | undefined): Uint8Array | undefined =>
  text === undefined ? undefined : new TextEncoder().encode(text);

const outOfRange = (option: string, value: number, limit: number): DcuError =>
  new DcuError('invalid-argument', `${option} ${value} does not fit this address size (at most ${limit})`, {
    field: option.slice(2),
  });
