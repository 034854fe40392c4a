import { DcuError } from '../../base/errors.ts';
import type { EventLog } from '../../base/model.ts';
import { obisName } from '../../dlms/names/obis-names.ts';
import type { MeterProfile } from '../meter-profile.ts';
import { generic } from './generic.ts';

const PROFILES: readonly MeterProfile[] = [generic];
const BY_NAME = new Map(PROFILES.map((profile) => [profile.name, profile]));

export function meterProfiles(): readonly MeterProfile[] {
  return PROFILES;
}

/** @throws DcuError `not-found` naming the field `profile`. */
export function meterProfile(name: string): MeterProfile {
  const profile = BY_NAME.get(name);
  if (profile === undefined) {
    throw new DcuError('not-found', `there is no meter profile named "${name}"`, { field: 'profile' });
  }
  return profile;
}

/** What an event code means in a log of a meter with this profile; undefined when nobody says. */
export function eventText(profileName: string, _log: EventLog, code: number): string | undefined {
  return BY_NAME.get(profileName)?.eventTexts[code];
}

/** What an object is called in words: by a profile, in short, or by the standard. */
export function objectTitle(obis: string): string | undefined {
  for (const profile of PROFILES) {
    const found = profile.registers.find((register) => register.obis === obis);
    if (found !== undefined) return found.title;
  }
  return OBJECT_TITLES[obis] ?? obisName(obis);
}

/** Shorter than the standard's names, as heads of columns want them. */
const OBJECT_TITLES: Readonly<Record<string, string>> = {
  '0.0.96.1.0.255': 'Device number',
  '0.0.96.10.1.255': 'Profile status',
  '1.0.1.6.0.255': 'Maximum demand import',
  '1.0.2.6.0.255': 'Maximum demand export',
  '1.0.1.5.0.255': 'Average demand import',
  '1.0.2.5.0.255': 'Average demand export',
  '1.0.1.4.0.255': 'Demand import',
  '1.0.2.4.0.255': 'Demand export',
  '1.0.1.29.0.255': 'Active energy import in the period',
  '1.0.2.29.0.255': 'Active energy export in the period',
  '1.0.2.7.0.255': 'Active power export',
  '1.0.3.7.0.255': 'Reactive power import',
  '1.0.4.7.0.255': 'Reactive power export',
  '1.0.13.7.0.255': 'Power factor',
  '1.0.14.7.0.255': 'Frequency',
};
