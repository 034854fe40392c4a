import type { TestDefinition } from '../test-case.ts';
import { APPL_MALFORMED_TESTS } from './appl-malformed.ts';
import { APPL_OPEN_TESTS } from './appl-open.ts';
import { APPL_RELEASE_TESTS } from './appl-release.ts';
import { HDLC_ADDRESS_TESTS } from './hdlc-addresses.ts';
import { HDLC_FRAME_TESTS } from './hdlc-frames.ts';
import { HDLC_LINK_TESTS } from './hdlc-link.ts';
import { HDLC_TRANSFER_TESTS } from './hdlc-transfer.ts';
import { WRAPPER_TESTS } from './wrapper.ts';

/** Every test, in the order in which they run: a static list, for a compiled executable has no directory to scan. */
export const ALL_TESTS: readonly TestDefinition[] = [
  ...HDLC_FRAME_TESTS,
  ...HDLC_ADDRESS_TESTS,
  ...HDLC_LINK_TESTS,
  ...HDLC_TRANSFER_TESTS,
  ...WRAPPER_TESTS,
  ...APPL_OPEN_TESTS,
  ...APPL_MALFORMED_TESTS,
  ...APPL_RELEASE_TESTS,
];
