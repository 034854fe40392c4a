import { Command } from 'commander';
import { fromHex } from '../base/bytes.ts';
import { systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import { systemRandom } from '../base/random.ts';
import { keyBytes } from '../base/security-needs.ts';
import type { Report, TestResult } from '../conformance/report.ts';
import { reportHtml } from '../conformance/report-html.ts';
import { reportLines } from '../conformance/report-text.ts';
import { chosenTests, type RunOptions, runConformance } from '../conformance/runner.ts';
import { type ConformanceTarget, TARGET_FORMS, type TargetForm } from '../conformance/target.ts';
import { TEST_GROUPS, type TestGroup } from '../conformance/test-case.ts';
import { type CliCommand, type CliIo, ReportedFailure } from './command.ts';
import { oneOf, usage, wholeNumber } from './options.ts';
import { addTargetOptions, type Target, type TargetFlags, targetOf } from './target-options.ts';
import { openTargetChannel, targetConfig } from './target-session.ts';

interface Flags extends TargetFlags {
  readonly json?: boolean;
  readonly html?: string;
  readonly allowWrites?: boolean;
  readonly group?: readonly TestGroup[];
  readonly only?: readonly string[];
  readonly quietMs: number;
  readonly broadcastKey?: string;
}

const QUIET_MS = 1500;

/** `dcu conformance`: an acceptance test of any meter, in the manner of the abstract test suites. */
export const conformanceCommand: CliCommand = {
  build(io) {
    const command = new Command('conformance').description(
      'Test a meter against the DLMS/COSEM standards. Nothing is written unless --allow-writes is given. ' +
        `--form is ${TARGET_FORMS.join(', ')}: forms whose key both sides have beforehand.`,
    );
    return addTargetOptions(command)
      .option('--group <names>', `only these groups, with commas: ${TEST_GROUPS.join(',')}`, groups)
      .option('--only <ids...>', 'only these tests; HDLC_* stands for all that begin so')
      .option('--allow-writes', 'also run the tests that send SET, ACTION and WRITE')
      .option('--broadcast-key <hex>', 'global broadcast key, for the tests that misuse it')
      .option(
        '--quiet-ms <number>',
        'so much silence counts as no answer, where none is due',
        wholeNumber('quiet-ms', 20, 600_000),
        QUIET_MS,
      )
      .option('--html <file>', 'write the report with all frames as one HTML page')
      .option('--json', 'print the report as one JSON document')
      .action((flags: Flags) => conformance(flags, io));
  },
};

const groups = (text: string): readonly TestGroup[] => text.split(',').map(oneOf('group', TEST_GROUPS));

async function conformance(flags: Flags, io: CliIo): Promise<void> {
  const target = targetOf(flags);
  const form = formOf(target);
  const options: RunOptions = {
    ...(flags.group === undefined ? {} : { groups: flags.group }),
    ...(flags.only === undefined ? {} : { only: flags.only }),
    onResult: (result, done, all) => io.err(progressLine(result, done, all)),
    onProgress: (text) => io.err(`  ${text}`),
    signal: io.signal,
  };
  if (chosenTests(options).length === 0) throw usage('only', 'and --group leave no test to run');
  const report = await runConformance(await conformanceTarget(target, form, flags, io.signal), options);
  if (flags.html !== undefined) await writePage(flags.html, report);
  if (flags.json === true) io.out(JSON.stringify(report));
  else for (const line of reportLines(report)) io.out(line);
  if (!report.ok) throw new ReportedFailure();
}

/** The suite builds its protection itself, and knows the forms whose keys both sides have beforehand. */
function formOf({ association }: Target): TargetForm {
  return oneOf('form', TARGET_FORMS)(association.form ?? 'service-specific');
}

async function conformanceTarget(
  target: Target,
  form: TargetForm,
  { allowWrites, quietMs, broadcastKey }: Flags,
  signal: AbortSignal,
): Promise<ConformanceTarget> {
  const { association } = await targetConfig(target, signal);
  const { transport, link, timeoutMs } = target;
  const name = transport.kind === 'tcp' ? `${transport.host}:${transport.port}` : transport.settings.path;
  const { auth, policy, suite = 0, systemTitle = systemRandom.bytes(8) } = association;
  const { referencing = 'ln', dedicated = false, signed = false } = association;
  const broadcast = broadcastKey === undefined ? undefined : fromHex(broadcastKey, '--broadcast-key');
  if (broadcast !== undefined && broadcast.length !== keyBytes(suite)) {
    throw usage('broadcast-key', `has ${keyBytes(suite)} bytes in suite ${suite}`);
  }
  const { password, encryptionKey, authenticationKey, signingKey, peerSigningKey, hook } = association;
  return {
    opener: { name, open: () => openTargetChannel(target, signal) },
    link,
    referencing,
    security: {
      auth,
      policy,
      suite,
      systemTitle,
      form,
      dedicated,
      signed,
      ...(broadcast ? { broadcastKey: broadcast } : {}),
      ...(password ? { password } : {}),
      ...(encryptionKey ? { encryptionKey } : {}),
      ...(authenticationKey ? { authenticationKey } : {}),
      ...(signingKey ? { signingKey } : {}),
      ...(peerSigningKey ? { peerSigningKey } : {}),
      ...(hook ? { hook } : {}),
    },
    nextInvocationCounter: association.nextInvocationCounter ?? noCounter,
    timeoutMs,
    quietMs: Math.min(quietMs, timeoutMs),
    allowWrites: allowWrites === true,
    clock: systemClock,
    random: systemRandom,
  };
}

function noCounter(): number {
  throw new DcuError('internal', 'an invocation counter without keys');
}

const progressLine = ({ id, verdict, notApplicable }: TestResult, done: number, all: number): string =>
  `${String(done).padStart(String(all).length)}/${all} ${id} ${notApplicable ? 'not applicable' : verdict}`;

async function writePage(path: string, report: Report): Promise<void> {
  try {
    await Bun.write(path, reportHtml(report));
  } catch (cause) {
    throw new DcuError('invalid-argument', `--html: ${path} cannot be written`, { field: 'html', cause });
  }
}
