import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { concat } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { checkFirmware, FIRMWARE_TARGET, manifestOf } from '../device/firmware-check.ts';
import { firmwareHeader, readManifest } from '../device/firmware-file.ts';
import {
  readTrustedKeys,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
  signManifest,
  verifySigned,
} from '../security/firmware-signature.ts';
import type { CliCommand, CliIo } from './command.ts';
import { oneOf } from './options.ts';

interface SignFlags {
  readonly in: string;
  readonly out: string;
  readonly as: string;
  readonly target: string;
  readonly key: string;
  readonly algorithm: SignatureAlgorithm;
  readonly json?: boolean;
}

interface CheckFlags {
  readonly keys: string;
  readonly target: string;
  readonly json?: boolean;
}

/** `dcu image`: firmware images, as the head-end transfers them to a concentrator. */
export const imageCommand: CliCommand = {
  build(io) {
    const command = new Command('image').description('make and check signed firmware images');
    command
      .command('sign')
      .description('make an image of an executable')
      .requiredOption('--in <file>', 'the executable, as npm run build makes it')
      .requiredOption('--out <file>', 'where the image goes')
      .requiredOption('--as <version>', 'its version, like 0.2.0')
      .requiredOption('--key <file>', 'private key, PKCS #8 in PEM')
      .option(
        '--algorithm <name>',
        SIGNATURE_ALGORITHMS.join(', '),
        oneOf('algorithm', SIGNATURE_ALGORITHMS),
        'EdDSA',
      )
      .option('--target <name>', 'machine that it is for, like linux-arm64', FIRMWARE_TARGET)
      .option('--json', 'print one line of JSON')
      .action((flags: SignFlags) => sign(flags, io));
    command
      .command('check')
      .description('prove an image as a concentrator does before it takes it')
      .argument('<file>', 'the image')
      .requiredOption('--keys <dir>', 'directory of the public keys that are trusted, one PEM file each')
      .option('--target <name>', 'machine that it is for', FIRMWARE_TARGET)
      .option('--json', 'print one line of JSON')
      .action((file: string, flags: CheckFlags) => check(file, flags, io));
    return command;
  },
};

async function sign(flags: SignFlags, io: CliIo): Promise<void> {
  const executable = bytesOf('in', flags.in);
  const payload = new TextEncoder().encode(
    JSON.stringify(manifestOf(executable, { version: flags.as, target: flags.target })),
  );
  // What a concentrator would refuse is not worth signing.
  const manifest = readManifest(payload);
  const jws = await signManifest(
    payload,
    new TextDecoder().decode(bytesOf('key', flags.key)),
    flags.algorithm,
  );
  const image = concat([firmwareHeader(jws), executable]);
  writeFileSync(resolve(flags.out), image);
  if (flags.json === true) io.out(JSON.stringify({ ...manifest, image: image.length }));
  else io.out(`${flags.out}: ${manifest.version} for ${manifest.target}, ${image.length} bytes`);
}

async function check(file: string, flags: CheckFlags, io: CliIo): Promise<void> {
  const keys = readTrustedKeys(resolve(flags.keys));
  const verified = await checkFirmware(resolve(file), {
    target: flags.target,
    verify: (jws) => verifySigned(jws, keys),
  });
  if (flags.json === true) io.out(JSON.stringify({ ok: true, ...verified }));
  else io.out(`${verified.version} for ${verified.target}: sound, signed by ${verified.signedBy}`);
}

function bytesOf(option: string, path: string): Uint8Array {
  try {
    return readFileSync(resolve(path));
  } catch (cause) {
    throw new DcuError('usage', `${path} cannot be read`, { field: option, cause });
  }
}
