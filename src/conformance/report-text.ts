import { type Report, summaryText, type TestResult } from './report.ts';
import { TEST_GROUPS } from './test-case.ts';

const ID_WIDTH = 20;
const VERDICT_WIDTH = 14;

/** Verdict as the table shows it: what does not apply is told apart from what could not be found out. */
export const verdictText = ({
  verdict,
  notApplicable,
}: Pick<TestResult, 'verdict' | 'notApplicable'>): string => (notApplicable ? 'not applicable' : verdict);

/** The table for people, grouped, with the summary as its last line. */
export function reportLines(report: Report): string[] {
  const { target, meter } = report;
  const lines = [
    `${target.name}, ${target.framing}, client ${target.client}, server ${target.server}, ${target.auth}/${target.policy}`,
    `meter ${meter.deviceName ?? 'unknown'}${meter.systemTitle === null ? '' : `, system title ${meter.systemTitle}`}`,
  ];
  for (const group of TEST_GROUPS) {
    const results = report.results.filter((result) => result.group === group && !result.notApplicable);
    if (results.length === 0) continue;
    lines.push('', group);
    for (const result of results) {
      lines.push(
        `  ${result.id.padEnd(ID_WIDTH)} ${verdictText(result).padEnd(VERDICT_WIDTH)} ${result.title}`,
      );
      if (result.reason !== null) lines.push(`  ${' '.repeat(ID_WIDTH)} ${result.reason}`);
    }
  }
  lines.push('', summaryText(report.summary));
  return lines;
}
