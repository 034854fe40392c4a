import { constant } from '../../dlms/cosem/cosem-object.ts';
import { boolean, enumeration, i8, i16, octetString, u8 } from '../../dlms/values.ts';
import type { ManagementGroup } from './group.ts';

const CLOCK = '0.0.1.0.0.255';
const CLOCK_SYNCHRONISED = 0;
/** clock_base of class 8: an internal crystal. */
const CRYSTAL = 1;

export const clockGroup: ManagementGroup = {
  open: [CLOCK],
  objects: ({ sources, times }) => {
    const nowMs = sources.now();
    return [
      {
        classId: 8,
        version: 0,
        obis: CLOCK,
        attributes: {
          2: constant(octetString(times.bytes(nowMs, CLOCK_SYNCHRONISED))),
          3: constant(i16(times.deviationAt(nowMs))),
          4: constant(u8(CLOCK_SYNCHRONISED)),
          7: constant(i8(0)),
          8: constant(boolean(false)),
          9: constant(enumeration(CRYSTAL)),
        },
      },
    ];
  },
};
