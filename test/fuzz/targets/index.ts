import type { FuzzTarget } from '../target.ts';
import { DECODER_TARGETS } from './decoders.ts';
import { MACHINE_TARGETS } from './machines.ts';

/** Everything in `src/dlms` and the kernels that takes bytes from outside. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [...DECODER_TARGETS, ...MACHINE_TARGETS];
