/**
 * The information field R of a frame: six bytes that mean different things in each direction (Q/GDW 10376.2,
 * information field).
 */

/** From the concentrator to the module. */
export interface DownInformation {
  /** R1 D0: the frame goes past the router. */
  readonly bypassRouter: boolean;
  /** R1 D1: for a node attached to another one. */
  readonly subNode: boolean;
  /** R1 D2: the frame is for a meter's communication unit; it has addresses then. */
  readonly toNode: boolean;
  /** R1 D3. */
  readonly collisionDetection: boolean;
  /** R1 D7-4: number of relays in the address field, 0 to 15. */
  readonly relays: number;
  /** R2 D3-0: 0 = any. */
  readonly channel: number;
  /** R2 D7-4: 0 = none. */
  readonly errorCorrection: number;
  /** R3: bytes that the answer is expected to have; 0 = not known. */
  readonly expectedReply: number;
  /** R4-5, 15 bits; 0 = default. */
  readonly rate: number;
  readonly rateInKilobits: boolean;
  readonly sequence: number;
}

/** From the module to the concentrator. */
export interface UpInformation {
  /** R1 D0: the module works with a router; it is 0 where it does. */
  readonly bypassRouter: boolean;
  readonly toNode: boolean;
  readonly relays: number;
  /** R2 D3-0. */
  readonly channel: number;
  /** R3 D3-0: 1 to 3; 0 = not known. */
  readonly phase: number;
  /** R3 D7-4: channel feature of the meter. */
  readonly meterChannel: number;
  /** R4 D3-0 and D7-4: signal quality of the last command and of the last reply, 1 (worst) to 15; 0 = not known. */
  readonly commandQuality: number;
  readonly replyQuality: number;
  /** R5 D0: nodes have events to report. */
  readonly event: boolean;
  readonly sequence: number;
}

export const INFORMATION_LENGTH = 6;

const bit = (value: boolean, position: number): number => (value ? 1 << position : 0);
const low = (byte: number): number => byte & 0x0f;
const high = (byte: number): number => byte >> 4;
const nibbles = (lower: number, upper: number): number => low(lower) | (low(upper) << 4);

/** Plain information for a frame with this sequence number; `toNode` when it has addresses. */
export function downInformation(sequence: number, toNode = false): DownInformation {
  return {
    bypassRouter: false,
    subNode: false,
    toNode,
    collisionDetection: false,
    relays: 0,
    channel: 0,
    errorCorrection: 0,
    expectedReply: 0,
    rate: 0,
    rateInKilobits: false,
    sequence,
  };
}

/** The same from the module's side. */
export function upInformation(sequence: number, toNode = false): UpInformation {
  return {
    bypassRouter: false,
    toNode,
    relays: 0,
    channel: 0,
    phase: 0,
    meterChannel: 0,
    commandQuality: 0,
    replyQuality: 0,
    event: false,
    sequence,
  };
}

/** Six bytes. */
export function encodeDown(info: DownInformation): number[] {
  return [
    bit(info.bypassRouter, 0) |
      bit(info.subNode, 1) |
      bit(info.toNode, 2) |
      bit(info.collisionDetection, 3) |
      nibbles(0, info.relays),
    nibbles(info.channel, info.errorCorrection),
    info.expectedReply & 0xff,
    info.rate & 0xff,
    ((info.rate >> 8) & 0x7f) | bit(info.rateInKilobits, 7),
    info.sequence & 0xff,
  ];
}

export function encodeUp(info: UpInformation): number[] {
  return [
    bit(info.bypassRouter, 0) | bit(info.toNode, 2) | nibbles(0, info.relays),
    nibbles(info.channel, 0),
    nibbles(info.phase, info.meterChannel),
    nibbles(info.commandQuality, info.replyQuality),
    bit(info.event, 0),
    info.sequence & 0xff,
  ];
}

/** The six bytes at `at`, which must be there. */
export function decodeDown(bytes: Uint8Array, at: number): DownInformation {
  const [r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0] = bytes.subarray(at, at + INFORMATION_LENGTH);
  return {
    bypassRouter: (r1 & 1) !== 0,
    subNode: (r1 & 2) !== 0,
    toNode: (r1 & 4) !== 0,
    collisionDetection: (r1 & 8) !== 0,
    relays: high(r1),
    channel: low(r2),
    errorCorrection: high(r2),
    expectedReply: r3,
    rate: r4 | ((r5 & 0x7f) << 8),
    rateInKilobits: (r5 & 0x80) !== 0,
    sequence: r6,
  };
}

export function decodeUp(bytes: Uint8Array, at: number): UpInformation {
  const [r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0] = bytes.subarray(at, at + INFORMATION_LENGTH);
  return {
    bypassRouter: (r1 & 1) !== 0,
    toNode: (r1 & 4) !== 0,
    relays: high(r1),
    channel: low(r2),
    phase: low(r3),
    meterChannel: high(r3),
    commandQuality: low(r4),
    replyQuality: high(r4),
    event: (r5 & 1) !== 0,
    sequence: r6,
  };
}
