import { describe, expect, test } from 'bun:test';
import { generic } from '../../src/meters/profiles/generic.ts';
import { readOwnProfile } from '../../src/meters/profiles/own-profile.ts';

const read = (g3Psk: unknown) =>
  readOwnProfile(JSON.stringify({ name: 'vendor', g3Psk }), (name) =>
    name === 'generic' ? generic : undefined,
  );

describe('the object that takes a pre-shared key, in a profile of the user', () => {
  test('is an attribute or a method, wrapped unless it says otherwise', () => {
    expect(read({ obis: '0.0.29.2.128.255', attribute: 2 })).toMatchObject({
      ok: true,
      profile: { g3Psk: { classId: 1, obis: '0.0.29.2.128.255', by: { attribute: 2 }, wrap: 'kek' } },
    });
    const whole = {
      classId: 8192,
      obis: '0.0.128.0.0.255',
      method: 3,
      wrap: 'none',
      checkValue: { obis: '0.0.128.0.1.255' },
    };
    expect(read(whole)).toMatchObject({
      ok: true,
      profile: {
        g3Psk: {
          classId: 8192,
          by: { method: 3 },
          wrap: 'none',
          checkValue: { classId: 1, obis: '0.0.128.0.1.255', attribute: 2 },
        },
      },
    });
  });

  test.each([
    [{ attribute: 2 }, 'g3Psk.obis'],
    [{ obis: '0.0.29.2.128.255' }, 'either attribute or method'],
    [{ obis: '0.0.29.2.128.255', attribute: 2, method: 1 }, 'either attribute or method'],
    [{ obis: '0.0.29.2.128.255', attribute: 2, wrap: 'rot13' }, 'g3Psk.wrap'],
    [{ obis: '0.0.29.2.128.255', attribute: 2, key: '00' }, 'g3Psk.key'],
    [{ obis: '0.0.29.2.128.255', attribute: 2, checkValue: { obis: 'no' } }, 'g3Psk.checkValue.obis'],
    ['0.0.29.2.128.255', 'g3Psk'],
  ])('%j is refused with its place', (g3Psk, place) => {
    const result = read(g3Psk);
    expect(result.ok).toBe(false);
    expect(result.ok ? '' : result.problems.join('\n')).toContain(place);
  });
});
