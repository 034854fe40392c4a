import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Framing } from '../../src/base/model.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { listenTcp, type TcpListener } from '../../src/channels/tcp-listen.ts';
import { decodeGetResponse } from '../../src/dlms/apdu/get.ts';
import { energyRows } from '../../src/simulator/profile-rows.ts';
import { FastClock, type House, newMeter, openHouse } from '../concentrator/house.ts';
import { beginning } from '../meters/beginning.ts';
import { type Neighbours, startNeighbours } from './neighbours.ts';
import { block, GET_RESPONSE, isBlock, isGetNext, openTap, type Tap, type TapHooks } from './tap.ts';

setDefaultTimeout(30_000);

const DAY_MS = 86_400_000;

let house: House | undefined;
let neighbours: Neighbours | undefined;
let tap: Tap | undefined;
let peer: TcpListener | undefined;
afterEach(async () => {
  await house?.end();
  await tap?.close();
  await peer?.close();
  await neighbours?.stop();
  house = undefined;
  tap = undefined;
  peer = undefined;
  neighbours = undefined;
});

const address = (framing: Framing, port: number) => ({
  framing,
  host: '127.0.0.1',
  port,
  clientAddress: 1,
  serverAddress: 1,
  addressBytes: 1 as const,
});

/** Writes the same bytes again and again until the channel ends. */
function forever(channel: ByteChannel, bytes: Uint8Array): void {
  let over = false;
  channel.onClosed(() => {
    over = true;
  });
  const write = (): void => {
    if (over) return;
    channel.write(bytes).then(
      () => setTimeout(write, 1),
      () => {
        over = true;
      },
    );
  };
  write();
}

describe('a peer that does not speak DLMS', () => {
  const noise = Uint8Array.from({ length: 700 }, (_, i) => (i * 151 + (i >> 3)) & 0xff);
  const cases: readonly (readonly [string, Framing, (channel: ByteChannel) => void, string, RegExp])[] = [
    ['says nothing', 'wrapper', () => {}, 'link-timeout', /wPort 1 within 1000 ms/],
    ['says nothing', 'hdlc', () => {}, 'link-timeout', /no answer of HDLC server 1/],
    ['streams garbage', 'wrapper', (c) => forever(c, noise), 'link-protocol', /no wrapper header|version/],
    ['streams garbage', 'hdlc', (c) => forever(c, noise), 'link-timeout', /HDLC server 1/],
    [
      'streams flags',
      'hdlc',
      (c) => forever(c, new Uint8Array(512).fill(0x7e)),
      'link-timeout',
      /HDLC server 1/,
    ],
    [
      'streams frame heads',
      'hdlc',
      (c) => forever(c, Uint8Array.of(0x7e, 0xa7, 0xff, 0x03, 0x02)),
      'link-timeout',
      /HDLC server 1/,
    ],
    [
      'streams frames of another station',
      'hdlc',
      (c) => forever(c, Uint8Array.fromHex('7ea0070321730e9d7e')),
      'link-timeout',
      /HDLC server 1/,
    ],
    [
      'announces 65,535 bytes and sends none',
      'wrapper',
      (c) => c.onBytes(() => void c.write(Uint8Array.of(0, 1, 0, 1, 0, 1, 0xff, 0xff))),
      'apdu-too-long',
      /announces an APDU of 65535 bytes/,
    ],
    [
      'announces a long APDU and sends half of it',
      'wrapper',
      (c) => c.onBytes(() => void c.write(Uint8Array.of(0, 1, 0, 1, 0, 1, 0x04, 0x00, 0x61, 0x29))),
      'link-timeout',
      /wPort 1/,
    ],
    [
      'hangs up at once',
      'wrapper',
      (c) => void c.close(),
      'link-closed',
      /closed the connection|ended before/,
    ],
    [
      'answers with empty frames for ever',
      'wrapper',
      (c) => c.onBytes(() => forever(c, Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 0))),
      'link-timeout',
      /wPort 1/,
    ],
    [
      'echoes what it hears',
      'wrapper',
      (c) => c.onBytes((bytes) => void c.write(bytes)),
      'apdu-unexpected',
      /aarq where aare is due/,
    ],
    [
      'echoes what it hears',
      'hdlc',
      (c) => c.onBytes((bytes) => void c.write(bytes)),
      'link-timeout',
      /HDLC server 1/,
    ],
  ];

  test.each(cases)('%s (%s)', async (_, framing, behave, code, message) => {
    peer = listenTcp({ host: '127.0.0.1', port: 0 }, behave);
    house = await openHouse({ clock: new FastClock(4), attributes: { 'send.timeout': '1' } });
    const meter = await house.add(newMeter('700000000001', { address: address(framing, peer.port) }));
    const summary = await house.round(['Energy profile', 'Fraud Event']);
    expect(summary).toMatchObject({ meters: 1, read: 0, failed: 1 });
    expect(summary.failures.map((failure) => failure.code)).toEqual([code, code]);
    expect(summary.failures[0]?.message).toMatch(message);
    const shown = await house.settled(meter.id);
    expect(shown).toMatchObject({ state: 'offline', lastSeen: null, lastError: { code } });
    expect(
      house.log.some(({ level, facts }) => level === 'warn' && facts['meterNo'] === '700000000001'),
    ).toBe(true);
    expect(house.concentrator.collector.snapshot().jobs).toEqual([]);
    // The connection is given back.
    while (peer.connections > 0) await Bun.sleep(5);
  });

  test('a port that nobody listens on', async () => {
    peer = listenTcp({ host: '127.0.0.1', port: 0 }, () => {});
    const { port } = peer;
    await peer.close();
    house = await openHouse({});
    const meter = await house.add(newMeter('700000000001', { address: address('wrapper', port) }));
    const { failures } = await house.round(['Energy profile']);
    expect(failures).toMatchObject([{ code: 'channel-open-failed', meterNo: '700000000001' }]);
    expect(failures[0]?.message).toContain(`127.0.0.1:${port}`);
    expect(await house.settled(meter.id)).toMatchObject({
      state: 'offline',
      lastError: { code: 'channel-open-failed' },
    });
  });
});

describe('a meter that answers wrongly', () => {
  const blockNumber = (apdu: Uint8Array): number => {
    const response = isBlock(apdu) ? decodeGetResponse(apdu) : undefined;
    return response?.type === 'with-datablock' ? response.blockNumber : 0;
  };
  const renumbered = (apdu: Uint8Array, to: number): Uint8Array => {
    const changed = apdu.slice();
    new DataView(changed.buffer).setUint32(4, to);
    return changed;
  };
  const once = (fault: (apdu: Uint8Array) => Uint8Array | undefined): TapHooks => {
    let done = false;
    return {
      response: (apdu) => {
        const changed = done ? undefined : fault(apdu);
        if (changed === undefined) return apdu;
        done = true;
        return changed;
      },
    };
  };
  const cases: readonly (readonly [string, () => TapHooks, string, RegExp])[] = [
    [
      'a block is missing',
      () => once((apdu) => (blockNumber(apdu) === 5 ? renumbered(apdu, 6) : undefined)),
      'block-out-of-order',
      /block 6 came where 5 is due/,
    ],
    [
      'a block comes twice',
      () => once((apdu) => (blockNumber(apdu) === 5 ? renumbered(apdu, 4) : undefined)),
      'block-out-of-order',
      /block 4 came where 5 is due/,
    ],
    [
      'the last block comes early and is empty',
      () =>
        once((apdu) =>
          blockNumber(apdu) === 6
            ? block(apdu[2] ?? 0, { last: true, number: 6, raw: new Uint8Array(0) })
            : undefined,
        ),
      'truncated',
      /profile 1\.0\.99\.1\.0\.255: ends after \d+ of \d+ rows/,
    ],
    [
      'a block turns into a refusal',
      () =>
        once((apdu) =>
          blockNumber(apdu) === 6
            ? Uint8Array.of(GET_RESPONSE, 2, apdu[2] ?? 0, 1, 0, 0, 0, 6, 1, 250)
            : undefined,
        ),
      'not-granted',
      /class 7 1\.0\.99\.1\.0\.255 attribute 2: other-reason/,
    ],
    [
      'an answer of another service',
      () => once((apdu) => (blockNumber(apdu) === 6 ? Uint8Array.of(0xc5, 1, apdu[2] ?? 0, 0) : undefined)),
      'apdu-unexpected',
      /set-response where get-response is due/,
    ],
    [
      'an exception response',
      () => once((apdu) => (blockNumber(apdu) === 6 ? Uint8Array.of(0xd8, 1, 3) : undefined)),
      'exception-response',
      /./,
    ],
    [
      'an answer that stops in the middle',
      () => once((apdu) => (blockNumber(apdu) === 6 ? apdu.slice(0, 40) : undefined)),
      'truncated',
      /./,
    ],
  ];

  test.each(cases)('%s', async (_, hooks, code, message) => {
    neighbours = await startNeighbours();
    const served = neighbours.at(0);
    tap = openTap(served, hooks());
    house = await openHouse();
    const meter = await house.serve(served, tap);
    const began = await beginning();
    const first = await house.round(['Energy profile']);
    expect(first.failures.map((failure) => failure.code)).toEqual([code]);
    expect(first.failures[0]?.message).toMatch(message);
    // What was read before the fault is kept,
    expect(first.profileRows).toBeGreaterThan(20);
    expect((await house.settled(meter.id)).lastError).toMatchObject({ code });
    // and what is missing is fetched by the next round.
    const second = await house.round(['Energy profile']);
    expect(second.failures).toEqual([]);
    const { stamps } = energyRows(served.device.point, Date.now());
    const wanted = [...stamps].filter((time) => time >= began - 20 * DAY_MS && time < began);
    const stored = await house.concentrator.store.readings.profile(meter.id, 'energy', {
      fromMs: 0,
      toMs: began,
    });
    expect([...(stored?.times ?? [])]).toEqual(wanted);
    expect(first.profileRows + second.profileRows).toBeGreaterThanOrEqual(wanted.length);
    expect((await house.settled(meter.id)).lastError).toBeNull();
  });

  test('bytes behind a complete answer are passed over', async () => {
    neighbours = await startNeighbours();
    const served = neighbours.at(0);
    tap = openTap(served, {
      response: (apdu) =>
        apdu[0] === GET_RESPONSE && apdu[1] === 1 ? Uint8Array.of(...apdu, 0xde, 0xad, 0xbe, 0xef) : apdu,
    });
    house = await openHouse();
    const meter = await house.serve(served, tap);
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    const now = await house.concentrator.collector.readNow(meter.id, new AbortController().signal);
    expect(now.relay).toBe('on');
    expect(now.registers.length).toBeGreaterThan(5);
  });

  test('blocks without end, and without content', async () => {
    neighbours = await startNeighbours();
    tap = openTap(neighbours.at(0));
    const endless = (raw: Uint8Array): TapHooks => {
      let number = 0;
      return {
        request: (apdu, answer) => {
          if (!isGetNext(apdu)) return apdu;
          number = new DataView(apdu.buffer, apdu.byteOffset).getUint32(3) + 1;
          answer(block(apdu[2] ?? 0, { number, raw }));
          return undefined;
        },
      };
    };
    house = await openHouse();
    await house.serve(neighbours.at(0), tap);
    tap.hooks = endless(new Uint8Array(0));
    const empty = await house.round(['Energy profile']);
    expect(empty.failures).toMatchObject([{ code: 'apdu-invalid' }]);
    expect(empty.failures[0]?.message).toContain('empty blocks');
    tap.hooks = endless(new Uint8Array(900).fill(0));
    const full = await house.round(['Energy profile']);
    expect(full.failures).toMatchObject([{ code: 'apdu-too-long' }]);
    tap.hooks = endless(Uint8Array.of(0));
    const crumbs = await house.round(['Energy profile']);
    expect(crumbs.failures).toMatchObject([{ code: 'apdu-invalid' }]);
    expect(crumbs.failures[0]?.message).toMatch(/\d+ blocks hold no more than \d+ bytes/);
    tap.hooks = {};
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });

  test('blocks that come one by one, each just in time', async () => {
    neighbours = await startNeighbours();
    tap = openTap(neighbours.at(0));
    house = await openHouse({
      clock: new FastClock(120),
      attributes: { 'send.timeout': '30' },
    });
    const meter = await house.serve(neighbours.at(0), tap);
    tap.hooks = {
      request: (apdu, answer) => {
        if (!isGetNext(apdu)) return apdu;
        const number = new DataView(apdu.buffer, apdu.byteOffset).getUint32(3) + 1;
        setTimeout(() => answer(block(apdu[2] ?? 0, { number, raw: Uint8Array.of(0) })), 12_000 / 120);
        return undefined;
      },
    };
    const slow = await house.round(['Energy profile']);
    expect(slow.failures).toMatchObject([{ code: 'link-timeout' }]);
    expect(slow.failures[0]?.message).toContain('class 7 1.0.99.1.0.255 attribute 2 comes too slowly');
    expect(slow.profileRows).toBeGreaterThan(2);
    expect(slow.durationMs).toBeLessThan(600_000);
    expect(await house.times(meter.id, 'energy')).toHaveLength(slow.profileRows);
  });

  test('answers to questions that nobody asked, for ever', async () => {
    neighbours = await startNeighbours();
    tap = openTap(neighbours.at(0));
    house = await openHouse({ clock: new FastClock(4), attributes: { 'send.timeout': '1' } });
    const meter = await house.serve(neighbours.at(0), tap);
    let chatter: ReturnType<typeof setInterval> | undefined;
    tap.hooks = {
      request: (apdu, answer) => {
        if (apdu[0] !== 0xc0) return apdu;
        const strange = Uint8Array.of(
          GET_RESPONSE,
          1,
          ((apdu[2] ?? 0) & 0xf0) | (((apdu[2] ?? 0) + 1) & 0x0f),
          0,
          0,
        );
        chatter ??= setInterval(() => answer(strange), 20);
        return undefined;
      },
    };
    try {
      const { failures } = await house.round(['Energy profile']);
      expect(failures).toMatchObject([{ code: 'link-timeout' }]);
      expect(await house.settled(meter.id)).toMatchObject({
        state: 'offline',
        lastError: { code: 'link-timeout' },
      });
    } finally {
      clearInterval(chatter);
    }
  });
});
