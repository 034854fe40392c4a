import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Neighbourhood, startNeighbourhood } from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import type { PushPlan } from '../../src/simulator/push-plan.ts';
import { Listening } from './listening.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const plansOf = (push: PushPlan, meters = 1) =>
  planNeighbourhood({ seed: 5, meters, tcpBase: 0, framing: 'hdlc', auth: 'none', push });

async function street(push: PushPlan, meters = 1): Promise<Neighbourhood> {
  const running = await startNeighbourhood({
    seed: 5,
    clock: systemClock,
    log: silentLog,
    meters: plansOf(push, meters),
  });
  closing.push(() => running.stop());
  return running;
}

/** Keys of meters that push as planned. */
function keyFile(plan: PushPlan, meters = 1): string {
  const folder = mkdtempSync(join(tmpdir(), 'opendcu-keys-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'keys.json');
  const hex = (bytes: Uint8Array | undefined): string => bytes?.toHex() ?? '';
  const entries = plansOf(plan, meters).map(({ systemTitle, encryptionKey, authenticationKey }) => [
    systemTitle.toHex(),
    { encryptionKey: hex(encryptionKey), authenticationKey: hex(authenticationKey) },
  ]);
  writeFileSync(path, JSON.stringify(Object.fromEntries(entries)));
  return path;
}

async function listening(...args: string[]): Promise<{ listener: Listening; port: number }> {
  const listener = new Listening('--json', ...args);
  closing.push(() => listener.stop());
  return { listener, port: await listener.port() };
}

const PLAN: PushPlan = {
  host: '127.0.0.1',
  port: 1,
  intervalS: 0,
  framing: 'wrapper',
  transport: 'tcp',
  content: 'registers',
};
const FORMS = [undefined, 'general-glo', 'identified-key'] as const;

describe.each(['wrapper', 'hdlc', 'mbus', 'raw'] as const)('%s', (framing) => {
  describe.each(['tcp', 'udp'] as const)('over %s', (transport) => {
    test.each(FORMS.map((form) => [form ?? 'not ciphered', form] as const))('%s', async (_, ciphered) => {
      const plan = { ...PLAN, framing, transport, ...(ciphered === undefined ? {} : { ciphered }) };
      const { listener, port } = await listening('--count', '1', '--keys', keyFile(plan));
      const [meter] = (await street({ ...plan, port })).meters;
      meter?.device.askPush();
      expect(await listener.status).toBe(0);
      const [document] = listener.documents();
      expect(document).toMatchObject({
        ok: true,
        framing,
        transport,
        blocks: false,
        systemTitle: ciphered === undefined ? null : meter?.systemTitle.toHex().toUpperCase(),
        security:
          ciphered === undefined
            ? null
            : { policy: 'auth-enc', suite: 0, form: ciphered, key: 'unicast', signed: false },
        invocationCounter: ciphered === undefined ? null : expect.any(Number),
        type: 'data-notification',
        dateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*[+-]\d\d:\d\d$/),
      });
      const readings = document?.['readings'] as { obis: string }[];
      expect(readings.find(({ obis }) => obis === '0.0.96.1.0.255')).toMatchObject({ value: meter?.meterNo });
      expect(readings.find(({ obis }) => obis === '1.0.32.7.0.255')).toMatchObject({
        name: 'Voltage L1, instantaneous',
        scaler: -1,
        unit: 'V',
      });
    });
  });
});

test('in general blocks, ciphered as a whole', async () => {
  const plan = { ...PLAN, ciphered: 'general-glo', maxPdu: 64 } as const;
  const { listener, port } = await listening('--count', '1', '--keys', keyFile(plan));
  const [meter] = (await street({ ...plan, port })).meters;
  meter?.device.askPush();
  expect(await listener.status).toBe(0);
  expect(listener.documents()[0]).toMatchObject({
    ok: true,
    blocks: true,
    security: { policy: 'auth-enc', form: 'general-glo' },
  });
});

describe.each([undefined, 'general-glo'] as const)('a confirmation is asked for, %s', (ciphered) => {
  test.each(['wrapper', 'hdlc', 'mbus', 'raw'] as const)('%s', async (framing) => {
    const plan = { ...PLAN, framing, confirmed: true, ...(ciphered === undefined ? {} : { ciphered }) };
    const keys = keyFile(plan);
    const { listener, port } = await listening('--confirm', '--keys', keys);
    const [meter] = (await street({ ...plan, port })).meters;
    const before = meter?.device.pushSetup?.object.attributes[13]?.get?.({ caller: CALLER });
    meter?.device.askPush();
    const changed = (): boolean =>
      !Bun.deepEquals(meter?.device.pushSetup?.object.attributes[13]?.get?.({ caller: CALLER }), before);
    const endMs = performance.now() + 3000;
    while (!changed() && performance.now() < endMs) await Bun.sleep(10);
    expect(changed()).toBe(true);
    expect(listener.documents()).toHaveLength(1);
  });
});

const CALLER = {
  clientAddress: 1,
  auth: 'none',
  peer: { clientAddress: 1, serverAddress: 1 },
} as const;

test('without a confirmation it comes again with a new counter, and is over after the last try', async () => {
  const plan = { ...PLAN, confirmed: true, ciphered: 'general-glo' } as const;
  const { listener, port } = await listening('--count', '2', '--keys', keyFile(plan));
  const [meter] = (await street({ ...plan, port })).meters;
  meter?.device.askPush();
  await listener.until(() => listener.documents().length === 2, 9000);
  const [first, second] = listener.documents();
  expect(Number(second?.['invocationCounter'])).toBeGreaterThan(Number(first?.['invocationCounter']));
  expect(second?.['readings']).toEqual(first?.['readings']);
}, 12_000);
