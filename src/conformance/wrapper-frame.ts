import { concat } from '../base/bytes.ts';

/** Frames of the TCP/UDP wrapper (IEC 62056-47), built with any header and taken apart. */

const HEADER = 8;

export interface WrapperFrame {
  readonly bytes: Uint8Array;
  readonly version: number;
  readonly source: number;
  readonly destination: number;
  readonly length: number;
  readonly apdu: Uint8Array;
}

/** Header words big-endian, then the APDU; version 1 and the true length unless stated otherwise. */
export function buildWrapperFrame(spec: {
  readonly source: number;
  readonly destination: number;
  readonly apdu: Uint8Array;
  readonly version?: number;
  readonly length?: number;
}): Uint8Array {
  const { source, destination, apdu, version = 1, length = apdu.length } = spec;
  const header = new Uint8Array(HEADER);
  const view = new DataView(header.buffer);
  [version, source, destination, length].forEach((word, i) => {
    view.setUint16(2 * i, word & 0xffff);
  });
  return concat([header, apdu]);
}

/** The first frame of `bytes`; undefined while bytes are missing. */
export function parseWrapperFrame(bytes: Uint8Array): WrapperFrame | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getUint16(6);
  if (bytes.length < HEADER + length) return undefined;
  return {
    bytes: bytes.slice(0, HEADER + length),
    version: view.getUint16(0),
    source: view.getUint16(2),
    destination: view.getUint16(4),
    length,
    apdu: bytes.slice(HEADER, HEADER + length),
  };
}

export class WrapperSplitter {
  #held: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): WrapperFrame[] {
    this.#held = concat([this.#held, bytes]);
    const found: WrapperFrame[] = [];
    for (;;) {
      const frame = parseWrapperFrame(this.#held);
      if (frame === undefined) return found;
      found.push(frame);
      this.#held = this.#held.slice(frame.bytes.length);
    }
  }
}
