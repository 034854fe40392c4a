import { counted, struct, u8, u16, u32 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** Whom a file is for. */
export const FILE_TARGET = { clear: 0, module: 3, all: 7, stations: 8 } as const;

export interface FilePiece {
  /** One of `FILE_TARGET`. */
  readonly fileId: number;
  /** 1 = the last piece. */
  readonly attribute: number;
  readonly command: number;
  readonly total: number;
  /** From 0 on. */
  readonly piece: number;
  readonly data: Uint8Array;
}

/** The module's answer to a piece that it does not take. */
export const PIECE_ERROR = 0xffffffff;

export const FILE = defineUnit({
  afn: 0x15,
  fn: 1,
  name: 'piece of a file',
  down: struct<FilePiece>({
    fileId: u8,
    attribute: u8,
    command: u8,
    total: u16,
    piece: u32,
    data: counted(2),
  }),
  /** The piece that was taken, or `PIECE_ERROR`. */
  up: u32,
});

export const AFN_15 = [FILE];
