import {
  AUTH_MECHANISMS,
  type AuthMechanism,
  type MeterAddress,
  type SecurityPolicy,
} from '../../base/model.ts';
import type { MeterProfile } from '../meter-profile.ts';
import type { DeviceFacts } from './device-facts.ts';
import type { DiscoveryCredentials, Examined } from './examine.ts';
import { meterNoOf, type ProfileMatch, phasesOf, rankProfiles } from './match.ts';

/** The meter that a found device would be, ready for the form of a new one, and what speaks for it. No secrets. */
export interface MeterProposal {
  readonly meter: {
    /** Null where the device names no number. */
    readonly meterNo: string | null;
    readonly channel: string;
    readonly profile: string;
    /** 1 or 3; null where its objects do not show. */
    readonly phase: 1 | 3 | null;
    readonly address: MeterAddress;
    readonly security: {
      readonly auth: AuthMechanism;
      readonly policy: SecurityPolicy;
      readonly systemTitle?: string;
      readonly suite?: 0 | 1 | 2;
    };
  };
  /** Whether credentials were tried and accepted; without, the security is what such meters usually ask for. */
  readonly authenticated: boolean;
  readonly profiles: readonly ProfileMatch[];
  readonly facts: Omit<DeviceFacts, 'objects'> & { readonly objects: number | null };
  readonly troubles: readonly string[];
}

export type ProposedAddress = Omit<MeterAddress, 'clientAddress' | 'referencing'>;

/** @param address how the device was reached */
export function proposalOf(
  { facts, authenticated, troubles }: Examined & { readonly facts: DeviceFacts },
  channel: string,
  address: ProposedAddress,
  profiles: readonly MeterProfile[],
  credentials: DiscoveryCredentials | undefined,
): MeterProposal {
  const ranked = rankProfiles(facts, profiles);
  const best = profiles.find(({ name }) => name === ranked[0]?.name) ?? profiles[0];
  const client = authenticated && credentials !== undefined ? credentials : clientHint(facts, best);
  const { objects, ...rest } = facts;
  return {
    meter: {
      meterNo: meterNoOf(facts) ?? null,
      channel,
      profile: best?.name ?? 'generic',
      phase: phasesOf(objects) ?? null,
      address: {
        ...address,
        clientAddress: client.clientAddress,
        ...(facts.referencing === 'sn' ? { referencing: 'sn' } : {}),
      },
      security: {
        auth: client.auth,
        policy: client.policy,
        ...(facts.systemTitle === null ? {} : { systemTitle: facts.systemTitle }),
        ...(authenticated && credentials !== undefined ? { suite: credentials.suite } : {}),
      },
    },
    authenticated,
    profiles: ranked,
    facts: { ...rest, objects: objects?.length ?? null },
    troubles,
  };
}

/** What the meter says of its other associations, else what a reader of such a meter usually is. */
function clientHint(
  facts: DeviceFacts,
  profile: MeterProfile | undefined,
): { readonly clientAddress: number; readonly auth: AuthMechanism; readonly policy: SecurityPolicy } {
  for (const { clientAddress, mechanism } of facts.associations) {
    const auth = mechanism === null ? undefined : AUTH_MECHANISMS[mechanism];
    if (auth === undefined || auth === 'none' || clientAddress === facts.clientAddress) continue;
    const usual = profile?.clients.find(({ address }) => address === clientAddress);
    return { clientAddress, auth, policy: usual?.policy ?? (auth === 'hls-gmac' ? 'auth-enc' : 'none') };
  }
  const reader = profile?.clients[0];
  if (reader === undefined) return { clientAddress: 1, auth: 'lls', policy: 'none' };
  return { clientAddress: reader.address, auth: reader.auth, policy: reader.policy };
}
