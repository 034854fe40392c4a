import { concat, fromHex } from '../../../src/base/bytes.ts';
import { decodeFrame, encodeFrame } from '../../../src/plc/frame.ts';
import { createModuleMachine } from '../../../src/plc/module-machine.ts';
import type { LifeState } from '../../../src/plc/module-tables.ts';
import { FrameReceiver } from '../../../src/plc/receiver.ts';
import { decodeData, encodeData } from '../../../src/plc/unit.ts';
import { MODE } from '../../../src/plc/units/afn-03.ts';
import { UNITS } from '../../../src/plc/units/index.ts';
import { MODE_VALUE, report } from '../../plc/subject.ts';
import published from '../../vectors/plc-frames.json';
import { pieces } from '../mutator.ts';
import { Broken, type FuzzTarget } from '../target.ts';
import { feed } from './feed.ts';

const SEEDS: readonly Uint8Array[] = published.frames.map(({ hex }) => fromHex(hex));
const MAX_FRAME = 256;
const STARTED = encodeFrame(report(MODE, MODE_VALUE));
const METER = '222202005002';

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
  {
    name: 'machine of the PLC module',
    seeds: [concat([STARTED, ...SEEDS]), ...SEEDS],
    refuses: [],
    run(input, random) {
      const machine = createModuleMachine({ masterAddress: '129078563412', uartTimeoutMs: 100 });
      const nowMs = 0;
      machine.step({ on: 'command', command: { type: 'set-archive', nodes: [METER] } }, nowMs);
      machine.step({ on: 'command', command: { type: 'start' } }, nowMs);
      machine.step({ on: 'command', command: { type: 'topology', id: 't' } }, nowMs);
      for (let i = 0; i < 3; i++) {
        const bytes = random.bytes(4);
        machine.step(
          { on: 'command', command: { type: 'forward', id: `${i}`, address: METER, bytes } },
          nowMs,
        );
      }
      feed(machine, input, random);
      const ended: LifeState = 'off';
      if (machine.state !== ended || machine.traffic.flying + machine.traffic.waiting > 0) {
        throw new Broken(`it is ${machine.state} after the line is gone`);
      }
    },
  },
];
