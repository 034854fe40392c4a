import { concat } from '../../../src/base/bytes.ts';
import { SN } from '../../../src/conformance/short-names.ts';
import { decodeReadResponse, encodeReadResponse } from '../../../src/dlms/apdu/read.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { Breakage, Fault } from './broken-meter.ts';
import { type ApduHooks, apdus, CONFORMANCE, elements, patched, value } from './mangling.ts';

const SHORT = { framing: 'wrapper', auth: 'none', referencing: 'sn' } as const;
const LIST = { classId: 12, attribute: 2 };
const AARE = 0x61;

const fault = (id: string, title: string, finds: Fault['finds'], breakage: () => Breakage): Fault => ({
  id,
  title,
  combination: SHORT,
  finds,
  plant: () => breakage,
});

const hooked = (id: string, title: string, finds: Fault['finds'], hooks: () => ApduHooks): Fault =>
  fault(id, title, finds, () => apdus(hooks()));

/** Moves an element's base name to where `where` says, counted from the base name of the first one. */
function moved(list: readonly DlmsData[], by: number): readonly DlmsData[] {
  const [first, second, ...rest] = list;
  if (first === undefined || second === undefined) throw new Error('the list is too short');
  const base = first.type === 'structure' ? first.elements[0] : undefined;
  if (base?.type !== 'long') throw new Error('the list has no base names');
  const there: DlmsData = { type: 'long', value: base.value + by };
  return [first, elements(second, (fields) => [there, ...fields.slice(1)]), ...rest];
}

const asksFor = (apdu: Uint8Array, name: number): boolean =>
  apdu[0] === SN.readRequest && apdu[3] === name >> 8 && apdu[4] === (name & 0xff);

export const SHORT_NAME_FAULTS: readonly Fault[] = [
  fault('names-overlap', 'An object lies within the names of another', ['SN_NAMES_P2'], () =>
    value(LIST, (data) => elements(data, (list) => moved(list, 8))),
  ),
  fault('names-odd', 'A base name is no multiple of eight', ['SN_NAMES_P1'], () =>
    value(LIST, (data) => elements(data, (list) => moved(list, 3))),
  ),
  fault('rights-incomplete', 'Access rights of an object are missing', ['SN_NAMES_P4'], () =>
    value({ classId: 12, attribute: 3 }, (data) => elements(data, (list) => list.slice(1))),
  ),
  hooked('sn-block-number', 'Blocks of READ are numbered from 2', ['SN_BLOCK_P2'], () => ({
    request: (apdu) => {
      const next = apdu[0] === SN.readRequest && apdu[1] === 1 && apdu[2] === 5;
      return { forward: next ? apdu.map((byte, i) => (i === 4 ? byte - 1 : byte)) : apdu };
    },
    response: (apdu) =>
      apdu[0] === SN.readResponse && apdu[1] === 1 && apdu[2] === 2
        ? apdu.map((byte, i) => (i === 5 ? byte + 1 : byte))
        : apdu,
  })),
  hooked('sn-list-swapped', 'Results of a list of variables come in another order', ['SN_LIST_P1'], () => ({
    response: (apdu) =>
      apdu[0] === SN.readResponse && apdu[1] === 2
        ? encodeReadResponse(decodeReadResponse(apdu).toReversed())
        : apdu,
  })),
  hooked('logical-name-differs', 'read_by_logicalname gives other values', ['SN_LNAME_P1'], () => {
    let byLogicalName = false;
    return {
      request(apdu) {
        byLogicalName = asksFor(apdu, SN.readByLogicalName);
        return { forward: apdu };
      },
      response: (apdu) =>
        byLogicalName && apdu[0] === SN.readResponse && apdu[2] === 0
          ? apdu.map((byte, i) => (i === apdu.length - 1 ? byte ^ 1 : byte))
          : apdu,
    };
  }),
  hooked('get-served', 'GET is served in an association with short names', ['SN_READ_N4'], () => ({
    request: (apdu) =>
      apdu[0] === 0xc0
        ? { reply: Uint8Array.of(0xc4, 1, apdu[2] ?? 0, 0, 0x09, 1, 0x41) }
        : { forward: apdu },
  })),
  hooked('get-granted', 'Services of logical names are granted to short names', ['SN_OPEN_P1'], () => ({
    response: (apdu) => (apdu[0] === AARE ? patched(apdu, CONFORMANCE, 4, [0x1c, 0x1a, 0x3d]) : apdu),
  })),
  hooked('error-of-write', 'Confirmed service errors of READ are those of WRITE', ['SN_ERROR_P1'], () => ({
    response: (apdu) => (apdu[0] === 0x0e ? concat([Uint8Array.of(0x0e, 6), apdu.subarray(2)]) : apdu),
  })),
  hooked(
    'read-between',
    'A name between attributes is that of the next one',
    ['SN_READ_N2', 'SN_LIST_P2'],
    () => ({
      request: (apdu) => ({
        forward:
          apdu[0] === SN.readRequest && apdu[2] === 2
            ? apdu.map((byte, i) => (i === 4 ? byte & 0xf8 : byte))
            : apdu,
      }),
    }),
  ),
];
