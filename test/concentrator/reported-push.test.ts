import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { silentLog } from '../../src/base/log.ts';
import type { Meter } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { type Pushed, startPushed } from '../../src/concentrator/pushed.ts';
import { encodeDataNotification } from '../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import { clientAddress, serverAddress } from '../../src/dlms/link/address.ts';
import { framePushed, type PushRoute } from '../../src/dlms/link/push-route.ts';
import { array, i8, logicalName, structure, u16, u32 } from '../../src/dlms/values.ts';
import { openPlcHouse, type PlcHouse } from './plc-house.ts';

setDefaultTimeout(60_000);

const CONFIRMED = 0x4000_0000;
const ENERGY = '1.0.1.8.0.255';
const RAW: PushRoute = { framing: 'raw' };

let house: PlcHouse | undefined;
let pushed: Pushed | undefined;
afterEach(async () => {
  await pushed?.channels.close();
  await house?.close();
  house = undefined;
});

async function open(): Promise<{ of: PlcHouse; intake: Pushed['intake']; meter: Meter; node: string }> {
  const of = await openPlcHouse({ meters: 3 });
  house = of;
  pushed = await startPushed({ clock: of.clock, random: new SeededRandom(3), log: silentLog }, of.core);
  await of.until(() => of.core.modules.get('reading_module')?.view.state === 'running');
  const [meter] = of.meters;
  if (meter === undefined) throw new Error('no meter');
  return { of, intake: pushed.intake, meter, node: meter.meterNo };
}

/** Energy import with its own description, as a meter pushes it. */
function notification(value: number, longInvoke = 1): Uint8Array {
  const object = (classId: number, obis: string) => structure(u16(classId), logicalName(obis), i8(2), u16(0));
  const objects = array([object(40, '0.0.25.9.0.255'), object(3, ENERGY)]);
  return encodeDataNotification({ longInvoke, body: encodeData(structure(objects, u32(value))) });
}

/** As UI frames of this station, cut after so many bytes. */
const hdlc = (apdu: Uint8Array, maxInfo = 200): Uint8Array[] =>
  framePushed(
    apdu,
    { framing: 'hdlc', source: serverAddress(1, 17, 4), destination: clientAddress(103) },
    { from: 'server', maxInfo },
  );

async function energy(of: PlcHouse, meterId: number): Promise<string | null | undefined> {
  const readings = await of.core.store.readings.registers(meterId);
  return readings.find(({ obis }) => obis === ENERGY)?.value;
}

test.each([
  ['as a bare APDU', (apdu: Uint8Array) => framePushed(apdu, RAW, { from: 'server' })],
  ['in an HDLC frame', (apdu: Uint8Array) => hdlc(apdu)],
  ['in HDLC segments over several reports', (apdu: Uint8Array) => hdlc(apdu, 20)],
] as const)('what a meter sends by itself %s is stored as its own, known by its node', async (_, framed) => {
  const { of, intake, meter, node } = await open();
  for (const message of framed(notification(4711))) of.module.reportData(node, message);
  await of.until(() => intake.counters.stored + intake.counters.refused === 1);
  expect(intake.counters).toMatchObject({ stored: 1, refused: 0, unplaced: 0 });
  expect(await energy(of, meter.id)).toBe('4711');
  for (const { id } of of.meters.slice(1)) expect(await energy(of, id)).toBeUndefined();
});

test('a confirmed one is confirmed through the module, to the meter that has sent it', async () => {
  const { of, intake, node } = await open();
  const heard: string[] = [];
  const { options } = of.module.module;
  const station = options.station(node);
  if (station === undefined) throw new Error('nobody at the node');
  const receive = station.receive.bind(station);
  station.receive = (bytes, nowMs) => {
    heard.push(bytes.toHex());
    return receive(bytes, nowMs);
  };
  const [message] = hdlc(notification(815, 7 | CONFIRMED));
  if (message === undefined) throw new Error('no frame');
  of.module.reportData(node, message);
  await of.until(() => intake.counters.confirmed === 1 && heard.length > 0);
  // The confirmation of the same invocation, in a UI frame.
  expect(heard).toHaveLength(1);
  expect(heard[0]).toContain('e6e6001040000007');
});

test('what nobody in the archive has sent is refused, and so is what a blacklisted meter sends, with its event', async () => {
  const { of, intake, meter, node } = await open();
  of.module.reportData('000000000099', notification(1));
  await of.until(() => intake.counters.unknownSenders === 1);
  await of.core.store.blacklist.add(node, 'tampered with');
  of.module.reportData(node, notification(2));
  await of.until(() => intake.counters.refused === 2);
  expect(intake.counters).toMatchObject({ stored: 0, unknownSenders: 1 });
  expect(await energy(of, meter.id)).toBeUndefined();
  const entries = await of.logbook();
  expect(entries.filter(({ type }) => type === 'device-blacklisted')).toMatchObject([
    { detail: expect.stringContaining('pushing refused') },
  ]);
  expect(entries.filter(({ type }) => type === 'push-unknown-sender')).toHaveLength(1);
});
