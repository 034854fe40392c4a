import { dlopen, ptr } from 'bun:ffi';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { DcuError } from '../base/errors.ts';

/**
 * Terminals through the Linux kernel's own interface (ioctl numbers and `struct termios2` of asm-generic, the same
 * on x86-64 and arm64), so that any baud rate works and nothing depends on the C library's structures.
 */

const TCGETS2 = 0x802c542a;
const TCSETS2 = 0x402c542b;
const TCFLSH = 0x540b;
const BOTH_DIRECTIONS = 2;
const TIOCEXCL = 0x540c;
const TIOCNXCL = 0x540d;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const TIOCOUTQ = 0x5411;
const TIOCMGET = 0x5415;
const TIOCMSET = 0x5418;
const TIOCSBRK = 0x5427;
const TIOCCBRK = 0x5428;
const TIOCSERGETLSR = 0x5459;
const TIOCGPTN = 0x80045430;
const TIOCSPTLCK = 0x40045431;

const TERMIOS2_LENGTH = 44;
const AT = { iflag: 0, oflag: 4, cflag: 8, lflag: 12, cc: 17, inputSpeed: 36, outputSpeed: 40 } as const;
const VTIME = 5;
const VMIN = 6;

const IGNBRK = 0o1;
const IXON = 0o2000;
const IXANY = 0o4000;
const IXOFF = 0o10000;
const CBAUD = 0o10017;
const BOTHER = 0o10000;
const CSTOPB = 0o100;
const CREAD = 0o200;
const PARENB = 0o400;
const PARODD = 0o1000;
const HUPCL = 0o2000;
const CLOCAL = 0o4000;
const CRTSCTS = 0o20000000000;
const DATA_BITS = { 5: 0, 6: 0o20, 7: 0o40, 8: 0o60 } as const;
/** Rates that have a code of their own; tools like stty know no others. */
const BAUD_CODES: ReadonlyMap<number, number> = new Map([
  [50, 0o1],
  [75, 0o2],
  [110, 0o3],
  [134, 0o4],
  [150, 0o5],
  [200, 0o6],
  [300, 0o7],
  [600, 0o10],
  [1200, 0o11],
  [1800, 0o12],
  [2400, 0o13],
  [4800, 0o14],
  [9600, 0o15],
  [19_200, 0o16],
  [38_400, 0o17],
  [57_600, 0o10001],
  [115_200, 0o10002],
  [230_400, 0o10003],
  [460_800, 0o10004],
  [500_000, 0o10005],
  [576_000, 0o10006],
  [921_600, 0o10007],
  [1_000_000, 0o10010],
  [1_152_000, 0o10011],
  [1_500_000, 0o10012],
  [2_000_000, 0o10013],
  [2_500_000, 0o10014],
  [3_000_000, 0o10015],
  [3_500_000, 0o10016],
  [4_000_000, 0o10017],
]);

export const MODEM_LINES = { dtr: 0x002, rts: 0x004, cts: 0x020, dcd: 0x040, dsr: 0x100 } as const;
export type ModemLine = keyof typeof MODEM_LINES;

export interface TtySettings {
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  readonly rtscts?: boolean;
  readonly xon?: boolean;
  readonly xoff?: boolean;
  readonly xany?: boolean;
  /** Drop DTR on the last close. */
  readonly hupcl?: boolean;
}

interface LibC {
  readonly ioctl: (fd: number, request: bigint, argument: bigint) => number;
  readonly flock: (fd: number, operation: number) => number;
}

let loaded: LibC | undefined;

/** The argument goes by reference when it is an array, else by value. */
function ioctl(fd: number, request: number, argument: Uint8Array | Int32Array | number): number {
  return libc().ioctl(fd, BigInt(request), BigInt(typeof argument === 'number' ? argument : ptr(argument)));
}

function libc(): LibC {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux') {
    throw new DcuError(
      'channel-open-failed',
      `serial ports are supported on Linux only, not on ${process.platform}`,
    );
  }
  loaded = dlopen('libc.so.6', {
    ioctl: { args: ['i32', 'u64', 'u64'], returns: 'i32' },
    flock: { args: ['i32', 'i32'], returns: 'i32' },
  }).symbols;
  return loaded;
}

function must(result: number, what: string): void {
  if (result < 0) throw new DcuError('channel-lost', `the terminal refused to ${what}`);
}

/** Opens a terminal without blocking and without making it ours. Throws the system's error. */
export function openTty(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
}

export function closeTty(fd: number): void {
  closeSync(fd);
}

/** Bytes taken, 0 when the terminal's buffer is full. Throws the system's error. */
export function writeTty(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes, 0, bytes.length);
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return 0;
    throw error;
  }
}

export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Raw mode with these settings as `struct termios2`; `previous` gives control characters and the line discipline. */
export function termiosOf(settings: TtySettings, previous: Uint8Array): Uint8Array<ArrayBuffer> {
  const termios = new Uint8Array(TERMIOS2_LENGTH);
  termios.set(previous.subarray(0, TERMIOS2_LENGTH));
  const view = new DataView(termios.buffer);
  const flow =
    (settings.xon === true ? IXON : 0) |
    (settings.xoff === true ? IXOFF : 0) |
    (settings.xany === true ? IXANY : 0);
  view.setUint32(AT.iflag, IGNBRK | flow, true);
  view.setUint32(AT.oflag, 0, true);
  view.setUint32(AT.lflag, 0, true);
  const control =
    (BAUD_CODES.get(settings.baudRate) ?? BOTHER) |
    DATA_BITS[settings.dataBits] |
    (settings.stopBits === 2 ? CSTOPB : 0) |
    (settings.parity === 'none' ? 0 : PARENB) |
    (settings.parity === 'odd' ? PARODD : 0) |
    (settings.hupcl === false ? 0 : HUPCL) |
    (settings.rtscts === true ? CRTSCTS : 0) |
    CREAD |
    CLOCAL;
  view.setUint32(AT.cflag, control, true);
  view.setUint32(AT.inputSpeed, settings.baudRate, true);
  view.setUint32(AT.outputSpeed, settings.baudRate, true);
  termios[AT.cc + VMIN] = 1;
  termios[AT.cc + VTIME] = 0;
  return termios;
}

/** Throws `channel-open-failed` when the device is no terminal or does not do the rate. */
export function configureTty(fd: number, settings: TtySettings): void {
  const current = new Uint8Array(TERMIOS2_LENGTH);
  if (ioctl(fd, TCGETS2, current) < 0) throw new DcuError('channel-open-failed', 'the device is no terminal');
  if (ioctl(fd, TCSETS2, termiosOf(settings, current)) < 0) {
    throw new DcuError('channel-open-failed', 'the terminal refused the settings', { field: 'settings' });
  }
  const baudRate = baudRateOf(fd);
  // A divisor cannot hit every rate; more than 3 % off and the bits of a byte no longer line up.
  if (Math.abs(baudRate - settings.baudRate) > settings.baudRate * 0.03) {
    throw new DcuError(
      'channel-open-failed',
      `the terminal does ${baudRate} baud instead of ${settings.baudRate}`,
      {
        field: 'baudRate',
      },
    );
  }
}

export function baudRateOf(fd: number): number {
  const current = new Uint8Array(TERMIOS2_LENGTH);
  must(ioctl(fd, TCGETS2, current), 'tell its settings');
  const view = new DataView(current.buffer);
  const code = view.getUint32(AT.cflag, true) & CBAUD;
  for (const [rate, its] of BAUD_CODES) if (its === code) return rate;
  return view.getUint32(AT.outputSpeed, true);
}

/**
 * Nobody else can open the terminal until it is closed. Root may open what is exclusive, hence also the advisory lock
 * that serialport and other terminal programs take. Throws an error with code EBUSY when somebody has it.
 */
export function lockTty(fd: number): void {
  if (libc().flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    throw Object.assign(new Error('the port is in use by another program'), { code: 'EBUSY' });
  }
  must(ioctl(fd, TIOCEXCL, 0), 'be opened for us alone');
}

/**
 * A pseudo-terminal whose other side lives on would stay locked after our close, and so would a descriptor whose copy
 * a reader still holds. Harmless on one that is gone.
 */
export function unlockTty(fd: number): void {
  libc().flock(fd, LOCK_UN);
  ioctl(fd, TIOCNXCL, 0);
}

/** Drops what was received and not read, and what was written and not sent. */
export function flushTty(fd: number): void {
  must(ioctl(fd, TCFLSH, BOTH_DIRECTIONS), 'flush');
}

/** Bytes in the kernel's output buffer; 1 instead of 0 while the port's own shift register is not empty. */
export function unsentBytes(fd: number): number {
  const count = new Int32Array(1);
  must(ioctl(fd, TIOCOUTQ, count), 'tell what is unsent');
  const queued = count[0] ?? 0;
  if (queued > 0) return queued;
  // Not every driver knows this one; then the buffer has to do.
  const status = new Int32Array(1);
  if (ioctl(fd, TIOCSERGETLSR, status) < 0) return 0;
  return (status[0] ?? 0) & 1 ? 0 : 1;
}

export function modemLines(fd: number): Record<ModemLine, boolean> {
  const bits = modemBits(fd);
  const is = (line: ModemLine): boolean => (bits & MODEM_LINES[line]) !== 0;
  return { dtr: is('dtr'), rts: is('rts'), cts: is('cts'), dcd: is('dcd'), dsr: is('dsr') };
}

export function setModemLines(fd: number, lines: Partial<Record<'dtr' | 'rts', boolean>>): void {
  let bits = modemBits(fd);
  for (const line of ['dtr', 'rts'] as const) {
    if (lines[line] === true) bits |= MODEM_LINES[line];
    if (lines[line] === false) bits &= ~MODEM_LINES[line];
  }
  must(ioctl(fd, TIOCMSET, Int32Array.of(bits)), 'set its modem lines');
}

export function setBreak(fd: number, on: boolean): void {
  must(ioctl(fd, on ? TIOCSBRK : TIOCCBRK, 0), on ? 'begin a break' : 'end a break');
}

function modemBits(fd: number): number {
  const bits = new Int32Array(1);
  must(ioctl(fd, TIOCMGET, bits), 'tell its modem lines');
  return bits[0] ?? 0;
}

/** A pseudo-terminal's master and the path of its slave. */
export function openMaster(): { readonly fd: number; readonly path: string } {
  const fd = openTty('/dev/ptmx');
  try {
    must(ioctl(fd, TIOCSPTLCK, Int32Array.of(0)), 'unlock its slave');
    const number = new Int32Array(1);
    must(ioctl(fd, TIOCGPTN, number), 'name its slave');
    return { fd, path: `/dev/pts/${number[0]}` };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
