import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Firmware } from '../device/firmware.ts';
import { FIRMWARE_TARGET } from '../device/firmware-check.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { ImageStore } from '../dlms/cosem/image-transfer-object.ts';
import { SharedImageTransfer } from '../headend/management/firmware.ts';
import { readTrustedKeys, verifySigned } from '../security/firmware-signature.ts';

/** Directory of the public keys that images are accepted from, one PEM file each. */
export const FIRMWARE_KEYS = 'firmware-keys';

export interface OpenFirmware {
  readonly firmware: Firmware;
  readonly imageTransfer: SharedImageTransfer;
}

/** What takes images of the concentrator's own firmware. Keys are read for each image, so that one can be added at any time. */
export function openFirmware(
  { directory, clock, log }: { readonly directory: string; readonly clock: Clock; readonly log: Log },
  logbook: DeviceLogbook,
): OpenFirmware {
  const firmware = new Firmware({
    directory,
    target: FIRMWARE_TARGET,
    verify: (jws) => verifySigned(jws, readTrustedKeys(join(directory, FIRMWARE_KEYS))),
    log,
    record: (detail) => {
      logbook
        .record('firmware-image', detail)
        .catch((error: unknown) => log.error('the logbook could not be written', { error: String(error) }));
    },
  });
  return { firmware, imageTransfer: new SharedImageTransfer(imageStore(firmware), clock) };
}

function imageStore(firmware: Firmware): ImageStore {
  let incoming = { identifier: new Uint8Array(0), size: 0 };
  return {
    begin: (image) => {
      incoming = { identifier: image.identifier.slice(), size: image.size };
      return firmware.begin(image.size);
    },
    write: (offset, bytes) => firmware.write(offset, bytes),
    verify: () => firmware.verify(),
    activate: () => firmware.activate(),
    ready: () => {
      const { verified } = firmware;
      if (verified === undefined) return [];
      return [{ ...incoming, signature: Uint8Array.fromHex(verified.sha256) }];
    },
  };
}
