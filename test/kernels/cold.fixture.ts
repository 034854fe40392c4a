/** Run as a process of its own: every kernel on the same data from its first call to well past the last compiler. */

import { SeededRandom } from '../../src/base/random.ts';
import { crc16, createGcmKey, createHdlcDeframer, decodeProfile, warmUp } from '../../src/kernels/index.ts';
import { frameOf } from './hdlc-samples.ts';

const random = new SeededRandom(1);
const frame = frameOf({ info: random.bytes(150) });
const rows = Uint8Array.fromHex(`0103${'0203090c07ea0b1607000f0000ffc40011070600000001'.repeat(3)}`);
const [secret, iv, aad, plain] = [random.bytes(16), random.bytes(12), random.bytes(17), random.bytes(100)];

function once(): string {
  const key = createGcmKey(secret);
  const sealed = key.seal(iv, aad, plain, 12);
  const opened = key.open(iv, aad, sealed, 12);
  key.release();
  const frames = createHdlcDeframer({ maxFrameLength: 2047 }).push(frame);
  const { columns, status } = decodeProfile(rows, ['date-time', 'number', 'number']);
  return JSON.stringify([
    crc16(frame),
    sealed.toHex(),
    opened?.toHex(),
    frames.length,
    frames[0]?.info.toHex(),
    status,
    columns,
  ]);
}

/** What the process prints when nothing differed. */
export const VERDICT = 'cold = warm';

if (import.meta.main) {
  const cold = once();
  for (let i = 0; i < 1500; i++) {
    if (once() !== cold) throw new Error(`call ${i} differs from the first one`);
    if (i === 700) warmUp();
  }
  console.log(VERDICT);
}
