import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Neighbourhood, startNeighbourhood } from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { type House, openHouse } from './house.ts';
import { openPlcHouse, type PlcHouse } from './plc-house.ts';

setDefaultTimeout(30_000);

type Rows = readonly {
  readonly state: string;
  readonly found: readonly { readonly address: string; readonly outcome: string }[];
}[];

let plc: PlcHouse | undefined;
let house: House | undefined;
let street: Neighbourhood | undefined;
afterEach(async () => {
  await plc?.close();
  await house?.close();
  await house?.end();
  await street?.stop();
  plc = undefined;
  house = undefined;
  street = undefined;
});

test('nodes behind the module that nobody has entered are asked what they are', async () => {
  plc = await openPlcHouse({ meters: 4, strangers: 2 });
  const { core, street: own } = plc;
  const nodes = own.strangers.map(({ node = '' }) => node);
  await plc.until(() => (plc?.core.modules.get('reading_module')?.view.state ?? '') === 'running');
  const id = await core.discovery.start({ channel: 'reading_module', nodes });
  await plc.settle(core.discovery.settled(id));
  const [run] = core.discovery.runs();
  expect(run).toMatchObject({ state: 'done', total: 2, asked: 2 });
  expect(run?.found.map(({ meterNo, outcome }) => [meterNo, outcome]).toSorted()).toEqual(
    own.strangers.map(({ meterNo }) => [meterNo, 'proposed']),
  );
  // They were the module's guests for that time only.
  await plc.until(() => plc?.module.module.memory.archive.size === 4);
  const { rows } = await core.store.found.list({ channel: 'reading_module', limit: 10, offset: 0 });
  expect(rows.map(({ address }) => address).toSorted()).toEqual(nodes.toSorted());
  // A report of the network that came later has left the proposal as it was; one of them speaks the wrapper.
  for (const { address, proposal } of rows) {
    const framing = own.strangers.find(({ node }) => node === address)?.framing;
    expect(proposal).toMatchObject({ meter: { channel: 'reading_module', address: { framing } } });
  }
  expect(new Set(own.strangers.map(({ framing }) => framing)).size).toBe(2);
});

test('meters with IP addresses are found; known, unwanted and absent ones are not proposed', async () => {
  house = await openHouse();
  street = await startNeighbourhood({
    seed: 4,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({ seed: 4, meters: 4, tcpBase: 0, framing: 'wrapper', auth: 'none' }),
  });
  const [known, unwanted, first, second] = street.meters;
  if (known === undefined) throw new Error('no meters');
  const { store } = house.concentrator;
  const own = house;
  await own.serve(known);
  const channel = 'tcp_meters';
  await store.blacklist.add(`127.0.0.1:${unwanted?.port}`, 'stolen');
  const hosts = [...street.meters.map(({ port }) => `127.0.0.1:${port}`), '127.0.0.1:1'];
  const body = { channel, hosts };
  expect(await own.api<unknown>('/api/discovery', { method: 'POST', body })).toEqual({ id: 'discovery-1' });
  const ended = async (): Promise<Rows[number]> => {
    for (;;) {
      const [run] = (await own.api<{ rows: Rows }>('/api/discovery')).rows;
      if (run !== undefined && run.state !== 'running') return run;
      await Bun.sleep(20);
    }
  };
  const { state, found } = await ended();
  expect(state).toBe('done');
  const outcome = new Map(found.map((one) => [one.address, one.outcome]));
  expect(outcome.get(`127.0.0.1:${known.port}`)).toBe('known');
  expect(outcome.get(`127.0.0.1:${unwanted?.port}`)).toBe('blacklisted');
  expect(outcome.get(`127.0.0.1:${first?.port}`)).toBe('proposed');
  expect(outcome.get(`127.0.0.1:${second?.port}`)).toBe('proposed');
  expect(outcome.has('127.0.0.1:1')).toBe(false);
  const { total } = await store.found.list({ channel, limit: 10, offset: 0 });
  expect(total).toBe(2);
  const { rows } = await store.logbook.list({ limit: 50, offset: 0 });
  expect(rows.filter(({ type }) => type === 'device-found')).toHaveLength(2);
  expect(rows.some(({ type, detail }) => type === 'device-blacklisted' && detail.includes('discovery'))).toBe(
    true,
  );
});
