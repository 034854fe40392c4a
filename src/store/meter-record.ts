import { hostKey } from '../base/device-address.ts';
import type { Meter, MeterState, NewMeter } from '../base/model.ts';
import { SECRET_NAMES, type SecretName } from './meter-fields.ts';
import type { meters } from './schema.ts';
import type { MeterRow } from './types.ts';

/** Sealed secrets by name; null takes the stored one away, absent leaves it. */
export type SealedSecrets = Partial<Record<SecretName, string | null>>;

const SEALED_COLUMNS = {
  password: 'sealedPassword',
  encryptionKey: 'sealedEncryptionKey',
  authenticationKey: 'sealedAuthenticationKey',
  signingKey: 'sealedSigningKey',
  masterKey: 'sealedMasterKey',
} as const satisfies Record<SecretName, keyof typeof meters.$inferSelect>;

export function sealedOf(row: MeterColumns): SealedSecrets {
  const sealed: SealedSecrets = {};
  for (const name of SECRET_NAMES) {
    const value = row[SEALED_COLUMNS[name]];
    if (value !== null) sealed[name] = value;
  }
  return sealed;
}

/** Which secrets there are. */
export function presence(sealed: SealedSecrets): Record<SecretName, boolean> {
  const has = (name: SecretName): boolean => typeof sealed[name] === 'string';
  return {
    password: has('password'),
    encryptionKey: has('encryptionKey'),
    authenticationKey: has('authenticationKey'),
    signingKey: has('signingKey'),
    masterKey: has('masterKey'),
  };
}

export function sealedColumns(
  sealed: SealedSecrets,
): Partial<Record<(typeof SEALED_COLUMNS)[SecretName], string | null>> {
  const columns: Partial<Record<(typeof SEALED_COLUMNS)[SecretName], string | null>> = {};
  for (const name of SECRET_NAMES) {
    const value = sealed[name];
    if (value !== undefined) columns[SEALED_COLUMNS[name]] = value;
  }
  return columns;
}

type MeterColumns = typeof meters.$inferSelect;

export function columnsOf(
  meter: NewMeter,
): Omit<
  MeterColumns,
  'id' | 'createdAt' | 'replacedBy' | 'replacedAt' | (typeof SEALED_COLUMNS)[SecretName]
> {
  const { address, security } = meter;
  return {
    meterNo: meter.meterNo,
    enabled: meter.enabled,
    mac: meter.mac,
    channel: meter.channel,
    meterType: meter.meterType,
    phase: meter.phase,
    credit: meter.credit,
    task: meter.task,
    prepaid: meter.prepaid,
    wiring: meter.wiring,
    profile: meter.profile,
    balance: meter.balance ?? false,
    balanceMeter: meter.balanceMeter === '' ? null : (meter.balanceMeter ?? null),
    framing: address.framing,
    host: address.host === undefined ? null : hostKey(address.host),
    port: address.port ?? null,
    transport: address.transport ?? null,
    node: address.node ?? null,
    opening: address.opening ?? null,
    baudRate: address.baudRate ?? null,
    parity: address.parity ?? null,
    clientAddress: address.clientAddress,
    serverAddress: address.serverAddress,
    physicalAddress: address.physicalAddress ?? null,
    addressBytes: address.addressBytes,
    referencing: address.referencing ?? null,
    auth: security.auth,
    policy: security.policy,
    systemTitle: security.systemTitle?.toUpperCase() ?? null,
    suite: security.suite ?? null,
    signingKey: security.signingKey?.toUpperCase() ?? null,
  };
}

export function meterOf(row: MeterColumns): Meter {
  return {
    id: row.id,
    meterNo: row.meterNo,
    enabled: row.enabled,
    mac: row.mac,
    channel: row.channel,
    meterType: row.meterType,
    phase: row.phase,
    credit: row.credit,
    task: row.task,
    prepaid: row.prepaid,
    wiring: row.wiring,
    profile: row.profile,
    ...(row.balance ? { balance: true } : {}),
    ...(row.balanceMeter === null ? {} : { balanceMeter: row.balanceMeter }),
    address: {
      framing: row.framing,
      ...(row.host === null ? {} : { host: row.host }),
      ...(row.port === null ? {} : { port: row.port }),
      ...(row.transport === null ? {} : { transport: row.transport }),
      ...(row.node === null ? {} : { node: row.node }),
      ...(row.opening === null ? {} : { opening: row.opening }),
      ...(row.baudRate === null ? {} : { baudRate: row.baudRate }),
      ...(row.parity === null ? {} : { parity: row.parity }),
      clientAddress: row.clientAddress,
      serverAddress: row.serverAddress,
      ...(row.physicalAddress === null ? {} : { physicalAddress: row.physicalAddress }),
      addressBytes: row.addressBytes === 1 ? 1 : row.addressBytes === 2 ? 2 : 4,
      ...(row.referencing === null ? {} : { referencing: row.referencing }),
    },
    security: {
      auth: row.auth,
      policy: row.policy,
      ...(row.systemTitle === null ? {} : { systemTitle: row.systemTitle }),
      ...(row.suite === 1 || row.suite === 2 ? { suite: row.suite } : {}),
      ...(row.signingKey === null ? {} : { signingKey: row.signingKey }),
    },
    hasPassword: row.sealedPassword !== null,
    hasKeys: row.sealedEncryptionKey !== null && row.sealedAuthenticationKey !== null,
    createdAt: row.createdAt,
    ...(row.replacedBy === null || row.replacedAt === null
      ? {}
      : { replaced: { by: row.replacedBy, at: row.replacedAt } }),
  };
}

interface Selected {
  readonly meter: MeterColumns;
  readonly state: MeterState | null;
  readonly lastSeen: number | null;
  readonly offlineSince: number | null;
  readonly lastError: string | null;
  readonly successor: string | null;
}

/** @param replaces the meter whose place it took */
export function rowOf(row: Selected, replaces: MeterRow['replaces']): MeterRow {
  return {
    ...meterOf(row.meter),
    state: row.state ?? 'unknown',
    ...(row.lastSeen === null ? {} : { lastSeen: row.lastSeen }),
    ...(row.offlineSince === null ? {} : { offlineSince: row.offlineSince }),
    ...(row.lastError === null
      ? {}
      : { lastError: JSON.parse(row.lastError) as NonNullable<MeterRow['lastError']> }),
    ...(row.successor === null ? {} : { successorNo: row.successor }),
    ...(replaces === undefined ? {} : { replaces }),
  };
}
