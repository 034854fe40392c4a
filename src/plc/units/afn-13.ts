import { address, counted, list, onlyIn, struct, u8, u16 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

export interface NodeRequest {
  readonly protocol: number;
  /** 1: the message depends on how long it is on its way, and the module asks again before it sends it (14F3). */
  readonly delayMatters: number;
  readonly attached: readonly string[];
  readonly message: Uint8Array;
}

export interface NodeAnswer {
  /** Seconds on the way up; 376.2 has no such field. */
  readonly upTimeS: number;
  readonly protocol: number;
  /** Empty when the meter has not answered. */
  readonly message: Uint8Array;
}

/** F1 and F2 differ in the width of the message's length alone. */
const routed = (fn: number, name: string, width: 1 | 2) =>
  defineUnit({
    afn: 0x13,
    fn,
    name,
    down: struct<NodeRequest>({
      protocol: u8,
      delayMatters: onlyIn('10376.2', u8, 0),
      attached: list(address),
      message: counted(width),
    }),
    up: struct<NodeAnswer>({
      upTimeS: onlyIn('10376.2', u16, 0),
      protocol: u8,
      message: counted(width),
    }),
  });

export const FORWARD_ROUTED = routed(1, 'forward by the router', 1);
export const FORWARD_ROUTED_LONG = routed(2, 'forward a long message by the router', 2);

export const AFN_13 = [FORWARD_ROUTED, FORWARD_ROUTED_LONG];
