import type { EvidenceEntry } from './evidence.ts';
import type { ConformanceTarget } from './target.ts';
import type { TestGroup } from './test-case.ts';
import type { Verdict } from './verdict.ts';

export interface TestResult {
  readonly id: string;
  readonly group: TestGroup;
  readonly title: string;
  readonly reference: string;
  readonly purpose: string;
  readonly verdict: Verdict;
  /** Why it did not pass. */
  readonly reason: string | null;
  /** Inconclusive because the meter has not what the test is about, or the options rule it out. */
  readonly notApplicable: boolean;
  readonly durationMs: number;
  readonly evidence: readonly EvidenceEntry[];
}

export interface Summary {
  readonly pass: number;
  readonly fail: number;
  readonly inconclusive: number;
  /** Of the inconclusive ones, those that were not applicable. */
  readonly notApplicable: number;
}

/** What is said about the target: nothing secret. */
export interface TargetFacts {
  readonly name: string;
  readonly framing: string;
  readonly client: number;
  readonly server: number;
  readonly physicalAddress?: number;
  readonly addressBytes?: number;
  readonly auth: string;
  readonly policy: string;
  readonly suite: number;
  readonly referencing: string;
  /** How requests are framed; the rest says whether a dedicated key and signatures are used. */
  readonly form: string;
  readonly dedicated: boolean;
  readonly signed: boolean;
}

export interface MeterFacts {
  /** Logical device name as text; null when it cannot be read. */
  readonly deviceName: string | null;
  /** Hexadecimal, as the AARE states it. */
  readonly systemTitle: string | null;
}

export interface Report {
  /** No test has failed. */
  readonly ok: boolean;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly target: TargetFacts;
  readonly meter: MeterFacts;
  readonly summary: Summary;
  readonly results: readonly TestResult[];
}

export function factsOf({ opener, link, security, referencing = 'ln' }: ConformanceTarget): TargetFacts {
  return {
    name: opener.name,
    framing: link.framing,
    client: link.clientAddress,
    server: link.serverAddress,
    ...(link.framing === 'hdlc' ? { addressBytes: link.addressBytes } : {}),
    ...(link.framing === 'hdlc' && link.physicalAddress !== undefined
      ? { physicalAddress: link.physicalAddress }
      : {}),
    auth: security.auth,
    policy: security.policy,
    suite: security.suite,
    referencing,
    form: security.form ?? 'service-specific',
    dedicated: security.dedicated === true,
    signed: security.signed === true,
  };
}

export function summaryOf(results: readonly TestResult[]): Summary {
  const count = (verdict: Verdict): number => results.filter((result) => result.verdict === verdict).length;
  return {
    pass: count('pass'),
    fail: count('fail'),
    inconclusive: count('inconclusive'),
    notApplicable: results.filter(({ notApplicable }) => notApplicable).length,
  };
}

/** `12 passed, 1 failed, 3 inconclusive (2 not applicable)`. */
export function summaryText({ pass, fail, inconclusive, notApplicable }: Summary): string {
  return `${pass} passed, ${fail} failed, ${inconclusive} inconclusive (${notApplicable} not applicable)`;
}
