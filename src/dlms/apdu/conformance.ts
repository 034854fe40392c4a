/**
 * Conformance block (Green Book 9.4.6.1): names in order of their bits, bit 0 being the most significant of
 * 24. Bits 0 and 7 are reserved.
 */
const CONFORMANCE_BITS = [
  'reserved-zero',
  'general-protection',
  'general-block-transfer',
  'read',
  'write',
  'unconfirmed-write',
  'delta-value-encoding',
  'reserved-seven',
  'attribute0-supported-with-set',
  'priority-mgmt-supported',
  'attribute0-supported-with-get',
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'block-transfer-with-action',
  'multiple-references',
  'information-report',
  'data-notification',
  'access',
  'parameterized-access',
  'get',
  'set',
  'selective-access',
  'event-notification',
  'action',
] as const;

export type ConformanceBit = (typeof CONFORMANCE_BITS)[number];

/** What this implementation can do in logical-name referencing, both roles. */
export const LN_CONFORMANCE: readonly ConformanceBit[] = [
  'general-protection',
  'general-block-transfer',
  'delta-value-encoding',
  'attribute0-supported-with-set',
  'priority-mgmt-supported',
  'attribute0-supported-with-get',
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'block-transfer-with-action',
  'multiple-references',
  'data-notification',
  'access',
  'get',
  'set',
  'selective-access',
  'event-notification',
  'action',
];

/**
 * What a client proposes unless it is told otherwise: servers that are granted general block transfer or differences
 * use them without being asked, and not all do it well.
 */
export const LN_PROPOSED: readonly ConformanceBit[] = LN_CONFORMANCE.filter(
  (bit) => bit !== 'general-block-transfer' && bit !== 'delta-value-encoding',
);

/** What this implementation can do in short-name referencing, both roles. */
export const SN_CONFORMANCE: readonly ConformanceBit[] = [
  'general-protection',
  'read',
  'write',
  'unconfirmed-write',
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'multiple-references',
  'information-report',
  'data-notification',
  'parameterized-access',
];

/** The 24 bits as a number. */
export function conformanceMask(names: Iterable<ConformanceBit>): number {
  let mask = 0;
  for (const name of names) mask |= 0x800000 >>> CONFORMANCE_BITS.indexOf(name);
  return mask;
}

/** Names of the bits that are set, in order. */
export function conformanceNames(mask: number): ConformanceBit[] {
  return CONFORMANCE_BITS.filter((_, bit) => (mask & (0x800000 >>> bit)) !== 0);
}
