/**
 * Checks the house rules that no linter knows: which folder may import which, who owns which package, that
 * the protocol folders are pure, and that no imports go in a circle. `RULES` is ARCHITECTURE.md as data.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type ImportSite, importsOf, readSource, type SourceText } from './source-text.ts';

export interface Violation {
  readonly rule: 'direction' | 'types-only' | 'package-owner' | 'purity' | 'circle' | 'unresolved';
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

const PROTOCOL = ['base', 'kernels', 'dlms', 'plc'];
const SOUTH = [...PROTOCOL, 'channels', 'meters'];
const PARTS = [...SOUTH, 'tasks', 'headend', 'store', 'device', 'security', 'balance'];

/** What each part of `src/` may import besides itself. A file directly in `src/` is a part of its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernels: ['base'],
  dlms: ['base', 'kernels'],
  plc: ['base', 'kernels'],
  channels: PROTOCOL,
  meters: [...PROTOCOL, 'channels'],
  tasks: SOUTH,
  headend: SOUTH,
  store: ['base'],
  device: ['base'],
  security: ['base'],
  balance: ['base'],
  simulator: [...PROTOCOL, 'channels'],
  conformance: [...PROTOCOL, 'channels'],
  api: PARTS,
  concentrator: [...PARTS, 'api'],
  bench: [...PARTS, 'simulator', 'concentrator'],
  cli: [...PARTS, 'api', 'concentrator', 'simulator', 'conformance', 'bench'],
  main: ['base', 'cli'],
};

/** Packages and modules that only some parts may import. */
const OWNERS: readonly {
  readonly packages: RegExp;
  readonly parts: readonly string[];
  /** What everybody may take from it. */
  readonly free?: RegExp;
}[] = [
  { packages: /^(?:drizzle-orm|drizzle-kit|libsql|@libsql\/.*|bun:sqlite)(?:\/|$)/, parts: ['store'] },
  { packages: /^(?:elysia|@elysiajs\/.*|elysia-rate-limit)(?:\/|$)/, parts: ['api'] },
  { packages: /^jose(?:\/|$)/, parts: ['security', 'api'] },
  { packages: /^(?:serialport|@serialport\/.*)(?:\/|$)/, parts: ['channels'] },
  // Terminals and the machine's clock, and the lock of the data directory.
  { packages: /^bun:ffi$/, parts: ['channels', 'store'] },
  { packages: /^(?:node:)?(?:net|tls|dgram)$/, parts: ['channels'], free: /^(?:isIP(?:v[46])?|BlockList)$/ },
  { packages: /^commander$/, parts: ['cli'] },
  { packages: /^mqtt(?:\/|$)/, parts: ['headend'] },
  { packages: /^(?:react|react-dom|react-router|@mantine\/.*|@tanstack\/.*|uplot)(?:\/|$)/, parts: [] },
];

const PURE = ['dlms', 'plc'];
const IMPURE_MODULE = /^(?:node:|bun(?::|$))/;
const IMPURE_CODE: readonly { readonly what: string; readonly code: RegExp }[] = [
  {
    what: 'reads the clock',
    code: /\bDate\s*\.\s*now\b|\bnew\s+Date\b|(?<![\w.])Date\s*\(|\bperformance\s*\./g,
  },
  { what: 'uses a timer', code: /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g },
  { what: 'draws random numbers', code: /\bMath\s*\.\s*random\b|\bcrypto\s*\./g },
  { what: 'is asynchronous', code: /(?<![\w.$])(?:async|await)(?![\w$:])|\bPromise\b/g },
  { what: 'reaches for the runtime', code: /(?<![\w.$])(?:Bun|process|globalThis)\s*\./g },
];

interface SourceFile {
  /** Path from the root, with slashes. */
  readonly path: string;
  readonly text: SourceText;
  readonly imports: readonly ImportSite[];
}

const partOf = (path: string): string => path.split('/')[1]?.replace(/\.tsx?$/, '') ?? '';

function lineOf(file: SourceFile, offset: number): number {
  return file.text.code.slice(0, offset).split('\n').length;
}

/** Path from the root of what a relative specifier names, or undefined for a package. */
function resolve(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : undefined;
}

function readTree(root: string): SourceFile[] {
  const glob = new Bun.Glob('{src,ui}/**/*.{ts,tsx}');
  return [...glob.scanSync(root)].sort().map((path) => {
    const text = readSource(readFileSync(join(root, path), 'utf8'));
    return { path, text, imports: importsOf(text) };
  });
}

function checkFile(root: string, file: SourceFile): Violation[] {
  const found: Violation[] = [];
  const report = (rule: Violation['rule'], offset: number, message: string): void => {
    found.push({ rule, file: file.path, line: lineOf(file, offset), message });
  };
  const inSource = file.path.startsWith('src/');
  const part = inSource ? partOf(file.path) : 'ui';

  for (const site of file.imports) {
    const target = resolve(file.path, site.specifier);
    if (target === undefined) {
      for (const owner of inSource ? OWNERS : []) {
        const free = site.names.length > 0 && site.names.every((name) => owner.free?.test(name) === true);
        if (owner.packages.test(site.specifier) && !owner.parts.includes(part) && !free) {
          const owners = owner.parts.length === 0 ? 'ui' : owner.parts.join(' and ');
          report('package-owner', site.offset, `${site.specifier} belongs to ${owners}`);
        }
      }
      if (PURE.includes(part) && IMPURE_MODULE.test(site.specifier)) {
        report('purity', site.offset, `${part}/ is pure and imports ${site.specifier}`);
      }
    } else if (!existsSync(join(root, target)) && !/\.gen\.\w+$|\?/.test(target)) {
      report('unresolved', site.offset, `${site.specifier} does not exist (imports carry their extension)`);
    } else if (inSource && target.startsWith('src/')) {
      const other = partOf(target);
      if (other !== part && !(MAY_IMPORT[part] ?? []).includes(other)) {
        report('direction', site.offset, `${part} may not import ${other} (${target})`);
      }
    } else if (inSource && /^(?:test|scripts|ui)\//.test(target) && !file.path.endsWith('.gen.ts')) {
      report('direction', site.offset, `src may not import ${target}`);
    } else if (!inSource && target.startsWith('src/')) {
      if (partOf(target) !== 'api')
        report('direction', site.offset, `ui may import src/api only, not ${target}`);
      if (!site.typeOnly) report('types-only', site.offset, `ui may import types only from ${target}`);
    }
  }
  if (inSource && MAY_IMPORT[part] === undefined) report('direction', 0, `src/${part} is in no rule`);
  for (const rule of PURE.includes(part) ? IMPURE_CODE : []) {
    for (const match of file.text.bare.matchAll(rule.code)) {
      report('purity', match.index, `${part}/ is pure and ${rule.what}: ${match[0].trim()}`);
    }
  }
  return found;
}

/** Every file that can reach itself, once per circle. */
function circles(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found: Violation[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const circle = [...trail.slice(at), path];
      found.push({ rule: 'circle', file: path, line: 1, message: circle.join(' → ') });
      return;
    }
    const file = byPath.get(path);
    if (file === undefined || done.has(path)) return;
    trail.push(path);
    for (const site of file.imports) {
      const target = resolve(path, site.specifier);
      if (target !== undefined) visit(target);
    }
    trail.pop();
    done.add(path);
  };
  for (const { path } of files) visit(path);
  return found;
}

/** Checks the tree under `root` (`src/` and `ui/` in it). */
export function checkImports(root: string): { files: number; violations: Violation[] } {
  const files = readTree(root);
  return {
    files: files.length,
    violations: [...files.flatMap((file) => checkFile(root, file)), ...circles(files)],
  };
}

if (import.meta.main) {
  const { files, violations } = checkImports(join(import.meta.dir, '..'));
  for (const { rule, file, line, message } of violations) console.log(`${file}:${line}: ${rule}: ${message}`);
  if (files === 0) console.log('no file found to check');
  process.exit(violations.length > 0 || files === 0 ? 1 : 0);
}
