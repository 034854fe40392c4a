import { DcuError } from '../base/errors.ts';

/**
 * Six bytes of a logical name from its decimal form `1.0.1.8.0.255`; also `1-0:1.8.0*255`, and `1-0:1.8.0`
 * with F = 255 left out. Throws `invalid-argument` naming the field `obis`.
 */
export function parseObis(text: string): Uint8Array {
  const groups = text.trim().split(/[.:*-]/);
  if (groups.length === 5) groups.push('255');
  const bytes = groups.map((group) => (/^\d{1,3}$/.test(group) ? Number(group) : 256));
  if (bytes.length !== 6 || bytes.some((byte) => byte > 255)) {
    throw new DcuError('invalid-argument', `'${text}' is not an OBIS code of six groups from 0 to 255`, {
      field: 'obis',
    });
  }
  return Uint8Array.from(bytes);
}

/** The decimal form `1.0.1.8.0.255` of six bytes; throws `invalid-argument` when there are not six. */
export function formatObis(bytes: Uint8Array): string {
  if (bytes.length !== 6) {
    throw new DcuError('invalid-argument', `a logical name has 6 bytes, not ${bytes.length}`, {
      field: 'obis',
    });
  }
  return bytes.join('.');
}
