import { fromHex } from '../../../src/base/bytes.ts';
import type { ErrorCode } from '../../../src/base/errors.ts';
import { decodeAare } from '../../../src/dlms/apdu/aare.ts';
import { decodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { decodeActionRequest, decodeActionResponse } from '../../../src/dlms/apdu/action.ts';
import { decodeExceptionResponse } from '../../../src/dlms/apdu/exception.ts';
import { decodeGetRequest, decodeGetResponse } from '../../../src/dlms/apdu/get.ts';
import { decodeInitiateRequest, decodeInitiateResponse } from '../../../src/dlms/apdu/initiate.ts';
import { decodeDataNotification, decodeEventNotification } from '../../../src/dlms/apdu/notification.ts';
import { decodeRlre, decodeRlrq } from '../../../src/dlms/apdu/release.ts';
import { decodeConfirmedServiceError } from '../../../src/dlms/apdu/service-error.ts';
import { decodeSetRequest, decodeSetResponse } from '../../../src/dlms/apdu/set.ts';
import { decodeData, encodeData } from '../../../src/dlms/axdr.ts';
import { decodeDateTime } from '../../../src/dlms/datetime.ts';
import type { FuzzTarget } from '../target.ts';
import { APDU_SEEDS, DATA_SEEDS } from './seeds.ts';

/** What a decoder of bytes may say. */
const CODEC: readonly ErrorCode[] = [
  'truncated',
  'apdu-invalid',
  'axdr-invalid',
  'axdr-too-deep',
  'overflow',
];

function decoder(
  name: string,
  seeds: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => unknown,
): FuzzTarget {
  return { name, seeds, refuses: CODEC, run: (input) => void decode(input) };
}

const apdu = (tag: number): Uint8Array[] => APDU_SEEDS.filter((bytes) => bytes[0] === tag);

export const DECODER_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'axdr data',
    seeds: DATA_SEEDS,
    refuses: CODEC,
    // What was decoded can be encoded again.
    run: (input) => void encodeData(decodeData(input)),
  },
  {
    name: 'date-time',
    seeds: [fromHex('07e80c1f0217300000007800')],
    refuses: ['invalid-argument'],
    run: (input) => void decodeDateTime(input),
  },
  decoder('aarq', apdu(0x60), decodeAarq),
  decoder('aare', apdu(0x61), decodeAare),
  decoder('rlrq', apdu(0x62), decodeRlrq),
  decoder('rlre', apdu(0x63), decodeRlre),
  decoder('initiate-request', apdu(0x01), decodeInitiateRequest),
  decoder('initiate-response', apdu(0x08), decodeInitiateResponse),
  decoder('get-request', apdu(0xc0), decodeGetRequest),
  decoder('get-response', apdu(0xc4), decodeGetResponse),
  decoder('set-request', apdu(0xc1), decodeSetRequest),
  decoder('set-response', apdu(0xc5), decodeSetResponse),
  decoder('action-request', apdu(0xc3), decodeActionRequest),
  decoder('action-response', apdu(0xc7), decodeActionResponse),
  decoder('data-notification', apdu(0x0f), decodeDataNotification),
  decoder('event-notification', apdu(0xc2), decodeEventNotification),
  decoder('exception-response', apdu(0xd8), decodeExceptionResponse),
  decoder('confirmed-service-error', apdu(0x0e), decodeConfirmedServiceError),
];
