import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { serverCertificate } from '../../src/security/certificate.ts';
import { openVault } from '../../src/security/vault.ts';
import { removeDirectory, temporaryDirectory } from '../store/fixture.ts';

let directory: string;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(() => removeDirectory(directory));

const modeOf = (name: string): number => statSync(join(directory, name)).mode & 0o777;

describe('the vault', () => {
  const secret = new TextEncoder().encode('0123456789abcdef');

  test('opens what it sealed, also after a restart', async () => {
    const sealed = await openVault(directory, systemRandom).seal(secret, 'meter/1/key');
    expect(await openVault(directory, systemRandom).open(sealed, 'meter/1/key')).toEqual(secret);
    expect(modeOf('master.key')).toBe(0o600);
    expect(existsSync(join(directory, 'master.key.new'))).toBe(false);
  });

  test('seals the same secret differently each time', async () => {
    const vault = openVault(directory, systemRandom);
    expect(await vault.seal(secret, 'a')).not.toBe(await vault.seal(secret, 'a'));
  });

  test('does not open what was moved, changed or sealed with another key', async () => {
    const vault = openVault(directory, systemRandom);
    const sealed = await vault.seal(secret, 'meter/1/key');
    const [header = '', key = '', iv = '', text = '', tag = ''] = sealed.split('.');
    const flipped = text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`;
    const forged = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"meter/2/key"}').toString('base64url');
    const other = temporaryDirectory();
    const cases: [string, string, typeof vault][] = [
      [sealed, 'meter/2/key', vault],
      [[header, key, iv, flipped, tag].join('.'), 'meter/1/key', vault],
      [[forged, key, iv, text, tag].join('.'), 'meter/2/key', vault],
      ['rubbish', 'meter/1/key', vault],
      [sealed, 'meter/1/key', openVault(other, systemRandom)],
    ];
    for (const [what, place, opener] of cases) {
      const error = await opener.open(what, place).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'storage-corrupt' });
      expect(String(error)).not.toContain('0123456789abcdef');
    }
    removeDirectory(other);
  });

  test('refuses a key that others may read, or of another length', () => {
    openVault(directory, systemRandom);
    chmodSync(join(directory, 'master.key'), 0o644);
    expect(() => openVault(directory, systemRandom)).toThrow(
      expect.objectContaining({ code: 'storage-corrupt' }),
    );
    chmodSync(join(directory, 'master.key'), 0o600);
    writeFileSync(join(directory, 'master.key'), 'short');
    expect(() => openVault(directory, systemRandom)).toThrow(
      expect.objectContaining({ code: 'storage-corrupt' }),
    );
  });
});

describe('the certificate', () => {
  const clock = new VirtualClock(Date.now());
  const names = ['dcu.example', 'localhost', '127.0.0.1', '::1'];
  const get = (change: { readonly names?: readonly string[]; readonly clock?: VirtualClock } = {}) =>
    serverCertificate({
      directory,
      clock,
      random: systemRandom,
      names,
      commonName: 'OpenDCU 5500000527',
      ...change,
    });

  test('is a P-256 one for all names, kept with a private file', async () => {
    const made = await get();
    const parsed = new X509Certificate(made.certificate);
    expect(parsed.subject).toBe('CN=OpenDCU 5500000527');
    expect(parsed.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.fingerprint256).toBe(made.fingerprint);
    expect(parsed.checkHost('dcu.example')).toBe('dcu.example');
    expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(parsed.ca).toBe(false);
    expect(modeOf('tls.pem')).toBe(0o600);
    expect(await get()).toEqual(made);
  });

  test('is made anew when it nears its end, misses a name or is damaged', async () => {
    const made = await get();
    const later = new VirtualClock(made.validUntil - 86_400_000);
    const renewed = await get({ clock: later });
    expect(renewed.fingerprint).not.toBe(made.fingerprint);
    expect(renewed.validUntil).toBeGreaterThan(made.validUntil);
    const wider = await get({ clock: later, names: [...names, 'other.example'] });
    expect(new X509Certificate(wider.certificate).checkHost('other.example')).toBe('other.example');
    writeFileSync(join(directory, 'tls.pem'), 'rubbish');
    expect((await get({ clock: later })).fingerprint).not.toBe(wider.fingerprint);
  });

  test('serves HTTPS', async () => {
    const { certificate, privateKey } = await get();
    const server = Bun.serve({
      port: 0,
      tls: { cert: certificate, key: privateKey },
      fetch: () => new Response('ok'),
    });
    try {
      const answer = await fetch(`https://localhost:${server.port}/`, { tls: { ca: certificate } });
      expect(await answer.text()).toBe('ok');
    } finally {
      await server.stop(true);
    }
  });
});
