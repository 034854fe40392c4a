const QUARTER_MS = 900_000;
/** From the moment that a test notes to its collector's planning of the round. */
const PLANNING_MS = 5_000;

/**
 * The second in which a test begins, UTC milliseconds. Meters write rows at every quarter of an hour: shortly before one it waits, or the
 * round would look back to one row later than the test does.
 */
export async function beginning(): Promise<number> {
  const leftMs = QUARTER_MS - (Date.now() % QUARTER_MS);
  if (leftMs < PLANNING_MS) await Bun.sleep(leftMs);
  return Math.floor(Date.now() / 1000) * 1000;
}
