import { g3Way } from '../../meters/g3-path.ts';
import { readG3View } from '../../meters/g3-reading.ts';
import { defineTaskType } from '../task-type.ts';

export const g3PathDiscovery = defineTaskType({
  type: 'G3 Path Discovery',
  title: 'G3 path discovery',
  description: 'The way through a G3-PLC network to each meter, and whom it hears on the way',
  collects: 'nothing',
  notApplicable: (access) => (access.g3 === true ? undefined : 'no G3-PLC network on this line'),
  async run({ meter, session, store, clock }) {
    const view = await readG3View((attributes) => session.readAttributes(attributes));
    await store.saveG3Finding({ meterId: meter.id, time: clock.now(), view, way: g3Way(view) });
    return 'done';
  },
});
