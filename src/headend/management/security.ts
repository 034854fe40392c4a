import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { AssociationChanges } from '../../dlms/cosem/association-object.ts';
import type { CosemObject, MethodSource } from '../../dlms/cosem/cosem-object.ts';
import { securitySetup } from '../../dlms/cosem/security-setup-object.ts';
import { MemorySecurityStore } from '../../dlms/cosem/security-store.ts';
import { type HesChange, type HesClient, isCiphered } from '../hes-access.ts';
import type { ManagementGroup, ManagementRequest } from './group.ts';

/** The security setup of the association that asks, for associations that have keys. */
export const securityGroup: ManagementGroup = {
  objects: (at) => {
    const client = at.security.clientOf(at.caller);
    return client !== undefined && isCiphered(client) ? [setupOf(at, client)] : [];
  },
};

/** Password and HLS secret are changed through the association object, by whoever may change anything. */
export function associationChanges({ security, caller, later }: ManagementRequest): AssociationChanges {
  const client = security.clientOf(caller);
  if (client === undefined || client.rights !== 'full') return {};
  const change = async (password: Uint8Array): Promise<string> => {
    await security.change(client, { password });
    return 'success';
  };
  return { secret: (_clientAddress, secret) => later.begin(change(secret)) };
}

/**
 * Class 64 over a draft: what a method makes of it is written down whole, and the method has succeeded when it is on disk.
 * Key agreement, key pairs and certificates belong to suites 1 and 2, and the keys of head-ends to suite 0.
 */
function setupOf({ security, later }: ManagementRequest, client: HesClient): CosemObject {
  const draft = new MemorySecurityStore({ policy: client.policy, suite: 0, keys: keysOf(client) });
  const setup = securitySetup({
    version: 1,
    systemTitle: security.systemTitle,
    store: draft,
    randomBytes: () => {
      throw new DcuError('internal', 'suite 0 makes no keys of its own');
    },
  });
  const written =
    (method: MethodSource): MethodSource =>
    (parameter, caller) => {
      const result = method(parameter, caller);
      if (result !== 'success') return result;
      // Nothing is broadcast over the uplink: a key for that would be kept for nobody.
      if (draft.key('broadcastKey') !== undefined) return 'other-reason';
      return later.begin(security.change(client, changeOf(draft, client)).then(() => 'success'));
    };
  const methods = Object.entries(setup.methods ?? {}).map(([index, method]) => [index, written(method)]);
  return { ...setup, methods: Object.fromEntries(methods) };
}

const KEYS = ['encryptionKey', 'authenticationKey', 'masterKey'] as const;

const keysOf = (client: HesClient): Partial<Record<(typeof KEYS)[number], Uint8Array>> =>
  Object.fromEntries(
    KEYS.flatMap((name) => {
      const key = client[name];
      return key === undefined ? [] : [[name, key]];
    }),
  );

/** What a method has changed. */
function changeOf(draft: MemorySecurityStore, client: HesClient): HesChange {
  const keys = KEYS.flatMap((name) => {
    const [key, before] = [draft.key(name), client[name]];
    const isNew = key !== undefined && (before === undefined || !equalBytes(key, before));
    return isNew ? [[name, key] as const] : [];
  });
  const policy = draft.policy();
  return { ...(policy === client.policy ? {} : { policy }), ...Object.fromEntries(keys) };
}
