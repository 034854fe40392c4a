import { ByteReader, concat } from '../../../src/base/bytes.ts';
import { contextOid } from '../../../src/dlms/apdu/acse.ts';
import { ber, readBer } from '../../../src/dlms/ber.ts';
import type { Breakage, Fault } from './broken-meter.ts';
import { type ApduHooks, apdus, CONFORMANCE, device, instead, patched } from './mangling.ts';

const NONE = { framing: 'wrapper', auth: 'none' } as const;
const LLS = { framing: 'wrapper', auth: 'lls' } as const;

const always = (breakage: () => Breakage) => () => breakage;
const hooked = (hooks: () => ApduHooks) => () => () => apdus(hooks());

const AARQ = 0x60;
const AARE = 0x61;
const RLRQ = 0x62;
const GET = 0xc0;
const GET_RESPONSE = 0xc4;

/** An AARQ with one of its elements put in place of its own, or added. */
function withElement(aarq: Uint8Array, element: Uint8Array): Uint8Array {
  const reader = new ByteReader(readBer(new ByteReader(aarq)).value);
  const kept: Uint8Array[] = [];
  while (reader.remaining > 0) {
    const { tag, value } = readBer(reader);
    if (tag !== element[0]) kept.push(ber(tag, value));
  }
  const number = (one: Uint8Array): number => (one[0] ?? 0) & 0x1f;
  return ber(AARQ, ...[...kept, element].sort((a, b) => number(a) - number(b)));
}

/** Whether an AARQ can be taken apart; malformed ones are left to the server. */
function wellFormed(aarq: Uint8Array): boolean {
  try {
    withElement(aarq, ber(0xbf));
    return true;
  } catch {
    return false;
  }
}

const onAarq = (change: (aarq: Uint8Array) => Uint8Array): ApduHooks => ({
  request: (apdu) => ({ forward: apdu[0] === AARQ && wellFormed(apdu) ? change(apdu) : apdu }),
});

const onResponse = (tag: number, change: (apdu: Uint8Array) => Uint8Array): ApduHooks => ({
  response: (apdu) => (apdu[0] === tag ? change(apdu) : apdu),
});

const set = (bytes: Uint8Array, at: number, value: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? value : byte));

const blockNumber = (bytes: Uint8Array, at: number, by: number): Uint8Array => {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  view.setUint32(at, view.getUint32(at) + by);
  return out;
};

const isBlock = (apdu: Uint8Array): boolean => apdu[0] === GET_RESPONSE && apdu[1] === 2 && apdu[8] === 0;

/** Grants and uses everything whatever was proposed; the client is told what it asked for. */
function overgranting(): ApduHooks {
  let proposed: readonly number[] = [];
  return {
    request(apdu) {
      if (apdu[0] !== AARQ) return { forward: apdu };
      const at = apdu.findIndex((_, i) => CONFORMANCE.every((byte, k) => apdu[i + k] === byte));
      proposed = [...apdu.subarray(at + 4, at + 7)];
      return { forward: patched(apdu, CONFORMANCE, 4, [0x40, 0x5e, 0x1d]) };
    },
    response: (apdu) =>
      apdu[0] === AARE && proposed.length === 3 ? patched(apdu, CONFORMANCE, 4, proposed) : apdu,
  };
}

export const APPLICATION_FAULTS: readonly Fault[] = [
  {
    id: 'invoke-id-lost',
    title: 'The invoke id is always 0',
    combination: NONE,
    finds: ['APPL_GET_P1'],
    plant: hooked(() => onResponse(GET_RESPONSE, (apdu) => set(apdu, 2, (apdu[2] ?? 0) & 0xf0))),
  },
  {
    id: 'priority-lost',
    title: 'The priority does not come back',
    combination: NONE,
    finds: ['APPL_GET_P1'],
    plant: hooked(() => onResponse(GET_RESPONSE, (apdu) => set(apdu, 2, (apdu[2] ?? 0) & 0x7f))),
  },
  {
    id: 'conformance-unasked',
    title: 'More services are granted than were proposed',
    combination: NONE,
    finds: ['APPL_OPEN_P1', 'APPL_OPEN_P6'],
    plant: hooked(() => onResponse(AARE, (apdu) => patched(apdu, CONFORMANCE, 4, [0xff, 0xff, 0xff]))),
  },
  {
    id: 'not-granted-served',
    title: 'Services are used that were not negotiated',
    combination: NONE,
    finds: ['APPL_BLOCK_N4', 'APPL_LIST_N1'],
    plant: hooked(overgranting),
  },
  {
    id: 'any-password',
    title: 'Every password is let in',
    combination: LLS,
    finds: ['APPL_LLS_N1', 'APPL_LLS_N2', 'APPL_LLS_N3', 'APPL_LLS_N4', 'APPL_LLS_N5', 'APPL_LLS_N6'],
    plant: (plan) => () => {
      const right = ber(0xac, ber(0x80, new TextEncoder().encode(plan.password)));
      return apdus(onAarq((aarq) => withElement(aarq, right)));
    },
  },
  {
    id: 'any-context',
    title: 'Every application context is let in',
    combination: NONE,
    finds: ['APPL_OPEN_N2', 'APPL_OPEN_N3'],
    plant: hooked(() => onAarq((aarq) => withElement(aarq, ber(0xa1, ber(0x06, contextOid('ln')))))),
  },
  {
    id: 'any-mechanism',
    title: 'An unknown mechanism counts as none',
    combination: NONE,
    finds: ['APPL_OPEN_N5'],
    plant: hooked(() =>
      onAarq((aarq) => {
        const reader = new ByteReader(readBer(new ByteReader(aarq)).value);
        const kept: Uint8Array[] = [];
        while (reader.remaining > 0) {
          const { tag, value } = readBer(reader);
          if (![0x8a, 0x8b, 0xac].includes(tag)) kept.push(ber(tag, value));
        }
        return ber(AARQ, ...kept);
      }),
    ),
  },
  {
    id: 'any-version',
    title: 'Every DLMS version is let in',
    combination: NONE,
    finds: ['APPL_OPEN_N10'],
    plant: hooked(() => onAarq((aarq) => patched(aarq, CONFORMANCE, -1, [6]))),
  },
  {
    id: 'aarq-not-answered',
    title: 'An optional field of the AARQ silences the meter',
    combination: NONE,
    finds: ['APPL_OPEN_P15'],
    plant: hooked(() => ({
      request: (apdu) => (apdu[0] === AARQ && apdu.includes(0xa8) ? undefined : { forward: apdu }),
    })),
  },
  {
    id: 'served-before-aarq',
    title: 'GET is served without an association',
    combination: LLS,
    finds: ['APPL_IDLE_N1'],
    plant: hooked(() => {
      let greeted = false;
      return {
        request(apdu) {
          greeted ||= apdu[0] === AARQ;
          if (greeted || apdu[0] !== GET) return { forward: apdu };
          return { reply: Uint8Array.of(GET_RESPONSE, 1, apdu[2] ?? 0, 0, 0x09, 1, 0x41) };
        },
      };
    }),
  },
  {
    id: 'release-in-name-only',
    title: 'A released association goes on',
    combination: LLS,
    finds: ['APPL_REL_P1', 'APPL_REL_P2'],
    plant: hooked(() => ({
      request: (apdu) =>
        apdu[0] === RLRQ ? { reply: Uint8Array.of(0x63, 3, 0x80, 1, 0) } : { forward: apdu },
    })),
  },
  {
    id: 'release-not-answered',
    title: 'RLRQ is answered by an AARE',
    combination: NONE,
    finds: ['APPL_REL_P1', 'APPL_REL_P3'],
    plant: hooked(() => onResponse(0x63, (apdu) => set(apdu, 0, AARE))),
  },
  {
    id: 'dies-of-bad-ber',
    title: 'A truncated AARQ kills the meter',
    combination: NONE,
    finds: ['APPL_BER_N1'],
    plant: () => {
      let dead = false;
      return () =>
        apdus({
          request(apdu) {
            dead ||= apdu[0] === AARQ && !wellFormed(apdu);
            return dead ? undefined : { forward: apdu };
          },
        });
    },
  },
  {
    id: 'dies-of-truncated-get',
    title: 'A truncated GET kills the meter',
    combination: NONE,
    finds: ['APPL_DATA_N4'],
    plant: () => {
      let dead = false;
      return () =>
        apdus({
          request(apdu) {
            dead ||= apdu[0] === GET && apdu.length === 7;
            return dead ? undefined : { forward: apdu };
          },
        });
    },
  },
  {
    id: 'wrong-refusal',
    title: 'An unknown object is answered by other-reason',
    combination: NONE,
    finds: ['APPL_GET_N1'],
    plant: hooked(() =>
      onResponse(GET_RESPONSE, (apdu) => (apdu[1] === 1 && apdu[3] === 1 ? set(apdu, 4, 250) : apdu)),
    ),
  },
  {
    id: 'unknown-attribute-served',
    title: 'An attribute that does not exist is null-data',
    combination: NONE,
    finds: ['APPL_GET_N4'],
    plant: always(() => instead({ attribute: 99 }, { result: 'success', data: Uint8Array.of(0) })),
  },
  {
    id: 'unknown-type-served',
    title: 'A get-request of an unknown type counts as normal',
    combination: NONE,
    finds: ['APPL_DATA_N3'],
    plant: hooked(() => ({
      request: (apdu) => ({ forward: apdu[0] === GET && (apdu[1] ?? 0) > 3 ? set(apdu, 1, 1) : apdu }),
    })),
  },
  {
    id: 'blocks-from-two',
    title: 'Blocks are numbered from 2',
    combination: NONE,
    finds: ['APPL_BLOCK_P2'],
    plant: hooked(() => ({
      request: (apdu) => ({ forward: apdu[0] === GET && apdu[1] === 2 ? blockNumber(apdu, 3, -1) : apdu }),
      response: (apdu) => (isBlock(apdu) ? blockNumber(apdu, 4, 1) : apdu),
    })),
  },
  {
    id: 'block-damaged',
    title: 'The second block of a transfer is damaged',
    combination: NONE,
    finds: ['APPL_BLOCK_P1'],
    plant: hooked(() => ({
      response: (apdu) =>
        isBlock(apdu) && apdu[7] === 2 ? set(apdu, apdu.length - 1, (apdu.at(-1) ?? 0) ^ 0x01) : apdu,
    })),
  },
  {
    id: 'pdu-size-ignored',
    title: 'The client’s PDU size is not kept',
    combination: NONE,
    finds: ['APPL_PDU_P64', 'APPL_PDU_P128'],
    plant: hooked(() => onAarq((aarq) => concat([aarq.subarray(0, -2), Uint8Array.of(0x08, 0)]))),
  },
  {
    id: 'next-without-transfer',
    title: 'A next block without a transfer brings data',
    combination: NONE,
    finds: ['APPL_BLOCK_N1', 'APPL_BLOCK_N2'],
    plant: hooked(() => ({
      response: (apdu) =>
        apdu[0] === GET_RESPONSE && apdu[1] === 2 && apdu[8] === 1
          ? concat([apdu.subarray(0, 8), Uint8Array.of(0, 1, 0)])
          : apdu,
    })),
  },
  {
    id: 'list-out-of-order',
    title: 'A list is answered in another order',
    combination: NONE,
    finds: ['APPL_LIST_P1'],
    plant: hooked(() => ({
      request(apdu) {
        if (apdu[0] !== GET || apdu[1] !== 3 || apdu[3] !== 2) return { forward: apdu };
        const [head, first, second] = [apdu.subarray(0, 4), apdu.subarray(4, 14), apdu.subarray(14)];
        return { forward: concat([head, second, first]) };
      },
    })),
  },
  {
    id: 'entries-off-by-one',
    title: 'Entries are counted from 0',
    combination: NONE,
    finds: ['APPL_SEL_P1'],
    plant: hooked(() => ({
      request(apdu) {
        // from_entry of an entry_descriptor behind the attribute descriptor: flag, selector, 02 04 06.
        const byEntry = apdu[0] === GET && apdu[12] === 1 && apdu[13] === 2 && apdu[16] === 6;
        return { forward: byEntry && (apdu[20] ?? 0) > 1 ? set(apdu, 20, (apdu[20] ?? 0) - 1) : apdu };
      },
    })),
  },
  {
    id: 'selector-ignored',
    title: 'Selective access to any attribute is passed over',
    combination: NONE,
    finds: ['APPL_SEL_N2'],
    plant: hooked(() => ({
      request: (apdu) =>
        apdu[0] === GET && apdu[1] === 1 && apdu[4] === 1 && apdu[12] === 1
          ? { forward: concat([apdu.subarray(0, 12), Uint8Array.of(0)]) }
          : { forward: apdu },
    })),
  },
  {
    id: 'secret-readable',
    title: 'The secret of the association can be read',
    combination: NONE,
    finds: ['APPL_GET_N7', 'COSEM_READ_N1'],
    plant: always(() =>
      instead({ classId: 15, attribute: 7 }, { result: 'success', data: Uint8Array.of(0x09, 2, 0x31, 0x32) }),
    ),
  },
  {
    id: 'everything-writable',
    title: 'SET of a read-only attribute succeeds',
    combination: NONE,
    finds: ['APPL_SET_N1', 'APPL_SET_N2'],
    allowWrites: true,
    plant: always(() =>
      device((request, answer) => (request.type === 'set' ? { result: 'success' } : answer())),
    ),
  },
];
