import { describe, expect, test } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import type { ChannelOpener } from '../../src/channels/channel.ts';
import { type LineAccess, LineChannels } from '../../src/meters/line-channels.ts';
import { emptyChannel, meter } from '../tasks/fake-meter.ts';

const { signal } = new AbortController();
const METER = meter(1);

/** A line whose settings can change, be switched off, or be no shared one. */
function setUp(shared = true) {
  const steps: string[] = [];
  let number = 0;
  const newOpener = (): ChannelOpener => ({
    name: '485_1',
    open: async () => {
      const name = `channel ${++number}`;
      steps.push(`open ${name}`);
      return emptyChannel(name, () => steps.push(`close ${name}`));
    },
  });
  let opener: ChannelOpener | undefined = newOpener();
  const access = (): LineAccess => {
    if (opener === undefined) throw new DcuError('channel-open-failed', 'off');
    return { lineName: '485_1', protocol: '485_test_fis', shared, opener };
  };
  const channels = new LineChannels(access);
  return {
    channels,
    steps,
    access,
    take: () => channels.take(METER, access(), signal),
    renew: () => {
      opener = newOpener();
    },
    switchOff: () => {
      opener = undefined;
    },
  };
}

describe('the channel of a line', () => {
  test('stays open between the meters of a shared line, and only there', async () => {
    const bus = setUp();
    const first = await bus.take();
    expect(first.before).toBe(false);
    await bus.channels.giveBack(first.channel);
    expect(await bus.take()).toEqual({ channel: first.channel, own: undefined, before: true });
    expect(bus.steps).toEqual(['open channel 1']);
    const own = setUp(false);
    await own.channels.giveBack((await own.take()).channel);
    expect((await own.take()).before).toBe(false);
    expect(own.steps).toEqual(['open channel 1', 'close channel 1', 'open channel 2']);
  });

  test('is not handed out again after a failure', async () => {
    const bus = setUp();
    await bus.channels.discard((await bus.take()).channel);
    expect((await bus.take()).before).toBe(false);
    expect(bus.steps).toEqual(['open channel 1', 'close channel 1', 'open channel 2']);
  });

  test.each(['renew', 'switchOff'] as const)(
    'is closed when the line changes (%s) while it is idle',
    async (how) => {
      const bus = setUp();
      await bus.channels.giveBack((await bus.take()).channel);
      await bus.channels.closeOutdated();
      expect(bus.steps).toEqual(['open channel 1']);
      bus[how]();
      await bus.channels.closeOutdated();
      expect(bus.steps).toEqual(['open channel 1', 'close channel 1']);
    },
  );

  test.each(['renew', 'switchOff'] as const)(
    'is closed on return when the line changed (%s) while it was used',
    async (how) => {
      const bus = setUp();
      const before = bus.access();
      const { channel } = await bus.take();
      expect(bus.channels.outdated(METER, before)).toBe(false);
      bus[how]();
      expect(bus.channels.outdated(METER, before)).toBe(true);
      await bus.channels.closeOutdated();
      expect(bus.steps).toEqual(['open channel 1']);
      await bus.channels.giveBack(channel);
      expect(bus.steps).toEqual(['open channel 1', 'close channel 1']);
    },
  );

  test('is replaced by one of the new settings even when nobody told of the change', async () => {
    const bus = setUp();
    await bus.channels.giveBack((await bus.take()).channel);
    bus.renew();
    expect((await bus.take()).before).toBe(false);
    expect(bus.steps).toEqual(['open channel 1', 'close channel 1', 'open channel 2']);
  });

  test('a line of its own is the same however often its way is looked up', async () => {
    const own = setUp(false);
    const before = own.access();
    own.renew();
    expect(own.channels.outdated(METER, before)).toBe(false);
    own.switchOff();
    expect(own.channels.outdated(METER, before)).toBe(true);
  });
});
