import { DcuError } from '../../base/errors.ts';
import type { LiveModule } from './live-module.ts';

/** What happens to a whole network, once. */
export interface NetworkFault {
  readonly kind: NetworkFaultKind;
  /** `module-reset`, `module-swap`: so long after the start. `street-cut`: so long there is no power. */
  readonly seconds: number;
}

export type NetworkFaultKind = 'module-reset' | 'module-swap' | 'street-cut';

/** What it lasts, or comes after, when nothing is said, seconds. */
const DEFAULTS: Readonly<Record<NetworkFaultKind, number>> = {
  'module-reset': 60,
  'module-swap': 60,
  'street-cut': 120,
};

export const NETWORK_FAULTS = Object.keys(DEFAULTS) as readonly NetworkFaultKind[];

/** When a street loses its power, seconds after the start: the network has formed by then. */
export const STREET_CUT_AFTER_S = 30;
const LONGEST_S = 86_400;

/**
 * From `NAME[=SECONDS]`; undefined for a name that is none of these. Throws `invalid-argument`, field `fault`.
 */
export function parseNetworkFault(text: string): NetworkFault | undefined {
  const [name = '', argument, ...rest] = text.split('=');
  const kind = NETWORK_FAULTS.find((known) => known === name.split('@')[0]);
  if (kind === undefined) return undefined;
  const seconds = argument === undefined ? DEFAULTS[kind] : Number(argument.trim() || Number.NaN);
  if (name !== kind || rest.length > 0 || !(seconds >= 0 && seconds <= LONGEST_S)) {
    throw new DcuError('invalid-argument', `fault '${text}': write ${kind}[=SECONDS], 0 to ${LONGEST_S}`, {
      field: 'fault',
    });
  }
  return { kind, seconds };
}

/** Brings a fault about at its time; returns how to call it off before. */
export function planNetworkFault(module: LiveModule, { kind, seconds }: NetworkFault): () => void {
  switch (kind) {
    case 'module-reset':
      return module.after(seconds, () => module.reset());
    case 'module-swap':
      return module.after(seconds, () => module.swap());
    case 'street-cut':
      return module.after(STREET_CUT_AFTER_S, () => module.cutStreet(module.feeders[0] ?? 0, seconds));
  }
}
