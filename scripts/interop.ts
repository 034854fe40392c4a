/**
 * `npm run test:interop [-- --json] [--only TEXT]`: our client against servers made of gurux-dlms and jDLMS, the clients of
 * gurux-dlms, dlms-cosem and jDLMS against our server, `dcu read`, and pushes both ways, over real sockets. Sets up an environment of
 * its own for each peer. `--only` picks the directions whose name holds the text. The last line is `N passed, N failed`.
 */
import { runDirections } from '../test/interop/directions.ts';
import { PUSH_DIRECTIONS, pushCells } from '../test/interop/push.ts';
import { printTable } from '../test/interop/table.ts';

const json = process.argv.includes('--json');
const only = process.argv[process.argv.indexOf('--only') + 1];
const wanted = (name: string): boolean => !process.argv.includes('--only') || name.includes(only ?? '');
const cells = [
  ...(await runDirections((line) => {
    if (!json) console.log(line);
  }, wanted)),
  ...(PUSH_DIRECTIONS.some(wanted) ? await pushCells() : []).filter(({ direction }) => wanted(direction)),
];
if (json) console.log(JSON.stringify(cells));
else printTable(cells);
const count = (outcome: string): number => cells.filter((cell) => cell.outcome === outcome).length;
const [passed, failed] = [count('passed'), count('failed')];
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
