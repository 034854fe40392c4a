import { closeSync, openSync, writeSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { LineSettings } from '../base/machine.ts';
import { Capture, type CaptureEntry } from './capture.ts';

/** First line of a capture file; the others are entries, a JSON document each. */
export interface CaptureHead {
  readonly format: 'opendcu-capture';
  readonly version: 1;
  /** UTC, ISO 8601: time 0 of the entries. */
  readonly startedAt: string;
  /** Of the program that wrote it. */
  readonly program: string;
}

export interface CaptureDocument {
  readonly head: CaptureHead;
  readonly entries: readonly CaptureEntry[];
}

export interface CaptureFile {
  readonly capture: Capture;
  close(): void;
}

export interface CaptureFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Version of the program. */
  readonly program: string;
  /** Bytes after which nothing more is written. */
  readonly limitBytes: number;
  /** Told once when the limit is reached, or the file cannot be written any more. */
  readonly onEnd: (reason: string) => void;
}

const FLUSH_MS = 1000;
const FLUSH_CHARS = 1 << 16;

/** Begins a capture file that nobody else can read (mode 0600). @throws DcuError `invalid-argument` when the file cannot be made, or is there already */
export function openCaptureFile({
  path,
  clock,
  program,
  limitBytes,
  onEnd,
}: CaptureFileOptions): CaptureFile {
  const file = create(path);
  let waiting = '';
  let written = 0;
  let state: 'open' | 'full' | 'closed' = 'open';
  let cancelFlush: (() => void) | undefined;
  const end = (reason: string): void => {
    state = 'full';
    waiting = '';
    onEnd(reason);
  };
  const flush = (): void => {
    cancelFlush?.();
    cancelFlush = undefined;
    if (waiting === '' || state !== 'open') return;
    try {
      const bytes = new TextEncoder().encode(waiting);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      written += bytes.length;
      waiting = '';
      if (written >= limitBytes) end(`${path} has reached its limit of ${limitBytes} bytes`);
    } catch (error) {
      end(`${path} cannot be written any more: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const add = (line: string): void => {
    if (state !== 'open') return;
    waiting += `${line}\n`;
    if (waiting.length >= FLUSH_CHARS) flush();
    else cancelFlush ??= clock.after(FLUSH_MS, flush);
  };
  const head: CaptureHead = {
    format: 'opendcu-capture',
    version: 1,
    startedAt: new Date(clock.now()).toISOString(),
    program,
  };
  add(JSON.stringify(head));
  return {
    capture: new Capture((entry) => add(captureLine(entry)), clock),
    close: () => {
      flush();
      cancelFlush?.();
      state = 'closed';
      closeSync(file);
    },
  };
}

function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const there = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const reason = there ? 'is there already' : error instanceof Error ? error.message : String(error);
    throw new DcuError('invalid-argument', `capture file ${path}: ${reason}`, { field: 'capture' });
  }
}

/** An entry as its line in the file, bytes in hexadecimal digits. */
export function captureLine(entry: CaptureEntry): string {
  return JSON.stringify('bytes' in entry ? { ...entry, bytes: entry.bytes.toHex() } : entry);
}

const EVENTS = ['open', 'out', 'in', 'configure', 'close', 'lost', 'failed'] as const;

/**
 * Reads a capture. A last line that was cut off (a power cut while it was written) is left out.
 * @throws DcuError `invalid-field` with the line of what is no capture
 */
export function parseCapture(text: string): CaptureDocument {
  const lines = text.split('\n');
  const cut = lines.pop() !== '';
  const head = parseHead(lines[0] ?? '');
  const entries: CaptureEntry[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    entries.push(parseEntry(line, index + 1));
  }
  if (cut && lines.length === 0) throw wrong(1, 'is cut');
  return { head, entries };
}

const wrong = (line: number, what: string): DcuError =>
  new DcuError('invalid-field', `capture, line ${line}: ${what}`, { field: `line ${line}` });

function objectOf(text: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DcuError('invalid-field', `capture, line ${line}: no JSON`, { field: `line ${line}`, cause });
  }
  if (typeof value !== 'object' || value === null) throw wrong(line, 'no object');
  return value as Record<string, unknown>;
}

function parseHead(text: string): CaptureHead {
  const { format, version, startedAt, program } = objectOf(text, 1);
  if (format !== 'opendcu-capture') throw wrong(1, 'no capture of OpenDCU');
  if (version !== 1) throw wrong(1, `version ${String(version)}, of which nothing is known here`);
  if (typeof startedAt !== 'string' || Number.isNaN(Date.parse(startedAt))) throw wrong(1, 'no startedAt');
  return { format, version, startedAt, program: String(program) };
}

function parseEntry(text: string, line: number): CaptureEntry {
  const { ms, line: name, session, event, ...rest } = objectOf(text, line);
  if (typeof ms !== 'number' || ms < 0) throw wrong(line, 'ms is no time');
  if (typeof name !== 'string' || name === '') throw wrong(line, 'line is no name');
  if (typeof session !== 'number' || !Number.isInteger(session) || session < 1) {
    throw wrong(line, 'session is no number');
  }
  const kind = EVENTS.find((known) => known === event);
  const place = { ms, line: name, session };
  switch (kind) {
    case undefined:
      throw wrong(line, `there is no event ${JSON.stringify(event)}`);
    case 'open':
    case 'close':
      return { ...place, event: kind };
    case 'out':
    case 'in':
      return {
        ...place,
        event: kind,
        bytes: bytesOf(rest['bytes'], line),
        ...(rest['masked'] === true ? { masked: true } : {}),
      };
    case 'configure':
      return { ...place, event: kind, settings: settingsOf(rest['settings'], line) };
    case 'lost':
    case 'failed':
      return { ...place, event: kind, error: errorOf(rest['error'], line) };
  }
}

function bytesOf(value: unknown, line: number): Uint8Array {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(value)) {
    throw wrong(line, 'bytes are no hexadecimal digits');
  }
  return Uint8Array.fromHex(value);
}

function settingsOf(value: unknown, line: number): LineSettings {
  const { baudRate, dataBits, parity } = (value ?? {}) as Partial<Record<keyof LineSettings, unknown>>;
  if (
    typeof baudRate !== 'number' ||
    (dataBits !== 7 && dataBits !== 8) ||
    (parity !== 'none' && parity !== 'even' && parity !== 'odd')
  ) {
    throw wrong(line, 'settings are no settings of a line');
  }
  return { baudRate, dataBits, parity };
}

function errorOf(value: unknown, line: number): { readonly code: string; readonly message: string } {
  const { code, message } = (value ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== 'string' || typeof message !== 'string') throw wrong(line, 'error is none');
  return { code, message };
}
