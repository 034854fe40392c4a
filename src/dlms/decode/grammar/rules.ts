import type { ByteReader } from '../../../base/bytes.ts';
import { toHex } from '../../../base/bytes.ts';
import { DcuError } from '../../../base/errors.ts';
import { readLength } from '../../axdr-length.ts';
import type { Part, XmlForm } from './part.ts';

/** Reads one part; throws `truncated`, `apdu-invalid`, `axdr-invalid` or `axdr-too-deep` with the offset. */
export type Rule = (reader: ByteReader) => Part;

/** What a leaf says about the bytes that it has read. */
interface Leaf {
  readonly value: string;
  readonly meaning?: string;
  readonly xml?: XmlForm;
  readonly inner?: 'apdu' | 'ciphered';
}

export const upperHex = (bytes: Uint8Array): string => toHex(bytes).toUpperCase();
export const hexOf = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, '0');

/** `read-write-denied` → `ReadWriteDenied`. */
export function pascal(name: string): string {
  return name.replaceAll(/(?:^|[-_ ])(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function leaf(name: string, read: (reader: ByteReader) => Leaf): Rule {
  return (reader) => {
    const from = reader.offset;
    const { value, meaning, xml, inner } = read(reader);
    return {
      name,
      from,
      to: reader.offset,
      value,
      ...(meaning === undefined ? {} : { meaning }),
      ...(xml === undefined ? {} : { xml }),
      ...(inner === undefined ? {} : { inner }),
      children: [],
    };
  };
}

/** An unsigned integer of so many bytes; `mean` says what a value stands for. */
export function unsigned(
  name: string,
  bytes: 1 | 2 | 4,
  mean?: (value: number) => string | undefined,
  xml: XmlForm = {},
): Rule {
  return leaf(name, (reader) => {
    const value = bytes === 1 ? reader.u8(name) : bytes === 2 ? reader.u16(name) : reader.u32(name);
    const meaning = mean?.(value);
    return {
      value: String(value),
      ...(meaning === undefined ? {} : { meaning }),
      xml: { value: hexOf(value, 2 * bytes), ...xml },
    };
  });
}

/** A code of one byte with its name; in XML the name stands. */
export function code(name: string, nameOf: (value: number) => string, xml: XmlForm = {}): Rule {
  return leaf(name, (reader) => {
    const value = reader.u8(name);
    const meaning = nameOf(value);
    return { value: String(value), meaning, xml: { value: pascal(meaning), ...xml } };
  });
}

/** A-XDR octet string: length and contents. */
export function octets(
  name: string,
  options: {
    readonly mean?: (bytes: Uint8Array) => string | undefined;
    readonly xml?: XmlForm;
    readonly inner?: 'apdu' | 'ciphered';
  } = {},
): Rule {
  return leaf(name, (reader) => {
    const bytes = reader.take(readLength(reader), name);
    const meaning = options.mean?.(bytes);
    return {
      value: upperHex(bytes),
      ...(meaning === undefined ? {} : { meaning }),
      ...(options.xml === undefined ? {} : { xml: options.xml }),
      ...(options.inner === undefined ? {} : { inner: options.inner }),
    };
  });
}

/** Bytes of a fixed number. */
export function fixed(
  name: string,
  length: number,
  mean?: (bytes: Uint8Array) => string | undefined,
  xmlOf?: (bytes: Uint8Array) => XmlForm,
): Rule {
  return leaf(name, (reader) => {
    const bytes = reader.take(length, name);
    const meaning = mean?.(bytes);
    return {
      value: upperHex(bytes),
      ...(meaning === undefined ? {} : { meaning }),
      ...(xmlOf === undefined ? {} : { xml: xmlOf(bytes) }),
    };
  });
}

export function sequence(name: string, rules: readonly Rule[], xml: XmlForm = {}): Rule {
  return (reader) => {
    const from = reader.offset;
    const children = rules.map((rule) => rule(reader));
    return { name, from, to: reader.offset, children, xml };
  };
}

/** CHOICE: a byte says which part follows; that part begins with the byte. */
export function choice(what: string, cases: Readonly<Record<number, Rule>>): Rule {
  return (reader) => {
    const from = reader.offset;
    const selector = reader.u8(what);
    const rule = cases[selector];
    if (rule === undefined) {
      throw new DcuError('apdu-invalid', `${what} has no choice ${selector}`, { offset: from });
    }
    return { ...rule(reader), from };
  };
}

/** OPTIONAL: a flag, and the part when it is set. */
export function optional(name: string, rule: Rule): Rule {
  return (reader) => {
    const from = reader.offset;
    const flag = reader.u8(`presence of ${name}`);
    if (flag > 1) throw new DcuError('apdu-invalid', `presence flag ${flag}`, { offset: from });
    if (flag === 1) return { ...rule(reader), from };
    return { name, from, to: reader.offset, value: 'absent', children: [], xml: { hidden: true } };
  };
}

/** SEQUENCE OF: a count and as many items. */
export function list(name: string, item: Rule, xml: XmlForm = {}): Rule {
  return (reader) => {
    const from = reader.offset;
    const count = readLength(reader);
    if (count > reader.remaining) {
      throw new DcuError('truncated', `${count} items announced, ${reader.remaining} bytes left`, {
        offset: from,
      });
    }
    const children: Part[] = [];
    for (let i = 0; i < count; i++) children.push(item(reader));
    return {
      name,
      from,
      to: reader.offset,
      meaning: `${count} ${count === 1 ? 'item' : 'items'}`,
      children,
      xml: { quantity: hexOf(count, 2), ...xml },
    };
  };
}
