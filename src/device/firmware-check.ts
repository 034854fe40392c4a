import { type FileHandle, open } from 'node:fs/promises';
import { DcuError } from '../base/errors.ts';
import {
  FIRMWARE_PRODUCT,
  type FirmwareHeader,
  type FirmwareManifest,
  MOST_HEADER,
  readFirmwareHeader,
  readManifest,
} from './firmware-file.ts';

/** Operating system and processor of this machine, as the build names them. */
export const FIRMWARE_TARGET = `${process.platform}-${process.arch}`;

/** What an image is held against. */
export interface FirmwareProof {
  /** What the machine runs: `linux-x64`. */
  readonly target: string;
  /** Proves the manifest. @throws DcuError `authentication-failed` */
  readonly verify: (jws: string) => Promise<{ readonly payload: Uint8Array; readonly signedBy: string }>;
}

/** An image that is proved and complete. */
export interface VerifiedFirmware extends FirmwareManifest {
  /** Name of the key. */
  readonly signedBy: string;
}

const PART_BYTES = 256 * 1024;

/**
 * Proves the image in a file: whose it is, for which machine, and that it is the one that was signed.
 * @throws DcuError `authentication-failed`, `invalid-field` naming what is wrong
 */
export async function checkFirmware(
  path: string,
  { target, verify }: FirmwareProof,
): Promise<VerifiedFirmware> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const { jws, payloadAt } = await headerOf(file, size);
  const { payload, signedBy } = await verify(jws);
  const manifest = readManifest(payload);
  if (manifest.target !== target) {
    throw new DcuError('invalid-field', `the image is for ${manifest.target}, not for ${target}`, {
      field: 'target',
    });
  }
  if (manifest.size !== size - payloadAt) {
    throw new DcuError(
      'invalid-field',
      `the image has ${size - payloadAt} bytes instead of ${manifest.size}`,
      {
        field: 'size',
      },
    );
  }
  const hash = new Bun.CryptoHasher('sha256');
  for await (const part of parts(file, payloadAt, size)) hash.update(part);
  if (hash.digest('hex') !== manifest.sha256) {
    throw new DcuError('authentication-failed', 'the image is not the one that was signed');
  }
  return { ...manifest, signedBy };
}

/**
 * Writes the executable of an image that was proved into a file of its own, synced. The file may have become another one since:
 * what was written is held against the proof once more.
 * @throws DcuError `authentication-failed` when it is not the executable that was signed
 */
export async function takeExecutable(
  image: string,
  executable: string,
  { sha256 }: Pick<FirmwareManifest, 'sha256'>,
): Promise<void> {
  await using from = await open(image, 'r');
  const { size } = await from.stat();
  const { payloadAt } = await headerOf(from, size);
  await using to = await open(executable, 'w', 0o700);
  const hash = new Bun.CryptoHasher('sha256');
  for await (const part of parts(from, payloadAt, size)) {
    hash.update(part);
    await to.writeFile(part);
  }
  if (hash.digest('hex') !== sha256) {
    throw new DcuError('authentication-failed', 'the image has become another one on its way to its place');
  }
  await to.sync();
}

/** The manifest of an executable, still unsigned. */
export const manifestOf = (
  executable: Uint8Array,
  { version, target }: Pick<FirmwareManifest, 'version' | 'target'>,
): FirmwareManifest => ({
  product: FIRMWARE_PRODUCT,
  version,
  target,
  size: executable.length,
  sha256: new Bun.CryptoHasher('sha256').update(executable).digest('hex'),
});

async function headerOf(file: FileHandle, size: number): Promise<FirmwareHeader> {
  const start = new Uint8Array(Math.min(size, MOST_HEADER));
  const { bytesRead } = await file.read(start, 0, start.length, 0);
  return readFirmwareHeader(start.subarray(0, bytesRead));
}

async function* parts(file: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(PART_BYTES);
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(PART_BYTES, to - at), at);
    if (bytesRead === 0) throw new DcuError('truncated', 'the image ends too early');
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
