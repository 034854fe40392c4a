import type { FrameParts } from './hdlc-samples.ts';
import { frameOf } from './hdlc-samples.ts';
import { createPlainGcmKey } from './reference/gcm.ts';

export interface Meter {
  readonly source: readonly [number, 1 | 2 | 4];
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  readonly title: Uint8Array;
}

export interface Cover {
  readonly counter: number;
  readonly control?: number;
  readonly tag?: 'general-glo' | 'glo-get';
  readonly tagLength?: 12 | 16;
  readonly llc?: boolean;
  readonly frame?: FrameParts;
}

/** An APDU protected by hand with the plain reference, in one frame. */
export function cipheredFrame(meter: Meter, plain: Uint8Array, cover: Cover): Uint8Array {
  const { counter, control = 0x30, tag = 'general-glo', tagLength = 12, llc = true } = cover;
  const counterBytes = new Uint8Array(4);
  new DataView(counterBytes.buffer).setUint32(0, counter);
  const sealed = createPlainGcmKey(meter.encryption).seal(
    Uint8Array.of(...meter.title, ...counterBytes),
    Uint8Array.of(control, ...meter.authentication),
    plain,
    tagLength,
  );
  const length = 5 + sealed.length;
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  const info = Uint8Array.of(
    ...(llc ? [0xe6, 0xe7, 0x00] : []),
    ...(tag === 'general-glo' ? [0xdb, 8, ...meter.title] : [0xcc]),
    ...lengthBytes,
    control,
    ...counterBytes,
    ...sealed,
  );
  return frameOf({ source: meter.source, ...cover.frame, info });
}
