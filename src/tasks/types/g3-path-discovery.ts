import { DcuError } from '../../base/errors.ts';
import { defineTaskType } from '../task-type.ts';

export const g3PathDiscovery = defineTaskType({
  type: 'G3 Path Discovery',
  title: 'G3 path discovery',
  description: 'The way through a G3-PLC network to each meter',
  collects: 'nothing',
  notApplicable: (access) => (access.g3 === true ? undefined : 'no G3-PLC network on this line'),
  async run({ meter }) {
    throw new DcuError('not-granted', `meter ${meter.meterNo}: its line offers no path discovery`);
  },
});
