import { array, structure, u16, visibleString } from '../../dlms/values.ts';
import { sapOf } from '../meter-saps.ts';
import type { ManagementGroup } from './group.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const METER_LIST = '0.128.96.1.0.255';

/** Logical device, MeterNo and name of the channel of each meter. */
export const meterListGroup: ManagementGroup = {
  objects: ({ sources: { meters } }) => {
    const get = () =>
      array(
        [...meters().values()].map(({ id, meterNo, channel }) =>
          structure(u16(sapOf(id) ?? 0), visibleString(meterNo), visibleString(channel)),
        ),
      );
    return [{ classId: 1, version: 0, obis: METER_LIST, attributes: { 2: { get } } }];
  },
};
