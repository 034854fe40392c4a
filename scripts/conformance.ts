/**
 * `npm run test:conformance`: the acceptance suite against sound simulated meters, where nothing may fail, and against
 * meters with one planted fault each, which the suite must find. The last line is `N passed, N failed`.
 * `-- --peers DIR` writes a page about each server of the interoperability tests instead, whatever the verdicts.
 */
import { summaryText } from '../src/conformance/report.ts';
import { runConformance } from '../src/conformance/runner.ts';
import { type Fault, startBrokenMeter } from '../test/conformance/faults/broken-meter.ts';
import { FAULTS } from '../test/conformance/faults/index.ts';
import { reportPeers } from '../test/conformance/peers.ts';
import { type Combination, startSoundMeter } from '../test/conformance/sound-meter.ts';

/** So many meters are tested at a time: what takes long is waiting for silence, and for clocks to move on. */
const AT_A_TIME = 6;

const COMBINATIONS: readonly Combination[] = [
  { framing: 'wrapper', auth: 'none' },
  { framing: 'wrapper', auth: 'lls' },
  { framing: 'wrapper', auth: 'hls-gmac' },
  { framing: 'wrapper', auth: 'hls-md5' },
  { framing: 'wrapper', auth: 'hls-sha1' },
  { framing: 'wrapper', auth: 'hls-sha256' },
  { framing: 'wrapper', auth: 'hls-ecdsa', suite: 1 },
  { framing: 'wrapper', auth: 'hls-ecdsa', suite: 2 },
  { framing: 'wrapper', auth: 'hls-gmac', suite: 1 },
  { framing: 'wrapper', auth: 'hls-gmac', suite: 2 },
  { framing: 'wrapper', auth: 'hls-gmac', form: 'general-glo', broadcast: true },
  { framing: 'wrapper', auth: 'hls-gmac', dedicated: true },
  { framing: 'wrapper', auth: 'hls-gmac', form: 'general-ded', dedicated: true },
  { framing: 'wrapper', auth: 'hls-gmac', suite: 1, form: 'identified-key' },
  { framing: 'wrapper', auth: 'hls-gmac', suite: 1, signed: true },
  { framing: 'wrapper', auth: 'none', referencing: 'sn' },
  { framing: 'wrapper', auth: 'hls-gmac', referencing: 'sn' },
  { framing: 'wrapper', auth: 'hls-gmac', referencing: 'sn', dedicated: true },
  { framing: 'hdlc', auth: 'lls', referencing: 'sn' },
  { framing: 'hdlc', auth: 'none' },
  { framing: 'hdlc', auth: 'lls' },
  { framing: 'hdlc', auth: 'hls-gmac' },
  { framing: 'hdlc', auth: 'hls-gmac', serial: true },
];

interface Outcome {
  readonly passed: number;
  readonly failures: readonly string[];
}

async function testSound(combination: Combination): Promise<Outcome> {
  const meter = await startSoundMeter(combination);
  try {
    const { summary, results } = await runConformance({ ...meter.target, allowWrites: true });
    const name = nameOf(combination);
    console.log(`sound meter ${name.padEnd(44)} ${summaryText(summary)}`);
    const failures = results
      .filter(({ verdict, notApplicable }) => verdict !== 'pass' && !notApplicable)
      .map(({ id, verdict, reason }) => `${name} ${id}: ${verdict}, ${reason ?? ''}`);
    return { passed: summary.pass, failures };
  } finally {
    await meter.stop();
  }
}

function nameOf({ framing, auth, referencing, suite, form, dedicated, signed, serial }: Combination): string {
  const marks = { sn: referencing === 'sn', dedicated, signed, serial };
  const set = Object.entries(marks).flatMap(([mark, on]) => (on ? [mark] : []));
  const parts = [framing, auth, ...(suite === undefined ? [] : [`suite ${suite}`]), ...(form ? [form] : [])];
  return [...parts, ...set].join('/');
}

async function testFault(fault: Fault): Promise<Outcome> {
  const meter = startBrokenMeter(fault);
  try {
    const { results } = await runConformance(meter.target, { only: fault.finds });
    const missed = results.filter(({ verdict }) => verdict !== 'fail');
    const found = missed.length === 0 ? 'found' : 'MISSED';
    console.log(`fault ${fault.id.padEnd(26)} ${found.padEnd(7)} ${fault.title}: ${fault.finds.join(', ')}`);
    return {
      passed: results.length - missed.length,
      failures: missed.map(
        ({ id, verdict, reason }) => `${fault.id}: ${id} says ${verdict}, ${reason ?? ''}`,
      ),
    };
  } finally {
    await meter.stop();
  }
}

async function inTurns<Item>(
  items: readonly Item[],
  run: (item: Item) => Promise<Outcome>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < items.length; at += AT_A_TIME) {
    outcomes.push(...(await Promise.all(items.slice(at, at + AT_A_TIME).map(run))));
  }
  return outcomes;
}

const [option, directory] = process.argv.slice(2);
if (option === '--peers' && directory !== undefined) {
  await reportPeers(directory, (name, { summary }) =>
    console.log(`${name.padEnd(24)} ${summaryText(summary)}`),
  );
  process.exit(0);
}

const startMs = performance.now();
const outcomes = [...(await inTurns(COMBINATIONS, testSound)), ...(await inTurns(FAULTS, testFault))];
const failures = outcomes.flatMap((outcome) => outcome.failures);
for (const failure of failures) console.log(`  ${failure}`);
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
console.log(`${FAULTS.length} faults planted, ${Math.round((performance.now() - startMs) / 1000)} s`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 || passed === 0 ? 1 : 0);
