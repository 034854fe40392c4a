import { isolation } from './isolation.ts';
import { line } from './line.ts';
import { round } from './round.ts';
import type { Scenario } from './scenario.ts';
import { uplink } from './uplink.ts';

export const SCENARIOS: readonly Scenario[] = [line, round, uplink, isolation];

export const findScenario = (name: string): Scenario | undefined =>
  SCENARIOS.find((scenario) => scenario.name === name);
