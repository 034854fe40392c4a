/** A run of a whole part of the product against simulated meters. One file and one line in `index.ts` each. */

export interface ScenarioContext {
  readonly signal: AbortSignal;
  /** Told what is under way, for the person who waits. */
  readonly progress: (text: string) => void;
  /** `--meters`, where the scenario leaves the number open. */
  readonly meters?: number;
  /** Shows that all of it works, not how fast it is. */
  readonly quick: boolean;
}

export interface ScenarioReport {
  /** What `--json` prints. */
  readonly json: unknown;
  /** The same as lines of a table for people. */
  readonly lines: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** @throws DcuError `internal` when what came out is not what it should be: such a run does not count */
  run(context: ScenarioContext): Promise<ScenarioReport>;
  /** The other end of the run, in a process of its own (see `far-end.ts`); what `args` are is the scenario's own business. */
  serve?(args: readonly string[], out: (line: string) => void, signal: AbortSignal): Promise<void>;
}

export function defineScenario(scenario: Scenario): Scenario {
  return scenario;
}
