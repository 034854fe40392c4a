/** Input longer ago than this no longer speaks for somebody at the page. */
const PRESENT_MS = 60_000;
const INPUTS = ['pointerdown', 'keydown', 'wheel', 'touchstart'];

/**
 * Tells whether somebody uses the page: loading it counts, and so does every input on `target` from then on. Pages ask for
 * fresh data by themselves; only where somebody is there may that keep the session alive.
 */
export function watchPresence(target: EventTarget, now: () => number): () => boolean {
  let usedAt = now();
  const used = (): void => {
    usedAt = now();
  };
  for (const name of INPUTS) target.addEventListener(name, used, { capture: true, passive: true });
  return () => now() - usedAt < PRESENT_MS;
}
