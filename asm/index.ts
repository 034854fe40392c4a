// The exports of the wasm module. Pointers and lengths are checked by the host against the regions of abi.ts.

import { initAes } from './aes';
import { initAxdr } from './axdr';
import { initCrc } from './crc';
import { initGhash } from './ghash';

export { crc16, crcUpdate } from './crc';
export { hdlcScan } from './hdlc';
export { keyCapacity, keyRelease, keyReserve, keySetup } from './keys';
export { ctrCrypt, gcmOpen, gcmSeal } from './gcm';
export { axdrBegin, axdrRows } from './axdr';
export { pipelineResume, pipelineRun } from './pipeline';
export { routeAdd, routesClear, routesForgetCounters } from './routes';
export {
  AES_COUNTER, AES_COUNTER_DOUBLE, AES_INV, AES_SPREAD, AES_VARYING, AXDR_COLUMNS, AXDR_COLUMN_SIZE, AXDR_MAX_COLUMNS, COLUMNS, COLUMNS_SIZE, CRC_NIBBLES,
  CRC_NIBBLES_256, CRC_NIBBLES_384, CRC_NIBBLES_512, CRC_SLICES,
  DESCRIPTORS, DESCRIPTOR_LIMIT, DESCRIPTOR_SIZE, GHASH_REDUCTION, HOST_AAD, HOST_IV, HOST_TAG, INPUT, INPUT_SIZE, KEYS, KEY_SIZE, OUTCOMES,
  OUTCOME_SIZE, OUTPUT, OUTPUT_SIZE, RESULT, RESULT_SIZE, ROUTE_LIMIT, SCRATCH, SCRATCH_SIZE,
} from './abi';

initCrc();
initAes();
initGhash();
initAxdr();
