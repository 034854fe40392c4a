import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { writePrivateFile } from './private-file.ts';

export interface ServerCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** SHA-256 of the DER form, as browsers show it: pairs of hex digits with colons. */
  readonly fingerprint: string;
  /** UTC ms. */
  readonly validUntil: number;
}

export interface CertificateOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Host names and addresses that the server is reached by. */
  readonly names: readonly string[];
  readonly commonName: string;
}

const FILE = 'tls.pem';
const DAY_MS = 86_400_000;
/** What browsers accept at most. */
const VALID_DAYS = 397;
const RENEW_BEFORE_DAYS = 14;
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { ...CURVE, hash: 'SHA-256' } as const;

/**
 * The server's self-signed P-256 certificate. Made at first start, kept with its key in `tls.pem` (mode 0600), made anew when it
 * nears its end, is not readable, or lacks one of the names.
 */
export async function serverCertificate(options: CertificateOptions): Promise<ServerCertificate> {
  const path = join(options.directory, FILE);
  const stored = await readStored(path);
  if (stored !== undefined && isUsable(stored.parsed, options)) return stored.certificate;
  const made = await make(options);
  writePrivateFile(path, new TextEncoder().encode(`${made.privateKey}\n${made.certificate}\n`));
  return made;
}

interface Stored {
  readonly parsed: X509Certificate;
  readonly certificate: ServerCertificate;
}

async function readStored(path: string): Promise<Stored | undefined> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const privateKey = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(text)?.[0];
  const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0];
  if (privateKey === undefined || certificate === undefined) return undefined;
  const parsed = parse(certificate);
  return parsed === undefined
    ? undefined
    : { parsed, certificate: await describe(parsed, certificate, privateKey) };
}

/** Undefined for what is no certificate: it is made anew. */
function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

async function describe(
  parsed: X509Certificate,
  certificate: string,
  privateKey: string,
): Promise<ServerCertificate> {
  const hex = new Uint8Array(await parsed.getThumbprint('SHA-256')).toHex().toUpperCase();
  const fingerprint = hex.match(/../g)?.join(':') ?? '';
  return { certificate, privateKey, fingerprint, validUntil: parsed.notAfter.getTime() };
}

function isUsable(parsed: X509Certificate, { clock, names }: CertificateOptions): boolean {
  const now = clock.now();
  if (now < parsed.notBefore.getTime()) return false;
  if (now + RENEW_BEFORE_DAYS * DAY_MS > parsed.notAfter.getTime()) return false;
  const held = parsed.getExtension(SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  return names.every((name) => held.some(({ value }) => value === name));
}

async function make({ clock, random, names, commonName }: CertificateOptions): Promise<ServerCertificate> {
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const now = clock.now();
  const serial = random.bytes(16);
  // RFC 5280 §4.1.2.2: positive, at most 20 octets.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const parsed = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toHex(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + VALID_DAYS * DAY_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
      ),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return describe(parsed, parsed.toString('pem'), PemConverter.encode(pkcs8, 'PRIVATE KEY'));
}
