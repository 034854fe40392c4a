import { fromHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { DecodeKeys, KeysOf } from '../dlms/decode/index.ts';
import { type KeyFileEntry, keysFor, readKeyFile } from './key-file.ts';
import { readKeyPair, readPublicKey } from './key-pem.ts';

/** Keys as `dcu decode` and `dcu listen` take them. */
export interface KeyFlags {
  readonly keys?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
}

/**
 * The keys of each originator: what stands in the options, else in the key file. A PEM file that the entry of a title
 * names is read once, when that title is met. @throws DcuError `invalid-argument`
 */
export function keysByTitle(options: KeyFlags): KeysOf {
  const given: DecodeKeys = {
    ...named('encryptionKey', sized('encryptionKey', options.encryptionKey, [16, 32])),
    ...named('authenticationKey', sized('authenticationKey', options.authenticationKey, [16, 32])),
  };
  if (options.keys === undefined) return () => given;
  const file = readKeyFile(options.keys);
  const known = new Map<KeyFileEntry, DecodeKeys>();
  return (systemTitle) => {
    const entry = keysFor(file, systemTitle);
    if (entry === undefined) return given;
    const read = known.get(entry) ?? { ...materialOf(entry), ...given };
    known.set(entry, read);
    return read;
  };
}

function materialOf(entry: KeyFileEntry): DecodeKeys {
  const { encryptionKey, authenticationKey, broadcastKey, masterKey } = entry;
  const { meterSigningKey, agreementKey, meterAgreementKey } = entry;
  const suite = encryptionKey?.length === 32 ? 2 : 1;
  const publicKey = (path: string | undefined): Uint8Array | undefined =>
    path === undefined ? undefined : readPublicKey('keys', path, suite);
  return {
    ...named('encryptionKey', encryptionKey),
    ...named('authenticationKey', authenticationKey),
    ...named('broadcastKey', broadcastKey),
    ...named('masterKey', masterKey),
    ...named('peerSigningKey', publicKey(meterSigningKey)),
    ...named('peerAgreementKey', publicKey(meterAgreementKey)),
    ...(agreementKey === undefined ? {} : { agreementKey: readKeyPair('keys', agreementKey, suite) }),
  };
}

const named = <Name extends keyof DecodeKeys>(
  name: Name,
  value: Uint8Array | undefined,
): { readonly [N in Name]?: Uint8Array } => {
  const out: { [N in Name]?: Uint8Array } = {};
  if (value !== undefined) out[name] = value;
  return out;
};

/** Bytes of an optional key; errors name the field, never the value. @throws DcuError `invalid-argument` */
export function sized(
  field: string,
  hex: string | undefined,
  lengths: readonly number[],
): Uint8Array | undefined {
  if (hex === undefined) return undefined;
  const bytes = fromHex(hex, field);
  if (!lengths.includes(bytes.length)) {
    throw new DcuError(
      'invalid-argument',
      `${field} has ${lengths.join(' or ')} bytes, not ${bytes.length}`,
      { field },
    );
  }
  return bytes;
}
