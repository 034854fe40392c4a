import { DAY_MS, defineTaskType } from '../task-type.ts';

export const energyProfile = defineTaskType({
  type: 'Energy profile',
  title: 'Energy profile',
  description: 'Load profile 1: registers of energy at every capture period',
  collects: 'profile',
  kind: 'energy',
  chunkMs: 5 * DAY_MS,
});
