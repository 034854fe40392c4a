import type { TaskType } from '../../base/model.ts';
import type { TaskTypeDefinition } from '../task-type.ts';
import { demandProfile } from './demand-profile.ts';
import { energyProfile } from './energy-profile.ts';
import { fraudEvent } from './fraud-event.ts';
import { g3PathDiscovery } from './g3-path-discovery.ts';
import { meterClock } from './meter-clock.ts';
import { monthlyBilling } from './monthly-billing.ts';
import { phaseInterruptionEvent } from './phase-interruption-event.ts';
import { powerFailureEvent } from './power-failure-event.ts';
import { powerQualityEvent } from './power-quality-event.ts';
import { relayEvent } from './relay-event.ts';
import { standardEvent } from './standard-event.ts';

/** Every task type of the manual (Figure 20). */
export const TASK_TYPE_DEFINITIONS: Readonly<Record<TaskType, TaskTypeDefinition>> = {
  'G3 Path Discovery': g3PathDiscovery,
  'Monthly Billing': monthlyBilling,
  'Energy profile': energyProfile,
  'Demand profile': demandProfile,
  'Fraud Event': fraudEvent,
  'Relay Event': relayEvent,
  'Standard Event': standardEvent,
  'Power Failure Event': powerFailureEvent,
  'Phase Interruption Event': phaseInterruptionEvent,
  'Power Quality Event': powerQualityEvent,
  'Meter Clock': meterClock,
};
