/** The facts that both ends of every test share: associations, keys, and what the test meter holds. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { toHex } from '../../src/base/bytes.ts';
import type { AuthMechanism, SecuritySuite } from '../../src/base/model.ts';
import type { EcKeyPair } from '../../src/dlms/ciphering/types.ts';
import type { Referencing } from '../../src/dlms/client-types.ts';

export const FRAMINGS = ['wrapper', 'hdlc'] as const;
export type Framing = (typeof FRAMINGS)[number];
export const REFERENCINGS: readonly Referencing[] = ['ln', 'sn'];

/** How two sides know each other; each kind has a client address of its own in every test meter. */
export interface Kind {
  readonly name: string;
  readonly auth: AuthMechanism;
  /** Absent: nothing is ciphered. */
  readonly suite?: SecuritySuite;
  /** How protected APDUs are framed; service-specific if not given. */
  readonly form?: 'general-glo' | 'general-ded';
  /** With a key of its own for the association. */
  readonly dedicated?: boolean;
  readonly client: number;
}

const PLAIN: readonly AuthMechanism[] = ['none', 'lls', 'hls', 'hls-md5', 'hls-sha1', 'hls-sha256'];
const CIPHERED: Readonly<Record<SecuritySuite, readonly AuthMechanism[]>> = {
  0: ['none', 'lls', 'hls-md5', 'hls-sha1', 'hls-gmac', 'hls-sha256'],
  1: ['none', 'lls', 'hls-md5', 'hls-sha1', 'hls-gmac', 'hls-sha256', 'hls-ecdsa'],
  2: ['none', 'lls', 'hls-md5', 'hls-sha1', 'hls-gmac', 'hls-sha256', 'hls-ecdsa'],
};
/** The other ways to frame what is ciphered; each with GMAC, in every suite. */
const FORMS: readonly (readonly [name: string, Pick<Kind, 'form' | 'dedicated'>])[] = [
  ['general-glo', { form: 'general-glo' }],
  ['dedicated key', { dedicated: true }],
  ['general-ded', { form: 'general-ded', dedicated: true }],
];
/** From 17 on, for 16 is the public client. */
const FIRST_CLIENT = 17;

function kinds(): readonly Kind[] {
  const suites = [0, 1, 2] as const;
  const found: Omit<Kind, 'client'>[] = [
    ...PLAIN.map((auth) => ({ name: auth, auth })),
    ...suites.flatMap((suite) =>
      CIPHERED[suite].map((auth) => ({ name: `${auth}, suite ${suite}`, auth, suite })),
    ),
    ...suites.flatMap((suite) =>
      FORMS.map(([name, how]) => ({
        name: `${name}, suite ${suite}`,
        auth: 'hls-gmac' as const,
        suite,
        ...how,
      })),
    ),
  ];
  return found.map((kind, i) => ({ ...kind, client: FIRST_CLIENT + i }));
}

export const KINDS = kinds();

/** One row of the table: a way for the two sides to talk. */
export interface Column {
  readonly framing: Framing;
  readonly referencing: Referencing;
  readonly kind: Kind;
}

export const COLUMNS: readonly Column[] = KINDS.flatMap((kind) =>
  REFERENCINGS.flatMap((referencing) => FRAMINGS.map((framing) => ({ framing, referencing, kind }))),
);

export const PASSWORD = new TextEncoder().encode('Interoperability');
export const WRONG_PASSWORD = new TextEncoder().encode('interoperability');
/** The peers build their titles of a manufacturer and a number of five bytes. */
export const CLIENT_TITLE = Uint8Array.of(0x43, 0x4c, 0x49, 0, 0, 0, 0, 1);
export const METER_TITLE = Uint8Array.of(0x4d, 0x54, 0x52, 0, 0, 0, 0, 2);

const keyBytes = (suite: SecuritySuite | undefined): number => (suite === 2 ? 32 : 16);
export const encryptionKey = (suite?: SecuritySuite): Uint8Array =>
  Uint8Array.from({ length: keyBytes(suite) }, (_, i) => i);
export const authenticationKey = (suite?: SecuritySuite): Uint8Array =>
  Uint8Array.from({ length: keyBytes(suite) }, (_, i) => 0xd0 + i);
export const wrongKey = (suite?: SecuritySuite): Uint8Array => new Uint8Array(keyBytes(suite)).fill(0x5a);

/** A key pair as our library takes it, and as a file has it. */
export interface KeyFiles extends EcKeyPair {
  readonly privatePem: string;
  readonly publicPem: string;
}

function fresh(namedCurve: 'P-256' | 'P-384'): KeyFiles {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const part = (key: KeyObject, name: 'd' | 'x' | 'y'): Buffer =>
    Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url');
  return {
    privateKey: new Uint8Array(part(privateKey, 'd')),
    publicKey: new Uint8Array(Buffer.concat([part(publicKey, 'x'), part(publicKey, 'y')])),
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }),
  };
}

/** Signature keys of each side, new in every run. */
export const SIGNING: Readonly<
  Record<1 | 2, { readonly client: KeyFiles; readonly meter: KeyFiles; readonly other: KeyFiles }>
> = {
  1: { client: fresh('P-256'), meter: fresh('P-256'), other: fresh('P-256') },
  2: { client: fresh('P-384'), meter: fresh('P-384'), other: fresh('P-384') },
};

/** What a peer's program is told on its first line of input. */
export function worldForPeers(): string {
  const pair = ({ privateKey, publicKey }: EcKeyPair) => ({
    privateKey: toHex(privateKey),
    publicKey: toHex(publicKey),
  });
  return JSON.stringify({
    password: toHex(PASSWORD),
    wrongPassword: toHex(WRONG_PASSWORD),
    clientTitle: toHex(CLIENT_TITLE),
    meterTitle: toHex(METER_TITLE),
    signing: Object.fromEntries(
      ([1, 2] as const).map((suite) => {
        const { client, meter, other } = SIGNING[suite];
        return [suite, { client: pair(client), meter: pair(meter), other: pair(other) }];
      }),
    ),
    facts: {
      obis: OBIS,
      written: WRITTEN,
      clockBefore: CLOCK_BEFORE,
      clockAfter: CLOCK_AFTER,
      range: RANGE,
      entries: ENTRIES,
      long: toHex(LONG),
      image: toHex(IMAGE),
      imageName: IMAGE_NAME,
      imageBlock: IMAGE_BLOCK,
    },
    kinds: KINDS.map(({ suite, ...kind }) => ({
      ...kind,
      suite: suite ?? null,
      encryptionKey: toHex(encryptionKey(suite)),
      authenticationKey: toHex(authenticationKey(suite)),
      wrongKey: toHex(wrongKey(suite)),
    })),
  });
}

/** What is tried in each association, in this order. */
export const OPERATIONS = [
  'get',
  'list',
  'block',
  'set',
  'long set',
  'action',
  'access',
  'range',
  'entry',
  'clock',
  'relay',
  'image',
  'wrong secret',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Objects of the test meter. Base names are those of the peers' meters; ours gives its own. */
export const OBIS = {
  association: '0.0.40.0.0.255',
  energy: '1.0.1.8.0.255',
  large: '1.0.2.8.0.255',
  voltage: '1.0.32.7.0.255',
  resettable: '1.0.1.8.1.255',
  missing: '1.0.99.99.99.255',
  writable: '0.0.96.1.10.255',
  long: '0.0.96.1.20.255',
  longest: '0.0.96.1.21.255',
  status: '0.0.96.10.1.255',
  clock: '0.0.1.0.0.255',
  profile: '1.0.99.1.0.255',
  relay: '0.0.96.3.10.255',
  scripts: '0.0.10.0.100.255',
  image: '0.0.44.0.0.255',
} as const;

export const ENERGY = 123_456;
export const VOLTAGE = 2301;
/** Beyond what a double holds; jDLMS has no unsigned value above 2^63. */
export const LARGE = 2n ** 62n + 5n;
export const RESETTABLE = 77;
export const WRITABLE = 7;
export const WRITTEN = 4711;
export const LONG = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
/** Too long for any PDU: jDLMS takes all that 16 bits can say, so nothing shorter comes to it in blocks. */
export const LONGEST = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
export const CLOCK_BEFORE = '2026-02-03T04:05:06Z';
export const CLOCK_AFTER = '2026-05-06T07:08:09Z';
export const PROFILE_ROWS = 288;
export const PROFILE_START_MS = Date.UTC(2026, 0, 1);
export const QUARTER_MS = 15 * 60_000;
export const RANGE = { from: '2026-01-02T10:00:00Z', to: '2026-01-02T12:00:00Z' } as const;
export const ENTRIES = { from: 5, to: 14 } as const;
export const IMAGE_NAME = 'interop-1';
export const IMAGE = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);
/** dlms-cosem writes the lengths of octet-strings and ciphered APDUs into one byte: 127 is all that they may have. */
export const IMAGE_BLOCK = 80;

const isoOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** What the test meter's profile holds in its rows `first`..`last`, counted from 0: time, energy, status. */
export function profileRows(first: number, last: number): (readonly [string, string, string])[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const row = first + i;
    const status = row % 96 === 4 ? 128 : 0;
    return [
      isoOf(PROFILE_START_MS + row * QUARTER_MS),
      String(1_000_000 + 250 * row),
      String(status),
    ] as const;
  });
}

/**
 * What each operation must bring, as every client tells it: numbers as decimal text, octet-strings as hex, times in
 * UTC, a refused wrong secret as `refused`.
 */
export const EXPECTED: Readonly<Record<Operation, unknown>> = {
  get: [String(ENERGY), '0', '30', String(VOLTAGE), '-1', '35', String(LARGE), 'refused'],
  list: [String(ENERGY), String(VOLTAGE), String(WRITABLE)],
  block: toHex(LONG),
  set: [String(WRITABLE), String(WRITTEN), 'refused'],
  'long set': 'kept',
  // Values and results of two objects that exist and one, between them, that does not.
  access: [String(ENERGY), String(VOLTAGE), '0', '4', '0'],
  action: [String(RESETTABLE), '0'],
  range: profileRows(96 + 40, 96 + 48),
  entry: profileRows(ENTRIES.from - 1, ENTRIES.to - 1),
  clock: [CLOCK_BEFORE, CLOCK_AFTER],
  relay: ['false', 'true'],
  // Status 6 is "activation successful"; then the number of blocks, as none is missing.
  image: ['6', String(Math.ceil(IMAGE.length / IMAGE_BLOCK))],
  'wrong secret': 'refused',
};
