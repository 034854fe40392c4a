import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { toDcuError } from '../base/errors.ts';
import { usage } from './options.ts';

/**
 * Makes a symbolic link to a pseudo-terminal; one that is there already is replaced, anything else is left alone. Returns
 * what removes it, unless it has become somebody else's. Throws `usage` for `option`.
 */
export function placeLink(option: string, link: string, target: string): () => void {
  const before = lstatSync(link, { throwIfNoEntry: false });
  if (before !== undefined && !before.isSymbolicLink()) {
    throw usage(option, `would replace ${link}, which is no symbolic link`);
  }
  try {
    if (before !== undefined) unlinkSync(link);
    symlinkSync(target, link);
  } catch (error) {
    throw usage(option, `cannot make ${link}: ${toDcuError(error).message}`);
  }
  return () => {
    const now = lstatSync(link, { throwIfNoEntry: false });
    if (now?.isSymbolicLink() === true && readlinkSync(link) === target) unlinkSync(link);
  };
}
