import { address, counted, struct, u8 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** Down: seconds for which the module sends a pattern; 0 ends it. */
export const SEND_TEST = defineUnit({ afn: 0x04, fn: 1, name: 'send test', down: u8 });
export const ROLL_CALL = defineUnit({ afn: 0x04, fn: 2, name: 'roll call of nodes' });
export const MESSAGE_TEST = defineUnit({
  afn: 0x04,
  fn: 3,
  name: 'message test',
  down: struct<{ rate: number; destination: string; protocol: number; message: Uint8Array }>({
    rate: u8,
    destination: address,
    protocol: u8,
    message: counted(1),
  }),
});

export const AFN_04 = [SEND_TEST, ROLL_CALL, MESSAGE_TEST];
