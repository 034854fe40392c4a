import { toHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { decodeExceptionResponse } from '../dlms/apdu/exception.ts';
import { actionResultName, dataAccessResultName } from '../dlms/apdu/results.ts';
import { apduKind, apduName, TAG } from '../dlms/apdu/tags.ts';
import { isFinal, kindOf, parseFrame, receiveNumber, sendNumber } from './hdlc-frame.ts';
import { parseWrapperFrame } from './wrapper-frame.ts';

/** One line about a frame of HDLC; of protected APDUs only what anybody on the line could read. */
export function describeHdlc(bytes: Uint8Array): string {
  const frame = parseFrame(bytes);
  if (frame === undefined) return 'no good HDLC frame';
  const kind = kindOf(frame.control);
  const poll = isFinal(frame.control) ? ' P/F' : '';
  switch (kind) {
    case 'i': {
      const numbers = `I N(S)=${sendNumber(frame.control)} N(R)=${receiveNumber(frame.control)}${poll}`;
      return `${numbers}${frame.segmented ? ' segment' : ''} ${llcText(frame.info)}`;
    }
    case 'rr':
    case 'rnr':
    case 'rej':
      return `${kind.toUpperCase()} N(R)=${receiveNumber(frame.control)}${poll}`;
    case 'ui':
      return `UI${poll} ${llcText(frame.info)}`;
    case 'unknown':
      return `control field 0x${frame.control.toString(16)}`;
    default:
      return `${kind.toUpperCase()}${poll}${frame.info.length > 0 ? ' with information' : ''}`;
  }
}

function llcText(info: Uint8Array): string {
  const [dsap, ssap, quality] = info;
  if (dsap === 0xe6 && (ssap === 0xe6 || ssap === 0xe7) && quality === 0)
    return describeApdu(info.subarray(3));
  return `${info.length} bytes`;
}

/** One line about a frame of the wrapper. */
export function describeWrapper(bytes: Uint8Array): string {
  const frame = parseWrapperFrame(bytes);
  if (frame === undefined) return 'no whole wrapper frame';
  const version = frame.version === 1 ? '' : ` version ${frame.version}`;
  return `wPort ${frame.source} to ${frame.destination}${version}: ${describeApdu(frame.apdu)}`;
}

/** Tag, choice and result of an APDU; never a value. */
export function describeApdu(apdu: Uint8Array): string {
  const tag = apdu[0];
  if (tag === undefined) return 'nothing';
  const name = apduName(tag);
  const kind = apduKind(tag);
  if (kind !== undefined && kind.protection !== 'plain') return `${name}, ${apdu.length} bytes`;
  switch (tag) {
    case TAG.getRequest:
    case TAG.setRequest:
    case TAG.actionRequest:
      return `${name} ${requestText(apdu)}`;
    case TAG.getResponse:
      return `${name} ${getResponseText(apdu)}`;
    case TAG.setResponse:
      return apdu[1] === 1 ? `${name} ${dataAccessResultName(apdu[3] ?? 0)}` : name;
    case TAG.actionResponse:
      return apdu[1] === 1 ? `${name} ${actionResultName(apdu[3] ?? 0)}` : name;
    case TAG.readRequest:
      return `${name} ${readText(apdu)}`;
    case TAG.readResponse:
      return `${name} ${readResponseText(apdu)}`;
    case TAG.exceptionResponse:
      return `${name} ${exceptionText(apdu)}`;
    default:
      return name;
  }
}

function requestText(apdu: Uint8Array): string {
  if (apdu[1] === 2) return 'next';
  if (apdu[1] !== 1) return `type ${apdu[1] ?? '-'}`;
  const classId = ((apdu[3] ?? 0) << 8) | (apdu[4] ?? 0);
  return `${classId}:${apdu.subarray(5, 11).join('.')}:${((apdu[11] ?? 0) << 24) >> 24}`;
}

/** What a READ of one variable is about; of lists how many there are. */
function readText(apdu: Uint8Array): string {
  const name = ((apdu[3] ?? 0) << 8) | (apdu[4] ?? 0);
  if (apdu[1] !== 1) return `of ${apdu[1] ?? 0} variables`;
  if (apdu[2] === 2) return name.toString(16).padStart(4, '0');
  if (apdu[2] === 4) return `${name.toString(16).padStart(4, '0')} with parameters`;
  return apdu[2] === 5 ? `behind block ${name}` : `type ${apdu[2] ?? '-'}`;
}

function readResponseText(apdu: Uint8Array): string {
  if (apdu[1] !== 1) return `of ${apdu[1] ?? 0} results`;
  if (apdu[2] === 0) return 'data';
  if (apdu[2] === 1) return dataAccessResultName(apdu[3] ?? 0);
  const number = ((apdu[4] ?? 0) << 8) | (apdu[5] ?? 0);
  return apdu[2] === 2 ? `block ${number}${apdu[3] === 0 ? '' : ', last'}` : `type ${apdu[2] ?? '-'}`;
}

function getResponseText(apdu: Uint8Array): string {
  switch (apdu[1]) {
    case 1:
      return apdu[3] === 0 ? 'data' : dataAccessResultName(apdu[4] ?? 0);
    case 2: {
      if (apdu.length < 10) return 'block';
      const block = new DataView(apdu.buffer, apdu.byteOffset).getUint32(4);
      const last = apdu[3] === 0 ? '' : ', last';
      return apdu[8] === 0 ? `block ${block}${last}` : dataAccessResultName(apdu[9] ?? 0);
    }
    case 3:
      return 'list';
    default:
      return `type ${apdu[1] ?? '-'}`;
  }
}

function exceptionText(apdu: Uint8Array): string {
  try {
    const { stateError, serviceError } = decodeExceptionResponse(apdu);
    return `${stateError}, ${serviceError}`;
  } catch (error) {
    if (error instanceof DcuError) return toHex(apdu.subarray(1));
    throw error;
  }
}
