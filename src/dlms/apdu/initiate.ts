import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import { expectTag, present } from './fields.ts';
import { TAG } from './tags.ts';

export interface InitiateRequest {
  readonly dedicatedKey?: Uint8Array;
  readonly responseAllowed: boolean;
  readonly qualityOfService?: number;
  readonly dlmsVersion: number;
  /** 24 bits; see conformance.ts. */
  readonly conformance: number;
  /** 0 = no limit. */
  readonly clientMaxReceivePduSize: number;
}

export interface InitiateResponse {
  readonly qualityOfService?: number;
  readonly dlmsVersion: number;
  readonly conformance: number;
  readonly serverMaxReceivePduSize: number;
  /** 0x0007 in logical-name referencing, 0xFA00 in short-name referencing. */
  readonly vaaName: number;
}

export const DLMS_VERSION = 6;
/** Without logical names it is the base name of the association object. */
export const VAA_NAMES = { ln: 0x0007, sn: 0xfa00 } as const;

/** BER [APPLICATION 31] IMPLICIT BIT STRING of 24 bits: 5F 1F 04 00 and three bytes. */
const CONFORMANCE_HEADER = [0x5f, 0x1f, 0x04, 0x00] as const;

function writeConformance(writer: ByteWriter, mask: number): void {
  for (const byte of CONFORMANCE_HEADER) writer.u8(byte);
  writer.u8((mask >>> 16) & 0xff).u16(mask & 0xffff);
}

/** Some servers write the tag in one byte, 5F 04 00. */
function readConformance(reader: ByteReader): number {
  const at = reader.offset;
  const tag = reader.u8('conformance tag');
  if (reader.peek() === 0x1f) reader.u8('conformance tag');
  const length = reader.u8('conformance length');
  const unused = reader.u8('conformance unused bits');
  if (tag !== 0x5f || length !== 4 || unused !== 0) {
    throw new DcuError('apdu-invalid', 'not a conformance block of 24 bits', { offset: at });
  }
  return (reader.u8('conformance') << 16) | reader.u16('conformance');
}

export function encodeInitiateRequest(request: InitiateRequest): Uint8Array {
  const writer = new ByteWriter(32).u8(TAG.initiateRequest);
  if (request.dedicatedKey === undefined) writer.u8(0);
  else writeOctets(writer.u8(1), request.dedicatedKey);
  // response-allowed DEFAULT TRUE: the default is not sent.
  if (request.responseAllowed) writer.u8(0);
  else writer.u8(1).u8(0);
  if (request.qualityOfService === undefined) writer.u8(0);
  else writer.u8(1).u8(request.qualityOfService);
  writer.u8(request.dlmsVersion);
  writeConformance(writer, request.conformance);
  return writer.u16(request.clientMaxReceivePduSize).done();
}

/** Throws `apdu-invalid` or `truncated`. */
export function decodeInitiateRequest(bytes: Uint8Array): InitiateRequest {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.initiateRequest, 'initiate-request');
  const dedicatedKey = present(reader) ? readOctets(reader, 'dedicated-key') : undefined;
  const responseAllowed = present(reader) ? reader.u8('response-allowed') !== 0 : true;
  const qualityOfService = present(reader) ? reader.i8('quality-of-service') : undefined;
  return {
    ...(dedicatedKey === undefined ? {} : { dedicatedKey }),
    responseAllowed,
    ...(qualityOfService === undefined ? {} : { qualityOfService }),
    dlmsVersion: reader.u8('dlms-version'),
    conformance: readConformance(reader),
    clientMaxReceivePduSize: reader.u16('client-max-receive-pdu-size'),
  };
}

export function encodeInitiateResponse(response: InitiateResponse): Uint8Array {
  const writer = new ByteWriter(16).u8(TAG.initiateResponse);
  if (response.qualityOfService === undefined) writer.u8(0);
  else writer.u8(1).u8(response.qualityOfService);
  writer.u8(response.dlmsVersion);
  writeConformance(writer, response.conformance);
  return writer.u16(response.serverMaxReceivePduSize).u16(response.vaaName).done();
}

/** Throws `apdu-invalid` or `truncated`. */
export function decodeInitiateResponse(bytes: Uint8Array): InitiateResponse {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.initiateResponse, 'initiate-response');
  const qualityOfService = present(reader) ? reader.i8('quality-of-service') : undefined;
  return {
    ...(qualityOfService === undefined ? {} : { qualityOfService }),
    dlmsVersion: reader.u8('dlms-version'),
    conformance: readConformance(reader),
    serverMaxReceivePduSize: reader.u16('server-max-receive-pdu-size'),
    vaaName: reader.u16('vaa-name'),
  };
}
