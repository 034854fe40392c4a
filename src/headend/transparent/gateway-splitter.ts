import { concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { decodeGateway, type GatewayApdu, hasGatewayPrefix } from '../../dlms/apdu/gateway.ts';
import type { HesPorts } from './meter-request.ts';

const VERSION = 1;
const HEADER_LENGTH = 8;
/** What tells a gateway prefix from the LLC bytes that some put in front of an APDU. */
const PREFIX_LENGTH = 3;

/** What a stream of wrapper frames turns out to hold. Bytes of `passed` are as they came; all are copies or views of what was given. */
export type SplitPart =
  | { readonly passed: Uint8Array }
  | { readonly gateway: GatewayApdu; readonly ports: HesPorts }
  /** A gateway prefix that is none; its frame is left out. */
  | { readonly bad: DcuError; readonly ports: HesPorts };

/**
 * Takes the frames whose APDU begins with a gateway prefix out of a stream of wrapper frames (IEC 62056-47), in order, and lets
 * everything else through byte for byte, as soon as it is known: also what is no wrapper frame, which is for the
 * server to judge. Holds one frame at most.
 */
export class GatewaySplitter {
  readonly #held: Uint8Array[] = [];
  #heldLength = 0;
  /** Bytes that must be there before anything can be said. */
  #needed = 1;
  /** Bytes of a frame that is being let through. */
  #passing = 0;
  /** No header where one was due: nothing marks the next frame. */
  #lost = false;

  push(bytes: Uint8Array): SplitPart[] {
    this.#held.push(bytes);
    this.#heldLength += bytes.length;
    const parts: SplitPart[] = [];
    if (this.#heldLength < this.#needed) {
      this.#held[this.#held.length - 1] = bytes.slice();
      return parts;
    }
    let rest = this.#held.length === 1 ? bytes : concat(this.#held);
    this.#held.length = 0;
    this.#needed = 1;
    while (rest.length >= this.#needed) rest = rest.subarray(this.#take(rest, parts));
    this.#heldLength = rest.length;
    if (rest.length > 0) this.#held.push(rest.slice());
    return parts;
  }

  /** How many bytes were dealt with; 0: `needed` are to be there first. */
  #take(bytes: Uint8Array, parts: SplitPart[]): number {
    this.#needed = 1;
    if (this.#lost || this.#passing > 0) return this.#pass(bytes, parts);
    if (!maybeHeader(bytes)) {
      this.#lost = true;
      return this.#pass(bytes, parts);
    }
    this.#needed = HEADER_LENGTH;
    // A second byte that is wrong is not waited for any longer.
    if (bytes.length === 1) this.#needed = 2;
    if (bytes.length < HEADER_LENGTH) return 0;
    const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH);
    const length = header.getUint16(6);
    const end = HEADER_LENGTH + length;
    this.#needed = HEADER_LENGTH + Math.min(length, PREFIX_LENGTH);
    if (bytes.length < this.#needed) return 0;
    if (!hasGatewayPrefix(bytes.subarray(HEADER_LENGTH, end))) {
      this.#passing = end;
      this.#needed = 1;
      return this.#pass(bytes, parts);
    }
    this.#needed = end;
    if (bytes.length < end) return 0;
    this.#needed = 1;
    const ports = { client: header.getUint16(2), server: header.getUint16(4) };
    parts.push(partOf(bytes.slice(HEADER_LENGTH, end), ports));
    return end;
  }

  #pass(bytes: Uint8Array, parts: SplitPart[]): number {
    const passed = this.#lost ? bytes : bytes.subarray(0, this.#passing);
    if (!this.#lost) this.#passing -= passed.length;
    parts.push({ passed });
    return passed.length;
  }
}

/** Whether the bytes can be the beginning of a header: the server refuses others at the first that is wrong. */
const maybeHeader = (bytes: Uint8Array): boolean =>
  bytes[0] === VERSION >> 8 && (bytes.length < 2 || bytes[1] === VERSION);

function partOf(apdu: Uint8Array, ports: HesPorts): SplitPart {
  try {
    const gateway = decodeGateway(apdu);
    if (gateway !== undefined && gateway.apdu.length > 0) return { gateway, ports };
    return { bad: new DcuError('apdu-invalid', 'nothing stands behind the gateway prefix'), ports };
  } catch (error) {
    if (error instanceof DcuError) return { bad: error, ports };
    throw error;
  }
}
