import { DAY_MS, defineTaskType } from '../task-type.ts';

export const phaseInterruptionEvent = defineTaskType({
  type: 'Phase Interruption Event',
  title: 'Phase interruption event',
  description: 'Phases that went missing and came back',
  collects: 'events',
  kind: 'phase-interruption',
  chunkMs: 403 * DAY_MS,
});
