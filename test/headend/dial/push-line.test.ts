import { beforeEach, describe, expect, test } from 'bun:test';
import { concat } from '../../../src/base/bytes.ts';
import { VirtualClock } from '../../../src/base/clock.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { type MemoryChannel, memoryPair } from '../../../src/channels/memory.ts';
import { LONG_INVOKE } from '../../../src/dlms/apdu/access.ts';
import {
  decodeDataNotification,
  encodeDataNotification,
  encodeDataNotificationConfirm,
} from '../../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { LinkPeer } from '../../../src/dlms/link/link.ts';
import { createPushReceiver, type PushedApdu } from '../../../src/dlms/link/push-receiver.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { openPushed } from '../../../src/dlms/notifications.ts';
import { PushAssembly } from '../../../src/dlms/push-assembly.ts';
import { octetString } from '../../../src/dlms/values.ts';
import { PushLine, type PushLineOptions } from '../../../src/headend/dial/push-line.ts';
import { WrapperTap } from '../../../src/headend/dial/wrapper-tap.ts';
import type { PushProtection } from '../../../src/headend/push/listener-way.ts';
import { pushProtection } from '../../../src/headend/push/protection.ts';

const KEYS = {
  encryptionKey: Uint8Array.fromHex('000102030405060708090a0b0c0d0e0f'),
  authenticationKey: Uint8Array.fromHex('d0d1d2d3d4d5d6d7d8d9dadbdcdddedf'),
};
const OURS = Uint8Array.fromHex('4f44434000000001');
const THEIRS = Uint8Array.fromHex('4845530000000001');
const CLIENT = 1;
const SAP = 17;

let clock: VirtualClock;
let hes: MemoryChannel;
let tap: WrapperTap;
let line: PushLine;
/** APDUs that came to the head-end, as they were framed. */
let heard: PushedApdu[];
let passed: Uint8Array[];
let confirmed: number;

const protectionOf = (systemTitle: Uint8Array): PushProtection => {
  let counter = 1;
  const counters = { ready: () => Promise.resolve(), next: () => counter++ };
  return pushProtection({ ...KEYS, systemTitle, counters, random: new SeededRandom(1) });
};

function open(options: Partial<PushLineOptions> = {}): void {
  const [ours, theirs] = memoryPair({ clock });
  hes = theirs;
  tap = new WrapperTap(ours);
  tap.onBytes((bytes) => passed.push(bytes));
  const receiver = createPushReceiver({ framing: 'wrapper', gapMs: 1000 });
  hes.onBytes((bytes) => {
    for (const effect of receiver.step({ on: 'bytes', bytes }, 0)) {
      if (effect.do === 'emit') heard.push(effect.event);
    }
  });
  line = new PushLine({
    tap,
    client: CLIENT,
    protection: 'plain',
    maxPdu: 1024,
    confirmWithinMs: 10_000,
    clock,
    onConfirmed: () => confirmed++,
    ...options,
  });
}

beforeEach(() => {
  clock = new VirtualClock(0);
  heard = [];
  passed = [];
  confirmed = 0;
  open();
});

const notification = (id: number, { isConfirmed = true, length = 20 } = {}): Uint8Array =>
  encodeDataNotification({
    longInvoke: ((isConfirmed ? LONG_INVOKE.confirmed : 0) | id) >>> 0,
    body: encodeData(octetString(new Uint8Array(length).fill(id))),
  });

const confirmation = (id: number): Uint8Array =>
  encodeDataNotificationConfirm({ longInvoke: (LONG_INVOKE.confirmed | id) >>> 0 });

async function say(apdu: Uint8Array, sap = SAP, client = CLIENT): Promise<void> {
  await hes.write(encodeWrapperFrame(client, sap, apdu));
  await clock.advance(0);
}

/** What became of a push by now: `waits`, `done`, or the code of its error. */
async function fate(push: Promise<void>): Promise<string> {
  let became = 'waits';
  push.then(
    () => {
      became = 'done';
    },
    (error: unknown) => {
      became = error instanceof DcuError ? error.code : String(error);
    },
  );
  await clock.advance(0);
  return became;
}

describe('outside of associations', () => {
  test('it goes from the logical device that it is of, and is done when it is confirmed', async () => {
    const push = line.send({ sap: SAP, apdu: notification(5) });
    expect(await fate(push)).toBe('waits');
    expect(heard[0]).toMatchObject({ peer: { serverAddress: SAP, clientAddress: CLIENT } });
    expect(heard[0]?.apdu).toEqual(notification(5));
    await say(confirmation(5));
    expect(await fate(push)).toBe('done');
    expect(confirmed).toBe(1);
  });

  test('several wait at a time; each has its own confirmation, in whatever order', async () => {
    const pushes = [1, 2, 3].map((id) => line.send({ sap: SAP + id, apdu: notification(id) }));
    await say(confirmation(3), SAP + 3);
    await say(confirmation(1), SAP + 1);
    expect(await Promise.all(pushes.map(fate))).toEqual(['done', 'waits', 'done']);
  });

  test('one that no confirmation is asked for is done when it has left', async () => {
    expect(await fate(line.send({ sap: SAP, apdu: notification(5, { isConfirmed: false }) }))).toBe('done');
    expect(confirmed).toBe(0);
  });

  test('without a confirmation in time, or with one of another id or client, it fails', async () => {
    const push = line.send({ sap: SAP, apdu: notification(5) });
    const became = fate(push);
    await became;
    await say(confirmation(6));
    await say(confirmation(5), SAP, 99);
    await say(Uint8Array.of(0x10, 0));
    expect(await fate(push)).toBe('waits');
    await clock.advance(10_000);
    expect(await fate(push)).toBe('link-timeout');
    expect(confirmed).toBe(0);
  });

  test('a confirmation that comes twice or late is nothing that the server hears of', async () => {
    const push = line.send({ sap: SAP, apdu: notification(5) });
    await fate(push);
    await say(confirmation(5));
    await say(confirmation(5));
    expect(await fate(push)).toBe('done');
    expect(passed).toEqual([]);
  });

  test('what is no confirmation goes to the server', async () => {
    const aarq = Uint8Array.of(0x60, 0x03, 1, 2, 3);
    await say(aarq);
    expect(concat(passed)).toEqual(encodeWrapperFrame(CLIENT, SAP, aarq));
  });

  test('a lost connection fails what waits, and what comes behind it', async () => {
    const push = line.send({ sap: SAP, apdu: notification(5) });
    await fate(push);
    hes.lose();
    expect(await fate(push)).toBe('channel-lost');
    expect(await fate(line.send({ sap: SAP, apdu: notification(6) }))).toBe('channel-lost');
    expect(clock.pending).toBe(0);
  });

  test('a long one goes in general blocks', async () => {
    const apdu = notification(5, { length: 5000 });
    void fate(line.send({ sap: SAP, apdu }));
    await clock.advance(0);
    expect(heard.length).toBeGreaterThan(4);
    expect(Math.max(...heard.map((one) => one.apdu.length))).toBe(1024);
    const assembly = new PushAssembly({ maxApdu: 65_535 });
    const whole = heard
      .map((one) => assembly.take('meter', one.apdu).apdu)
      .filter((one) => one !== undefined);
    expect(whole).toEqual([apdu]);
  });

  test('ciphered, both ways', async () => {
    open({ protection: protectionOf(OURS) });
    const push = line.send({ sap: SAP, apdu: notification(5) });
    await fate(push);
    const [one] = heard;
    expect(one?.apdu[0]).toBe(0xdb);
    const opened = openPushed(one?.apdu ?? new Uint8Array(0), { ...KEYS, recipient: THEIRS });
    expect(decodeDataNotification(opened.plaintext)).toEqual(decodeDataNotification(notification(5)));
    expect(opened.protection.policy).toBe('auth-enc');
    await say(confirmation(5));
    expect(await fate(push)).toBe('waits');
    const hesProtection = protectionOf(THEIRS);
    const sealed = hesProtection.protect(confirmation(5));
    const broken = sealed.slice();
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    await say(broken);
    expect(await fate(push)).toBe('waits');
    // Both were none of its business: the server refuses them.
    expect(passed).toHaveLength(2);
    await say(sealed);
    expect(await fate(push)).toBe('done');
  });

  test('where keys are missing, nothing leaves', async () => {
    const missing = new DcuError('security-required', 'no keys', { field: 'hes.encryption.key' });
    open({ protection: missing });
    expect(await fate(line.send({ sap: SAP, apdu: notification(5) }))).toBe('security-required');
    expect(heard).toEqual([]);
  });
});

describe('under an association', () => {
  const peer = (serverAddress: number, clientAddress = CLIENT): LinkPeer => ({
    clientAddress,
    serverAddress,
  });
  let under: { readonly apdu: Uint8Array; readonly peer: LinkPeer }[];
  const served = (associations: readonly LinkPeer[], refused?: DcuError): void => {
    under = [];
    line.served({
      associations,
      notify: (apdu, to) => {
        if (refused !== undefined) throw refused;
        under.push({ apdu, peer: to });
      },
    });
  };

  test('with the logical device that it is of, before the concentrator', async () => {
    served([peer(1), peer(SAP)]);
    const push = line.send({ sap: SAP, apdu: notification(5) });
    expect(await fate(push)).toBe('waits');
    expect(under).toEqual([{ apdu: notification(5), peer: peer(SAP) }]);
    expect(heard).toEqual([]);
    line.confirmed((LONG_INVOKE.confirmed | 5) >>> 0);
    expect(await fate(push)).toBe('done');
  });

  test('with the concentrator where there is no other', async () => {
    served([peer(18), peer(1)]);
    void fate(line.send({ sap: SAP, apdu: notification(5) }));
    await clock.advance(0);
    expect(under.map((one) => one.peer)).toEqual([peer(1)]);
  });

  test('of the head-end, not of another client', async () => {
    served([peer(1, 16)]);
    void fate(line.send({ sap: SAP, apdu: notification(5) }));
    await clock.advance(0);
    expect(under).toEqual([]);
    expect(heard).toHaveLength(1);
  });

  for (const code of ['not-granted', 'conflict', 'apdu-too-long'] as const) {
    test(`where it is not taken (${code}), it goes outside`, async () => {
      served([peer(1)], new DcuError(code, 'no'));
      void fate(line.send({ sap: SAP, apdu: notification(5) }));
      await clock.advance(0);
      expect(heard).toHaveLength(1);
    });
  }

  test('another error is none that is passed over', async () => {
    served([peer(1)], new DcuError('internal', 'no'));
    expect(await fate(line.send({ sap: SAP, apdu: notification(5) }))).toBe('internal');
    expect(heard).toEqual([]);
  });

  test('its confirmation is the server’s', async () => {
    served([peer(SAP)]);
    void fate(line.send({ sap: SAP, apdu: notification(5) }));
    await clock.advance(0);
    await say(confirmation(5));
    expect(passed).toHaveLength(1);
  });
});
