import { createCipheriv } from 'node:crypto';
import { equalBytes } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { Meter, MeterSecrets } from '../base/model.ts';
import { octetString } from '../dlms/values.ts';
import { wrapKey } from '../kernels/index.ts';
import { decodeValue, granted } from '../meters/attribute.ts';
import type { G3PskObject } from '../meters/meter-profile.ts';
import type { MeterSession } from '../meters/session.ts';
import { isProtected } from './network-key-plan.ts';

const CHECK_BYTES = 3;
const BLOCK_BYTES = 16;

/**
 * Hands a pre-shared key to a meter.
 * @throws DcuError `security-required` where the association is not authenticated and encrypted, `not-granted`
 */
export async function giveKey(
  session: Pick<MeterSession, 'write' | 'invoke'>,
  meter: Meter,
  { masterKey }: MeterSecrets,
  object: G3PskObject,
  key: Uint8Array,
): Promise<void> {
  if (!isProtected(meter)) {
    throw new DcuError(
      'security-required',
      `meter ${meter.meterNo}: a key is not sent without encryption and authentication`,
    );
  }
  const { classId, obis, by, wrap } = object;
  if (wrap === 'kek' && masterKey === undefined) {
    throw new DcuError('invalid-field', `meter ${meter.meterNo}: its master key is not known`, {
      field: 'masterKey',
    });
  }
  const content = wrap === 'kek' && masterKey !== undefined ? wrapKey(masterKey, key) : key;
  const value = octetString(content);
  if ('attribute' in by) {
    await session.write({ classId, obis, attribute: by.attribute }, value, 'the pre-shared key');
  } else await session.invoke({ classId, obis, attribute: by.method }, value, 'the pre-shared key');
}

/** First three bytes of a block of zeros under the key: tells keys apart without telling them. */
const checkValueOf = (key: Uint8Array): Uint8Array =>
  createCipheriv('aes-128-ecb', key, null).update(new Uint8Array(BLOCK_BYTES)).subarray(0, CHECK_BYTES);

/**
 * Which key a meter that answers has in use by its own word: the one, the other, `unknown` where it gives no word, or
 * `neither`.
 */
export async function keyInUse(
  session: Pick<MeterSession, 'readAttributes' | 'readClock'>,
  object: G3PskObject,
  one: Uint8Array,
  other: Uint8Array | undefined,
): Promise<'one' | 'other' | 'unknown' | 'neither'> {
  const { checkValue } = object;
  if (checkValue === undefined) {
    // An answer over the network at all is what there is.
    await session.readClock();
    return 'unknown';
  }
  const [result] = await session.readAttributes([checkValue]);
  const value = decodeValue(granted(checkValue, result));
  if (value.type !== 'octet-string' || value.value.length < CHECK_BYTES) return 'unknown';
  const found = value.value.subarray(0, CHECK_BYTES);
  if (equalBytes(found, checkValueOf(one))) return 'one';
  return other !== undefined && equalBytes(found, checkValueOf(other)) ? 'other' : 'neither';
}
