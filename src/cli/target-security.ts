import { fromHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { systemRandom } from '../base/random.ts';
import { keyBytes, needsKeys, needsSecret, needsSystemTitle } from '../base/security-needs.ts';
import type { CipheringForm, KeyMaterial } from '../dlms/ciphering/types.ts';
import { aesHook } from './hls-hook.ts';
import { type KeyFileEntry, keysFor, readKeyFile } from './key-file.ts';
import { readKeyPair, readPublicKey } from './key-pem.ts';
import type { Target, TargetFlags } from './target.ts';

/** Longest APDU that we offer to take. */
const MAX_PDU = 1024;
const SYMMETRIC = ['encryptionKey', 'authenticationKey', 'masterKey'] as const;
const AGREED: ReadonlySet<CipheringForm> = new Set(['one-pass-diffie-hellman', 'static-unified-model']);

/** What the options say about the association. @throws DcuError `usage` or `invalid-argument` naming the option */
export function securityOf(flags: TargetFlags): Target['association'] {
  const { auth, suite, form, dedicated, signed, userId, referencing } = flags;
  const policy = flags.policy ?? (auth === 'hls-gmac' ? 'auth-enc' : 'none');
  for (const option of ['form', 'dedicated', 'signed'] as const) {
    if (policy === 'none' && flags[option] !== undefined) throw missing(option, 'policy');
  }
  const meterSystemTitle = bytesOf('meter-system-title', flags.meterSystemTitle, 8);
  const file = flags.keys === undefined ? undefined : keysFor(readKeyFile(flags.keys), meterSystemTitle);
  if (flags.keys !== undefined && file === undefined) {
    throw new DcuError(
      'usage',
      '--keys: the file has no entry for this meter; name its --meter-system-title',
      {
        field: 'keys',
      },
    );
  }
  const password = passwordOf(flags) ?? file?.password;
  if (needsSecret(auth) && password === undefined) throw missing(`auth ${auth}`, 'password', 'password-hex');
  const material = { ...symmetricKeys(flags, file), ...keyPairs(flags, file) };
  checkMaterial(flags, needsKeys({ auth, policy }), material);
  const systemTitle = bytesOf('system-title', flags.systemTitle, 8);
  const titled = needsSystemTitle({ auth, policy });
  return {
    auth,
    policy,
    referencing,
    maxPduSize: MAX_PDU,
    ...(suite === 0 ? {} : { suite }),
    ...(form === undefined ? {} : { form }),
    ...(dedicated === undefined ? {} : { dedicated }),
    ...(signed === undefined ? {} : { signed }),
    ...(userId === undefined ? {} : { userId }),
    ...(password === undefined ? {} : { password }),
    ...(auth === 'hls' && password ? { hook: aesHook(password) } : {}),
    ...(systemTitle || titled ? { systemTitle: systemTitle ?? ownTitle() } : {}),
    ...(meterSystemTitle === undefined ? {} : { meterSystemTitle }),
    ...material,
  };
}

function passwordOf({ password, passwordHex }: TargetFlags): Uint8Array | undefined {
  if (password !== undefined && passwordHex !== undefined) {
    throw new DcuError('usage', '--password and --password-hex exclude each other', { field: 'password' });
  }
  if (passwordHex !== undefined) return fromHex(passwordHex, '--password-hex');
  return password === undefined ? undefined : new TextEncoder().encode(password);
}

function symmetricKeys(flags: TargetFlags, file: KeyFileEntry | undefined): KeyMaterial {
  const keys: { -readonly [Name in keyof KeyMaterial]: KeyMaterial[Name] } = {};
  const size = keyBytes(flags.suite);
  for (const name of SYMMETRIC) {
    const option = optionOf(name);
    const key = bytesOf(option, flags[name], size) ?? sized(`--keys: ${name}`, 'keys', file?.[name], size);
    if (key !== undefined) keys[name] = key;
  }
  return keys;
}

function keyPairs(flags: TargetFlags, file: KeyFileEntry | undefined): KeyMaterial {
  const { suite } = flags;
  const path = (name: 'signingKey' | 'meterSigningKey' | 'agreementKey' | 'meterAgreementKey') =>
    flags[name] ?? file?.[name];
  const signing = path('signingKey');
  const meterSigning = path('meterSigningKey');
  const agreement = path('agreementKey');
  const meterAgreement = path('meterAgreementKey');
  return {
    ...(signing ? { signingKey: readKeyPair('signing-key', signing, suite) } : {}),
    ...(meterSigning ? { peerSigningKey: readPublicKey('meter-signing-key', meterSigning, suite) } : {}),
    ...(agreement ? { agreementKey: readKeyPair('agreement-key', agreement, suite) } : {}),
    ...(meterAgreement
      ? { peerAgreementKey: readPublicKey('meter-agreement-key', meterAgreement, suite) }
      : {}),
  };
}

/** What the mechanism, the policy and the form need must be there. */
function checkMaterial(flags: TargetFlags, ciphered: boolean, keys: KeyMaterial): void {
  const { auth, form, signed, suite } = flags;
  const ownCurve = auth === 'hls-ecdsa' ? '--auth hls-ecdsa' : signed === true ? '--signed' : undefined;
  const agreed = form !== undefined && AGREED.has(form) ? `--form ${form}` : undefined;
  // The ephemeral key that it sends along is signed.
  const onePass = form === 'one-pass-diffie-hellman' ? agreed : undefined;
  const curve = ownCurve ?? agreed;
  if (form === 'general-ded' && flags.dedicated !== true) throw missing(`form ${form}`, 'dedicated');
  if (curve !== undefined && suite === 0) {
    throw new DcuError('usage', `${curve} needs --suite 1 or 2`, { field: 'suite' });
  }
  const due: (readonly [because: string | undefined, key: keyof KeyMaterial, option: string])[] = [
    [
      ciphered && !agreed && form !== 'wrapped-key' ? 'ciphering' : undefined,
      'encryptionKey',
      'encryption-key',
    ],
    [ciphered ? 'ciphering' : undefined, 'authenticationKey', 'authentication-key'],
    [form === 'wrapped-key' ? `--form ${form}` : undefined, 'masterKey', 'master-key'],
    [ownCurve ?? onePass, 'signingKey', 'signing-key'],
    [ownCurve ?? onePass, 'peerSigningKey', 'meter-signing-key'],
    [agreed, 'agreementKey', 'agreement-key'],
    [agreed, 'peerAgreementKey', 'meter-agreement-key'],
  ];
  for (const [because, key, option] of due) {
    if (because !== undefined && keys[key] === undefined) {
      throw new DcuError('usage', `${because} needs --${option}`, { field: option });
    }
  }
}

function bytesOf(option: string, hex: string | undefined, length: number): Uint8Array | undefined {
  return hex === undefined ? undefined : sized(`--${option}`, option, fromHex(hex, `--${option}`), length);
}

function sized(
  what: string,
  field: string,
  bytes: Uint8Array | undefined,
  length: number,
): Uint8Array | undefined {
  if (bytes === undefined || bytes.length === length) return bytes;
  throw new DcuError('invalid-argument', `${what} has ${length} bytes, not ${bytes.length}`, { field });
}

const optionOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function missing(option: string, ...needed: readonly [string, ...string[]]): DcuError {
  const names = needed.map((name) => `--${name}`).join(' or ');
  return new DcuError('usage', `--${option} needs ${names}`, { field: needed[0] });
}

/** `DCU` and five random bytes: with a key shared by several readers no nonce comes twice. */
function ownTitle(): Uint8Array {
  const title = new Uint8Array(8);
  title.set([0x44, 0x43, 0x55]);
  title.set(systemRandom.bytes(5), 3);
  return title;
}
