/**
 * `npm run build`: `dist/dcu`, one executable with runtime, GUI, kernels, migrations and database engine in it.
 * `--target linux-x64|linux-arm64` chooses the machine (by default this one).
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BunPlugin } from 'bun';
import { version } from '../package.json';

const ROOT = join(import.meta.dir, '..');
const TARGETS = ['linux-x64', 'linux-arm64'] as const;
type Target = (typeof TARGETS)[number];

function targetOf(args: readonly string[]): Target {
  const at = args.indexOf('--target');
  const asked = at < 0 ? `linux-${process.arch}` : args[at + 1];
  const target = TARGETS.find((known) => known === asked);
  if (target === undefined || args.length > (at < 0 ? 0 : 2)) {
    console.error(`usage: build [--target ${TARGETS.join('|')}]`);
    process.exit(2);
  }
  return target;
}

/** Runs a program quietly; its output is shown when it fails. */
function run(command: readonly string[], cwd: string): string {
  const done = Bun.spawnSync([...command], { cwd, stdin: 'ignore' });
  if (done.success) return done.stdout.toString().trim();
  throw new Error(`${command.join(' ')} failed (${done.exitCode}):\n${done.stdout}${done.stderr}`);
}

/** The database engine's native module for the target; fetched aside when it is not this machine's. */
function nativeModule(target: Target, scratch: string): string {
  const name = `node_modules/@libsql/${target}-gnu/index.node`;
  if (existsSync(join(ROOT, name))) return join(ROOT, name);
  for (const file of ['package.json', 'bun.lock']) copyFileSync(join(ROOT, file), join(scratch, file));
  const cpu = target.replace('linux-', '');
  const install = [
    'install',
    '--frozen-lockfile',
    '--production',
    '--ignore-scripts',
    '--os=linux',
    `--cpu=${cpu}`,
  ];
  run([process.execPath, ...install], scratch);
  return join(scratch, name);
}

/** libsql picks its native module by a name made at run time, which no bundler can follow: name it here. */
function libsqlPlugin(native: string): BunPlugin {
  return {
    name: 'libsql-native',
    setup(build) {
      build.onLoad({ filter: /[/\\]node_modules[/\\]libsql[/\\]index\.js$/ }, async ({ path }) => {
        const source = await Bun.file(path).text();
        const contents = source
          .replace(/^const \{ load, currentTarget \} = require\("@neon-rs\/load"\);$/m, '')
          .replace(/^const \{ familySync, GLIBC, MUSL \} = require\("detect-libc"\);$/m, '')
          .replace(
            /function requireNative\(\) \{[\s\S]*?\n\}/,
            `const requireNative = () => require(${JSON.stringify(native)});`,
          );
        if (/currentTarget|familySync/.test(contents))
          throw new Error(`${path} has changed: adapt scripts/build.ts`);
        return { contents, loader: 'js' };
      });
    },
  };
}

/** Entry points of threads; that is what the name says. */
function threads(): string[] {
  return [...new Bun.Glob('src/**/*-thread.ts').scanSync(ROOT)].sort();
}

/** Runs the executable where nothing of the project lies beside it. */
function smoke(outfile: string, scratch: string, expected: string): void {
  const copy = join(scratch, 'dcu');
  copyFileSync(outfile, copy);
  chmodSync(copy, 0o755);
  const said = run([copy, '--version'], scratch);
  if (said !== expected) throw new Error(`dcu --version said ${JSON.stringify(said)}, not ${expected}`);
}

const target = targetOf(process.argv.slice(2));
const outfile = join(ROOT, 'dist', target === `linux-${process.arch}` ? 'dcu' : `dcu-${target}`);
const scratch = mkdtempSync(join(tmpdir(), 'build-'));
try {
  const inGit = Bun.which('git') !== null && existsSync(join(ROOT, '.git'));
  const commit = inGit ? run(['git', 'rev-parse', '--short', 'HEAD'], ROOT) : '';
  mkdirSync(dirname(outfile), { recursive: true });
  const built = await Bun.build({
    // A thread is a program of its own: `new Worker` finds it by name among the entry points.
    entrypoints: ['src/main.ts', ...threads()].map((path) => join(ROOT, path)),
    compile: { target: `bun-${target}`, outfile },
    // Names stay: stack traces in the field are worth more than a few kilobytes of a runtime's size.
    minify: { whitespace: true, syntax: true, identifiers: false },
    bytecode: true,
    define: { BUILD_COMMIT: JSON.stringify(commit), 'process.env.NODE_ENV': '"production"' },
    plugins: [libsqlPlugin(nativeModule(target, scratch))],
  });
  for (const log of built.logs) console.error(String(log));
  if (target === `linux-${process.arch}`)
    smoke(outfile, scratch, commit === '' ? version : `${version}+${commit}`);
  console.log(`${outfile} ${(statSync(outfile).size / 1024 / 1024).toFixed(1)} MiB`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
