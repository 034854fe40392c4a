import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import type { Report } from '../../src/conformance/report.ts';
import { instantText, reportHtml } from '../../src/conformance/report-html.ts';
import { reportLines } from '../../src/conformance/report-text.ts';
import { chosenTests, runConformance } from '../../src/conformance/runner.ts';
import { TEST_GROUPS } from '../../src/conformance/test-case.ts';
import { ALL_TESTS } from '../../src/conformance/tests/index.ts';
import { parseWrapperFrame } from '../../src/conformance/wrapper-frame.ts';
import { startBrokenMeter } from './faults/broken-meter.ts';
import { FAULTS } from './faults/index.ts';
import { type SoundMeter, startSoundMeter } from './sound-meter.ts';

const LONG_MS = 60_000;

/** A part of the suite that touches every group and takes little time. */
const PART = [
  'WRAPPER_*',
  'APPL_OPEN_*',
  'APPL_LLS_*',
  'APPL_REL_*',
  'APPL_SET_*',
  'COSEM_READ_*',
  'SYMSEC_MSG_P*',
];

describe('the list of tests', () => {
  test('there are three hundred and more, each with an id of its own', () => {
    expect(ALL_TESTS.length).toBeGreaterThanOrEqual(300);
    expect(new Set(ALL_TESTS.map(({ id }) => id)).size).toBe(ALL_TESTS.length);
    for (const group of TEST_GROUPS) {
      expect(ALL_TESTS.filter((one) => one.group === group).length).toBeGreaterThan(20);
    }
  });

  test('each says what it is about', () => {
    for (const { id, title, purpose, reference } of ALL_TESTS) {
      expect(id).toMatch(/^[A-Z0-9]+(_[A-Z0-9]+)+$/);
      for (const text of [title, purpose, reference]) expect(text.length, id).toBeGreaterThan(8);
    }
  });

  test('a choice by group and name is kept, an unknown name refused', () => {
    expect(chosenTests({ groups: ['COSEM'] }).every(({ group }) => group === 'COSEM')).toBe(true);
    expect(chosenTests({ only: ['APPL_OPEN_P1'] }).map(({ id }) => id)).toEqual(['APPL_OPEN_P1']);
    expect(chosenTests({ only: ['HDLC_ADDRESS_*'] }).length).toBeGreaterThan(5);
    expect(() => chosenTests({ only: ['NOTHING'] })).toThrow('there is no test NOTHING');
  });

  test('faults have names of their own and tests that are there', () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(100);
    expect(new Set(FAULTS.map(({ id }) => id)).size).toBe(FAULTS.length);
    for (const { id, finds } of FAULTS) expect(chosenTests({ only: finds }).length, id).toBe(finds.length);
  });
});

describe('a run against a sound meter with a password', () => {
  let meter: SoundMeter;
  let report: Report;

  beforeAll(async () => {
    meter = await startSoundMeter({ framing: 'wrapper', auth: 'lls' });
    report = await runConformance(meter.target, { only: PART });
  }, LONG_MS);
  afterAll(() => meter.stop());

  test('nothing fails, and what needs writes or keys does not apply', () => {
    const bad = report.results.filter(({ verdict, notApplicable }) => verdict !== 'pass' && !notApplicable);
    expect(bad.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([]);
    expect(report.ok).toBe(true);
    const verdicts = new Map(report.results.map((result) => [result.id, result]));
    expect(verdicts.get('APPL_SET_N1')?.reason).toContain('--allow-writes');
    expect(verdicts.get('SYMSEC_MSG_P1')?.notApplicable).toBe(true);
    expect(report.summary.pass).toBeGreaterThan(40);
  });

  test('nothing was sent that could write', () => {
    const tags = new Set<number>();
    for (const { hex, direction } of report.results.flatMap(({ evidence }) => evidence)) {
      if (direction !== 'out') continue;
      const frame = parseWrapperFrame(fromHex(hex.replaceAll('**', '00')));
      if (frame?.version === 1) tags.add(frame.apdu[0] ?? -1);
    }
    expect(tags.has(0xc0)).toBe(true);
    for (const tag of [0xc1, 0xc3, 0x06, 0x16, 0xd9]) expect(tags.has(tag)).toBe(false);
  });

  test('neither the password nor a part of it is in any form of the report', () => {
    const { password } = meter.served;
    const hex = toHex(new TextEncoder().encode(password));
    expect(hex.length).toBeGreaterThan(8);
    for (const text of [JSON.stringify(report), reportHtml(report), reportLines(report).join('\n')]) {
      expect(text).not.toContain(hex);
      expect(text).not.toContain(hex.slice(0, -2));
      expect(text).not.toContain(password ?? hex);
    }
  });

  test('the text ends with the summary, the JSON has what programs need', () => {
    const { pass, inconclusive, notApplicable } = report.summary;
    expect(reportLines(report).at(-1)).toBe(
      `${pass} passed, 0 failed, ${inconclusive} inconclusive (${notApplicable} not applicable)`,
    );
    expect(report.meter.deviceName).toBe(`ODC${meter.served.meterNo}`);
    const [first] = report.results;
    expect(Object.keys(first ?? {})).toEqual(
      expect.arrayContaining(['id', 'group', 'title', 'reference', 'verdict', 'reason', 'evidence']),
    );
    expect(Object.keys(first?.evidence[0] ?? {}).sort()).toEqual(['direction', 'hex', 'note', 'timeMs']);
  });

  test('the page needs nothing from elsewhere and escapes what a meter says', () => {
    const page = reportHtml({ ...report, meter: { ...report.meter, deviceName: '<script>x</script>' } });
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/(?:src|href)=|@import|url\(/);
    expect(page).toContain('<details');
    expect(page).toContain('&lt;script&gt;');
  });

  test('times name their zone', () => {
    expect(instantText('2026-11-23T12:00:00.000Z', 'Europe/Athens')).toBe(
      '23 November 2026 at 14:00:00 EET (2026-11-23T12:00:00.000Z)',
    );
  });
});

describe('a meter that is not sound', () => {
  test.each([
    'any-password',
    'replay-accepted',
    'fcs-unchecked',
    'type-wrong',
    'everything-writable',
    'dedicated-ignored',
    'signature-unchecked',
    'unsigned-served',
    'names-overlap',
    'block-not-repeated',
    'access-swapped',
  ])(
    '%s is found',
    async (id) => {
      const fault = FAULTS.find((one) => one.id === id);
      if (fault === undefined) throw new Error(`there is no fault ${id}`);
      const meter = startBrokenMeter(fault);
      try {
        const { results, ok } = await runConformance(meter.target, { only: fault.finds });
        expect(results.map(({ verdict }) => verdict)).toEqual(fault.finds.map(() => 'fail'));
        expect(results.every(({ evidence }) => evidence.length > 0)).toBe(true);
        expect(ok).toBe(false);
      } finally {
        await meter.stop();
      }
    },
    LONG_MS,
  );

  test('a meter that cannot be reached is an error, not a verdict', async () => {
    const meter = await startSoundMeter({ framing: 'wrapper', auth: 'none' });
    await meter.stop();
    await expect(runConformance(meter.target, { only: ['APPL_OPEN_P1'] })).rejects.toThrow('127.0.0.1');
  });
});

describe('a serial line', () => {
  test(
    'HDLC is tested on a pseudo-terminal',
    async () => {
      const meter = await startSoundMeter({ framing: 'hdlc', auth: 'hls-gmac', serial: true });
      try {
        const only = ['HDLC_FRAME_P*', 'HDLC_ADDRESS_N1', 'HDLC_INFO_P4', 'SYMSEC_MSG_N9'];
        const { results } = await runConformance(meter.target, { only });
        expect(results.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual(
          results.map(({ id }) => `${id} pass`),
        );
        const { encryptionKey, authenticationKey } = meter.served;
        for (const key of [encryptionKey, authenticationKey]) {
          expect(JSON.stringify(results)).not.toContain(toHex(key ?? new Uint8Array(1)));
        }
      } finally {
        await meter.stop();
      }
    },
    LONG_MS,
  );
});

describe('a password in segments', () => {
  test(
    'no frame of HDLC shows a piece of it, nor the check sequence over it',
    async () => {
      const meter = await startSoundMeter({ framing: 'hdlc', auth: 'lls' });
      try {
        const { results } = await runConformance(meter.target, {
          only: ['HDLC_INFO_P1', 'HDLC_INFO_P5', 'HDLC_INFO_P7'],
        });
        const { password = '' } = meter.served;
        const pieces = Array.from({ length: password.length - 2 }, (_, i) =>
          toHex(new TextEncoder().encode(password.slice(i, i + 3))),
        );
        expect(results.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass']);
        for (const { evidence } of results) {
          const sent = evidence.filter(({ direction }) => direction === 'out').map(({ hex }) => hex);
          const hidden = sent.filter((hex) => hex.includes('**'));
          expect(hidden.length).toBeGreaterThan(0);
          // Each frame that holds a part of it ends with its two hidden octets of FCS and a flag.
          for (const hex of hidden) expect(hex.endsWith('****7e')).toBe(true);
          for (const piece of pieces) expect(sent.join(' ')).not.toContain(piece);
          const octets = hidden.join('').match(/\*\*/g)?.length ?? 0;
          expect(octets).toBe(password.length + 2 * hidden.length);
        }
      } finally {
        await meter.stop();
      }
    },
    LONG_MS,
  );
});

describe('short names and other forms of protection', () => {
  test.each([
    { framing: 'wrapper', auth: 'hls-gmac', referencing: 'sn', dedicated: true },
    { framing: 'hdlc', auth: 'lls', referencing: 'sn' },
    { framing: 'wrapper', auth: 'hls-gmac', suite: 1, signed: true },
    { framing: 'wrapper', auth: 'hls-gmac', form: 'general-glo' },
  ] as const)(
    'a sound meter passes: %o',
    async (combination) => {
      const meter = await startSoundMeter(combination);
      try {
        const only = [
          'SN_READ_*',
          'SN_LIST_*',
          'SN_NAMES_*',
          'SYMSEC_FORM_*',
          'SYMSEC_DED_*',
          'SYMSEC_SIGN_*',
        ];
        const report = await runConformance(meter.target, { only });
        const bad = report.results.filter(
          ({ verdict, notApplicable }) => verdict !== 'pass' && !notApplicable,
        );
        expect(bad.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([]);
        expect(report.summary.pass).toBeGreaterThan(8);
      } finally {
        await meter.stop();
      }
    },
    LONG_MS,
  );

  test('a dedicated key is in no report, though the InitiateRequest is not encrypted', async () => {
    const meter = await startSoundMeter({ framing: 'wrapper', auth: 'hls-gmac', dedicated: true });
    try {
      const target = { ...meter.target, security: { ...meter.target.security, policy: 'auth' as const } };
      const { results } = await runConformance(target, { only: ['APPL_OPEN_P1'] });
      const sent = results[0]?.evidence.filter(({ direction }) => direction === 'out') ?? [];
      expect(sent.length).toBeGreaterThan(0);
      // Presence flag, length, and sixteen octets that nobody may see.
      expect(sent.some(({ hex }) => hex.includes(`010110${'**'.repeat(16)}`))).toBe(true);
    } finally {
      await meter.stop();
    }
  });
});
