import { counted, struct, u8 } from '../codec.ts';
import { defineUnit } from '../unit.ts';
import type { CarriedMessage } from './afn-02.ts';

/** Many meters at once; the address field names the meter in both directions. */
export const READ_CONCURRENT = defineUnit({
  afn: 0xf1,
  fn: 1,
  name: 'concurrent reading',
  down: struct<CarriedMessage & { readonly reserved: number }>({
    protocol: u8,
    reserved: u8,
    message: counted(2),
  }),
  up: struct<CarriedMessage>({ protocol: u8, message: counted(2) }),
});

export const AFN_F1 = [READ_CONCURRENT];
