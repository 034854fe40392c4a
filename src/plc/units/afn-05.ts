import { address, counted, struct, u8 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** Baud rates of the UART by the number that 05F10 has for them. */
export const BAUD_RATES = [9600, 19_200, 38_400, 57_600, 115_200] as const;

/** Frequency bands by the number that 05F16 and 03F16 have for them, MHz. */
export const BANDS = [
  [1.953, 11.96],
  [2.441, 5.615],
  [0.781, 2.93],
  [1.758, 2.93],
] as const;

export const SET_MASTER_ADDRESS = defineUnit({
  afn: 0x05,
  fn: 1,
  name: 'set address of the master node',
  down: address,
});
/** Down: 1 = nodes may report. */
export const ALLOW_REPORTS = defineUnit({ afn: 0x05, fn: 2, name: 'allow reports of nodes', down: u8 });
export const BROADCAST = defineUnit({
  afn: 0x05,
  fn: 3,
  name: 'broadcast',
  down: struct<{ control: number; message: Uint8Array }>({ control: u8, message: counted(1) }),
});
/** Down: index in `BAUD_RATES`. */
export const SET_BAUD_RATE = defineUnit({ afn: 0x05, fn: 10, name: 'set baud rate', down: u8 });
/** Down: index in `BANDS`. */
export const SET_BAND = defineUnit({ afn: 0x05, fn: 16, name: 'set frequency band', down: u8 });

export const AFN_05 = [SET_MASTER_ADDRESS, ALLOW_REPORTS, BROADCAST, SET_BAUD_RATE, SET_BAND];
