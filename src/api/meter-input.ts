import type { Static } from 'elysia';
import { namesOfMeter } from '../base/device-address.ts';
import { DcuError } from '../base/errors.ts';
import type { MeterAddress, MeterSecrets, MeterSecurity, NewMeter } from '../base/model.ts';
import type { MeterRow } from '../store/types.ts';
import type * as schema from './schema.ts';
import type { ApiServices } from './services.ts';

/** A meter as the API shows it: field by field, so that nothing else can slip out. */
export function meterView(row: MeterRow, { collector, blacklist }: ApiServices): Static<typeof schema.meter> {
  const entry = blacklist.match(namesOfMeter(row));
  const unrecorded = collector.lastError(row.id);
  const lastError = (unrecorded?.time ?? 0) > (row.lastError?.time ?? 0) ? unrecorded : row.lastError;
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
    balance: row.balance ?? false,
    balanceMeter: row.balanceMeter ?? '',
    address: { ...row.address },
    security: { ...row.security },
    hasPassword: row.hasPassword,
    hasKeys: row.hasKeys,
    createdAt: row.createdAt,
    state: row.state,
    lastSeen: row.lastSeen ?? null,
    offlineSince: row.state === 'offline' ? (row.offlineSince ?? null) : null,
    replaced: row.replaced === undefined ? null : { ...row.replaced, meterNo: row.successorNo ?? '' },
    replaces: row.replaces === undefined ? null : { ...row.replaces },
    blacklisted: entry === undefined ? null : { id: entry.id, reason: entry.reason },
    lastError: lastError === undefined ? null : { ...lastError },
  };
}

/** A meter and its secrets, as typed in. */
export function meterFrom(body: Static<typeof schema.newMeter>): {
  readonly meter: NewMeter;
  readonly secrets: MeterSecrets;
} {
  const { secrets, address, security, ...rest } = body;
  return {
    meter: { ...rest, address: addressFrom(address), security: securityFrom(security) },
    secrets: secretsFrom(secrets),
  };
}

/** The address without what its framing does not use; names the field that is missing or does not fit. */
export function addressFrom(input: Static<typeof schema.meterAddress>): MeterAddress {
  const { framing, clientAddress, serverAddress, addressBytes, physicalAddress, host, port } = input;
  const { referencing, transport, node, opening, baudRate, parity } = input;
  const way = {
    ...(host === undefined || host === '' ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(transport === undefined ? {} : { transport }),
    ...(node === undefined || node === '' ? {} : { node }),
    ...(opening === undefined ? {} : { opening }),
    ...(baudRate === undefined ? {} : { baudRate }),
    ...(parity === undefined ? {} : { parity }),
    ...(referencing === undefined ? {} : { referencing }),
  };
  if (framing === 'wrapper') return { framing, clientAddress, serverAddress, addressBytes, ...way };
  const largest = addressBytes === 4 ? 0x3fff : 0x7f;
  if (serverAddress > largest) {
    throw new DcuError(
      'invalid-field',
      `address.serverAddress must be at most ${largest} with ${addressBytes}-byte addresses.`,
      {
        field: 'address.serverAddress',
      },
    );
  }
  if (clientAddress > 0x7f) {
    throw new DcuError('invalid-field', 'address.clientAddress must be at most 127 with HDLC.', {
      field: 'address.clientAddress',
    });
  }
  if (addressBytes === 1) {
    return { framing, clientAddress, serverAddress, addressBytes, ...way };
  }
  if (physicalAddress === undefined || physicalAddress > largest) {
    throw new DcuError(
      'invalid-field',
      `address.physicalAddress must be a whole number from 0 to ${largest} with ${addressBytes}-byte addresses.`,
      { field: 'address.physicalAddress' },
    );
  }
  return { framing, clientAddress, serverAddress, physicalAddress, addressBytes, ...way };
}

export function securityFrom(input: Static<typeof schema.meterSecurity>): MeterSecurity {
  const { auth, policy, systemTitle, suite, signingKey } = input;
  return {
    auth,
    policy,
    ...(systemTitle === undefined ? {} : { systemTitle: systemTitle.toLowerCase() }),
    ...(suite === undefined ? {} : { suite }),
    ...(signingKey === undefined ? {} : { signingKey: signingKey.toLowerCase() }),
  };
}

/** Bytes of what was typed in; absent stays absent, which leaves the stored secret as it is. */
export function secretsFrom(input: Static<typeof schema.meterSecrets> | undefined): MeterSecrets {
  if (input === undefined) return {};
  const { password, passwordHex, encryptionKey, authenticationKey, signingKey, masterKey } = input;
  if (password !== undefined && passwordHex !== undefined) {
    throw new DcuError(
      'invalid-field',
      'secrets.passwordHex cannot be given together with secrets.password.',
      {
        field: 'secrets.passwordHex',
      },
    );
  }
  const bytes =
    password !== undefined
      ? new TextEncoder().encode(password)
      : passwordHex !== undefined
        ? Uint8Array.fromHex(passwordHex)
        : undefined;
  return {
    ...(bytes === undefined ? {} : { password: bytes }),
    ...(encryptionKey === undefined ? {} : { encryptionKey: Uint8Array.fromHex(encryptionKey) }),
    ...(authenticationKey === undefined ? {} : { authenticationKey: Uint8Array.fromHex(authenticationKey) }),
    ...(signingKey === undefined ? {} : { signingKey: Uint8Array.fromHex(signingKey) }),
    ...(masterKey === undefined ? {} : { masterKey: Uint8Array.fromHex(masterKey) }),
  };
}

/** The part of a change that differs from what is stored. */
export function realChange(before: MeterRow, change: Partial<NewMeter>): Partial<NewMeter> {
  const stored: Readonly<Record<string, unknown>> = { balance: false, balanceMeter: '', ...before };
  const differs = (key: string, value: unknown): boolean =>
    JSON.stringify(sorted(value)) !== JSON.stringify(sorted(stored[key]));
  return Object.fromEntries(Object.entries(change).filter(([key, value]) => differs(key, value)));
}

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Names of what changed, for the audit trail; of secrets only that they did. */
export function changeSummary(change: object, secrets: object): string {
  const parts = Object.entries(change).map(([key, value]) =>
    typeof value === 'object' ? `${key}=${JSON.stringify(value)}` : `${key}=${String(value)}`,
  );
  const names = Object.keys(secrets).map((key) => `${key} replaced`);
  return [...parts, ...names].join(', ');
}
