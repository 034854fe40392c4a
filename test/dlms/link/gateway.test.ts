import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { decodeGateway, encodeGateway, hasGatewayPrefix } from '../../../src/dlms/apdu/gateway.ts';
import { createClientLink, createServerLink } from '../../../src/dlms/link/index.ts';
import type { LinkEvent } from '../../../src/dlms/link/link.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { HDLC, pattern, World, WRAPPER } from './world.ts';

const meter = { networkId: 3, address: fromHex('31323334') };
const other = { networkId: 3, address: fromHex('31323335') };
const get = Uint8Array.of(0xc0, 1, 0xc1);
const answer = Uint8Array.of(0xc4, 1, 0xc1);
const notification = fromHex('0f00000001001103');

describe('prefix', () => {
  test('E6 and E7, network, length, address, APDU', () => {
    expect(encodeGateway('request', meter, get).toHex()).toBe('e6030431323334c001c1');
    const back = decodeGateway(fromHex('e7030431323334c401c1'));
    expect(back).toEqual({ direction: 'response', gateway: meter, apdu: answer });
    expect(decodeGateway(get)).toBeUndefined();
    expect(decodeGateway(new Uint8Array(0))).toBeUndefined();
  });

  test('LLC bytes are no prefix', () => {
    expect(hasGatewayPrefix(fromHex('e6e700'))).toBe(false);
    expect(hasGatewayPrefix(fromHex('e6e600'))).toBe(false);
    expect(hasGatewayPrefix(fromHex('e6e70100'))).toBe(true);
    expect(hasGatewayPrefix(fromHex('e7e60100'))).toBe(true);
  });

  test.each([
    ['e6', 1],
    ['e603', 2],
    ['e60300c0', 2],
    ['e603043132', 3],
  ])('%s is cut or has no address', (hex, offset) => {
    expect.assertions(2);
    try {
      decodeGateway(fromHex(hex));
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      expect(error.code).toBe('apdu-invalid');
      expect(error.offset).toBe(offset);
    }
  });

  test.each([
    [{ networkId: 256, address: meter.address }, 'networkId'],
    [{ networkId: 1, address: new Uint8Array(0) }, 'address'],
    [{ networkId: 1, address: new Uint8Array(256) }, 'address'],
  ])('%# cannot be stated', (gateway, field) => {
    expect.assertions(2);
    for (const work of [
      () => encodeGateway('request', gateway, get),
      () => createClientLink({ ...WRAPPER, gateway }),
    ]) {
      try {
        work();
      } catch (error) {
        expect(error instanceof DcuError && `${error.code} ${error.field}`).toBe(`invalid-field ${field}`);
      }
    }
  });
});

describe.each([
  ['wrapper', WRAPPER],
  ['hdlc', HDLC],
] as const)('%s', (_name, config) => {
  test('the server learns the meter and answers for it', () => {
    const world = new World({ ...config, gateway: meter }, config, { gateway: true });
    const long = pattern(1500, 3);
    world.onEvent = (side, event) => {
      if (side === 'client' && event.type === 'connected')
        world.command('client', { type: 'send', apdu: get });
      if (side === 'server' && event.type === 'apdu') {
        world.command('server', { type: 'send', apdu: long, peer: event.peer });
      }
      if (side === 'client' && event.type === 'apdu') world.command('client', { type: 'disconnect' });
    };
    world.command('client', { type: 'connect' });
    world.run(60_000);
    const [request] = world.events.server.filter((event) => event.type === 'apdu');
    expect(request).toMatchObject({
      apdu: get,
      peer: { clientAddress: 16, serverAddress: 1, gateway: meter },
    });
    expect(world.apdus('client')).toEqual([long]);
    expect(world.events.client.at(-1)).toEqual({ type: 'disconnected' });
  });

  test('a server answers its own requests without a prefix', () => {
    const world = new World(config, config, { gateway: true });
    world.onEvent = (side, event) => {
      if (side === 'client' && event.type === 'connected')
        world.command('client', { type: 'send', apdu: get });
      if (side === 'server' && event.type === 'apdu') world.command('server', { type: 'send', apdu: answer });
    };
    world.command('client', { type: 'connect' });
    world.run(500);
    expect(world.apdus('server')).toEqual([get]);
    expect(world.apdus('client')).toEqual([answer]);
  });
});

describe('a client', () => {
  const client = () => {
    const link = createClientLink({ ...WRAPPER, gateway: meter });
    link.step({ on: 'command', command: { type: 'connect' } }, 0);
    link.step({ on: 'command', command: { type: 'send', apdu: get } }, 0);
    const feed = (apdu: Uint8Array): LinkEvent[] =>
      link
        .step({ on: 'bytes', bytes: encodeWrapperFrame(1, 16, apdu) }, 0)
        .flatMap((effect) => (effect.do === 'emit' ? [effect.event] : []));
    return { link, feed };
  };

  test('takes its meter and no other for the answer', () => {
    expect(client().feed(encodeGateway('response', meter, answer))).toMatchObject([
      { type: 'apdu', apdu: answer, peer: { gateway: meter } },
    ]);
    for (const wrong of [
      encodeGateway('response', other, answer),
      encodeGateway('response', { ...meter, networkId: 4 }, answer),
      encodeGateway('request', meter, answer),
      answer,
    ]) {
      const { feed } = client();
      const [event] = feed(wrong);
      expect(event?.type === 'disconnected' && event.error?.code).toBe('link-protocol');
    }
  });

  test('passes over what other meters send unasked, and takes what its own does', () => {
    const { link, feed } = client();
    const bytes = encodeWrapperFrame(1, 16, encodeGateway('response', other, notification));
    // Nothing at all: above all the time-out of the answer runs on.
    expect(link.step({ on: 'bytes', bytes }, 0)).toEqual([]);
    expect(feed(notification)).toEqual([]);
    expect(link.counters.ignoredFrames).toBe(2);
    expect(feed(encodeGateway('response', meter, notification))).toMatchObject([{ apdu: notification }]);
    expect(feed(encodeGateway('response', meter, answer))).toMatchObject([{ apdu: answer }]);
  });
});

test('a server passes over a cut prefix and a response', () => {
  const link = createServerLink(WRAPPER, { gateway: true });
  for (const apdu of [fromHex('e603043132'), encodeGateway('response', meter, answer)]) {
    expect(link.step({ on: 'bytes', bytes: encodeWrapperFrame(16, 1, apdu) }, 0)).toEqual([]);
  }
  expect(link.counters.ignoredFrames).toBe(2);
});
