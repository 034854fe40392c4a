import { noise, seedFor } from '../noise.ts';
import { type G3Links, linksOf } from './links.ts';
import { G3KeyPlace, type KeyFailure } from './network-key.ts';
import type { G3Neighbour, G3Node, G3Route } from './node.ts';

/** A meter as its G3-PLC network sees it. */
export interface G3Member {
  readonly meterNo: string;
  readonly feeder: number;
  readonly phases: 1 | 3;
}

export interface G3NetworkOptions {
  readonly seed: number;
  readonly members: readonly G3Member[];
  /** Nodes with a communication unit of whose meter nobody has told; they take part in everything. 0 if not given. */
  readonly strangers?: number;
  /** 0x781D if not given. */
  readonly panId?: number;
  /** Share of the hours in which a node is not in the network; 0 if not given. */
  readonly away?: number;
  /** Key that every meter leaves the factory with, 16 bytes; derived from the seed if not given. */
  readonly preSharedKey?: Uint8Array;
  /** Between the answer to a new key and its use, 5 s if not given. */
  readonly takeOverMs?: number;
  /** Short addresses that a meter refuses to talk to, by MeterNo. */
  readonly blacklists?: Readonly<Record<string, readonly number[]>>;
}

/** The coordinator's short address (ITU-T G.9903 adpCoordShortAddress; not checked beyond its default of 0). */
export const COORDINATOR = 0;
const DEFAULT_PAN = 0x781d;
const HOUR_MS = 3_600_000;
const TAKE_OVER_MS = 5_000;
const KEY_BYTES = 16;
const ALL_PHASES = 7;

/**
 * A G3-PLC network under one transformer: meters along feeders, link quality by distance, phase and hour of the day,
 * nodes that are away for whole hours. It is still within an hour; the same options give the same network at the same
 * hour, links are symmetrical, and every route leads to the coordinator.
 */
export class G3Network {
  readonly panId: number;
  readonly nodes: readonly G3Node[];
  readonly #options: G3NetworkOptions;
  readonly #byMeter = new Map<string, G3Node>();
  readonly #keys = new Map<string, G3KeyPlace>();
  #hour: { readonly hour: number; readonly links: G3Links } | undefined;

  constructor(options: G3NetworkOptions) {
    this.#options = options;
    this.panId = options.panId ?? DEFAULT_PAN;
    this.nodes = placeNodes(options);
    const key = options.preSharedKey ?? derivedKey(options.seed);
    for (const node of this.nodes) {
      if (node.meterNo === undefined) continue;
      this.#byMeter.set(node.meterNo, node);
      this.#keys.set(node.meterNo, new G3KeyPlace(key, options.takeOverMs ?? TAKE_OVER_MS));
    }
  }

  node(meterNo: string): G3Node | undefined {
    return this.#byMeter.get(meterNo);
  }

  /** Where the meter keeps its pre-shared key; undefined for a meter that is not in this network. */
  key(meterNo: string): G3KeyPlace | undefined {
    return this.#keys.get(meterNo);
  }

  /** What goes wrong when the meter is given another pre-shared key; undefined = nothing. */
  failKey(meterNo: string, failure: KeyFailure | undefined): void {
    this.#keys.get(meterNo)?.fail(failure);
  }

  /** Whether the meter can be reached: it has a route to the coordinator, and has not lost its key. */
  isJoined(meterNo: string, nowMs: number): boolean {
    const node = this.#byMeter.get(meterNo);
    if (node === undefined || this.#keys.get(meterNo)?.lost(nowMs) === true) return false;
    return this.#links(nowMs).path(node.shortAddress) !== undefined;
  }

  /** Short addresses from the node to the coordinator, both included; undefined while it is not in the network. */
  path(meterNo: string, nowMs: number): readonly number[] | undefined {
    const node = this.#byMeter.get(meterNo);
    return node && this.#links(nowMs).path(node.shortAddress);
  }

  /** Whom the node hears, by descending quality. */
  neighbours(node: G3Node, nowMs: number): readonly G3Neighbour[] {
    return this.#links(nowMs).neighbours(node.shortAddress);
  }

  /** Its route to the coordinator, and those to all nodes that it repeats for. */
  routes(node: G3Node, nowMs: number): readonly G3Route[] {
    return this.#links(nowMs).routes(node.shortAddress);
  }

  blacklist(meterNo: string): readonly number[] {
    return this.#options.blacklists?.[meterNo] ?? [];
  }

  #links(nowMs: number): G3Links {
    const hour = Math.floor(nowMs / HOUR_MS);
    if (this.#hour?.hour !== hour) {
      const { seed, away = 0 } = this.#options;
      const present = this.nodes.filter(
        ({ shortAddress }) => shortAddress === COORDINATOR || noise(seed, shortAddress, 93, hour) >= away,
      );
      this.#hour = { hour, links: linksOf(seed, present, hour) };
    }
    return this.#hour.links;
  }
}

/** Along each feeder one behind the other, near enough for each to hear the next at any hour. */
function placeNodes({ seed, members, strangers = 0 }: G3NetworkOptions): readonly G3Node[] {
  const ends = new Map<number, number>();
  const coordinator: G3Node = {
    meterNo: undefined,
    shortAddress: COORDINATOR,
    feeder: -1,
    distance: 0,
    phaseBits: ALL_PHASES,
  };
  const feeders = [...new Set(members.map(({ feeder }) => feeder))];
  const unknown = Array.from({ length: strangers }, (_, i): G3Member & { readonly stranger: true } => ({
    meterNo: '',
    feeder: feeders[i % Math.max(1, feeders.length)] ?? 0,
    phases: 1,
    stranger: true,
  }));
  const nodes = [...members, ...unknown].map((member, index): G3Node => {
    const distance = (ends.get(member.feeder) ?? 0) + 15 + noise(seed, index, 91) * 65;
    ends.set(member.feeder, distance);
    return {
      meterNo: 'stranger' in member ? undefined : member.meterNo,
      shortAddress: index + 1,
      feeder: member.feeder,
      distance,
      phaseBits: member.phases === 3 ? ALL_PHASES : 1 << Math.floor(noise(seed, index, 92) * 3),
    };
  });
  return [coordinator, ...nodes];
}

function derivedKey(seed: number): Uint8Array {
  const of = seedFor(seed, 'g3 pre-shared key');
  return Uint8Array.from({ length: KEY_BYTES }, (_, i) => Math.floor(noise(of, i) * 256));
}
