import { readFileSync } from 'node:fs';
import { fromHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/** What a key file says about one system title; all of it optional. */
export interface KeyFileEntry {
  readonly password?: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly broadcastKey?: Uint8Array;
  readonly masterKey?: Uint8Array;
  /** Path of a PEM file, as the options of the same name take it. */
  readonly signingKey?: string;
  readonly meterSigningKey?: string;
  readonly agreementKey?: string;
  readonly meterAgreementKey?: string;
}

/** Entries by system title in small hexadecimal digits; `default` holds for all others. */
export type KeyFile = ReadonlyMap<string, KeyFileEntry>;

const BYTE_FIELDS = ['encryptionKey', 'authenticationKey', 'broadcastKey', 'masterKey'] as const;
const PATH_FIELDS = ['signingKey', 'meterSigningKey', 'agreementKey', 'meterAgreementKey'] as const;
const KNOWN: ReadonlySet<string> = new Set([...BYTE_FIELDS, ...PATH_FIELDS, 'password', 'passwordHex']);

/**
 * A JSON file `{"<system title>": {"encryptionKey": "<hex>", "authenticationKey": "<hex>", "password": "text", …}}`;
 * the title `default` stands for every other. @throws DcuError `invalid-argument` naming file and field; key bytes
 * are never in it.
 */
export function readKeyFile(path: string, option = 'keys'): KeyFile {
  const entries = new Map<string, KeyFileEntry>();
  for (const [title, value] of fieldsOf(parsed(path, option), path, option)) {
    const name = title === 'default' ? title : titleOf(title, path, option);
    entries.set(name, entryOf(value, `${path}: ${title}`, option));
  }
  return entries;
}

/** The entry of a system title, else that of `default`, else the only one of the file where no title is known. */
export function keysFor(file: KeyFile, systemTitle: Uint8Array | undefined): KeyFileEntry | undefined {
  const named = systemTitle && file.get(systemTitle.toHex());
  if (named !== undefined) return named;
  const common = file.get('default');
  if (common !== undefined || systemTitle !== undefined || file.size !== 1) return common;
  return [...file.values()][0];
}

/** Text of a file that an option names. @throws DcuError `invalid-argument` */
export function readTextFile(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new DcuError('invalid-argument', `--${option}: '${path}' cannot be read`, { field: option, cause });
  }
}

function parsed(path: string, option: string): unknown {
  const text = readTextFile(path, option);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the file.
    throw wrong(path, option, 'is not JSON');
  }
}

function fieldsOf(value: unknown, where: string, option: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw wrong(where, option, 'is not an object');
}

function titleOf(text: string, path: string, option: string): string {
  if (/^[0-9a-fA-F]{16}$/.test(text)) return text.toLowerCase();
  throw wrong(path, option, `has '${text}', which is no system title of 8 bytes`);
}

function entryOf(value: unknown, where: string, option: string): KeyFileEntry {
  const entry: { -readonly [Field in keyof KeyFileEntry]: KeyFileEntry[Field] } = {};
  const given = new Map(fieldsOf(value, where, option));
  for (const name of given.keys()) {
    if (!KNOWN.has(name)) throw wrong(where, option, `has '${name}', which is no field of a key file`);
  }
  const text = (name: string): string | undefined => {
    const found = given.get(name);
    if (found === undefined || typeof found === 'string') return found;
    throw wrong(where, option, `has a ${name} that is no text`);
  };
  for (const name of BYTE_FIELDS) {
    const hex = text(name);
    if (hex !== undefined) entry[name] = fromHex(hex, name);
  }
  for (const name of PATH_FIELDS) {
    const file = text(name);
    if (file !== undefined) entry[name] = file;
  }
  const password = text('password');
  const passwordHex = text('passwordHex');
  if (password !== undefined) entry.password = new TextEncoder().encode(password);
  else if (passwordHex !== undefined) entry.password = fromHex(passwordHex, 'passwordHex');
  return entry;
}

const wrong = (where: string, option: string, what: string): DcuError =>
  new DcuError('invalid-argument', `--${option}: ${where} ${what}`, { field: option });
