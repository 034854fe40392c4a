import type { MeterSecrets } from '../base/model.ts';
import type { BlacklistGuard } from '../device/blacklist-guard.ts';
import type { Configuration, ImportedRow, MeterArchive, MeterRow, Store } from '../store/types.ts';

export interface ArchiveWatch {
  /** Meters or their keys have changed. */
  readonly changed: () => void;
  /** A meter has taken the place of another. */
  readonly replaced: () => Promise<void>;
  /** How these are reached or read is another matter now: what was begun goes by what holds no more. */
  readonly readOtherwise: (meterIds: ReadonlySet<number>) => void;
  /** They are in the archive no more. */
  readonly removed: (meterIds: ReadonlySet<number>) => void;
}

/** Fields of a meter that say nothing of how it is reached and read. */
const APART: ReadonlySet<string> = new Set([
  'mac',
  'meterType',
  'phase',
  'credit',
  'task',
  'prepaid',
  'wiring',
  'balance',
  'balanceMeter',
]);

/** The archive, telling when meters or their keys have changed. */
export function watchedArchive(
  archive: MeterArchive,
  { changed, replaced, readOtherwise, removed }: ArchiveWatch,
): MeterArchive {
  const told = async <Result>(change: Promise<Result>): Promise<Result> => {
    const result = await change;
    changed();
    return result;
  };
  return {
    ...archive,
    create: (...meter) => told(archive.create(...meter)),
    update: async (id, change, secrets) => {
      const before = await archive.get(id);
      const after = await told(archive.update(id, change, secrets));
      if (isReadOtherwise(before, after, secrets)) readOtherwise(new Set([id]));
      return after;
    },
    remove: async (id) => {
      await told(archive.remove(id));
      removed(new Set([id]));
    },
    replace: async (...replacement) => {
      const made = await told(archive.replace(...replacement));
      await replaced();
      return made;
    },
    import: async (...rows) => {
      const result = await told(archive.import(...rows));
      if (result.applied) readOtherwise(importedOtherwise(result.rows));
      return result;
    },
  };
}

function isReadOtherwise(before: MeterRow | undefined, after: MeterRow, secrets: MeterSecrets = {}): boolean {
  if (Object.values(secrets).some((secret) => secret !== undefined)) return true;
  const way = ({ meterNo, enabled, channel, profile, address, security }: MeterRow) => ({
    meterNo,
    enabled,
    channel,
    profile,
    address,
    security,
  });
  return before === undefined || !Bun.deepEquals(way(before), way(after));
}

function importedOtherwise(rows: readonly ImportedRow[]): ReadonlySet<number> {
  const concerned = rows.filter(
    ({ action, changes }) => action === 'update' && changes.some(({ field }) => !APART.has(field)),
  );
  return new Set(concerned.flatMap(({ meterId }) => meterId ?? []));
}

/** The blacklist, telling its guard when it has changed. */
export function watchedBlacklist(
  rows: Store['blacklist'],
  guard: BlacklistGuard,
  changed: () => Promise<void>,
): Store['blacklist'] {
  const told = async <Result>(change: Promise<Result>): Promise<Result> => {
    const result = await change;
    guard.replace(await rows.list());
    await changed();
    return result;
  };
  return {
    ...rows,
    add: (address, reason) => told(rows.add(address, reason)),
    remove: (id) => told(rows.remove(id)),
  };
}

/** The configuration, telling the parts that keep some of it at hand when that has changed. */
export function watchedConfiguration(
  configuration: Configuration,
  changed: { readonly channels: () => Promise<void>; readonly settings: () => Promise<void> },
): Configuration {
  return {
    ...configuration,
    saveChannel: async (channel) => {
      const saved = await configuration.saveChannel(channel);
      await changed.channels();
      return saved;
    },
    saveChannelAttribute: async (attribute) => {
      const saved = await configuration.saveChannelAttribute(attribute);
      await changed.channels();
      return saved;
    },
    changeChannelAttributes: async (channel, values) => {
      await configuration.changeChannelAttributes(channel, values);
      await changed.channels();
    },
    saveProtocolAttribute: async (attribute) => {
      const saved = await configuration.saveProtocolAttribute(attribute);
      await changed.channels();
      return saved;
    },
    saveSetting: async (key, value) => {
      await configuration.saveSetting(key, value);
      await changed.settings();
    },
    changeSettings: async (values) => {
      await configuration.changeSettings(values);
      await changed.settings();
    },
  };
}
