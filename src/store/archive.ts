import type { Clock } from '../base/clock.ts';
import type { MeterSecrets } from '../base/model.ts';
import type { Executor } from './executor.ts';
import type { SealedRow } from './import-draft.ts';
import { checkSecrets, SECRET_NAMES, type SecretName, secretRules } from './meter-fields.ts';
import type { SealedSecrets } from './meter-record.ts';
import type { ImportRow, MeterArchive, SecretSealer } from './types.ts';
import { problemsOf } from './validation.ts';

/** Ties a sealed secret to its meter and its use: moved to another row it does not open. */
const placeOf = (meterNo: string, name: SecretName): string => `meter/${meterNo}/${name}`;

async function seal(sealer: SecretSealer, meterNo: string, secrets: MeterSecrets): Promise<SealedSecrets> {
  checkSecrets(secrets);
  const sealed: SealedSecrets = {};
  for (const name of SECRET_NAMES) {
    const secret = secrets[name];
    if (secret === undefined) continue;
    sealed[name] = secret.length === 0 ? null : await sealer.seal(secret, placeOf(meterNo, name));
  }
  return sealed;
}

/** @throws DcuError `not-found`; what the sealer throws when a secret was moved or changed */
export async function openSecrets(
  executor: Executor,
  sealer: SecretSealer,
  meterId: number,
): Promise<MeterSecrets> {
  const { meterNo, ...sealed } = await executor.read('sealedSecrets', meterId);
  const secrets: { -readonly [Name in SecretName]?: Uint8Array } = {};
  for (const name of SECRET_NAMES) {
    const text = sealed[name];
    if (typeof text === 'string') secrets[name] = await sealer.open(text, placeOf(meterNo, name));
  }
  return secrets;
}

/** The row with what is wrong with its secrets. */
function checked(row: ImportRow): ImportRow {
  const found = problemsOf(secretRules(row.secrets));
  return found.length === 0 ? row : { ...row, problems: [...row.problems, ...found] };
}

export function createArchive(executor: Executor, sealer: SecretSealer, clock: Clock): MeterArchive {
  /** Changes of the archive run one after the other: sealing lies between reading and writing. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(body: () => Promise<Result>): Promise<Result> => {
    const mine = last.then(body);
    last = mine.catch(() => undefined);
    return mine;
  };
  const named = (row: ImportRow): SealedRow => {
    const { secrets, ...rest } = row;
    return {
      ...rest,
      sealed: Object.fromEntries(SECRET_NAMES.filter((n) => secrets[n]).map((n) => [n, ''])),
    };
  };
  const sealedRow = async (row: ImportRow): Promise<SealedRow> => {
    const { secrets, ...rest } = row;
    return { ...rest, sealed: await seal(sealer, row.meterNo, secrets) };
  };
  return {
    list: (query) => executor.read('listMeters', query),
    get: (id) => executor.read('getMeter', id),
    create: async (meter, secrets) =>
      executor.write('insertMeter', meter, await seal(sealer, meter.meterNo, secrets), clock.now()),
    update: (id, change, secrets = {}) =>
      inTurn(async () => {
        const { meterNo } = await executor.read('sealedSecrets', id);
        const renamed = change.meterNo !== undefined && change.meterNo !== meterNo;
        // The place of a secret has the number in it.
        const all = renamed ? { ...(await openSecrets(executor, sealer, id)), ...secrets } : secrets;
        return executor.write('updateMeter', id, change, await seal(sealer, change.meterNo ?? meterNo, all));
      }),
    remove: (id) => inTurn(() => executor.write('removeMeter', id)),
    replace: async (id, by, secrets) =>
      executor.write('replaceMeter', id, by, await seal(sealer, by.meterNo, secrets), clock.now()),
    planImport: (rows, options) => executor.read('planImport', rows.map(checked).map(named), options),
    import: (rows, options) =>
      inTurn(async () => {
        const sealed: SealedRow[] = [];
        for (const row of rows.map(checked))
          sealed.push(row.problems.length === 0 ? await sealedRow(row) : named(row));
        return executor.write('importMeters', sealed, options, clock.now());
      }),
  };
}
