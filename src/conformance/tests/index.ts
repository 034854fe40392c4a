import type { TestDefinition } from '../test-case.ts';
import { APPL_ACCESS_TESTS } from './appl-access.ts';
import { APPL_GENERAL_BLOCK_TESTS } from './appl-general-blocks.ts';
import { APPL_GET_TESTS } from './appl-get.ts';
import { APPL_MALFORMED_TESTS } from './appl-malformed.ts';
import { APPL_OPEN_TESTS } from './appl-open.ts';
import { APPL_OPEN_REFUSED_TESTS } from './appl-open-refused.ts';
import { APPL_PASSWORD_TESTS } from './appl-password.ts';
import { APPL_RELEASE_TESTS } from './appl-release.ts';
import { APPL_SELECTIVE_TESTS } from './appl-selective.ts';
import { APPL_WRITE_TESTS } from './appl-write.ts';
import { COSEM_ASSOCIATION_TESTS } from './cosem-association.ts';
import { COSEM_CLASS_TESTS } from './cosem-classes.ts';
import { COSEM_OBJECT_TESTS } from './cosem-objects.ts';
import { HDLC_ADDRESS_TESTS } from './hdlc-addresses.ts';
import { HDLC_FRAME_TESTS } from './hdlc-frames.ts';
import { HDLC_LINK_TESTS } from './hdlc-link.ts';
import { HDLC_TRANSFER_TESTS } from './hdlc-transfer.ts';
import { SN_OBJECT_TESTS } from './sn-objects.ts';
import { SN_READ_TESTS } from './sn-read.ts';
import { SN_WRITE_TESTS } from './sn-write.ts';
import { SYMSEC_FORM_TESTS } from './symsec-forms.ts';
import { SYMSEC_HANDSHAKE_TESTS } from './symsec-handshake.ts';
import { SYMSEC_MESSAGE_TESTS } from './symsec-messages.ts';
import { SYMSEC_SIGNING_TESTS } from './symsec-signing.ts';
import { WRAPPER_TESTS } from './wrapper.ts';

/** Every test, in the order in which they run: a static list, for a compiled executable has no directory to scan. */
export const ALL_TESTS: readonly TestDefinition[] = [
  ...HDLC_FRAME_TESTS,
  ...HDLC_ADDRESS_TESTS,
  ...HDLC_LINK_TESTS,
  ...HDLC_TRANSFER_TESTS,
  ...WRAPPER_TESTS,
  ...APPL_OPEN_TESTS,
  ...APPL_OPEN_REFUSED_TESTS,
  ...APPL_PASSWORD_TESTS,
  ...APPL_MALFORMED_TESTS,
  ...APPL_RELEASE_TESTS,
  ...APPL_GET_TESTS,
  ...APPL_SELECTIVE_TESTS,
  ...APPL_WRITE_TESTS,
  ...APPL_ACCESS_TESTS,
  ...APPL_GENERAL_BLOCK_TESTS,
  ...SN_READ_TESTS,
  ...SN_WRITE_TESTS,
  ...COSEM_OBJECT_TESTS,
  ...COSEM_ASSOCIATION_TESTS,
  ...COSEM_CLASS_TESTS,
  ...SN_OBJECT_TESTS,
  ...SYMSEC_HANDSHAKE_TESTS,
  ...SYMSEC_MESSAGE_TESTS,
  ...SYMSEC_FORM_TESTS,
  ...SYMSEC_SIGNING_TESTS,
];
