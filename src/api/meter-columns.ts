import {
  AUTH_MECHANISMS,
  METER_OPENINGS,
  METER_REFERENCING,
  METER_TRANSPORTS,
  PARITIES,
} from '../base/model.ts';
import type { MeterRow } from '../store/types.ts';
import type { CsvColumn } from './csv.ts';

/** What a cell says; throws a `CellProblem` that never repeats it. */
type ReadCell = (text: string) => unknown;

/** Why a cell cannot be read. */
export class CellProblem extends Error {}

export interface MeterColumn {
  readonly title: string;
  /** As the store and its errors name it. */
  readonly field: string;
  /** Of the export; secrets have none. */
  readonly cell?: (row: MeterRow) => string | number | undefined;
  readonly read: ReadCell;
  /** An empty cell takes the value away; else it leaves it. */
  readonly optional?: true;
  /** Blanks at the ends belong to it. */
  readonly verbatim?: true;
}

function must(holds: boolean, message: string): void {
  if (!holds) throw new CellProblem(message);
}

const whole: ReadCell = (text) => {
  must(/^-?\d{1,16}$/.test(text), 'must be a whole number');
  return Number(text);
};

/** 0 is what is meant where nothing is said. */
const suite: ReadCell = (text) => (whole(text) === 0 ? null : whole(text));

const oneOf =
  (...values: readonly string[]): ReadCell =>
  (text) => {
    const value = values.find((candidate) => candidate === text.toLowerCase());
    must(value !== undefined, `must be one of ${values.join(', ')}`);
    return value;
  };

const named: ReadCell = (text) => {
  must(
    text.length <= 64 && !/\p{Cc}/u.test(text),
    'must have at most 64 characters, none of them control characters',
  );
  return text;
};

const hex =
  (...digits: readonly number[]): ReadCell =>
  (text) => {
    const tidy = text.replaceAll(/\s/g, '');
    const fits = /^[0-9a-fA-F]+$/.test(tidy) && digits.includes(tidy.length);
    must(fits, `must be ${digits.join(' or ')} hexadecimal digits`);
    return tidy;
  };

const secretHex =
  (...digits: readonly number[]): ReadCell =>
  (text) =>
    Uint8Array.fromHex(hex(...digits)(text) as string);

const meterNo: ReadCell = (text) => {
  must(!/^\d+(?:[.,]\d+)?E\+?\d+$/i.test(text), 'was rounded by a spreadsheet; format the column as text');
  must(/^[A-Za-z0-9._-]{1,32}$/.test(text), 'must be up to 32 letters, digits, dots, dashes and underscores');
  return text;
};

const STATUS: Readonly<Record<string, boolean>> = {
  enable: true,
  enabled: true,
  disable: false,
  disabled: false,
};

const status: ReadCell = (text) => {
  const value = STATUS[text.toLowerCase()];
  must(value !== undefined, 'must be Enable or Disable');
  return value;
};

const yesOrNo: ReadCell = (text) => {
  const value = { yes: true, no: false, true: true, false: false, 1: true, 0: false }[text.toLowerCase()];
  must(value !== undefined, 'must be Yes or No');
  return value;
};

const password: ReadCell = (text) => new TextEncoder().encode(text);

/** The columns of Figures 8 and 22, then how a meter is reached and protected, then what only goes in. */
export const METER_COLUMNS: readonly MeterColumn[] = [
  { title: 'MeterNo', field: 'meterNo', cell: (row) => row.meterNo, read: meterNo },
  { title: 'Status', field: 'enabled', cell: (row) => (row.enabled ? 'Enable' : 'Disable'), read: status },
  { title: 'MAC', field: 'mac', cell: (row) => row.mac, read: whole },
  { title: 'Channel', field: 'channel', cell: (row) => row.channel, read: named },
  { title: 'MeterType', field: 'meterType', cell: (row) => row.meterType, read: whole },
  { title: 'Phase', field: 'phase', cell: (row) => row.phase, read: whole },
  { title: 'Credit', field: 'credit', cell: (row) => row.credit, read: whole },
  { title: 'Task', field: 'task', cell: (row) => row.task, read: named },
  { title: 'Prepaid', field: 'prepaid', cell: (row) => row.prepaid, read: whole },
  { title: 'Wiring', field: 'wiring', cell: (row) => row.wiring, read: whole },
  { title: 'Profile', field: 'profile', cell: (row) => row.profile, read: named },
  { title: 'Balance', field: 'balance', cell: (row) => (row.balance === true ? 'Yes' : 'No'), read: yesOrNo },
  {
    title: 'BalanceMeter',
    field: 'balanceMeter',
    cell: (row) => row.balanceMeter,
    read: meterNo,
    optional: true,
  },
  {
    title: 'Framing',
    field: 'address.framing',
    cell: (row) => row.address.framing,
    read: oneOf('hdlc', 'wrapper'),
  },
  { title: 'Host', field: 'address.host', cell: (row) => row.address.host, read: named, optional: true },
  { title: 'Port', field: 'address.port', cell: (row) => row.address.port, read: whole, optional: true },
  {
    title: 'Transport',
    field: 'address.transport',
    cell: (row) => row.address.transport,
    read: oneOf(...METER_TRANSPORTS),
    optional: true,
  },
  { title: 'Node', field: 'address.node', cell: (row) => row.address.node, read: named, optional: true },
  { title: 'Client', field: 'address.clientAddress', cell: (row) => row.address.clientAddress, read: whole },
  { title: 'Server', field: 'address.serverAddress', cell: (row) => row.address.serverAddress, read: whole },
  {
    title: 'Physical',
    field: 'address.physicalAddress',
    cell: (row) => row.address.physicalAddress,
    read: whole,
    optional: true,
  },
  {
    title: 'AddressBytes',
    field: 'address.addressBytes',
    cell: (row) => row.address.addressBytes,
    read: whole,
  },
  {
    title: 'Referencing',
    field: 'address.referencing',
    cell: (row) => row.address.referencing,
    read: oneOf(...METER_REFERENCING),
    optional: true,
  },
  {
    title: 'Opening',
    field: 'address.opening',
    cell: (row) => row.address.opening,
    read: oneOf(...METER_OPENINGS),
    optional: true,
  },
  {
    title: 'Baud',
    field: 'address.baudRate',
    cell: (row) => row.address.baudRate,
    read: whole,
    optional: true,
  },
  {
    title: 'Parity',
    field: 'address.parity',
    cell: (row) => row.address.parity,
    read: oneOf(...PARITIES),
    optional: true,
  },
  {
    title: 'Auth',
    field: 'security.auth',
    cell: (row) => row.security.auth,
    read: oneOf(...AUTH_MECHANISMS),
  },
  {
    title: 'Policy',
    field: 'security.policy',
    cell: (row) => row.security.policy,
    read: oneOf('none', 'auth', 'enc', 'auth-enc'),
  },
  { title: 'Suite', field: 'security.suite', cell: (row) => row.security.suite, read: suite, optional: true },
  {
    title: 'SystemTitle',
    field: 'security.systemTitle',
    cell: (row) => row.security.systemTitle,
    read: hex(16),
    optional: true,
  },
  {
    title: 'SigningKey',
    field: 'security.signingKey',
    cell: (row) => row.security.signingKey,
    read: hex(128, 192),
    optional: true,
  },
  { title: 'Password', field: 'password', read: password, verbatim: true },
  { title: 'EncryptionKey', field: 'encryptionKey', read: secretHex(32, 64) },
  { title: 'AuthenticationKey', field: 'authenticationKey', read: secretHex(32, 64) },
  { title: 'MasterKey', field: 'masterKey', read: secretHex(32, 64) },
  { title: 'OwnSigningKey', field: 'signingKey', read: secretHex(64, 96) },
];

const instant = (ms: number | undefined): string => (ms === undefined ? '' : new Date(ms).toISOString());

/** Columns of the export; what only a file that goes in may hold is not among them. */
export const METER_EXPORT: readonly CsvColumn<MeterRow>[] = [
  ['ID', (row) => row.id],
  ...METER_COLUMNS.flatMap(({ title, cell }): CsvColumn<MeterRow>[] =>
    cell === undefined ? [] : [[title, (row) => cell(row) ?? '']],
  ),
  ['State', (row) => row.state],
  ['LastSeen', (row) => instant(row.lastSeen)],
  ['OfflineSince', (row) => (row.state === 'offline' ? instant(row.offlineSince) : '')],
];
