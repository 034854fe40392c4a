import { DAY_MS, defineTaskType } from '../task-type.ts';

export const demandProfile = defineTaskType({
  type: 'Demand profile',
  title: 'Demand profile',
  description: 'Load profile 2: demand or daily values',
  collects: 'profile',
  kind: 'demand',
  chunkMs: 5 * DAY_MS,
});
