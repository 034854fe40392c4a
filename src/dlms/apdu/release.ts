import { ber } from '../ber.ts';
import { acseElements, inner, userInformation } from './acse.ts';
import { TAG } from './tags.ts';

/** RLRQ and RLRE: reason (0 = normal) and the optional, possibly ciphered, user-information. */
export interface Release {
  readonly reason?: number;
  readonly userInformation?: Uint8Array;
}

export function encodeRlrq(release: Release): Uint8Array {
  return encodeRelease(TAG.rlrq, release);
}

export function encodeRlre(release: Release): Uint8Array {
  return encodeRelease(TAG.rlre, release);
}

/** Throws `apdu-invalid` or `truncated`. */
export function decodeRlrq(bytes: Uint8Array): Release {
  return decodeRelease(bytes, TAG.rlrq, 'rlrq');
}

/** Throws `apdu-invalid` or `truncated`. */
export function decodeRlre(bytes: Uint8Array): Release {
  return decodeRelease(bytes, TAG.rlre, 'rlre');
}

function encodeRelease(tag: number, release: Release): Uint8Array {
  const fields: Uint8Array[] = [];
  if (release.reason !== undefined) fields.push(ber(0x80, Uint8Array.of(release.reason)));
  if (release.userInformation) fields.push(userInformation(release.userInformation));
  return ber(tag, ...fields);
}

function decodeRelease(bytes: Uint8Array, tag: number, name: string): Release {
  const release: { -readonly [Key in keyof Release]: Release[Key] } = {};
  for (const element of acseElements(bytes, tag, name)) {
    if (element.tag === 0x80 && element.value.length > 0) release.reason = element.value[0] ?? 0;
    if (element.tag === 0xbe) release.userInformation = inner(element, 0x04);
  }
  return release;
}
