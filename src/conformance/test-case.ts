import type { Framing } from '../base/model.ts';
import type { Bench } from './bench.ts';
import type { TargetReferencing } from './target.ts';

/** The groups of the DLMS UA's abstract test suites; HDLC stands for the data link, so the wrapper's cases are in it. */
export const TEST_GROUPS = ['HDLC', 'APPL', 'COSEM', 'SYMSEC'] as const;
export type TestGroup = (typeof TEST_GROUPS)[number];

/** What a target must have for a test to say anything. */
export interface TestNeeds {
  readonly framing?: Framing;
  readonly referencing?: TargetReferencing;
  /** The association works with ciphered APDUs. */
  readonly ciphered?: true;
  /** The authentication must be one of these. */
  readonly auth?: 'none' | 'lls' | 'hls' | 'any';
  /** It sends what may change the meter. */
  readonly writes?: true;
}

export interface TestDefinition {
  /** `GROUP_SUBJECT_P1` (positive: what must work) or `…_N1` (negative: what must be refused). */
  readonly id: string;
  readonly group: TestGroup;
  readonly title: string;
  /** Chapter of the Green Book (ed. 8), Blue Book (ed. 12) or standard; sub-clauses are not checked one by one. */
  readonly reference: string;
  readonly purpose: string;
  readonly needs?: TestNeeds;
  /** Returns when the test has passed; throws `Failure` or `Inconclusive` otherwise. */
  run(bench: Bench): Promise<void>;
}

export const defineTest = (definition: TestDefinition): TestDefinition => definition;

type Row = Omit<TestDefinition, 'group' | 'reference' | 'needs'> &
  Partial<Pick<TestDefinition, 'reference' | 'needs'>>;

/** Tests that share a group, a reference and needs; what a row states itself wins. */
export function defineTests(
  common: Pick<TestDefinition, 'group' | 'reference' | 'needs'>,
  rows: readonly Row[],
): readonly TestDefinition[] {
  return rows.map((row) => defineTest({ ...common, ...row, needs: { ...common.needs, ...row.needs } }));
}
