import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import {
  certificateRequest,
  isSignedBy,
  parseCertificate,
  requestedKey,
} from '../../../src/dlms/ciphering/x509.ts';
import { type CertificateOrder, makeCertificate } from '../../../src/dlms/ciphering/x509-issue.ts';
import { commonNameOfTitle } from '../../../src/dlms/ciphering/x509-parts.ts';
import { generateEcKeyPair } from '../../../src/kernels/index.ts';
import { certificates } from '../../vectors/known-answers.json';
import { attempt, codeOf, expectTotal } from '../mutation.ts';

// Openssl is a process of its own for each question.
setDefaultTimeout(60_000);

const random = new SeededRandom(7);
const bytes = (length: number): Uint8Array => random.bytes(length);
const TITLE = fromHex('4D4D4D0000BC614E');
const NAME = commonNameOfTitle(TITLE);
const NOT_BEFORE = Date.UTC(2024, 0, 1);
const NOT_AFTER = Date.UTC(2044, 0, 1);
const directory = mkdtempSync(join(tmpdir(), 'opendcu-certificates-'));
let files = 0;

afterAll(() => rmSync(directory, { recursive: true }));

function file(content: Uint8Array): string {
  const path = join(directory, `${files++}.der`);
  writeFileSync(path, content);
  return path;
}

function openssl(...args: string[]): { code: number; text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(['openssl', ...args]);
  return { code: exitCode, text: `${stdout}${stderr}` };
}

function pem(der: Uint8Array): string {
  const path = join(directory, `${files++}.pem`);
  const made = openssl('x509', '-inform', 'DER', '-in', file(der), '-out', path);
  expect(made.code).toBe(0);
  return path;
}

function chain(suite: 1 | 2) {
  const curve = suite === 1 ? 'P-256' : 'P-384';
  const authority = generateEcKeyPair(curve, bytes);
  const device = generateEcKeyPair(curve, bytes);
  const common = {
    notBeforeMs: NOT_BEFORE,
    notAfterMs: NOT_AFTER,
    issuer: { keyPair: authority, name: 'Root' },
  };
  const root = makeCertificate({
    ...common,
    serialNumber: Uint8Array.of(1),
    subject: 'Root',
    publicKey: authority.publicKey,
    purpose: 'authority',
  });
  const order = (purpose: CertificateOrder['purpose'], serialNumber = bytes(16)): CertificateOrder => ({
    ...common,
    serialNumber,
    subject: NAME,
    publicKey: device.publicKey,
    purpose,
  });
  return { authority, device, root, order };
}

test('a certificate names a system title in capital hexadecimal digits', () => {
  expect(NAME).toBe('4D4D4D0000BC614E');
});

describe.each([1, 2] as const)('certificates of suite %d', (suite) => {
  const curve = suite === 1 ? 'P-256' : 'P-384';
  const { authority, device, root, order } = chain(suite);

  test('openssl reads our request and finds its signature good', () => {
    const request = certificateRequest(suite, device, TITLE);
    const { code, text } = openssl(
      'req',
      '-inform',
      'DER',
      '-in',
      file(request),
      '-verify',
      '-text',
      '-noout',
    );
    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toMatch(/verify OK/);
    expect(text).toMatch(new RegExp(`Subject: CN ?= ?${NAME}`));
    expect(text).toContain(`NIST CURVE: ${curve}`);
    expect(requestedKey(suite, request)).toEqual(device.publicKey);
  });

  test.each([
    ['signature', /Key Usage: critical\s+Digital Signature\n/],
    ['agreement', /Key Usage: critical\s+Key Agreement\n/],
    ['tls', /Key Usage: critical\s+Digital Signature, Key Agreement\n[\s\S]*TLS Web Server Authentication/],
    ['authority', /Key Usage: critical\s+Certificate Sign, CRL Sign\n[\s\S]*CA:TRUE/],
  ] as const)('openssl reads a certificate for %s and verifies it against our root', (purpose, usage) => {
    const der = makeCertificate(order(purpose, fromHex('00f0112233')));
    const { code, text } = openssl('x509', '-inform', 'DER', '-in', file(der), '-text', '-noout');
    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toMatch(usage);
    expect(text).toMatch(/Version: 3/);
    expect(text).toMatch(/f0:?11:?22:?33/i);
    expect(text).toMatch(/Jan {2}1 00:00:00 2044 GMT/);
    const verified = openssl('verify', '-CAfile', pem(root), pem(der));
    expect(verified).toMatchObject({ code: 0 });
    const parsed = parseCertificate(suite, der);
    expect(parsed).toMatchObject({
      systemTitle: TITLE,
      isAuthority: purpose === 'authority',
      publicKey: device.publicKey,
      serialNumber: fromHex('00f0112233'),
      notBeforeMs: NOT_BEFORE,
      notAfterMs: NOT_AFTER,
    });
    expect(parsed.use).toBe(purpose === 'authority' ? undefined : purpose);
    expect(parsed.issuer).toEqual(parseCertificate(suite, root).subject);
    expect(isSignedBy(suite, parsed, authority.publicKey)).toBe(true);
    expect(isSignedBy(suite, parsed, device.publicKey)).toBe(false);
  });

  test('we read and verify what openssl makes', () => {
    const key = join(directory, `${files++}.key`);
    const der = join(directory, `${files++}.der`);
    const group = curve === 'P-256' ? 'prime256v1' : 'secp384r1';
    const hash = curve === 'P-256' ? '-sha256' : '-sha384';
    expect(openssl('ecparam', '-name', group, '-genkey', '-noout', '-out', key).code).toBe(0);
    const made = openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      key,
      hash,
      '-subj',
      `/O=Utility/CN=${NAME}`,
      '-days',
      '10',
      '-addext',
      'keyUsage=critical,digitalSignature',
      '-outform',
      'DER',
      '-out',
      der,
    );
    expect(made).toMatchObject({ code: 0 });
    const parsed = parseCertificate(suite, new Uint8Array(readFileSync(der)));
    // CA:TRUE is openssl's default, but the key usage says nothing of certificates.
    expect(parsed).toMatchObject({ systemTitle: TITLE, use: 'signature', isAuthority: false });
    expect(parsed.issuer).toEqual(parsed.subject);
    expect(isSignedBy(suite, parsed, parsed.publicKey)).toBe(true);
  });

  test('a critical extension that is not known, or an older version, is refused', () => {
    const key = join(directory, `${files++}.key`);
    const der = join(directory, `${files++}.der`);
    const group = curve === 'P-256' ? 'prime256v1' : 'secp384r1';
    expect(openssl('ecparam', '-name', group, '-genkey', '-noout', '-out', key).code).toBe(0);
    const issue = (...extra: string[]): Uint8Array => {
      const common = [
        'req',
        '-x509',
        '-new',
        '-key',
        key,
        '-subj',
        `/CN=${NAME}`,
        '-outform',
        'DER',
        '-out',
        der,
      ];
      expect(openssl(...common, ...extra)).toMatchObject({ code: 0 });
      return new Uint8Array(readFileSync(der));
    };
    const extension = (critical: string): Uint8Array =>
      issue('-addext', `1.3.6.1.4.1.99999.1=${critical}ASN1:UTF8String:unheard of`);
    expect(parseCertificate(suite, extension('')).systemTitle).toEqual(TITLE);
    expect(() => parseCertificate(suite, extension('critical,'))).toThrow(/1\.3\.6\.1\.4\.1\.99999\.1/);
    const request = file(certificateRequest(suite, device, TITLE));
    const old = openssl(
      'x509',
      '-req',
      '-inform',
      'DER',
      '-in',
      request,
      '-CA',
      pem(root),
      '-CAkey',
      authorityKey(authority.privateKey),
      '-set_serial',
      '5',
      '-outform',
      'DER',
      '-out',
      der,
    );
    expect(old).toMatchObject({ code: 0 });
    expect(() => parseCertificate(suite, new Uint8Array(readFileSync(der)))).toThrow(/version 3/);
  });

  /** PKCS #8 without the public key, as openssl takes it. */
  function authorityKey(privateKey: Uint8Array): string {
    const prefix =
      curve === 'P-256'
        ? '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420'
        : '304e020100301006072a8648ce3d020106052b81040022043730350201010430';
    return file(concat([fromHex(prefix), privateKey]));
  }

  test('a changed byte of a certificate is damage, another certificate, or a signature that does not hold', () => {
    const der = makeCertificate(order('signature'));
    let read = 0;
    for (let at = 0; at < der.length; at += curve === 'P-256' ? 1 : 5) {
      const changed = der.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const parsed = attempt(() => parseCertificate(suite, changed));
      if (parsed === undefined) continue;
      read++;
      const issued = isSignedBy(suite, parsed, authority.publicKey);
      expect({ at, issued }).toEqual({ at, issued: false });
    }
    expect(read).toBeGreaterThan(10);
    for (let length = 0; length < der.length; length += 7) {
      expect(codeOf(() => parseCertificate(suite, der.slice(0, length)))).toBe('invalid-argument');
    }
  });

  test('a request whose signature or key was changed is refused', () => {
    const request = certificateRequest(suite, device, TITLE);
    let refused = 0;
    for (let at = 0; at < request.length; at += curve === 'P-256' ? 1 : 9) {
      const changed = request.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const parsed = attempt(() => requestedKey(suite, changed));
      // Outside what is signed, one bit of the envelope may still read as the same request.
      if (parsed !== undefined) expect(parsed).toEqual(device.publicKey);
      else refused++;
    }
    expect(refused).toBeGreaterThan(request.length / (curve === 'P-256' ? 1.1 : 10));
  });
});

test.each(certificates)('$name', ({ der, systemTitle, usage, publicKey }) => {
  const parsed = parseCertificate(1, fromHex(der));
  expect(parsed.systemTitle?.toHex()).toBe(systemTitle);
  expect(parsed.use).toBe(usage === 'key-agreement' ? 'agreement' : 'signature');
  expect(parsed.publicKey.toHex()).toBe(publicKey);
});

test('what is no certificate, is one of another suite, and orders that make none', () => {
  const { order, device } = chain(1);
  const der = makeCertificate(order('agreement'));
  expectTotal(der, (bytesOf) => parseCertificate(1, bytesOf));
  expect(codeOf(() => parseCertificate(2, der))).toBe('unsupported');
  expect(codeOf(() => parseCertificate(0, der))).toBe('unsupported');
  expect(codeOf(() => certificateRequest(0, device, TITLE))).toBe('unsupported');
  expect(codeOf(() => certificateRequest(2, device, TITLE))).toBe('invalid-argument');
  expect(codeOf(() => requestedKey(2, certificateRequest(1, device, TITLE)))).toBe('unsupported');
  for (const [length, code] of [
    [4000, 'invalid-argument'],
    [9000, 'overflow'],
  ] as const) {
    const nested = new Uint8Array(length).fill(0x30);
    expect(codeOf(() => parseCertificate(1, nested))).toBe(code);
    expect(codeOf(() => requestedKey(1, nested))).toBe(code);
  }
  const valid = order('signature');
  expect(codeOf(() => makeCertificate({ ...valid, notAfterMs: NOT_BEFORE }))).toBe('invalid-argument');
  expect(codeOf(() => makeCertificate({ ...valid, publicKey: new Uint8Array(63) }))).toBe('invalid-argument');
  const noPair = { ...device, privateKey: new Uint8Array(32) };
  expect(codeOf(() => certificateRequest(1, noPair, TITLE))).toBe('invalid-argument');
});

test('names that are no BER are no certificate', () => {
  // Found by fuzzing: a length of five octets where the library of DER was content.
  const der = fromHex(
    [
      '308201323081d9a00302010202021003300a06082a8648ce3d04030230113117301506035504030c0e54657374206175',
      '74686f72697479301e170d3236303130313030303030305a170d3436303130313030303030305a301b31193017060355',
      '04030c10344434443444303030304243363134453059301306072a8648ce3d020106082a8648ce3d03010703420004a3',
      '9010ebb5a5ddcbd79d367d975b7d397ef92f4b38f4cccd2cc695a84d770b94fb4c15c5d76aed2cbc74daf463dcb7bbb2',
      '82cf5bd3865077082a64ecf822772fa30f300d300b0603551d0f040403020308300a06082a8648ce3d04030203480030',
      '4502207fe7b7a29992dda64eb4eca11ced2c82dbd61ce0e87acd1c02d04ea45320396d022100ab1c0ed05666e7be57c4',
      '696a008947fb2b87c5b982ab07e160a9e44bc0b37921',
    ].join(''),
  );
  expect(() => parseCertificate(1, der)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});
