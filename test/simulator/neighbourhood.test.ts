import { afterEach, describe, expect, test } from 'bun:test';
import { readdirSync, readlinkSync } from 'node:fs';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import { decodeDateTime, toUtcMs } from '../../src/dlms/datetime.ts';
import { i16, octetString, u16 } from '../../src/dlms/values.ts';
import { EVENT } from '../../src/simulator/event-codes.ts';
import { PUBLIC_CLIENT } from '../../src/simulator/meter.ts';
import type { Neighbourhood, ServedMeter } from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { registersAt } from '../../src/simulator/profile-rows.ts';
import { stampBytes } from '../../src/simulator/row-encoding.ts';
import { at, bytesOf, elementsOf, failure, get, numberOf, openTo, small, withMeter } from './reading.ts';
import { START_MS } from './sample.ts';

const CLOCK = at(8, '0.0.1.0.0.255');
const TOTAL = at(3, '1.0.1.8.0.255');
const DEVICE_ID = at(1, '0.0.96.1.0.255');
const RELAY = '0.0.96.3.10.255';

const open: Neighbourhood[] = [];
async function neighbourhood(...args: Parameters<typeof small>): Promise<Neighbourhood> {
  const started = await small(...args);
  open.push(started);
  return started;
}
afterEach(async () => {
  for (const started of open.splice(0)) await started.stop();
});

async function one(...args: Parameters<typeof small>): Promise<ServedMeter> {
  const [meter] = (await neighbourhood(...args)).meters;
  if (meter === undefined) throw new Error('no meter');
  return meter;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const codes = async (meter: ServedMeter, obis: string): Promise<number[]> =>
  await withMeter(meter, async (client) =>
    elementsOf(await get(client, at(7, obis))).map((row) => numberOf(elementsOf(row)[1])),
  );

describe.each(['wrapper', 'hdlc'] as const)('over TCP, %s', (framing) => {
  test.each(['none', 'lls', 'hls-gmac'] as const)(
    '%s: identification, clock, register, profile',
    async (auth) => {
      const meter = await one({ framing, auth });
      await withMeter(meter, async (client) => {
        expect(text(bytesOf(await get(client, DEVICE_ID)))).toBe(meter.meterNo);
        const shown = toUtcMs(decodeDateTime(bytesOf(await get(client, CLOCK))));
        expect(Math.abs((shown ?? 0) - meter.device.point.clock.at(meter.device.now()))).toBeLessThan(2000);
        expect(numberOf(await get(client, TOTAL))).toBe(
          registersAt(meter.device.point, meter.device.now()).activeImport[0],
        );
        const profile = elementsOf(await get(client, at(7, '1.0.99.1.0.255')));
        expect(profile.length).toBe(numberOf(await get(client, at(7, '1.0.99.1.0.255', 7))));
        expect(profile.length).toBeGreaterThan(3700);
      });
    },
  );
});

describe('profiles', () => {
  test('by entry and by range, also some columns only, agree with the whole', async () => {
    const meter = await one();
    const energy = at(7, '1.0.99.1.0.255');
    await withMeter(meter, async (client) => {
      const whole = elementsOf(await get(client, energy));
      const some = elementsOf(await get(client, energy, { by: 'entry', fromEntry: 11, toEntry: 20 }));
      expect(some).toEqual(whole.slice(10, 20));
      const last = await get(client, energy, { by: 'entry', fromEntry: whole.length, toEntry: 0 });
      expect(elementsOf(last)).toEqual(whole.slice(-1));
      const columns = await get(client, energy, {
        by: 'entry',
        fromEntry: 1,
        toEntry: 2,
        fromColumn: 3,
        toColumn: 4,
      });
      expect(elementsOf(columns).map(elementsOf)).toEqual(
        whole.slice(0, 2).map((row) => elementsOf(row).slice(2, 4)),
      );

      const stampOf = (row: number) => octetString(bytesOf(elementsOf(whole[row])[0]));
      const range = { by: 'range', restricting: CLOCK, from: stampOf(100), to: stampOf(295) } as const;
      expect(elementsOf(await get(client, energy, range))).toEqual(whole.slice(100, 296));
      const picked = await get(client, energy, {
        ...range,
        columns: [
          { ...TOTAL, dataIndex: 0 },
          { ...CLOCK, dataIndex: 0 },
        ],
      });
      expect(elementsOf(elementsOf(picked)[0])).toEqual(
        [2, 0].map((column) => elementsOf(whole[100])[column] ?? { type: 'null-data' }),
      );
    });
  });

  test('captured objects are there, with the classes that the columns name', async () => {
    const meter = await one();
    await withMeter(meter, async (client) => {
      const list = elementsOf(await get(client, at(15, '0.0.40.0.0.255', 2)));
      const served = new Map(
        list.map((entry) => {
          const [classId, version, name] = elementsOf(entry);
          return [bytesOf(name).join('.'), { classId: numberOf(classId), version: numberOf(version) }];
        }),
      );
      const profiles = [...served].filter(([, { classId }]) => classId === 7);
      expect(profiles).toHaveLength(9);
      for (const [obis, { version }] of profiles) {
        expect(version).toBe(1);
        for (const column of elementsOf(await get(client, at(7, obis, 3)))) {
          const [classId, name, attribute] = elementsOf(column);
          const captured = bytesOf(name).join('.');
          expect([captured, served.get(captured)?.classId]).toEqual([captured, numberOf(classId)]);
          const value = await client.get(at(numberOf(classId), captured, numberOf(attribute)));
          expect(value.ok).toBe(true);
        }
      }
    });
  });

  test('every readable attribute of the association view can be read, and nothing else', async () => {
    const meter = await one({ auth: 'lls' });
    await withMeter(meter, async (client) => {
      const list = elementsOf(await get(client, at(15, '0.0.40.0.0.255', 2)));
      expect(list.length).toBeGreaterThan(50);
      for (const entry of list) {
        const [classId, , name, rights] = elementsOf(entry);
        const obis = bytesOf(name).join('.');
        for (const right of elementsOf(elementsOf(rights)[0])) {
          const [attribute, mode] = elementsOf(right);
          const readable = (numberOf(mode) & 1) === 1;
          // The list itself was read already, and buffers are read elsewhere.
          if (numberOf(classId) === 15 || (numberOf(classId) === 7 && numberOf(attribute) === 2)) continue;
          const result = await client.get(at(numberOf(classId), obis, numberOf(attribute)));
          expect([obis, numberOf(attribute), result.ok]).toEqual([obis, numberOf(attribute), readable]);
          if (numberOf(attribute) === 1 && result.ok) expect(result.data.slice(2).join('.')).toBe(obis);
        }
      }
      const unknown = await client.get(at(3, '1.0.99.99.99.255'));
      expect(unknown).toEqual({ ok: false, result: 'object-undefined' });
    });
  });

  test('a single-phase meter has no second phase', async () => {
    const { meters } = await neighbourhood({ meters: 12 });
    for (const phases of [1, 3] as const) {
      const meter = meters.find((candidate) => candidate.phases === phases);
      if (meter === undefined) throw new Error(`no meter with ${phases} phases`);
      await withMeter(meter, async (client) => {
        expect((await client.get(at(3, '1.0.32.7.0.255'))).ok).toBe(true);
        expect((await client.get(at(3, '1.0.52.7.0.255'))).ok).toBe(phases === 3);
      });
    }
  });
});

describe('the public client', () => {
  test('sees clock, identification and invocation counter, and nothing of the consumption', async () => {
    const meter = await one({ auth: 'hls-gmac' });
    const readCounter = (): Promise<number> =>
      withMeter(meter, async (client) => numberOf(await get(client, at(1, '0.0.43.1.0.255'))), {
        client: PUBLIC_CLIENT,
      });
    expect(await readCounter()).toBe(0);
    await withMeter(meter, async (client) => get(client, TOTAL), { counter: 5_000_000 }).catch(() => {});
    expect(await readCounter()).toBe(5_000_000);
    await withMeter(
      meter,
      async (client) => {
        expect(text(bytesOf(await get(client, DEVICE_ID)))).toBe(meter.meterNo);
        expect((await client.get(CLOCK)).ok).toBe(true);
        for (const hidden of [TOTAL, at(7, '1.0.99.1.0.255'), at(70, RELAY)]) {
          expect((await client.get(hidden)).ok).toBe(false);
        }
        expect(await client.set(CLOCK, octetString(new Uint8Array(12)))).not.toBe('success');
        const list = elementsOf(await get(client, at(15, '0.0.40.0.0.255', 2)));
        expect(list.length).toBeLessThan(8);
      },
      { client: PUBLIC_CLIENT },
    );
  });
});

describe('doing things to a meter', () => {
  test('setting the clock moves it and is logged', async () => {
    const meter = await one();
    const { zone } = meter.device.plan;
    const target = meter.device.now() + 7_200_000;
    await withMeter(meter, async (client) => {
      expect(await client.set(CLOCK, octetString(stampBytes(zone, target)))).toBe('success');
      const shown = toUtcMs(decodeDateTime(bytesOf(await get(client, CLOCK)))) ?? 0;
      expect(Math.abs(shown - target)).toBeLessThan(3000);
      expect((await client.action(at(8, CLOCK.obis, 6), i16(-60))).result).toBe('success');
      const shifted = toUtcMs(decodeDateTime(bytesOf(await get(client, CLOCK)))) ?? 0;
      expect(Math.abs(shifted - target + 60_000)).toBeLessThan(3000);
      expect(await client.set(CLOCK, u16(1))).toBe('type-unmatched');
      expect((await client.action(at(8, CLOCK.obis, 6), i16(-901))).result).toBe('other-reason');
    });
    expect((await codes(meter, '0.0.99.98.0.255')).slice(-4)).toEqual([4, 5, 4, 5]);
  });

  test('the relay opens and closes for real', async () => {
    const meter = await one();
    await withMeter(meter, async (client) => {
      expect(encodeData(await get(client, at(70, RELAY)))).toEqual(Uint8Array.of(3, 1));
      expect((await client.action(at(70, RELAY, 1), { type: 'integer', value: 0 })).result).toBe('success');
      expect(encodeData(await get(client, at(70, RELAY)))).toEqual(Uint8Array.of(3, 0));
      expect(numberOf(await get(client, at(70, RELAY, 3)))).toBe(0);
      for (const power of ['1.0.1.7.0.255', '1.0.31.7.0.255']) {
        expect(numberOf(await get(client, at(3, power)))).toBe(0);
      }
      const { point } = meter.device;
      const now = meter.device.now();
      expect(registersAt(point, now + 86_400_000)).toEqual(registersAt(point, now));
      // The script does what the method does.
      expect((await client.action(at(9, '0.0.10.0.0.255', 1), u16(2))).result).toBe('success');
      expect(encodeData(await get(client, at(70, RELAY)))).toEqual(Uint8Array.of(3, 1));
    });
    expect((await codes(meter, '0.0.99.98.2.255')).slice(-2)).toEqual([
      EVENT.relayRemoteOff,
      EVENT.relayRemoteOn,
    ]);
  });

  test('a wrong password is refused and goes to the fraud log', async () => {
    const meter = await one({ auth: 'lls' });
    const attempt = withMeter(meter, async () => 'in', { password: 'guessed1' });
    expect(await failure(attempt)).toMatchObject({ code: 'association-refused' });
    expect((await codes(meter, '0.0.99.98.1.255')).at(-1)).toBe(EVENT.loginFailed);
  });
});

describe('attempts with other keys', () => {
  test.each(['encryptionKey', 'authenticationKey'] as const)(
    '%s: kept out, and in the fraud log',
    async (which) => {
      const meter = await one({ auth: 'hls-gmac' });
      const guessed = { ...meter, [which]: new Uint8Array(16).fill(7) };
      expect(await failure(withMeter(guessed, async () => 'in'))).toBeInstanceOf(DcuError);
      const code = (await codes(meter, '0.0.99.98.1.255')).at(-1);
      expect([EVENT.loginFailed, EVENT.decryptionFailed] as number[]).toContain(code ?? 0);
    },
  );

  test('a counter that was used before is refused and logged as a replay', async () => {
    const meter = await one({ auth: 'hls-gmac' });
    await withMeter(meter, async (client) => get(client, TOTAL));
    expect(await failure(withMeter(meter, async () => 'in', { counter: 3 }))).toBeInstanceOf(DcuError);
    expect((await codes(meter, '0.0.99.98.1.255')).at(-1)).toBe(EVENT.replayDetected);
  });
});

describe('faults', () => {
  const total = (meter: ServedMeter): Promise<number> =>
    withMeter(meter, async (client) => numberOf(await get(client, TOTAL)), { responseTimeoutMs: 400 });

  test('silence lasts until it is switched off', async () => {
    const meter = await one();
    meter.device.turnOn({ kind: 'silence' });
    expect(await failure(total(meter))).toMatchObject({ code: 'link-timeout' });
    meter.device.turnOff('silence');
    expect(await total(meter)).toBeGreaterThan(0);
  });

  test('wrong keys and refusals keep the reader out', async () => {
    const meter = await one({ auth: 'hls-gmac' });
    meter.device.turnOn({ kind: 'wrong-key' });
    expect(await failure(total(meter))).toBeInstanceOf(DcuError);
    meter.device.turnOff('wrong-key');
    expect(await total(meter)).toBeGreaterThan(0);
    meter.device.turnOn({ kind: 'refuse' });
    expect(await failure(total(meter))).toMatchObject({ code: 'association-refused' });
    meter.device.turnOff('refuse');
    expect(await total(meter)).toBeGreaterThan(0);
  });

  test('a reboot is silence, then a lost association and an event', async () => {
    const meter = await one();
    const channel = await openTo(meter);
    const closed = new Promise<void>((resolve) => channel.onClosed(() => resolve()));
    meter.device.turnOn({ kind: 'reboot', seconds: 0.5 });
    expect(await failure(total(meter))).toMatchObject({ code: 'link-timeout' });
    await closed;
    expect(await total(meter)).toBeGreaterThan(0);
    expect((await codes(meter, '0.0.99.98.0.255')).at(-1)).toBe(EVENT.watchdog);
  });

  test('flipped bits are survived by HDLC with retries', async () => {
    const meter = await one({ framing: 'hdlc' });
    meter.device.turnOn({ kind: 'flip', probability: 0.002 });
    const rows = await withMeter(
      meter,
      async (client) =>
        elementsOf(await get(client, at(7, '1.0.99.1.0.255'), { by: 'entry', fromEntry: 1, toEntry: 60 })),
      { responseTimeoutMs: 250, retries: 20 },
    );
    expect(rows).toHaveLength(60);
  });

  test('a jump of the clock shows, without an event', async () => {
    const meter = await one();
    const before = await codes(meter, '0.0.99.98.0.255');
    meter.device.turnOn({ kind: 'clock-jump', seconds: -86_400 });
    await withMeter(meter, async (client) => {
      const shown = toUtcMs(decodeDateTime(bytesOf(await get(client, CLOCK)))) ?? 0;
      expect(Math.abs(shown + 86_400_000 - meter.device.now())).toBeLessThan(60_000);
    });
    expect(await codes(meter, '0.0.99.98.0.255')).toEqual(before);
  });
});

describe('RS-485', () => {
  test('two meters on one line answer only for themselves', async () => {
    const { meters } = await neighbourhood({ meters: 2, rs485Lines: 1, metersPerLine: 2 });
    expect(new Set(meters.map((meter) => meter.serialPath)).size).toBe(1);
    for (const meter of [...meters, ...meters]) {
      const [id, total] = await withMeter(meter, async (client) => [
        text(bytesOf(await get(client, DEVICE_ID))),
        numberOf(await get(client, TOTAL)),
      ]);
      expect(id).toBe(meter.meterNo);
      expect(total).toBe(registersAt(meter.device.point, meter.device.now()).activeImport[0]);
    }
    const [first] = meters;
    if (first === undefined) throw new Error('no meter');
    const nobody = withMeter(first, async () => 'in', { physicalAddress: 99, responseTimeoutMs: 300 });
    expect(await failure(nobody)).toMatchObject({ code: 'link-timeout' });
  });

  test('a meter that begins with a sign-on shares its line with others that do not', async () => {
    const { meters } = await neighbourhood({ meters: 2, rs485Lines: 1, metersPerLine: 2, modeEPerLine: 1 });
    expect(meters.map(({ opening }) => opening)).toEqual([undefined, 'mode-e']);
    for (const meter of [...meters, ...meters]) {
      const id = await withMeter(meter, async (client) => text(bytesOf(await get(client, DEVICE_ID))), {
        responseTimeoutMs: 3000,
      });
      expect(id).toBe(meter.meterNo);
    }
    const [, signsOn] = meters;
    if (signsOn === undefined) throw new Error('no meter');
    const { opening: _, ...direct } = signsOn;
    const unasked = withMeter(direct, async () => 'in', { responseTimeoutMs: 300 });
    expect(await failure(unasked)).toMatchObject({ code: 'link-timeout' });
  }, 20_000);

  test('a silent meter does not keep its neighbour from answering, and comes back after a reboot', async () => {
    const { meters } = await neighbourhood({ meters: 2, rs485Lines: 1, metersPerLine: 2 });
    const [first, second] = meters;
    if (first === undefined || second === undefined) throw new Error('no meters');
    const id = (meter: ServedMeter): Promise<string> =>
      withMeter(meter, async (client) => text(bytesOf(await get(client, DEVICE_ID))), {
        responseTimeoutMs: 300,
      });
    first.device.turnOn({ kind: 'reboot', seconds: 0.5 });
    expect(await id(second)).toBe(second.meterNo);
    await Bun.sleep(700);
    expect(await id(first)).toBe(first.meterNo);
  });
});

describe('starting and stopping', () => {
  /** Sockets and terminals of this process. */
  const openFiles = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return /^socket:|^\/dev\/pt/.test(readlinkSync(`/proc/self/fd/${fd}`));
      } catch {
        // The directory's own descriptor is gone by now.
        return false;
      }
    }).length;

  /** Their number once those of tests before are gone, which the runtime closes when it comes to it. */
  async function restingFiles(): Promise<number> {
    let last = openFiles();
    for (let same = 0; same < 5; ) {
      await Bun.sleep(10);
      const now = openFiles();
      same = now === last ? same + 1 : 0;
      last = now;
    }
    return last;
  }

  async function untilOpenFiles(count: number): Promise<void> {
    for (let i = 0; i < 100 && openFiles() !== count; i++) await Bun.sleep(10);
    expect(openFiles()).toBe(count);
  }

  test('a port that is taken is an error that names it, and leaves nothing open', async () => {
    const taken = await one();
    const before = await restingFiles();
    const meters = planNeighbourhood({
      seed: 1,
      meters: 4,
      tcpBase: 0,
      framing: 'wrapper',
      auth: 'none',
      rs485Lines: 1,
      metersPerLine: 1,
    });
    const [first, second, third, onLine] = meters;
    if (first === undefined || second === undefined || third === undefined || onLine === undefined) {
      throw new Error('no plans');
    }
    const place = { kind: 'tcp', host: '127.0.0.1', port: taken.port ?? 0 } as const;
    expect(await failure(small({}, { meters: [onLine, first, second, { ...third, place }] }))).toMatchObject({
      code: 'channel-open-failed',
      message: expect.stringContaining(String(taken.port)),
    });
    await untilOpenFiles(before);
  });

  test('stop ends open connections and frees ports and lines', async () => {
    const before = await restingFiles();
    const started = await neighbourhood({ meters: 2, rs485Lines: 1, metersPerLine: 1 });
    const [tcp] = started.meters;
    if (tcp === undefined) throw new Error('no meters');
    const channel = await openTo(tcp);
    expect(openFiles()).toBeGreaterThan(before + 2);
    const closed = new Promise<void>((resolve) => channel.onClosed(() => resolve()));
    await started.stop();
    await closed;
    expect(await failure(openTo(tcp))).toMatchObject({ code: 'channel-open-failed' });
    await untilOpenFiles(before);
  });
});

test('in memory and virtual time a week passes at once, and the meter has lived through it', async () => {
  const clock = new VirtualClock(START_MS);
  const { meters } = await neighbourhood({ meters: 1, tcpBase: 'memory' }, { clock });
  const [meter] = meters;
  if (meter === undefined) throw new Error('no meter');
  const energy = at(7, '1.0.99.1.0.255');
  const read = async (): Promise<{ total: number; last: number }> => {
    const progress = { done: false };
    const reading = withMeter(
      meter,
      async (client) => {
        const total = numberOf(await get(client, TOTAL));
        const rows = numberOf(await get(client, at(7, energy.obis, 7)));
        const [row] = elementsOf(await get(client, energy, { by: 'entry', fromEntry: rows, toEntry: 0 }));
        return { total, last: toUtcMs(decodeDateTime(bytesOf(elementsOf(row)[0]))) ?? 0 };
      },
      { clock },
    ).finally(() => {
      progress.done = true;
    });
    while (!progress.done) await clock.advance(1);
    return await reading;
  };
  const before = await read();
  await clock.advance(7 * 86_400_000);
  const after = await read();
  expect(after.last - before.last).toBe(7 * 86_400_000);
  expect(after.total - before.total).toBeGreaterThan(10_000);
});

test('the same seed and start give the same answers over the wire', async () => {
  const read = async (): Promise<string> => {
    const meter = await one();
    return await withMeter(meter, async (client) => {
      const result = await client.get(at(7, '1.0.99.1.0.255'), { by: 'entry', fromEntry: 1, toEntry: 500 });
      return result.ok ? result.data.toHex() : result.result;
    });
  };
  expect(await read()).toBe(await read());
});

test('2,040 meters are served by one process', async () => {
  const before = process.memoryUsage().rss;
  const { meters } = await neighbourhood({ meters: 2040, framing: 'mixed', auth: 'mixed' });
  expect(meters).toHaveLength(2040);
  expect(new Set(meters.map((meter) => meter.port)).size).toBe(2040);
  for (const index of [0, 777, 2039]) {
    const meter = meters[index];
    if (meter === undefined) throw new Error('no such meter');
    await withMeter(meter, async (client) => {
      expect(text(bytesOf(await get(client, DEVICE_ID)))).toBe(meter.meterNo);
    });
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
});
