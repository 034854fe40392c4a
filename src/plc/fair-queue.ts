import { DcuError } from '../base/errors.ts';

/** What waits for its turn: one meter has one turn at a time, and meters take turns. */
export interface Waiting {
  readonly address: string;
  /** 0 (first) to 5. */
  readonly priority: number;
  /** Not before this time. */
  notBeforeMs: number;
}

const PRIORITIES = 6;

/** Requests by priority, and there in the order of their meters' turns; bounded. */
export class FairQueue<Item extends Waiting> {
  readonly #limit: number;
  readonly #lanes: readonly Map<string, Item[]>[] = Array.from({ length: PRIORITIES }, () => new Map());
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** False when it is full. */
  push(item: Item): boolean {
    if (this.#size >= this.#limit) return false;
    const lane = this.#laneOf(item);
    const waiting = lane.get(item.address);
    if (waiting === undefined) lane.set(item.address, [item]);
    else waiting.push(item);
    this.#size++;
    return true;
  }

  /** Back before the others of its meter; what was in here already always finds its place. */
  putBack(item: Item): void {
    const lane = this.#laneOf(item);
    const waiting = lane.get(item.address) ?? [];
    waiting.unshift(item);
    lane.set(item.address, waiting);
    this.#size++;
  }

  /** The next whose time has come and whose meter is not among `taken`; its meter goes to the end of the line. */
  next(nowMs: number, taken: ReadonlySet<string>): Item | undefined {
    for (const lane of this.#lanes) {
      for (const [address, waiting] of lane) {
        const [first] = waiting;
        if (first === undefined || first.notBeforeMs > nowMs || taken.has(address)) continue;
        waiting.shift();
        lane.delete(address);
        if (waiting.length > 0) lane.set(address, waiting);
        this.#size--;
        return first;
      }
    }
    return undefined;
  }

  /** When the next one may go whose meter is not among `taken`; undefined when there is none. */
  nextTimeMs(taken: ReadonlySet<string>): number | undefined {
    let earliest: number | undefined;
    for (const lane of this.#lanes) {
      for (const [address, [first]] of lane) {
        if (first === undefined || taken.has(address)) continue;
        earliest = Math.min(earliest ?? first.notBeforeMs, first.notBeforeMs);
      }
    }
    return earliest;
  }

  /** Takes those out that are to go. */
  remove(goes: (item: Item) => boolean): Item[] {
    const gone: Item[] = [];
    for (const lane of this.#lanes) {
      for (const [address, waiting] of lane) {
        const stay = waiting.filter((item) => !goes(item));
        if (stay.length === waiting.length) continue;
        gone.push(...waiting.filter(goes));
        if (stay.length === 0) lane.delete(address);
        else lane.set(address, stay);
      }
    }
    this.#size -= gone.length;
    return gone;
  }

  #laneOf(item: Item): Map<string, Item[]> {
    const lane = this.#lanes[Math.max(0, Math.min(PRIORITIES - 1, Math.floor(item.priority)))];
    if (lane === undefined) throw new DcuError('invalid-argument', `${item.priority} is no priority`);
    return lane;
  }
}
