/**
 * A piece of an APDU with its name: what `dcu decode --explain` prints as a line and `--xml` as an element.
 * Offsets count from the first byte of the APDU; `to` is behind the last byte.
 */
export interface Part {
  /** The standard's name. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** What the bytes say, as they are: a number, hexadecimal digits, text. */
  readonly value?: string;
  /** What that means. */
  readonly meaning?: string;
  readonly children: readonly Part[];
  readonly xml?: XmlForm;
  /** Content that is an APDU of its own: a ciphered one, or one that an ACSE APDU carries. */
  readonly inner?: 'apdu' | 'ciphered';
}

/** How a part looks in XML; by default an element named after it, with `Value`. */
export interface XmlForm {
  /** Another element name; empty = only the children show. */
  readonly tag?: string;
  /** The attribute instead of `value`; false = none. */
  readonly value?: string | false;
  /** Number of items of a list, hexadecimal. */
  readonly quantity?: string;
  /** The attribute is called so instead of `Value`. */
  readonly attribute?: string;
  /** Nothing of it shows. */
  readonly hidden?: boolean;
  readonly comment?: string;
}
