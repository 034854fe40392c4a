import { concat, equalBytes, fromHex } from '../../../src/base/bytes.ts';
import { encodeGateway } from '../../../src/dlms/apdu/gateway.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { GatewaySplitter, type SplitPart } from '../../../src/headend/transparent/gateway-splitter.ts';
import { pieces } from '../mutator.ts';
import { Broken, type FuzzTarget } from '../target.ts';

const GET = fromHex('c001c100080000010000ff0200');
const own = encodeWrapperFrame(1, 1, GET);
const behind = (network: number, address: string): Uint8Array =>
  encodeWrapperFrame(16, 1, encodeGateway('request', { networkId: network, address: fromHex(address) }, GET));

/** What is let through in one piece, and what is taken out; the bytes of a bad prefix are gone. */
function summary(parts: readonly SplitPart[]): { readonly passed: Uint8Array; readonly taken: string } {
  const passed = concat(parts.flatMap((part) => ('passed' in part ? [part.passed] : [])));
  const taken = parts.flatMap((part) => {
    if ('passed' in part) return [];
    const { client, server } = part.ports;
    if ('bad' in part) return [`${client} ${server} ${part.bad.code}`];
    const { direction, gateway, apdu } = part.gateway;
    return [
      `${client} ${server} ${direction} ${gateway.networkId} ${gateway.address.toHex()} ${apdu.toHex()}`,
    ];
  });
  return { passed, taken: taken.join('\n') };
}

export const TRANSPARENT_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'gateway frames among wrapper frames',
    seeds: [
      concat([own, behind(0, '313233'), own]),
      concat([behind(7, '11'), behind(7, '112233445566'), encodeWrapperFrame(1, 1, fromHex('e7000131c4'))]),
      concat([encodeWrapperFrame(1, 1, fromHex('e6')), encodeWrapperFrame(1, 1, fromHex('e6e600c001')), own]),
    ],
    refuses: [],
    run(input, random) {
      const whole = summary(new GatewaySplitter().push(input));
      const splitter = new GatewaySplitter();
      const split = summary([...pieces(input, random)].flatMap((piece) => splitter.push(piece)));
      if (!equalBytes(whole.passed, split.passed) || whole.taken !== split.taken) {
        throw new Broken('the same bytes in pieces are split in another way');
      }
      if (whole.passed.length > input.length) throw new Broken('more is let through than came');
    },
  },
];
