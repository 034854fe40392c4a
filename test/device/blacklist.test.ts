import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { namesOfMeter } from '../../src/base/device-address.ts';
import { silentLog } from '../../src/base/log.ts';
import { Blacklist } from '../../src/device/blacklist.ts';
import { BlacklistGuard } from '../../src/device/blacklist-guard.ts';

const MINUTE_MS = 60_000;
const entry = (id: number, address: string) => ({ id, address, reason: 'stolen' });

function guarded(...addresses: readonly string[]) {
  const events: string[] = [];
  const clock = new VirtualClock(Date.UTC(2026, 2, 15));
  const guard = new BlacklistGuard({
    blacklist: new Blacklist(),
    clock,
    log: silentLog,
    logbook: { record: async (type, detail) => void events.push(`${type} ${detail}`) },
  });
  guard.replace(addresses.map((address, i) => entry(i + 1, address)));
  return { guard, events, clock };
}

const meter = {
  meterNo: 'LGZ-7',
  address: {
    framing: 'wrapper',
    host: '2001:DB8::7',
    port: 4059,
    node: '000000000042',
    clientAddress: 1,
    serverAddress: 1,
    addressBytes: 1,
  },
  security: { auth: 'none', policy: 'none', systemTitle: '4D4D4D0000BC614E' },
} as const;

test.each(['lgz-7', '42', '2001:db8:0::7', '[2001:db8::7]:4059', '4d 4d 4d 00 00 bc 61 4e'])(
  'a meter is met by %s',
  (address) => {
    expect(new Blacklist([entry(1, address)]).match(namesOfMeter(meter))?.id).toBe(1);
  },
);

test.each(['LGZ-70', '420', '[2001:db8::7]:4060', '2001:db8::8', '4D4D4D0000BC614F'])(
  'a meter is not met by %s',
  (address) => {
    expect(new Blacklist([entry(1, address)]).match(namesOfMeter(meter))).toBeUndefined();
  },
);

test('who is refused is named, with the reason', () => {
  const { guard } = guarded('42');
  expect(() => guard.require(['000000000042'], 'registration')).toThrow('stolen');
  expect(() => guard.require(['000000000043'], 'registration')).not.toThrow();
});

test('an hour of attempts is one event; the next one counts them', async () => {
  const { guard, events, clock } = guarded('42', '43');
  expect(guard.refuses(['42'], 'reading')).toBe(true);
  // The same attempt, asked for twice.
  guard.refuses(['42'], 'reading');
  expect(events).toEqual(['device-blacklisted 42: reading refused: stolen']);
  for (let i = 0; i < 3; i++) {
    await clock.advance(15 * MINUTE_MS);
    guard.refuses(['42'], 'reading');
  }
  expect(events).toHaveLength(1);
  guard.refuses(['43'], 'discovery');
  expect(events).toHaveLength(2);
  await clock.advance(15 * MINUTE_MS);
  guard.refuses(['000000000042'], 'reading');
  expect(events[2]).toBe(
    'device-blacklisted 000000000042 (entry 42): reading refused: stolen; 3 more attempts since the last entry',
  );
});

test('looking is no attempt, and who was taken off and put on again is told of at once', () => {
  const { guard, events } = guarded('42');
  expect(guard.match(['42'])?.id).toBe(1);
  expect(events).toEqual([]);
  guard.refuses(['42'], 'reading');
  guard.replace([]);
  expect(guard.refuses(['42'], 'reading')).toBe(false);
  guard.replace([entry(1, '42')]);
  guard.refuses(['42'], 'reading');
  expect(events).toHaveLength(2);
});
