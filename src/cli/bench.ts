import { Command } from 'commander';
import { runBenches, selectBenches } from '../bench/index.ts';
import { FULL, QUICK } from '../bench/measure.ts';
import { table } from '../bench/report.ts';
import type { CliCommand } from './command.ts';

interface Options {
  readonly json?: boolean;
  readonly quick?: boolean;
  readonly list?: boolean;
}

/** `dcu bench [NAME…] [--json] [--quick] [--list]`. */
export const benchCommand: CliCommand = {
  build: (io) =>
    new Command('bench')
      .description('measures the kernels and the store against plain implementations in the same run')
      .argument('[names...]', 'benchmarks to run; all without any')
      .option('--json', 'prints one JSON document instead of a table')
      .option('--quick', 'short turns: shows that all of it works, not how fast it is')
      .option('--list', 'lists the benchmarks and runs none')
      .action(async (names: string[], options: Options) => {
        const benches = selectBenches(names);
        if (options.list === true) {
          const rows = benches.map(({ name, about, sizes, sizeUnit }) => ({ name, about, sizes, sizeUnit }));
          if (options.json === true) io.out(JSON.stringify({ benches: rows }));
          else
            for (const row of rows)
              io.out(`${row.name.padEnd(14)}${row.about} [${row.sizes.join(', ')} ${row.sizeUnit}]`);
          return;
        }
        const effort = options.quick === true ? QUICK : FULL;
        const progress =
          options.json === true ? () => {} : (name: string, size: number) => io.err(`${name} ${size}`);
        const report = await runBenches(benches, effort, io.signal, progress);
        if (options.json === true) io.out(JSON.stringify(report));
        else for (const line of table(report)) io.out(line);
      }),
};
