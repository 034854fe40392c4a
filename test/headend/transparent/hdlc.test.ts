import { expect, test } from 'bun:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import { memoryPair } from '../../../src/channels/memory.ts';
import { type Pump, pump } from '../../../src/channels/pump.ts';
import { createServerLink } from '../../../src/dlms/link/index.ts';
import type { HdlcLinkConfig, LinkCommand } from '../../../src/dlms/link/link.ts';
import { ApduPipe } from '../../../src/meters/apdu-pipe.ts';

const LINK: HdlcLinkConfig = {
  framing: 'hdlc',
  clientAddress: 16,
  serverAddress: 1,
  physicalAddress: 17,
  addressBytes: 4,
  maxInfoTransmit: 128,
  maxInfoReceive: 128,
  windowTransmit: 1,
  windowReceive: 1,
  interOctetTimeoutMs: 200,
  responseTimeoutMs: 1000,
  retries: 1,
};
/** Longer than a frame; nothing of it means anything. */
const OPAQUE = new Uint8Array(700).map((_, i) => (i * 37 + 0xcb) & 0xff);
const ANSWER = new Uint8Array(900).map((_, i) => (i * 11 + 0xcc) & 0xff);

test('an APDU of any bytes goes through HDLC and back unchanged, and the link of the meter is taken down behind it', async () => {
  const clock = new VirtualClock(0);
  const [ours, theirs] = memoryPair({ clock });
  const events: string[] = [];
  const got: string[] = [];
  const meter: Pump<LinkCommand> = pump(createServerLink(LINK), theirs, clock, (event) => {
    events.push(event.type);
    if (event.type !== 'apdu') return;
    got.push(event.apdu.toHex());
    meter.command({ type: 'send', apdu: ANSWER });
  });
  const heard: string[] = [];
  let counted = 0;
  const pipe = await ApduPipe.open(ours, LINK, clock, {
    signal: new AbortController().signal,
    onApdu: (apdu) => heard.push(apdu.toHex()),
    count: ({ framesSent }) => {
      counted += framesSent;
    },
  });
  await pipe.exchange(OPAQUE);
  await pipe.exchange(OPAQUE);
  await pipe.close();
  expect(got).toEqual([OPAQUE.toHex(), OPAQUE.toHex()]);
  expect(heard).toEqual([ANSWER.toHex(), ANSWER.toHex()]);
  expect(events).toEqual(['connected', 'apdu', 'apdu', 'disconnected']);
  expect(counted).toBeGreaterThan(10);
  expect(clock.pending).toBeLessThanOrEqual(1);
});

test('a meter that is not there ends the opening in time, one that goes away the exchange, and an abort everything at once', async () => {
  const clock = new VirtualClock(0);
  const [ours, theirs] = memoryPair({ clock });
  const options = { signal: new AbortController().signal, onApdu: () => undefined, count: () => undefined };
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
  const nobody = codeOf(ApduPipe.open(ours, LINK, clock, options));
  await clock.advance(5000);
  expect(await nobody).toBe('link-timeout');
  const meter = pump(createServerLink(LINK), theirs, clock, () => undefined);
  const pipe = await ApduPipe.open(ours, LINK, clock, options);
  meter.detach();
  const unanswered = codeOf(pipe.exchange(OPAQUE));
  await clock.advance(30_000);
  expect(await unanswered).toBe('link-timeout');
  await pipe.close();
  expect(await codeOf(pipe.exchange(OPAQUE))).toBe('link-timeout');
  const stop = new AbortController();
  const aborted = codeOf(ApduPipe.open(ours, LINK, clock, { ...options, signal: stop.signal }));
  stop.abort();
  expect(await aborted).toBe('cancelled');
});
