import type { AuthMechanism } from '../base/model.ts';
import type { DeviceAssociation } from '../dlms/cosem/object-model.ts';
import { type AccessRights, FULL_RIGHTS, readOnly } from '../dlms/cosem/object-model.ts';

export const HES_AUTHS = ['lls', 'hls-md5', 'hls-sha1', 'hls-sha256', 'hls-gmac'] as const;
export type HesAuth = (typeof HES_AUTHS)[number];
/** `full`: it may also set and act, also at meters. */
export type HesRights = 'read' | 'full';

/** As whom a head-end comes in, and what it must know. */
export interface HesAccess {
  readonly client: number;
  readonly auth: HesAuth;
  readonly rights: HesRights;
  readonly password?: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
}

/** Client without authentication; it sees the concentrator, never a meter. */
export const PUBLIC_CLIENT = 16;

const needsKeys = (auth: AuthMechanism): boolean => auth === 'hls-gmac';

/** Whether everything is there that the authentication asks for: without it nobody is let in, rather than everybody. */
export function isComplete({ auth, password, encryptionKey, authenticationKey }: HesAccess): boolean {
  if (needsKeys(auth)) return encryptionKey !== undefined && authenticationKey !== undefined;
  return password !== undefined && password.length > 0;
}

/** The association of the head-end; none while its secrets are missing. */
export function hesAssociations(access: HesAccess): DeviceAssociation[] {
  if (!isComplete(access)) return [];
  const { client, auth, password, encryptionKey, authenticationKey } = access;
  const ciphered = needsKeys(auth);
  return [
    {
      clientAddress: client,
      auth,
      policy: ciphered ? 'auth-enc' : 'none',
      rights: rightsOf(access),
      ...(password === undefined || ciphered ? {} : { password }),
      ...(encryptionKey === undefined || !ciphered ? {} : { encryptionKey }),
      ...(authenticationKey === undefined || !ciphered ? {} : { authenticationKey }),
    },
  ];
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

function rightsOf({ rights }: HesAccess): AccessRights {
  return rights === 'full' ? FULL_RIGHTS : readOnly(() => true);
}
