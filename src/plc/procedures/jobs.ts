import { SHORTEST_FRAME } from '../frame.ts';
import type { Unit } from '../unit.ts';
import { DENIAL } from '../units/afn-00.ts';
import { BAND, MASTER_ADDRESS } from '../units/afn-03.ts';
import { SET_BAND } from '../units/afn-05.ts';
import {
  NODES,
  type PageRequest,
  PHASES,
  type PhaseNode,
  type RoutedNode,
  TOPOLOGY,
  type TopologyNode,
} from '../units/afn-10.ts';
import { START_REGISTRATION, STOP_REGISTRATION } from '../units/afn-11.ts';
import { RESUME_ROUTER } from '../units/afn-12.ts';
import {
  type Answer,
  type Ending,
  endingOf,
  type ModuleFacts,
  order,
  type Procedure,
  pauseRouter,
  query,
} from './procedure.ts';

interface NumberedPage<T> {
  readonly total: number;
  readonly nodes: readonly T[];
}

const MOST_NODES = 4096;
const MOST_ON_PAGE = 64;
const PAGE_HEAD = 5;
/** The longest entry of the two. */
const ENTRY_LENGTH = 11;
const REGISTRATION_RETRIES = 1;
const REGISTRATION_SLOTS = 60;

export function* readTopology(facts: ModuleFacts, id: string): Procedure<Ending> {
  const nodes = yield* readPages<TopologyNode>(facts, TOPOLOGY);
  if (!nodes.ok) return endingOf(nodes);
  facts.emit({ type: 'topology', id, nodes: nodes.value });
  return 'done';
}

export function* readPhases(facts: ModuleFacts, id: string): Procedure<Ending> {
  const nodes = yield* readPages<PhaseNode>(facts, PHASES);
  if (!nodes.ok) return endingOf(nodes);
  facts.emit({ type: 'phases', id, nodes: nodes.value });
  return 'done';
}

export function* readNodeDetails(facts: ModuleFacts, id: string): Procedure<Ending> {
  const nodes = yield* readPages<RoutedNode>(facts, NODES, facts.firstNode, facts.batch);
  if (!nodes.ok) return endingOf(nodes);
  facts.emit({ type: 'nodes', id, nodes: nodes.value });
  return 'done';
}

/** All pages of a list that is numbered from `first`, each node once. */
function* readPages<T extends { readonly address: string }>(
  facts: ModuleFacts,
  unit: Unit<PageRequest, NumberedPage<T>>,
  first = 1,
  most = MOST_ON_PAGE,
): Procedure<Answer<readonly T[]>> {
  const found = new Map<string, T>();
  const fitting = Math.floor((facts.maxFrame - SHORTEST_FRAME - PAGE_HEAD) / ENTRY_LENGTH);
  let size = Math.max(1, Math.min(most, fitting));
  let start = first;
  let total = MOST_NODES;
  while (start - first < total) {
    const page = yield* query(facts, unit, { start, count: size });
    if (!page.ok) {
      if (page.code === 'silent' || size === 1) return page;
      size = Math.max(1, size >> 1);
      continue;
    }
    total = Math.min(page.value.total, MOST_NODES);
    if (page.value.nodes.length === 0) break;
    for (const node of page.value.nodes) found.set(node.address, node);
    start += page.value.nodes.length;
  }
  return { ok: true, value: [...found.values()] };
}

/** Changes the band where it is another one. The network forms anew then, for which the module asks for minutes. */
export function* changeBand(facts: ModuleFacts, id: string, band: number): Procedure<Ending> {
  const before = yield* query(facts, BAND, undefined);
  if (!before.ok) return endingOf(before);
  if (before.value !== band) {
    const set = yield* order(facts, SET_BAND, band);
    if (!set.ok) return endingOf(set);
    const after = yield* query(facts, BAND, undefined);
    if (!after.ok) return endingOf(after);
    if (after.value !== band) return { code: DENIAL.badUnit };
  }
  facts.emit({ type: 'band', id, band });
  return 'done';
}

/** Lets nodes register; they come as reports (06F1, 06F4). */
export function* beginRegistration(
  facts: ModuleFacts,
  id: string,
  minutes: number,
  start: Uint8Array,
): Procedure<Ending> {
  const paused = yield* pauseRouter(facts);
  if (paused === 'silent') return 'silent';
  const registration = { start, minutes, retries: REGISTRATION_RETRIES, slots: REGISTRATION_SLOTS };
  const begun = yield* order(facts, START_REGISTRATION, registration);
  if (!begun.ok) return endingOf(begun);
  facts.emit({ type: 'discovery', id, state: 'begun' });
  return 'done';
}

export function* endRegistration(facts: ModuleFacts, id: string): Procedure<Ending> {
  const ended = yield* order(facts, STOP_REGISTRATION, undefined);
  if (!ended.ok && ended.code === 'silent') return 'silent';
  facts.emit({ type: 'discovery', id, state: 'ended' });
  return 'done';
}

/** Any answer will do. */
export function* probe(facts: ModuleFacts): Procedure<Ending> {
  const answer = yield* query(facts, MASTER_ADDRESS, undefined);
  return !answer.ok && answer.code === 'silent' ? 'silent' : 'done';
}

/** The router works by itself again. */
export function* resumeRouter(facts: ModuleFacts): Procedure<Ending> {
  const answer = yield* order(facts, RESUME_ROUTER, undefined);
  if (!answer.ok && answer.code === 'silent') return 'silent';
  facts.paused = false;
  return 'done';
}
