import type { SeededRandom } from '../../src/base/random.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/simulator/calendar.ts';
import type { Fault, FaultKind } from '../../src/simulator/faults.ts';
import type { Resident } from './resident.ts';
import type { World } from './world.ts';

/** Something that goes wrong, about so often a day in the worst of worlds. */
interface Trouble {
  readonly perDay: number;
  happen(plan: FaultPlan): void;
}

/** What goes wrong, day by day, out of the seed. */
export class FaultPlan {
  readonly world: World;
  readonly random: SeededRandom;
  /** Ends of what is still wrong. */
  readonly #mending = new Set<() => void>();
  #settling = false;

  constructor(world: World) {
    this.world = world;
    this.random = world.random.fork('faults');
  }

  /** Draws the troubles of the next 24 hours. */
  planDay(): void {
    const { severity } = this.world.scenery;
    for (const trouble of TROUBLES) {
      for (let left = trouble.perDay * severity; left > 0; left--) {
        if (this.random.next() >= Math.min(1, left)) continue;
        this.world.clock.after(this.#moment(), () => {
          if (!this.#settling) trouble.happen(this);
        });
      }
    }
    for (let hour = 0; hour < 24; hour++) this.world.clock.after(hour * HOUR_MS, () => this.#weather());
  }

  /** From now on nothing goes wrong; what is wrong is mended. */
  settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    for (const mend of this.#mending) mend();
    this.world.noise = { loss: 0, damage: 0 };
    for (const place of this.world.street.places) place.breakage = 0;
    this.setWall(0);
  }

  /** Most of it happens while meters are read, a little at other times. */
  #moment(): number {
    const at = Math.floor(this.random.next() * DAY_MS);
    if (this.random.next() < 0.3) return at;
    const hour = Math.floor(at / HOUR_MS) * HOUR_MS;
    return hour + Math.floor(this.random.next() ** 2 * 6 * MINUTE_MS);
  }

  #weather(): void {
    if (this.#settling) return;
    const { severity } = this.world.scenery;
    const bad = this.random.next() < 0.3;
    this.world.noise = {
      loss: (bad ? 0.08 : 0.01) * severity * this.random.next(),
      damage: (bad ? 0.08 : 0.01) * severity * this.random.next(),
    };
    for (const place of this.world.street.places) place.breakage = bad ? 0.004 * severity : 0.0002;
  }

  one<Value>(values: readonly Value[]): Value | undefined {
    return values[Math.floor(this.random.next() * values.length)];
  }

  /** A meter that is there and not given up. */
  aMeter(): Resident | undefined {
    return this.one(this.world.residents.filter(({ leftMs, dead }) => leftMs === undefined && !dead));
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.random.next() * (most - least));
  }

  /** Mends something after a while, at the latest when all is to settle. */
  mendAfter(delayMs: number, mend: () => void): void {
    const once = (): void => {
      if (!this.#mending.delete(once)) return;
      mend();
    };
    this.#mending.add(once);
    this.world.clock.after(delayMs, once);
  }

  tell(what: string): void {
    this.world.trace.add(this.world.clock.now(), what);
  }

  /** A lasting fault of a meter, for a while. */
  afflict(fault: Fault & { readonly kind: FaultKind }, forMs: number): void {
    const resident = this.aMeter();
    if (resident === undefined) return;
    const { meter } = resident.truth;
    this.tell(`${fault.kind} ${resident.meterNo}`);
    meter.turnOn(fault);
    const over = resident.trouble();
    this.mendAfter(forMs, () => {
      meter.turnOff(fault.kind);
      over();
    });
  }

  setWall(offsetMs: number): void {
    this.tell(`wall clock ${offsetMs} ms ahead`);
    this.world.wall.set(offsetMs);
    this.world.troubledMs = this.world.clock.now();
  }
}

const SECOND_MS = 1_000;

const TROUBLES: readonly Trouble[] = [
  // The process.
  {
    perDay: 1,
    happen: (plan) =>
      plan.world.kill(
        plan.between(20, 320) * SECOND_MS,
        plan.random.next() < 0.3 ? plan.between(1, 6_000) : 0,
      ),
  },
  {
    perDay: 1,
    happen: (plan) => plan.world.dcu.killAtCommit(1 + plan.between(0, 20), plan.random.next() < 0.5, 30_000),
  },
  { perDay: 0.3, happen: (plan) => plan.world.restart(plan.between(2, 60) * SECOND_MS) },
  {
    perDay: 0.3,
    happen: (plan) => {
      plan.tell('disk full');
      plan.world.diskFull = true;
      plan.world.troubledMs = plan.world.clock.now();
      plan.mendAfter(plan.between(1, 90) * MINUTE_MS, () => {
        plan.world.diskFull = false;
        plan.world.troubledMs = plan.world.clock.now();
      });
    },
  },
  // Its wall clock: a little, or by hours, and right again some time later.
  {
    perDay: 0.5,
    happen: (plan) => {
      const far = plan.random.next() < 0.4;
      const size = far ? plan.between(-3 * HOUR_MS, 3 * HOUR_MS) : plan.between(-40_000, 40_000);
      plan.setWall(size);
      plan.mendAfter(plan.between(10, 300) * MINUTE_MS, () => plan.setWall(0));
    },
  },
  // Meters.
  { perDay: 1.5, happen: (plan) => plan.afflict({ kind: 'silence' }, plan.between(5, 900) * MINUTE_MS) },
  {
    perDay: 1,
    happen: (plan) => plan.afflict({ kind: 'drop', probability: 0.3 }, plan.between(5, 300) * MINUTE_MS),
  },
  {
    perDay: 1,
    happen: (plan) =>
      plan.afflict({ kind: 'delay', delayMs: plan.between(200, 14_000) }, plan.between(5, 300) * MINUTE_MS),
  },
  { perDay: 0.5, happen: (plan) => plan.afflict({ kind: 'refuse' }, plan.between(5, 600) * MINUTE_MS) },
  { perDay: 0.3, happen: (plan) => plan.afflict({ kind: 'wrong-key' }, plan.between(5, 600) * MINUTE_MS) },
  {
    perDay: 2,
    happen: (plan) => {
      const resident = plan.aMeter();
      const seconds = plan.between(5, 400);
      plan.tell(`reboot ${resident?.meterNo}`);
      resident?.truth.meter.turnOn({ kind: 'reboot', seconds });
    },
  },
  {
    perDay: 0.7,
    happen: (plan) => {
      const resident = plan.aMeter();
      const kind = plan.random.next();
      const seconds =
        kind < 0.4
          ? plan.between(-50, 50)
          : kind < 0.9
            ? plan.between(-7_200, 7_200)
            : plan.between(0, 2_000_000_000);
      plan.tell(`clock of ${resident?.meterNo} jumps ${seconds} s`);
      resident?.truth.meter.turnOn({ kind: 'clock-jump', seconds });
    },
  },
  {
    perDay: 0.4,
    happen: (plan) => {
      const resident = plan.aMeter();
      if (resident === undefined) return;
      const { place } = resident;
      plan.tell(`${resident.meterNo} cut off`);
      place.unreachable = true;
      const over = resident.trouble();
      if (plan.random.next() < 0.1) {
        resident.dead = true;
        return;
      }
      plan.mendAfter(plan.between(10, 2_000) * MINUTE_MS, () => {
        place.unreachable = false;
        over();
      });
    },
  },
  {
    perDay: 0.15,
    happen: (plan) => {
      const { world } = plan;
      void world.replaceMeter(plan.between(0, world.street.places.length));
      world.clock.after(plan.between(1, 600) * MINUTE_MS, () => {
        world.tendArchive().catch((error: unknown) => world.violate('failure', String(error)));
      });
    },
  },
  // The module.
  {
    perDay: 0.7,
    happen: (plan) => {
      const { module } = plan.world.street;
      if (module === undefined) return;
      const what = plan.random.next();
      plan.tell(`module ${what}`);
      if (what < 0.4) module.reset();
      else if (what < 0.6) module.swap();
      else if (what < 0.8) plan.world.moduleWire.pull();
      else for (const feeder of module.feeders) module.cutStreet(feeder, plan.between(20, 7_200));
    },
  },
  // Lines and people.
  {
    perDay: 0.5,
    happen: (plan) => {
      plan.tell('adapter pulled');
      plan.one(plan.world.wires)?.pull();
    },
  },
  {
    perDay: 6,
    happen: (plan) => {
      const resident = plan.aMeter();
      if (resident !== undefined) plan.world.watch.readNow(resident);
    },
  },
];
