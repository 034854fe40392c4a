import { MASTER_ADDRESS, MODE, type ModuleMode, type ModuleVersion, VERSION } from '../units/afn-03.ts';
import { ALLOW_REPORTS, BAUD_RATES, SET_BAUD_RATE, SET_MASTER_ADDRESS } from '../units/afn-05.ts';
import {
  type Ending,
  endingOf,
  isUnsupported,
  type ModuleFacts,
  order,
  type Procedure,
  query,
} from './procedure.ts';

export interface StartUpOptions {
  readonly masterAddress: string;
  readonly baudRate?: number;
  readonly maxFrame: number;
  /** What the module has just said of itself, so that it need not be asked. */
  readonly mode?: ModuleMode;
}

export interface StartedModule {
  readonly mode?: ModuleMode;
  readonly version?: ModuleVersion;
}

const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 60_000;
/** Between the confirmation of a new rate and the first frame at it. */
const RATE_PAUSE_MS = 100;
/** Frames that are shorter would not carry the addresses of a batch. */
const SHORTEST_LIMIT = 64;
const MOST_NODES = 2040;

/**
 * Finds the module at any of its rates, learns what it is, and gives it its address and the wished rate. Ends only when
 * the module has answered.
 */
export function* startUp(
  facts: ModuleFacts,
  options: StartUpOptions,
  started: (module: StartedModule) => void,
): Procedure<Ending> {
  const mode = options.mode ?? (yield* find(facts, options.baudRate));
  if (mode === 'unknown') {
    if (!facts.editionIsGiven) facts.edition = '376.2';
  } else if (!facts.editionIsGiven) facts.edition = '10376.2';
  const known = mode === 'unknown' ? undefined : mode;
  facts.maxFrame = Math.max(SHORTEST_LIMIT, Math.min(options.maxFrame, known?.maxFrame || options.maxFrame));
  facts.maxFilePiece = known?.maxFilePacket ?? 0;
  facts.maxNodes = known?.maxNodes || MOST_NODES;
  facts.firstNode = facts.edition === '376.2' ? 0 : 1;

  const version = yield* query(facts, VERSION, undefined);
  if (!version.ok && version.code === 'silent') return 'silent';
  const address = yield* query(facts, MASTER_ADDRESS, undefined);
  if (!address.ok && address.code === 'silent') return 'silent';
  if (!address.ok || address.value !== options.masterAddress) {
    const set = yield* order(facts, SET_MASTER_ADDRESS, options.masterAddress);
    if (!set.ok) return endingOf(set);
  }
  // Modules of the first edition have no such switch, and report anyway.
  const reports = yield* order(facts, ALLOW_REPORTS, 1);
  if (!reports.ok && reports.code === 'silent') return 'silent';
  const rate = yield* changeRate(facts, options.baudRate);
  if (rate !== 'done') return rate;
  started({
    ...(known === undefined ? {} : { mode: known }),
    ...(version.ok ? { version: version.value } : {}),
  });
  return 'done';
}

/** What it says of itself; `unknown` when it answers, but does not know the question. */
function* find(facts: ModuleFacts, wished = facts.baudRate): Procedure<ModuleMode | 'unknown'> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    for (const baudRate of new Set([facts.baudRate, wished, ...BAUD_RATES])) {
      if (baudRate !== facts.baudRate) {
        facts.baudRate = baudRate;
        facts.configure(baudRate);
      }
      const answer = yield* query(facts, MODE, undefined, { attempts: 2 });
      if (answer.ok) return answer.value;
      if (answer.code !== 'silent') return 'unknown';
    }
    facts.emit({ type: 'silent' });
    yield { do: 'pause', delayMs: pauseMs };
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

/** Changes the rate of both sides, and back when the module is not heard at the new one. */
function* changeRate(facts: ModuleFacts, wished: number | undefined): Procedure<Ending> {
  const rates: readonly number[] = BAUD_RATES;
  const index = wished === undefined ? -1 : rates.indexOf(wished);
  const before = facts.baudRate;
  if (wished === undefined || index < 0 || wished === before || facts.baudRateRefused) return 'done';
  const set = yield* order(facts, SET_BAUD_RATE, index);
  if (!set.ok) {
    facts.baudRateRefused = true;
    return set.code === 'silent' ? 'silent' : 'done';
  }
  facts.configure(wished);
  facts.baudRate = wished;
  yield { do: 'pause', delayMs: RATE_PAUSE_MS };
  const check = yield* query(facts, MASTER_ADDRESS, undefined);
  if (check.ok || !isLost(check.code)) return 'done';
  facts.baudRateRefused = true;
  facts.configure(before);
  facts.baudRate = before;
  const back = yield* query(facts, MASTER_ADDRESS, undefined);
  // At neither rate: everything begins anew, which tries all of them.
  return back.ok || isUnsupported(back.code) ? 'done' : 'silent';
}

const isLost = (code: number | 'silent'): boolean => code === 'silent';
