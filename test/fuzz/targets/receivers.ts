import { concat, fromHex } from '../../../src/base/bytes.ts';
import type { Machine } from '../../../src/base/machine.ts';
import { decodeGateway, encodeGateway } from '../../../src/dlms/apdu/gateway.ts';
import { GeneralBlocks } from '../../../src/dlms/cosem/general-blocks.ts';
import { encodeMbus } from '../../../src/dlms/link/mbus.ts';
import { Opening } from '../../../src/dlms/link/opening.ts';
import { createPushReceiver } from '../../../src/dlms/link/push-receiver.ts';
import { Broken, type FuzzTarget } from '../target.ts';
import { feed } from './feed.ts';
import { APDU_SEEDS, FRAME_SEEDS, PDU_SEEDS } from './seeds.ts';

const NOTIFICATIONS = APDU_SEEDS.filter(([tag]) => tag === 0x0f || tag === 0xc2);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function opening(role: 'reader' | 'meter'): Machine<never, unknown> {
  const machine =
    role === 'reader'
      ? new Opening({ role, purpose: 'read-out', baudRate: 9600, retries: 2 })
      : new Opening({ role, baudRate: 9600, manufacturer: 'ODC', text: 'fuzz' });
  machine.step({ on: 'command', command: { type: 'start' } });
  return machine;
}

const BLOCKS = { window: 5, maxApdu: 40, limit: 4096 } as const;

/** The blocks of a message of 300 bytes, as its sender would send them to a peer who takes all at once. */
function blockSeeds(): Uint8Array[] {
  const sender = new GeneralBlocks({ ...BLOCKS, window: 63 });
  return [...sender.begin(new Uint8Array(300).map((_, i) => i)).send];
}

export const RECEIVER_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'receiver of pushed data',
    seeds: [
      ...FRAME_SEEDS,
      ...PDU_SEEDS,
      ...NOTIFICATIONS,
      ...NOTIFICATIONS.map((apdu) => concat(encodeMbus(apdu, { address: 1, source: 1, destination: 2 }))),
    ],
    refuses: [],
    run(input, random) {
      feed(createPushReceiver({ framing: 'auto', gapMs: 100, maxApdu: 4096 }), input, random);
    },
  },
  {
    name: 'opening, reader',
    seeds: [
      text('/ISk5ME372\r\n'),
      concat([text('/ABC5x\r\n'), fromHex('02'), text('1.8.0(0012.3*kWh)\r\n!\r\n'), fromHex('0300')]),
    ],
    refuses: [],
    run: (input, random) => feed(opening('reader'), input, random),
  },
  {
    name: 'opening, meter',
    seeds: [text('/?!\r\n'), concat([text('/?12345678!\r\n'), fromHex('06323532'), text('\r\n')])],
    refuses: [],
    run: (input, random) => feed(opening('meter'), input, random),
  },
  {
    name: 'gateway prefix',
    seeds: [encodeGateway('request', { networkId: 1, address: fromHex('0102') }, fromHex('c002c100000001'))],
    refuses: ['truncated', 'apdu-invalid', 'invalid-field'],
    run: (input) => void decodeGateway(input),
  },
  {
    name: 'general block transfer',
    seeds: blockSeeds(),
    refuses: [
      'truncated',
      'apdu-invalid',
      'axdr-invalid',
      'apdu-too-long',
      'apdu-unexpected',
      'block-out-of-order',
    ],
    run(input, random) {
      const blocks = new GeneralBlocks(BLOCKS);
      const all = blockSeeds();
      // Good blocks before the damaged one, so that it comes in the middle of a message.
      const before = Math.floor(random.next() * all.length);
      for (const block of [...all.slice(0, before), input, ...all.slice(before)]) {
        const { apdu, send } = blocks.receive(block);
        if ((apdu?.length ?? 0) > BLOCKS.limit) throw new Broken('more than the limit');
        if (send.length > 64) throw new Broken(`${send.length} blocks for one`);
      }
    },
  },
];
