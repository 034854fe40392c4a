import type { CaptureObject } from '../../dlms/client.ts';
import { BUILT_IN_PROFILES } from '../../meters/profiles/index.ts';
import { BALANCE_PROFILE } from '../balance-contents.ts';
import { EVENT_LOGBOOK } from '../logbook-table.ts';
import type { PushGroup } from './groups.ts';
import { ANSWER, buffer, captureObjects, DEVICE_NAME, ITEM, METER_STATE, pushObjectList } from './objects.ts';

const USUAL = BUILT_IN_PROFILES.get('generic');

/** Rows of profiles and logs with their columns; each kind of meters has its own, these are the usual ones. */
const table = (obis: string): readonly CaptureObject[] => [captureObjects(obis), buffer(obis)];

/**
 * push_object_list of a group. The first element of every notification is the list of what that one holds, which names the
 * meter's own objects, registers and scalers too.
 */
export function pushedObjects({ obis, kinds }: PushGroup): readonly CaptureObject[] {
  const contents = kinds.flatMap((kind): readonly CaptureObject[] => {
    switch (kind) {
      case 'energy':
      case 'demand':
      case 'billing':
        return table(USUAL.profiles[kind]);
      case 'balance':
        return table(BALANCE_PROFILE);
      case 'register':
        return [];
      case 'status':
        return [METER_STATE];
      case 'logbook':
        return table(EVENT_LOGBOOK);
      case 'answer':
        return [ANSWER];
      default:
        return USUAL.logs[kind].slice(0, 1).flatMap((log) => table(log.obis));
    }
  });
  return [pushObjectList(obis), DEVICE_NAME, ITEM, ...contents];
}
