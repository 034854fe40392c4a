import { DAY_MS, defineTaskType } from '../task-type.ts';

export const monthlyBilling = defineTaskType({
  type: 'Monthly Billing',
  title: 'Monthly billing',
  description: 'Registers frozen at the start of each month',
  collects: 'profile',
  kind: 'billing',
  chunkMs: 403 * DAY_MS,
  expectsMonth: true,
});
