import { concat, fromHex } from '../../../src/base/bytes.ts';
import { decodeFrame, encodeFrame } from '../../../src/plc/frame.ts';
import { FrameReceiver } from '../../../src/plc/receiver.ts';
import { decodeData, encodeData } from '../../../src/plc/unit.ts';
import { UNITS } from '../../../src/plc/units/index.ts';
import published from '../../vectors/plc-frames.json';
import { pieces } from '../mutator.ts';
import { Broken, type FuzzTarget } from '../target.ts';

const SEEDS: readonly Uint8Array[] = published.frames.map(({ hex }) => fromHex(hex));
const MAX_FRAME = 256;

export const PLC_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'frame of the PLC module',
    seeds: SEEDS,
    refuses: ['frame-corrupt', 'link-protocol'],
    run(input) {
      const again = encodeFrame(decodeFrame(input));
      // Reserved bits of the information field are not kept.
      if (again.length !== input.length) throw new Broken('a frame has changed its length');
    },
  },
  {
    name: 'data units of the PLC module',
    seeds: SEEDS.map((frame) => decodeFrame(frame).data),
    refuses: ['truncated', 'overflow', 'link-protocol'],
    run(input, random) {
      const unit = UNITS.all[Math.floor(random.next() * UNITS.all.length)];
      if (unit === undefined) return;
      const codec = random.next() < 0.5 ? unit.up : unit.down;
      const edition = random.next() < 0.5 ? '376.2' : '10376.2';
      const { value, trailing } = decodeData(codec, input, edition);
      if (encodeData(codec, value, edition).length > input.length - trailing) {
        throw new Broken('a value is longer than what it was read from');
      }
    },
  },
  {
    name: 'receiver of the PLC module',
    seeds: [concat(SEEDS), ...SEEDS],
    refuses: [],
    run(input, random) {
      const whole = new FrameReceiver(MAX_FRAME);
      const cut = new FrameReceiver(MAX_FRAME);
      const expected = whole.push(input).length;
      const found = pieces(input, random).flatMap((piece) => cut.push(piece)).length;
      if (found !== expected) throw new Broken(`${found} frames in pieces, ${expected} at once`);
      if (cut.giveUp().length !== whole.giveUp().length) throw new Broken('the rest differs');
    },
  },
];
