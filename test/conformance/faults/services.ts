import { concat } from '../../../src/base/bytes.ts';
import { buildBlock, parseBlock } from '../../../src/conformance/general-blocks.ts';
import { decodeAccessResponse, encodeAccessResponse } from '../../../src/dlms/apdu/access.ts';
import type { Fault } from './broken-meter.ts';
import { type ApduHooks, apdus } from './mangling.ts';

const NONE = { framing: 'wrapper', auth: 'none' } as const;
const ACCESS = 0xd9;
const ACCESS_RESPONSE = 0xda;
const BLOCK = 0xe0;

const fault = (id: string, title: string, finds: Fault['finds'], hooks: () => ApduHooks): Fault => ({
  id,
  title,
  combination: NONE,
  finds,
  plant: () => () => apdus(hooks()),
});

/** Clears bits of Long-Invoke-Id-And-Priority before the meter sees them. */
const withoutBits = (bits: number): ApduHooks => ({
  request: (apdu) => ({
    forward: apdu[0] === ACCESS ? apdu.map((byte, i) => (i === 1 ? byte & ~bits : byte)) : apdu,
  }),
});

const onBlocks = (change: (apdu: Uint8Array) => Uint8Array): ApduHooks => ({
  request: (apdu) => ({ forward: apdu[0] === BLOCK ? change(apdu) : apdu }),
});

/** Whatever the client says it has, the meter believes that everything arrived. */
function forgetful(): ApduHooks {
  let highest = 0;
  return {
    request(apdu) {
      const block = parseBlock(apdu);
      if (block === undefined || block.data.length > 0) return { forward: apdu };
      return { forward: buildBlock({ ...block, ack: highest }) };
    },
    response(apdu) {
      highest = Math.max(highest, parseBlock(apdu)?.number ?? 0);
      return apdu;
    },
  };
}

export const SERVICE_FAULTS: readonly Fault[] = [
  fault(
    'access-swapped',
    'Values of ACCESS come in the order of another request',
    ['APPL_ACCESS_P1'],
    () => ({
      response(apdu) {
        if (apdu[0] !== ACCESS_RESPONSE) return apdu;
        const response = decodeAccessResponse(apdu);
        return encodeAccessResponse({ ...response, data: response.data.toReversed() });
      },
    }),
  ),
  fault('access-goes-on', 'ACCESS does not stop behind a fault', ['APPL_ACCESS_P5'], () => withoutBits(0x20)),
  fault('access-bare', 'A self-descriptive response of ACCESS is none', ['APPL_ACCESS_P4'], () =>
    withoutBits(0x10),
  ),
  fault(
    'block-not-repeated',
    'A general block that was lost stays lost',
    ['APPL_GBT_P4', 'APPL_GBT_P5'],
    forgetful,
  ),
  fault(
    'window-ignored',
    'More general blocks come than the client takes',
    ['APPL_GBT_P1', 'APPL_GBT_P3'],
    () => onBlocks((apdu) => apdu.map((byte, i) => (i === 1 ? (byte & 0xc0) | 6 : byte))),
  ),
  fault('block-acknowledges-nothing', 'General blocks do not acknowledge', ['APPL_GBT_P2'], () => ({
    response: (apdu) => {
      const block = parseBlock(apdu);
      return block === undefined ? apdu : buildBlock({ ...block, ack: 0 });
    },
  })),
  fault('block-begins-anywhere', 'A transfer begins with any block', ['APPL_GBT_N1'], () =>
    onBlocks((apdu) => concat([apdu.subarray(0, 2), Uint8Array.of(0, 1), apdu.subarray(4)])),
  ),
];
