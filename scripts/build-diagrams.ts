/**
 * `bun scripts/build-diagrams.ts [--check]`: draws each machine that is a table into ARCHITECTURE.md,
 * between the two markers. With `--check` it changes nothing and fails when the drawings are behind the tables.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type After, following, type Table } from '../src/base/table.ts';
import { ASSOCIATION_TABLE } from '../src/dlms/cosem/association.ts';
import { CLIENT_AFTER, CLIENT_TABLE } from '../src/dlms/cosem/client-states.ts';
import { GENERAL_BLOCK_AFTER, GENERAL_BLOCK_TABLE } from '../src/dlms/cosem/general-block-states.ts';
import { PUSH_AFTER, PUSH_TABLE } from '../src/dlms/cosem/push.ts';
import { MBUS_AFTER, MBUS_TABLE } from '../src/dlms/link/mbus.ts';
import { OPENING_AFTER, OPENING_TABLE } from '../src/dlms/link/opening-states.ts';
import { INPUT_ROLES, LINK_AFTER, type LinkInput, TRANSITIONS } from '../src/dlms/link/transitions.ts';
import { WRAPPER_AFTER, WRAPPER_TABLE } from '../src/dlms/link/wrapper-states.ts';
import { DIAL_AFTER, DIAL_TABLE } from '../src/headend/dial/dial-states.ts';

const PAGE = join(import.meta.dir, '../ARCHITECTURE.md');
const BEGIN = '<!-- diagrams: written by scripts/build-diagrams.ts -->';
const END = '<!-- end of diagrams -->';
/** Longest line of a label; longer ones break where an input ends. */
const LABEL_WIDTH = 30;

interface Step {
  readonly from: string;
  readonly input: string;
  readonly to: string;
}

/** What is ignored, or refused to the caller, is no step. */
const STILL: ReadonlySet<string> = new Set(['ignore', 'misuse']);

function stepsOf<State extends string, Input extends string, Action extends string>(
  table: Table<State, Input, Action>,
  after: After<State, Action>,
): Step[] {
  return (Object.keys(table) as State[]).flatMap((from) =>
    (Object.keys(table[from]) as Input[])
      .filter((input) => !STILL.has(table[from][input]))
      .flatMap((input) => following(table, after, from, input).map((to) => ({ from, input, to }))),
  );
}

/** A table that names the next state itself. */
function directSteps(table: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>>): Step[] {
  return Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row).flatMap(([input, to]) => (to === undefined ? [] : [{ from, input, to }])),
  );
}

/** Inputs joined by commas, in lines that a diagram has room for. */
function labelOf(inputs: readonly string[]): string {
  const lines: string[] = [];
  for (const input of inputs) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + input.length + 2 <= LABEL_WIDTH) {
      lines[lines.length - 1] = `${last}, ${input}`;
    } else lines.push(input);
  }
  return lines.join(',<br/>');
}

/** Only what can be reached from the first state: a role may know fewer states than its table. */
function reachable(first: string, steps: readonly Step[]): Step[] {
  const states = new Set([first]);
  for (const state of states) for (const { from, to } of steps) if (from === state) states.add(to);
  return steps.filter(({ from }) => states.has(from));
}

function draw(first: string, steps: readonly Step[]): string {
  const ways = Map.groupBy(reachable(first, steps), ({ from, to }) => `${from} --> ${to}`);
  const edges = [...ways].map(
    ([way, some]) => `    ${way} : ${labelOf([...new Set(some.map(({ input }) => input))])}`,
  );
  return ['```mermaid', 'stateDiagram-v2', `    [*] --> ${first}`, ...edges, '```'].join('\n');
}

function linkSteps(role: 'client' | 'server'): Step[] {
  const meets = (input: string): boolean => (INPUT_ROLES[input as LinkInput] ?? role) === role;
  return stepsOf(TRANSITIONS, LINK_AFTER[role]).filter(({ input }) => meets(input));
}

const MACHINES: readonly { readonly title: string; readonly source: string; readonly drawing: string }[] = [
  {
    title: 'HDLC link: client',
    source: 'src/dlms/link/transitions.ts',
    drawing: draw('disconnected', linkSteps('client')),
  },
  {
    title: 'HDLC link: server',
    source: 'src/dlms/link/transitions.ts',
    drawing: draw('disconnected', linkSteps('server')),
  },
  {
    title: 'Wrapper over TCP and UDP: client',
    source: 'src/dlms/link/wrapper-states.ts',
    drawing: draw('down', stepsOf(WRAPPER_TABLE, WRAPPER_AFTER.client)),
  },
  {
    title: 'Wrapper over TCP and UDP: server',
    source: 'src/dlms/link/wrapper-states.ts',
    drawing: draw('up', stepsOf(WRAPPER_TABLE, WRAPPER_AFTER.server)),
  },
  {
    title: 'Opening of IEC 62056-21: reader',
    source: 'src/dlms/link/opening-states.ts',
    drawing: draw('closed', stepsOf(OPENING_TABLE, OPENING_AFTER.reader)),
  },
  {
    title: 'Opening of IEC 62056-21: meter',
    source: 'src/dlms/link/opening-states.ts',
    drawing: draw('closed', stepsOf(OPENING_TABLE, OPENING_AFTER.meter)),
  },
  {
    title: 'Segments of wired M-Bus',
    source: 'src/dlms/link/mbus.ts',
    drawing: draw('idle', stepsOf(MBUS_TABLE, MBUS_AFTER)),
  },
  {
    title: 'Client',
    source: 'src/dlms/cosem/client-states.ts',
    drawing: draw('closed', stepsOf(CLIENT_TABLE, CLIENT_AFTER)),
  },
  {
    title: 'Association, both roles',
    source: 'src/dlms/cosem/association.ts',
    drawing: draw('idle', directSteps(ASSOCIATION_TABLE)),
  },
  {
    title: 'General block transfer, both roles',
    source: 'src/dlms/cosem/general-block-states.ts',
    drawing: draw('idle', stepsOf(GENERAL_BLOCK_TABLE, GENERAL_BLOCK_AFTER)),
  },
  {
    title: 'Push',
    source: 'src/dlms/cosem/push.ts',
    drawing: draw('idle', stepsOf(PUSH_TABLE, PUSH_AFTER)),
  },
  {
    title: 'Dialling a head-end',
    source: 'src/headend/dial/dial-states.ts',
    drawing: draw('resting', stepsOf(DIAL_TABLE, DIAL_AFTER)),
  },
];

const sections = MACHINES.map(({ title, source, drawing }) => `### ${title}\n\n\`${source}\`\n\n${drawing}`);
const page = readFileSync(PAGE, 'utf8');
const from = page.indexOf(BEGIN);
const to = page.indexOf(END);
if (from < 0 || to < from) throw new Error(`ARCHITECTURE.md has no place between "${BEGIN}" and "${END}"`);
const fresh = `${page.slice(0, from)}${BEGIN}\n\n${sections.join('\n\n')}\n\n${page.slice(to)}`;
if (fresh === page) process.exit(0);
if (process.argv.includes('--check')) {
  console.error('ARCHITECTURE.md is behind the tables: bun scripts/build-diagrams.ts');
  process.exit(1);
}
writeFileSync(PAGE, fresh);
