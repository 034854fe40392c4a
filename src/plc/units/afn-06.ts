import { address, counted, list, onlyIn, struct, u8, u16 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

export interface ReportedNode {
  readonly address: string;
  readonly protocol: number;
  /** Place in the router's list. */
  readonly sequence: number;
}

export interface ReportedDevice extends ReportedNode {
  /** 0 collector, 1 meter. */
  readonly deviceType: number;
  /** Nodes attached to it, and how many of them this report carries. */
  readonly total: number;
  readonly attached: readonly { readonly address: string; readonly protocol: number }[];
}

export interface ReportedData {
  readonly sequence: number;
  readonly protocol: number;
  /** Seconds on the way; 0 in 376.2, which has no such field. */
  readonly upTimeS: number;
  readonly message: Uint8Array;
}

export interface ReportedEvent {
  readonly deviceType: number;
  /** 4 = power, 5 = rejected nodes, else the protocol of the message. */
  readonly protocol: number;
  readonly message: Uint8Array;
}

/** What 06F3 says has come to its end. */
export const FINISHED_WORK = { reading: 1, search: 2, district: 3 } as const;

const node = { address, protocol: u8, sequence: u16 };

export const NODES_REPORT = defineUnit({
  afn: 0x06,
  fn: 1,
  name: 'nodes found',
  up: list(struct<ReportedNode>(node)),
});
export const DATA_REPORT = defineUnit({
  afn: 0x06,
  fn: 2,
  name: 'data read',
  up: struct<ReportedData>({
    sequence: u16,
    protocol: u8,
    upTimeS: onlyIn('10376.2', u16, 0),
    message: counted(1),
  }),
});
export const WORK_REPORT = defineUnit({ afn: 0x06, fn: 3, name: 'work of the router finished', up: u8 });
export const DEVICES_REPORT = defineUnit({
  afn: 0x06,
  fn: 4,
  name: 'devices found',
  up: list(
    struct<ReportedDevice>({
      ...node,
      deviceType: u8,
      total: u8,
      attached: list(struct<{ address: string; protocol: number }>({ address, protocol: u8 })),
    }),
  ),
});
export const EVENT_REPORT = defineUnit({
  afn: 0x06,
  fn: 5,
  name: 'event of a node',
  up: struct<ReportedEvent>({ deviceType: u8, protocol: u8, message: counted(1) }),
});

export const AFN_06 = [NODES_REPORT, DATA_REPORT, WORK_REPORT, DEVICES_REPORT, EVENT_REPORT];
