import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { getRotatingFileSink } from '@logtape/file';
import {
  configureSync,
  disposeSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type Logger,
  type LogLevel,
  type LogRecord,
  resetSync,
} from '@logtape/logtape';
import type { Log } from '../base/log.ts';
import type { CliIo } from './command.ts';

const FILE_BYTES = 4 * 1024 * 1024;
const FILES = 4;

/** Lines to stderr, and with a directory also JSON lines to `log/dcu.log` there, rotated (4 × 4 MiB). */
export function openLog(io: CliIo, level: LogLevel, directory?: string): { log: Log; close(): void } {
  const toText = process.stderr.isTTY ? getAnsiColorFormatter() : getTextFormatter();
  const sinks: Record<string, (record: LogRecord) => void> = {
    stderr: (record) => io.err(toText(record).trimEnd()),
  };
  if (directory !== undefined) {
    const folder = join(directory, 'log');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    sinks['file'] = getRotatingFileSink(join(folder, 'dcu.log'), {
      maxSize: FILE_BYTES,
      maxFiles: FILES,
      formatter: getJsonLinesFormatter(),
    });
  }
  resetSync();
  configureSync({
    sinks,
    loggers: [
      { category: ['dcu'], lowestLevel: level, sinks: Object.keys(sinks) },
      { category: ['logtape', 'meta'], lowestLevel: 'warning', sinks: ['stderr'] },
    ],
  });
  return { log: wrap(getLogger(['dcu'])), close: disposeSync };
}

function wrap(logger: Logger): Log {
  const line = (message: string, facts: Record<string, unknown> | undefined): string =>
    facts === undefined || Object.keys(facts).length === 0
      ? escapeBraces(message)
      : `${escapeBraces(message)} (${Object.keys(facts)
          .map((key) => `${key}: {${key}}`)
          .join(', ')})`;
  return {
    debug: (message, facts) => logger.debug(line(message, facts), facts ?? {}),
    info: (message, facts) => logger.info(line(message, facts), facts ?? {}),
    warn: (message, facts) => logger.warn(line(message, facts), facts ?? {}),
    error: (message, facts) => logger.error(line(message, facts), facts ?? {}),
    child: (part) => wrap(logger.getChild(part)),
  };
}

/** LogTape reads `{name}` as a placeholder; a message that quotes a peer's text must not be one. */
function escapeBraces(message: string): string {
  return message.replaceAll('{', '{{').replaceAll('}', '}}');
}
