import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/** What the signed manifest of an image says of it. */
export interface FirmwareManifest {
  readonly product: string;
  readonly version: string;
  /** Operating system and processor, as the build names them: `linux-x64`, `linux-arm64`. */
  readonly target: string;
  /** Bytes of the executable. */
  readonly size: number;
  /** SHA-256 of the executable, hex. */
  readonly sha256: string;
}

/** Where the executable begins in an image, and the signed manifest before it. */
export interface FirmwareHeader {
  readonly jws: string;
  readonly payloadAt: number;
}

/**
 * An image: the mark `ODCUIMG1`, length of the manifest (32 bits, high byte first), the manifest as a signed JWS in compact
 * serialisation (RFC 7515), and the executable.
 */
const MARK = new TextEncoder().encode('ODCUIMG1');
export const FIRMWARE_PRODUCT = 'opendcu';
const LENGTH_BYTES = 4;
const MOST_MANIFEST = 16_384;
/** As much of an image as its header may take. */
export const MOST_HEADER = MARK.length + LENGTH_BYTES + MOST_MANIFEST;

/** @throws DcuError `invalid-field` for what is no image, or none of this kind */
export function readFirmwareHeader(start: Uint8Array): FirmwareHeader {
  if (start.length < MARK.length + LENGTH_BYTES || !MARK.every((byte, i) => start[i] === byte)) {
    throw refused('it does not begin as an image of OpenDCU');
  }
  const length = new ByteReader(start.subarray(MARK.length)).u32();
  const payloadAt = MARK.length + LENGTH_BYTES + length;
  if (length === 0 || length > MOST_MANIFEST || payloadAt > start.length) {
    throw refused(`its manifest of ${length} bytes cannot be`);
  }
  return {
    jws: new TextDecoder().decode(start.subarray(MARK.length + LENGTH_BYTES, payloadAt)),
    payloadAt,
  };
}

/** Everything that stands before the executable. */
export function firmwareHeader(jws: string): Uint8Array {
  const bytes = new TextEncoder().encode(jws);
  if (bytes.length > MOST_MANIFEST) throw refused('its manifest is too long');
  return new ByteWriter(MOST_HEADER).put(MARK).u32(bytes.length).put(bytes).done();
}

const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}(?:[-+][\w.+-]{1,64})?$/;

/** @throws DcuError `invalid-field` naming what is wrong */
export function readManifest(payload: Uint8Array): FirmwareManifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw refused('its manifest is no JSON', cause);
  }
  if (typeof json !== 'object' || json === null) throw refused('its manifest is no object');
  const { product, version, target, size, sha256 } = json as Readonly<Record<string, unknown>>;
  if (product !== FIRMWARE_PRODUCT) throw refused(`it is for ${String(product).slice(0, 40)}`);
  // The version becomes the name of a directory.
  if (typeof version !== 'string' || !VERSION.test(version)) throw refused('its version cannot be');
  if (typeof target !== 'string' || !/^[\w-]{1,40}$/.test(target)) throw refused('its target cannot be');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size <= 0)
    throw refused('its size cannot be');
  if (typeof sha256 !== 'string' || !/^[\da-f]{64}$/.test(sha256)) throw refused('its hash cannot be');
  return { product, version, target, size, sha256 };
}

const refused = (why: string, cause?: unknown): DcuError =>
  new DcuError('invalid-field', `the image is refused: ${why}`, { field: 'image', cause });
