/**
 * `npm test`: all tests but those against other DLMS stacks (`npm run test:interop`). Arguments narrow it to
 * files whose path contains one of them. The last line is `N passed, N failed`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Counts, countJUnit } from './junit.ts';

const ROOT = join(import.meta.dir, '..');

function testFiles(patterns: readonly string[]): string[] {
  return [...new Bun.Glob('test/**/*.test.{ts,tsx}').scanSync(ROOT)]
    .filter((file) => !file.startsWith('test/interop/'))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
    .map((file) => `./${file}`);
}

const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

async function run(files: readonly string[]): Promise<Counts> {
  if (files.length === 0) return NOTHING;
  const directory = mkdtempSync(join(tmpdir(), 'test-'));
  const report = join(directory, 'junit.xml');
  try {
    // Files get a world of their own each: what one leaves behind (threads, kernel keys) is nobody else's.
    const flags = ['--parallel', '--reporter=junit', `--reporter-outfile=${report}`];
    const child = Bun.spawn([process.execPath, 'test', ...flags, ...files], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const status = await child.exited;
    const counts = existsSync(report) ? countJUnit(await Bun.file(report).text()) : NOTHING;
    // A file that does not load, or a crash, fails the run without a failed test case.
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const { passed, failed, skipped } = await run(testFiles(process.argv.slice(2)));
if (skipped > 0) console.log(`${skipped} skipped (those of a browser need Chromium)`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
