import type { MeterAddress, MeterSecrets, MeterSecurity, NewMeter } from '../base/model.ts';
import {
  AUTH_MECHANISMS,
  IP_COMM_TYPES,
  METER_OPENINGS,
  METER_REFERENCING,
  METER_TRANSPORTS,
  MODULE_COMM_TYPE,
  PARITIES,
} from '../base/model.ts';
import { needsKeys, needsSecret, scalarBytes } from '../base/security-needs.ts';
import { balanceRules } from './balance-rules.ts';
import {
  checkHex,
  checkHost,
  checkInteger,
  checkName,
  checkOneOf,
  checkText,
  invalid,
  type Rule,
} from './validation.ts';

const BYTE_FIELDS = ['meterType', 'phase', 'credit', 'prepaid', 'wiring'] as const;

/** What holds for each meter, whatever else is in the archive; each rule throws `invalid-field`. */
export function* meterRules(meter: NewMeter, commType: number): Generator<Rule> {
  yield () => checkText('meterNo', meter.meterNo, 1, 32);
  yield () => checkInteger('mac', meter.mac, -1, Number.MAX_SAFE_INTEGER);
  for (const field of BYTE_FIELDS) yield () => checkInteger(field, meter[field], 0, 255);
  yield () => checkName('profile', meter.profile);
  yield* balanceRules(meter);
  if (commType === MODULE_COMM_TYPE) yield () => checkNode(meter.meterNo, meter.address.node);
  yield* wayRules(meter.address, commType);
  yield* lineRules(meter.address);
  yield* linkAddressRules(meter.address);
  yield* securityRules(meter.security);
}

/** @throws DcuError `invalid-field` naming the first bad field */
export function checkMeter(meter: NewMeter, commType: number): void {
  for (const rule of meterRules(meter, commType)) rule();
}

/** Behind the module a meter goes by the twelve digits of its communication unit (Q/GDW 10376.2, address field). */
function checkNode(meterNo: string, node: string | undefined): void {
  if (node !== undefined && !/^\d{12}$/.test(node)) throw invalid('address.node', 'must be twelve digits');
  if (node === undefined && !/^\d{1,12}$/.test(meterNo)) {
    throw invalid('address.node', 'is needed where MeterNo is not at most twelve digits');
  }
}

function* wayRules({ host, port }: MeterAddress, commType: number): Generator<Rule> {
  if (host !== undefined) yield () => checkHost('address.host', host);
  if (port !== undefined) yield () => checkInteger('address.port', port, 1, 65_535);
  if (!IP_COMM_TYPES.has(commType)) return;
  for (const [field, value] of [['address.host', host] as const, ['address.port', port] as const]) {
    yield () => {
      if (value === undefined) throw invalid(field, 'is needed for a meter with an address of its own');
    };
  }
}

function* lineRules({ transport, opening, baudRate, parity, framing }: MeterAddress): Generator<Rule> {
  yield () => {
    if (transport !== undefined) checkOneOf('address.transport', transport, METER_TRANSPORTS);
    if (transport === 'udp' && framing === 'hdlc') {
      throw invalid('address.transport', 'is udp, over which HDLC does not go');
    }
  };
  yield () => {
    if (opening !== undefined) checkOneOf('address.opening', opening, METER_OPENINGS);
    if (opening === 'mode-e' && framing === 'wrapper') {
      throw invalid('address.opening', 'is mode E, behind which HDLC comes');
    }
  };
  if (baudRate !== undefined) yield () => checkOneOf('address.baudRate', baudRate, BAUD_RATES);
  if (parity !== undefined) yield () => checkOneOf('address.parity', parity, PARITIES);
}

const BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200];

function* linkAddressRules(address: MeterAddress): Generator<Rule> {
  const { framing, referencing, addressBytes, clientAddress, serverAddress, physicalAddress } = address;
  yield () => checkOneOf('address.framing', framing, ['hdlc', 'wrapper']);
  if (referencing !== undefined) {
    yield () => checkOneOf('address.referencing', referencing, METER_REFERENCING);
  }
  yield () => checkOneOf('address.addressBytes', addressBytes, [1, 2, 4]);
  if (framing === 'wrapper') {
    yield () => checkInteger('address.clientAddress', clientAddress, 0, 65_535);
    yield () => checkInteger('address.serverAddress', serverAddress, 0, 65_535);
    return;
  }
  // IEC 62056-46 §6.4.2: a client address is one byte, each half of a server address 7 or 14 bits.
  const limit = addressBytes === 4 ? 0x3fff : 0x7f;
  yield () => checkInteger('address.clientAddress', clientAddress, 0, 0x7f);
  yield () => checkInteger('address.serverAddress', serverAddress, 0, limit);
  yield () => {
    if (addressBytes === 1) {
      if (physicalAddress === undefined) return;
      throw invalid('address.physicalAddress', 'has no place in an address of one byte');
    }
    if (physicalAddress === undefined) {
      throw invalid('address.physicalAddress', `is needed in an address of ${addressBytes} bytes`);
    }
    checkInteger('address.physicalAddress', physicalAddress, 0, limit);
  };
}

function* securityRules(security: MeterSecurity): Generator<Rule> {
  const { suite = 0, signingKey, systemTitle, auth, policy } = security;
  yield () => {
    checkOneOf('security.auth', auth, AUTH_MECHANISMS);
    if (auth === 'hls') {
      throw invalid('security.auth', 'is the manufacturer’s own mechanism, of which nothing is known here');
    }
  };
  yield () => checkOneOf('security.policy', policy, ['none', 'auth', 'enc', 'auth-enc']);
  if (systemTitle !== undefined) yield () => checkHex('security.systemTitle', systemTitle, 8);
  yield () => {
    checkInteger('security.suite', suite, 0, 2);
    if (auth === 'hls-ecdsa' && suite === 0) throw invalid('security.suite', 'must be 1 or 2 for HLS-ECDSA');
  };
  yield () => {
    if (signingKey !== undefined) {
      checkHex('security.signingKey', signingKey, 2 * (scalarBytes(suite) || 32));
    } else if (auth === 'hls-ecdsa') {
      throw invalid('security.signingKey', 'is needed for HLS-ECDSA: the meter’s public key');
    }
  };
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
export function* secretRules(secrets: MeterSecrets): Generator<Rule> {
  yield () => {
    if ((secrets.password?.length ?? 0) > 64) throw invalid('password', 'must have at most 64 bytes');
  };
  for (const name of ['encryptionKey', 'authenticationKey', 'masterKey'] as const) {
    yield () => {
      const length = secrets[name]?.length ?? 0;
      if (length !== 0 && length !== 16 && length !== 32) throw invalid(name, 'must have 16 or 32 bytes');
    };
  }
  yield () => {
    const length = secrets.signingKey?.length ?? 0;
    if (length !== 0 && length !== 32 && length !== 48) {
      throw invalid('signingKey', 'must have 32 or 48 bytes');
    }
  };
}

/** @throws DcuError `invalid-field` naming the first bad secret */
export function checkSecrets(secrets: MeterSecrets): void {
  for (const rule of secretRules(secrets)) rule();
}

/** What the chosen security needs must be there: an association could never succeed without. */
export function* presenceRules(
  security: MeterSecurity,
  has: Readonly<Record<SecretName, boolean>>,
): Generator<Rule> {
  const needed: readonly (readonly [SecretName, boolean, string])[] = [
    ['password', needsSecret(security.auth), `is needed for ${security.auth}`],
    ['signingKey', security.auth === 'hls-ecdsa', 'is needed for HLS-ECDSA'],
    ['encryptionKey', needsKeys(security), 'is needed for HLS-GMAC and ciphering'],
    ['authenticationKey', needsKeys(security), 'is needed for HLS-GMAC and ciphering'],
  ];
  for (const [name, isNeeded, message] of needed) {
    yield () => {
      if (isNeeded && !has[name]) throw invalid(name, message);
    };
  }
}

/** @throws DcuError `invalid-field` naming the first secret that is missing */
export function checkSecretsPresent(
  security: MeterSecurity,
  has: Readonly<Record<SecretName, boolean>>,
): void {
  for (const rule of presenceRules(security, has)) rule();
}
