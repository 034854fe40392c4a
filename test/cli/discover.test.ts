import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { discoverCommand } from '../../src/cli/discover.ts';
import { runCli } from '../../src/cli/program.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';

let neighbourhood: Neighbourhood;

beforeAll(async () => {
  neighbourhood = await startNeighbourhood({
    seed: 3,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({
      seed: 3,
      meters: 8,
      tcpBase: 0,
      framing: 'mixed',
      auth: 'mixed',
      rs485Lines: 1,
      metersPerLine: 2,
    }),
  });
});
afterAll(() => neighbourhood.stop());

async function dcu(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    signal: new AbortController().signal,
  };
  const status = await runCli(['discover', ...args], io, [discoverCommand]);
  return { status, out, err };
}

const onTcp = (): readonly ServedMeter[] => neighbourhood.meters.filter(({ port }) => port !== undefined);

describe('dcu discover', () => {
  test('finds the meters of a line behind a pseudo-terminal', async () => {
    const meters = neighbourhood.meters.filter(({ serialPath }) => serialPath !== undefined);
    const { status, out } = await dcu(
      '--serial',
      meters[0]?.serialPath ?? '',
      '--addresses',
      '16-19',
      '--probe-timeout-ms',
      '150',
      '--json',
    );
    expect(status).toBe(0);
    const { ok, asked, found } = JSON.parse(out[0] ?? '');
    expect({ ok, asked }).toEqual({ ok: true, asked: 4 });
    expect(found.map((one: { address: string; meterNo: string }) => [one.address, one.meterNo])).toEqual(
      meters.map((one) => [`1/${one.physicalAddress}`, one.meterNo]),
    );
    expect(found[0].proposal.meter.address).toMatchObject({ framing: 'hdlc', addressBytes: 2 });
  });

  test('finds out which framing an endpoint speaks; where nobody listens nobody is found', async () => {
    const [wrapper, hdlc] = (['wrapper', 'hdlc'] as const).map((framing) =>
      onTcp().find((one) => one.framing === framing),
    );
    const { status, out } = await dcu(
      '--tcp',
      `127.0.0.1:${wrapper?.port},127.0.0.1:${hdlc?.port},127.0.0.1:1`,
      '--timeout-ms',
      '400',
      '--json',
    );
    expect(status).toBe(0);
    const { found, asked } = JSON.parse(out[0] ?? '');
    expect(asked).toBe(3);
    expect(
      found.map((one: { meterNo: string; proposal: { meter: { address: { framing: string } } } }) => [
        one.meterNo,
        one.proposal.meter.address.framing,
      ]),
    ).toEqual([
      [wrapper?.meterNo, 'wrapper'],
      [hdlc?.meterNo, 'hdlc'],
    ]);
  });

  test('with keys it sees the whole meter; none of them is printed', async () => {
    const meter = onTcp().find(({ auth }) => auth === 'hls-gmac');
    const [encryption, authentication] = [meter?.encryptionKey, meter?.authenticationKey].map((key) =>
      (key ?? new Uint8Array(16)).toHex(),
    );
    const { status, out } = await dcu(
      '--tcp',
      `127.0.0.1:${meter?.port}`,
      '--timeout-ms',
      '1000',
      '--auth',
      'hls-gmac',
      '--client',
      String(meter?.client),
      '--encryption-key',
      encryption ?? '',
      '--authentication-key',
      authentication ?? '',
      '--json',
    );
    expect(status).toBe(0);
    expect(out.join('\n')).not.toContain(encryption ?? '');
    expect(out.join('\n')).not.toContain(authentication ?? '');
    const [found] = JSON.parse(out[0] ?? '').found;
    expect(found.troubles).toEqual([]);
    expect(found.proposal).toMatchObject({
      authenticated: true,
      meter: { meterNo: meter?.meterNo, security: { auth: 'hls-gmac', policy: 'auth-enc' } },
    });
    expect(found.proposal.facts.objects).toBeGreaterThan(20);
  });

  test('says in words what it found', async () => {
    const meter = onTcp()[0];
    const { status, out } = await dcu('--tcp', `127.0.0.1:${meter?.port}`, '--timeout-ms', '400');
    expect(status).toBe(0);
    expect(out[0]).toContain(meter?.meterNo ?? '');
    expect(out.at(-1)).toBe('1 found at 1 addresses');
  });

  test.each([
    [[], 'serial'],
    [['--serial', '/dev/x', '--tcp', 'a:1'], 'tcp'],
    [['--tcp', '10.0.0.0/8'], 'hosts'],
    [['--tcp', 'a:99999'], 'hosts'],
    [['--serial', '/dev/x', '--addresses', '40-16'], 'addresses'],
    [['--serial', '/dev/x', '--addresses', '1-x'], 'addresses'],
    [['--tcp', 'a', '--password', 'x'], 'auth'],
    [['--tcp', 'a', '--auth', 'lls'], 'password'],
    [['--tcp', 'a', '--auth', 'hls-ecdsa'], 'auth'],
  ])('refuses %j', async (args, field) => {
    const { status, out } = await dcu(...args, '--json');
    expect(status).toBe(2);
    expect(JSON.parse(out[0] ?? '').error.field).toBe(field);
  });
});
