import type { Clock } from '../../src/base/clock.ts';

/**
 * Time as one run of the concentrator has it: timers of the world's clock, a wall clock of its own that may be wrong,
 * and an end after which no timer of that run fires any more.
 */
export class ProcessClock implements Clock {
  readonly #world: Clock;
  readonly #wall: WallClock;
  #dead = false;

  constructor(world: Clock, wall: WallClock) {
    this.#world = world;
    this.#wall = wall;
  }

  now(): number {
    return this.#wall.now();
  }

  monotonicMs(): number {
    return this.#world.monotonicMs();
  }

  after(delayMs: number, fn: () => void): () => void {
    if (this.#dead) return () => {};
    return this.#world.after(delayMs, () => {
      if (!this.#dead) fn();
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
  }
}

/** The concentrator's wall clock: it goes on while no process runs. */
export class WallClock {
  readonly #world: Clock;
  #offsetMs = 0;

  constructor(world: Clock) {
    this.#world = world;
  }

  now(): number {
    return Math.floor(this.#world.now() + this.#offsetMs);
  }

  /** Milliseconds by which it is ahead of true time. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  set(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }
}
