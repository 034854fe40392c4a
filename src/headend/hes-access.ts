import type { AuthMechanism } from '../base/model.ts';
import {
  type AccessRights,
  type DeviceAssociation,
  FULL_RIGHTS,
  readOnly,
} from '../dlms/cosem/object-model.ts';
import { policyOf } from '../dlms/cosem/security-setup-object.ts';

export const HES_AUTHS = ['lls', 'hls-md5', 'hls-sha1', 'hls-sha256', 'hls-gmac'] as const;
export type HesAuth = (typeof HES_AUTHS)[number];
/** `full`: it may also set and act, also at meters. */
export type HesRights = 'read' | 'full';

export const HES_CLIENTS = ['hes', 'hes.reader'] as const;

/** As whom a head-end comes in, and what it must know. */
export interface HesClient {
  /** What its attributes begin with; tells the clients of a channel apart. */
  readonly name: (typeof HES_CLIENTS)[number];
  readonly client: number;
  /** The same head-end, for associations that ask meters themselves instead of the store; with the same keys and counters. */
  readonly liveClient?: number;
  readonly auth: HesAuth;
  readonly rights: HesRights;
  /** security_policy of class 64 version 1. */
  readonly policy: number;
  readonly password?: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly masterKey?: Uint8Array;
}

/** Everybody who may come in on a channel; the head-end itself is the first. */
export type HesAccess = readonly HesClient[];

/** What a head-end changes of its own access. */
export type HesChange = Partial<
  Pick<HesClient, 'policy' | 'password' | 'encryptionKey' | 'authenticationKey' | 'masterKey'>
>;

/** By their bits: 1 authenticated, 2 encrypted. */
const POLICIES: readonly string[] = ['none', 'auth', 'enc', 'auth-enc'];
const REQUEST_SHIFT = 2;
const RESPONSE_SHIFT = 5;

/** security_policy of class 64 version 1 from its text: `auth-enc`, or requests and responses apart: `auth/auth-enc`. */
export function policyValue(text: string): number {
  const [request = '', response = request] = text.split('/');
  const bits = (name: string): number => {
    const known = POLICIES.indexOf(name);
    return known < 0 ? POLICIES.indexOf('auth-enc') : known;
  };
  return (bits(request) << REQUEST_SHIFT) | (bits(response) << RESPONSE_SHIFT);
}

/** The text of a security_policy without signatures. */
export function policyText(value: number): string {
  const { policy, responsePolicy } = policyOf(1, value);
  return policy === responsePolicy ? policy : `${policy}/${responsePolicy}`;
}

/** Client without authentication; it sees the concentrator, never a meter. */
export const PUBLIC_CLIENT = 16;

const needsKeys = (auth: AuthMechanism): boolean => auth === 'hls-gmac';

/** Whether its association has keys, and with them a security setup. */
export const isCiphered = ({ auth }: HesClient): boolean => needsKeys(auth);

/** Whether everything is there that the authentication asks for: without it nobody is let in, rather than everybody. */
export function isComplete({ auth, password, encryptionKey, authenticationKey }: HesClient): boolean {
  if (needsKeys(auth)) return encryptionKey !== undefined && authenticationKey !== undefined;
  return password !== undefined && password.length > 0;
}

/** Who comes in under a client address; undefined where nobody does. */
export const clientAt = (access: HesAccess, address: number): HesClient | undefined =>
  access.find(({ client, liveClient }) => client === address || liveClient === address);

/** The associations of head-ends; none for one whose secrets are missing. */
export const hesAssociations = (access: HesAccess): DeviceAssociation[] =>
  access.filter(isComplete).flatMap((one) => {
    const association = associationOf(one);
    const { liveClient } = one;
    return liveClient === undefined
      ? [association]
      : [association, { ...association, clientAddress: liveClient }];
  });

function associationOf(one: HesClient): DeviceAssociation {
  const { client, auth, policy, password, encryptionKey, authenticationKey } = one;
  const common = { clientAddress: client, auth, rights: rightsOf(one) };
  if (!isCiphered(one)) return { ...common, policy: 'none', ...(password === undefined ? {} : { password }) };
  return {
    ...common,
    ...policyOf(1, policy),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
  };
}

/** The public client's; it reads what `covers` names. */
export function publicAssociation(covers: (obis: string) => boolean): DeviceAssociation {
  return {
    clientAddress: PUBLIC_CLIENT,
    auth: 'none',
    policy: 'none',
    rights: readOnly(({ obis }) => covers(obis)),
  };
}

function rightsOf({ rights }: HesClient): AccessRights {
  return rights === 'full' ? FULL_RIGHTS : readOnly(() => true);
}
