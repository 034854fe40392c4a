/**
 * `npm run test:interop [-- --json] [--only TEXT]`: our client against servers made of gurux-dlms and jDLMS, the
 * clients of gurux-dlms, dlms-cosem and jDLMS against our server, `dcu read`, pushes both ways, and foreign stacks as the
 * head-end of a whole concentrator, over real sockets.
 * Sets up an environment of its own for each peer. `--only` picks the directions whose name holds the text. The last
 * line is `N passed, N failed`.
 */
import { DIALLED, DIALLED_SERVERS, dialledCells, dialledServerCells } from '../test/interop/dial.ts';
import { type Cell, runDirections } from '../test/interop/directions.ts';
import { HEAD_ENDS, headEndCells } from '../test/interop/head-end.ts';
import { HEAD_END_IMAGE, headEndImageCells } from '../test/interop/head-end-image.ts';
import { HEAD_END_OBJECTS, headEndObjectsCells } from '../test/interop/head-end-objects.ts';
import { HEAD_END_SECURITY, headEndSecurityCells } from '../test/interop/head-end-security.ts';
import { HES_PUSH, hesPushCells } from '../test/interop/hes-push.ts';
import { PUSH_DIRECTIONS, pushCells } from '../test/interop/push.ts';
import { printTable } from '../test/interop/table.ts';
import { TRANSPARENT, transparentCells } from '../test/interop/transparent.ts';

const json = process.argv.includes('--json');
const only = process.argv[process.argv.indexOf('--only') + 1];
const wanted = (name: string): boolean => !process.argv.includes('--only') || name.includes(only ?? '');
const log = (line: string): void => {
  if (!json) console.log(line);
};

/** Foreign stacks as the head-end: one direction each. */
const WHOLE: readonly { readonly direction: string; readonly cells: () => Promise<Cell[]> }[] = [
  ...HEAD_ENDS.map((direction) => ({ direction, cells: () => headEndCells(direction) })),
  { direction: HEAD_END_IMAGE, cells: () => headEndImageCells() },
  { direction: HEAD_END_OBJECTS, cells: () => headEndObjectsCells() },
  { direction: HEAD_END_SECURITY, cells: () => headEndSecurityCells() },
  { direction: DIALLED, cells: dialledCells },
  { direction: DIALLED_SERVERS, cells: dialledServerCells },
  { direction: HES_PUSH, cells: () => hesPushCells() },
  { direction: TRANSPARENT, cells: transparentCells },
];

async function run(): Promise<readonly Cell[]> {
  const cells = await runDirections(log, wanted);
  const pushes = PUSH_DIRECTIONS.some(wanted) ? await pushCells() : [];
  const headEnds: Cell[] = [];
  for (const { direction, cells: play } of WHOLE) {
    if (wanted(direction)) headEnds.push(...(await play()));
  }
  return [...cells, ...pushes.filter(({ direction }) => wanted(direction)), ...headEnds];
}

const cells = await run().catch((thrown: unknown): never => {
  // A peer that cannot be set up or started leaves no table.
  console.error(thrown instanceof Error ? thrown.message : String(thrown));
  console.log('0 passed, 1 failed');
  process.exit(1);
});
if (json) console.log(JSON.stringify(cells));
else printTable(cells);
const count = (outcome: string): number => cells.filter((cell) => cell.outcome === outcome).length;
const [passed, failed] = [count('passed'), count('failed')];
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
