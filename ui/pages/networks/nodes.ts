import type { Result } from '../../api/client.ts';

export type Network = Result<'GET /api/networks/:channel'>;
export type NetworkNode = Network['nodes'][number];

/** Of 15: below this a link fails often. */
export const WEAK_QUALITY = 4;

export const SHOWS = ['orphans', 'gone', 'weak', 'unknown'] as const;
export type Show = (typeof SHOWS)[number];

export interface NodeFilter {
  readonly search: string;
  readonly show: Show | null;
  /** 1 to 3. */
  readonly phase: number | null;
}

/** Nodes with who is below whom. */
export interface Topology {
  readonly nodes: readonly NetworkNode[];
  readonly byAddress: ReadonlyMap<string, NetworkNode>;
  /** By address of the parent. */
  readonly children: ReadonlyMap<string, readonly NetworkNode[]>;
  /** Where a tree begins: coordinators, and what has no known way to one. */
  readonly roots: readonly NetworkNode[];
  readonly coordinator: NetworkNode | undefined;
  /** No way to a coordinator is known. */
  readonly orphans: ReadonlySet<string>;
}

const byName = (a: NetworkNode, b: NetworkNode): number =>
  (a.level ?? 99) - (b.level ?? 99) || nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true });

/** As people know it: MeterNo where it is one of the archive. */
export const nameOf = ({ meterNo, address }: NetworkNode): string => meterNo ?? address;

/**
 * Puts nodes below their parents. What names no parent is below the coordinator when its level is known; circles, and parents that
 * nobody knows, leave orphans, which are roots of their own.
 */
export function topologyOf(nodes: readonly NetworkNode[]): Topology {
  const byAddress = new Map(nodes.map((node) => [node.address, node]));
  const coordinator = nodes.find(({ role }) => role === 'coordinator');
  const children = new Map<string, NetworkNode[]>();
  const roots: NetworkNode[] = [];
  for (const node of nodes.toSorted(byName)) {
    const above = parentOf(node, coordinator);
    const parent = above === node.address || above === undefined ? undefined : byAddress.get(above);
    if (parent === undefined) {
      roots.push(node);
      continue;
    }
    const siblings = children.get(parent.address);
    if (siblings === undefined) children.set(parent.address, [node]);
    else siblings.push(node);
  }
  const seen = new Set<string>();
  const walk = (start: NetworkNode): void => {
    const open = [start];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node.address)) continue;
      seen.add(node.address);
      open.push(...(children.get(node.address) ?? []));
    }
  };
  for (const root of roots) if (root.role === 'coordinator') walk(root);
  // A module that knows no tree tells levels only: those nodes are reached all the same.
  if (coordinator === undefined) for (const root of roots) if (root.level !== null) walk(root);
  const orphans = new Set(nodes.map(({ address }) => address).filter((address) => !seen.has(address)));
  for (const root of roots) walk(root);
  // What is still unseen runs in a circle: its first node is where the tree begins.
  for (const node of nodes) {
    if (seen.has(node.address)) continue;
    roots.push(node);
    walk(node);
  }
  return { nodes, byAddress, children, roots, coordinator, orphans };
}

function parentOf(
  { role, parent, level }: NetworkNode,
  coordinator: NetworkNode | undefined,
): string | undefined {
  if (role === 'coordinator') return undefined;
  return parent ?? (level === null ? undefined : coordinator?.address);
}

/** From the node to the coordinator, or as far as the way is known. */
export function pathOf({ byAddress, coordinator }: Topology, address: string): readonly NetworkNode[] {
  const path: NetworkNode[] = [];
  const seen = new Set<string>();
  let node = byAddress.get(address);
  while (node !== undefined && !seen.has(node.address)) {
    seen.add(node.address);
    path.push(node);
    const above = parentOf(node, coordinator);
    node = above === undefined ? undefined : byAddress.get(above);
  }
  return path;
}

export const isWeak = ({ quality }: NetworkNode): boolean => quality !== null && quality < WEAK_QUALITY;

const kinds: Readonly<Record<Show, (node: NetworkNode, topology: Topology) => boolean>> = {
  orphans: (node, { orphans }) => orphans.has(node.address),
  gone: (node) => node.gone,
  weak: isWeak,
  unknown: (node) => node.meterId === null && node.role !== 'coordinator',
};

export const isOf = (show: Show, node: NetworkNode, topology: Topology): boolean =>
  kinds[show](node, topology);

/** What fits a filter, in the order of `topology.nodes`. */
export function matching(topology: Topology, { search, show, phase }: NodeFilter): readonly NetworkNode[] {
  const wanted = search.trim().toLowerCase();
  return topology.nodes.filter(
    (node) =>
      (show === null || isOf(show, node, topology)) &&
      (phase === null || phasesOf(node).includes(phase)) &&
      (wanted === '' ||
        node.address.toLowerCase().includes(wanted) ||
        (node.meterNo ?? '').toLowerCase().includes(wanted) ||
        String(node.shortAddress ?? '') === wanted),
  );
}

/** Numbers of the phases that a node hangs on. */
export const phasesOf = ({ phases }: Pick<NetworkNode, 'phases'>): readonly number[] =>
  [1, 2, 3].filter((phase) => ((phases ?? 0) >> (phase - 1)) & 1);

export interface TreeRow {
  readonly node: NetworkNode;
  readonly depth: number;
  readonly below: number;
  readonly open: boolean;
  /** It is only there to lead to one that fits the filter. */
  readonly onTheWay: boolean;
}

/**
 * The rows of the tree from top to bottom. With `matches`, they and the ways to them, all open; without, what is below nodes
 * that are not `closed`.
 */
export function treeRows(
  topology: Topology,
  closed: ReadonlySet<string>,
  matches?: readonly NetworkNode[],
): readonly TreeRow[] {
  const fitting = matches === undefined ? undefined : new Set(matches.map(({ address }) => address));
  const shown =
    matches === undefined
      ? undefined
      : new Set(matches.flatMap(({ address }) => pathOf(topology, address).map((node) => node.address)));
  const rows: TreeRow[] = [];
  const seen = new Set<string>();
  const open = topology.roots.map((node) => ({ node, depth: 0 })).toReversed();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (seen.has(node.address) || shown?.has(node.address) === false) continue;
    seen.add(node.address);
    const below = topology.children.get(node.address) ?? [];
    const isOpen = shown !== undefined || !closed.has(node.address);
    rows.push({
      node,
      depth,
      below: below.length,
      open: isOpen,
      onTheWay: fitting?.has(node.address) === false,
    });
    if (isOpen) for (const child of below.toReversed()) open.push({ node: child, depth: depth + 1 });
  }
  return rows;
}

/** How many nodes there are of each; coordinators are none. */
export function distribution(nodes: readonly NetworkNode[]): {
  readonly levels: readonly (readonly [number | null, number])[];
  readonly phases: readonly (readonly [string, number])[];
} {
  const levels = new Map<number | null, number>();
  const phases = new Map<string, number>();
  for (const node of nodes) {
    if (node.role === 'coordinator') continue;
    levels.set(node.level, (levels.get(node.level) ?? 0) + 1);
    const wiring = phaseText(node);
    phases.set(wiring, (phases.get(wiring) ?? 0) + 1);
  }
  return {
    levels: [...levels].toSorted(([a], [b]) => (a ?? 99) - (b ?? 99)),
    phases: [...phases].toSorted(([a], [b]) => a.localeCompare(b)),
  };
}

/** `L1`, `L1 L2 L3`; empty where it is not known. */
export const phaseText = (node: Pick<NetworkNode, 'phases'>): string =>
  phasesOf(node)
    .map((phase) => `L${phase}`)
    .join(' ');

/** The order of a column, for a table; what is not known comes last. */
export function sorted(
  nodes: readonly NetworkNode[],
  by: keyof NetworkNode,
  descending: boolean,
): readonly NetworkNode[] {
  const sign = descending ? -1 : 1;
  return nodes.toSorted((a, b) => {
    const [x, y] = [a[by], b[by]];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    const order =
      typeof x === 'number' && typeof y === 'number'
        ? x - y
        : String(x).localeCompare(String(y), 'en', { numeric: true });
    return sign * order || byName(a, b);
  });
}
