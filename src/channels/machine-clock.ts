import { dlopen, FFIType, ptr } from 'bun:ffi';
import { DcuError } from '../base/errors.ts';

const CLOCK_REALTIME = 0;
const symbols = { clock_settime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 } } as const;

/**
 * Sets the clock of the machine (POSIX clock_settime on 64-bit Linux).
 * @param utcMs UTC milliseconds
 * @throws DcuError `forbidden` when this process may not: it needs CAP_SYS_TIME
 */
export function setMachineClock(utcMs: number): void {
  const seconds = Math.floor(utcMs / 1000);
  const time = BigInt64Array.of(BigInt(seconds), BigInt(Math.round((utcMs - seconds * 1000) * 1_000_000)));
  const libc = openLibc();
  try {
    if (libc.symbols.clock_settime(CLOCK_REALTIME, ptr(time)) === 0) return;
  } finally {
    libc.close();
  }
  throw new DcuError('forbidden', 'the clock of the machine may not be set by this process', {
    field: 'clock.source',
  });
}

function openLibc() {
  const names = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];
  let last: unknown;
  for (const name of names) {
    try {
      return dlopen(name, symbols);
    } catch (error) {
      last = error;
    }
  }
  throw new DcuError('forbidden', 'the C library that sets the clock is not there', {
    field: 'clock.source',
    cause: last,
  });
}
