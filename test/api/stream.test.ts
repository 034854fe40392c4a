import { describe, expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import type { LiveBus } from '../../src/api/services.ts';
import { type FakeServices, fakeServices, SESSION_MS } from './fake-services.ts';

/** Counts who listens, so that a leak shows. */
function countingBus(fake: FakeServices): { bus: LiveBus; listeners: () => number } {
  let listeners = 0;
  return {
    listeners: () => listeners,
    bus: {
      on: (name, listener) => {
        const drop = fake.bus.on(name, listener);
        listeners += 1;
        return () => {
          listeners -= 1;
          drop();
        };
      },
    },
  };
}

async function open() {
  const fake = fakeServices();
  const counted = countingBus(fake);
  const app = createApi({ ...fake.services, collector: { ...fake.services.collector, bus: counted.bus } });
  const token = fake.signIn();
  const response = await app.handle(
    new Request('https://dcu.test/api/events/stream', { headers: { cookie: `__Host-opendcu=${token}` } }),
  );
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error('no body');
  const next = async (): Promise<string> => {
    const { value, done } = await reader.read();
    return done || value === undefined ? 'END' : new TextDecoder().decode(value);
  };
  return { fake, token, reader, next, listeners: counted.listeners };
}

describe('server-sent events', () => {
  test('the state of now comes first, then what happens, as objects', async () => {
    const { fake, next, reader, listeners } = await open();
    expect(await next()).toStartWith('event: heartbeat\ndata: {"now":');
    expect(await next()).toContain('"line":"rs485_1"');
    fake.bus.emit('meter-state', { meterId: 1, state: 'online', lastSeen: 5 });
    expect(await next()).toBe('event: meter-state\ndata: {"meterId":1,"state":"online","lastSeen":5}\n\n');
    expect(listeners()).toBe(3);
    await reader.cancel();
    expect(listeners()).toBe(0);
  });

  test('a heartbeat every 15 s, none after the browser has gone', async () => {
    const { fake, next, reader } = await open();
    await next();
    await next();
    await fake.clock.advance(15_000);
    expect(await next()).toStartWith('event: heartbeat');
    await fake.clock.advance(15_000);
    expect(await next()).toStartWith('event: heartbeat');
    await reader.cancel();
    await fake.clock.advance(60_000);
    expect(await next()).toBe('END');
  });

  test('ends with the session', async () => {
    const { fake, token, next, listeners } = await open();
    await next();
    await next();
    fake.revoke(token);
    await fake.clock.advance(15_000);
    expect(await next()).toBe('END');
    expect(listeners()).toBe(0);
  });

  test('does not keep its session alive', async () => {
    const { fake, next, listeners } = await open();
    await next();
    await next();
    for (let ms = 15_000; ms < SESSION_MS; ms += 15_000) {
      await fake.clock.advance(15_000);
      expect(await next()).toStartWith('event: heartbeat');
    }
    await fake.clock.advance(15_000);
    expect(await next()).toBe('END');
    expect(listeners()).toBe(0);
  });

  test('a browser that does not read is cut off, not buffered without end', async () => {
    const { fake, listeners } = await open();
    for (let i = 0; i < 1_100; i++)
      fake.bus.emit('meter-state', { meterId: i, state: 'online', lastSeen: i });
    expect(listeners()).toBe(0);
  });
});
