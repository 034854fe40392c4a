import { fromHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/** How bytes are written down. `auto` looks at them. */
export const INPUT_FORMS = ['auto', 'hex', 'base64', 'binary', 'log'] as const;
export type InputForm = (typeof INPUT_FORMS)[number];

/** Longest input: far above any APDU, far below what would hurt. */
const MAX_BYTES = 1 << 20;
/** A log may be larger: what is not hexadecimal in it costs nothing. */
const MAX_TEXT = 64 << 20;

/** Bytes of one telegram, and the line of a log that it stands in, counted from 1. */
export interface Telegram {
  readonly bytes: Uint8Array;
  readonly line?: number;
}

/** Where the input comes from: the argument, a file, or standard input (`-`). */
export async function readInput(
  argument: string | undefined,
  file: string | undefined,
): Promise<Uint8Array | string> {
  if ((argument === undefined) === (file === undefined)) {
    throw new DcuError('usage', 'give the bytes as an argument (- for standard input), or --file', {
      field: 'input',
    });
  }
  if (argument !== undefined && argument !== '-') return argument;
  const source = file === undefined ? Bun.stdin : Bun.file(file);
  if (file !== undefined && !(await Bun.file(file).exists())) {
    throw new DcuError('invalid-argument', `--file: '${file}' cannot be read`, { field: 'file' });
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source.stream()) {
    length += chunk.length;
    if (length > MAX_TEXT) throw tooLong(MAX_TEXT);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The telegrams of an input; all forms but a log hold one. @throws DcuError `invalid-argument` for what is none of
 * the forms, or not the one that was asked for.
 */
export function telegramsOf(input: Uint8Array | string, form: InputForm): readonly Telegram[] {
  if (form === 'binary' || (form === 'auto' && typeof input !== 'string' && !isText(input))) {
    if (typeof input === 'string') {
      throw new DcuError('usage', '--input binary needs --file or standard input', { field: 'input' });
    }
    return [bounded(input)];
  }
  const text = typeof input === 'string' ? input : new TextDecoder().decode(input);
  const kind = form === 'auto' ? formOf(text) : form;
  switch (kind) {
    case 'hex':
      return [bounded(fromHex(text, 'hex'))];
    case 'base64':
      return [bounded(fromBase64(text))];
    default:
      return telegramsInLog(text);
  }
}

/** Printable ASCII, line ends and tabs; a byte order mark may come first. */
function isText(bytes: Uint8Array): boolean {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return bytes.subarray(start).every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
}

function formOf(text: string): Exclude<InputForm, 'auto' | 'binary'> {
  if (!/[g-z]/i.test(text.replaceAll(/0x/gi, '')) && !/[^\s\da-fA-F:x-]/i.test(text)) return 'hex';
  const joined = text.replaceAll(/\s/g, '');
  if (joined.length % 4 === 0 && /^[A-Za-z0-9+/]{8,}={0,2}$/.test(joined)) return 'base64';
  // One word that is neither is a slip of the pen: hexadecimal says best what is wrong with it.
  return /\s/.test(text.trim()) ? 'log' : 'hex';
}

function fromBase64(text: string): Uint8Array {
  const joined = text.replaceAll(/\s/g, '');
  if (joined.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(joined)) {
    throw new DcuError('invalid-argument', 'not base64', { field: 'input' });
  }
  return new Uint8Array(Buffer.from(joined, 'base64'));
}

const TIMES = /\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d(?:[.,]\d+)?/g;
/** At least five bytes in one way of writing: together, or with the same mark between each two. */
const HEX_RUN =
  /(?<![\da-z])(?:0x)?[\da-f]{2}(?<mark>, ?| |:|-|)(?:0x)?[\da-f]{2}(?:\k<mark>(?:0x)?[\da-f]{2}){3,}(?![\da-z])/gi;

/** The longest run of hexadecimal bytes of each line. */
function telegramsInLog(text: string): readonly Telegram[] {
  const found: Telegram[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const runs = line.replaceAll(TIMES, '#').match(HEX_RUN) ?? [];
    const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), '');
    const digits = longest.replaceAll(/0x|[^\da-f]/gi, '');
    if (digits !== '') found.push({ ...bounded(fromHex(digits, 'input')), line: index + 1 });
  }
  if (found.length === 0) {
    throw new DcuError('invalid-argument', 'no hexadecimal bytes in the input', { field: 'input' });
  }
  return found;
}

function bounded(bytes: Uint8Array): Telegram {
  if (bytes.length > MAX_BYTES) throw tooLong(MAX_BYTES);
  return { bytes };
}

function tooLong(limit: number): DcuError {
  return new DcuError('invalid-argument', `more than ${limit} bytes`, { field: 'input' });
}
