import { afterEach, describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes } from '../../src/base/bytes.ts';
import type { ByteChannel, ChannelOpener } from '../../src/channels/channel.ts';
import type { Transports } from '../../src/concentrator/transports.ts';
import { G3World } from './world.ts';

const OLD = new Uint8Array(16).fill(0x21);
const NEW = new Uint8Array(16).fill(0x43);

let world: G3World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

const PROFILE = {
  name: 'g3-sim',
  g3Psk: {
    obis: '0.0.29.2.128.255',
    attribute: 2,
    wrap: 'kek',
    checkValue: { obis: '0.0.29.2.129.255' },
  },
};

/** Keeps all bytes that go over the connections of either kind. */
function tapped(sent: Uint8Array[]): (plain: Transports) => Transports {
  const tap = (opener: ChannelOpener): ChannelOpener => ({
    name: opener.name,
    open: async (signal) => {
      const channel = await opener.open(signal);
      const write = channel.write.bind(channel);
      const own: ByteChannel = {
        name: channel.name,
        write: (bytes) => {
          sent.push(bytes.slice());
          return write(bytes);
        },
        onBytes: (listener) => channel.onBytes(listener),
        onClosed: (listener) => channel.onClosed(listener),
        close: () => channel.close(),
      };
      return own;
    },
  });
  return (plain) => ({
    ...plain,
    tcp: (endpoint) => tap(plain.tcp(endpoint)),
    udp: (endpoint) => tap(plain.udp(endpoint)),
  });
}

async function opened(
  meters: number,
): Promise<{ readonly of: G3World; readonly sent: readonly Uint8Array[] }> {
  const sent: Uint8Array[] = [];
  const of = new G3World({
    seed: 21,
    meters,
    auth: 'hls-gmac',
    network: { preSharedKey: OLD, takeOverMs: 100 },
    transports: tapped(sent),
  });
  world = of;
  mkdirSync(join(of.directory, 'profiles'), { recursive: true });
  writeFileSync(join(of.directory, 'profiles', 'g3-sim.json'), JSON.stringify(PROFILE));
  await of.open();
  return { of, sent };
}

const inUse = (of: G3World, meterNo: string): Uint8Array =>
  of.network.key(meterNo)?.at(Date.now()) ?? new Uint8Array(0);

describe('a change of keys over real associations', () => {
  test('reaches every meter, and the key goes over no wire in the clear', async () => {
    const { of, sent } = await opened(4);
    const meters = await of.addAll({ profile: 'g3-sim' });
    await of.core.collector.round({ types: ['G3 Path Discovery'] });
    const keys = of.core.networkKeys;
    await keys.set('g3_meters', 0, OLD, 'admin');
    const { change, meters: rows } = await keys.plan('g3_meters', 0, NEW, 'admin');
    expect(rows.every(({ reachable, obstacle }) => reachable && obstacle === null)).toBe(true);
    const levels = rows.map(({ level }) => level ?? 0);
    expect(levels).toEqual(levels.toSorted((a, b) => b - a));
    await keys.run(change.id, 'admin');
    await keys.ended(change.id);
    expect(await of.core.store.networkKeys.change(change.id)).toMatchObject({ state: 'done' });
    for (const { meterNo } of meters) expect(equalBytes(inUse(of, meterNo), NEW)).toBe(true);
    const wire = sent.map((bytes) => bytes.toHex()).join('|');
    expect(wire.length).toBeGreaterThan(1_000);
    for (const key of [OLD, NEW]) expect(wire).not.toContain(key.toHex());
    expect((await of.logbook('network-key')).join('\n')).toContain('was changed');
  }, 30_000);

  test('goes on with the next run of the concentrator', async () => {
    const { of } = await opened(3);
    const meters = await of.addAll({ profile: 'g3-sim' });
    const keys = of.core.networkKeys;
    await keys.set('g3_meters', 0, OLD, 'admin');
    const { change } = await keys.plan('g3_meters', 0, NEW, 'admin');
    await keys.run(change.id, 'admin');
    await of.stopCore();
    await of.startCore();
    await of.core.networkKeys.ended(change.id);
    expect(await of.core.store.networkKeys.change(change.id)).toMatchObject({ state: 'done' });
    for (const { meterNo } of meters) expect(equalBytes(inUse(of, meterNo), NEW)).toBe(true);
  }, 30_000);

  test('never begins at a meter whose association is not encrypted', async () => {
    const { of, sent } = await opened(2);
    const [meter] = await of.addAll({ profile: 'g3-sim' });
    if (meter === undefined) throw new Error('no meter');
    const { security } = meter;
    await of.core.store.archive.update(meter.id, { security: { ...security, policy: 'auth' } });
    const keys = of.core.networkKeys;
    await keys.set('g3_meters', meter.id, OLD, 'admin');
    const { change, meters } = await keys.plan('g3_meters', meter.id, NEW, 'admin');
    expect(meters.map(({ obstacle }) => obstacle)).toEqual([
      'its association is not authenticated and encrypted',
    ]);
    await expect(keys.run(change.id, 'admin')).rejects.toMatchObject({ code: 'conflict' });
    expect(sent).toEqual([]);
  });
});
