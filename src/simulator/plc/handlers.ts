import { type AnyUnit, type Unit, unitName } from '../../plc/unit.ts';
import { DENIAL } from '../../plc/units/afn-00.ts';
import { RESET_DATA, RESET_HARDWARE, RESET_PARAMETERS } from '../../plc/units/afn-01.ts';
import { BAND, MASTER_ADDRESS, MODE, VERSION } from '../../plc/units/afn-03.ts';
import { ROLL_CALL, SEND_TEST } from '../../plc/units/afn-04.ts';
import {
  ALLOW_REPORTS,
  BANDS,
  BAUD_RATES,
  SET_BAND,
  SET_BAUD_RATE,
  SET_MASTER_ADDRESS,
} from '../../plc/units/afn-05.ts';
import {
  NODE_COUNT,
  NODES,
  type PageRequest,
  PHASES,
  ROUTER_STATE,
  type RoutedNode,
  TOPOLOGY,
} from '../../plc/units/afn-10.ts';
import { ADD_NODES, DELETE_NODES, START_REGISTRATION, STOP_REGISTRATION } from '../../plc/units/afn-11.ts';
import { PAUSE_ROUTER, RESTART_ROUTER, RESUME_ROUTER } from '../../plc/units/afn-12.ts';
import { FORWARD_ROUTED, FORWARD_ROUTED_LONG } from '../../plc/units/afn-13.ts';
import { FILE, FILE_TARGET, PIECE_ERROR } from '../../plc/units/afn-15.ts';
import { READ_CONCURRENT } from '../../plc/units/afn-f1.ts';
import { forwardOne, forwardOneOfMany } from './forwarding.ts';
import type { Handled, ModuleSide } from './module-side.ts';
import type { NetworkNode } from './network.ts';
import { searchStrangers } from './strangers.ts';

type Handler = (module: ModuleSide, command: Handled) => void;

/** A handler that gets the value as the unit types it. */
function on<Down, Up>(
  unit: Unit<Down, Up>,
  handle: (module: ModuleSide, command: Handled & { readonly value: Down }) => void,
): readonly [string, Handler] {
  return [unitName(unit), (module, command) => handle(module, { ...command, value: command.value as Down })];
}

const COORDINATOR_TEI = 1;
const MOST_IN_TOPOLOGY = 64;
/** A network on another band forms anew: the module wants to be left alone meanwhile. */
const BAND_WAIT_S = 30;
const UPGRADE_RESTART_MS = 2000;

const confirmed =
  (change: (module: ModuleSide, nowMs: number) => void = () => {}): Handler =>
  (module, { frame, nowMs }) => {
    change(module, nowMs);
    module.confirm(frame);
  };

function page<T>(
  all: readonly T[],
  first: number,
  { start, count }: PageRequest,
  most: number,
): readonly T[] {
  return start < first ? [] : all.slice(start - first, start - first + Math.min(count, most));
}

const firstNode = ({ edition }: ModuleSide): number => (edition === '376.2' ? 0 : 1);

/** Where the coordinator stands in lists of the whole network: first. */
function inNetwork(module: ModuleSide, nowMs: number): readonly NetworkNode[] {
  const { network } = module.options;
  return network.nodes.filter(({ address }) => network.isJoined(address, nowMs));
}

function addNodes(
  module: ModuleSide,
  { frame, value }: Handled & { value: readonly { address: string; protocol: number }[] },
): void {
  const {
    memory: { archive },
    options,
  } = module;
  if (value.length > (options.maxBatch ?? 32)) {
    module.deny(frame, DENIAL.length);
    return;
  }
  if (value.some(({ address }) => archive.has(address))) {
    module.deny(frame, DENIAL.duplicateAddress);
    return;
  }
  if (archive.size + value.length > (options.maxNodes ?? 2040)) {
    module.deny(frame, DENIAL.badUnit);
    return;
  }
  for (const { address, protocol } of value) archive.set(address, protocol);
  module.confirm(frame);
}

function deleteNodes(module: ModuleSide, { frame, value }: Handled & { value: readonly string[] }): void {
  const {
    memory: { archive },
    options,
  } = module;
  if (value.length > (options.maxBatch ?? 32)) {
    module.deny(frame, DENIAL.length);
    return;
  }
  if (value.some((address) => !archive.has(address))) {
    module.deny(frame, DENIAL.unknownAddress);
    return;
  }
  for (const address of value) archive.delete(address);
  module.confirm(frame);
}

const ROWS: readonly (readonly [string, Handler])[] = [
  [
    unitName(RESET_HARDWARE),
    confirmed((module, nowMs) => module.later(nowMs, (atMs) => module.restart(atMs))),
  ],
  [unitName(RESET_PARAMETERS), confirmed((module) => module.memory.archive.clear())],
  [unitName(RESET_DATA), confirmed((module) => module.memory.archive.clear())],
  on(VERSION, (module, { frame }) => module.reply(frame, VERSION, module.memory.version)),
  on(MASTER_ADDRESS, (module, { frame }) => module.reply(frame, MASTER_ADDRESS, module.memory.masterAddress)),
  on(MODE, (module, { frame }) => {
    // The first edition has no such question.
    if (module.edition === '376.2') module.deny(frame, DENIAL.noSuchInformation);
    else module.reply(frame, MODE, module.mode());
  }),
  on(BAND, (module, { frame }) => module.reply(frame, BAND, module.memory.band)),
  [unitName(SEND_TEST), confirmed()],
  [unitName(ROLL_CALL), confirmed()],
  on(SET_MASTER_ADDRESS, (module, { frame, value }) => {
    module.memory.masterAddress = value;
    module.confirm(frame);
  }),
  on(ALLOW_REPORTS, (module, { frame, value }) => {
    module.memory.reporting = value === 1;
    module.confirm(frame);
  }),
  on(SET_BAUD_RATE, (module, { frame, value }) => {
    if (value >= BAUD_RATES.length) {
      module.deny(frame, DENIAL.badUnit);
      return;
    }
    module.confirm(frame);
    module.configure(value);
  }),
  on(SET_BAND, (module, { frame, value, nowMs }) => {
    if (value >= BANDS.length) {
      module.deny(frame, DENIAL.badUnit);
      return;
    }
    module.memory.band = value;
    module.options.network.formAnew(nowMs);
    module.confirm(frame, BAND_WAIT_S);
  }),
  on(NODE_COUNT, (module, { frame }) =>
    module.reply(frame, NODE_COUNT, {
      count: module.memory.archive.size,
      most: module.options.maxNodes ?? 2040,
    }),
  ),
  on(NODES, (module, { frame, value, nowMs }) => {
    const { memory, options } = module;
    const nodes = page([...memory.archive], firstNode(module), value, options.maxBatch ?? 32).map(
      ([address, protocol]): RoutedNode => {
        const node = options.network.node(address);
        const joined = options.network.isJoined(address, nowMs);
        const quality = node !== undefined && joined ? options.network.quality(node, nowMs) : 0;
        const relayLevel = Math.max(0, (node?.level ?? 1) - 1);
        return { address, detail: { relayLevel, quality, phases: node?.phaseBits ?? 0, protocol } };
      },
    );
    module.reply(frame, NODES, { total: memory.archive.size, nodes });
  }),
  on(ROUTER_STATE, (module, { frame, nowMs }) => {
    const joined = inNetwork(module, nowMs).length;
    module.reply(frame, ROUTER_STATE, {
      status: (joined >= module.memory.archive.size ? 1 : 0) | (module.memory.paused ? 0 : 2),
      total: module.memory.archive.size,
      read: joined,
      readByRelay: 0,
      workSwitch: module.memory.registering ? 4 : 0,
      rate: 0,
      relayLevels: new Uint8Array(3),
      steps: new Uint8Array(3).fill(8),
    });
  }),
  on(TOPOLOGY, (module, { frame, value, nowMs }) => {
    const all = [
      {
        address: module.memory.masterAddress,
        tei: COORDINATOR_TEI,
        proxyTei: 0,
        level: 0,
        role: 'coordinator' as const,
      },
      ...topologyOf(inNetwork(module, nowMs)),
    ];
    const nodes = page(all, 1, value, MOST_IN_TOPOLOGY);
    module.reply(frame, TOPOLOGY, { total: all.length, start: value.start, nodes });
  }),
  on(PHASES, (module, { frame, value, nowMs }) => {
    const all = inNetwork(module, nowMs).map(({ address, phaseBits, phases }) => ({
      address,
      phases: phaseBits,
      threePhase: phases === 3,
      anomaly: false,
      order: 0,
    }));
    const nodes = page(all, 1, value, MOST_IN_TOPOLOGY);
    module.reply(frame, PHASES, { total: all.length, start: value.start, nodes });
  }),
  on(ADD_NODES, addNodes),
  on(DELETE_NODES, deleteNodes),
  on(START_REGISTRATION, (module, { frame, nowMs }) => {
    module.memory.registering = true;
    module.confirm(frame);
    searchStrangers(module, nowMs);
  }),
  [unitName(STOP_REGISTRATION), confirmed((module) => Object.assign(module.memory, { registering: false }))],
  [unitName(RESTART_ROUTER), confirmed((module) => Object.assign(module.memory, { paused: false }))],
  [unitName(PAUSE_ROUTER), confirmed((module) => Object.assign(module.memory, { paused: true }))],
  [unitName(RESUME_ROUTER), confirmed((module) => Object.assign(module.memory, { paused: false }))],
  on(FORWARD_ROUTED, (module, command) => forwardOne(module, command, command.value)),
  on(FORWARD_ROUTED_LONG, (module, command) => forwardOne(module, command, command.value)),
  on(READ_CONCURRENT, (module, command) => forwardOneOfMany(module, command, command.value)),
  on(FILE, (module, { frame, value, nowMs }) => {
    const { pieces } = module.memory;
    if (value.fileId === FILE_TARGET.clear) {
      module.memory.pieces = [];
      module.reply(frame, FILE, value.piece);
      return;
    }
    // A piece that it has already, or the one that is due.
    if (value.piece > pieces.length || value.piece >= value.total) {
      module.reply(frame, FILE, PIECE_ERROR);
      return;
    }
    pieces[value.piece] = value.data;
    module.reply(frame, FILE, value.piece);
    if (value.attribute !== 1) return;
    const image = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
    module.emit({ type: 'upgraded', image });
    module.memory.pieces = [];
    module.later(nowMs + UPGRADE_RESTART_MS, (atMs) => module.restart(atMs));
  }),
];

function topologyOf(nodes: readonly NetworkNode[]) {
  const proxies = new Set(nodes.map(({ proxy }) => proxy));
  return nodes.map((node) => ({
    address: node.address,
    tei: node.tei,
    proxyTei: node.proxy?.tei ?? COORDINATOR_TEI,
    level: node.level,
    role: proxies.has(node) ? ('proxy' as const) : ('station' as const),
  }));
}

/** What the module does with each unit, by name. */
const HANDLERS: ReadonlyMap<string, Handler> = new Map(ROWS);

/** Units that no handler knows are denied. */
export function handlerOf(unit: AnyUnit): Handler | undefined {
  return HANDLERS.get(unitName(unit));
}
