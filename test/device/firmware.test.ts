import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat } from '../../src/base/bytes.ts';
import { toDcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { Firmware, type FirmwareProgress } from '../../src/device/firmware.ts';
import { manifestOf, takeExecutable } from '../../src/device/firmware-check.ts';
import { firmwareHeader } from '../../src/device/firmware-file.ts';

const TARGET = 'linux-x64';
/** Long enough to take several turns of reading and writing. */
const EXECUTABLE = new Uint8Array(4 * 1024 * 1024).fill(7);

let directory: string;
let told: string[];
let firmware: Firmware;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'firmware-'));
  told = [];
  firmware = new Firmware({
    directory,
    target: TARGET,
    // Who has signed is not what is looked at here: the manifest stands in the place of its signature.
    verify: async (jws) => ({ payload: new TextEncoder().encode(jws), signedBy: 'release' }),
    log: silentLog,
    record: (detail) => told.push(detail),
  });
});
afterEach(() => {
  firmware.close();
  rmSync(directory, { recursive: true, force: true });
});

const imageOf = (version: string, executable = EXECUTABLE): Uint8Array =>
  concat([firmwareHeader(JSON.stringify(manifestOf(executable, { version, target: TARGET }))), executable]);

async function ended(step: () => FirmwareProgress): Promise<FirmwareProgress> {
  let progress = step();
  for (; progress === 'running'; progress = step()) await Bun.sleep(1);
  return progress;
}

async function bring(version: string): Promise<void> {
  const image = imageOf(version);
  expect(firmware.begin(image.length)).toBe(true);
  expect(firmware.write(0, image)).toBe(true);
  expect(await ended(() => firmware.verify())).toBe('done');
}

test('an image that another one follows while it is put in its place is not what is started next', async () => {
  await bring('1.0.0');
  expect(firmware.activate()).toBe('running');
  const home = join(directory, 'firmware', '1.0.0');
  while (!existsSync(home) || readdirSync(home).length === 0) await new Promise(setImmediate);
  await bring('2.0.0');
  // The first one may still be on its way.
  while (readdirSync(home).some((file) => file.endsWith('.new'))) await Bun.sleep(1);
  expect(firmware.chosen).toBeUndefined();
  expect(readdirSync(home)).toEqual([]);
  expect(await ended(() => firmware.activate())).toBe('done');
  expect(firmware.chosen).toBe('2.0.0');
  expect(readFileSync(join(directory, 'firmware', 'current', 'dcu'))).toHaveLength(EXECUTABLE.length);
  expect(told.at(-1)).toBe('image 2.0.0 was activated; it runs from the next start on');
});

test('what has become another image after its proof is told and not taken', async () => {
  const image = join(directory, 'image');
  const sha256 = createHash('sha256').update(EXECUTABLE).digest('hex');
  writeFileSync(
    image,
    imageOf(
      '1.0.0',
      EXECUTABLE.map((byte) => byte + 1),
    ),
  );
  const taken = await takeExecutable(image, join(directory, 'dcu'), { sha256 }).then(
    () => 'taken',
    (error: unknown) => toDcuError(error).code,
  );
  expect(taken).toBe('authentication-failed');
  writeFileSync(image, imageOf('1.0.0'));
  await takeExecutable(image, join(directory, 'dcu'), { sha256 });
  expect(new Uint8Array(readFileSync(join(directory, 'dcu')))).toEqual(EXECUTABLE);
});
