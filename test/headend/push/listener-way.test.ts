import { afterEach, expect, test } from 'bun:test';
import { systemClock } from '../../../src/base/clock.ts';
import { toDcuError } from '../../../src/base/errors.ts';
import { systemRandom } from '../../../src/base/random.ts';
import type { ByteChannel } from '../../../src/channels/channel.ts';
import { listenPushes, type PushArrival, type PushListener } from '../../../src/channels/push-listen.ts';
import { openTcp, tcpOpener } from '../../../src/channels/tcp.ts';
import { listenTcp, type TcpListener } from '../../../src/channels/tcp-listen.ts';
import { LONG_INVOKE } from '../../../src/dlms/apdu/access.ts';
import {
  decodeDataNotification,
  encodeDataNotification,
  encodeDataNotificationConfirm,
} from '../../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { confirmPushed, openPushed } from '../../../src/dlms/notifications.ts';
import { octetString } from '../../../src/dlms/values.ts';
import { type ListenerWayOptions, openListenerWay } from '../../../src/headend/push/listener-way.ts';
import { pushProtection } from '../../../src/headend/push/protection.ts';
import type { PushWay } from '../../../src/headend/push/way.ts';

const SAP = 17;
const CLIENT = 3;
const ACK_MS = 400;
const KEYS = {
  encryptionKey: new Uint8Array(16).fill(1),
  authenticationKey: new Uint8Array(16).fill(2),
};
const TITLE = Uint8Array.of(0x4f, 0x44, 0x43, 0x20, 0, 0, 0, 1);
const HES_TITLE = Uint8Array.of(0x48, 0x45, 0x53, 0, 0, 0, 0, 1);

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const notification = (id: number, bytes = 4, confirmed = true) => ({
  sap: SAP,
  apdu: encodeDataNotification({
    longInvoke: (confirmed ? LONG_INVOKE.confirmed : 0) | id,
    body: encodeData(octetString(new Uint8Array(bytes))),
  }),
});

const confirmation = (id: number): Uint8Array =>
  encodeWrapperFrame(CLIENT, SAP, encodeDataNotificationConfirm({ longInvoke: LONG_INVOKE.confirmed | id }));

async function wayTo(port: number, change: Partial<ListenerWayOptions> = {}): Promise<PushWay> {
  const way = await openListenerWay({
    opener: tcpOpener({ host: '127.0.0.1', port, connectTimeoutMs: 2000, writeTimeoutMs: 1000 }),
    client: CLIENT,
    ackTimeoutMs: ACK_MS,
    maxPdu: 65_535,
    clock: systemClock,
    ...change,
  })(new AbortController().signal);
  open.push(way);
  return way;
}

/** A listener that does with what comes whatever the test says. */
function hostile(onConnection: (channel: ByteChannel) => void): TcpListener {
  const listener = listenTcp({ host: '127.0.0.1', port: 0 }, onConnection);
  open.push(listener);
  return listener;
}

/** Our own listener for pushed data. */
async function listener(onArrival: (arrival: PushArrival) => void): Promise<PushListener> {
  const faults: unknown[] = [];
  const listening = await listenPushes(
    { host: '127.0.0.1', port: 0, transport: 'tcp' },
    { onArrival, onFault: (fault) => faults.push(fault) },
  );
  open.push(listening);
  return listening;
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (error) {
    return toDcuError(error).code;
  }
};

const confirm = (arrival: PushArrival, apdu = arrival.apdu): void => {
  const { longInvoke } = decodeDataNotification(apdu);
  arrival.reply(encodeDataNotificationConfirm({ longInvoke }));
};

test('what is confirmed has come, from the wPort of its logical device to that of the head-end', async () => {
  const arrivals: PushArrival[] = [];
  const { port } = await listener((arrival) => {
    arrivals.push(arrival);
    confirm(arrival);
  });
  const way = await wayTo(port);
  await Promise.all([1, 2, 3].map((id) => way.send(notification(id))));
  expect(arrivals.map(({ apdu }) => decodeDataNotification(apdu).longInvoke & LONG_INVOKE.id)).toEqual([
    1, 2, 3,
  ]);
  expect(arrivals[0]?.peer).toMatchObject({ serverAddress: SAP, clientAddress: CLIENT });
});

test('a long one goes in general blocks, and comes whole', async () => {
  const arrivals: PushArrival[] = [];
  const { port } = await listener((arrival) => {
    arrivals.push(arrival);
    confirm(arrival);
  });
  const way = await wayTo(port, { maxPdu: 100 });
  const sent = notification(1, 5000);
  await way.send(sent);
  expect(arrivals[0]?.inBlocks).toBe(true);
  expect(arrivals[0]?.apdu.toHex()).toBe(sent.apdu.toHex());
});

test('without a confirmation it is over when it has left, and what comes back changes nothing', async () => {
  const { port } = hostile((channel) => channel.onBytes(() => void channel.write(confirmation(9))));
  const way = await wayTo(port);
  await way.send(notification(1, 4, false));
  await way.send(notification(2, 4, false));
});

const protection =
  (counter = { next: 1 }) =>
  () =>
    pushProtection({
      ...KEYS,
      systemTitle: TITLE,
      counters: { ready: async () => {}, next: () => counter.next++ },
      random: systemRandom,
    });

test('ciphered: only those who have the keys read it, and only they confirm', async () => {
  const opened: string[] = [];
  let plain = true;
  const { port } = await listener((arrival) => {
    const push = openPushed(arrival.apdu, KEYS);
    opened.push(push.protection.policy);
    const sealed = confirmPushed(push, TITLE, KEYS, {
      systemTitle: HES_TITLE,
      nextInvocationCounter: () => 1,
      randomBytes: (length) => systemRandom.bytes(length),
    });
    // An unprotected confirmation is anybody's.
    if (plain) confirm(arrival, push.plaintext);
    else if (sealed !== undefined) arrival.reply(sealed);
  });
  const way = await wayTo(port, { protection: protection() });
  expect(await codeOf(way.send(notification(1)))).toBe('link-timeout');
  plain = false;
  await way.send(notification(2));
  expect(opened).toEqual(['auth-enc', 'auth-enc']);
});

test('a confirmation under another key is none', async () => {
  const { port } = await listener((arrival) => {
    const push = openPushed(arrival.apdu, KEYS);
    const others = { ...KEYS, encryptionKey: new Uint8Array(16).fill(9) };
    const sealed = confirmPushed(push, TITLE, others, {
      systemTitle: HES_TITLE,
      nextInvocationCounter: () => 1,
      randomBytes: (length) => systemRandom.bytes(length),
    });
    if (sealed !== undefined) arrival.reply(sealed);
  });
  const way = await wayTo(port, { protection: protection() });
  expect(await codeOf(way.send(notification(1)))).toBe('link-timeout');
});

const HOSTILE: readonly (readonly [string, (channel: ByteChannel) => void, string])[] = [
  ['never confirms', (channel) => channel.onBytes(() => {}), 'link-timeout'],
  [
    'confirms what nobody has sent',
    (channel) => channel.onBytes(() => void channel.write(confirmation(77))),
    'link-timeout',
  ],
  [
    'sends garbage',
    (channel) => channel.onBytes(() => void channel.write(new Uint8Array(4000).fill(0x5a))),
    'link-timeout',
  ],
  [
    'floods with garbage',
    (channel) => channel.onBytes(() => void channel.write(new Uint8Array(200_000).fill(0x5a))),
    'link-protocol',
  ],
  [
    'announces an endless answer',
    (channel) =>
      channel.onBytes(() => void channel.write(Uint8Array.of(0, 1, 0, 3, 0, 17, 0xff, 0xff, 0x10))),
    'link-timeout',
  ],
  [
    'confirms half of it',
    (channel) => channel.onBytes(() => void channel.write(confirmation(1).subarray(0, 11))),
    'link-timeout',
  ],
  ['closes in the middle', (channel) => channel.onBytes(() => void channel.close()), 'link-closed'],
];

test.each(HOSTILE)(
  'a listener that %s leaves what was sent unconfirmed, and another connection works',
  async (_, behave, code) => {
    let isHostile = true;
    const { port } = hostile((channel) => {
      if (isHostile) behave(channel);
      else channel.onBytes(() => void channel.write(confirmation(2)));
    });
    const way = await wayTo(port);
    expect(await codeOf(way.send(notification(1)))).toBe(code);
    await way.close();
    expect(await codeOf(way.send(notification(3)))).not.toBe('none');
    isHostile = false;
    await (await wayTo(port)).send(notification(2));
  },
);

test('a confirmation that comes twice counts once', async () => {
  const { port } = hostile((channel) => {
    channel.onBytes(() => {
      for (let i = 0; i < 3; i++) void channel.write(confirmation(1));
    });
  });
  const way = await wayTo(port);
  await way.send(notification(1));
  expect(await codeOf(way.send(notification(2)))).toBe('link-timeout');
});

test('each has its time from the confirmation of the one before: slow is not dead', async () => {
  const { port } = hostile((channel) => {
    let id = 0;
    channel.onBytes(() => {
      if (id > 0) return;
      const next = (): void => {
        id++;
        void channel.write(confirmation(id));
        if (id < 5) systemClock.after(ACK_MS / 2, next);
      };
      systemClock.after(ACK_MS / 2, next);
    });
  });
  const way = await wayTo(port);
  await Promise.all([1, 2, 3, 4, 5].map((id) => way.send(notification(id))));
});

test('one that is passed over fails alone', async () => {
  const { port } = hostile((channel) => {
    channel.onBytes(() => {
      for (const id of [1, 3, 4]) void channel.write(confirmation(id));
    });
  });
  const way = await wayTo(port);
  const codes = await Promise.all([1, 2, 3, 4].map((id) => codeOf(way.send(notification(id)))));
  expect(codes).toEqual(['none', 'link-timeout', 'none', 'none']);
});

test('a listener that reads nothing is left, with no more than what fits in memory', async () => {
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { open: (socket) => socket.pause(), data: () => {} },
  });
  try {
    const way = await wayTo(server.port, { ackTimeoutMs: 60_000 });
    const codes = await Promise.all(
      Array.from({ length: 400 }, (_, i) => codeOf(way.send(notification(i + 1, 60_000)))),
    );
    expect(new Set(codes).has('none')).toBe(false);
    expect(['channel-lost', 'overflow', 'link-closed']).toContain((await way.closed).code);
  } finally {
    server.stop(true);
  }
});

test('nobody is there: the opening fails, and can be given up', async () => {
  const gone = listenTcp({ host: '127.0.0.1', port: 0 }, () => {});
  const { port } = gone;
  await gone.close();
  expect(await codeOf(wayTo(port))).toBe('channel-open-failed');
  const signal = AbortSignal.abort();
  const opening = openListenerWay({
    opener: {
      name: 'nowhere',
      open: (given) => openTcp({ host: '127.0.0.1', port, connectTimeoutMs: 50 }, systemClock, given),
    },
    client: CLIENT,
    ackTimeoutMs: ACK_MS,
    maxPdu: 65_535,
    clock: systemClock,
    protection: protection(),
  })(signal);
  expect(await codeOf(opening)).toBe('cancelled');
});
