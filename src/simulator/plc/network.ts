import type { Random } from '../../base/random.ts';
import { hash32, noise } from '../noise.ts';

/** A meter as the network sees it. */
export interface NetworkMeter {
  /** Twelve digits. */
  readonly address: string;
  readonly feeder: number;
  readonly phases: 1 | 3;
}

export interface NetworkOptions {
  readonly seed: number;
  readonly meters: readonly NetworkMeter[];
  /** UTC ms of the beginning: noise depends on the time of day. */
  readonly startMs: number;
  readonly random: Random;
  /** Share of frames that are lost on one hop besides what noise does; 0 if not given. */
  readonly loss?: number;
  /** Whether there is noise at all; yes if not given. */
  readonly noisy?: boolean;
  /** Per hop; 25 ms and 20,000 bytes a second if not given. 0 and Infinity: no delay at all. */
  readonly hopLatencyMs?: number;
  readonly bytesPerSecond?: number;
  /** Share of the time, in pieces of ten minutes, in which a node is not heard; 0 if not given. */
  readonly away?: number;
  /** Until a node with power is in the network; about so long, 8 s if not given. */
  readonly joinMs?: number;
}

/** One communication unit at a meter. */
export interface NetworkNode extends NetworkMeter {
  /** Short address; the coordinator has 1. */
  readonly tei: number;
  /** Metres of cable from the transformer. */
  readonly distance: number;
  /** Bit n-1 = it is connected to phase n. */
  readonly phaseBits: number;
  powered: boolean;
  /** In the network from this time on. */
  joinsMs: number;
  /** Its proxy; undefined = the coordinator. */
  proxy: NetworkNode | undefined;
  level: number;
}

const FEEDER_LENGTH = 420;
/** What one hop bridges on the same phase, metres. */
const REACH = 130;
const MOST_LEVELS = 15;
const SENDS_PER_HOP = 3;
const FRAME_OVERHEAD = 40;
const HOUR_MS = 3_600_000;
const AWAY_SLOT_MS = 600_000;
const ALL_PHASES = 7;
const LONGEST_FRAME = 1500;

/**
 * Shares of frames that noise takes at each hour of the day, UTC: cookers in the evening, power supplies at night.
 */
const NOISE_BY_HOUR = [
  0.004, 0.003, 0.003, 0.003, 0.004, 0.006, 0.012, 0.016, 0.014, 0.012, 0.012, 0.014, 0.016, 0.012, 0.012,
  0.014, 0.02, 0.028, 0.036, 0.036, 0.03, 0.02, 0.012, 0.006,
];

/**
 * A low-voltage network under one transformer: feeders with meters along them on three phases, repeaters where a meter
 * is too far away, and one medium for all. The same options and the same questions give the same answers.
 */
export class PlcNetwork {
  readonly nodes: readonly NetworkNode[];
  readonly #options: NetworkOptions;
  readonly #byAddress = new Map<string, NetworkNode>();
  #mediumFreeMs = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.nodes = options.meters.map((meter, index): NetworkNode => {
      const single = 1 << (hash32(options.seed, index, 71) % 3);
      return {
        ...meter,
        tei: index + 2,
        distance: 15 + noise(options.seed, index, 72) * FEEDER_LENGTH,
        phaseBits: meter.phases === 3 ? ALL_PHASES : single,
        powered: true,
        joinsMs: 0,
        proxy: undefined,
        level: 1,
      };
    });
    for (const node of this.nodes) this.#byAddress.set(node.address, node);
    this.#findRoutes();
  }

  node(address: string): NetworkNode | undefined {
    return this.#byAddress.get(address);
  }

  /** Whether a frame can be sent to it: it and all that repeat for it have power and have joined. */
  isJoined(address: string, nowMs: number): boolean {
    let node = this.#byAddress.get(address);
    if (node === undefined) return false;
    for (; node !== undefined; node = node.proxy) {
      if (!node.powered || node.joinsMs > nowMs || this.#isAway(node, nowMs)) return false;
    }
    return true;
  }

  /** All nodes forget the network and find it again, as after a restart or on another band. */
  formAnew(nowMs: number): void {
    this.#findRoutes();
    for (const node of this.nodes) this.#join(node, nowMs, node.level);
  }

  /** Power of some nodes goes or comes back; what they repeated for looks for another way. */
  setPower(addresses: readonly string[], powered: boolean, nowMs: number): void {
    const changed = new Set<NetworkNode>();
    for (const address of addresses) {
      const node = this.#byAddress.get(address);
      if (node === undefined || node.powered === powered) continue;
      node.powered = powered;
      changed.add(node);
      if (powered) this.#join(node, nowMs, node.level);
    }
    const before = new Map(this.nodes.map((node) => [node, node.proxy]));
    this.#findRoutes();
    for (const node of this.nodes) {
      if (!changed.has(node) && node.powered && before.get(node) !== node.proxy) this.#join(node, nowMs, 1);
    }
  }

  /** The meters of one feeder: a street. */
  street(feeder: number): string[] {
    return this.nodes.filter((node) => node.feeder === feeder).map(({ address }) => address);
  }

  /** When `length` bytes are at the other end; undefined when they are lost on the way, which also takes its time. */
  transit(
    address: string,
    length: number,
    nowMs: number,
  ): { readonly atMs: number; readonly arrived: boolean } {
    let atMs = nowMs;
    const node = this.#byAddress.get(address);
    if (node === undefined || !this.isJoined(address, nowMs)) return { atMs, arrived: false };
    for (let hop: NetworkNode | undefined = node; hop !== undefined; hop = hop.proxy) {
      let arrived = false;
      for (let send = 0; send < SENDS_PER_HOP && !arrived; send++) {
        atMs = this.#air(length, atMs);
        arrived = this.#options.random.next() >= this.#lossOf(hop, nowMs);
      }
      if (!arrived) return { atMs, arrived };
    }
    return { atMs, arrived: true };
  }

  /** Signal quality, 1 to 15. */
  quality(node: NetworkNode, nowMs: number): number {
    return Math.max(1, Math.round(15 * (1 - 4 * this.#lossOf(node, nowMs))));
  }

  /** One medium: who sends waits until the others are silent. */
  #air(length: number, fromMs: number): number {
    const { hopLatencyMs = 25, bytesPerSecond = 20_000 } = this.#options;
    const frames = Math.ceil(Math.max(1, length) / LONGEST_FRAME);
    const airtimeMs = ((length + frames * FRAME_OVERHEAD) * 1000) / bytesPerSecond;
    const startMs = Math.max(fromMs, this.#mediumFreeMs);
    this.#mediumFreeMs = startMs + airtimeMs;
    return this.#mediumFreeMs + hopLatencyMs;
  }

  #lossOf(node: NetworkNode, nowMs: number): number {
    const { loss = 0, noisy = true, startMs } = this.#options;
    if (!noisy) return loss;
    const hour = Math.floor((startMs + nowMs) / HOUR_MS) % 24;
    const span = node.distance - (node.proxy?.distance ?? 0);
    return loss + (NOISE_BY_HOUR[hour] ?? 0) * (0.5 + span / REACH);
  }

  #isAway({ tei }: NetworkNode, nowMs: number): boolean {
    const { away = 0, seed } = this.#options;
    return away > 0 && noise(seed, tei, Math.floor(nowMs / AWAY_SLOT_MS), 73) < away;
  }

  #join(node: NetworkNode, nowMs: number, level: number): void {
    const { joinMs = 8000, random } = this.#options;
    node.joinsMs = nowMs + joinMs * (0.5 + random.next()) * level;
  }

  /** Each node takes the farthest node that it hears as its proxy, and the coordinator where it hears that. */
  #findRoutes(): void {
    const feeders = Map.groupBy(this.nodes, ({ feeder }) => feeder);
    for (const along of feeders.values()) {
      const near = [...along].sort((a, b) => a.distance - b.distance);
      near.forEach((node, index) => {
        const before = near.slice(0, index).filter(({ powered }) => powered);
        const heard = before.filter(
          (other) => node.distance - other.distance <= REACH && (other.phaseBits & node.phaseBits) !== 0,
        );
        // Across phases it couples, worse: the nearest one is better than none.
        const proxy = node.distance <= REACH ? undefined : (heard[0] ?? before.at(-1));
        node.proxy = proxy !== undefined && proxy.level < MOST_LEVELS ? proxy : undefined;
        node.level = (node.proxy?.level ?? 0) + 1;
      });
    }
  }
}
