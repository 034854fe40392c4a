import type { ModuleState, ModulesPort } from '../../src/api/modules-port.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { NetworkNode } from '../../src/store/types.ts';

/** A module that does what it is asked, and takes firmware piece by piece until it is cancelled. */
export function fakeModules(now: () => number): ModulesPort {
  let state: ModuleState = {
    channel: 'reading_module',
    name: 'reading_module',
    state: 'running',
    trouble: undefined,
    ready: {
      type: 'ready',
      edition: '10376.2',
      baudRate: 115_200,
      version: { vendor: 'OD', chip: 'SM', date: '260101', version: '0100' },
      swapped: false,
    },
    archive: 12,
    traffic: { way: 'concurrent', concurrency: 128, flying: 7, waiting: 3 },
    counters: {
      sent: 2417,
      received: 2415,
      stale: 0,
      garbled: 0,
      foreign: 0,
      repeated: 1,
      timeouts: 2,
      denied: 0,
    },
    line: { bytes: 812_345, frames: 2415, corrupt: 4, badLengths: 0, invalid: 0, discarded: 9 },
    searching: false,
    searchingUntil: null,
    network: { lookedAt: now(), looking: false, error: null },
    upgrade: null,
  };
  return {
    list: () => [state],
    refresh: async () => 13,
    discover: async (_channel, minutes) => {
      state = { ...state, searching: true, searchingUntil: now() + minutes * 60_000 };
    },
    endDiscovery: () => {
      state = { ...state, searching: false, searchingUntil: null };
    },
    setBand: async () => {
      throw new DcuError('module-lost', 'the module is not there');
    },
    upgrade: (_channel, image, target) => {
      const begun = { bytes: image.length, target, done: 1, total: 3, startedAt: now() };
      state = { ...state, upgrade: { ...begun, state: 'running', finishedAt: null, error: null } };
    },
    cancelUpgrade: () => {
      if (state.upgrade === null) return false;
      state = { ...state, upgrade: { ...state.upgrade, state: 'cancelled', finishedAt: now() } };
      return true;
    },
  };
}

type SeenNode = Omit<NetworkNode, 'seenAt'>;

/** A coordinator, proxies below it, stations below those: level by level, `wide` below each. */
export function fakeNetwork(size: number, wide = 3): SeenNode[] {
  const name = (index: number): string =>
    index === 0 ? '000000000001' : String(11_539_000 + index).padStart(12, '0');
  return Array.from({ length: size }, (_, index): SeenNode => {
    const above = Math.floor((index - 1) / wide);
    const level = Math.ceil(Math.log(index * (wide - 1) + wide) / Math.log(wide)) - 1;
    return {
      address: name(index),
      shortAddress: index + 1,
      parent: index === 0 || above === 0 ? null : name(above),
      level: index === 0 ? 0 : level,
      role: index === 0 ? 'coordinator' : index * wide + 1 < size ? 'proxy' : 'station',
      quality: index === 0 ? null : index % 10 === 7 ? 2 : 12,
      phases: index === 0 ? null : 1 << (index % 3),
      detail: {},
    };
  });
}
