import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countJUnit } from '../../scripts/junit.ts';

test('counts what the test runner itself reports', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'junit-'));
  try {
    writeFileSync(
      join(directory, 'some.test.ts'),
      `import { expect, test } from 'bun:test';
       test('right', () => expect(1).toBe(1));
       test('also right', () => expect(2).toBe(2));
       test('wrong', () => expect(1).toBe(2));
       test.skip('left out', () => {});`,
    );
    const report = join(directory, 'junit.xml');
    const child = Bun.spawn(
      [process.execPath, 'test', '--reporter=junit', `--reporter-outfile=${report}`, './some.test.ts'],
      { cwd: directory, stdio: ['ignore', 'ignore', 'ignore'] },
    );
    expect(await child.exited).not.toBe(0);
    expect(countJUnit(await Bun.file(report).text())).toEqual({ passed: 2, failed: 1, skipped: 1 });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a report without totals counts nothing', () => {
  expect(countJUnit('')).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
