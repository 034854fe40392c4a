import type { SecurityPolicy, SecuritySuite } from '../../base/model.ts';

/**
 * Security control byte (Green Book 9.2.7.2.4.1): suite in bits 0-3, authentication in bit 4, encryption in
 * bit 5, key set (1 = broadcast) in bit 6, compression in bit 7.
 */
export interface SecurityControl {
  /** As received: 3 to 15 are reserved. */
  readonly suite: number;
  readonly policy: SecurityPolicy;
  readonly broadcastKey: boolean;
  readonly compressed: boolean;
}

const AUTHENTICATED = 0x10;
const ENCRYPTED = 0x20;
const BROADCAST_KEY = 0x40;
const COMPRESSED = 0x80;

const POLICY_BITS = {
  none: 0,
  auth: AUTHENTICATED,
  enc: ENCRYPTED,
  'auth-enc': AUTHENTICATED | ENCRYPTED,
} as const satisfies Record<SecurityPolicy, number>;

const POLICIES: readonly SecurityPolicy[] = ['none', 'auth', 'enc', 'auth-enc'];

/** The byte for an uncompressed APDU. */
export function securityControl(
  policy: SecurityPolicy,
  suite: SecuritySuite = 0,
  broadcastKey = false,
): number {
  return POLICY_BITS[policy] | suite | (broadcastKey ? BROADCAST_KEY : 0);
}

export function parseSecurityControl(byte: number): SecurityControl {
  return {
    suite: byte & 0x0f,
    policy: POLICIES[(byte >> 4) & 3] ?? 'none',
    broadcastKey: (byte & BROADCAST_KEY) !== 0,
    compressed: (byte & COMPRESSED) !== 0,
  };
}

/** Whether a policy authenticates, and so ends the content with a tag. */
export function isAuthenticated(policy: SecurityPolicy): boolean {
  return (POLICY_BITS[policy] & AUTHENTICATED) !== 0;
}

/** Whether protection `actual` gives at least what `least` asks for. */
export function satisfies(actual: SecurityPolicy, least: SecurityPolicy): boolean {
  return (POLICY_BITS[actual] & POLICY_BITS[least]) === POLICY_BITS[least];
}

/** The least protection that satisfies both. */
export function strongest(a: SecurityPolicy, b: SecurityPolicy): SecurityPolicy {
  return POLICIES[(POLICY_BITS[a] | POLICY_BITS[b]) >> 4] ?? 'auth-enc';
}
