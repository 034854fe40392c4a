import { DcuError } from '../base/errors.ts';
import type { AuthMechanism, Framing, SecuritySuite } from '../base/model.ts';
import { keyBytes, needsKeys, needsSecret } from '../base/security-needs.ts';
import type { EcKeyPair, HlsHook } from '../dlms/ciphering/types.ts';
import type { Referencing } from '../dlms/client.ts';
import { generateEcKeyPair } from '../kernels/index.ts';
import type { TimeZone } from './calendar.ts';
import type { LoadKind } from './load-model.ts';
import { noise, seedFor } from './noise.ts';
import type { PushPlan } from './push-plan.ts';

/** Where a meter is to be found: a TCP port of its own, a place on a shared RS-485 line, or in memory. */
export type MeterPlace =
  /** Port 0 = any free one. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'rs485'; readonly line: number }
  /** Within this process, for simulated worlds in virtual time. */
  | { readonly kind: 'memory' };

/** Everything that makes one simulated meter; `planNeighbourhood` fills it from a seed. */
export interface MeterPlan {
  readonly meterIndex: number;
  /** Twelve digits. */
  readonly meterNo: string;
  readonly place: MeterPlace;
  readonly framing: Framing;
  readonly client: number;
  readonly server: number;
  /** HDLC only: the lower address; absent with one-byte addressing. */
  readonly physicalAddress?: number;
  readonly addressBytes: 1 | 2 | 4;
  /** How its objects are named; `ln` if not given. */
  readonly referencing?: Referencing;
  readonly auth: AuthMechanism;
  /** 0 if not given. */
  readonly suite?: SecuritySuite;
  /** LLS; and the secret of HLS, HLS-MD5, HLS-SHA1 and HLS-SHA256. */
  readonly password?: string;
  /** HLS: what the manufacturer's mechanism makes of the secret. */
  readonly hookFor?: (secret: Uint8Array) => HlsHook;
  /** HLS-ECDSA: the meter's key pair, and that of its client. */
  readonly signingKeys?: { readonly meter: EcKeyPair; readonly client: EcKeyPair };
  readonly systemTitle: Uint8Array;
  /** HLS-GMAC: global unicast encryption and authentication key, 16 bytes each (suite 2: 32). */
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  /** As long; wraps keys that are transferred. */
  readonly masterKey?: Uint8Array;
  readonly kind: LoadKind;
  readonly phases: 1 | 3;
  readonly feeder: number;
  readonly zone: TimeZone;
  /** Seeded when absent. */
  readonly driftPpm?: number;
  /** To whom it sends notifications by itself. */
  readonly push?: PushPlan;
}

export interface NeighbourhoodOptions {
  readonly seed: number;
  /** 1..2040, those on RS-485 lines included. */
  readonly meters: number;
  readonly host?: string;
  /** Port of the first TCP meter, the others follow; 0 = free ports; `memory`: no sockets, but `connect`. */
  readonly tcpBase: number | 'memory';
  /** `mixed`: wrapper and HDLC in turn. RS-485 is always HDLC. */
  readonly framing: Framing | 'mixed';
  /** `mixed`: the mechanisms none, lls and hls-gmac in turn. */
  readonly auth: AuthMechanism | 'mixed';
  /** Of hls-gmac and hls-ecdsa; 0 if not given. */
  readonly suite?: SecuritySuite;
  /** What the manufacturer's mechanism makes of a secret; needed with `hls`. */
  readonly hookFor?: (secret: Uint8Array) => HlsHook;
  /** `ln` if not given. */
  readonly referencing?: Referencing;
  /** Number of RS-485 lines. */
  readonly rs485Lines?: number;
  /** Meters on each line (8 if not given); they are the last of all. */
  readonly metersPerLine?: number;
  /** Central European time with summer time if not given. */
  readonly zone?: TimeZone;
  /** All meters push; with ciphering they have keys whatever their mechanism is. */
  readonly push?: PushPlan;
}

export const MAX_METERS = 2040;
const FIRST_METER_NO = 261_100_000_000;
/** Lower addresses from here on; below are reserved ones and those that installers like. */
const FIRST_PHYSICAL = 17;
/** Most that fit two-byte addressing, whose lower half has 7 bits with the top two reserved. */
const MAX_PER_LINE = 109;
const METERS_PER_FEEDER = 40;
const MECHANISMS: readonly AuthMechanism[] = ['none', 'lls', 'hls-gmac'];

export const CENTRAL_EUROPE: TimeZone = { utcOffsetMinutes: 60, daylightSaving: true };

/** Lays out a neighbourhood; the same options give the same plans. Throws `invalid-argument` naming the option. */
export function planNeighbourhood(options: NeighbourhoodOptions): MeterPlan[] {
  const { meters, tcpBase, rs485Lines = 0, metersPerLine = 8 } = options;
  within('meters', meters, 1, MAX_METERS);
  within('rs485Lines', rs485Lines, 0, 64);
  within('metersPerLine', metersPerLine, 1, MAX_PER_LINE);
  const onLines = rs485Lines * metersPerLine;
  if (onLines > meters) {
    throw new DcuError(
      'invalid-argument',
      `${rs485Lines} lines of ${metersPerLine} need ${onLines} meters, there are ${meters}`,
      { field: 'rs485Lines' },
    );
  }
  const onTcp = meters - onLines;
  checkMechanism(options);
  if (tcpBase !== 'memory') within('tcpBase', tcpBase, 0, 65_535);
  if (tcpBase !== 'memory' && tcpBase + onTcp - 1 > 65_535) {
    throw new DcuError('invalid-argument', `ports from ${tcpBase} on do not suffice for ${onTcp} meters`, {
      field: 'tcpBase',
    });
  }
  return Array.from({ length: meters }, (_, index) => planMeter(options, index, onTcp));
}

function checkMechanism({ auth, suite = 0, hookFor }: NeighbourhoodOptions): void {
  if (auth === 'hls-ecdsa' && suite === 0) {
    throw new DcuError('invalid-argument', 'hls-ecdsa needs suite 1 or 2', { field: 'suite' });
  }
  if (auth === 'hls' && hookFor === undefined) {
    throw new DcuError('invalid-argument', 'hls needs to know what the manufacturer computes', {
      field: 'auth',
    });
  }
}

function planMeter(options: NeighbourhoodOptions, index: number, onTcp: number): MeterPlan {
  const { seed, tcpBase, host = '127.0.0.1', metersPerLine = 8, zone = CENTRAL_EUROPE } = options;
  const meterNo = String(FIRST_METER_NO + index + 1);
  const mixed = index % 2 === 0 ? 'wrapper' : 'hdlc';
  const place: MeterPlace =
    index >= onTcp
      ? { kind: 'rs485', line: Math.floor((index - onTcp) / metersPerLine) }
      : tcpBase === 'memory'
        ? { kind: 'memory' }
        : { kind: 'tcp', host, port: tcpBase === 0 ? 0 : tcpBase + index };
  const chosen = options.framing === 'mixed' ? mixed : options.framing;
  const auth = options.auth === 'mixed' ? (MECHANISMS[index % 3] ?? 'none') : options.auth;
  const pick = noise(seed, index, 600);
  return {
    meterIndex: index,
    meterNo,
    place,
    framing: place.kind === 'rs485' ? 'hdlc' : chosen,
    client: 1,
    server: 1,
    ...(place.kind === 'rs485'
      ? { physicalAddress: FIRST_PHYSICAL + ((index - onTcp) % metersPerLine), addressBytes: 2 }
      : { addressBytes: 1 }),
    ...(options.referencing === undefined ? {} : { referencing: options.referencing }),
    auth,
    ...(options.suite === undefined ? {} : { suite: options.suite }),
    ...(auth === 'hls' && options.hookFor ? { hookFor: options.hookFor } : {}),
    ...credentials(seed, meterNo, auth, options.suite ?? 0),
    ...(options.push?.ciphered === undefined ? {} : keysOf(seedFor(seed, meterNo), options.suite ?? 0)),
    ...(options.push === undefined ? {} : { push: options.push }),
    systemTitle: systemTitleOf(meterNo),
    kind: pick < 0.7 ? 'household' : pick < 0.85 ? 'solar' : 'shop',
    phases: noise(seed, index, 601) < 0.4 ? 3 : 1,
    feeder: Math.floor(index / METERS_PER_FEEDER),
    zone,
  };
}

/** Three letters of a manufacturer that does not exist, and the meter number as 40 bits. */
function systemTitleOf(meterNo: string): Uint8Array {
  const title = new Uint8Array(8);
  new DataView(title.buffer).setBigUint64(0, BigInt(meterNo));
  title.set([0x4f, 0x44, 0x43]);
  return title;
}

type Credentials = Pick<
  MeterPlan,
  'password' | 'encryptionKey' | 'authenticationKey' | 'masterKey' | 'signingKeys'
>;

function credentials(seed: number, meterNo: string, auth: AuthMechanism, suite: SecuritySuite): Credentials {
  const own = seedFor(seed, meterNo);
  if (needsSecret(auth)) {
    const digits = Math.floor(noise(own, 1) * 1e8);
    return { password: String(digits).padStart(8, '0') };
  }
  if (needsKeys({ auth, policy: 'none' })) return keysOf(own, suite);
  if (auth !== 'hls-ecdsa') return {};
  return { signingKeys: { meter: simulatedPair(own, 4, suite), client: simulatedPair(own, 5, suite) } };
}

function keysOf(own: number, suite: SecuritySuite): Credentials {
  const length = keyBytes(suite);
  return {
    encryptionKey: simulatedKey(own, 2, length),
    authenticationKey: simulatedKey(own, 3, length),
    masterKey: simulatedKey(own, 6, length),
  };
}

function simulatedPair(seed: number, which: number, suite: SecuritySuite): EcKeyPair {
  let attempt = 0;
  return generateEcKeyPair(suite === 2 ? 'P-384' : 'P-256', (length) =>
    simulatedKey(seed, which + 10 * attempt++, length),
  );
}

/** A key out of a seed: reproducible, hence good for a simulation only. */
export function simulatedKey(seed: number, which: number, length = 16): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.floor(noise(seed, which, i) * 256));
}

function within(field: string, value: number, from: number, to: number): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  throw new DcuError(
    'invalid-argument',
    `${field} must be a whole number from ${from} to ${to}, not ${value}`,
    {
      field,
    },
  );
}
