import { ownInterfaces } from '../../src/concentrator/own-network.ts';
import { sapOf } from '../../src/headend/meter-saps.ts';
import {
  AUTHENTICATION_KEY,
  ENCRYPTION_KEY,
  openServed,
  PASSWORD,
  type ServedHouse,
} from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, pythonPeer } from './environments.ts';
import { askPeer, HES_TITLE, outcome } from './head-end-peer.ts';

export const HEAD_END_OBJECTS = 'Gurux as head-end, objects of the concentrator';

const HOUR_MS = 3_600_000;
const SHIFT_S = -600;
/** What an operation may take until its answer is there. */
const SLACK_MS = 60_000;
const SETTING = ['login.attempts', '7'] as const;
const METER = 'BY-GURUX-1';
const HOST = '192.0.2.77';
const APN = 'gurux.example';
const DESTINATION = '192.0.2.1:4059';
/** Bit 7 of the clock's status. */
const DAYLIGHT_SAVING = '128';

type Told = Readonly<Record<string, { readonly value: unknown } | { readonly error: string }>>;

/** Gurux writes times to the second. */
const isoOf = (ms: number): string =>
  new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/**
 * The Gurux client sets the clock of a concentrator and reads it back, changes settings and the meter list, and reads how it
 * communicates; what it was told, and what the concentrator then has, must be the same.
 */
export async function headEndObjectsCells(environment?: Environment): Promise<Cell[]> {
  const gurux = environment ?? (await pythonPeer('gurux', ['-O']));
  const served = await openServed({ meters: 1 });
  try {
    await served.attributes({
      'hes.auth': 'hls-gmac',
      'hes.rights': 'full',
      'hes.encryption.key': ENCRYPTION_KEY,
      'hes.authentication.key': AUTHENTICATION_KEY,
    });
    const [host = '', port = ''] = DESTINATION.split(':');
    await served.attributes({ 'ip.1': host, 'port.1': port, connect: 'off' }, 'tcp_client');
    const beganMs = Date.now();
    const wantedMs = beganMs + 40 * HOUR_MS;
    const told = await outcome(() =>
      askPeer<Told>(gurux, 'hes_objects', {
        port: served.port,
        world: { password: new TextEncoder().encode(PASSWORD).toHex(), clientTitle: HES_TITLE },
        kind: {
          client: 1,
          auth: 'hls-gmac',
          suite: 0,
          encryptionKey: ENCRYPTION_KEY,
          authenticationKey: AUTHENTICATION_KEY,
        },
        clock: isoOf(wantedMs),
        shift: SHIFT_S,
        setting: SETTING,
        meter: METER,
        columns: { Channel: 'tcp_meters', Host: HOST, Port: '4059' },
        apn: APN,
      }),
    );
    const checks: Readonly<Record<string, (value: unknown) => Promise<void>>> = {
      'clock set': async (value) => checkClock(value, beganMs, wantedMs),
      settings: (value) => checkSettings(value, served),
      'meter list': (value) => checkMeters(value, served),
      communication: (value) => checkCommunication(value, served),
    };
    const common = {
      direction: HEAD_END_OBJECTS,
      framing: 'wrapper',
      referencing: 'ln',
      association: 'hls-gmac',
    } as const;
    const cells: Cell[] = [];
    for (const [operation, check] of Object.entries(checks)) {
      const checked =
        'value' in told ? await outcome(() => check(broughtBy(told.value[operation], operation))) : told;
      cells.push(
        'value' in checked
          ? { ...common, operation, outcome: 'passed' }
          : { ...common, operation, outcome: 'failed', reason: checked.reason },
      );
    }
    return cells;
  } finally {
    await served.end();
  }
}

function broughtBy(told: Told[string] | undefined, operation: string): unknown {
  if (told === undefined) throw new Error(`nothing of ${operation}`);
  if ('error' in told) throw new Error(told.error);
  return told.value;
}

function must(holds: boolean, value: unknown): void {
  if (!holds) throw new Error(JSON.stringify(value));
}

const list = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw new Error(JSON.stringify(value));
};

/** Time before, after it was set, status, after a shift, and what became of a time of the last century. */
function checkClock(value: unknown, beganMs: number, wantedMs: number): void {
  const [before, after, status, shifted, past] = list(value);
  const near = (text: unknown, ms: number): boolean => Math.abs(Date.parse(String(text)) - ms) < SLACK_MS;
  must(near(before, beganMs), value);
  must(near(after, wantedMs), value);
  must(near(shifted, wantedMs + SHIFT_S * 1000), value);
  must((status === '0' || status === DAYLIGHT_SAVING) && past === 'refused', value);
}

async function checkSettings(value: unknown, served: ServedHouse): Promise<void> {
  const [before, after, refused, why] = list(value) as readonly Record<string, string | null>[];
  const [key, wanted] = SETTING;
  must(before?.[key] === '5' && after?.[key] === wanted, value);
  must(after?.['ppp.pin'] === null, value);
  must(String(refused) === 'refused' && String(why).startsWith(key), { refused, why });
  const { configuration } = served.house.concentrator.store;
  must((await configuration.setting(key)) === wanted, await configuration.setting(key));
}

async function checkMeters(value: unknown, served: ServedHouse): Promise<void> {
  const { rows } = await served.house.concentrator.store.archive.list({});
  const expected = rows.map(({ id, meterNo, channel }) => [sapOf(id), meterNo, channel]);
  must(Bun.deepEquals(value, expected), value);
  must(rows.find(({ meterNo }) => meterNo === METER)?.address.host === HOST, rows);
}

async function checkCommunication(value: unknown, served: ServedHouse): Promise<void> {
  const [first] = ownInterfaces();
  const expected = {
    address: first?.ipv4?.address ?? '0.0.0.0',
    netmask: first?.ipv4?.netmask ?? '0.0.0.0',
    mac: [...(first?.hardwareAddress ?? [])]
      .map((byte) => byte.toString(16).padStart(2, '0').toUpperCase())
      .join(':'),
    port: served.port,
    modem: 0,
    destinations: [DESTINATION],
  };
  must(Bun.deepEquals(value, expected), { value, expected });
  const apn = await served.house.concentrator.store.configuration.setting('ppp.apn');
  must(apn === APN, apn);
}
