import { describe, expect, test } from 'bun:test';
import type { ListedObject } from '../../../src/meters/discovery/device-facts.ts';
import { meterNoOf, phasesOf, rankProfiles } from '../../../src/meters/discovery/match.ts';
import { type MeterProfile, obisCodesOf } from '../../../src/meters/meter-profile.ts';
import { BUILT_IN_PROFILES } from '../../../src/meters/profiles/index.ts';

const { get } = { get: (name: string) => BUILT_IN_PROFILES.get(name) };
const objectsOf = (...codes: readonly string[]): ListedObject[] =>
  codes.map((obis) => ({ classId: 1, obis }));
/** What a meter of a family has, and some that everybody has. */
const family = (profile: MeterProfile, ...more: string[]): ListedObject[] =>
  objectsOf(
    ...obisCodesOf({ ...profile, hints: { ...profile.hints, objects: [] } }),
    '0.0.42.0.0.255',
    ...more,
  );
const best = (objects: readonly ListedObject[] | null, logicalDeviceName: string | null = null) =>
  rankProfiles({ objects, logicalDeviceName }, BUILT_IN_PROFILES.all())[0];

describe('a device is told by its objects', () => {
  test('an IDIS meter: alarm registers, its own push setups, power quality at .4', () => {
    const objects = family(get('idis'), '0.0.97.98.0.255', '0.0.97.98.10.255', '0.0.43.0.0.255');
    const match = best(objects, 'LGZ1030000123456');
    expect(match?.name).toBe('idis');
    expect(match?.reasons).toContain('made by LGZ');
    expect(match?.reasons).toContain('has 0.1.25.9.0.255');
  });

  test('a Dutch meter: consumer messages and M-Bus clients', () => {
    const objects = family(
      get('dsmr'),
      '0.0.96.13.0.255',
      '0.0.96.13.1.255',
      '0.1.24.1.0.255',
      '0.0.97.98.0.255',
    );
    expect(best(objects, 'KFM1200000000123')?.name).toBe('dsmr');
  });

  test('an Indian meter: instantaneous profile, billing at 1.0.98.1, seven logs', () => {
    const objects = family(get('is-15959'), '1.0.94.91.0.255', '0.0.94.91.9.255');
    const ranked = rankProfiles({ objects, logicalDeviceName: 'LNT0001' }, BUILT_IN_PROFILES.all());
    expect(ranked[0]?.name).toBe('is-15959');
    expect(ranked[0]?.score).toBeGreaterThan((ranked[1]?.score ?? 0) + 5);
  });

  test('what fits no family is generic', () => {
    expect(best(family(get('generic')))?.name).toBe('generic');
    expect(best(objectsOf('0.0.1.0.0.255', '0.0.96.1.0.255', '0.0.43.1.0.255'))?.name).toBe('generic');
    expect(best([])?.name).toBe('generic');
    expect(best(null)).toMatchObject({ name: 'generic', reasons: ['the list of objects is not known'] });
  });

  test('a profile of the user with a maker of its own goes before the one that it extends', () => {
    const own: MeterProfile = {
      ...get('idis'),
      name: 'own',
      hints: { ...get('idis').hints, manufacturers: ['ODC'] },
    };
    const objects = family(get('idis'), '0.0.97.98.0.255');
    const [first] = rankProfiles({ objects, logicalDeviceName: 'ODC123456' }, [
      ...BUILT_IN_PROFILES.all(),
      own,
    ]);
    expect(first?.name).toBe('own');
  });
});

describe('phases', () => {
  test.each([
    [['1.0.32.7.0.255'], 1],
    [['1.0.12.7.0.255'], 1],
    [['1.0.32.7.0.255', '1.0.52.7.0.255'], 3],
    [['1.0.72.7.0.255'], 3],
    [['0.0.1.0.0.255'], undefined],
  ] as const)('%j', (codes, phases) => {
    expect(phasesOf(objectsOf(...codes))).toBe(phases);
  });

  test('of a list that is not given', () => {
    expect(phasesOf(null)).toBeUndefined();
  });
});

describe('MeterNo', () => {
  const of = (
    deviceIds: Record<string, string>,
    logicalDeviceName: string | null = null,
    names: readonly string[] = [],
  ) => meterNoOf({ deviceIds, logicalDeviceName, logicalDevices: names.map((name, sap) => ({ sap, name })) });

  test.each([
    [of({ '0.0.96.1.0.255': '0011539465', '1.0.0.0.0.255': '7' }, 'LGZ1030'), '0011539465'],
    [of({ '1.0.0.0.0.255': '7788' }, 'LGZ1030'), '7788'],
    [of({}, 'LGZ1030001234567'), '1030001234567'],
    [of({}, 'ODCX99887766'), '99887766'],
    [of({}, 'Meter 1'), undefined],
    [of({}, null, ['ISK12345678']), '12345678'],
    [of({ '0.0.96.1.0.255': '000000' }, 'ABC123456'), '123456'],
    [of({ '0.0.96.1.0.255': 'a'.repeat(33) }), undefined],
    [of({ '0.0.96.1.0.255': 'x<script>' }), undefined],
    [of({}), undefined],
  ])('%j', (found, expected) => {
    expect(found).toBe(expected as never);
  });
});
