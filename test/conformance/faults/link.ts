import { concat, equalBytes } from '../../../src/base/bytes.ts';
import {
  CONTROL,
  FrameSplitter,
  informationControl,
  kindOf,
  receiveNumber,
} from '../../../src/conformance/hdlc-frame.ts';
import { parameterField } from '../../../src/conformance/hdlc-parameters.ts';
import { WrapperSplitter } from '../../../src/conformance/wrapper-frame.ts';
import type { Breakage, Fault } from './broken-meter.ts';
import { heardFrames, rebuilt, repaired, sentFrames } from './mangling.ts';

const HDLC = { framing: 'hdlc', auth: 'none' } as const;
const WRAPPER = { framing: 'wrapper', auth: 'none' } as const;

/** The meter's own address, in the one octet that simulated TCP meters use. */
const OWN = Uint8Array.of(0x03);
const GREATEST = parameterField({ maxTransmit: 2030, maxReceive: 2030, windowTransmit: 7, windowReceive: 7 });

const always = (breakage: Breakage) => () => () => breakage;

/** Answers frames to other addresses as if they were its own. */
function impersonating(taken: (destination: Uint8Array) => boolean): () => () => Breakage {
  return () => () => {
    let asked: Uint8Array = OWN;
    return {
      toMeter: heardFrames((frame) => {
        asked = taken(frame.destination) ? frame.destination : OWN;
        return taken(frame.destination) ? rebuilt(frame, { destination: OWN }) : frame.bytes;
      }),
      fromMeter: sentFrames((frame) => rebuilt(frame, { source: asked })),
    };
  };
}

const wordAt = (bytes: Uint8Array, at: number, word: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? word >> 8 : i === at + 1 ? word & 0xff : byte));

export const LINK_FAULTS: readonly Fault[] = [
  {
    id: 'fcs-unchecked',
    title: 'Frames with a wrong FCS are taken',
    combination: HDLC,
    finds: ['HDLC_FRAME_N1'],
    plant: always({ toMeter: (bytes) => ({ forward: [repaired(bytes, 'frame')] }) }),
  },
  {
    id: 'hcs-unchecked',
    title: 'Frames with a wrong HCS are taken',
    combination: HDLC,
    finds: ['HDLC_FRAME_N2'],
    plant: always({ toMeter: (bytes) => ({ forward: [repaired(bytes, 'header')] }) }),
  },
  {
    id: 'fcs-wrong',
    title: 'Answers have a wrong check sequence',
    combination: HDLC,
    finds: ['HDLC_FRAME_P1'],
    plant: always({
      fromMeter: (bytes) => [bytes.map((byte, i) => (i === bytes.length - 2 ? byte ^ 0x10 : byte))],
    }),
  },
  {
    id: 'receiver-wedged',
    title: 'Half a frame stops the receiver for good',
    combination: HDLC,
    finds: ['HDLC_FRAME_N7', 'HDLC_FRAME_N8'],
    plant: () => () => {
      let wedged = false;
      return {
        toMeter(bytes) {
          const units = new FrameSplitter().push(bytes);
          wedged ||= units.length === 0 || units.some((unit) => 'noise' in unit);
          return wedged ? {} : { forward: [bytes] };
        },
      };
    },
  },
  {
    id: 'octets-lost',
    title: 'A frame that comes octet by octet is lost',
    combination: HDLC,
    finds: ['HDLC_FRAME_P4'],
    plant: always({
      toMeter: (bytes) =>
        new FrameSplitter().push(bytes).some((unit) => !('noise' in unit)) ? { forward: [bytes] } : {},
    }),
  },
  {
    id: 'any-logical-device',
    title: 'Frames to every logical device are answered',
    combination: HDLC,
    finds: ['HDLC_ADDRESS_N2'],
    plant: impersonating(
      (destination) => destination.length === 1 && destination[0] !== 0xff && destination[0] !== 1,
    ),
  },
  {
    id: 'broadcast-answered',
    title: 'SNRM to all stations is answered',
    combination: HDLC,
    finds: ['HDLC_ADDRESS_N3'],
    plant: impersonating((destination) => destination.length === 1 && destination[0] === 0xff),
  },
  {
    id: 'source-wrong',
    title: 'Answers come from another address',
    combination: HDLC,
    finds: ['HDLC_FRAME_P1', 'HDLC_ADDRESS_P1'],
    plant: always({ fromMeter: sentFrames((frame) => rebuilt(frame, { source: Uint8Array.of(0x21) })) }),
  },
  {
    id: 'link-of-others',
    title: 'DISC from another client ends the link',
    combination: HDLC,
    finds: ['HDLC_ADDRESS_N8'],
    plant: always({ toMeter: heardFrames((frame) => rebuilt(frame, { source: Uint8Array.of(0x03) })) }),
  },
  {
    id: 'more-than-asked',
    title: 'UA claims more than SNRM has offered',
    combination: HDLC,
    finds: ['HDLC_NDM2NRM_P1', 'HDLC_NDM2NRM_P2', 'HDLC_NDM2NRM_P4'],
    plant: always({
      fromMeter: sentFrames((frame) =>
        kindOf(frame.control) === 'ua' ? rebuilt(frame, { info: GREATEST }) : frame.bytes,
      ),
    }),
  },
  {
    id: 'segments-too-long',
    title: 'Segments are longer than UA has agreed',
    combination: HDLC,
    finds: ['HDLC_INFO_P4'],
    plant: () => () => {
      let asked: Uint8Array = new Uint8Array(0);
      return {
        toMeter: heardFrames((frame) => {
          if (kindOf(frame.control) !== 'snrm') return frame.bytes;
          asked = frame.info;
          return rebuilt(frame, { info: GREATEST });
        }),
        fromMeter: sentFrames((frame) =>
          kindOf(frame.control) === 'ua' ? rebuilt(frame, { info: asked }) : frame.bytes,
        ),
      };
    },
  },
  {
    id: 'no-disconnected-mode',
    title: 'What meets no link is answered by UA',
    combination: HDLC,
    finds: ['HDLC_NDMOP_N1', 'HDLC_NDMOP_N2', 'HDLC_NDMOP_N3'],
    plant: always({
      fromMeter: sentFrames((frame) =>
        kindOf(frame.control) === 'dm' ? rebuilt(frame, { control: CONTROL.ua }) : frame.bytes,
      ),
    }),
  },
  {
    id: 'sequence-unchecked',
    title: 'A frame out of sequence is served',
    combination: HDLC,
    finds: ['HDLC_INFO_N1'],
    plant: always({
      toMeter: heardFrames((frame) =>
        frame.control === informationControl(3, 0)
          ? rebuilt(frame, { control: informationControl(0, 0) })
          : frame.bytes,
      ),
    }),
  },
  {
    id: 'repeats-served',
    title: 'A repeated frame is served twice',
    combination: HDLC,
    finds: ['HDLC_INFO_N2'],
    plant: () => () => {
      let last: Uint8Array = new Uint8Array(0);
      return {
        toMeter: heardFrames((frame) => {
          const again = kindOf(frame.control) === 'i' && equalBytes(frame.bytes, last);
          last = frame.bytes;
          return again ? rebuilt(frame, { control: informationControl(1, 1) }) : frame.bytes;
        }),
      };
    },
  },
  {
    id: 'no-retransmission',
    title: 'What was not acknowledged is not sent again',
    combination: HDLC,
    finds: ['HDLC_INFO_P3'],
    plant: () => () => {
      let last: Uint8Array = new Uint8Array(0);
      return {
        fromMeter: sentFrames((frame) => {
          const again = equalBytes(frame.bytes, last);
          if (kindOf(frame.control) === 'i') last = frame.bytes;
          return again ? undefined : frame.bytes;
        }),
      };
    },
  },
  {
    id: 'not-ready-ignored',
    title: 'RNR does not stop the meter',
    combination: HDLC,
    finds: ['HDLC_INFO_P8'],
    plant: always({
      toMeter: heardFrames((frame) =>
        kindOf(frame.control) === 'rnr' ? rebuilt(frame, { control: frame.control & ~0x04 }) : frame.bytes,
      ),
    }),
  },
  {
    id: 'llc-of-requests',
    title: 'Answers have the LLC bytes of requests',
    combination: HDLC,
    finds: ['HDLC_INFO_P1'],
    plant: always({
      fromMeter: sentFrames((frame) =>
        kindOf(frame.control) === 'i' && frame.info[0] === 0xe6
          ? rebuilt(frame, { info: concat([Uint8Array.of(0xe6, 0xe6, 0), frame.info.subarray(3)]) })
          : frame.bytes,
      ),
    }),
  },
  {
    id: 'final-bit-missing',
    title: 'RR has no final bit',
    combination: HDLC,
    finds: ['HDLC_INFO_P2'],
    plant: always({
      fromMeter: sentFrames((frame) =>
        kindOf(frame.control) === 'rr'
          ? rebuilt(frame, { control: (receiveNumber(frame.control) << 5) | 1 })
          : frame.bytes,
      ),
    }),
  },
  {
    id: 'wrapper-version-unchecked',
    title: 'A wrapper header of any version is served',
    combination: WRAPPER,
    finds: ['WRAPPER_N1'],
    plant: always({ toMeter: (bytes) => ({ forward: [bytes.length < 8 ? bytes : wordAt(bytes, 0, 1)] }) }),
  },
  {
    id: 'wrapper-any-server',
    title: 'Every server wPort is served',
    combination: WRAPPER,
    finds: ['WRAPPER_N2'],
    plant: always({ toMeter: (bytes) => ({ forward: [bytes.length < 8 ? bytes : wordAt(bytes, 4, 1)] }) }),
  },
  {
    id: 'wrapper-ports-wrong',
    title: 'The answer names another wPort',
    combination: WRAPPER,
    finds: ['WRAPPER_P1'],
    plant: always({ fromMeter: (bytes) => [wordAt(bytes, 4, 0x77)] }),
  },
  {
    id: 'wrapper-one-a-segment',
    title: 'The second request of a segment is lost',
    combination: WRAPPER,
    finds: ['WRAPPER_P4'],
    plant: always({
      toMeter(bytes) {
        const [first, second] = new WrapperSplitter().push(bytes);
        return { forward: [first !== undefined && second !== undefined ? first.bytes : bytes] };
      },
    }),
  },
  {
    id: 'wrapper-header-in-pieces',
    title: 'A header in pieces is lost',
    combination: WRAPPER,
    finds: ['WRAPPER_P2'],
    plant: always({
      toMeter: (bytes) => (new WrapperSplitter().push(bytes).length > 0 ? { forward: [bytes] } : {}),
    }),
  },
];
