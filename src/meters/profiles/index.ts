import { DcuError } from '../../base/errors.ts';
import type { EventLog } from '../../base/model.ts';
import { obisName } from '../../dlms/names/obis-names.ts';
import type { EventMeaning, MeterProfile } from '../meter-profile.ts';
import { dsmr } from './dsmr.ts';
import { generic } from './generic.ts';
import { idis } from './idis.ts';
import { is15959 } from './is-15959.ts';

const BUILT_IN: readonly MeterProfile[] = [generic, idis, dsmr, is15959];

/** A file of the user's that holds no profile, and everything that is wrong with it. */
export interface ProfileProblem {
  readonly file: string;
  readonly problems: readonly string[];
}

/** What meters may have for a profile: those that are built in, and the user's own. */
export class ProfileBook {
  #own: readonly MeterProfile[] = [];
  #problems: readonly ProfileProblem[] = [];
  #byName = new Map(BUILT_IN.map((profile) => [profile.name, profile]));

  /** Takes the user's profiles in place of those before. Their names differ from each other and from the built-in. */
  replaceOwn(profiles: readonly MeterProfile[], problems: readonly ProfileProblem[]): void {
    this.#own = profiles;
    this.#problems = problems;
    this.#byName = new Map(this.all().map((profile) => [profile.name, profile]));
  }

  all(): readonly MeterProfile[] {
    return [...BUILT_IN, ...this.#own];
  }

  isBuiltIn(name: string): boolean {
    return BUILT_IN.some((profile) => profile.name === name);
  }

  /** Files that hold no profile. */
  get problems(): readonly ProfileProblem[] {
    return this.#problems;
  }

  find(name: string): MeterProfile | undefined {
    return this.#byName.get(name);
  }

  /** @throws DcuError `not-found` naming the field `profile`. */
  get(name: string): MeterProfile {
    const profile = this.#byName.get(name);
    if (profile === undefined) {
      throw new DcuError('not-found', `there is no meter profile named "${name}"`, { field: 'profile' });
    }
    return profile;
  }

  /** What an event code means in a log of a meter with this profile; undefined when nobody says. */
  event(profileName: string, log: EventLog, code: number): EventMeaning | undefined {
    const profile = this.#byName.get(profileName);
    return profile?.eventsOfLog[log]?.[code] ?? profile?.events[code];
  }

  /** What an object is called in words: by a profile, in short, or by the standard. */
  objectTitle(obis: string): string | undefined {
    for (const { registers, counters } of this.all()) {
      const found = [...registers, ...counters].find((object) => object.obis === obis);
      if (found !== undefined) return found.title;
    }
    return OBJECT_TITLES[obis] ?? obisName(obis);
  }
}

/** For those who know no user's profiles. */
export const BUILT_IN_PROFILES = new ProfileBook();

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
