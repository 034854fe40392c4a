import { hostKey } from '../base/device-address.ts';
import {
  IP_COMM_TYPES,
  type Meter,
  type MeterAddress,
  type MeterSecurity,
  type NewMeter,
} from '../base/model.ts';
import { lineAddressOf } from './line-address.ts';
import { meterRules, presenceRules, type SecretName } from './meter-fields.ts';
import { presence, type SealedSecrets } from './meter-record.ts';
import { holdsAddress } from './meter-rows.ts';
import type { ImportedRow, ImportRow } from './types.ts';
import { type FieldProblem, invalid, problemsOf, type Rule } from './validation.ts';

/** A row whose secrets are sealed, or for a plan only named. */
export type SealedRow = Omit<ImportRow, 'secrets'> & { readonly sealed: SealedSecrets };

/** What rows are held against. */
export interface ImportContext {
  readonly channels: ReadonlyMap<string, number>;
  readonly tasks: ReadonlySet<string>;
  readonly meters: ReadonlyMap<string, Meter>;
  /** Stored secrets of a meter. */
  readonly sealedOf: (meterId: number) => SealedSecrets;
  readonly update: boolean;
}

/** A row on its way: the meter that it would be, and what speaks against it. */
export interface Draft {
  readonly row: SealedRow;
  readonly before: Meter | undefined;
  readonly after: NewMeter;
  readonly changes: ImportedRow['changes'];
  readonly problems: FieldProblem[];
  /** Where it would answer, as text; undefined when nobody else could be there. */
  readonly key: string | undefined;
  /** The field by which it comes to answer there; undefined when it did before. */
  readonly takes: string | undefined;
}

const NOWHERE = -1;

export function draftOf(row: SealedRow, context: ImportContext): Draft {
  const before = context.meters.get(row.meterNo);
  const channel = row.fields.channel ?? before?.channel ?? '';
  const commType = context.channels.get(channel) ?? NOWHERE;
  const after = merged(row, before ?? usual(row.meterNo, channel, commType, row.address));
  const changes = changesOf(before, after, row.sealed);
  const known = new Set(row.problems.map(({ field }) => field));
  const readable = !known.has('row');
  const found = !readable
    ? []
    : problemsOf(rulesOf(row, before, after, commType, context)).filter(({ field }) => !known.has(field));
  return {
    row,
    before,
    after,
    changes,
    problems: [...row.problems, ...found],
    ...placeOf(before, after, commType, context),
  };
}

function* rulesOf(
  { sealed, fields }: SealedRow,
  before: Meter | undefined,
  after: NewMeter,
  commType: number,
  { channels, tasks, update, sealedOf }: ImportContext,
): Generator<Rule> {
  if (before === undefined && fields.channel === undefined) {
    yield () => {
      throw invalid('channel', 'is needed for a new meter');
    };
  } else {
    yield () => {
      if (!channels.has(after.channel)) throw invalid('channel', 'is not the name of a channel');
    };
  }
  yield () => {
    if (!tasks.has(after.task)) throw invalid('task', 'is not the name of a task group');
  };
  yield* meterRules(after, commType);
  const stored = before === undefined ? {} : sealedOf(before.id);
  yield* presenceRules(after.security, presence({ ...stored, ...sealed }));
  yield () => {
    if (before === undefined || update || changesOf(before, after, sealed).length === 0) return;
    throw invalid('meterNo', 'is in the archive already, with other values');
  };
}

/** The manual's usual values (Figure 8), and what goes with the channel. */
function usual(
  meterNo: string,
  channel: string,
  commType: number,
  { framing, serverAddress, physicalAddress }: ImportRow['address'],
): NewMeter {
  const wide = (serverAddress ?? 1) > 0x7f || (physicalAddress ?? 0) > 0x7f;
  return {
    meterNo,
    enabled: true,
    mac: -1,
    channel,
    meterType: 1,
    phase: 1,
    credit: 1,
    task: 'empty_task',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: {
      framing: framing ?? (IP_COMM_TYPES.has(commType) ? 'wrapper' : 'hdlc'),
      clientAddress: 1,
      serverAddress: 1,
      addressBytes: typeof physicalAddress !== 'number' ? 1 : wide ? 4 : 2,
    },
    security: { auth: 'none', policy: 'none' },
  };
}

function merged({ fields, address, security }: SealedRow, base: NewMeter): NewMeter {
  const { meterNo, enabled, mac, channel, meterType, phase, credit, task, prepaid, wiring, profile } = base;
  const { balance = base.balance ?? false, balanceMeter = base.balanceMeter, ...rest } = fields;
  return {
    meterNo,
    enabled,
    mac,
    channel,
    meterType,
    phase,
    credit,
    task,
    prepaid,
    wiring,
    profile,
    ...rest,
    balance,
    balanceMeter: balanceMeter ?? '',
    address: addressOf(patched(base.address, address), address),
    security: patched(base.security, security),
  };
}

/** The lower address is nowhere but in HDLC addresses of two and four bytes; in one of one byte only a file that says so has it. */
function addressOf(address: MeterAddress, given: ImportRow['address']): MeterAddress {
  const { physicalAddress, ...rest } = address;
  const placed =
    address.framing === 'hdlc' && (address.addressBytes > 1 || typeof given.physicalAddress === 'number');
  return placed && physicalAddress !== undefined ? { ...rest, physicalAddress } : rest;
}

function patched<Of extends MeterAddress | MeterSecurity>(base: Of, patch: object): Of {
  const entries = Object.entries({ ...base, ...patch }).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return Object.fromEntries(entries) as unknown as Of;
}

/** Channel and line address as one text; undefined when nobody else could be there. */
export function keyOf(meter: NewMeter & Pick<Meter, 'replaced'>, commType: number): string | undefined {
  const address = holdsAddress(meter) ? lineAddressOf(meter, commType) : undefined;
  return address === undefined ? undefined : `${meter.channel} ${address.key}`;
}

function placeOf(
  before: Meter | undefined,
  after: NewMeter,
  commType: number,
  { channels }: ImportContext,
): Pick<Draft, 'key' | 'takes'> {
  const replaced = before?.replaced;
  const key = keyOf(replaced === undefined ? after : { ...after, replaced }, commType);
  const was = before === undefined ? undefined : keyOf(before, channels.get(before.channel) ?? NOWHERE);
  if (key === was) return { key, takes: undefined };
  const putToUse = before !== undefined && !holdsAddress(before);
  return { key, takes: putToUse ? 'enabled' : lineAddressOf(after, commType)?.field };
}

/** A meter as field and text, so that two can be laid side by side. */
function flat(meter: NewMeter): ReadonlyMap<string, string> {
  const { address, security, ...rest } = meter;
  const texts = new Map<string, string>();
  const put = (prefix: string, values: object): void => {
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined && value !== null) texts.set(`${prefix}${name}`, String(value));
    }
  };
  put('', {
    ...rest,
    balance: rest.balance === true || undefined,
    balanceMeter: rest.balanceMeter || undefined,
  });
  const { host } = address;
  put('address.', host === undefined ? address : { ...address, host: hostKey(host) });
  put('security.', {
    ...security,
    systemTitle: security.systemTitle?.toUpperCase(),
    signingKey: security.signingKey?.toUpperCase(),
  });
  return texts;
}

const OWN_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'hasPassword',
  'hasKeys',
  'createdAt',
  'replaced',
  'meterNo',
]);

function changesOf(
  before: Meter | undefined,
  after: NewMeter,
  sealed: SealedSecrets,
): ImportedRow['changes'] {
  const was = before === undefined ? new Map<string, string>() : flat(before);
  const will = flat(after);
  const fields = [...new Set([...will.keys(), ...was.keys()])].filter((field) => !OWN_FIELDS.has(field));
  const changed = fields
    .map((field) => ({ field, before: was.get(field) ?? null, after: will.get(field) ?? null }))
    .filter((change) => change.before !== change.after);
  const secrets = (Object.keys(sealed) as SecretName[]).map((field) => ({
    field,
    before: null,
    after: null,
  }));
  return [...changed, ...secrets];
}
