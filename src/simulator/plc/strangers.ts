import {
  DEVICES_REPORT,
  EVENT_REPORT,
  FINISHED_WORK,
  NODES_REPORT,
  WORK_REPORT,
} from '../../plc/units/afn-06.ts';
import type { ModuleSide } from './module-side.ts';
import type { NetworkNode } from './network.ts';

/** Addresses that one report has room for. */
export const ADDRESSES_IN_REPORT = 30;
export const HPLC_DEVICE = 2;
const METER = 1;
const REJECTED_EVENT = 5;

const SEARCH_MS = 5000;
const LOOK_AGAIN_MS = 30_000;
/** From power to the first report of nodes that were not let in, and from one such report to the next. */
const REJECTED_AFTER_MS = 60_000;
const REJECTED_EVERY_MS = 6 * 3_600_000;

/** Nodes that have found the network and are in no archive. */
function strangersOf({ memory, options: { network } }: ModuleSide, nowMs: number): NetworkNode[] {
  return network.nodes.filter(
    ({ address }) => !memory.archive.has(address) && network.isJoined(address, nowMs),
  );
}

function* inReports<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += ADDRESSES_IN_REPORT)
    yield items.slice(at, at + ADDRESSES_IN_REPORT);
}

/** Tells who is in no archive, then that it has finished; and of those that come later while they may register. */
export function searchStrangers(module: ModuleSide, nowMs: number): void {
  const told = new Set<string>();
  const look = (atMs: number): void => {
    const found = strangersOf(module, atMs).filter(({ address }) => !told.has(address));
    for (const { address } of found) told.add(address);
    for (const part of inReports(found)) reportFound(module, part, atMs);
  };
  const again = (atMs: number): void => {
    if (!module.memory.registering) return;
    look(atMs);
    module.later(atMs + LOOK_AGAIN_MS, again);
  };
  module.later(nowMs + SEARCH_MS, (atMs) => {
    look(atMs);
    module.report(WORK_REPORT, FINISHED_WORK.search, atMs);
    module.later(atMs + LOOK_AGAIN_MS, again);
  });
}

/** The first edition reports nodes, the second devices with what is attached to them. */
function reportFound(module: ModuleSide, nodes: readonly NetworkNode[], nowMs: number): void {
  const found = nodes.map(({ address, tei }) => ({ address, protocol: 0, sequence: tei }));
  if (module.edition === '376.2') module.report(NODES_REPORT, found, nowMs);
  else {
    const devices = found.map((node) => ({ ...node, deviceType: METER, total: 0, attached: [] }));
    module.report(DEVICES_REPORT, devices, nowMs);
  }
}

/** Tells from time to time who has asked to be let in and was not, because it is in no archive. */
export function rejectStrangers(module: ModuleSide, nowMs: number): void {
  if (module.options.tellsRejected !== true) return;
  const tell = (atMs: number): void => {
    const { archive, registering, reporting } = module.memory;
    const rejected = archive.size === 0 || registering || !reporting ? [] : strangersOf(module, atMs);
    for (const part of inReports(rejected)) {
      const message = Uint8Array.of(
        part.length,
        ...part.flatMap(({ address }) => [...onLine(address), METER]),
      );
      module.report(EVENT_REPORT, { deviceType: HPLC_DEVICE, protocol: REJECTED_EVENT, message }, atMs);
    }
    module.later(atMs + REJECTED_EVERY_MS, tell);
  };
  module.later(nowMs + REJECTED_AFTER_MS, tell);
}

/** The six bytes of an address, low one first. */
export function onLine(address: string): Uint8Array {
  return Uint8Array.fromHex(address).reverse();
}
