import { DEFAULTS } from './module-facts.ts';
import type { ModuleOutput } from './module-output.ts';
import type { ModuleConfig } from './module-types.ts';
import { synchroniseArchive } from './procedures/archive.ts';
import type { Ending, ModuleFacts, Procedure } from './procedures/procedure.ts';
import { type StartedModule, startUp } from './procedures/start-up.ts';
import type { Traffic } from './traffic.ts';
import type { ModuleMode, ModuleVersion } from './units/afn-03.ts';

/** What a module is to be made, and who it was when that was done last. */
export class ModuleSetup {
  readonly #out: ModuleOutput;
  readonly #facts: ModuleFacts;
  readonly #traffic: Traffic;
  readonly #config: ModuleConfig;
  /** Nobody has said so far what the module is to have: it keeps what it has. */
  #archive: readonly string[] | undefined;
  #known: ReadonlySet<string> = new Set();
  #identity: string | undefined;
  #doubt = true;

  constructor(out: ModuleOutput, facts: ModuleFacts, traffic: Traffic, config: ModuleConfig) {
    this.#out = out;
    this.#facts = facts;
    this.#traffic = traffic;
    this.#config = config;
  }

  set archive(nodes: readonly string[]) {
    this.#known = new Set(nodes);
    this.#archive = [...this.#known];
  }

  isKnown(address: string): boolean {
    return this.#known.has(address);
  }

  /** It is not the module that was set up last. */
  isOther(mode: ModuleMode): boolean {
    return this.#identity !== identityOf(mode);
  }

  /** What the module has may differ from the archive. */
  get unsynchronised(): boolean {
    return this.#doubt || this.#traffic.archiveInDoubt;
  }

  doubt(): void {
    this.#doubt = true;
  }

  /** The course that finds a module and sets it up; `mode`: it has just said of itself what it is. */
  startUp(nowMs: number, mode: ModuleMode | undefined, pauseMs: number): Procedure<Ending> {
    const { masterAddress, baudRate, maxFrame = DEFAULTS.maxFrame } = this.#config;
    this.#facts.noRouter = false;
    this.#doubt = true;
    this.#traffic.networkForms(nowMs);
    const options = {
      masterAddress,
      maxFrame,
      ...(baudRate === undefined ? {} : { baudRate }),
      ...(mode === undefined ? {} : { mode }),
    };
    const course = startUp(this.#facts, options, (module) => this.#started(module));
    return pauseMs > 0 ? after(pauseMs, course) : course;
  }

  /** The course that gives the module its archive; undefined when it is to keep what it has. */
  synchronise(): Procedure<Ending> | undefined {
    this.#doubt = false;
    this.#traffic.archiveInDoubt = false;
    if (this.#archive === undefined) return undefined;
    return synchroniseArchive(this.#facts, this.#archive, (result) =>
      this.#out.emit({ type: 'archive', ...result }),
    );
  }

  #started({ mode, version }: StartedModule): void {
    const { edition, baudRate, maxFrame } = this.#facts;
    const identity = identityOf(version ?? mode);
    const swapped = this.#identity !== undefined && this.#identity !== identity;
    this.#identity = identity;
    this.#traffic.maxFrame = maxFrame;
    this.#traffic.monitorTimeoutMs = (mode?.monitorTimeoutS ?? 0) * 1000;
    if (edition === '376.2') this.#traffic.way = 'single';
    else if (swapped) this.#traffic.way = 'concurrent';
    this.#out.emit({
      type: 'ready',
      edition,
      baudRate,
      ...(version === undefined ? {} : { version }),
      ...(mode === undefined ? {} : { mode }),
      swapped,
    });
  }
}

const identityOf = ({ vendor, chip, date, version }: Partial<ModuleVersion> = {}): string =>
  JSON.stringify([vendor, chip, date, version]);

function* after(delayMs: number, course: Procedure<Ending>): Procedure<Ending> {
  yield { do: 'pause', delayMs };
  return yield* course;
}
