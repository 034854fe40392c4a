import { DAY_MS, defineTaskType } from '../task-type.ts';

export const standardEvent = defineTaskType({
  type: 'Standard Event',
  title: 'Standard event',
  description: 'Power, clock, memory, firmware',
  collects: 'events',
  kind: 'standard',
  chunkMs: 403 * DAY_MS,
});
