import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { apduKind, apduName, dedicatedTagOf, globalTagOf, TAG } from '../apdu/tags.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';

/** Whether an APDU of this tag must be opened before it can be read. */
export function isCiphered(tag: number): boolean {
  const kind = apduKind(tag);
  return kind !== undefined && kind.protection !== 'plain';
}

/** Sealed content with its framing; the forms of general-ciphering have a codec of their own. */
export interface Framed {
  readonly form: 'service-specific' | 'general-glo' | 'general-ded';
  /** Whether the dedicated key protects the content. */
  readonly dedicated: boolean;
  /** Of the originator; general forms only, and there it may be left out. */
  readonly systemTitle?: Uint8Array;
  /** Security control, invocation counter, content, tag. */
  readonly sealed: Uint8Array;
}

/**
 * Frames sealed bytes of the service `plainTag`. A service without a glo- or ded- tag goes in general-glo-ciphering or
 * general-ded-ciphering.
 */
export function frameSealed(
  form: Framed['form'],
  dedicated: boolean,
  plainTag: number,
  systemTitle: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter(sealed.length + 16);
  const tagOf = dedicated ? dedicatedTagOf : globalTagOf;
  const own = form === 'service-specific' ? tagOf(plainTag) : undefined;
  if (own === undefined) writeOctets(writer.u8(dedicated ? TAG.generalDed : TAG.generalGlo), systemTitle);
  else writer.u8(own);
  writeOctets(writer, sealed);
  return writer.done();
}

/**
 * Takes the framing off a glo-, ded-, general-glo- or general-ded-ciphering APDU; views of the input, bytes behind it
 * are passed over. Throws `apdu-invalid` for any other tag, `truncated` or `axdr-invalid` with the offset.
 */
export function unframeSealed(bytes: Uint8Array): Framed {
  const reader = new ByteReader(bytes);
  const tag = reader.u8('APDU tag');
  const protection = apduKind(tag)?.protection;
  if (protection === 'global' || protection === 'dedicated') {
    const sealed = readOctets(reader, 'ciphered content');
    return { form: 'service-specific', dedicated: protection === 'dedicated', sealed };
  }
  if (tag !== TAG.generalGlo && tag !== TAG.generalDed) {
    throw new DcuError('apdu-invalid', `${apduName(tag)} is not a ciphered APDU`, { offset: 0 });
  }
  const dedicated = tag === TAG.generalDed;
  const title = readOctets(reader, 'system title');
  const sealed = readOctets(reader, 'ciphered content');
  return {
    form: dedicated ? 'general-ded' : 'general-glo',
    dedicated,
    ...(title.length === 0 ? {} : { systemTitle: title }),
    sealed,
  };
}
