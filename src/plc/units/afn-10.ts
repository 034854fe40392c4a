import { address, bytes, type Codec, counted, letters, list, mapped, struct, u8, u16 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** Part of a list: from `start` on, `count` entries. */
export interface PageRequest {
  readonly start: number;
  readonly count: number;
}

/** What the router knows of a node. */
export interface NodeDetail {
  /** 0 = heard directly. */
  readonly relayLevel: number;
  /** 1 (worst) to 15; 0 = not known. */
  readonly quality: number;
  /** Bit n-1 = phase n. */
  readonly phases: number;
  readonly protocol: number;
}

export interface RoutedNode {
  readonly address: string;
  readonly detail: NodeDetail;
}

export interface RoutedNodes {
  readonly total: number;
  readonly nodes: readonly RoutedNode[];
}

export interface RouterState {
  /** D0 the route is complete, D1 it works, D2 it has events. */
  readonly status: number;
  readonly total: number;
  readonly read: number;
  readonly readByRelay: number;
  readonly workSwitch: number;
  readonly rate: number;
  /** Relay level and working step of each phase. */
  readonly relayLevels: Uint8Array;
  readonly steps: Uint8Array;
}

export interface NodeIdentity {
  readonly address: string;
  /** D3-0: 0 meter, 1 collector; D7: it has changed. */
  readonly kind: number;
  readonly vendor: string;
  /** 0 combined, 1 BCD, 2 binary, 3 ASCII. */
  readonly format: number;
  readonly id: Uint8Array;
}

export type NodeRole = 'station' | 'proxy' | 'coordinator' | 'unknown';

export interface TopologyNode {
  readonly address: string;
  /** Short address in the network; 1 is the coordinator. */
  readonly tei: number;
  readonly proxyTei: number;
  /** Hops from the coordinator. */
  readonly level: number;
  readonly role: NodeRole;
}

export interface PhaseNode {
  readonly address: string;
  /** Bit n-1 = phase n. */
  readonly phases: number;
  readonly threePhase: boolean;
  readonly anomaly: boolean;
  /** Phase order of a three-phase meter, 0 = normal; 6 = live and neutral exchanged. */
  readonly order: number;
}

const page = struct<PageRequest>({ start: u16, count: u8 });

const detail = mapped(
  u16,
  (word): NodeDetail => ({
    relayLevel: word & 0xf,
    quality: (word >> 4) & 0xf,
    phases: (word >> 8) & 7,
    protocol: (word >> 11) & 7,
  }),
  ({ relayLevel, quality, phases, protocol }) =>
    (relayLevel & 0xf) | ((quality & 0xf) << 4) | ((phases & 7) << 8) | ((protocol & 7) << 11),
);

const routed = struct<RoutedNodes>({ total: u16, nodes: list(struct<RoutedNode>({ address, detail })) });

const ROLES: readonly (readonly [number, NodeRole])[] = [
  [0, 'unknown'],
  [1, 'station'],
  [2, 'proxy'],
  [4, 'coordinator'],
];
const roleOf = (code: number): NodeRole => ROLES.find(([one]) => one === code)?.[1] ?? 'unknown';
const codeOf = (role: NodeRole): number => ROLES.find(([, one]) => one === role)?.[0] ?? 0;

const place = mapped(
  u8,
  (byte) => ({ level: byte & 0xf, role: roleOf(byte >> 4) }),
  ({ level, role }: { level: number; role: NodeRole }) => (level & 0xf) | (codeOf(role) << 4),
);

const topologyNode = mapped(
  struct<{ address: string; tei: number; proxyTei: number; place: { level: number; role: NodeRole } }>({
    address,
    tei: u16,
    proxyTei: u16,
    place,
  }),
  ({ place: { level, role }, ...node }): TopologyNode => ({ ...node, level, role }),
  ({ level, role, ...node }) => ({ ...node, place: { level, role } }),
);

const phaseNode = mapped(
  struct<{ address: string; word: number }>({ address, word: u16 }),
  ({ address: node, word }): PhaseNode => ({
    address: node,
    phases: word & 7,
    threePhase: (word & 8) !== 0,
    anomaly: (word & 0x10) !== 0,
    order: (word >> 5) & 7,
  }),
  ({ address: node, phases, threePhase, anomaly, order }) => ({
    address: node,
    word: (phases & 7) | (threePhase ? 8 : 0) | (anomaly ? 0x10 : 0) | ((order & 7) << 5),
  }),
);

const numbered = <T>(item: Parameters<typeof list<T>>[0]) =>
  struct<{ total: number; start: number; nodes: readonly T[] }>({
    total: u16,
    start: u16,
    nodes: list(item),
  });

export const NODE_COUNT = defineUnit({
  afn: 0x10,
  fn: 1,
  name: 'number of nodes',
  up: struct<{ count: number; most: number }>({ count: u16, most: u16 }),
});
export const NODES = defineUnit({ afn: 0x10, fn: 2, name: 'nodes', down: page, up: routed });
export const ROUTER_STATE = defineUnit({
  afn: 0x10,
  fn: 4,
  name: 'state of the router',
  up: struct<RouterState>({
    status: u8,
    total: u16,
    read: u16,
    readByRelay: u16,
    workSwitch: u8,
    rate: u16,
    relayLevels: bytes(3),
    steps: bytes(3),
  }),
});
export const UNREAD_NODES = defineUnit({ afn: 0x10, fn: 5, name: 'nodes not read', down: page, up: routed });
export const REGISTERED_NODES = defineUnit({
  afn: 0x10,
  fn: 6,
  name: 'nodes that registered',
  down: page,
  up: routed,
});

const identityHead = struct<Omit<NodeIdentity, 'id'> & { readonly length: number }>({
  address,
  kind: u8,
  vendor: letters(2),
  length: u8,
  format: u8,
});

/** The length stands before the format, apart from what it counts. */
const identity: Codec<NodeIdentity> = {
  read(from) {
    const { length, ...head } = identityHead.read(from);
    return { ...head, id: from.take(length) };
  },
  write(to, node) {
    identityHead.write(to, { ...node, length: node.id.length });
    to.put(node.id);
  },
};

export const NODE_IDENTITIES = defineUnit({
  afn: 0x10,
  fn: 7,
  name: 'identities of nodes',
  down: page,
  up: struct<{ total: number; nodes: readonly NodeIdentity[] }>({
    total: u16,
    nodes: list(identity),
  }),
});
export const TOPOLOGY = defineUnit({
  afn: 0x10,
  fn: 21,
  name: 'topology',
  down: page,
  up: numbered(topologyNode),
});
export const PHASES = defineUnit({ afn: 0x10, fn: 31, name: 'phases', down: page, up: numbered(phaseNode) });

/** Of the module or a node: down its kind, address and which identity; up the same with the identity. */
export const IDENTITY = defineUnit({
  afn: 0x10,
  fn: 40,
  name: 'identity of one node',
  down: struct<{ deviceType: number; address: string; idType: number }>({
    deviceType: u8,
    address,
    idType: u8,
  }),
  up: struct<{ deviceType: number; address: string; idType: number; id: Uint8Array }>({
    deviceType: u8,
    address,
    idType: u8,
    id: counted(1),
  }),
});

export const AFN_10 = [
  NODE_COUNT,
  NODES,
  ROUTER_STATE,
  UNREAD_NODES,
  REGISTERED_NODES,
  NODE_IDENTITIES,
  TOPOLOGY,
  PHASES,
  IDENTITY,
];
