import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import type { MeterSecrets } from '../../src/base/model.ts';
import { encodeAare, USER_DIAGNOSTICS, type UserDiagnostic } from '../../src/dlms/apdu/aare.ts';
import { encodeExceptionResponse } from '../../src/dlms/apdu/exception.ts';
import type { ServedMeter } from '../../src/simulator/neighbourhood.ts';
import { energyRows } from '../../src/simulator/profile-rows.ts';
import { type House, openHouse, secretsOf } from '../concentrator/house.ts';
import { beginning } from '../meters/beginning.ts';
import { type Neighbours, startNeighbours } from './neighbours.ts';
import { openTap, type Tap } from './tap.ts';

setDefaultTimeout(30_000);

const DAY_MS = 86_400_000;
const AARQ = 0x60;
const GLO_GET_REQUEST = 0xc8;
const GLO_GET_RESPONSE = 0xcc;
const GLO_ACTION_RESPONSE = 0xcf;

let house: House | undefined;
let neighbours: Neighbours | undefined;
let tap: Tap | undefined;
afterEach(async () => {
  await house?.end();
  await tap?.close();
  await neighbours?.stop();
  house = undefined;
  tap = undefined;
  neighbours = undefined;
});

/** Every form in which these bytes could be printed. */
function spellings(secret: Uint8Array): string[] {
  return [secret.toHex(), secret.toHex().toUpperCase(), secret.toBase64(), [...secret].join(',')];
}

/** The counters of a client that a meter is asked to accept, in the order in which they come. */
function countersSeen(served: ServedMeter): number[] {
  const seen: number[] = [];
  const { device } = served;
  const accept = device.acceptInvocationCounter.bind(device);
  device.acceptInvocationCounter = (client, counter) => {
    seen.push(counter);
    return accept(client, counter);
  };
  return seen;
}

describe('a meter that does not let us in', () => {
  const refusals = Object.keys(USER_DIAGNOSTICS).filter((name) => name !== 'null') as UserDiagnostic[];
  test('each diagnostic of a refusing AARE is shown by its name', async () => {
    neighbours = await startNeighbours();
    tap = openTap(neighbours.at(0));
    house = await openHouse();
    const meter = await house.serve(neighbours.at(0), tap);
    for (const diagnostic of refusals) {
      const aare = encodeAare({ context: 'ln', result: 'rejected-permanent', diagnostic });
      tap.hooks = {
        request: (apdu, answer) => {
          if (apdu[0] === AARQ) answer(aare);
          return apdu[0] === AARQ ? undefined : apdu;
        },
      };
      const { failures } = await house.round(['Energy profile']);
      expect(failures).toMatchObject([{ code: 'association-refused' }]);
      const { state, lastError } = await house.settled(meter.id);
      expect(state).toBe('offline');
      expect(lastError?.code).toBe('association-refused');
      expect(lastError?.message).toContain(`rejected-permanent, ${diagnostic}`);
    }
    tap.hooks = {};
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    expect(await house.settled(meter.id)).toMatchObject({ state: 'online', lastError: null });
  });

  test('a wrong password', async () => {
    neighbours = await startNeighbours({ auth: 'lls', meters: 2 });
    house = await openHouse();
    const password = new TextEncoder().encode('Secret-4711');
    const wrong = await house.serve(neighbours.at(0), {}, { password });
    await house.serve(neighbours.at(1));
    const summary = await house.round(['Energy profile']);
    expect(summary).toMatchObject({ meters: 2, read: 1, failed: 1 });
    expect(summary.failures).toMatchObject([
      { code: 'association-refused', meterNo: neighbours.at(0).meterNo },
    ]);
    const shown = await house.settled(wrong.id);
    expect(shown.lastError?.message).toContain('authentication-failure');
    for (const form of ['Secret-4711', neighbours.at(0).password ?? '?', ...spellings(password)]) {
      expect(house.told).not.toContain(form);
      expect(JSON.stringify(shown)).not.toContain(form);
    }
    await house.concentrator.store.archive.update(wrong.id, {}, secretsOf(neighbours.at(0)));
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });

  const key = (seed: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (seed + i * 37) & 0xff);
  const wrongKeys: readonly (readonly [string, MeterSecrets])[] = [
    ['encryption key', { encryptionKey: key(0x9a) }],
    ['authentication key', { authenticationKey: key(0x5c) }],
    ['both keys', { encryptionKey: key(0x9a), authenticationKey: key(0x5c) }],
  ];
  test.each(wrongKeys)('a wrong %s', async (_, wrong) => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    const served = neighbours.at(0);
    house = await openHouse();
    const meter = await house.serve(served, {}, { ...secretsOf(served), ...wrong });
    const { failures } = await house.round(['Energy profile', 'Fraud Event']);
    expect(failures).toHaveLength(2);
    const { state, lastError } = await house.settled(meter.id);
    expect(state).toBe('offline');
    expect(lastError?.code).toMatch(
      /^(association-refused|authentication-failed|decryption-failed|exception-response)$/,
    );
    expect(lastError?.message).toMatch(/authentication|deciphering|key/);
    const all = JSON.stringify([house.told, failures, await house.api(`/api/meters/${meter.id}`)]);
    const secrets = [...Object.values(secretsOf(served)), ...Object.values(wrong)];
    for (const secret of secrets) for (const form of spellings(secret)) expect(all).not.toContain(form);
    await house.concentrator.store.archive.update(meter.id, {}, secretsOf(served));
    expect(await house.round(['Energy profile', 'Fraud Event'])).toMatchObject({ failed: 0 });
    expect(await house.settled(meter.id)).toMatchObject({ state: 'online', lastError: null });
  });

  test('a meter that does not know the keys itself', async () => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    tap = openTap(neighbours.at(0), {
      response: (apdu) =>
        apdu[0] === GLO_ACTION_RESPONSE ? apdu.with(apdu.length - 1, (apdu.at(-1) ?? 0) ^ 1) : apdu,
    });
    house = await openHouse();
    const meter = await house.serve(neighbours.at(0), tap);
    const { failures } = await house.round(['Energy profile']);
    expect(failures).toMatchObject([{ code: 'decryption-failed' }]);
    expect(await house.settled(meter.id)).toMatchObject({
      state: 'offline',
      lastError: { code: 'decryption-failed' },
    });
  });
});

describe('a line on which somebody interferes', () => {
  test('a frame of the meter is played back', async () => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    house = await openHouse();
    let recorded: Uint8Array | undefined;
    let answers = 0;
    tap = openTap(neighbours.at(0), {
      response: (apdu) => {
        if (apdu[0] !== GLO_GET_RESPONSE) return apdu;
        answers++;
        if (answers === 4) recorded = apdu;
        return answers === 12 ? recorded : apdu;
      },
    });
    const meter = await house.serve(neighbours.at(0), tap);
    const began = await beginning();
    const first = await house.round(['Energy profile']);
    expect(first.failures).toMatchObject([{ code: 'replay-detected' }]);
    expect(first.failures[0]?.message).toMatch(/invocation counter \d+ is below \d+/);
    // What came before it is kept.
    expect(first.profileRows).toBeGreaterThan(0);
    expect(await house.settled(meter.id)).toMatchObject({
      state: 'offline',
      lastError: { code: 'replay-detected' },
    });
    const second = await house.round(['Energy profile']);
    expect(second).toMatchObject({ failed: 0 });
    const { stamps } = energyRows(neighbours.at(0).device.point, Date.now());
    const wanted = [...stamps].filter((time) => time >= began - 20 * DAY_MS && time < began);
    const stored = await house.concentrator.store.readings.profile(meter.id, 'energy', {
      fromMs: 0,
      toMs: began,
    });
    expect([...(stored?.times ?? [])]).toEqual(wanted);
  });

  test('a bit of a ciphered answer is flipped', async () => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    let answers = 0;
    tap = openTap(neighbours.at(0), {
      response: (apdu) =>
        apdu[0] === GLO_GET_RESPONSE && ++answers === 9 ? apdu.with(40, (apdu[40] ?? 0) ^ 0x10) : apdu,
    });
    house = await openHouse();
    await house.serve(neighbours.at(0), tap);
    const first = await house.round(['Energy profile']);
    expect(first.failures).toMatchObject([{ code: 'decryption-failed' }]);
    expect(first.profileRows).toBeGreaterThan(0);
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });

  test('an answer comes without the protection that was agreed', async () => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    let answers = 0;
    tap = openTap(neighbours.at(0), {
      response: (apdu) =>
        apdu[0] === GLO_GET_RESPONSE && ++answers === 5
          ? Uint8Array.of(0xc4, 1, 0xc1, 0, 0x06, 0, 0, 0, 1)
          : apdu,
    });
    house = await openHouse();
    await house.serve(neighbours.at(0), tap);
    const { failures } = await house.round(['Energy profile']);
    expect(failures).toMatchObject([{ code: 'security-required' }]);
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });
});

describe('invocation counters', () => {
  test('a meter that expects a higher one says so, and is taken at its word', async () => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    const served = neighbours.at(0);
    served.device.acceptInvocationCounter(1, 5_000_000);
    const seen = countersSeen(served);
    house = await openHouse();
    const meter = await house.serve(served);
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    expect(seen[0]).toBeLessThan(5_000_000);
    expect(seen[1]).toBe(5_000_001);
    expect(new Set(seen).size).toBe(seen.length);
    expect(
      house.log.some(
        ({ level, facts }) =>
          level === 'warn' && facts['meterNo'] === served.meterNo && facts['value'] === 5_000_001,
      ),
    ).toBe(true);
    expect(await house.settled(meter.id)).toMatchObject({ state: 'online', lastError: null });
  });

  test('a hint that would use up the key is not followed', async () => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    const served = neighbours.at(0);
    tap = openTap(served, {
      request: (apdu, answer) => {
        if (apdu[0] !== GLO_GET_REQUEST && apdu[0] !== AARQ) return apdu;
        answer(encodeExceptionResponse('service-not-allowed', 'invocation-counter-error', 0xffff_ffff));
        return undefined;
      },
    });
    house = await openHouse();
    const meter = await house.serve(served, tap);
    const { failures } = await house.round(['Energy profile']);
    expect(failures).toMatchObject([{ code: 'exception-response' }]);
    expect(await house.settled(meter.id)).toMatchObject({ lastError: { code: 'exception-response' } });
    tap.hooks = {};
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });

  test('none is used twice, however often the process is killed', async () => {
    neighbours = await startNeighbours({ auth: 'hls-gmac' });
    const served = neighbours.at(0);
    const seen = countersSeen(served);
    house = await openHouse();
    await house.serve(served);
    await house.close();
    for (const afterMs of [5, 40, 90, 160]) {
      const before = seen.length;
      const child = Bun.spawn([process.execPath, join(import.meta.dir, 'reader-child.ts'), house.directory], {
        stdout: 'ignore',
        stderr: 'inherit',
      });
      while (seen.length < before + 3 && child.exitCode === null) await Bun.sleep(2);
      await Bun.sleep(afterMs);
      child.kill('SIGKILL');
      await child.exited;
      expect(child.signalCode).toBe('SIGKILL');
      expect(seen.length).toBeGreaterThan(before);
    }
    await house.open();
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
  });
});
