/**
 * How the runtime's garbage collector and compiler work for a process that is to stay small: JavaScriptCore's own options, which it
 * takes from the environment when it starts and never again. A heap grows by a third before it is collected, not to
 * twice its size, and the last compiler tier, whose code is the largest, is left out: a round takes a tenth longer.
 */
export const LEAN_HEAP: Readonly<Record<string, string>> = {
  BUN_JSC_smallHeapGrowthFactor: '1.3',
  BUN_JSC_mediumHeapGrowthFactor: '1.2',
  BUN_JSC_largeHeapGrowthFactor: '1.15',
  BUN_JSC_useFTLJIT: '0',
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with what it lacks of `LEAN_HEAP`; undefined when it lacks nothing. What somebody has set stays as it is. */
export function leanEnvironment(present: Environment): Record<string, string> | undefined {
  if (Object.keys(LEAN_HEAP).every((name) => present[name] !== undefined)) return undefined;
  const own = Object.entries(present).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...LEAN_HEAP, ...Object.fromEntries(own) };
}

/**
 * Starts a compiled program once more in this process, with the same arguments, when its heap is not lean yet. Returns when it is, and
 * where the program is not compiled. To be called before anything is opened.
 */
export function restartLean(): void {
  if (!Bun.main.startsWith('/$bunfs/')) return;
  const environment = leanEnvironment(process.env);
  if (environment === undefined) return;
  process.execve?.(process.execPath, [process.execPath, ...process.argv.slice(2)], environment);
}
