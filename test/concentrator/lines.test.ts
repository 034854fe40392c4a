import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import type { Attribute, Channel, CommType } from '../../src/base/model.ts';
import { LineDirectory } from '../../src/concentrator/lines.ts';
import { systemTransports } from '../../src/concentrator/transports.ts';
import { meter } from '../tasks/fake-meter.ts';

const channel = (id: number, name: string, commType: CommType): Channel => ({
  id,
  name,
  commType,
  protocol: '485_test_fis',
  task: 'empty_task',
  enabled: true,
  readTimeoutS: 5,
  writeTimeoutS: 5,
  description: '',
});

async function setUp() {
  const channels = [channel(1, '485_1', 4), channel(2, '485_2', 7), channel(3, 'tcp_meters', 12)];
  const attributes: Attribute[] = [];
  const set = (owner: string, key: string, value: string): void => {
    attributes.push({ id: attributes.length + 1, owner, key, value, description: '' });
  };
  set('485_1', 'device', '/dev/ttyS1');
  set('485_2', 'device', '/dev/ttyS2');
  const configuration = { channels: async () => channels, channelAttributes: async () => attributes };
  const lines = new LineDirectory(configuration, systemTransports(new VirtualClock(0)));
  await lines.reload();
  const open = (name: string) => lines.open(meter(1, { channel: name }));
  return { channels, set, lines, open };
}

test('a serial line keeps its opener until its own settings change', async () => {
  const { set, lines, open } = await setUp();
  const [first, second] = [open('485_1'), open('485_2')];
  await lines.reload();
  expect([open('485_1').opener === first.opener, open('485_2').opener === second.opener]).toEqual([
    true,
    true,
  ]);
  for (const [key, value] of [
    ['baud', '2400'],
    ['parity', 'even'],
    ['device', '/dev/ttyUSB0'],
  ] as const) {
    const before = open('485_1').opener;
    set('485_1', key, value);
    await lines.reload();
    expect([key, open('485_1').opener === before]).toEqual([key, false]);
    expect(open('485_2').opener).toBe(second.opener);
  }
});

test('a line that is off, unknown, leads nowhere or has no device is an error that says which', async () => {
  const { channels, set, lines, open } = await setUp();
  expect(() => open('485_9')).toThrow(expect.objectContaining({ code: 'not-found', field: 'channel' }));
  set('485_1', 'device', '');
  for (const [index, one] of channels.entries())
    if (one.name === '485_2') channels[index] = { ...one, enabled: false };
  channels.push(channel(4, 'gprs', 2));
  await lines.reload();
  for (const [name, field] of [
    ['485_1', 'device'],
    ['485_2', 'channel'],
    ['gprs', 'channel'],
  ] as const) {
    expect(() => open(name)).toThrow(expect.objectContaining({ code: 'channel-open-failed', field }));
  }
  expect(() => open('tcp_meters')).toThrow(
    expect.objectContaining({ code: 'invalid-field', field: 'address.host' }),
  );
});
