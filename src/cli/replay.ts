import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import { type CaptureDocument, parseCapture } from '../channels/capture-file.ts';
import { type CapturedFrame, framesOf, type LineReport, reportCapture } from '../channels/capture-report.ts';
import { type Explained, explainLines, explainTelegram, type KeysOf } from '../dlms/decode/index.ts';
import { messageOf } from '../plc/carried.ts';
import { unitName } from '../plc/unit.ts';
import { type CliCommand, type CliIo, ReportedFailure } from './command.ts';
import { keysByTitle } from './decode-keys.ts';
import { playLines } from './replay-lines.ts';

interface Flags {
  readonly line?: string;
  readonly explain?: boolean;
  readonly expect?: string;
  readonly serve?: boolean;
  readonly loose?: boolean;
  readonly paced?: boolean;
  readonly keys?: string;
  readonly json?: boolean;
}

/** `dcu replay`: what a capture of `dcu serve --capture` says, and the devices of it to read again. */
export const replayCommand: CliCommand = {
  build(io) {
    return new Command('replay')
      .description('show what a capture of line traffic holds, compare it, or play its devices')
      .argument('<file>', 'capture written by dcu serve --capture')
      .option('--line <name>', 'only this line')
      .option('--explain', 'every frame as an indented tree')
      .option('--keys <file>', 'with --explain: JSON file with keys by system title')
      .option('--expect <file>', 'compare with a report kept from --json; exit status 1 when they differ')
      .option('--serve', 'play the devices: TCP lines on free ports, serial ones on pseudo-terminals')
      .option(
        '--loose',
        'with --serve: answer by order, for readers whose challenges and counters are their own',
      )
      .option('--paced', 'with --serve: answers take as long as they took')
      .option('--json', 'one JSON document')
      .addHelpText(
        'after',
        `
The file is JSON lines: a head {"format":"opendcu-capture","version":1,"startedAt","program"}, then entries
{"ms","line","session","event":"open"|"out"|"in"|"configure"|"close"|"lost"|"failed","bytes":"<hex>",…}.
--json prints {"ok":true,"startedAt","program","lines":[{"line","framing","sessions","bytesOut","bytesIn","framesOut",
"framesIn","noise","answered","unanswered","medianAnswerMs","longestAnswerMs","errors"}]}, with --explain also "frames".`,
      )
      .action((file: string, flags: Flags) => replay(file, flags, io));
  },
};

async function replay(file: string, flags: Flags, io: CliIo): Promise<void> {
  if (flags.serve === true && (flags.explain === true || flags.expect !== undefined)) {
    throw new DcuError('usage', '--serve excludes --explain and --expect', { field: 'serve' });
  }
  const whole = parseCapture(read(file, 'FILE'));
  const { line } = flags;
  const entries = line === undefined ? whole.entries : whole.entries.filter((entry) => entry.line === line);
  if (line !== undefined && entries.length === 0) {
    throw new DcuError('not-found', `the capture has no line ${line}`, { field: 'line' });
  }
  const capture: CaptureDocument = { head: whole.head, entries };
  if (flags.serve === true) {
    await playLines(
      capture,
      { match: flags.loose === true ? 'order' : 'exact', paced: flags.paced === true },
      io,
      {
        json: flags.json === true,
        clock: systemClock,
      },
    );
    return;
  }
  const lines = reportCapture(entries);
  const frames = flags.explain === true ? explained(capture, keysByTitle(flags)) : [];
  const { startedAt, program } = whole.head;
  if (flags.json === true) {
    const document = { ok: true, startedAt, program, lines };
    io.out(JSON.stringify(flags.explain === true ? { ...document, frames } : document));
  } else {
    io.out(`captured from ${startedAt} on by OpenDCU ${program}`);
    for (const report of lines) io.out(inWords(report));
    for (const { text } of frames) io.out(text);
  }
  if (flags.expect !== undefined) compare(lines, read(flags.expect, 'expect'), io);
}

function read(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new DcuError('invalid-argument', `${path}: ${toDcuError(error).message}`, { field });
  }
}

/** @throws ReportedFailure when a line is not as it was. */
function compare(lines: readonly LineReport[], text: string, io: CliIo): void {
  let expected: unknown;
  try {
    expected = (JSON.parse(text) as { readonly lines?: unknown }).lines;
  } catch (cause) {
    throw new DcuError('invalid-argument', 'the expectation is no JSON', { field: 'expect', cause });
  }
  if (!Array.isArray(expected)) {
    throw new DcuError('invalid-argument', 'the expectation has no "lines"', { field: 'expect' });
  }
  const different = lines.filter((line, index) => !Bun.deepEquals(line, expected[index], true));
  for (const { line } of different) io.err(`${line} is not as expected`);
  if (expected.length !== lines.length) io.err(`${lines.length} lines, expected ${expected.length}`);
  if (different.length > 0 || expected.length !== lines.length) throw new ReportedFailure();
}

interface ExplainedFrame {
  readonly ms: number;
  readonly line: string;
  readonly session: number;
  readonly direction: 'in' | 'out';
  readonly bytes: string;
  readonly text: string;
}

function explained({ entries }: CaptureDocument, keysOf: KeysOf): ExplainedFrame[] {
  return [...Map.groupBy(entries, ({ line }) => line)].flatMap(([line, own]) =>
    framesOf(own).frames.map((frame) => ({
      ms: frame.ms,
      line,
      session: frame.session,
      direction: frame.direction,
      bytes: frame.bytes.toHex(),
      text: [heading(line, frame), ...treeOf(frame, keysOf)].join('\n'),
    })),
  );
}

function heading(line: string, { ms, session, direction, bytes, masked, plc }: CapturedFrame): string {
  const arrow = direction === 'out' ? '→' : '←';
  const unit = plc === undefined ? '' : ` ${unitName(plc)}`;
  const hidden = masked ? ', password overwritten' : '';
  return `${(ms / 1000).toFixed(3)} s ${line} #${session} ${arrow} ${bytes.length} bytes${unit}${hidden}`;
}

function treeOf(frame: CapturedFrame, keysOf: KeysOf): string[] {
  if (frame.plc === undefined) return explainedLines(frame.bytes, keysOf, frame.masked);
  const carried = messageOf(frame.plc);
  if (carried === undefined) return [`  data ${frame.plc.data.toHex()}`];
  const meter = frame.plc.addresses;
  const address = frame.direction === 'out' ? meter?.destination : meter?.source;
  const inner = carried.length === 0 ? ['no answer'] : explainedLines(carried, keysOf, frame.masked);
  return [`  meter ${address ?? '?'}`, ...inner.map((text) => `  ${text}`)];
}

/** A piece of an APDU, or one that was masked, is shown as bytes with what stands in the way. */
function explainedLines(bytes: Uint8Array, keysOf: KeysOf, masked: boolean): string[] {
  if (masked) return [`  ${bytes.toHex()}`];
  let tree: Explained;
  try {
    tree = explainTelegram(bytes, { transport: 'auto', keysOf });
  } catch (thrown) {
    const { code, message } = toDcuError(thrown);
    return [`  ${bytes.toHex()}`, `  ${code}: ${message}`];
  }
  return explainLines(tree).map((text) => `  ${text}`);
}

function inWords(report: LineReport): string {
  const { line, framing, sessions, bytesOut, bytesIn, framesOut, framesIn, noise, answered, unanswered } =
    report;
  const { medianAnswerMs, longestAnswerMs, errors } = report;
  const times = medianAnswerMs === null ? '' : `, median ${medianAnswerMs} ms, longest ${longestAnswerMs} ms`;
  return [
    `${line} (${framing}, ${sessions} sessions)`,
    `  out ${bytesOut} bytes in ${framesOut} frames, in ${bytesIn} bytes in ${framesIn} frames, ${noise} bytes of noise`,
    `  ${answered} answered${times}; ${unanswered} not answered`,
    ...errors.map(({ ms, code, message }) => `  ${(ms / 1000).toFixed(3)} s ${code}: ${message}`),
  ].join('\n');
}
