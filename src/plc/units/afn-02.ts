import { counted, struct, u8 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** Protocol of a message that is carried: what the module may look into. */
export const MESSAGE_PROTOCOL = {
  transparent: 0,
  'dlt645-1997': 1,
  'dlt645-2007': 2,
  'dlt698.45': 3,
} as const;

export interface CarriedMessage {
  /** One of `MESSAGE_PROTOCOL`; DLMS goes as transparent. */
  readonly protocol: number;
  readonly message: Uint8Array;
}

const carried = struct<CarriedMessage>({ protocol: u8, message: counted(1) });

export const FORWARD = defineUnit({
  afn: 0x02,
  fn: 1,
  name: 'forward without router',
  down: carried,
  up: carried,
});

export const AFN_02 = [FORWARD];
