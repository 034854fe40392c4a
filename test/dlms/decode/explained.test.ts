import { test } from 'bun:test';
import { join } from 'node:path';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import {
  decodeTelegram,
  explainLines,
  explainTelegram,
  type KeysOf,
  xmlOf,
} from '../../../src/dlms/decode/index.ts';
import { expectGolden } from '../../golden.ts';
import { SAMPLES, type Sample } from './corpus.ts';

/** Keys of the Green Book's worked example, whose content the protected samples have. */
const KEYS = {
  encryptionKey: fromHex('000102030405060708090a0b0c0d0e0f'),
  authenticationKey: fromHex('d0d1d2d3d4d5d6d7d8d9dadbdcdddedf'),
};
const NOBODY: KeysOf = () => ({});
const KNOWN: KeysOf = () => KEYS;

/** What is written, or the code and the place of the error. */
function orError(write: () => string): string {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    return `! ${error.code} at ${error.offset}`;
  }
}

function told({ what, bytes, transport }: Sample, keysOf: KeysOf): string {
  const explained = orError(() => explainLines(explainTelegram(bytes, { transport, keysOf })).join('\n'));
  const tree = orError(() => JSON.stringify(decodeTelegram(bytes, { transport, keysOf })));
  return [`# ${what}: ${bytes.toHex()}`, explained, tree, ''].join('\n');
}

function everything(): string {
  const sealed = SAMPLES.filter(({ what }) =>
    /^(?:general (?:glo|ded|ciphering|signing)|glo|ded)/.test(what),
  );
  const xml = SAMPLES.slice(-20).map(({ what, bytes, transport }) => {
    const written = orError(() => xmlOf(explainTelegram(bytes, { transport, keysOf: KNOWN }).apdus));
    return [`# XML of ${what}`, written, ''].join('\n');
  });
  return [
    ...SAMPLES.map((sample) => told(sample, NOBODY)),
    ...sealed.map((sample) => told({ ...sample, what: `${sample.what}, with keys` }, KNOWN)),
    ...xml,
  ].join('\n');
}

/**
 * The translator's words as a whole, for who changes one to see what else changed. That names, values and ranges are
 * right is shown by the other tests, which have them from elsewhere.
 */
test('every sample is told as it was', () => {
  expectGolden(join(import.meta.dir, 'explained.txt'), everything());
});
