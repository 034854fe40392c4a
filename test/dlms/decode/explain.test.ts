import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { partsOfApdu } from '../../../src/dlms/decode/grammar/apdu.ts';
import type { Part } from '../../../src/dlms/decode/grammar/part.ts';
import { decodeTelegram, explainLines, explainTelegram, xmlOf } from '../../../src/dlms/decode/index.ts';
import { encodeFrame, unnumberedControl } from '../../../src/dlms/link/frame.ts';
import { APDU_SEEDS } from '../../fuzz/targets/seeds.ts';
import apduXml from '../../vectors/apdu-xml.json';
import frames from '../../vectors/meter-push-frames.json';
import { keysOfVector, withKeys } from './keys.ts';

const NO_KEYS = withKeys({});
const explained = (hex: string, keys = NO_KEYS) =>
  explainTelegram(fromHex(hex), { transport: 'auto', ...keys });

/** Leaves in order; every part must lie in the one around it, behind the one before it. */
function leavesOf(part: Part, from: number, to: number): Part[] {
  expect({ name: part.name, inside: part.from >= from && part.to <= to }).toEqual({
    name: part.name,
    inside: true,
  });
  const leaves: Part[] = [];
  let at = part.from;
  // Bits of one field share its bytes.
  const shared = part.name.endsWith('conformance');
  for (const child of part.children) {
    leaves.push(...leavesOf(child, shared ? part.from : at, part.to));
    at = child.to;
  }
  return part.children.length === 0 ? [part] : leaves;
}

describe('the grammar of APDUs', () => {
  for (const bytes of APDU_SEEDS) {
    test(`${bytes.toHex().slice(0, 24)}: ranges are nested, in order, and end where the APDU ends`, () => {
      const tree = partsOfApdu(bytes);
      expect([tree.from, tree.to]).toEqual([0, bytes.length]);
      const leaves = leavesOf(tree, 0, bytes.length);
      expect(leaves.at(-1)?.to).toBe(bytes.length);
    });

    test(`${bytes.toHex().slice(0, 24)}: every truncation is refused, or known by its cut`, () => {
      for (let length = 0; length < bytes.length; length++) {
        try {
          partsOfApdu(bytes.subarray(0, length));
        } catch (error) {
          expect(error).toBeInstanceOf(DcuError);
          if (error instanceof DcuError) expect(error.offset).toBeLessThanOrEqual(length);
        }
      }
    });
  }

  test('a leaf says what its bytes say', () => {
    const [tree] = explained('c001c100080000010000ff0200').apdus;
    const form = tree?.children[0];
    expect(form?.name).toBe('get-request-normal');
    expect(form?.children.map(({ name, value, meaning }) => [name, value, meaning])).toEqual([
      ['invoke-id-and-priority', '193', 'id 1, confirmed, high priority'],
      ['cosem-attribute-descriptor', undefined, undefined],
      ['access-selection', 'absent', undefined],
    ]);
    const attribute = form?.children[1];
    expect(attribute?.children.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['class-id', 3, 5],
      ['instance-id', 5, 11],
      ['attribute-id', 11, 12],
    ]);
    expect(attribute?.children[0]?.meaning).toBe('Clock');
    expect(attribute?.children[2]?.meaning).toBe('time');
  });
});

/** Where the tool's names are not the standard's, or its numbers not hexadecimal as everywhere else: differences on purpose. */
const OTHER_NAMES: readonly (readonly [theirs: string, ours: string])[] = [
  ['UnmatchedType', 'TypeUnmatched'],
  ['UndefinedObject', 'ObjectUndefined'],
  ['InconsistentClass', 'ObjectClassInconsistent'],
  ['UnavailableObject', 'ObjectUnavailable'],
  ['"AccessViolated', '"ScopeOfAccessViolated'],
  ['NoLongGetOrReadInProgress', 'NoLongGetInProgress'],
  ['NoLongSetOrWriteInProgress', 'NoLongSetInProgress'],
  ['LongGetOrReadAborted', 'LongGetAborted'],
  ['LongSetOrWriteAborted', 'LongSetAborted'],
  ['"Urgent"', '"NotFinished"'],
  ['ParameterisedAccess', 'ParameterizedAccess'],
  ['<BCD ', '<BinaryCodedDecimal '],
  ['Qty="2"', 'Qty="02"'],
];

describe('the usual XML', () => {
  const normal = (xml: string): string =>
    xml
      .replaceAll(/<!--.*?-->/g, '')
      .replaceAll(/\s*\n\s*/g, '\n')
      .trim();

  const inOurNames = (xml: string): string =>
    OTHER_NAMES.reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), xml);

  for (const { hex, xml } of apduXml.vectors) {
    test(`${hex.slice(0, 60)}: as another tool writes it`, () => {
      // An element without content may be written in two ways.
      const folded = inOurNames(xml).replaceAll(/<(\w+)([^<>]*)>\n<\/\1>/g, '<$1$2 />');
      expect(normal(xmlOf(explained(hex).apdus))).toBe(folded);
    });
  }

  test('text is escaped', () => {
    expect(xmlOf(explained(`c401c1000a05${new TextEncoder().encode('<"&>\u0001').toHex()}`).apdus)).toContain(
      'Value="&lt;&quot;&amp;>\ufffd"',
    );
  });
});

describe('frames', () => {
  test('of a real meter, down to the tag', () => {
    const vector = frames.vectors.find(({ id }) => id === 'hdlc_kamstrup_omnipower');
    if (vector === undefined) throw new Error('the vector is gone');
    const keyed = explained(vector.hex, withKeys(keysOfVector(vector)));
    const lines = explainLines(keyed).join('\n');
    expect(lines).toContain('header check sequence');
    expect(lines).toContain('suite 0, authenticated and encrypted');
    expect(lines).toContain('deciphered');
    expect(lines).toContain('data-notification');
    const blind = explainLines(explained(vector.hex)).join('\n');
    expect(blind).toContain('not deciphered: the APDU is ciphered: the encryption key is needed');
    expect(blind).not.toContain('data-notification');
  });

  test('a frame without an APDU is explained too', () => {
    const frame = encodeFrame({
      destination: { value: 1, bytes: 1 },
      source: { value: 16, bytes: 1 },
      control: unnumberedControl('snrm', true),
    });
    const { frames: snrm, apdus } = explained(frame.toHex());
    expect(apdus).toEqual([]);
    expect(snrm[0]?.meaning).toContain('SNRM');
  });

  test('flags with nothing between them are told, not passed over in silence', () => {
    expect(() => explained('7e7e7e7e')).toThrow(expect.objectContaining({ code: 'apdu-invalid' }));
  });

  test('keys of another suite than the content says are wrong keys', () => {
    const sealed = 'db084d4d4d0000bc614e1e32000000010102030405060708090a0b0c0d0e0f10111213141516171819';
    const keys = withKeys({ encryptionKey: new Uint8Array(16), authenticationKey: new Uint8Array(16) });
    expect(() => explained(sealed, keys)).toThrow(
      expect.objectContaining({ code: 'decryption-failed', offset: 11 }),
    );
    expect(() => decodeTelegram(fromHex(sealed), { transport: 'auto', ...keys })).toThrow(
      expect.objectContaining({ code: 'decryption-failed', offset: 11 }),
    );
  });

  test('a wrong key ends in an error, not in nonsense', () => {
    const vector = frames.vectors.find(({ id }) => id === 'hdlc_kamstrup_omnipower');
    const keys = withKeys({ encryptionKey: new Uint8Array(16), authenticationKey: new Uint8Array(16) });
    const failing = (): unknown => explained(vector?.hex ?? '', keys);
    expect(failing).toThrow(expect.objectContaining({ code: 'decryption-failed' }));
  });
});
