import { address, bytes, counted, list, onlyIn, struct, u8, u16 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** What the concentrator answers to a router that asks what to read (14F1). */
export const READ_FLAG = { failed: 0, done: 1, read: 2 } as const;

export interface ReadRequest {
  readonly phase: number;
  readonly address: string;
  readonly sequence: number;
}

export interface ReadContent {
  /** One of `READ_FLAG`. */
  readonly flag: number;
  readonly delayMatters: number;
  readonly message: Uint8Array;
  readonly attached: readonly string[];
}

export const ASK_CONTENT = defineUnit({
  afn: 0x14,
  fn: 1,
  name: 'what to read',
  up: struct<ReadRequest>({ phase: u8, address, sequence: u16 }),
  down: struct<ReadContent>({
    flag: u8,
    delayMatters: onlyIn('10376.2', u8, 0),
    message: counted(1),
    attached: list(address),
  }),
});
/** Down: BCD second, minute, hour, day, month, year. */
export const ASK_TIME = defineUnit({ afn: 0x14, fn: 2, name: 'what time it is', down: bytes(6) });
export const ASK_CORRECTION = defineUnit({
  afn: 0x14,
  fn: 3,
  name: 'how a message reads after the delay',
  up: struct<{ address: string; delayS: number; message: Uint8Array }>({
    address,
    delayS: u16,
    message: counted(1),
  }),
  down: counted(1),
});

export const AFN_14 = [ASK_CONTENT, ASK_TIME, ASK_CORRECTION];
