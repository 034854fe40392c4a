import type { CandidateName } from './bench.ts';

/** What a ratio (or, without `to`, a value) has to reach at least, and what would be excellent. */
export interface Target {
  readonly name: string;
  readonly size: number;
  readonly of: CandidateName;
  readonly to: CandidateName;
  readonly floor: number;
  readonly stretch: number;
}

export const TARGETS: readonly Target[] = [
  { name: 'crc16', size: 1024, of: 'wasm', to: 'ts-tuned', floor: 2, stretch: 3 },
  ...[128, 1024].flatMap((size): Target[] => [
    { name: 'hdlc-deframe', size, of: 'wasm', to: 'ts-idiomatic', floor: 5, stretch: 10 },
    { name: 'hdlc-deframe', size, of: 'wasm', to: 'ts-tuned', floor: 1.5, stretch: 2 },
  ]),
  { name: 'gcm-open', size: 64, of: 'wasm', to: 'node-crypto', floor: 3, stretch: 5 },
  { name: 'gcm-open', size: 256, of: 'wasm', to: 'node-crypto', floor: 1.4, stretch: 2 },
  { name: 'gcm-open', size: 1024, of: 'facade', to: 'node-crypto', floor: 0.95, stretch: 1 },
  { name: 'axdr-profile', size: 2880, of: 'wasm', to: 'ts-tuned', floor: 1.3, stretch: 2 },
  { name: 'axdr-profile', size: 2880, of: 'wasm', to: 'ts-idiomatic', floor: 25, stretch: 40 },
  { name: 'pipeline', size: 1024, of: 'facade', to: 'ts-tuned', floor: 2, stretch: 4 },
  { name: 'pipeline', size: 1024, of: 'facade', to: 'ts-idiomatic', floor: 2, stretch: 4 },
];

/** Key set-up is bounded in time: microseconds a key. */
export const KEY_SETUP_US = { floor: 5, stretch: 1.2 };
