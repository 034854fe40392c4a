import { DAY_MS, defineTaskType } from '../task-type.ts';

export const powerFailureEvent = defineTaskType({
  type: 'Power Failure Event',
  title: 'Power failure event',
  description: 'Long power failures with their durations',
  collects: 'events',
  kind: 'power-failure',
  chunkMs: 403 * DAY_MS,
});
