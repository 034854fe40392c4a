import { address, bytes, list, onlyIn, struct, u8, u16 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

export interface NodeEntry {
  readonly address: string;
  /** Place in the archive; 376.2 alone has the field. */
  readonly sequence: number;
  readonly protocol: number;
}

export interface Registration {
  /** BCD: second, minute, hour, day, month, year. */
  readonly start: Uint8Array;
  readonly minutes: number;
  readonly retries: number;
  /** Of 150 ms, among which nodes choose one by chance. */
  readonly slots: number;
}

export const ADD_NODES = defineUnit({
  afn: 0x11,
  fn: 1,
  name: 'add nodes',
  down: list(struct<NodeEntry>({ address, sequence: onlyIn('376.2', u16, 0), protocol: u8 })),
});
export const DELETE_NODES = defineUnit({ afn: 0x11, fn: 2, name: 'delete nodes', down: list(address) });
export const START_REGISTRATION = defineUnit({
  afn: 0x11,
  fn: 5,
  name: 'start registration of nodes',
  down: struct<Registration>({ start: bytes(6), minutes: u16, retries: u8, slots: u8 }),
});
export const STOP_REGISTRATION = defineUnit({ afn: 0x11, fn: 6, name: 'stop registration of nodes' });

export const AFN_11 = [ADD_NODES, DELETE_NODES, START_REGISTRATION, STOP_REGISTRATION];
