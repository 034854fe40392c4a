import type { Clock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { Transports } from '../../src/concentrator/transports.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { SERIAL_PATH } from '../days/archive.ts';
import type { Scenery } from '../days/options.ts';
import { Street, type Where } from '../days/street.ts';
import { connectSocket, type Owner, SerialWire, type WireHooks } from '../days/wires.ts';

/** What all processes of a run agree on. */
export interface StreetPlan {
  readonly seed: number;
  readonly meters: number;
  /** UTC ms at which the run begins. */
  readonly startMs: number;
}

/** One meter in five hangs on an RS-485 line, ten on each. */
const ON_LINES = 0.2;
const METERS_PER_LINE = 10;
const PORT = 4059;

/** How the street is read; modules and clocks that go wrong are the matter of `test/days`. */
export function sceneryOf({ meters, startMs }: StreetPlan): Scenery {
  const lines = Math.floor((meters * ON_LINES) / METERS_PER_LINE);
  return {
    startMs,
    tcpMeters: meters - lines * METERS_PER_LINE,
    plcMeters: 0,
    lines,
    metersPerLine: METERS_PER_LINE,
    everyHours: 4,
    recallDays: 2,
    baudRate: 9600,
    maxBytes: 512,
    severity: 0,
  };
}

export interface House {
  readonly street: Street;
  readonly transports: Transports;
}

/** This process, which dies with all that it has. */
const OWNER: Owner = { dead: false, onDeath: () => {} };

/**
 * The meters of the street at the time that the clock shows, and ways to them. Nothing is ever done to the meters, so that what they
 * have measured and logged follows from the seed alone: each process makes them again.
 */
export function houseOf(plan: StreetPlan, clock: Clock): House {
  const { seed, meters, startMs } = plan;
  const { tcpMeters, lines, metersPerLine, baudRate } = sceneryOf(plan);
  const random = new SeededRandom(seed);
  const hooks: WireHooks = {
    clock,
    random: random.fork('wires'),
    noise: (bytes) => bytes,
    heard: () => {},
    disputed: (wire, what) => {
      throw new DcuError('internal', `${wire}: ${what}`);
    },
  };
  const wires = Array.from(
    { length: lines },
    (_, line) => new SerialWire(`485_${line + 1}`, baudRate, true, hooks),
  );
  const wheres = Array.from({ length: meters }, (_, index): Where => {
    if (index < tcpMeters) return { kind: 'tcp', host: `10.0.${index >> 8}.${index & 255}`, port: PORT };
    return { kind: 'rs485', line: Math.floor((index - tcpMeters) / metersPerLine) };
  });
  const plans = planNeighbourhood({
    seed,
    meters,
    tcpBase: 'memory',
    framing: 'mixed',
    auth: 'mixed',
    rs485Lines: lines,
    metersPerLine,
  });
  const street = new Street(wheres, plans, {
    seed,
    clock,
    random: random.fork('street'),
    startMs,
    lines: wires.map(({ far }) => far),
    // Nobody is behind it.
    port: { channel: new SerialWire('module', baudRate, false, hooks).far, path: '', baudRate },
    onCounter: () => {},
  });
  const nobody = (name: string): DcuError => new DcuError('channel-open-failed', `nobody lives at ${name}`);
  return {
    street,
    transports: {
      serial: ({ path, baudRate: rate }) => ({
        name: path,
        open: async () => {
          const wire = wires[Number(path.slice(SERIAL_PATH.length)) - 1];
          if (wire === undefined) throw nobody(path);
          return wire.open(OWNER, rate);
        },
      }),
      tcp: ({ host, port, connectTimeoutMs }) => ({
        name: `tcp:${host}:${port}`,
        open: async (signal) => {
          const place = street.socket(host, port);
          if (place === undefined) throw nobody(host);
          return connectSocket(place, OWNER, connectTimeoutMs, hooks, signal);
        },
      }),
      udp: ({ host }) => ({ name: `udp:${host}`, open: () => Promise.reject(nobody(host)) }),
    },
  };
}
