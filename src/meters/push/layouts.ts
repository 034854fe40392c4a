import type { CollectionStore } from '../../base/collection.ts';
import {
  type CaptureColumn,
  EVENT_LOGS,
  type EventLog,
  PROFILE_KINDS,
  type ProfileKind,
} from '../../base/model.ts';
import { CLOCK_CLASS, type ProfileLayout } from '../layout.ts';
import type { MeterProfile } from '../meter-profile.ts';

/** Rows of a profile or log that a push may hold. */
export type PushedRowsOf =
  | { readonly kind: ProfileKind; readonly layout: ProfileLayout }
  | { readonly log: EventLog; readonly impliedCode: number; readonly layout: ProfileLayout };

/** Logs whose rows are often more than a time and an event code: they cannot be told without asking. */
const WIDER_LOGS: ReadonlySet<EventLog> = new Set(['power-failure', 'phase-interruption']);

/**
 * What the rows of a meter's profiles and logs are made of, as far as that is known without asking it: profiles that
 * have been read before, with the clock as their first column, and logs of a time and a code.
 */
export async function knownLayouts(
  meterId: number,
  profile: MeterProfile,
  store: Pick<CollectionStore, 'columns'>,
): Promise<readonly PushedRowsOf[]> {
  const layouts: PushedRowsOf[] = [];
  for (const kind of PROFILE_KINDS) {
    const columns = await store.columns(meterId, kind);
    if (columns === undefined) continue;
    layouts.push({ kind, layout: layoutOf(profile.profiles[kind], profile.clock, columns) });
  }
  for (const log of EVENT_LOGS) {
    if (WIDER_LOGS.has(log)) continue;
    for (const { obis, impliedCode, codeObis } of profile.logs[log]) {
      if (codeObis === null) continue;
      const column = { classId: 1, obis: codeObis, attribute: 2, dataIndex: 0, scaler: null, unit: null };
      layouts.push({ log, impliedCode, layout: layoutOf(obis, profile.clock, [column]) });
    }
  }
  return layouts;
}

function layoutOf(obis: string, clock: string, columns: readonly CaptureColumn[]): ProfileLayout {
  const clockObject = { classId: CLOCK_CLASS, obis: clock, attribute: 2, dataIndex: 0 };
  // Without the period a time that is left out cannot be worked out: such rows are dropped.
  return { obis, objects: [clockObject, ...columns], clockIndex: 0, columns, capturePeriodS: 0 };
}

/** The log whose event code object this is. */
export function logOfCode(layouts: readonly PushedRowsOf[], obis: string): EventLog | undefined {
  for (const of of layouts) {
    if ('log' in of && of.layout.columns.some((column) => column.obis === obis)) return of.log;
  }
  return undefined;
}
