import type { AuthMechanism, SecurityPolicy, SecuritySuite } from './model.ts';

/** What decides which credentials an association cannot do without. */
export interface SecurityChoice {
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
}

const WITH_SECRET: ReadonlySet<AuthMechanism> = new Set(['lls', 'hls', 'hls-md5', 'hls-sha1', 'hls-sha256']);
const WITH_TITLES: ReadonlySet<AuthMechanism> = new Set(['hls-gmac', 'hls-sha256', 'hls-ecdsa']);

/** Whether the mechanism proves that a password is known (Green Book 9.2.7.4). */
export const needsSecret = (auth: AuthMechanism): boolean => WITH_SECRET.has(auth);

/** Whether APDUs or the authentication use symmetric keys, and with them invocation counters. */
export const needsKeys = ({ auth, policy }: SecurityChoice): boolean =>
  policy !== 'none' || auth === 'hls-gmac';

/** Whether both sides' system titles go into what is computed. */
export const needsSystemTitle = (choice: SecurityChoice): boolean =>
  needsKeys(choice) || WITH_TITLES.has(choice.auth);

/** Bytes of every symmetric key of a suite (Green Book 9.2.3). */
export const keyBytes = (suite: SecuritySuite): 16 | 32 => (suite === 2 ? 32 : 16);

/** Bytes of a private scalar of a suite's curve; suite 0 has no curve. A public key is twice as long. */
export const scalarBytes = (suite: SecuritySuite): 0 | 32 | 48 => ([0, 32, 48] as const)[suite];
