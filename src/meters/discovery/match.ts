import { type MeterProfile, obisCodesOf } from '../meter-profile.ts';
import type { DeviceFacts, ListedObject } from './device-facts.ts';

/** How well a profile fits, and why. */
export interface ProfileMatch {
  readonly name: string;
  readonly title: string;
  /** Comparable among the matches of one device only; higher is better. */
  readonly score: number;
  readonly reasons: readonly string[];
}

/** What is looked at: who says what of itself. */
export type Matched = Pick<DeviceFacts, 'objects' | 'logicalDeviceName'>;

/** What having all objects is worth: of a family of which there is a sign, of a profile that everybody fits, of any other. */
const COVERAGE = { shown: 10, plain: 9, unshown: 7 } as const;
const MANUFACTURER = 1;
const NAME_FITS = 0.5;

/**
 * The profiles from the best to the worst: by the share of their objects that the device has, by objects that only
 * their family has, by manufacturer and logical device name. Where nothing tells, the first of the list comes first.
 */
export function rankProfiles(device: Matched, profiles: readonly MeterProfile[]): readonly ProfileMatch[] {
  const present = new Set(device.objects?.map(({ obis }) => obis) ?? []);
  return profiles.map((profile) => matchOf(profile, device, present)).toSorted((a, b) => b.score - a.score);
}

function matchOf(profile: MeterProfile, device: Matched, present: ReadonlySet<string>): ProfileMatch {
  const { hints, name, title } = profile;
  const reasons: string[] = [];
  let score = 0;
  const plain = hints.objects.length === 0 && hints.manufacturers.length === 0;
  if (present.size > 0) {
    const own = new Set(obisCodesOf({ ...profile, hints: { ...hints, objects: [] } }));
    const found = [...own].filter((obis) => present.has(obis)).length;
    const shown = hints.objects.some(({ obis, weight }) => weight > 0 && present.has(obis));
    score += (COVERAGE[plain ? 'plain' : shown ? 'shown' : 'unshown'] * found) / own.size;
    reasons.push(`${found} of its ${own.size} objects`);
  } else reasons.push('the list of objects is not known');
  for (const { obis, weight } of hints.objects) {
    if (!present.has(obis)) continue;
    score += weight;
    reasons.push(weight > 0 ? `has ${obis}` : `has ${obis}, which others have`);
  }
  const deviceName = device.logicalDeviceName ?? '';
  const manufacturer = hints.manufacturers.find((id) => deviceName.startsWith(id));
  if (manufacturer !== undefined) {
    score += MANUFACTURER;
    reasons.push(`made by ${manufacturer}`);
  }
  if (hints.logicalDeviceName !== null && new RegExp(hints.logicalDeviceName).test(deviceName)) {
    score += NAME_FITS;
    reasons.push(`name ${deviceName}`);
  }
  return { name, title, score: Math.round(score * 100) / 100, reasons };
}

/** 3 or 1 by the voltages that a meter has; undefined where its list shows none. */
export function phasesOf(objects: readonly ListedObject[] | null): 1 | 3 | undefined {
  const has = (obis: string): boolean => objects?.some((object) => object.obis === obis) ?? false;
  if (has('1.0.52.7.0.255') || has('1.0.72.7.0.255')) return 3;
  return has('1.0.32.7.0.255') || has('1.0.12.7.0.255') ? 1 : undefined;
}

/** Ids in the order in which they are believed. */
const NUMBERS = ['0.0.96.1.0.255', '1.0.0.0.0.255', '0.0.96.1.1.255'];
const METER_NO = /^[0-9A-Za-z][0-9A-Za-z._/-]{0,31}$/;

/**
 * The MeterNo that a device goes by: its device number, else what its logical device name has behind the three letters
 * of the manufacturer, else the name of a logical device. Undefined where nothing of that can be one.
 */
export function meterNoOf(
  facts: Pick<DeviceFacts, 'deviceIds' | 'logicalDeviceName' | 'logicalDevices'>,
): string | undefined {
  const names = [facts.logicalDeviceName, ...facts.logicalDevices.map(({ name }) => name)].flatMap((name) =>
    name === null ? [] : [/^[A-Z]{3}[0-9A-Za-z]*?(\d{6,})$/.exec(name)?.[1] ?? name],
  );
  const ids = NUMBERS.flatMap((obis) => facts.deviceIds[obis] ?? []);
  return [...ids, ...names].find((text) => METER_NO.test(text) && !/^0+$/.test(text));
}
