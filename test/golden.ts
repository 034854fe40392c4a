import { expect } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Holds a text to the one in a file. With `WRITE_GOLDEN=1` in the environment the file is written instead: for whoever
 * changes something on purpose, and reads the difference before it is committed.
 */
export function expectGolden(path: string, text: string): void {
  if (process.env['WRITE_GOLDEN'] === '1') writeFileSync(path, text);
  expect(existsSync(path)).toBe(true);
  expect(text).toBe(readFileSync(path, 'utf8'));
}
