import { DAY_MS, defineTaskType } from '../task-type.ts';

export const relayEvent = defineTaskType({
  type: 'Relay Event',
  title: 'Relay event',
  description: 'What the disconnector did, and who told it to',
  collects: 'events',
  kind: 'relay',
  chunkMs: 403 * DAY_MS,
});
