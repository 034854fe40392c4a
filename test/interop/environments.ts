import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const HOME = join(ROOT, '.interop');

/** How the programs of each peer are started; `program` names one of its files without the ending. */
export interface Environment {
  command(program: string): readonly string[];
}

async function mustRun(command: readonly string[], cwd: string = ROOT): Promise<void> {
  const child = Bun.spawn([...command], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (status !== 0) throw new Error(`${command.join(' ')} failed:\n${out}${err}`);
}

/** Does `make` unless it was done for the same files; what was there before is removed first. */
async function once(directory: string, files: readonly string[], make: () => Promise<void>): Promise<void> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  const wanted = hash.digest('hex');
  const stamp = join(directory, '.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  await make();
  writeFileSync(stamp, wanted);
}

/** A Python environment with the packages that `requirements.txt` in the peer's folder pins, dependencies included. */
export async function pythonPeer(name: string, flags: readonly string[] = []): Promise<Environment> {
  const sources = join(import.meta.dir, name);
  const venv = join(HOME, name);
  const python = join(venv, 'bin', 'python');
  const requirements = join(sources, 'requirements.txt');
  await once(venv, [requirements], async () => {
    await mustRun(['python3', '-m', 'venv', venv]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
    await mustRun([python, ...pip, '-r', requirements]);
  });
  return { command: (program) => [python, '-B', ...flags, join(sources, `${program}.py`)] };
}

/** jDLMS with the jars that `pom.xml` pins, and our programs compiled against them. */
export async function javaPeer(): Promise<Environment> {
  const sources = join(import.meta.dir, 'jdlms');
  const home = join(HOME, 'jdlms');
  const [jars, classes] = [join(home, 'lib'), join(home, 'classes')];
  const pom = join(sources, 'pom.xml');
  await once(jars, [pom], () =>
    mustRun([
      'mvn',
      '--batch-mode',
      '--quiet',
      '--file',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${jars}`,
    ]),
  );
  const programs = readdirSync(sources)
    .filter((file) => file.endsWith('.java'))
    .sort()
    .map((file) => join(sources, file));
  await once(classes, [pom, ...programs], () =>
    mustRun(['javac', '-d', classes, '-cp', join(jars, '*'), ...programs]),
  );
  const classpath = `${classes}:${join(jars, '*')}`;
  return { command: (program) => ['java', '-XX:TieredStopAtLevel=1', '-cp', classpath, program] };
}
