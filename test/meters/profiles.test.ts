import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { silentLog } from '../../src/base/log.ts';
import { EVENT_LOGS } from '../../src/base/model.ts';
import { loadProfiles } from '../../src/concentrator/profile-files.ts';
import { defineMeterProfile, type MeterProfile } from '../../src/meters/meter-profile.ts';
import { BUILT_IN_PROFILES, ProfileBook } from '../../src/meters/profiles/index.ts';
import { readOwnProfile } from '../../src/meters/profiles/own-profile.ts';

const base = (name: string): MeterProfile | undefined =>
  BUILT_IN_PROFILES.isBuiltIn(name) ? BUILT_IN_PROFILES.get(name) : undefined;
const read = (value: unknown) => readOwnProfile(JSON.stringify(value), base);
const problemsOf = (value: unknown): readonly string[] => {
  const result = read(value);
  return result.ok ? [] : result.problems;
};

describe('the profiles that are built in', () => {
  const book = BUILT_IN_PROFILES;

  test('vendors disagree where they do', () => {
    const text = (profile: string, code: number) => book.event(profile, 'fraud', code)?.text;
    expect(text('idis', 48)).toBe('Global keys changed');
    expect(text('dsmr', 48)).toBe('Module cover opened');
    expect(text('generic', 48)).toContain('or');
    expect(text('idis', 90)).toBe('Phases asymmetric');
    expect(text('dsmr', 90)).toBe('Phase returned L1');
    expect(text('idis', 62)).toBe(text('dsmr', 62));
    expect(text('is-15959', 62)).toBe('Current transformer open B: over');
    expect(book.event('is-15959', 'fraud', 251)).toEqual({
      text: 'Meter cover opened',
      class: 'fraud',
      severity: 'alarm',
    });
  });

  test('the seven logs of IS 15959 have a place each among the six kinds', () => {
    const { logs } = book.get('is-15959');
    const objects = EVENT_LOGS.flatMap((log) => logs[log].map(({ obis }) => obis));
    expect(objects.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `0.0.99.98.${n}.255`));
    for (const log of EVENT_LOGS) {
      for (const { obis, codeObis } of logs[log]) expect(codeObis).toBe(obis.replace('99.98', '96.11'));
    }
  });

  test('what nobody has confirmed is said', () => {
    for (const name of ['idis', 'dsmr', 'is-15959']) expect(book.get(name).unchecked).not.toEqual([]);
  });

  test('a wrong logical name in a table does not get far', () => {
    const profile = book.get('idis');
    expect(() => defineMeterProfile({ ...profile, pushSetups: ['0.0.25.9.0.256'] })).toThrow('256');
  });
});

describe('a profile of the user', () => {
  test('takes over what it does not change, entry by entry', () => {
    const result = read({
      name: 'acme-3p',
      title: 'Acme three-phase',
      extends: 'idis',
      profiles: { billing: '1.0.98.1.0.255' },
      logs: { 'power-quality': [{ obis: '0.0.99.98.5.255', codeObis: '0.0.96.11.5.255' }], relay: [] },
      events: { '200': { text: 'Door', class: 'fraud', severity: 'alarm' }, '48': 'Cover' },
      eventsOfLog: { relay: { '48': 'Switched' } },
      scalers: { '3:1.0.1.8.0.255': { scaler: -1, unit: 30 } },
      quirks: { noRangeAccess: true, maxListSize: 1 },
      hints: { manufacturers: ['ACM'], logicalDeviceName: '^ACM\\d+$' },
    });
    if (!result.ok) throw new Error(result.problems.join('\n'));
    const { profile } = result;
    expect(profile.profiles).toEqual({
      ...BUILT_IN_PROFILES.get('idis').profiles,
      billing: '1.0.98.1.0.255',
    });
    expect(profile.logs.relay).toEqual([]);
    expect(profile.logs.fraud).toEqual(BUILT_IN_PROFILES.get('idis').logs.fraud);
    expect(profile.quirks).toMatchObject({ noRangeAccess: true, maxListSize: 1, pipelining: false });
    expect(profile.hints.objects).toEqual(BUILT_IN_PROFILES.get('idis').hints.objects);
    const book = new ProfileBook();
    book.replaceOwn([profile], []);
    expect(book.event('acme-3p', 'relay', 48)?.text).toBe('Switched');
    expect(book.event('acme-3p', 'fraud', 48)).toEqual({
      text: 'Cover',
      class: 'standard',
      severity: 'info',
    });
    expect(book.event('acme-3p', 'fraud', 200)?.severity).toBe('alarm');
    expect(book.event('acme-3p', 'fraud', 40)?.text).toBe('Terminal cover removed');
  });

  test('everything that is wrong is told at once, with its place', () => {
    expect(
      problemsOf({
        name: 'Not Good',
        extends: 'nobody',
      }),
    ).toEqual(['name: is made of a-z, 0-9, dot and hyphen', 'extends: there is no profile "nobody"']);
    expect(
      problemsOf({
        name: 'x',
        clock: '0.0.1.0.0.256',
        profiles: { energie: '1.0.99.1.0.255', demand: 5 },
        logs: { fraud: [{ codeObis: 'x' }] },
        events: { x: 'a', '70000': 'b', '5': { text: '', class: 'odd' } },
        clients: [{ address: -1 }],
        suites: [3],
        hdlc: { addressBytes: 3 },
        registers: [{ obis: '1.0.1.8.0.255', title: 'x', extra: 1 }],
        scalers: { '1:1.0.1.8.0.255': { scaler: 0, unit: 30 }, '3:1.0.1.8.0.255': { scaler: 0.5 } },
        quirks: { noRangeAccess: 'yes', maxListSize: 0 },
        hints: { manufacturers: ['LONG'], logicalDeviceName: '(a+)+$' },
        receiveWindow: 9,
        surprise: true,
      }),
    ).toEqual(
      expect.arrayContaining([
        'surprise: nothing is called so',
        'clock: is not an OBIS code such as 1.0.1.8.0.255',
        'profiles.energie: nothing is called so',
        'profiles.demand: is not an OBIS code such as 1.0.1.8.0.255',
        'logs.fraud[0].obis: is missing',
        'events.x: is no event code (0 to 65535)',
        'events.70000: is no event code (0 to 65535)',
        'events.5.text: is to be a text of 1 to 120 characters',
        'clients[0].address: is to be a whole number from 0 to 65535',
        'suites[0]: is to be a whole number from 0 to 2',
        'hdlc.addressBytes: is 1, 2 or 4',
        'registers[0].extra: nothing is called so',
        'scalers.1:1.0.1.8.0.255: is not CLASS:OBIS with class 3, 4 or 5',
        'scalers.3:1.0.1.8.0.255.scaler: is to be a whole number from -128 to 127',
        'scalers.3:1.0.1.8.0.255.unit: is missing',
        'quirks.noRangeAccess: is to be true or false',
        'quirks.maxListSize: is to be a whole number from 1 to 64',
        'hints.manufacturers[0]: is to be a text of 1 to 3 characters',
        'hints.logicalDeviceName: is no regular expression of letters, digits, classes and at most three counts',
        'receiveWindow: is to be a whole number from 1 to 7',
      ]),
    );
  });

  test('a pattern that could take for ever on a name is refused', () => {
    const problems = (logicalDeviceName: string) => problemsOf({ name: 'x', hints: { logicalDeviceName } });
    expect(problems('^[A-Z]{3}\\d+.*$')).toEqual([]);
    expect(problems('.*.*.*.*x')).toHaveLength(1);
    expect(problems('a?a?a?a?x')).toHaveLength(1);
  });

  test.each(['', '{', 'null', '[]', '7', '"x"', '{"name":5}', '{"name":"x","logs":[]}'])(
    '%j is refused',
    (text) => {
      const result = readOwnProfile(text, base);
      expect(result.ok).toBe(false);
      if (!result.ok) expect(result.problems.length).toBeGreaterThan(0);
    },
  );

  test('whatever is in the file, it is a profile that can be used or a list of problems', () => {
    const keys = [
      'name',
      'extends',
      'title',
      'logs',
      'events',
      'eventsOfLog',
      'clients',
      'scalers',
      'quirks',
      'hints',
      'hdlc',
      'registers',
      'profiles',
      'suites',
      '__proto__',
      'constructor',
    ];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.dictionary(
          fc.oneof(fc.constantFrom(...keys, 'fraud', '40', 'obis', 'text'), fc.string()),
          tie('any'),
        ),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.constantFrom('x', '1.0.1.8.0.255', 1, -1, 0.5, true, null),
      ),
    })).any;
    const file = fc
      .dictionary(fc.constantFrom(...keys), value)
      .chain((fields) =>
        fc
          .boolean()
          .map((named) => JSON.stringify(named ? { ...fields, name: 'x', extends: 'idis' } : fields)),
      );
    fc.assert(
      fc.property(fc.oneof(file, fc.string()), (text) => {
        const result = readOwnProfile(text, base);
        if (!result.ok) return result.problems.length > 0;
        return defineMeterProfile(result.profile) === result.profile;
      }),
      { numRuns: 500 },
    );
  });
});

describe('the files of the data directory', () => {
  const withFiles = (files: Record<string, string>): ProfileBook => {
    const directory = mkdtempSync(join(tmpdir(), 'profiles-'));
    try {
      mkdirSync(join(directory, 'profiles'));
      for (const [name, text] of Object.entries(files))
        writeFileSync(join(directory, 'profiles', name), text);
      const book = new ProfileBook();
      loadProfiles(directory, book, silentLog);
      return book;
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  test('are profiles, extend each other, and a bad one harms no other', () => {
    const book = withFiles({
      'a.json': JSON.stringify({ name: 'child', extends: 'parent', title: 'Child' }),
      'b.json': JSON.stringify({ name: 'parent', extends: 'dsmr', events: { '7': 'Seven' } }),
      'c.json': '{ "name": ',
      'd.json': JSON.stringify({ name: 'generic' }),
      'e.json': JSON.stringify({ name: 'loop', extends: 'pool' }),
      'f.json': JSON.stringify({ name: 'pool', extends: 'loop' }),
      'notes.txt': 'no profile',
    });
    expect(book.all().map(({ name }) => name)).toEqual([
      'generic',
      'idis',
      'dsmr',
      'is-15959',
      'parent',
      'child',
    ]);
    expect(book.event('child', 'standard', 7)?.text).toBe('Seven');
    expect(book.event('child', 'fraud', 48)?.text).toBe('Module cover opened');
    expect(book.problems.map(({ file }) => file).toSorted()).toEqual([
      'c.json',
      'd.json',
      'e.json',
      'f.json',
    ]);
  });

  test('without a folder there are those that are built in', () => {
    const book = new ProfileBook();
    loadProfiles('/nowhere', book, silentLog);
    expect(book.all()).toHaveLength(4);
    expect(book.problems).toEqual([]);
  });

  test('what is no file, and a folder that is none, are told', () => {
    const directory = mkdtempSync(join(tmpdir(), 'profiles-'));
    try {
      const book = new ProfileBook();
      mkdirSync(join(directory, 'profiles', 'a.json'), { recursive: true });
      loadProfiles(directory, book, silentLog);
      expect(book.problems).toEqual([{ file: 'a.json', problems: ['is no file'] }]);
      rmSync(join(directory, 'profiles'), { recursive: true });
      writeFileSync(join(directory, 'profiles'), '');
      loadProfiles(directory, book, silentLog);
      expect(book.problems.map(({ file }) => file)).toEqual(['profiles']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
