/**
 * Makes a checkout ready to run: the pinned Bun, the dependencies of the lock file, and what is generated.
 * Runs on plain Node 20 or on Bun and needs no dependency itself; does nothing when nothing has changed.
 * Everything it says goes to stderr, for the standard output belongs to the command that follows.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TOOLS = join(ROOT, '.tools');
const STAMP = join(ROOT, 'node_modules', '.setup-stamp');
const GENERATORS = ['build-asm.ts', 'build-migrations.ts', 'build-ui.ts'];

/** The Bun this project is built and tested with; its type package carries the same version. */
function pinnedVersion() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).devDependencies['bun-types'];
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/** Runs a program with its output on stderr, or only if it fails; a failure ends this process. */
function mustRun(what, command, args, quiet = false) {
  const output = quiet ? 'pipe' : 2;
  const done = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', output, output], encoding: 'utf8' });
  if (done.status === 0) return;
  if (quiet) process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  say(`${what} failed: ${done.error?.message ?? `exit status ${done.status ?? done.signal}`}`);
  process.exit(1);
}

function versionOf(bun) {
  const asked = spawnSync(bun, ['--version'], { encoding: 'utf8' });
  return asked.status === 0 ? asked.stdout.trim() : undefined;
}

/** Where npm puts Bun: the linked name, or the platform's own package when install scripts are switched off. */
function bunInTools() {
  const scope = join(TOOLS, 'node_modules', '@oven');
  const platform = existsSync(scope) ? readdirSync(scope).map((name) => join(scope, name, 'bin', 'bun')) : [];
  return [join(TOOLS, 'node_modules', '.bin', 'bun'), ...platform];
}

/** Path of a Bun of the pinned version; gets it from npm when there is none. */
function findBun() {
  const pinned = pinnedVersion();
  const here = process.versions.bun === undefined ? [] : [process.execPath];
  const known = () => [...here, 'bun', ...bunInTools()].find((bun) => versionOf(bun) === pinned);
  const found = known();
  if (found !== undefined) return found;
  if (spawnSync('npm', ['--version']).status === 0) {
    say(`installing Bun ${pinned}`);
    mkdirSync(TOOLS, { recursive: true });
    mustRun('npm', 'npm', ['install', '--prefix', TOOLS, '--no-audit', '--no-fund', `bun@${pinned}`]);
    const installed = known();
    if (installed !== undefined) return installed;
  } else if (here[0] !== undefined) {
    say(`Bun ${process.versions.bun} is here, ${pinned} is wanted and npm is not there to get it: going on`);
    return here[0];
  }
  say(`Bun ${pinned} could not be had: install it, or Node 20 with npm`);
  process.exit(1);
}

function installDependencies(bun) {
  const hash = createHash('sha256');
  for (const file of ['bun.lock', 'package.json']) hash.update(readFileSync(join(ROOT, file)));
  const wanted = hash.digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  say('installing dependencies');
  mustRun('bun install', bun, ['install', '--frozen-lockfile']);
  writeFileSync(STAMP, wanted);
}

/** Sets everything up and returns the path of Bun. */
export function setup() {
  const bun = findBun();
  installDependencies(bun);
  for (const generator of GENERATORS) {
    mustRun(generator, bun, [join(ROOT, 'scripts', generator)], true);
  }
  return bun;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  setup();
  say('ready');
}
