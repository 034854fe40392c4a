/** `npm run check`: format, lint, types, unused code, house rules, kernels and generated files; one line per step. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..');

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

interface Step {
  readonly name: string;
  run(): Promise<Outcome>;
}

async function run(command: readonly string[]): Promise<Outcome> {
  const child = Bun.spawn([...command], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { ok: status === 0, output: out + err };
}

/** A tool of the lock file, on this Bun whatever its first line says; never fetched. */
const tool = (...args: readonly string[]) => run([process.execPath, 'x', '--no-install', '--bun', ...args]);

const script = (name: string, ...args: readonly string[]) =>
  run([process.execPath, join(ROOT, 'scripts', name), ...args]);

/** Every file name below `folder` with its content. */
function contents(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path.slice(folder.length)}\n${readFileSync(path, 'utf8')}`)
    .join('\n');
}

/** Generates from the schema into a copy of `drizzle/`: anything that changes there was not generated before. */
async function migrationsFresh(): Promise<Outcome> {
  const scratch = mkdtempSync(join(tmpdir(), 'check-'));
  try {
    const committed = join(ROOT, 'drizzle');
    const copy = join(scratch, 'drizzle');
    cpSync(committed, copy, { recursive: true });
    const schema = join(ROOT, 'src/store/schema.ts');
    const made = await tool(
      'drizzle-kit',
      'generate',
      '--dialect=turso',
      `--schema=${schema}`,
      `--out=${copy}`,
    );
    if (!made.ok || contents(copy) === contents(committed)) return made;
    return {
      ok: false,
      output: `${made.output}\ndrizzle/ is behind src/store/schema.ts: bun x drizzle-kit generate\n`,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The generators must run, and what they make must be ignored by git, for it is made on every machine. */
async function generated(): Promise<Outcome> {
  for (const name of ['build-asm.ts', 'build-migrations.ts', 'build-ui.ts']) {
    const made = await script(name);
    if (!made.ok) return made;
  }
  const tracked = await run(['git', 'ls-files', '--cached', '*.gen.ts', 'dist', 'asm/build']);
  if (!tracked.ok || tracked.output.trim() === '') return tracked;
  return { ok: false, output: `generated files are in git:\n${tracked.output}` };
}

/** asc is the type check of `asm/`, which tsc does not understand; the flags are those of the build. */
function kernels(): Promise<Outcome> {
  const flags = [
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--enable',
    'relaxed-simd',
    '--disableWarning',
    '112',
  ];
  return tool('asc', 'asm/index.ts', ...flags, '--noEmit');
}

// Generation comes first and alone: the others read what it makes.
const FIRST: readonly Step[] = [{ name: 'generated files', run: generated }];
const STEPS: readonly Step[] = [
  { name: 'types (tsc)', run: () => tool('tsc', '--noEmit', '-p', 'tsconfig.json') },
  { name: 'format and lint (biome)', run: () => tool('biome', 'check', '--error-on-warnings', '.') },
  { name: 'lint with types (oxlint)', run: () => tool('oxlint', '--type-aware', '--deny-warnings', '.') },
  { name: 'unused code and dependencies (knip)', run: () => tool('knip') },
  { name: 'imports and purity', run: () => script('check-imports.ts') },
  { name: 'kernels (asc)', run: kernels },
  { name: 'migrations match the schema', run: migrationsFresh },
  { name: 'diagrams match the tables', run: () => script('build-diagrams.ts', '--check') },
];

let failed = 0;

async function perform(step: Step): Promise<void> {
  const startedMs = performance.now();
  const { ok, output } = await step.run();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)`);
  if (ok) return;
  failed++;
  console.log(output.trimEnd());
}

for (const step of FIRST) await perform(step);
const queue = [...STEPS];
const worker = async (): Promise<void> => {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) await perform(step);
};
await Promise.all([worker(), worker()]);
const steps = FIRST.length + STEPS.length;
console.log(`${steps - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
