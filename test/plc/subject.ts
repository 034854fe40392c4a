import type { Effect } from '../../src/base/machine.ts';
import { type DownFrame, decodeFrame, encodeFrame, type UpFrame } from '../../src/plc/frame.ts';
import { upInformation } from '../../src/plc/information.ts';
import { createModuleMachine } from '../../src/plc/module-machine.ts';
import type { ModuleCommand, ModuleConfig, ModuleEvent } from '../../src/plc/module-types.ts';
import { decodeData, encodeData, type Unit, unitName } from '../../src/plc/unit.ts';
import { CONFIRM, DENY } from '../../src/plc/units/afn-00.ts';
import { MASTER_ADDRESS, MODE, type ModuleMode, VERSION } from '../../src/plc/units/afn-03.ts';
import { NODE_COUNT, NODES, TOPOLOGY } from '../../src/plc/units/afn-10.ts';
import { UNITS } from '../../src/plc/units/index.ts';

export const MASTER = '000000000099';
const VERSION_VALUE = { vendor: 'AB', chip: 'CD', date: '260101', version: '0001' };

export const MODE_VALUE: ModuleMode = {
  modeWord: new Uint8Array(6),
  monitorTimeoutS: 30,
  broadcastTimeoutS: 60,
  maxFrame: 1024,
  maxFilePacket: 200,
  upgradeWaitMin: 5,
  masterAddress: MASTER,
  maxNodes: 100,
  nodes: 0,
  released: new Uint8Array(3),
  filed: new Uint8Array(3),
  ...VERSION_VALUE,
  rates: [],
};

/** What a module says to each question; undefined = it stays silent, a number = it refuses. */
export type Script = (name: string, frame: DownFrame) => UpFrame | number | undefined;

/** An answer to a frame, under its sequence. */
export function answer<Up>(to: DownFrame, unit: Unit<unknown, Up>, value: Up, address?: string): UpFrame {
  return {
    direction: 'up',
    initiates: false,
    kind: 3,
    information: upInformation(to.information.sequence, address !== undefined),
    ...(address === undefined ? {} : { addresses: { source: address, relays: [], destination: MASTER } }),
    afn: unit.afn,
    fn: unit.fn,
    data: encodeData(unit.up, value, '10376.2'),
  };
}

export function confirm(to: DownFrame, waitS = 0, statusBytes: 2 | 4 = 4): UpFrame {
  return answer(to, CONFIRM, { status: 0xffff, waitS, statusBytes });
}

export function deny(to: DownFrame, code: number): UpFrame {
  return answer(to, DENY, code);
}

/** Something that the module begins by itself. */
export function report<Up>(unit: Unit<unknown, Up>, value: Up, sequence = 1): UpFrame {
  return {
    direction: 'up',
    initiates: true,
    kind: 3,
    information: upInformation(sequence),
    afn: unit.afn,
    fn: unit.fn,
    data: encodeData(unit.up, value, '10376.2'),
  };
}

/** A module that is willing, and has no nodes. */
export const WILLING: Script = (name, frame) => {
  switch (name) {
    case unitName(MODE):
      return answer(frame, MODE, MODE_VALUE);
    case unitName(VERSION):
      return answer(frame, VERSION, VERSION_VALUE);
    case unitName(MASTER_ADDRESS):
      return answer(frame, MASTER_ADDRESS, MASTER);
    case unitName(NODES):
      return answer(frame, NODES, { total: 0, nodes: [] });
    case unitName(NODE_COUNT):
      return answer(frame, NODE_COUNT, { count: 0, most: 100 });
    case unitName(TOPOLOGY):
      return answer(frame, TOPOLOGY, { total: 0, start: 1, nodes: [] });
    case 'F1F1':
    case '13F1':
      return undefined;
    default:
      return confirm(frame);
  }
};

/** The machine with a hand on its line: nothing is answered but by `reply` and `serve`. */
export class Subject {
  readonly machine;
  readonly sent: DownFrame[] = [];
  readonly events: ModuleEvent[] = [];
  readonly effects: Effect<ModuleEvent>[] = [];
  readonly timers = new Map<string, number>();
  nowMs = 0;

  constructor(config: Partial<ModuleConfig> = {}) {
    this.machine = createModuleMachine({ masterAddress: MASTER, ...config });
  }

  get last(): DownFrame {
    const frame = this.sent.at(-1);
    if (frame === undefined) throw new Error('nothing was sent');
    return frame;
  }

  get names(): string[] {
    return this.sent.map(unitName);
  }

  command(command: ModuleCommand): this {
    return this.#take(this.machine.step({ on: 'command', command }, this.nowMs));
  }

  reply(frame: UpFrame): this {
    return this.bytes(encodeFrame(frame));
  }

  bytes(bytes: Uint8Array): this {
    return this.#take(this.machine.step({ on: 'bytes', bytes }, this.nowMs));
  }

  close(): this {
    return this.#take(this.machine.step({ on: 'closed' }, this.nowMs));
  }

  /** The named timer goes off at its time; it need not be armed. */
  fire(timer: string): this {
    this.nowMs = Math.max(this.nowMs, this.timers.get(timer) ?? this.nowMs);
    this.timers.delete(timer);
    return this.#take(this.machine.step({ on: 'timer', timer }, this.nowMs));
  }

  /** The module says that it has started, when it can be no repetition of a start before. */
  restart(mode: ModuleMode = MODE_VALUE): this {
    this.nowMs += 20_000;
    return this.reply(report(MODE, mode));
  }

  /** Answers what was sent last, and what follows, as the script says, until it is silent or nothing is asked. */
  serve(script: Script = WILLING, until: () => boolean = () => false): this {
    for (let done = this.sent.length - 1; done < this.sent.length && !until(); done++) {
      const frame = this.sent[done];
      if (frame === undefined || !frame.initiates) continue;
      const said = script(unitName(frame), frame);
      if (typeof said === 'number') this.reply(deny(frame, said));
      else if (said !== undefined) this.reply(said);
    }
    return this;
  }

  /** Brought to `running`. */
  running(script: Script = WILLING, nodes: readonly string[] = []): this {
    this.command({ type: 'set-archive', nodes }).command({ type: 'start' }).serve(script);
    if (this.machine.state !== 'running') throw new Error(`it is ${this.machine.state}`);
    return this;
  }

  value<Down>(unit: Unit<Down, unknown>, frame: DownFrame = this.last): Down {
    if (unitName(unit) !== unitName(frame)) throw new Error(`${unitName(frame)} was sent`);
    return decodeData(unit.down, frame.data, '10376.2').value;
  }

  of<Type extends ModuleEvent['type']>(type: Type): Extract<ModuleEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<ModuleEvent, { type: Type }> => event.type === type);
  }

  #take(effects: readonly Effect<ModuleEvent>[]): this {
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.do === 'send') {
        const frame = decodeFrame(effect.bytes);
        if (frame.direction !== 'down') throw new Error('the concentrator sends down');
        if (UNITS.find(frame) === undefined) throw new Error(`${unitName(frame)} is no unit`);
        this.sent.push(frame);
      } else if (effect.do === 'emit') this.events.push(effect.event);
      else if (effect.do === 'arm') this.timers.set(effect.timer, this.nowMs + effect.delayMs);
      else if (effect.do === 'disarm') this.timers.delete(effect.timer);
    }
    return this;
  }
}
