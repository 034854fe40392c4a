import { line } from './line.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [line];

export const findScenario = (name: string): Scenario | undefined =>
  SCENARIOS.find((scenario) => scenario.name === name);
