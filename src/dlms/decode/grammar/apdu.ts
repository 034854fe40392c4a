import { ByteReader } from '../../../base/bytes.ts';
import { DcuError } from '../../../base/errors.ts';
import { apduKind, apduName } from '../../apdu/tags.ts';
import { ACSE_RULES } from './acse.ts';
import type { Part } from './part.ts';
import { pascal, upperHex } from './rules.ts';
import { SERVICE_CIPHERED, SERVICE_RULES } from './services.ts';

/** Name of the part that holds what does not belong to the APDU any more. */
export const BEHIND = 'bytes behind the APDU';

/**
 * The parts of one APDU, its tag first. Offsets count from its first byte. Throws `apdu-invalid`, `axdr-invalid`,
 * `axdr-too-deep`, `truncated`, or `unsupported` for a tag that has no rule.
 */
export function partsOfApdu(bytes: Uint8Array): Part {
  const reader = new ByteReader(bytes);
  const tag = reader.u8('APDU tag');
  const kind = apduKind(tag);
  const ciphered = kind?.protection === 'global' || kind?.protection === 'dedicated';
  const rule = ciphered ? SERVICE_CIPHERED : (ACSE_RULES.get(tag) ?? SERVICE_RULES.get(tag));
  if (rule === undefined) {
    throw new DcuError('unsupported', `${apduName(tag)} is not an APDU that is decoded here`, { offset: 0 });
  }
  const body = rule(reader);
  const behind: Part[] =
    reader.remaining === 0
      ? []
      : [
          {
            name: BEHIND,
            from: reader.offset,
            to: bytes.length,
            value: upperHex(bytes.subarray(reader.offset)),
            children: [],
            xml: { hidden: true },
          },
        ];
  return {
    name: apduName(tag),
    from: 0,
    to: bytes.length,
    ...(body.meaning === undefined ? {} : { meaning: body.meaning }),
    // The form that a service chooses is a part of its own.
    children: [...(CHOICES.has(tag) ? [body] : body.children), ...behind],
    xml: {
      tag: elementOf(tag, body),
      ...(body.xml?.quantity === undefined ? {} : { quantity: body.xml.quantity }),
    },
  };
}

/** Services whose first byte chooses a form, which has a name of its own. */
const CHOICES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc3, 0xc4, 0xc5, 0xc7]);

function elementOf(tag: number, body: Part): string {
  const kind = apduKind(tag);
  if (kind?.protection === 'global' || kind?.protection === 'dedicated') {
    const [prefix = '', ...rest] = kind.name.split('-');
    return `${prefix}_${pascal(rest.join('-'))}`;
  }
  return ACSE_RULES.has(tag) ? (body.xml?.tag ?? pascal(body.name)) : pascal(apduName(tag));
}
