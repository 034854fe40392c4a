import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from '@stryker-mutator/api/core';
import type { Ignorer } from '@stryker-mutator/api/ignore';
import type { Logger } from '@stryker-mutator/api/logging';
import { Instrumenter } from '@stryker-mutator/instrumenter';

const no = (): boolean => false;
const silent = (): void => {};
const SILENT: Logger = {
  isTraceEnabled: no,
  isDebugEnabled: no,
  isInfoEnabled: no,
  isWarnEnabled: no,
  isErrorEnabled: no,
  isFatalEnabled: no,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
};

interface Node {
  readonly type: string;
  readonly callee?: Node & {
    readonly name?: string;
    /** `id` of a private one. */
    readonly property?: { readonly name?: string; readonly id?: { readonly name?: string } };
  };
  readonly arguments?: readonly Node[];
}

interface Path {
  readonly node: Node;
  readonly parentPath?: Path;
}

const TEXTS: ReadonlySet<string> = new Set(['StringLiteral', 'TemplateLiteral']);
const CALLS: ReadonlySet<string> = new Set(['NewExpression', 'CallExpression']);
/** Methods of ByteReader whose last argument names the field for an error's text. */
const READERS = /^(?:[ui](?:8|16|32|64)|take|readOctets|readLength|expectTag)$/;
/** Which argument of what makes or reports an error is its text. */
const TEXT_PLACES: Readonly<Record<string, number>> = {
  DcuError: 1,
  bad: 0,
  more: 0,
  invalid: 1,
  lacking: 1,
};

/** What an error says to a human is not held by tests, which look at its code and offset: no mutants of such text. */
const ERROR_TEXT: Ignorer = {
  shouldIgnore(path) {
    for (let at: Path | undefined = path as Path; at !== undefined; at = at.parentPath) {
      const call = at.parentPath?.node;
      if (call === undefined || !TEXTS.has((path as Path).node.type)) return undefined;
      if (!CALLS.has(call.type)) continue;
      const place = call.arguments?.indexOf(at.node) ?? -1;
      const name = call.callee?.name ?? call.callee?.property?.name ?? call.callee?.property?.id?.name ?? '';
      const text = place >= 0 && (TEXT_PLACES[name] === place || READERS.test(name));
      return text ? 'text of an error' : undefined;
    }
    return undefined;
  },
};

export interface Instrumented {
  readonly mutants: readonly Mutant[];
  /** Content of each file with all its mutants behind switches. */
  readonly switched: ReadonlyMap<string, string>;
}

/** Every mutant of the given files below `root`, and the files in which the environment switches one of them on. */
export async function instrument(root: string, files: readonly string[]): Promise<Instrumented> {
  const given = files.map((name) => ({
    name,
    content: readFileSync(join(root, name), 'utf8'),
    mutate: true,
  }));
  const result = await new Instrumenter(SILENT).instrument(given, {
    plugins: null,
    excludedMutations: [],
    ignorers: [ERROR_TEXT],
    noHeader: false,
  });
  return {
    mutants: result.mutants.filter(({ status }) => status !== 'Ignored'),
    switched: new Map(result.files.map(({ name, content }) => [name, content])),
  };
}
