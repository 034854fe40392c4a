import type { Cell } from './directions.ts';
import { OPERATIONS } from './world.ts';

/**
 * One block for each direction: a row for each kind of association, referencing and framing, a column for each
 * operation. Framings whose rows are the same share one. What the peer lacks altogether stands below, by reason.
 */
export function printTable(cells: readonly Cell[]): void {
  for (const [direction, found] of groups(cells, ({ direction }) => direction)) {
    const told = new Set(found.map(({ operation }) => operation));
    // In the order in which they are tried; what is no operation on a meter comes behind.
    const operations = [...new Set<string>([...OPERATIONS, ...told])].filter((name) => told.has(name));
    const lines = [[direction, ...operations], ...rowsOf(found, operations)];
    const widths =
      lines[0]?.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)) + 2) ?? [];
    console.log('');
    for (const line of lines)
      console.log(
        line
          .map((text, i) => text.padEnd(widths[i] ?? 0))
          .join('')
          .trimEnd(),
      );
    printReasons(found);
  }
  console.log('');
}

function rowsOf(cells: readonly Cell[], operations: readonly string[]): string[][] {
  const associations = groups(
    cells,
    ({ association, referencing }) => `${association}, ${referencing.toUpperCase()}`,
  );
  return [...associations].flatMap(([name, both]) => {
    const rows = [...groups(both, ({ framing }) => framing)].flatMap(([framing, row]) => {
      if (!row.some(({ outcome }) => outcome === 'passed' || outcome === 'failed')) return [];
      const outcomeOf = (operation: string) => row.find((cell) => cell.operation === operation)?.outcome;
      return [{ framing, texts: operations.map((operation) => outcomeText(outcomeOf(operation))) }];
    });
    return [...groups(rows, ({ texts }) => texts.join())].flatMap(([, same]) => {
      const [first] = same;
      const framings = same.map(({ framing }) => framing).sort();
      return first === undefined ? [] : [[`${name}, ${framings.join('+')}`, ...first.texts]];
    });
  });
}

function outcomeText(outcome: Cell['outcome'] | undefined): string {
  if (outcome === undefined || outcome === 'n/a') return '-';
  return outcome === 'peer lacks it' ? 'lacks' : outcome;
}

function printReasons(cells: readonly Cell[]): void {
  const lacking = cells.filter(({ outcome }) => outcome === 'peer lacks it');
  for (const [reason, without] of groups(lacking, ({ reason = '' }) => reason)) {
    console.log(`  peer lacks it (${without.length}): ${reason}`);
  }
  for (const { framing, referencing, association, operation, outcome, reason = '' } of cells) {
    if (outcome !== 'failed') continue;
    console.log(
      `  failed: ${association}, ${referencing.toUpperCase()}, ${framing}: ${operation}: ${reason}`,
    );
  }
}

function groups<Value>(
  values: readonly Value[],
  nameOf: (value: Value) => string,
): ReadonlyMap<string, readonly Value[]> {
  const found = new Map<string, Value[]>();
  for (const value of values) {
    const name = nameOf(value);
    const group = found.get(name);
    if (group === undefined) found.set(name, [value]);
    else group.push(value);
  }
  return found;
}
