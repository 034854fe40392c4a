import { DAY_MS, defineTaskType } from '../task-type.ts';

export const powerQualityEvent = defineTaskType({
  type: 'Power Quality Event',
  title: 'Power quality event',
  description: 'Sags, swells and distortion',
  collects: 'events',
  kind: 'power-quality',
  chunkMs: 403 * DAY_MS,
});
