/** What must hold whatever happens. */
export const INVARIANTS = {
  'interval-lost': 'A row or event that the meter had when its read succeeded is not in the store',
  'stored-twice': 'A row or event is in the store more often than the meter has written it',
  'wrong-meter': "Another meter's row is in the store under this meter",
  'wrong-hour': 'A row is in the store under another time than the meter gave it',
  'wrong-scaler': 'A column is in the store with another scaler or unit than the meter states',
  'wrong-value': 'A row or event is in the store that no meter has ever written',
  'acknowledged-lost': 'What the store acknowledged is not there any more, or not the same',
  'two-owners': 'Two sessions on one line at a time',
  'counter-reused': 'An invocation counter was used twice with one key',
  priority: 'Work waited behind work of a lower priority that came later',
  'on-demand-waited': 'An on-demand read waited for more than the step under way',
  'clock-wrong': "A meter's clock is off after its Meter Clock task",
  starved: 'A meter that can be reached is not read',
  'gap-without-cause': 'A gap in the data of a meter has no cause, or the wrong one',
  'memory-grows': 'Something in memory grows without end',
  failure: 'Something failed that has no business to fail',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  readonly seed: number;
  /** Counted from 1. */
  readonly day: number;
  readonly meterNo?: string;
  readonly evidence: string;
}

export function violationText({ invariant, seed, day, meterNo, evidence }: Violation): string {
  const whose = meterNo === undefined ? '' : ` meter ${meterNo}:`;
  return `seed ${seed} day ${day}: ${invariant} (${INVARIANTS[invariant]}):${whose} ${evidence}`;
}
