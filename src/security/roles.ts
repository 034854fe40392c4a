import { DcuError } from '../base/errors.ts';

/** What somebody may do; the API names the right that each of its routes needs. */
export const RIGHTS = [
  'meters.read',
  'meters.write',
  'readings.read',
  'readings.execute',
  'relay.operate',
  'tasks.read',
  'tasks.write',
  'settings.read',
  'settings.write',
  'accounts.manage',
  'audit.read',
  'account.self',
] as const;
export type Right = (typeof RIGHTS)[number];

interface Role {
  readonly title: string;
  readonly rights: readonly Right[];
}

const VIEWER_RIGHTS = [
  'meters.read',
  'readings.read',
  'tasks.read',
  'settings.read',
  'account.self',
] as const satisfies readonly Right[];

/** Roles are data: another one is another row (user manual §7.3 l). */
export const ROLES = {
  administrator: { title: 'Administrator', rights: RIGHTS },
  operator: { title: 'Operator', rights: [...VIEWER_RIGHTS, 'readings.execute'] },
  viewer: { title: 'Viewer', rights: VIEWER_RIGHTS },
} as const satisfies Record<string, Role>;
export type RoleName = keyof typeof ROLES;

export function isRole(name: string): name is RoleName {
  return Object.hasOwn(ROLES, name);
}

/** Rights of a role by name; none of a role that is not known. */
export function rightsOf(role: string): ReadonlySet<Right> {
  return new Set(isRole(role) ? ROLES[role].rights : []);
}

/** Somebody signed in, with what the role grants. */
interface Holder {
  readonly account: { readonly role: string; readonly mustChangePassword: boolean };
  readonly rights: Iterable<Right>;
}

/**
 * @throws DcuError `password-change-required` for all but one's own account while the password is a generated one; `forbidden`
 */
export function requireRight({ account, rights }: Holder, right: Right): void {
  if (account.mustChangePassword && right !== 'account.self') {
    throw new DcuError('password-change-required', 'Choose a new password first.');
  }
  if (new Set(rights).has(right)) return;
  throw new DcuError('forbidden', `Your role (${account.role}) does not include ${right}.`, {
    facts: { right },
  });
}
