import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import {
  checkFirmware,
  type FirmwareProof,
  takeExecutable,
  type VerifiedFirmware,
} from './firmware-check.ts';

export interface FirmwareOptions extends FirmwareProof {
  /** Of the concentrator; images are kept in `firmware/` of it. */
  readonly directory: string;
  readonly log: Log;
  /** Into the logbook: an image was accepted, refused, made the one to start. */
  readonly record: (detail: string) => void;
}

export type FirmwareProgress = 'done' | 'running' | 'failed';

interface Incoming {
  readonly size: number;
  readonly fd: number;
}

/** What must stay free besides the image itself and the executable that is taken out of it. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/**
 * Firmware of the concentrator on its way in: blocks go into a file, which is proved as a whole, and activation puts the executable
 * in its place at once or not at all: `firmware/current` leads to the directory of the version that is to be started next.
 */
export class Firmware {
  readonly #options: FirmwareOptions;
  readonly #home: string;
  #incoming: Incoming | undefined;
  #verified: VerifiedFirmware | undefined;
  #verification: FirmwareProgress | undefined;
  #activation: FirmwareProgress | undefined;
  /** A newer image makes what is still under way for the one before void. */
  #generation = 0;
  #failure: string | undefined;

  constructor(options: FirmwareOptions) {
    this.#options = options;
    this.#home = join(options.directory, 'firmware');
  }

  get verified(): VerifiedFirmware | undefined {
    return this.#verified;
  }

  /** Why the last verification or activation has failed. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Version that is started next, where one was activated. */
  get chosen(): string | undefined {
    try {
      return readlinkSync(join(this.#home, 'current'));
    } catch {
      // Nothing was ever activated.
      return undefined;
    }
  }

  /** Makes room for a new image of `size` bytes and drops one that was begun before. False when there is no room for it. */
  begin(size: number): boolean {
    this.#drop();
    const { log, record } = this.#options;
    try {
      mkdirSync(this.#home, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = statfsSync(this.#home);
      if (bavail * bsize < 2 * size + RESERVE_BYTES) {
        record(`an image of ${size} bytes was refused: no room on the disk`);
        return false;
      }
      const fd = openSync(this.#incomingFile, 'w+', 0o600);
      this.#incoming = { size, fd };
      ftruncateSync(fd, size);
      return true;
    } catch (error) {
      log.error('no image can be taken', { ...toDcuError(error).toJSON() });
      return false;
    }
  }

  /** False when the bytes cannot be kept. */
  write(offset: number, bytes: Uint8Array): boolean {
    if (this.#incoming === undefined) return false;
    try {
      return writeSync(this.#incoming.fd, bytes, 0, bytes.length, offset) === bytes.length;
    } catch (error) {
      this.#options.log.error('a block of an image could not be kept', { ...toDcuError(error).toJSON() });
      return false;
    }
  }

  /** Begins to prove the whole image, and tells how far it is when called again. */
  verify(): FirmwareProgress {
    const progress = this.#verification;
    // Who has heard that it failed may try once more.
    if (progress === 'failed') this.#verification = undefined;
    if (progress !== undefined) return progress;
    this.#verification = 'running';
    void this.#prove(this.#generation).then((ended) => {
      this.#verification = ended ?? this.#verification;
    });
    return 'running';
  }

  /** Begins to put the proved image in its place, and tells how far it is when called again. */
  activate(): FirmwareProgress {
    const progress = this.#activation;
    // Who has heard that it failed may try once more.
    if (progress === 'failed') this.#activation = undefined;
    if (progress !== undefined) return progress;
    this.#activation = 'running';
    void this.#install(this.#generation).then((ended) => {
      this.#activation = ended ?? this.#activation;
    });
    return 'running';
  }

  close(): void {
    this.#drop();
  }

  get #incomingFile(): string {
    return join(this.#home, 'incoming.img');
  }

  #drop(): void {
    this.#generation++;
    this.#verified = undefined;
    this.#verification = undefined;
    this.#activation = undefined;
    if (this.#incoming === undefined) return;
    closeSync(this.#incoming.fd);
    this.#incoming = undefined;
    rmSync(this.#incomingFile, { force: true });
  }

  /** Undefined when another image has come meanwhile. */
  async #prove(generation: number): Promise<FirmwareProgress | undefined> {
    const { record } = this.#options;
    try {
      const verified = await this.#check();
      if (generation !== this.#generation) return undefined;
      this.#verified = verified;
      this.#failure = undefined;
      record(`image ${verified.version} is sound, signed by ${verified.signedBy}`);
      return 'done';
    } catch (thrown) {
      if (generation !== this.#generation) return undefined;
      return this.#failed(thrown);
    }
  }

  async #check(): Promise<VerifiedFirmware> {
    if (this.#incoming === undefined) throw new DcuError('not-found', 'no image has come');
    fsyncSync(this.#incoming.fd);
    return checkFirmware(this.#incomingFile, this.#options);
  }

  async #install(generation: number): Promise<FirmwareProgress | undefined> {
    try {
      if (this.#verified === undefined) throw new DcuError('conflict', 'no image was verified');
      // What lies on the disk now is what is started: it is proved once more.
      const checked = await this.#check();
      if (generation !== this.#generation) return undefined;
      if (!(await this.#place(checked, generation))) return undefined;
      const { version } = checked;
      this.#options.record(`image ${version} was activated; it runs from the next start on`);
      return 'done';
    } catch (thrown) {
      if (generation !== this.#generation) return undefined;
      return this.#failed(thrown);
    }
  }

  /** False, and nothing has changed, when another image has come meanwhile. */
  async #place({ version, sha256 }: VerifiedFirmware, generation: number): Promise<boolean> {
    const home = join(this.#home, version);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    // Of its own for each image: the one before may still be on its way to the same place.
    const aside = join(home, `dcu.${generation}.new`);
    try {
      await takeExecutable(this.#incomingFile, aside, { sha256 });
      if (generation !== this.#generation) return false;
      renameSync(aside, join(home, 'dcu'));
    } finally {
      rmSync(aside, { force: true });
    }
    // Before anything leads there, for a power cut must not find the way without its end.
    syncDirectory(home);
    const link = join(this.#home, 'current.new');
    rmSync(link, { force: true });
    symlinkSync(version, link);
    syncDirectory(this.#home);
    renameSync(link, join(this.#home, 'current'));
    syncDirectory(this.#home);
    return true;
  }

  #failed(thrown: unknown): 'failed' {
    const error = toDcuError(thrown);
    this.#verified = undefined;
    this.#failure = error.message;
    this.#options.log.warn('an image was refused', { ...error.toJSON() });
    this.#options.record(`image refused: ${error.message}`);
    return 'failed';
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
