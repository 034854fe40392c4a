import type { FuzzTarget } from '../target.ts';
import { DECODER_TARGETS } from './decoders.ts';
import { FILE_TARGETS } from './files.ts';
import { KERNEL_TARGETS } from './kernels.ts';
import { MACHINE_TARGETS } from './machines.ts';
import { PLC_TARGETS } from './plc.ts';
import { PROTECTED_TARGETS } from './protected.ts';
import { PUSHED_TARGETS } from './pushed.ts';
import { RECEIVER_TARGETS } from './receivers.ts';
import { TRANSPARENT_TARGETS } from './transparent.ts';

/** Everything that takes bytes or files from outside. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...DECODER_TARGETS,
  ...PROTECTED_TARGETS,
  ...RECEIVER_TARGETS,
  ...PUSHED_TARGETS,
  ...TRANSPARENT_TARGETS,
  ...KERNEL_TARGETS,
  ...MACHINE_TARGETS,
  ...PLC_TARGETS,
  ...FILE_TARGETS,
];
