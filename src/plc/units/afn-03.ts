import { address, bytes, digits, letters, mapped, rest, struct, u8, u16 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** Who made the module. */
export interface ModuleVersion {
  /** Two letters each. */
  readonly vendor: string;
  readonly chip: string;
  /** Six digits: year, month, day. */
  readonly date: string;
  /** Four digits. */
  readonly version: string;
}

const version = { vendor: letters(2), chip: letters(2), date: digits(3), version: digits(2) };

/** What the module says of itself (03F10), asked or when it has started. */
export interface ModuleMode extends ModuleVersion {
  /** Six bytes of flags, as sent. */
  readonly modeWord: Uint8Array;
  readonly monitorTimeoutS: number;
  readonly broadcastTimeoutS: number;
  /** Longest frame and longest piece of a file that it takes, bytes. */
  readonly maxFrame: number;
  readonly maxFilePacket: number;
  readonly upgradeWaitMin: number;
  readonly masterAddress: string;
  readonly maxNodes: number;
  readonly nodes: number;
  /** Dates of the standard's release and filing, three bytes as sent: modules do not agree on their order. */
  readonly released: Uint8Array;
  readonly filed: Uint8Array;
  readonly rates: readonly LineRate[];
}

export interface LineRate {
  readonly rate: number;
  readonly inKilobits: boolean;
}

/** As many words as there are; a byte too much is left to the manufacturer. */
const rates = mapped(
  rest,
  (all): readonly LineRate[] =>
    Array.from({ length: all.length >> 1 }, (_, i) => {
      const word = (all[2 * i] ?? 0) | ((all[2 * i + 1] ?? 0) << 8);
      return { rate: word & 0x7fff, inKilobits: word > 0x7fff };
    }),
  (all) =>
    Uint8Array.from(
      all.flatMap(({ rate, inKilobits }) => [rate & 0xff, ((rate >> 8) & 0x7f) | (inKilobits ? 0x80 : 0)]),
    ),
);

export const VERSION = defineUnit({
  afn: 0x03,
  fn: 1,
  name: 'vendor and version',
  up: struct<ModuleVersion>(version),
});
export const MASTER_ADDRESS = defineUnit({
  afn: 0x03,
  fn: 4,
  name: 'address of the master node',
  up: address,
});
export const MODE = defineUnit({
  afn: 0x03,
  fn: 10,
  name: 'mode of the module',
  up: struct<ModuleMode>({
    modeWord: bytes(6),
    monitorTimeoutS: u8,
    broadcastTimeoutS: u16,
    maxFrame: u16,
    maxFilePacket: u16,
    upgradeWaitMin: u8,
    masterAddress: address,
    maxNodes: u16,
    nodes: u16,
    released: bytes(3),
    filed: bytes(3),
    ...version,
    rates,
  }),
});
export const BAND = defineUnit({ afn: 0x03, fn: 16, name: 'frequency band', up: u8 });

export const AFN_03 = [VERSION, MASTER_ADDRESS, MODE, BAND];
