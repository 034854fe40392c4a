import { noise } from '../noise.ts';
import type { G3Neighbour, G3Node, G3Route } from './node.ts';

/** The network as it is for an hour. */
export interface G3Links {
  neighbours(shortAddress: number): readonly G3Neighbour[];
  /** To the coordinator, both ends included; undefined without a way. */
  path(shortAddress: number): readonly number[] | undefined;
  routes(shortAddress: number): readonly G3Route[];
}

/** Below this two nodes do not hear each other. */
const LEAST_LQI = 20;
/** ITU-T G.9903 adpWeakLQIValue, its default as stacks have it: 3 dB. */
export const WEAK_LQI = 52;
const HOP_COST = 16;
const WORST = 255;

/** What noise takes from every link at each hour of the day, UTC: cookers in the evening, power supplies at night. */
const NOISE_BY_HOUR = [
  2, 1, 1, 1, 2, 4, 9, 12, 10, 8, 8, 10, 12, 8, 8, 10, 16, 22, 28, 28, 24, 16, 9, 4,
] as const;

/**
 * Links, paths and tables of the nodes that are present. LQI counts quarters of a decibel from -10 dB (ITU-T G.9903,
 * macLQI; as stacks have it), the same in both directions.
 */
export function linksOf(seed: number, nodes: readonly G3Node[], hour: number): G3Links {
  const heard = new Map<number, G3Neighbour[]>(nodes.map(({ shortAddress }) => [shortAddress, []]));
  for (const [index, a] of nodes.entries()) {
    for (const b of nodes.slice(index + 1)) {
      const lqi = lqiBetween(seed, a, b, hour);
      if (lqi < LEAST_LQI) continue;
      heard.get(a.shortAddress)?.push({ node: b, lqi });
      heard.get(b.shortAddress)?.push({ node: a, lqi });
    }
  }
  for (const list of heard.values()) {
    list.sort((a, b) => b.lqi - a.lqi || a.node.shortAddress - b.node.shortAddress);
  }
  const ways = shortestWays(heard);
  const pathOf = (shortAddress: number): readonly number[] | undefined => pathIn(ways, shortAddress);
  return {
    neighbours: (shortAddress) => heard.get(shortAddress) ?? [],
    path: pathOf,
    routes: (shortAddress) => routesOf(ways, shortAddress),
  };
}

/** Way of a node towards the coordinator. */
interface Way {
  readonly next: number;
  readonly cost: number;
  readonly hops: number;
  readonly weakLinks: number;
}

/** Dijkstra from the coordinator; ties go to the lower address. */
function shortestWays(heard: ReadonlyMap<number, readonly G3Neighbour[]>): ReadonlyMap<number, Way> {
  const best = new Map<number, Way>([[0, { next: 0, cost: 0, hops: 0, weakLinks: 0 }]]);
  const open = new Set([0]);
  const settled = new Map<number, Way>();
  while (open.size > 0) {
    let nearest = -1;
    for (const address of open) {
      const cost = best.get(address)?.cost ?? Number.POSITIVE_INFINITY;
      const least = best.get(nearest)?.cost ?? Number.POSITIVE_INFINITY;
      if (nearest < 0 || cost < least || (cost === least && address < nearest)) nearest = address;
    }
    open.delete(nearest);
    const way = best.get(nearest);
    if (way === undefined) break;
    settled.set(nearest, way);
    for (const { node, lqi } of heard.get(nearest) ?? []) {
      const cost = way.cost + linkCost(lqi);
      const address = node.shortAddress;
      if (settled.has(address) || cost >= (best.get(address)?.cost ?? Number.POSITIVE_INFINITY)) continue;
      const weakLinks = way.weakLinks + (lqi < WEAK_LQI ? 1 : 0);
      best.set(address, { next: nearest, cost, hops: way.hops + 1, weakLinks });
      open.add(address);
    }
  }
  return settled;
}

function pathIn(ways: ReadonlyMap<number, Way>, from: number): readonly number[] | undefined {
  const path = [from];
  for (let at = from; at !== 0; ) {
    const way = ways.get(at);
    if (way === undefined) return undefined;
    at = way.next;
    path.push(at);
  }
  return path;
}

function routesOf(ways: ReadonlyMap<number, Way>, own: number): readonly G3Route[] {
  const here = ways.get(own);
  if (here === undefined) return [];
  const { next, cost, hops, weakLinks } = here;
  const up: G3Route[] = own === 0 ? [] : [{ destination: 0, nextHop: next, cost, hops, weakLinks }];
  const down = [...ways].flatMap(([destination, way]): G3Route[] => {
    if (destination === own) return [];
    const path = pathIn(ways, destination) ?? [];
    const at = path.indexOf(own);
    const nextHop = path[at - 1];
    if (at < 1 || nextHop === undefined) return [];
    return [
      {
        destination,
        nextHop,
        cost: way.cost - cost,
        hops: way.hops - hops,
        weakLinks: way.weakLinks - weakLinks,
      },
    ];
  });
  return [...up, ...down];
}

/** Short of the standard's own metric: a hop, and what its quality lacks. */
const linkCost = (lqi: number): number => HOP_COST + Math.floor((WORST - lqi) / 8);

function lqiBetween(seed: number, a: G3Node, b: G3Node, hour: number): number {
  const shared = a.feeder === b.feeder || a.distance === 0 || b.distance === 0;
  const metres = shared ? Math.abs(a.distance - b.distance) : a.distance + b.distance;
  const otherPhase = (a.phaseBits & b.phaseBits) === 0 ? 35 : 0;
  const low = Math.min(a.shortAddress, b.shortAddress);
  const high = Math.max(a.shortAddress, b.shortAddress);
  const own = noise(seed, low, high, 94) * 24 + noise(seed, low * 65_536 + high, hour, 95) * 6;
  const ofHour = NOISE_BY_HOUR[((hour % 24) + 24) % 24] ?? 0;
  return Math.max(0, Math.min(WORST, Math.round(250 - metres * 1.1 - otherPhase - own - ofHour)));
}
