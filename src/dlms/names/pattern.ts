/**
 * A row of a table of names. The pattern is the value groups C.D.E, each a number, several (`0,255`), a span
 * (`1-9`) or `*`. The name may hold `{D}`, `{E}` or a sum such as `{E+1}`. Classes, where one code serves several.
 */
export type NameRow = readonly [pattern: string, name: string, ...classIds: readonly number[]];

/** C, D and E of a code. */
export type Groups = readonly [c: number, d: number, e: number];

type Matcher = (value: number) => boolean;

interface CompiledRow {
  readonly groups: readonly Matcher[];
  readonly name: string;
  readonly classIds: readonly number[];
}

/** Looks rows up in their order: the first that fits gives the name. */
export function nameTable(
  rows: readonly NameRow[],
): (groups: Groups, classId: number | undefined) => string | undefined {
  const byC = new Map<number, CompiledRow[]>();
  for (const [pattern, name, ...classIds] of rows) {
    const [c = '', d = '*', e = '*'] = pattern.split('.');
    const list = byC.get(Number(c)) ?? [];
    byC.set(Number(c), list);
    list.push({ groups: [matcher(d), matcher(e)], name, classIds });
  }
  return ([c, d, e], classId) => {
    const found = byC
      .get(c)
      ?.find(
        ({ groups: [fitsD, fitsE], classIds }) =>
          fitsD?.(d) === true &&
          fitsE?.(e) === true &&
          (classId === undefined || classIds.length === 0 || classIds.includes(classId)),
      );
    return found?.name.replace(/\{([DE])([+-]\d+)?\}/g, (_, group: string, plus = '0') =>
      String((group === 'D' ? d : e) + Number(plus)),
    );
  };
}

function matcher(pattern: string): Matcher {
  if (pattern === '*') return () => true;
  const spans = pattern.split(',').map((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return [from, to] as const;
  });
  return (value) => spans.some(([from, to]) => from <= value && value <= to);
}
