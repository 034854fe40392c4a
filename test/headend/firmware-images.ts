import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { concat } from '../../src/base/bytes.ts';
import { FIRMWARE_KEYS } from '../../src/concentrator/firmware.ts';
import { FIRMWARE_TARGET, manifestOf } from '../../src/device/firmware-check.ts';
import { firmwareHeader } from '../../src/device/firmware-file.ts';
import { signManifest } from '../../src/security/firmware-signature.ts';

/** Whoever signs images in a test. */
export class Signer {
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor() {
    ({ privateKey: this.#private, publicKey: this.#public } = generateKeyPairSync('ed25519'));
  }

  /** The concentrator of this data directory takes images of this signer from now on. */
  trust(directory: string): void {
    const keys = join(directory, FIRMWARE_KEYS);
    mkdirSync(keys, { recursive: true });
    writeFileSync(join(keys, 'release.pem'), this.#public.export({ type: 'spki', format: 'pem' }));
  }

  /** An image for this machine. */
  async image(version: string, executable: Uint8Array): Promise<Uint8Array> {
    const manifest = manifestOf(executable, { version, target: FIRMWARE_TARGET });
    const payload = new TextEncoder().encode(JSON.stringify(manifest));
    const key = this.#private.export({ type: 'pkcs8', format: 'pem' });
    return concat([firmwareHeader(await signManifest(payload, key, 'EdDSA')), executable]);
  }
}
