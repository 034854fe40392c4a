/**
 * `npm test`: all tests but those against other DLMS stacks (`npm run test:interop`). Arguments narrow it to
 * files whose path contains one of them. The last line is `N passed, N failed`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Counts, countJUnit } from './junit.ts';

const ROOT = join(import.meta.dir, '..');
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'];

function testFiles(patterns: readonly string[]): string[] {
  const browser = CHROMIUM.some((name) => Bun.which(name) !== null);
  if (!browser) console.log('test/e2e skipped: no Chromium on this machine');
  return [...new Bun.Glob('test/**/*.test.{ts,tsx}').scanSync(ROOT)]
    .filter((file) => !file.startsWith('test/interop/') && (browser || !file.startsWith('test/e2e/')))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
    .map((file) => `./${file}`);
}

async function run(files: readonly string[]): Promise<Counts> {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const directory = mkdtempSync(join(tmpdir(), 'test-'));
  const report = join(directory, 'junit.xml');
  try {
    const child = Bun.spawn(
      [process.execPath, 'test', '--reporter=junit', `--reporter-outfile=${report}`, ...files],
      { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
    );
    const status = await child.exited;
    const counts = existsSync(report) ? countJUnit(await Bun.file(report).text()) : { passed: 0, failed: 0 };
    // A file that does not load, or a crash, fails the run without a failed test case.
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const { passed, failed } = await run(testFiles(process.argv.slice(2)));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
