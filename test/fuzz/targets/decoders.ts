import { fromHex } from '../../../src/base/bytes.ts';
import type { ErrorCode } from '../../../src/base/errors.ts';
import { decodeAare } from '../../../src/dlms/apdu/aare.ts';
import { decodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import {
  decodeAccessRequest,
  decodeAccessResponse,
  encodeAccessRequest,
} from '../../../src/dlms/apdu/access.ts';
import { decodeActionRequest, decodeActionResponse } from '../../../src/dlms/apdu/action.ts';
import { decodeExceptionResponse } from '../../../src/dlms/apdu/exception.ts';
import { decodeGeneralBlock } from '../../../src/dlms/apdu/general-block-transfer.ts';
import { decodeGetRequest, decodeGetResponse } from '../../../src/dlms/apdu/get.ts';
import { decodeInformationReport } from '../../../src/dlms/apdu/information-report.ts';
import { decodeInitiateRequest, decodeInitiateResponse } from '../../../src/dlms/apdu/initiate.ts';
import {
  decodeDataNotification,
  decodeDataNotificationConfirm,
  decodeEventNotification,
} from '../../../src/dlms/apdu/notification.ts';
import { decodeReadRequest, decodeReadResponse } from '../../../src/dlms/apdu/read.ts';
import { decodeRlre, decodeRlrq } from '../../../src/dlms/apdu/release.ts';
import { decodeConfirmedServiceError } from '../../../src/dlms/apdu/service-error.ts';
import { decodeSetRequest, decodeSetResponse } from '../../../src/dlms/apdu/set.ts';
import { decodeUnconfirmedWriteRequest } from '../../../src/dlms/apdu/unconfirmed-write.ts';
import { decodeWriteRequest, decodeWriteResponse } from '../../../src/dlms/apdu/write.ts';
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
  decoder('data-notification-confirm', apdu(0x10), decodeDataNotificationConfirm),
  decoder('information-report', apdu(0x18), decodeInformationReport),
  decoder('read-request', apdu(0x05), decodeReadRequest),
  decoder('read-response', apdu(0x0c), decodeReadResponse),
  decoder('write-request', apdu(0x06), decodeWriteRequest),
  decoder('write-response', apdu(0x0d), decodeWriteResponse),
  decoder('unconfirmed-write-request', apdu(0x16), decodeUnconfirmedWriteRequest),
  decoder(
    'access-request',
    [
      encodeAccessRequest({
        longInvoke: 0x40000001,
        items: [
          { type: 'get', attribute: { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 } },
          { type: 'set', attribute: { classId: 1, obis: '0.0.96.1.0.255', attribute: 2 } },
          { type: 'action', method: { classId: 70, obis: '0.0.96.3.10.255', attribute: 1 } },
        ],
        data: [fromHex('00'), fromHex('120007'), fromHex('0f00')],
      }),
    ],
    decodeAccessRequest,
  ),
  decoder('access-response', apdu(0xda), decodeAccessResponse),
  decoder('general-block', apdu(0xe0), decodeGeneralBlock),
];
