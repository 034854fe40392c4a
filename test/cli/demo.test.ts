import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoCommand } from '../../src/cli/demo.ts';
import { demoPlan, LEAST_METERS, MOST_METERS } from '../../src/cli/demo-meters.ts';
import { runCli } from '../../src/cli/program.ts';
import { generic } from '../../src/meters/profiles/generic.ts';
import { readOwnProfile } from '../../src/meters/profiles/own-profile.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'opendcu-demo-test-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Meters by the kind of their place; `unlisted` are those that are in no archive. */
function census(meters: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { place, unlisted } of demoPlan(1, meters, '::1')) {
    const kind = unlisted === true ? 'unlisted' : place.kind;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

describe('who is in the demo', () => {
  test('200: behind the module, on two lines, in a G3 network, on TCP', () => {
    expect(census(200)).toEqual({ plc: 150, rs485: 30, g3: 10, tcp: 10, unlisted: 3 });
    const plans = demoPlan(1, 200, '::1');
    const lines = plans.flatMap(({ place }) => (place.kind === 'rs485' ? [place.line] : []));
    expect([lines.filter((line) => line === 0).length, new Set(lines).size]).toEqual([15, 2]);
    expect(plans.filter(({ opening }) => opening === 'mode-e')).toHaveLength(2);
  });

  test.each([LEAST_METERS, 3, 7, 8, 9, 12, 39, 60, 777, MOST_METERS])('%d in proportion', (meters) => {
    const { unlisted = 0, ...kinds } = census(meters);
    expect(Object.values(kinds).reduce((sum, count) => sum + count, 0)).toBe(meters);
    expect(Object.keys(kinds).sort()).toEqual(meters < 8 ? ['plc', 'tcp'] : ['g3', 'plc', 'rs485', 'tcp']);
    expect(kinds['plc']).toBeGreaterThanOrEqual(Math.floor(meters / 2));
    expect(unlisted).toBe(meters < 8 ? 0 : 3);
  });
});

test('dcu demo --once reads every meter of every kind, and the next run what is new', async () => {
  const journal = join(directory, 'journal');
  const data = join(directory, 'data');
  const run = async (): Promise<Record<string, number>> => {
    const out: string[] = [];
    const err: string[] = [];
    const io = {
      out: (line: string) => void out.push(line),
      err: (line: string) => void err.push(line),
      signal: new AbortController().signal,
    };
    const args = ['demo', '--once', '--json', '--meters', '10', '--data', data, '--journal', journal];
    const status = await runCli(args, io, [demoCommand]);
    expect([status, out.length, err.filter((line) => line.includes('failed'))]).toEqual([0, 1, []]);
    return JSON.parse(out[0] ?? '{}');
  };
  const first = await run();
  expect(first).toMatchObject({ meters: 10, read: 10, failed: 0 });
  expect(first['profileRows']).toBeGreaterThan(10 * 96 * 15);
  const stored = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  expect(new Set(stored.map((line) => JSON.parse(line).meterId)).size).toBe(10);
  const profile = readFileSync(join(data, 'profiles', 'simulated-g3.json'), 'utf8');
  expect(readOwnProfile(profile, () => generic)).toMatchObject({
    ok: true,
    profile: { name: 'simulated-g3', g3Psk: { classId: 1, by: { attribute: 2 }, wrap: 'kek' } },
  });
  // Other ports and pseudo-terminals, the same archive.
  const second = await run();
  expect(second).toMatchObject({ meters: 10, read: 10, failed: 0 });
  expect(second['profileRows']).toBeLessThan(100);
}, 60_000);
