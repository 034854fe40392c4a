/**
 * `npm run test:interop [-- --json] [--only TEXT]`: our client against servers made of gurux-dlms and jDLMS, the clients of
 * gurux-dlms, dlms-cosem and jDLMS against our server, and `dcu read`, over real sockets. Sets up an environment of
 * its own for each peer. `--only` picks the directions whose name holds the text. The last line is `N passed, N failed`.
 */
import { runDirections } from '../test/interop/directions.ts';
import { printTable } from '../test/interop/table.ts';

const json = process.argv.includes('--json');
const only = process.argv[process.argv.indexOf('--only') + 1];
const cells = await runDirections(
  (line) => {
    if (!json) console.log(line);
  },
  (name) => !process.argv.includes('--only') || name.includes(only ?? ''),
);
if (json) console.log(JSON.stringify(cells));
else printTable(cells);
const count = (outcome: string): number => cells.filter((cell) => cell.outcome === outcome).length;
const [passed, failed] = [count('passed'), count('failed')];
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
