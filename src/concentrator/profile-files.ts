import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { MeterProfile } from '../meters/meter-profile.ts';
import type { ProfileBook, ProfileProblem } from '../meters/profiles/index.ts';
import { readOwnProfile } from '../meters/profiles/own-profile.ts';

const MOST_FILES = 100;
const MOST_BYTES = 1_000_000;

/**
 * Takes the user's profiles, `profiles/*.json` of the data directory, into the book in place of those before. A file that
 * holds none is told of in the book and in the log, and keeps no other from being used. Files may extend each other.
 */
export function loadProfiles(directory: string, book: ProfileBook, log: Log): void {
  const folder = join(directory, 'profiles');
  const { files, problems } = readFiles(folder);
  const found = new Map<string, MeterProfile>();
  let waiting = files;
  // A profile that extends another of the user's waits for it; whoever waits at the end is told why.
  for (let before = -1; waiting.length !== before; ) {
    before = waiting.length;
    waiting = waiting.filter(({ file, text }) => {
      const read = readOwnProfile(text, (name) => found.get(name) ?? builtIn(book, name));
      if (!read.ok) return true;
      const { name } = read.profile;
      if (book.isBuiltIn(name) || found.has(name)) {
        problems.push({ file, problems: [`name: there is a profile "${name}" already`] });
      } else found.set(name, read.profile);
      return false;
    });
  }
  for (const { file, text } of waiting) {
    const read = readOwnProfile(text, (name) => found.get(name) ?? builtIn(book, name));
    if (!read.ok) problems.push({ file, problems: read.problems });
  }
  for (const { file, problems: wrong } of problems)
    log.warn('a meter profile cannot be used', { file, wrong });
  book.replaceOwn([...found.values()], problems);
}

const builtIn = (book: ProfileBook, name: string): MeterProfile | undefined =>
  book.isBuiltIn(name) ? book.get(name) : undefined;

function readFiles(folder: string): {
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly problems: ProfileProblem[];
} {
  const files: { file: string; text: string }[] = [];
  const problems: ProfileProblem[] = [];
  for (const file of jsonFiles(folder, problems)) {
    try {
      const path = join(folder, file);
      const stat = statSync(path);
      if (!stat.isFile()) problems.push({ file, problems: ['is no file'] });
      else if (stat.size > MOST_BYTES)
        problems.push({ file, problems: [`is longer than ${MOST_BYTES} bytes`] });
      else files.push({ file, text: readFileSync(path, 'utf8') });
    } catch (error) {
      problems.push({ file, problems: [toDcuError(error).message] });
    }
  }
  return { files, problems };
}

/** None when there is no such folder; what else keeps it from being looked at is a problem. */
function jsonFiles(folder: string, problems: ProfileProblem[]): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .slice(0, MOST_FILES);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      problems.push({ file: 'profiles', problems: [toDcuError(error).message] });
    }
    return [];
  }
}
