export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Sums the totals of a JUnit report as `bun test` writes it; skipped tests count on neither side. */
export function countJUnit(xml: string): Counts {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? '';
  const total = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0);
  const failed = total('failures') + total('errors');
  return { passed: total('tests') - failed - total('skipped'), failed };
}
