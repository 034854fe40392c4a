import { dlopen } from 'bun:ffi';
import { readFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/** `madvise` of Linux, the same on x86-64 and arm64 (asm-generic/mman-common.h). */
const MADV_DONTNEED = 4;

/** By then what only the start needed has been run. */
const FIRST_MS = 10_000;
const EVERY_MS = 60_000;

/** A stretch of this process's memory. */
export interface Mapping {
  readonly start: bigint;
  readonly bytes: bigint;
}

export interface GiveBackOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether nothing is under way that would have to wait for its pages. */
  readonly isIdle: () => boolean;
}

const CODE = /^([0-9a-f]+)-([0-9a-f]+) r-xp [0-9a-f]+ \S+ [1-9]/;

/**
 * The code of the program and its libraries, from the text of `/proc/self/maps` (proc(5)): file mappings that nobody can write
 * to, every page of which can be read again.
 */
export function codeMappings(maps: string): Mapping[] {
  return maps.split('\n').flatMap((line) => {
    const [, from, to] = CODE.exec(line) ?? [];
    if (from === undefined || to === undefined) return [];
    const start = BigInt(`0x${from}`);
    return [{ start, bytes: BigInt(`0x${to}`) - start }];
  });
}

/**
 * Gives the system back the pages of code that nothing needs while the program is idle, again and again: what is in use comes
 * back by itself, from the page cache. Returns what ends it. Where the system does not let us it stays as it is.
 */
export function giveBackPages({ clock, log, isIdle }: GiveBackOptions): () => void {
  let cancel: () => void = () => {};
  try {
    const { symbols } = dlopen('libc.so.6', {
      madvise: { args: ['u64', 'u64', 'i32'], returns: 'i32' },
    });
    const run = (): void => {
      if (isIdle()) giveBack();
      cancel = clock.after(EVERY_MS, run);
    };
    const giveBack = (): void => {
      for (const { start, bytes } of codeMappings(readFileSync('/proc/self/maps', 'latin1'))) {
        symbols.madvise(start, bytes, MADV_DONTNEED);
      }
    };
    cancel = clock.after(FIRST_MS, run);
  } catch (thrown) {
    log.debug('pages of the program are not given back', { ...toDcuError(thrown).toJSON() });
  }
  return () => cancel();
}
