/** More ports of meters than this process may open files; tells how many stand, and whether it can still open one. */
import { systemClock } from '../../src/base/clock.ts';
import { HostRanges } from '../../src/base/host-ranges.ts';
import { silentLog } from '../../src/base/log.ts';
import { MeterPorts } from '../../src/concentrator/meter-ports.ts';
import { MeterPipes } from '../../src/headend/transparent/meter-pipes.ts';
import { newMeter } from './house.ts';

const METERS = 600;
const FIRST = 27_000;

const pipes = new MeterPipes({ clock: systemClock, log: silentLog, visit: async () => {} });
const ports = new MeterPorts({
  pipes,
  clock: systemClock,
  log: silentLog,
  meterOf: () => {
    throw new Error('nobody connects');
  },
  gate: { requireOpen: async () => {} },
  onRefused: () => {},
});
const meters = Array.from({ length: METERS }, (_, i) => ({
  ...newMeter(String(i + 1), {}),
  id: i + 1,
  hasPassword: false,
  hasKeys: false,
  createdAt: 0,
}));
await ports.update(
  { host: '127.0.0.1', first: FIRST, last: FIRST + METERS - 1, from: new HostRanges('') },
  meters,
);
const views = ports.views();
const readable = (await Bun.file(import.meta.path).text()).length > 0;
const open = views.filter(({ error }) => error === null).length;
console.log(JSON.stringify({ shown: views.length, some: open > 100, spared: open < 300, readable }));
await ports.close();
process.exit(0);
