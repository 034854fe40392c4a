import { describe, expect, test } from 'bun:test';
import { MAX_METERS, type NeighbourhoodOptions, planNeighbourhood } from '../../src/simulator/plan.ts';

const options = { seed: 7, meters: 20, tcpBase: 4000, framing: 'wrapper', auth: 'none' } as const;

describe('plan of a neighbourhood', () => {
  test('is the same for the same options, and keeps its secrets for the same seed only', () => {
    const secured = { ...options, auth: 'hls-gmac' } as const;
    expect(planNeighbourhood(secured)).toEqual(planNeighbourhood(secured));
    const keys = (seed: number): (Uint8Array | undefined)[] =>
      planNeighbourhood({ ...secured, seed }).map((plan) => plan.encryptionKey);
    expect(keys(8)).not.toEqual(keys(7));
    expect(new Set(keys(7).map((key) => key?.toHex())).size).toBe(20);
  });

  test('gives each meter a number of twelve digits, a port and a system title of its own', () => {
    const plans = planNeighbourhood({ ...options, meters: MAX_METERS });
    expect(plans).toHaveLength(2040);
    expect(new Set(plans.map((plan) => plan.meterNo)).size).toBe(2040);
    expect(new Set(plans.map((plan) => plan.systemTitle.toHex())).size).toBe(2040);
    plans.forEach((plan, i) => {
      expect(plan.meterNo).toMatch(/^\d{12}$/);
      expect(plan.place).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 4000 + i });
    });
    const kinds = new Set(plans.map((plan) => `${plan.kind} ${plan.phases}`));
    expect(kinds.size).toBe(6);
  });

  test('hands out what each mechanism needs and nothing else', () => {
    const [none, lls, gmac] = (['none', 'lls', 'hls-gmac'] as const).map(
      (auth) => planNeighbourhood({ ...options, auth })[0],
    );
    expect(none).not.toHaveProperty('password');
    expect(none).not.toHaveProperty('encryptionKey');
    expect(lls?.password).toMatch(/^\d{8}$/);
    expect(lls).not.toHaveProperty('encryptionKey');
    expect(gmac?.encryptionKey).toHaveLength(16);
    expect(gmac?.authenticationKey).toHaveLength(16);
    expect(gmac?.authenticationKey).not.toEqual(gmac?.encryptionKey ?? new Uint8Array());
    expect(gmac).not.toHaveProperty('password');
  });

  test('the last meters are on the RS-485 lines, each with an address of its own there', () => {
    const plans = planNeighbourhood({ ...options, rs485Lines: 2, metersPerLine: 5 });
    const onLines = plans.filter((plan) => plan.place.kind === 'rs485');
    expect(onLines).toEqual(plans.slice(10));
    for (const line of [0, 1]) {
      const here = onLines.filter((plan) => plan.place.kind === 'rs485' && plan.place.line === line);
      expect(here).toHaveLength(5);
      expect(new Set(here.map((plan) => plan.physicalAddress)).size).toBe(5);
      for (const plan of here) expect([plan.framing, plan.addressBytes, plan.server]).toEqual(['hdlc', 2, 1]);
    }
  });

  test('mixes framings and mechanisms when asked to', () => {
    const plans = planNeighbourhood({ ...options, framing: 'mixed', auth: 'mixed', tcpBase: 0 });
    expect(new Set(plans.map((plan) => plan.framing))).toEqual(new Set(['wrapper', 'hdlc']));
    expect(new Set(plans.map((plan) => plan.auth))).toEqual(new Set(['none', 'lls', 'hls-gmac']));
    expect(plans.every((plan) => plan.place.kind === 'tcp' && plan.place.port === 0)).toBe(true);
  });

  test('spreads meters over TCP, G3, a module and lines; strangers come on top', () => {
    const plans = planNeighbourhood({
      ...options,
      framing: 'mixed',
      auth: 'mixed',
      g3: { meters: 4, base: 5000 },
      plc: { meters: 6, strangers: 2 },
      rs485Lines: 2,
      metersPerLine: 3,
      modeEPerLine: 1,
    });
    const kinds = plans.map(({ place }) => place.kind);
    expect(kinds.join(' ')).toBe(
      'tcp tcp tcp tcp g3 g3 g3 g3 plc plc plc plc plc plc rs485 rs485 rs485 rs485 rs485 rs485 plc plc',
    );
    expect(plans.slice(4, 8).map(({ place }) => place)).toEqual(
      [0, 1, 2, 3].map((i) => ({
        kind: 'g3',
        host: '::1',
        port: 5000 + i,
        transport: i % 2 === 0 ? 'tcp' : 'udp',
      })),
    );
    expect(plans.slice(4, 8).every(({ framing, auth }) => framing === 'wrapper' && auth === 'hls-gmac')).toBe(
      true,
    );
    const behind = plans.filter(({ place }) => place.kind === 'plc');
    for (const { meterNo, place, framing, meterIndex } of behind) {
      expect(place).toEqual({ kind: 'plc', module: 0, node: meterNo });
      expect(framing).toBe(meterIndex % 5 === 4 ? 'wrapper' : 'hdlc');
    }
    expect(plans.map(({ unlisted }) => unlisted === true)).toEqual(plans.map((_, index) => index >= 20));
    expect(
      plans.flatMap(({ opening, physicalAddress }) => (opening ? [[opening, physicalAddress]] : [])),
    ).toEqual([
      ['mode-e', 19],
      ['mode-e', 19],
    ]);
  });

  test.each<[string, Partial<NeighbourhoodOptions>]>([
    ['meters', { meters: 0 }],
    ['meters', { plc: { meters: 12 }, g3: { meters: 12 } }],
    ['plc', { plc: { meters: 21 } }],
    ['strangers', { plc: { meters: 2, strangers: -1 } }],
    ['g3', { g3: { meters: 21 } }],
    ['g3', { g3: { meters: 4, base: 65_533 } }],
    ['modeEPerLine', { rs485Lines: 1, metersPerLine: 2, modeEPerLine: 3 }],
    ['meters', { meters: 2041 }],
    ['meters', { meters: 1.5 }],
    ['tcpBase', { tcpBase: -1 }],
    ['tcpBase', { tcpBase: 65_530 }],
    ['rs485Lines', { rs485Lines: 3, metersPerLine: 8 }],
    ['metersPerLine', { rs485Lines: 1, metersPerLine: 110 }],
  ])('names %s when %o does not do', (field, change) => {
    expect(() => planNeighbourhood({ ...options, ...change })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field }),
    );
  });
});
