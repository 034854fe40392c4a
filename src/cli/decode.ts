import { Command, Option } from 'commander';
import { concat } from '../base/bytes.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import {
  type DataNode,
  type Decoded,
  decodeTelegram,
  type Explained,
  explainLines,
  explainTelegram,
  TRANSPORTS,
  type Transport,
  xmlOf,
} from '../dlms/decode/index.ts';
import { type CliCommand, type CliIo, ReportedFailure } from './command.ts';
import { INPUT_FORMS, type InputForm, readInput, type Telegram, telegramsOf } from './decode-input.ts';
import { keysByTitle, sized } from './decode-keys.ts';

interface Options {
  readonly json?: boolean;
  readonly explain?: boolean;
  readonly xml?: boolean;
  readonly file?: string;
  readonly input: InputForm;
  readonly keys?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly systemTitle?: string;
  readonly transport: Transport;
}

/** `dcu decode`: what a frame or APDU says, without any connection. */
export const decodeCommand: CliCommand = {
  build(io) {
    return new Command('decode')
      .description('translate frames or an APDU into a tree and its readings')
      .argument('[input]', 'bytes: hexadecimal (blanks and colons allowed), base64, or - for standard input')
      .option('--file <path>', 'read the bytes from a file: text, binary, or a log with hexadecimal in it')
      .addOption(
        new Option('--input <form>', 'how the bytes are written; of a log every line with hexadecimal counts')
          .choices(INPUT_FORMS)
          .default('auto' satisfies InputForm),
      )
      .option('--explain', 'every field with its byte range, name and meaning')
      .option('--xml', 'the XML that DLMS tools have in common')
      .option('--json', 'one JSON document')
      .option(
        '--keys <file>',
        'JSON file with keys by system title: {"<title>": {"encryptionKey": "<hex>", …}}',
      )
      .option('--encryption-key <hex>', 'global unicast encryption key, 16 or 32 bytes')
      .option('--authentication-key <hex>', 'authentication key, 16 or 32 bytes')
      .option('--system-title <hex>', "the sender's, 8 bytes; for ciphering that does not carry it")
      .addOption(
        new Option('--transport <kind>', 'what carries the APDU')
          .choices(TRANSPORTS)
          .default('auto' satisfies Transport),
      )
      .action(async (argument: string | undefined, options: Options) => {
        if (options.xml === true && (options.explain === true || options.json === true)) {
          throw new DcuError('usage', '--xml excludes --explain and --json', { field: 'xml' });
        }
        const translator = translatorOf(options);
        const telegrams = telegramsOf(await readInput(argument, options.file), options.input);
        const [only] = telegrams;
        if (only !== undefined && only.line === undefined) printOne(translator.all(only.bytes), options, io);
        else printLog(telegrams, translator, options, io);
      });
  },
};

/** What one telegram says; `decoded` is absent where it carries no APDU, or several. */
interface Translated {
  readonly explained: Explained;
  readonly decoded?: Decoded;
}

interface Translator {
  /** One telegram whose single APDU must be decoded. */
  all(bytes: Uint8Array): Translated;
  /** One telegram of several. */
  some(bytes: Uint8Array): Translated;
}

function translatorOf(options: Options): Translator {
  const keysOf = keysByTitle(options);
  const title = sized('systemTitle', options.systemTitle, [8]);
  const common = {
    transport: options.transport,
    keysOf: (stated: Uint8Array | undefined) => keysOf(stated ?? title),
  };
  const whole = { ...common, ...(title === undefined ? {} : { systemTitle: title }) };
  const all = (bytes: Uint8Array): Translated => {
    // In XML and the explanation, what cannot be deciphered is shown as it is.
    if (options.xml === true || options.explain === true) return { explained: explainTelegram(bytes, whole) };
    const decoded = decodeTelegram(bytes, whole);
    return { decoded, explained: { frames: [], apdus: [] } };
  };
  return {
    all,
    some(bytes) {
      const explained = explainTelegram(bytes, whole);
      return explained.apdus.length === 1 ? { explained, ...decodedIfReadable(bytes, whole) } : { explained };
    },
  };
}

/** Ciphered content without a key is shown by the explanation alone. */
function decodedIfReadable(
  bytes: Uint8Array,
  options: Parameters<typeof decodeTelegram>[1],
): { readonly decoded?: Decoded } {
  try {
    return { decoded: decodeTelegram(bytes, options) };
  } catch (thrown) {
    if (thrown instanceof DcuError && thrown.code === 'security-required') return {};
    throw thrown;
  }
}

function printOne({ decoded, explained }: Translated, options: Options, io: CliIo): void {
  if (options.xml === true) io.out(xmlOf(explained.apdus));
  else if (options.json === true) io.out(JSON.stringify({ ok: true, ...(decoded ?? explained) }));
  else io.out(options.explain === true ? explainLines(explained).join('\n') : textOf(decoded));
}

/** Segments of one APDU may stand in several lines; more than so many belong to no APDU. */
const MOST_LINES = 64;

/** Every telegram of a log by itself. What does not decode is reported at its line, and the rest goes on. */
function printLog(telegrams: readonly Telegram[], translator: Translator, options: Options, io: CliIo): void {
  const documents: object[] = [];
  let good = 0;
  let held: Telegram[] = [];
  const report = (line: number, result: Translated | DcuError): void => {
    if (!(result instanceof DcuError)) good++;
    if (options.json === true) {
      documents.push(
        result instanceof DcuError
          ? { line, ok: false, error: result.toJSON() }
          : {
              line,
              ok: true,
              ...(options.explain === true ? result.explained : (result.decoded ?? result.explained)),
            },
      );
    } else if (result instanceof DcuError) {
      const text = `line ${line}: ${result.code}: ${result.message}`;
      if (options.xml === true) io.err(text);
      else io.out(text);
    } else io.out(logText(line, result, options));
  };
  for (const telegram of telegrams) {
    held.push(telegram);
    const line = held[0]?.line ?? 0;
    try {
      report(line, translator.some(concat(held.map(({ bytes }) => bytes))));
      held = [];
    } catch (thrown) {
      const error = toDcuError(thrown);
      if (error.code === 'truncated' && held.length < MOST_LINES) continue;
      report(line, error);
      held = [];
    }
  }
  for (const { line = 0, bytes } of held) {
    try {
      report(line, translator.some(bytes));
    } catch (thrown) {
      report(line, toDcuError(thrown));
    }
  }
  if (options.json === true) io.out(JSON.stringify({ ok: good > 0, telegrams: documents }));
  if (good === 0) throw new ReportedFailure('nothing in the input could be decoded');
}

function logText(line: number, { decoded, explained }: Translated, options: Options): string {
  if (options.xml === true) return `<!--line ${line}-->\n${xmlOf(explained.apdus)}`;
  if (options.explain === true) return `line ${line}\n${explainLines(explained).join('\n')}`;
  if (decoded !== undefined) return `line ${line}\n${textOf(decoded)}`;
  const names = [...explained.frames, ...explained.apdus].map(({ name, meaning }) =>
    meaning === undefined ? name : `${name}: ${meaning}`,
  );
  return `line ${line}\n${names.join('\n')}`;
}

function textOf(decoded: Decoded | undefined): string {
  if (decoded === undefined) throw new DcuError('internal', 'nothing was decoded');
  const { layers, apdu, readings, dateTime } = decoded;
  const lines = [`layers    ${layers.join(' > ')}`];
  if (dateTime !== null) lines.push(`date-time ${dateTime}`);
  for (const { obis, value, scaler, unit } of readings) {
    const scale = scaler === null || scaler === 0 ? '' : ` × 10^${scaler}`;
    lines.push(`${obis.padEnd(18)} ${value}${scale}${unit === null ? '' : ` ${unit}`}`);
  }
  lines.push(...treeLines(apdu, ''));
  return lines.join('\n');
}

type Node = Decoded['apdu'][string] | DataNode;

/** The tree, one node a line, children indented. */
function treeLines(node: Node, indent: string): string[] {
  if (typeof node !== 'object') return [`${indent}${node}`];
  const lines: string[] = [];
  const below = `${indent}  `;
  const entries = Object.entries(node) as [string, Node][];
  const flat = entries.filter(([name, value]) => typeof value !== 'object' && name !== 'type');
  const deep = entries.filter(([, value]) => typeof value === 'object');
  const type = 'type' in node ? `${String(node.type)} ` : '';
  lines.push(
    `${indent}${type}${flat.map(([name, value]) => `${name}=${String(value)}`).join(' ')}`.trimEnd(),
  );
  for (const [name, value] of deep) {
    if (name !== 'elements' && !/^\d+$/.test(name)) lines.push(`${below}${name}:`);
    if (Array.isArray(value)) for (const item of value as Node[]) lines.push(...treeLines(item, below));
    else lines.push(...treeLines(value, below));
  }
  return lines;
}
