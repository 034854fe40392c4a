import { describe, expect, test } from 'bun:test';
import { ByteWriter, toHex } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import { integerField } from '../../src/dlms/apdu/acse.ts';
import type { GeneralBlock } from '../../src/dlms/apdu/general-block-transfer.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import { writeLength } from '../../src/dlms/axdr-length.ts';
import { IncomingBlocks } from '../../src/dlms/cosem/incoming-blocks.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { deltaOf } from '../../src/dlms/delta-values.ts';

/** The last value on one side of a limit, and the first on the other. */
describe('limits', () => {
  test.each([
    [0x7f, '7f'],
    [0x80, '8180'],
    [0xff, '81ff'],
    [0x100, '820100'],
    [0xffff, '82ffff'],
    [0x10000, '83010000'],
    [0xffffff, '83ffffff'],
    [0x1000000, '8401000000'],
  ])('a length of %i takes its shortest form', (length, hex) => {
    const writer = new ByteWriter();
    writeLength(writer, length);
    expect(toHex(writer.done())).toBe(hex);
  });

  test('an identifier has 15 bits', () => {
    expect(toHex(integerField(0x7fff))).toEndWith('7fff');
    expect(() => integerField(0x8000)).toThrow(DcuError);
    expect(() => integerField(-1)).toThrow(DcuError);
  });

  const block = (blockNumber: number, length: number, last = false): GeneralBlock => ({
    last,
    streaming: false,
    window: 1,
    blockNumber,
    blockNumberAck: 0,
    data: new Uint8Array(length),
  });

  test('a message may be as long as its limit, and not longer', () => {
    new IncomingBlocks(0, 100).add(block(1, 100, true));
    expect(() => new IncomingBlocks(0, 100).add(block(1, 101, true))).toThrow(
      expect.objectContaining({ code: 'apdu-too-long' }),
    );
  });

  test('crumbs are taken for a while: sixty-three blocks of nearly nothing, and not one more', () => {
    const blocks = new IncomingBlocks(0, 10_000);
    for (let number = 1; number < 64; number++) blocks.add(block(number, 1));
    expect(() => blocks.add(block(64, 1))).toThrow(expect.objectContaining({ code: 'apdu-invalid' }));
  });

  test.each([
    [-128, 2],
    [-129, 3],
    [127, 2],
    [255, 2],
    [256, 3],
    [-32_768, 3],
    [32_767, 3],
    [65_535, 3],
    [65_536, 5],
  ])('a difference of %i takes %i bytes', (difference, bytes) => {
    const at = (value: number): DlmsData => ({ type: 'double-long', value });
    expect(encodeData(deltaOf(at(1_000_000), at(1_000_000 + difference)))).toHaveLength(bytes);
  });
});
