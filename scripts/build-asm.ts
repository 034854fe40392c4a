import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const ROOT = join(import.meta.dir, '..');
const SOURCES = join(ROOT, 'asm');
const OUTPUT = join(SOURCES, 'build', 'kernels.wasm');

/** Pages of 64 KiB: the fixed regions and the first keys. */
const INITIAL_PAGES = 24;

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether the module is younger than every source, the compiler and this script. */
function isFresh(): boolean {
  const inputs = readdirSync(SOURCES)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(SOURCES, name));
  inputs.push(import.meta.path, join(ROOT, 'node_modules', 'assemblyscript', 'package.json'));
  const newest = Math.max(...inputs.map(modifiedAt));
  return modifiedAt(OUTPUT) > newest;
}

/** Compiles asm/ to one wasm module; does nothing when it is up to date. Throws with the compiler's messages. */
export async function buildAsm(options: { readonly force?: boolean } = {}): Promise<'built' | 'fresh'> {
  if (options.force !== true && isFresh()) return 'fresh';
  mkdirSync(join(SOURCES, 'build'), { recursive: true });
  // Renamed into place, so that a process that starts meanwhile finds the old module or the new one.
  const building = `${OUTPUT}.${process.pid}`;
  const { error, stderr } = await asc.main([
    join(SOURCES, 'index.ts'),
    '--outFile',
    building,
    '-O3',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--enable',
    'relaxed-simd',
    '--noAssert',
    // v128 crosses functions of the module only, never its border.
    '--disableWarning',
    '112',
    '--initialMemory',
    String(INITIAL_PAGES),
  ]);
  if (error) throw new Error(`asc failed: ${error.message}\n${stderr.toString()}`);
  renameSync(building, OUTPUT);
  return 'built';
}

if (import.meta.main) {
  const started = performance.now();
  const outcome = await buildAsm({ force: process.argv.includes('--force') });
  const ms = Math.round(performance.now() - started);
  console.log(outcome === 'fresh' ? 'kernels.wasm is up to date' : `kernels.wasm built in ${ms} ms`);
}
