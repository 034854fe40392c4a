import { type DcuError, toDcuError } from '../base/errors.ts';
import type { PlcModule } from '../channels/plc-module.ts';
import type { PhaseNode, RoutedNode, TopologyNode } from '../plc/units/afn-10.ts';
import type { NetworkNode } from '../store/types.ts';

type SeenNode = Omit<NetworkNode, 'seenAt'>;

/** What a module told of its network; a part is absent where the module does not know it. */
export interface NetworkLook {
  readonly topology?: readonly TopologyNode[];
  readonly phases?: readonly PhaseNode[];
  readonly details?: readonly RoutedNode[];
}

/**
 * Asks a module for topology (10F21), phases (10F31) and what its router knows of each node (10F2). A part that it refuses is
 * left out. @throws DcuError when it refuses all of them, `module-lost`
 */
export async function lookAtNetwork(
  module: Pick<PlcModule, 'topology' | 'phases' | 'nodes'>,
  signal: AbortSignal,
): Promise<NetworkLook> {
  const topology = await unlessRefused(module.topology({ signal }));
  const phases = await unlessRefused(module.phases({ signal }));
  const details = await unlessRefused(module.nodes({ signal }));
  if (topology.ok || phases.ok) {
    return {
      ...(topology.ok ? { topology: topology.value } : {}),
      ...(phases.ok ? { phases: phases.value } : {}),
      ...(details.ok ? { details: details.value } : {}),
    };
  }
  if (details.ok) return { details: details.value };
  throw details.error;
}

type Told<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DcuError };

async function unlessRefused<T>(asked: Promise<T>): Promise<Told<T>> {
  try {
    return { ok: true, value: await asked };
  } catch (thrown) {
    const error = toDcuError(thrown);
    if (error.code !== 'link-refused') throw error;
    return { ok: false, error };
  }
}

/** What was told, put together: the nodes that are in the network now. */
export function nodesOfLook({ topology, phases, details }: NetworkLook): SeenNode[] {
  const phasesOf = new Map(phases?.map((node) => [node.address, node]));
  const detailOf = new Map(details?.map((node) => [node.address, node.detail]));
  const common = (address: string) => {
    const wiring = phasesOf.get(address);
    const router = detailOf.get(address);
    return {
      quality: router === undefined || router.quality === 0 ? null : router.quality,
      phases: wiring?.phases ?? (router?.phases || null),
      detail: wiring === undefined ? {} : wiringOf(wiring),
    };
  };
  if (topology !== undefined) {
    const byTei = new Map(topology.map((node) => [node.tei, node]));
    return topology.map(({ address, tei, proxyTei, level, role }) => {
      const proxy = byTei.get(proxyTei);
      return {
        address,
        shortAddress: tei,
        parent: proxy === undefined || proxy.role === 'coordinator' ? null : proxy.address,
        level,
        role: role === 'unknown' ? ('station' as const) : role,
        ...common(address),
      };
    });
  }
  // Modules without a topology of their own know levels; who was never heard has no quality.
  const heard = details?.filter(({ detail }) => detail.quality > 0) ?? [];
  const seen = new Set([...heard.map(({ address }) => address), ...phasesOf.keys()]);
  return [...seen].map((address) => ({
    address,
    shortAddress: null,
    parent: null,
    level: detailOf.has(address) ? (detailOf.get(address)?.relayLevel ?? 0) + 1 : null,
    role: 'station' as const,
    ...common(address),
  }));
}

function wiringOf({ threePhase, anomaly, order }: PhaseNode): Readonly<Record<string, unknown>> {
  return { threePhase, ...(anomaly ? { anomaly } : {}), ...(order === 0 ? {} : { phaseOrder: order }) };
}
