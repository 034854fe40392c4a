import { expect, test } from 'bun:test';
import { mosquitto } from '../headend/mqtt-broker-fixture.ts';
import type { HeadEnd } from './head-end.ts';
import { mqttHeadEnd } from './mqtt-head-end.ts';
import { runOutage } from './run.ts';

const SMALL = { uplink: 'mqtt', seed: 3, days: 1, meters: 6, kills: 2, tell: () => {} };
const withBroker = test.skipIf(mosquitto === null);

withBroker(
  'all that was stored without an uplink comes when it is back, whatever dies',
  async () => {
    const { sent, received, lost, faults, waited } = await runOutage({ ...SMALL, headEnd: mqttHeadEnd });
    expect(faults).toEqual([]);
    expect({ received, lost }).toEqual({ received: sent, lost: 0 });
    // A day of quarter hours and of hours of each, and two days back.
    expect(sent).toBeGreaterThan(6 * 3 * (90 + 22));
    expect(waited).toBeGreaterThan(100);
  },
  120_000,
);

withBroker(
  'a head-end that swallows a message of a meter is found out',
  async () => {
    const swallowing = async (): Promise<HeadEnd> => {
      const honest = await mqttHeadEnd();
      const isSwallowed = (facts: readonly string[]): boolean =>
        facts.some((fact) => fact.includes(' energy '));
      return {
        ...honest,
        get deliveries() {
          const all = honest.deliveries;
          const first = all.find(({ facts }) => isSwallowed(facts))?.id;
          return all.map((one) => (one.id === first ? { ...one, facts: one.facts.slice(1) } : one));
        },
      };
    };
    const { lost, faults } = await runOutage({ ...SMALL, kills: 0, headEnd: swallowing });
    expect(lost).toBe(1);
    expect(faults).toEqual([expect.stringContaining('is stored and did not come (1 such)')]);
  },
  120_000,
);
