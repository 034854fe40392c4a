import type { CaptureColumn, EventLog, NewMeter, ProfileRows } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { NetworkNode, Store } from '../../src/store/types.ts';

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const DAYS = 20;

const register = (obis: string, unit: number, scaler = 0): CaptureColumn => ({
  classId: 3,
  obis,
  attribute: 2,
  dataIndex: 0,
  scaler,
  unit,
});

/** Meters with twenty days of data behind `nowMs`, gaps included, for looking at the GUI. */
export async function seedStore(store: Store, meters: number, nowMs: number): Promise<void> {
  const channels = (await store.configuration.channels()).map((channel) => channel.name);
  for (let i = 0; i < meters; i++) {
    const row = await store.archive.create(newMeter(i, channels), {
      password: new TextEncoder().encode('12345678'),
      ...(i % 3 === 0
        ? {}
        : { encryptionKey: new Uint8Array(16).fill(i), authenticationKey: new Uint8Array(16).fill(i) }),
    });
    const lastSeen = nowMs - ((i * 37) % 600) * 1000;
    await store.collection.saveMeterState(
      row.id,
      i % 11 === 5 ? 'offline' : i % 17 === 16 ? 'unknown' : 'online',
      lastSeen,
    );
    if (i < 6) await seedReadings(store, row.id, nowMs, new SeededRandom(row.id));
  }
  await seedFound(store, nowMs);
}

/** A network behind the PLC module: its first station is a meter, its last was seen an hour before the others. */
export async function seedNetwork(
  store: Store,
  nodes: readonly Omit<NetworkNode, 'seenAt'>[],
  nowMs: number,
): Promise<void> {
  const meter = (meterNo: string): NewMeter => ({
    ...newMeter(0, ['reading_module']),
    meterNo,
    address: { framing: 'wrapper', clientAddress: 1, serverAddress: 1, addressBytes: 1 },
    security: { auth: 'none', policy: 'none' },
  });
  await store.archive.create(meter(nodes[1]?.address ?? ''), {});
  await store.archive.create(meter('000099999999'), {});
  await store.networks.saveNodes('reading_module', nodes.slice(-1), nowMs - 3_600_000);
  await store.networks.saveNodes('reading_module', nodes.slice(0, -1), nowMs);
}

/** A node that the network told of, and a meter that a scan of a line has asked. */
async function seedFound(store: Store, nowMs: number): Promise<void> {
  const seenAt = nowMs - 300_000;
  await store.found.note({ channel: 'reading_module', address: '000011539999', via: 'report', seenAt });
  await store.found.note({
    channel: '485_1',
    address: '1/99',
    via: 'scan',
    seenAt: nowMs - 60_000,
    proposal: {
      meter: {
        meterNo: '0011540099',
        channel: '485_1',
        profile: 'generic',
        phase: 3,
        address: {
          framing: 'hdlc',
          clientAddress: 16,
          serverAddress: 1,
          physicalAddress: 199,
          addressBytes: 4,
        },
        security: { auth: 'none', policy: 'none', systemTitle: '4D4D4D0000BC6199' },
      },
      authenticated: false,
      profiles: [{ name: 'generic', score: 0.6 }],
      facts: {},
      troubles: [],
    },
  });
}

function newMeter(i: number, channels: readonly string[]): NewMeter {
  const tcp = i % 3 !== 0;
  const channel = tcp ? 'tcp_meters' : '485_1';
  return {
    meterNo: String(11_539_400 + i * 7).padStart(10, '0'),
    enabled: i % 13 !== 12,
    mac: -1,
    channel: channels.includes(channel) ? channel : (channels[0] ?? ''),
    meterType: 1,
    phase: i % 4 === 0 ? 3 : 1,
    credit: 1,
    task: i % 4 === 0 ? 'three_phase' : 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: tcp
      ? {
          framing: 'wrapper',
          host: '127.0.0.1',
          port: 40_000 + i,
          clientAddress: 1,
          serverAddress: 1,
          addressBytes: 1,
        }
      : {
          framing: 'hdlc',
          clientAddress: 1,
          serverAddress: 1,
          physicalAddress: 17 + (i % 100),
          addressBytes: 2,
        },
    security: tcp
      ? { auth: 'hls-gmac', policy: 'auth-enc', systemTitle: '4d4d4d0000bc614e' }
      : { auth: 'lls', policy: 'none' },
  };
}

async function seedReadings(
  store: Store,
  meterId: number,
  nowMs: number,
  random: SeededRandom,
): Promise<void> {
  const end = Math.floor(nowMs / QUARTER_MS) * QUARTER_MS;
  const start = end - DAYS * DAY_MS;
  const times: number[] = [];
  const imported: number[] = [];
  const exported: number[] = [];
  const voltage: number[] = [];
  let energy = 1_234_567;
  let back = 45_678;
  for (let time = start; time <= end; time += QUARTER_MS) {
    const hour = (time / 3_600_000) % 24;
    const evening = Math.exp(-((hour - 18.5) ** 2) / 5) * 620 + Math.exp(-((hour - 7) ** 2) / 3) * 300;
    const sun = Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI)) * 240;
    energy += Math.round(60 + evening * (0.7 + random.next() * 0.6) + random.next() * 40);
    back += Math.round(sun * random.next());
    const age = (end - time) / DAY_MS;
    // Two holes: one that the meter does not have, one that has not been fetched.
    if ((age > 4.2 && age < 4.7) || (age > 1.1 && age < 1.4)) continue;
    times.push(time);
    imported.push(energy);
    exported.push(back);
    voltage.push(2300 + Math.round((random.next() - 0.5) * 80));
  }
  const energyRows: ProfileRows = {
    times: Float64Array.from(times),
    clockStatus: new Uint8Array(times.length),
    columns: [
      register('1.0.1.8.0.255', 30),
      register('1.0.2.8.0.255', 30),
      register('1.0.32.7.0.255', 35, -1),
    ],
    values: [imported, exported, voltage].map((values) => ({
      kind: 'number',
      values: Float64Array.from(values),
    })),
  };
  const unread = { fromMs: end - 1.4 * DAY_MS, toMs: end - 1.1 * DAY_MS };
  await store.collection.appendProfile(meterId, 'energy', energyRows, { fromMs: start, toMs: unread.fromMs });
  await store.collection.appendProfile(meterId, 'energy', energyRows, { fromMs: unread.toMs, toMs: nowMs });
  const demandTimes = times.filter((time) => time % 3_600_000 === 0);
  await store.collection.appendProfile(
    meterId,
    'demand',
    {
      times: Float64Array.from(demandTimes),
      clockStatus: new Uint8Array(demandTimes.length),
      columns: [register('1.0.1.4.0.255', 27), register('1.0.2.4.0.255', 27)],
      values: [400, 120].map((base) => ({
        kind: 'number',
        values: Float64Array.from(demandTimes, () => Math.round(base * (0.5 + random.next()))),
      })),
    },
    { fromMs: start, toMs: nowMs },
  );
  const now = new Date(nowMs);
  const months = Array.from({ length: 13 }, (_, i) =>
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 12 + i, 1),
  );
  await store.collection.appendProfile(
    meterId,
    'billing',
    {
      times: Float64Array.from(months),
      clockStatus: new Uint8Array(13),
      columns: [register('1.0.1.8.0.255', 30), register('1.0.2.8.0.255', 30), register('1.0.1.6.0.255', 27)],
      values: [
        (i: number) => 800_000 + i * 34_567,
        (i: number) => 9_000 + i * 2_345,
        (i: number) => 4_000 + i * 31,
      ].map((of) => ({ kind: 'number', values: Float64Array.from(months, (_, i) => of(i)) })),
    },
    { fromMs: months[0] ?? 0, toMs: nowMs },
  );
  const logs: readonly (readonly [EventLog, number])[] = [
    ['fraud', 40],
    ['fraud', 41],
    ['relay', 60],
    ['standard', 1],
    ['standard', 2],
    ['standard', 4],
    ['power-quality', 76],
  ];
  for (const [i, [log, code]] of logs.entries()) {
    const events = Array.from({ length: 3 }, (_, n) => ({
      time: end - n * 2 * DAY_MS - i * 3_700_000,
      code,
      clockStatus: 0,
      extra: {},
    }));
    await store.collection.appendEvents(meterId, log, events, { fromMs: start, toMs: nowMs });
  }
  await store.collection.saveRegisters(
    (
      [
        ['1.0.1.7.0.255', '742', 27, 0],
        ['1.0.1.8.0.255', String(energy), 30, 0],
        ['1.0.2.8.0.255', String(back), 30, 0],
        ['1.0.32.7.0.255', '2314', 35, -1],
      ] as const
    ).map(([obis, value, unit, scaler]) => ({
      meterId,
      classId: 3,
      obis,
      attribute: 2,
      time: nowMs - 120_000,
      type: 'double-long-unsigned',
      value,
      scaler,
      unit,
    })),
  );
}
