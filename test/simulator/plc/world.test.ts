import { describe, expect, test } from 'bun:test';
import type { Clock } from '../../../src/base/clock.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { decodeData } from '../../../src/dlms/axdr.ts';
import { type ClientEvent, type ClientMachine, createClientMachine } from '../../../src/dlms/client.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import { SimulatedMeter } from '../../../src/simulator/meter.ts';
import { type MeterPlan, planNeighbourhood } from '../../../src/simulator/plan.ts';
import { MeterStation, type Station } from '../../../src/simulator/plc/station.ts';
import { ECHO, PlcWorld, type WorldOptions } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 4, 4, 12);

/** What the message was that a meter has answered, from 1 to 255. */
const message = (round: number): Uint8Array => Uint8Array.of(round);

describe('5 % lost frames, dead meters and a reset in the middle', () => {
  const DEAD = new Set([7, 33, 70]);

  function outcome(seed: number, options: WorldOptions = {}) {
    const random = new SeededRandom(seed).fork('uart');
    const world: PlcWorld = new PlcWorld({
      meters: 100,
      seed,
      network: { noisy: true, loss: 0.05 },
      line: (bytes) => (random.next() < 0.02 ? [] : [bytes]),
      ...options,
      module: {
        station: (address) => (DEAD.has(Number(address.slice(-3))) ? undefined : ECHO),
        ...options.module,
      },
    }).begin();
    expect(world.until('archive', 1, 30 * MINUTE_MS)).toBe(true);
    world.run(MINUTE_MS);
    const asked: string[] = [];
    for (let round = 1; round <= 3; round++) {
      for (const address of world.addresses) {
        const id = `${round} ${address}`;
        asked.push(id);
        world.command({ type: 'forward', id, address, bytes: message(round), attempts: 12 });
      }
    }
    world.run(HOUR_MS, () => world.count('answer') >= 120);
    world.toModule({ type: 'reset' });
    const ended = (): number => world.count('answer') + world.count('failed');
    world.run(6 * HOUR_MS, () => ended() >= asked.length);
    // Whatever is still under way must change nothing.
    world.run(HOUR_MS);
    return { world, asked };
  }

  test.each([1, 2, 3, 4])(
    'seed %d: every reachable meter has answered exactly once to each request',
    (seed) => {
      const { world, asked } = outcome(seed);
      const answers = world.of('answer');
      const dead = (id: string): boolean => DEAD.has(Number(id.slice(-3)));
      expect(answers.map(({ id }) => id).sort()).toEqual(asked.filter((id) => !dead(id)).sort());
      for (const { id, address, bytes } of answers) {
        expect(id.endsWith(address)).toBe(true);
        expect([...bytes]).toEqual([0xee, Number(id.split(' ')[0])]);
      }
      const failed = world.of('failed');
      expect(failed.map(({ id }) => id).sort()).toEqual(asked.filter(dead).sort());
      // What the module says of a silent meter may itself be lost on the UART.
      for (const { reason } of failed) expect(['meter-silent', 'no-answer']).toContain(reason);
      expect(world.of('restarted').length).toBe(1);
      expect(world.module.memory.archive.size).toBe(100);
      expect(world.machine.traffic).toMatchObject({ flying: 0, waiting: 0 });
    },
  );

  test('the same seed gives the same events', () => {
    const told = (): string => JSON.stringify(outcome(9).world.events);
    expect(told()).toBe(told());
  });

  test('one after the other, where the module knows nothing else', () => {
    const { world, asked } = outcome(5, { meters: 12, module: { without: ['F1F1'] } });
    expect(world.machine.traffic.way).toBe('single');
    const ids = [...world.of('answer'), ...world.of('failed')].map(({ id }) => id);
    expect(ids.sort()).toEqual([...asked].sort());
    expect(new Set(world.of('failed').map(({ address }) => Number(address.slice(-3))))).toEqual(new Set([7]));
  });
});

describe('meters that speak DLMS', () => {
  const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 } as const;

  function linkOf({ framing, client, server, addressBytes }: MeterPlan): LinkConfig {
    const common = { clientAddress: client, serverAddress: server, responseTimeoutMs: 10 * MINUTE_MS };
    if (framing === 'wrapper') return { framing, ...common, maxApdu: 65_535 };
    return {
      framing,
      ...common,
      addressBytes,
      maxInfoTransmit: 512,
      maxInfoReceive: 512,
      windowTransmit: 1,
      windowReceive: 1,
      interOctetTimeoutMs: MINUTE_MS,
      retries: 3,
    };
  }

  /** A reader of one meter, whose frames go through the module. */
  class Reader {
    readonly events: ClientEvent[] = [];
    readonly #client: ClientMachine;
    readonly #world: PlcWorld;
    readonly #address: string;
    #frames = 0;

    constructor(world: PlcWorld, plan: MeterPlan) {
      this.#world = world;
      this.#address = plan.meterNo;
      this.#client = createClientMachine({
        link: linkOf(plan),
        association: {
          auth: plan.auth,
          policy: 'none',
          ...(plan.password === undefined ? {} : { password: new TextEncoder().encode(plan.password) }),
          maxPduSize: 1024,
        },
        randomBytes: (length) => new Uint8Array(length).fill(7),
      });
    }

    open(): void {
      this.#take(this.#client.step({ on: 'command', command: { type: 'open' } }, this.#world.nowMs));
    }

    receive(bytes: Uint8Array): void {
      this.#take(this.#client.step({ on: 'bytes', bytes }, this.#world.nowMs));
    }

    #take(effects: ReturnType<ClientMachine['step']>): void {
      for (const effect of effects) {
        if (effect.do === 'send') {
          const id = `${this.#address} ${this.#frames++}`;
          const { bytes } = effect;
          this.#world.command({ type: 'forward', id, address: this.#address, bytes, attempts: 4 });
        } else if (effect.do === 'emit') this.#event(effect.event);
      }
    }

    #event(event: ClientEvent): void {
      this.events.push(event);
      if (event.type === 'opened') {
        const command = { type: 'get', attribute: CLOCK } as const;
        this.#take(this.#client.step({ on: 'command', command }, this.#world.nowMs));
      }
      if (event.type === 'get-result') {
        this.#take(this.#client.step({ on: 'command', command: { type: 'release' } }, this.#world.nowMs));
      }
    }
  }

  function neighbourhood(count: number, options: WorldOptions = {}) {
    const stations = new Map<string, Station>();
    const world: PlcWorld = new PlcWorld({
      meters: count,
      ...options,
      module: { station: (address) => stations.get(address), ...options.module },
    });
    const clock: Clock = {
      now: () => START_MS + world.nowMs,
      monotonicMs: () => world.nowMs,
      after: (delayMs, run) => {
        let wanted = true;
        world.at(delayMs, () => {
          if (wanted) run();
        });
        return () => {
          wanted = false;
        };
      },
    };
    const plans = planNeighbourhood({
      seed: 4,
      meters: count,
      tcpBase: 'memory',
      framing: 'mixed',
      auth: 'lls',
    });
    for (const plan of plans) {
      const meter = new SimulatedMeter(plan, { seed: 4, clock, startMs: START_MS, liveOutages: false });
      stations.set(plan.meterNo, new MeterStation(meter));
    }
    const readers = new Map(plans.map((plan) => [plan.meterNo, new Reader(world, plan)]));
    world.onEvent = (event) => {
      if (event.type === 'answer') readers.get(event.address)?.receive(event.bytes);
    };
    return { world, readers, plans };
  }

  const released = (readers: ReadonlyMap<string, Reader>): number =>
    [...readers.values()].filter(({ events }) => events.at(-1)?.type === 'released').length;

  test('the clocks of 500 are read over the power line, by wrapper and by HDLC, in seconds', () => {
    const { world, readers, plans } = neighbourhood(500, { config: { baudRate: 115_200 } });
    expect(new Set(plans.map(({ framing }) => framing))).toEqual(new Set(['wrapper', 'hdlc']));
    world.begin();
    expect(world.until('archive', 1, 30 * MINUTE_MS)).toBe(true);
    world.run(2 * MINUTE_MS);
    const startMs = world.nowMs;
    for (const reader of readers.values()) reader.open();
    expect(world.run(2 * HOUR_MS, () => released(readers) === 500)).toBe(true);
    expect(world.of('failed')).toEqual([]);
    expect(world.nowMs - startMs).toBeLessThan(10 * MINUTE_MS);
    for (const { events } of readers.values()) {
      const got = events.find(({ type }) => type === 'get-result');
      const [result] = got?.type === 'get-result' ? got.results : [];
      expect(result?.ok === true && decodeData(result.data).type).toBe('octet-string');
    }
  }, 30_000);

  test('a network that loses and makes noise costs time, not data', () => {
    const { world, readers } = neighbourhood(40, { network: { noisy: true, loss: 0.05 } });
    world.begin();
    world.until('archive', 1, 30 * MINUTE_MS);
    world.run(2 * MINUTE_MS);
    for (const reader of readers.values()) reader.open();
    expect(world.run(6 * HOUR_MS, () => released(readers) === 40)).toBe(true);
  });
});
