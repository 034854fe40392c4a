import { DcuError } from '../../base/errors.ts';
import { type AttributeSource, type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { enumeration, logicalName, u8, u16, u32 } from '../../dlms/values.ts';
import { actorOf, type ManagementGroup, type ManagementRequest } from './group.ts';
import type { LockoutRule, ProtectedInterface } from './ports.ts';

/** Interfaces that a TCP-UDP setup stands for. */
const LISTENERS = 3;
const NO_PORT = '0.0.0.0.0.0';
const PORT_PROTECTION = 124;
/** The value groups B of the objects, which are there whatever a request is about. */
const INTERFACES = [0, 1, 2, 3, 4] as const;
const NO_RULES: Readonly<Record<LockoutRule, number>> = { attempts: 0, initialS: 0, steepness: 0, maxS: 0 };
const UNKNOWN: ProtectedInterface = {
  name: '',
  mode: 1,
  isBlocking: false,
  failedAttempts: 0,
  cumulativeFailedAttempts: 0,
};
const LOCKED = 0;
const UNLOCKED = 2;

/**
 * Class 124 (Blue Book 4.4, communication port protection; the text was not checked), one object for each interface. What
 * it says of attempts and times are the settings of the GUI, one for all interfaces. Its reset is the remote unlock of user
 * manual §8: the head-end lifts over one interface what is blocked at another.
 */
export const portProtectionGroup: ManagementGroup = {
  objects: async (at) => {
    if (!isAsked(at)) return INTERFACES.map((b) => portProtection(at, UNKNOWN, b, NO_RULES));
    const { lockouts } = at.sources;
    const [interfaces, rules] = await Promise.all([lockouts.interfaces(), lockouts.rules()]);
    return INTERFACES.map((b) => portProtection(at, interfaces[b] ?? UNKNOWN, b, rules));
  },
};

const isAsked = ({ request }: ManagementRequest): boolean =>
  (request.type === 'action' ? request.method : request.attribute).classId === PORT_PROTECTION;

function portProtection(
  at: ManagementRequest,
  one: ProtectedInterface,
  b: number,
  rules: Readonly<Record<LockoutRule, number>>,
): CosemObject {
  const { later, channel } = at;
  const { lockouts } = at.sources;
  const actor = actorOf(at);
  const rule = (name: LockoutRule, read: (value: number) => DlmsData): AttributeSource => ({
    get: () => read(rules[name]),
    set: later.set(async (value) => {
      await lockouts.setRule(name, numberOf(value), actor);
      return 'success';
    }),
  });
  return {
    classId: PORT_PROTECTION,
    version: 0,
    obis: `0.${b}.44.2.0.255`,
    attributes: {
      2: {
        get: () => enumeration(one.mode),
        set: later.set(async (value) => {
          const mode = numberOf(value);
          // Whoever locks the way by which he has come could not unlock it again.
          if (mode === LOCKED && one.name === channel) return 'other-reason';
          await lockouts.setMode(one.name, mode, actor);
          return 'success';
        }),
      },
      3: rule('attempts', u16),
      4: rule('initialS', u32),
      5: rule('steepness', u8),
      6: rule('maxS', u32),
      7: constant(logicalName(b < LISTENERS ? `0.${b}.25.0.0.255` : NO_PORT)),
      8: { get: () => enumeration(statusOf(one)) },
      9: { get: () => u32(one.failedAttempts) },
      10: { get: () => u32(one.cumulativeFailedAttempts) },
    },
    methods: {
      1: later.method(async () => {
        await lockouts.reset(one.name, actor);
        return 'success';
      }),
    },
  };
}

/** protection_status: 0 unlocked, 1 temporarily locked, 2 locked. */
function statusOf({ mode, isBlocking }: ProtectedInterface): number {
  if (mode === LOCKED) return 2;
  return mode !== UNLOCKED && isBlocking ? 1 : 0;
}

function numberOf(data: DlmsData): number {
  if ('value' in data && typeof data.value === 'number') return data.value;
  throw new DcuError('type-mismatch', `${data.type} where a number is due`);
}
