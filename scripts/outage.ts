/**
 * `npm run test:outage -- [--days N] [--meters N] [--kills N] [--seed N] [--uplink NAME] [--json]`: the uplink is cut for days of virtual
 * time while the concentrator reads its meters and is killed; then it is back, is killed while it sends, and the far end goes away and
 * comes back. All that is stored, and all that the meters have written, must have come.
 */
import { parseArgs } from 'node:util';
import { mosquitto } from '../test/headend/mqtt-broker-fixture.ts';
import { dlmsHeadEnd } from '../test/outage/dlms-head-end.ts';
import type { HeadEnd } from '../test/outage/head-end.ts';
import { mqttHeadEnd } from '../test/outage/mqtt-head-end.ts';
import { type OutageRun, runOutage } from '../test/outage/run.ts';

const USAGE = `usage: npm run test:outage -- [options]

  --days N      days without an uplink (7)
  --meters N    simulated meters (100)
  --kills N     kills of the concentrator in these days (5); it is killed again while it sends
  --seed N      what the street and the moments are made of (1)
  --uplink NAME one of UPLINKS alone
  --json        one line of JSON at the end`;

/** Each uplink has a run of its own, and a street of its own. */
const UPLINKS: Readonly<Record<string, () => Promise<HeadEnd>>> = { dlms: dlmsHeadEnd, mqtt: mqttHeadEnd };

function usageError(text: string): never {
  console.error(`${text}\n\n${usage()}`);
  process.exit(2);
}

const usage = (): string => USAGE.replace('UPLINKS', Object.keys(UPLINKS).join(', '));

function optionsOf() {
  try {
    return parseArgs({
      options: {
        days: { type: 'string', default: '7' },
        meters: { type: 'string', default: '100' },
        kills: { type: 'string', default: '5' },
        seed: { type: 'string', default: '1' },
        uplink: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return usageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  return usageError(`--${name} takes a whole number from ${least} to ${most}, not ${text}`);
}

const options = optionsOf();
if (options.help) {
  console.log(usage());
  process.exit(0);
}
const size = {
  days: wholeNumber('days', options.days, 1, 29),
  meters: wholeNumber('meters', options.meters, 1, 2000),
  kills: wholeNumber('kills', options.kills, 0, 1000),
};
const seed = wholeNumber('seed', options.seed, 0, 2 ** 31);
const names = options.uplink === undefined ? Object.keys(UPLINKS) : [options.uplink];
if (names.some((name) => UPLINKS[name] === undefined)) usageError(`there is no uplink ${options.uplink}`);
if (mosquitto === null) usageError('mosquitto is not installed');

const startedMs = performance.now();
const seconds = (): string => `${Math.round((performance.now() - startedMs) / 1000)} s`;

const results = await Promise.allSettled(
  Object.entries(UPLINKS).flatMap(([uplink, headEnd], index) =>
    names.includes(uplink)
      ? [
          runOutage({
            ...size,
            uplink,
            // The same one for an uplink, whether it runs alone or not.
            seed: seed + index,
            headEnd,
            tell: (text) => console.error(`${seconds()} ${uplink}: ${text}`),
          }),
        ]
      : [],
  ),
);
const runs: OutageRun[] = [];
for (const [index, result] of results.entries()) {
  if (result.status === 'fulfilled') runs.push(result.value);
  else console.error(`${names[index]} failed: ${String(result.reason)}`);
}
const sum = (of: (run: OutageRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
const report = {
  sent: sum(({ sent }) => sent),
  received: sum(({ received }) => received),
  lost: sum(({ lost }) => lost),
  duplicates: sum(({ duplicates }) => duplicates),
  runs,
};
for (const { uplink, sent, received, lost, duplicates, faults } of runs) {
  console.error(`${uplink}: ${sent} sent, ${received} received, ${lost} lost, ${duplicates} came again`);
  for (const fault of faults) console.error(`  ${fault}`);
}
const ok =
  runs.length === names.length &&
  runs.every(({ sent, lost, faults }) => sent > 0 && lost === 0 && faults.length === 0);
console.error(`${ok ? 'passed' : 'FAILED'} in ${seconds()}`);
if (options.json) console.log(JSON.stringify(report));
process.exit(ok ? 0 : 1);
