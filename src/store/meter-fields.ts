import type { MeterAddress, MeterSecrets, MeterSecurity, NewMeter } from '../base/model.ts';
import {
  AUTH_MECHANISMS,
  METER_OPENINGS,
  METER_REFERENCING,
  METER_TRANSPORTS,
  PARITIES,
} from '../base/model.ts';
import { needsKeys, needsSecret, scalarBytes } from '../base/security-needs.ts';
import {
  checkHex,
  checkHost,
  checkInteger,
  checkName,
  checkOneOf,
  checkText,
  invalid,
} from './validation.ts';

/** CommTypes of channels whose meters have an IP address of their own. */
const IP_METERS: ReadonlySet<number> = new Set([12, 14]);
/** CommType of the PLC module's channel. */
const READING_MODULE = 2;

const BYTE_FIELDS = ['meterType', 'phase', 'credit', 'prepaid', 'wiring'] as const;

/** @throws DcuError `invalid-field` naming the first bad field */
export function checkMeter(meter: NewMeter, commType: number): void {
  checkText('meterNo', meter.meterNo, 1, 32);
  checkInteger('mac', meter.mac, -1, Number.MAX_SAFE_INTEGER);
  for (const field of BYTE_FIELDS) checkInteger(field, meter[field], 0, 255);
  checkName('profile', meter.profile);
  checkAddress(meter.meterNo, meter.address, commType);
  checkSecurity(meter.security);
}

/** Behind the module a meter goes by the twelve digits of its communication unit (Q/GDW 10376.2, address field). */
function checkNode(meterNo: string, node: string | undefined): void {
  if (node !== undefined && !/^\d{12}$/.test(node)) throw invalid('address.node', 'must be twelve digits');
  if (node === undefined && !/^\d{1,12}$/.test(meterNo)) {
    throw invalid('address.node', 'is needed where MeterNo is not at most twelve digits');
  }
}

function checkLine({ transport, opening, baudRate, parity, framing }: MeterAddress): void {
  if (transport !== undefined) checkOneOf('address.transport', transport, METER_TRANSPORTS);
  if (transport === 'udp' && framing === 'hdlc') {
    throw invalid('address.transport', 'is udp, over which HDLC does not go');
  }
  if (opening !== undefined) checkOneOf('address.opening', opening, METER_OPENINGS);
  if (opening === 'mode-e' && framing === 'wrapper') {
    throw invalid('address.opening', 'is mode E, behind which HDLC comes');
  }
  if (baudRate !== undefined) checkOneOf('address.baudRate', baudRate, BAUD_RATES);
  if (parity !== undefined) checkOneOf('address.parity', parity, PARITIES);
}

const BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200];

function checkAddress(meterNo: string, address: MeterAddress, commType: number): void {
  checkOneOf('address.framing', address.framing, ['hdlc', 'wrapper']);
  if (address.referencing !== undefined) {
    checkOneOf('address.referencing', address.referencing, METER_REFERENCING);
  }
  checkOneOf('address.addressBytes', address.addressBytes, [1, 2, 4]);
  if (IP_METERS.has(commType) && address.host === undefined) {
    throw invalid('address.host', 'is needed for a meter with an address of its own');
  }
  if (IP_METERS.has(commType) && address.port === undefined) {
    throw invalid('address.port', 'is needed for a meter with an address of its own');
  }
  if (commType === READING_MODULE) checkNode(meterNo, address.node);
  checkLine(address);
  if (address.host !== undefined) checkHost('address.host', address.host);
  if (address.port !== undefined) checkInteger('address.port', address.port, 1, 65_535);
  if (address.framing === 'wrapper') {
    checkInteger('address.clientAddress', address.clientAddress, 0, 65_535);
    checkInteger('address.serverAddress', address.serverAddress, 0, 65_535);
    return;
  }
  // IEC 62056-46 §6.4.2: a client address is one byte, each half of a server address 7 or 14 bits.
  const limit = address.addressBytes === 4 ? 0x3fff : 0x7f;
  checkInteger('address.clientAddress', address.clientAddress, 0, 0x7f);
  checkInteger('address.serverAddress', address.serverAddress, 0, limit);
  if (address.addressBytes === 1) {
    if (address.physicalAddress === undefined) return;
    throw invalid('address.physicalAddress', 'has no place in an address of one byte');
  }
  if (address.physicalAddress === undefined) {
    throw invalid('address.physicalAddress', `is needed in an address of ${address.addressBytes} bytes`);
  }
  checkInteger('address.physicalAddress', address.physicalAddress, 0, limit);
}

function checkSecurity(security: MeterSecurity): void {
  checkOneOf('security.auth', security.auth, AUTH_MECHANISMS);
  checkOneOf('security.policy', security.policy, ['none', 'auth', 'enc', 'auth-enc']);
  if (security.systemTitle !== undefined) checkHex('security.systemTitle', security.systemTitle, 8);
  const { suite = 0, signingKey, auth } = security;
  checkInteger('security.suite', suite, 0, 2);
  if (auth === 'hls') {
    throw invalid('security.auth', 'is the manufacturer’s own mechanism, of which nothing is known here');
  }
  if (auth === 'hls-ecdsa' && suite === 0) throw invalid('security.suite', 'must be 1 or 2 for HLS-ECDSA');
  if (signingKey !== undefined) checkHex('security.signingKey', signingKey, 2 * (scalarBytes(suite) || 32));
  if (auth === 'hls-ecdsa' && signingKey === undefined) {
    throw invalid('security.signingKey', 'is needed for HLS-ECDSA: the meter’s public key');
  }
}

export const SECRET_NAMES = [
  'password',
  'encryptionKey',
  'authenticationKey',
  'signingKey',
  'masterKey',
] as const;
export type SecretName = (typeof SECRET_NAMES)[number];

/** An empty secret takes the stored one away. */
export function checkSecrets(secrets: MeterSecrets): void {
  if ((secrets.password?.length ?? 0) > 64) throw invalid('password', 'must have at most 64 bytes');
  for (const name of ['encryptionKey', 'authenticationKey', 'masterKey'] as const) {
    const length = secrets[name]?.length ?? 0;
    if (length !== 0 && length !== 16 && length !== 32) throw invalid(name, 'must have 16 or 32 bytes');
  }
  const length = secrets.signingKey?.length ?? 0;
  if (length !== 0 && length !== 32 && length !== 48) throw invalid('signingKey', 'must have 32 or 48 bytes');
}

/** What the chosen security needs must be there: an association could never succeed without. */
export function checkSecretsPresent(
  security: MeterSecurity,
  has: Readonly<Record<SecretName, boolean>>,
): void {
  if (needsSecret(security.auth) && !has.password) {
    throw invalid('password', `is needed for ${security.auth}`);
  }
  if (security.auth === 'hls-ecdsa' && !has.signingKey)
    throw invalid('signingKey', 'is needed for HLS-ECDSA');
  if (!needsKeys(security)) return;
  if (!has.encryptionKey) throw invalid('encryptionKey', 'is needed for HLS-GMAC and ciphering');
  if (!has.authenticationKey) throw invalid('authenticationKey', 'is needed for HLS-GMAC and ciphering');
}
