import { SHORTEST_FRAME } from '../frame.ts';
import { DENIAL } from '../units/afn-00.ts';
import { NODE_COUNT, NODES } from '../units/afn-10.ts';
import { ADD_NODES, DELETE_NODES } from '../units/afn-11.ts';
import {
  type Answer,
  type Ending,
  endingOf,
  type ModuleFacts,
  order,
  type Procedure,
  pauseRouter,
  query,
  type Refusal,
} from './procedure.ts';

export interface ArchiveResult {
  readonly added: number;
  readonly deleted: number;
  readonly refused: readonly string[];
}

/** No module has more; what claims to have is not believed. */
const MOST_ENTRIES = 4096;
const ENTRY_LENGTH = 9;
/** After so many rounds what still differs is told as refused. */
const MOST_ROUNDS = 3;

/**
 * Makes the module's list of nodes the wished one by what differs: what is too much is deleted, what is missing is added
 * in the order of the archive, in batches that the module takes. Nodes that it has keep their places. Since it begins
 * with what is there, it goes on where a reset or a power cut ended the last one.
 */
export function* synchroniseArchive(
  facts: ModuleFacts,
  wished: readonly string[],
  finished: (result: ArchiveResult) => void,
): Procedure<Ending> {
  const refused = new Set<string>();
  let added = 0;
  let deleted = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const there = yield* readNodes(facts);
    if (!there.ok) return endingOf(there);
    const plan = differences(there.value, wished, facts.maxNodes, refused);
    if (plan.add.length === 0 && plan.remove.length === 0) break;
    const paused = yield* pauseRouter(facts);
    if (paused === 'silent') return 'silent';
    const gone = yield* inBatches(facts, plan.remove, DENIAL.unknownAddress, (nodes) =>
      order(facts, DELETE_NODES, nodes),
    );
    if (!gone.ok) return endingOf(gone);
    const come = yield* inBatches(facts, plan.add, DENIAL.duplicateAddress, (nodes) =>
      order(
        facts,
        ADD_NODES,
        nodes.map((address) => ({
          address,
          sequence: wished.indexOf(address) + facts.firstNode,
          protocol: 0,
        })),
      ),
    );
    if (!come.ok) return endingOf(come);
    deleted += plan.remove.length - gone.value.length;
    added += plan.add.length - come.value.length;
    for (const address of come.value) refused.add(address);
    const count = yield* query(facts, NODE_COUNT, undefined);
    if (!count.ok) {
      if (count.code === 'silent') return 'silent';
      break;
    }
    facts.maxNodes = count.value.most || facts.maxNodes;
    if (count.value.count === wished.length - refused.size && gone.value.length === 0) break;
  }
  for (const address of wished.slice(facts.maxNodes)) refused.add(address);
  finished({ added, deleted, refused: [...refused] });
  return 'done';
}

/** What has to be done, in order; `refused` nodes are not asked for again, nor those beyond what the module holds. */
export function differences(
  there: readonly string[],
  wished: readonly string[],
  maxNodes: number,
  refused: ReadonlySet<string> = new Set(),
): { readonly add: readonly string[]; readonly remove: readonly string[] } {
  const want = new Set(wished.slice(0, maxNodes));
  const have = new Set(there);
  return {
    remove: there.filter((address) => !want.has(address)),
    add: [...want].filter((address) => !have.has(address) && !refused.has(address)),
  };
}

/** All nodes of the module's list. Some modules count from 0 and some from 1, whatever their edition: both are tried. */
function* readNodes(facts: ModuleFacts): Procedure<Answer<readonly string[]>> {
  const first = yield* readFrom(facts, facts.firstNode);
  if (!first.ok || first.value.nodes.length >= first.value.total) return nodesOf(first);
  const other = yield* readFrom(facts, 1 - facts.firstNode);
  if (!other.ok || other.value.nodes.length <= first.value.nodes.length) return nodesOf(first);
  facts.firstNode = 1 - facts.firstNode;
  return nodesOf(other);
}

interface ReadList {
  readonly total: number;
  readonly nodes: readonly string[];
}

const nodesOf = (answer: Answer<ReadList>): Answer<readonly string[]> =>
  answer.ok ? { ok: true, value: answer.value.nodes } : answer;

function* readFrom(facts: ModuleFacts, firstNode: number): Procedure<Answer<ReadList>> {
  const nodes = new Set<string>();
  let start = firstNode;
  let total = 0;
  let size = facts.batch;
  for (;;) {
    const page = yield* query(facts, NODES, { start, count: size });
    if (!page.ok) {
      if (page.code === 'silent' || size === 1) return page;
      size = Math.max(1, size >> 1);
      continue;
    }
    total = Math.min(page.value.total, MOST_ENTRIES);
    for (const { address } of page.value.nodes) nodes.add(address);
    start += page.value.nodes.length;
    if (page.value.nodes.length === 0 || start - firstNode >= total) break;
  }
  return { ok: true, value: { total, nodes: [...nodes] } };
}

/**
 * Gives out addresses in batches, which get smaller where the module refuses them. Returns those that it refused one by
 * one; `harmless` is the reason that says that nothing was to be done.
 */
function* inBatches(
  facts: ModuleFacts,
  all: readonly string[],
  harmless: number,
  give: (nodes: readonly string[]) => Procedure<Answer<undefined>>,
): Procedure<{ readonly ok: true; readonly value: readonly string[] } | Refusal> {
  const refused: string[] = [];
  const fitting = Math.max(1, Math.floor((facts.maxFrame - SHORTEST_FRAME - 1) / ENTRY_LENGTH));
  const most = Math.min(facts.batch, fitting, 0xff);
  let size = most;
  let at = 0;
  while (at < all.length) {
    const part = all.slice(at, at + size);
    const answer = yield* give(part);
    if (answer.ok) {
      at += part.length;
      size = Math.min(most, 2 * size);
    } else if (answer.code === 'silent') {
      return answer;
    } else if (part.length > 1) {
      size = Math.max(1, part.length >> 1);
    } else {
      if (answer.code !== harmless) refused.push(...part);
      at++;
    }
  }
  return { ok: true, value: refused };
}
