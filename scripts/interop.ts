/**
 * `npm run test:interop`: our client against a meter made of the Gurux library, and the Gurux client against our
 * simulated meters, over real sockets. Sets up its own Python environment. The last line is `N passed, N failed`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guruxReadsSimulator } from '../test/interop/gurux-client.ts';
import { ourClientReadsGurux } from '../test/interop/our-client.ts';
import { ourCommandReadsGurux } from '../test/interop/our-command.ts';
import { type Cell, COMBINATIONS, type Combination } from '../test/interop/peer.ts';

const ROOT = join(import.meta.dir, '..');
const VENV = join(ROOT, '.interop', 'venv');
const PYTHON = join(VENV, 'bin', 'python');
const REQUIREMENTS = join(ROOT, 'test/interop/gurux/requirements.txt');

function mustRun(command: readonly string[]): void {
  const done = Bun.spawnSync([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  if (done.success) return;
  console.error(`${command.join(' ')} failed:\n${done.stdout.toString()}${done.stderr.toString()}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

/** The pinned packages in an environment of their own; nothing to do when they are there. */
function setUpPython(): void {
  const stamp = join(VENV, '.requirements-stamp');
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(VENV, { recursive: true, force: true });
  mustRun(['python3', '-m', 'venv', VENV]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  mustRun([PYTHON, ...pip, '-r', REQUIREMENTS]);
  writeFileSync(stamp, wanted);
}

type Suite = (python: string, combination: Combination) => Promise<Cell[]>;

/** All combinations of a suite; one that does not even start is one failed cell. */
async function cellsOf(suite: Suite): Promise<Cell[]> {
  const columns = await Promise.all(
    COMBINATIONS.map((combination) =>
      suite(PYTHON, combination).catch((thrown: unknown): Cell[] => [
        {
          test: 'the meter is served',
          combination,
          outcome: 'failed',
          reason: thrown instanceof Error ? thrown.message : String(thrown),
        },
      ]),
    ),
  );
  return columns.flat();
}

function printTable(title: string, cells: readonly Cell[]): void {
  const names = [...new Set(cells.map(({ test }) => test))];
  const width = Math.max(title.length, ...names.map((name) => name.length)) + 2;
  const heads = COMBINATIONS.map(({ framing, auth }) => `${framing}/${auth}`);
  const line = (first: string, rest: readonly string[]): string =>
    (
      first.padEnd(width) +
      rest.map((text, i) => text.padEnd(Math.max(15, (heads[i] ?? '').length + 2))).join('')
    ).trimEnd();
  console.log(`\n${line(title, heads)}`);
  for (const name of names) {
    const row = COMBINATIONS.map((combination) => {
      const cell = cells.find((each) => each.test === name && each.combination === combination);
      return cell === undefined ? '' : cell.outcome === 'n/a' ? '-' : cell.outcome;
    });
    console.log(line(name, row));
  }
  for (const { test, combination, outcome, reason } of cells) {
    if (outcome === 'failed' || outcome === 'peer lacks it') {
      console.log(`  ${outcome}: ${combination.framing}/${combination.auth} ${test}: ${reason ?? ''}`);
    }
  }
}

setUpPython();
const cells: Cell[] = [];
for (const [title, suite] of [
  ['our client, Gurux meter', ourClientReadsGurux],
  ['dcu read, Gurux meter', ourCommandReadsGurux],
  ['Gurux client, our meter', guruxReadsSimulator],
] as const) {
  const found = await cellsOf(suite);
  printTable(title, found);
  cells.push(...found);
}
const count = (outcome: Cell['outcome']): number => cells.filter((cell) => cell.outcome === outcome).length;
const [passed, failed] = [count('passed'), count('failed')];
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
