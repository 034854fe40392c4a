import { afterEach, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import { activatePolicy, transferKeys } from '../../src/dlms/cosem/key-management.ts';
import { octetString } from '../../src/dlms/values.ts';
import { EVENT } from '../../src/simulator/event-codes.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { withMeter } from './reading.ts';

let running: Neighbourhood | undefined;
afterEach(() => running?.stop());

async function meter(auth: 'lls' | 'hls-gmac'): Promise<ServedMeter> {
  running = await startNeighbourhood({
    seed: 9,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({ seed: 9, meters: 1, tcpBase: 0, framing: 'wrapper', auth }),
  });
  const [one] = running.meters;
  if (one === undefined) throw new Error('no meter');
  return one;
}

const POLICY = { classId: 64, obis: '0.0.43.0.0.255', attribute: 2 };
const SECRET = { classId: 15, obis: '0.0.40.0.0.255', attribute: 7 };

const policyOf = (one: ServedMeter): Promise<unknown> =>
  withMeter(one, async (client) => {
    const result = await client.get(POLICY);
    return result.ok ? decodeData(result.data) : result.result;
  });

test('a meter takes new keys, and the old ones open nothing any more', async () => {
  const one = await meter('hls-gmac');
  if (one.masterKey === undefined) throw new Error('no master key');
  const keys = {
    encryptionKey: crypto.getRandomValues(new Uint8Array(16)),
    authenticationKey: crypto.getRandomValues(new Uint8Array(16)),
  };
  const { method, parameter } = transferKeys(0, one.masterKey, keys);
  const answer = await withMeter(one, (client) => client.action(method, parameter));
  expect(answer.result).toBe('success');
  expect(await policyOf({ ...one, ...keys })).toEqual({ type: 'enum', value: 3 });
  await expect(policyOf(one)).rejects.toThrow();
  const fraud = one.device.point.events('fraud', one.device.now(), 100).map(({ value }) => value);
  expect(fraud).toContain(EVENT.keysChanged);
  expect(fraud.at(-1)).toBe(EVENT.decryptionFailed);
});

test('its policy is never lowered', async () => {
  const one = await meter('hls-gmac');
  const { method, parameter } = activatePolicy(1);
  expect((await withMeter(one, (client) => client.action(method, parameter))).result).toBe('other-reason');
  expect(await policyOf(one)).toEqual({ type: 'enum', value: 3 });
});

test('a new password holds from the next association on', async () => {
  const one = await meter('lls');
  const password = 'another1';
  const value = octetString(new TextEncoder().encode(password));
  expect(await withMeter(one, (client) => client.set(SECRET, value))).toBe('success');
  expect(await policyOf({ ...one, password })).toEqual({ type: 'enum', value: 0 });
  await expect(policyOf(one)).rejects.toThrow();
});
