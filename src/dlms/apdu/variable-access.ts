import type { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import { type RawSelection, readDataBytes } from './fields.ts';

/** What a READ or WRITE is about: a variable by its short name, whole or with parameters. */
export type VariableReference =
  | { readonly type: 'variable-name'; readonly name: number }
  /** A part of an attribute, or a method that returns something. */
  | { readonly type: 'parameterized-access'; readonly name: number; readonly selection: RawSelection };

/**
 * Variable-Access-Specification (Green Book 9.5): names and block numbers have 16 bits. The choices of block
 * transfer stand alone in their list.
 */
export type VariableAccess =
  | VariableReference
  /** READ: the block of this number has arrived, the next one is wanted. */
  | { readonly type: 'block-number-access'; readonly blockNumber: number }
  /** READ: a piece of a list of variables that does not fit one APDU. */
  | {
      readonly type: 'read-data-block-access';
      readonly last: boolean;
      readonly blockNumber: number;
      readonly raw: Uint8Array;
    }
  /** WRITE: the piece itself is the only element of the list of data, an octet-string. */
  | { readonly type: 'write-data-block-access'; readonly last: boolean; readonly blockNumber: number };

const CHOICES = {
  'variable-name': 2,
  'parameterized-access': 4,
  'block-number-access': 5,
  'read-data-block-access': 6,
  'write-data-block-access': 7,
} as const satisfies Record<VariableAccess['type'], number>;

export function writeVariableAccess(writer: ByteWriter, access: VariableAccess): void {
  writer.u8(CHOICES[access.type]);
  switch (access.type) {
    case 'variable-name':
      writer.u16(access.name);
      break;
    case 'parameterized-access':
      writer.u16(access.name).u8(access.selection.selector).put(access.selection.parameters);
      break;
    case 'block-number-access':
      writer.u16(access.blockNumber);
      break;
    case 'read-data-block-access':
      writer.u8(access.last ? 1 : 0).u16(access.blockNumber);
      writeOctets(writer, access.raw);
      break;
    case 'write-data-block-access':
      writer.u8(access.last ? 1 : 0).u16(access.blockNumber);
      break;
  }
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. Detailed access (3) is not used in COSEM. */
export function readVariableAccess(reader: ByteReader): VariableAccess {
  const at = reader.offset;
  const choice = reader.u8('variable-access-specification');
  switch (choice) {
    case CHOICES['variable-name']:
      return { type: 'variable-name', name: reader.u16('short name') };
    case CHOICES['parameterized-access']: {
      const name = reader.u16('short name');
      const selector = reader.u8('selector');
      return {
        type: 'parameterized-access',
        name,
        selection: { selector, parameters: readDataBytes(reader) },
      };
    }
    case CHOICES['block-number-access']:
      return { type: 'block-number-access', blockNumber: reader.u16('block number') };
    case CHOICES['read-data-block-access']:
      return {
        type: 'read-data-block-access',
        last: reader.u8('last-block') !== 0,
        blockNumber: reader.u16('block number'),
        raw: readOctets(reader, 'raw-data'),
      };
    case CHOICES['write-data-block-access']:
      return {
        type: 'write-data-block-access',
        last: reader.u8('last-block') !== 0,
        blockNumber: reader.u16('block number'),
      };
    default:
      throw new DcuError('apdu-invalid', `no variable access has choice ${choice}`, { offset: at });
  }
}
