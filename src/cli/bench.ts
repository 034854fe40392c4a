import { Command, Option } from 'commander';
import { DcuError } from '../base/errors.ts';
import { runBenches, selectBenches } from '../bench/index.ts';
import { FULL, QUICK } from '../bench/measure.ts';
import { table } from '../bench/report.ts';
import { findScenario, SCENARIOS } from '../bench/scenarios/index.ts';
import type { Scenario } from '../bench/scenarios/scenario.ts';
import type { CliCommand, CliIo } from './command.ts';
import { wholeNumber } from './options.ts';

interface Options {
  readonly json?: boolean;
  readonly quick?: boolean;
  readonly list?: boolean;
  readonly meters?: number;
  readonly farEnd?: string;
}

const MOST_METERS = 2040;

/** `dcu bench [NAME…] [--json] [--quick] [--list]`. */
export const benchCommand: CliCommand = {
  build: (io) =>
    new Command('bench')
      .description(
        'measures the kernels and the store against plain implementations in the same run; a scenario, named alone, measures a whole part of the product',
      )
      .argument('[names...]', 'benchmarks to run, all without any; or one scenario')
      .option('--json', 'prints one JSON document instead of a table')
      .option('--quick', 'short turns: shows that all of it works, not how fast it is')
      .option('--list', 'lists the benchmarks and scenarios and runs none')
      .option('--meters <n>', 'of a scenario that leaves it open', wholeNumber('meters', 1, MOST_METERS))
      .addOption(new Option('--far-end <args>', 'the other end of a scenario').hideHelp())
      .action(async (names: string[], options: Options) => {
        const scenario = names.map(findScenario).find((found) => found !== undefined);
        if (options.list === true) list(names, scenario, options.json === true, io);
        else if (scenario === undefined) await kernels(names, options, io);
        else if (names.length > 1)
          throw new DcuError('usage', `${scenario.name} runs alone`, { field: 'NAME' });
        else await play(scenario, options, io);
      }),
};

function list(names: readonly string[], scenario: Scenario | undefined, json: boolean, io: CliIo): void {
  const scenarios = names.length === 0 ? SCENARIOS : scenario === undefined ? [] : [scenario];
  const benches = scenario === undefined ? selectBenches(names) : [];
  const rows = benches.map(({ name, about, sizes, sizeUnit }) => ({ name, about, sizes, sizeUnit }));
  const others = scenarios.map(({ name, about }) => ({ name, about }));
  if (json) {
    io.out(JSON.stringify({ benches: rows, scenarios: others }));
    return;
  }
  for (const row of rows)
    io.out(`${row.name.padEnd(14)}${row.about} [${row.sizes.join(', ')} ${row.sizeUnit}]`);
  for (const { name, about } of others) io.out(`${name.padEnd(14)}${about}`);
}

async function kernels(names: readonly string[], options: Options, io: CliIo): Promise<void> {
  const effort = options.quick === true ? QUICK : FULL;
  const progress =
    options.json === true ? () => {} : (name: string, size: number) => io.err(`${name} ${size}`);
  const report = await runBenches(selectBenches(names), effort, io.signal, progress);
  if (options.json === true) io.out(JSON.stringify(report));
  else for (const line of table(report)) io.out(line);
}

async function play(scenario: Scenario, options: Options, io: CliIo): Promise<void> {
  const { farEnd, meters, quick = false, json = false } = options;
  if (farEnd !== undefined) {
    await scenario.serve?.(farEnd.split(','), (line) => io.out(line), io.signal);
    return;
  }
  const report = await scenario.run({
    signal: io.signal,
    progress: json ? () => {} : (text) => io.err(text),
    quick,
    ...(meters === undefined ? {} : { meters }),
  });
  if (json) io.out(JSON.stringify(report.json));
  else for (const line of report.lines) io.out(line);
}
