import { DAY_MS, defineTaskType } from '../task-type.ts';

export const fraudEvent = defineTaskType({
  type: 'Fraud Event',
  title: 'Fraud event',
  description: 'Covers, magnetic fields, refused logins',
  collects: 'events',
  kind: 'fraud',
  chunkMs: 403 * DAY_MS,
});
