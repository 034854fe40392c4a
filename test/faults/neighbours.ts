import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Meter } from '../../src/base/model.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { openPty, type Pty } from '../../src/channels/pty.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  type StartOptions,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { type NeighbourhoodOptions, planNeighbourhood } from '../../src/simulator/plan.ts';
import { energyRows } from '../../src/simulator/profile-rows.ts';
import type { House } from '../concentrator/house.ts';

export interface Neighbours extends Neighbourhood {
  /** By position, counted from 0. */
  at(index: number): ServedMeter;
}

/** A few simulated meters on free ports and pseudo-terminals. */
export async function startNeighbours(
  plan: Partial<NeighbourhoodOptions> = {},
  clock: Clock = systemClock,
  rest: Partial<StartOptions> = {},
): Promise<Neighbours> {
  const neighbourhood = await startNeighbourhood({
    seed: 11,
    clock,
    log: silentLog,
    meters: planNeighbourhood({ seed: 11, meters: 1, tcpBase: 0, framing: 'wrapper', auth: 'none', ...plan }),
    ...rest,
  });
  return {
    meters: neighbourhood.meters,
    strangers: neighbourhood.strangers,
    modules: neighbourhood.modules,
    g3: neighbourhood.g3,
    stop: () => neighbourhood.stop(),
    at: (index) => {
      const meter = neighbourhood.meters[index];
      if (meter === undefined) throw new Error(`there is no meter ${index}`);
      return meter;
    },
  };
}

/** Stamps of the energy rows that the meter has written within [fromMs, toMs). */
export function writtenRows({ device }: ServedMeter, fromMs: number, toMs: number): number[] {
  return [...energyRows(device.point, Date.now()).stamps].filter((time) => time >= fromMs && time < toMs);
}

/** A plug in a line of meters: what the concentrator opens is a path that comes and goes. */
export class Plug {
  readonly path: string;
  /** The meters' end. */
  readonly line: ByteChannel;
  /** What becomes of bytes on the wire, either way. */
  noise: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  /** How long bytes of the meters are on their way. */
  delayMs = 0;
  /** Called with the number of bytes that have come from the meters. */
  onBytes: (total: number) => void = () => {};
  readonly #wire: ByteChannel;
  #pty: Pty | undefined;
  #total = 0;

  constructor(path: string) {
    this.path = path;
    const [wire, line] = memoryPair({ name: path });
    this.#wire = wire;
    this.line = line;
    wire.onBytes((bytes) => {
      this.#total += bytes.length;
      const heard = this.noise(bytes);
      const arrive = (): void => void this.#pty?.channel.write(heard).catch(() => undefined);
      if (this.delayMs > 0) setTimeout(arrive, this.delayMs);
      else arrive();
      this.onBytes(this.#total);
    });
  }

  plugIn(): void {
    const pty = openPty({ link: this.path });
    this.#pty = pty;
    pty.channel.onBytes((bytes) => void this.#wire.write(this.noise(bytes)));
  }

  async pull(): Promise<void> {
    const pty = this.#pty;
    this.#pty = undefined;
    await pty?.channel.close();
  }
}

export interface Bus extends Neighbours {
  readonly plug: Plug;
  /** The meters in the archive of this house. */
  readonly rows: readonly Meter[];
}

/** Simulated meters on one RS-485 line, and all of them in the archive of a house. */
export async function startBus(
  house: House,
  count: number,
  plan: Partial<NeighbourhoodOptions> = {},
  clock: Clock = systemClock,
): Promise<Bus> {
  const plug = new Plug(join(house.directory, 'line'));
  plug.plugIn();
  const neighbours = await startNeighbours(
    { meters: count, rs485Lines: 1, metersPerLine: count, framing: 'hdlc', ...plan },
    clock,
    { openLine: async () => ({ channel: plug.line, path: plug.path }) },
  );
  await house.serial('485_1', plug.path);
  const rows: Meter[] = [];
  for (const served of neighbours.meters) rows.push(await house.serve(served, { channel: '485_1' }));
  return {
    ...neighbours,
    plug,
    rows,
    stop: async () => {
      await plug.pull();
      await neighbours.stop();
    },
  };
}
