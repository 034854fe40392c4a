import { dlopen, FFIType } from 'bun:ffi';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DcuError } from '../base/errors.ts';

export interface DirectoryLock {
  readonly directory: string;
  release(): void;
}

const LOCK_EX = 2;
const LOCK_NB = 4;

const symbols = { flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } } as const;
type LockLibrary = ReturnType<typeof dlopen<typeof symbols>>;
let libc: LockLibrary | undefined;

function flock(fd: number, operation: number): boolean {
  libc ??= openLibc();
  return libc.symbols.flock(fd, operation) === 0;
}

function openLibc(): LockLibrary {
  const names = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];
  let last: unknown;
  for (const name of names) {
    try {
      return dlopen(name, symbols);
    } catch (error) {
      last = error;
    }
  }
  throw new DcuError('internal', 'no C library with flock was found', { cause: last });
}

/**
 * Makes the data directory this process's own. The lock is the kernel's (`flock` on `dcu.lock`), so it ends with the
 * process however that dies; the pid in the file only serves the message.
 * @throws DcuError `data-directory-locked` with fact `pid` (0 when the other has not yet written it)
 */
export function lockDataDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'dcu.lock');
  const fd = openSync(path, 'a+', 0o600);
  if (!flock(fd, LOCK_EX | LOCK_NB)) {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10) || 0;
    closeSync(fd);
    throw new DcuError(
      'data-directory-locked',
      `${directory} is in use by ${pid === 0 ? 'another process' : `process ${pid}`}`,
      { facts: { pid, directory } },
    );
  }
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n`);
  let held = true;
  return {
    directory,
    release: () => {
      if (!held) return;
      held = false;
      // Closing drops the lock. The file stays: unlinking it would let two processes lock two files of one name.
      closeSync(fd);
    },
  };
}
