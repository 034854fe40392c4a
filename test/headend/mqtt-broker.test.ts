import { expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '../../src/base/random.ts';
import { removeDirectory, temporaryDirectory } from '../store/fixture.ts';
import { mosquitto, type Received, subscriber, TestBroker, until } from './mqtt-broker-fixture.ts';

const CHILD = fileURLToPath(import.meta.resolve('./mqtt-child.ts'));
const withBroker = test.skipIf(mosquitto === null);
const BATCHES = 12;

interface Run {
  readonly lines: string[];
  readonly process: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
  readonly ended: Promise<void>;
}

function run(directory: string, port: number, first: number, ...more: string[]): Run {
  const child = Bun.spawn(
    [process.execPath, CHILD, directory, `${port}`, `${first}`, `${BATCHES}`, ...more],
    {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    },
  );
  const lines: string[] = [];
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      const whole = text.split('\n');
      text = whole.pop() ?? '';
      lines.push(...whole);
    }
    await child.exited;
  };
  return { lines, process: child, ended: read() };
}

interface Message {
  readonly id: number;
  readonly meterNo: string;
  readonly rows: readonly { readonly time: string; readonly values: readonly number[] }[];
}

const distinctIds = (received: readonly Received[]): Set<number> =>
  new Set(received.map(({ text }) => (JSON.parse(text) as Message).id));

withBroker(
  'nothing is lost by an outage of the broker and five kills of the concentrator; twice comes only what was not acknowledged',
  async () => {
    const directory = temporaryDirectory();
    const broker = await TestBroker.make();
    const random = new SeededRandom(5);
    await broker.start();
    const hes = await subscriber(broker, 'opendcu/1234567890/meters/#');
    /** Messages whose acknowledgement is on disk. */
    const acknowledged = new Set<string>();
    const stored = new Set<string>();
    let sent = 0;
    try {
      for (let round = 0; round < 6; round++) {
        const last = round === 5;
        const child = run(directory, broker.port, round * BATCHES, ...(last ? ['to-the-end'] : []));
        await until('it stores', () => child.lines.some((line) => line.startsWith('stored')));
        if (round === 1 || round === 3) await broker.stop();
        if (!last) {
          await Bun.sleep(random.next() * 150);
          child.process.kill('SIGKILL');
        } else {
          await until('all is sent', () => child.lines.includes('done'));
        }
        await child.ended;
        if (round === 1 || round === 3) await broker.start();
        for (const line of child.lines) {
          const [what, ...rest] = line.split(' ');
          if (what === 'sent') {
            sent++;
            expect(acknowledged).not.toContain(rest[0] ?? '');
          }
          if (what === 'ack') for (const id of rest) acknowledged.add(id);
          if (what === 'stored') stored.add(rest.join(' '));
        }
      }
      await until('all that was sent has come', () => distinctIds(hes.received).size >= acknowledged.size);
      const messages = hes.received.map(({ text }) => JSON.parse(text) as Message);
      const rows = new Set(
        messages.flatMap(({ meterNo, rows }) =>
          rows.map(({ time, values }) => `${meterNo} ${time} ${values[0]}`),
        ),
      );
      // Each stored batch has two rows, whose values are their place in time.
      for (const batch of stored) {
        const [meterNo = '', number = ''] = batch.split(' ');
        for (const i of [0, 1]) {
          const value = Number(number) * 2 + i;
          expect(rows).toContain(`${meterNo} ${new Date(value * 900_000).toISOString()} ${value}`);
        }
      }
      expect(stored.size).toBeGreaterThan(BATCHES * 4);
      // A kill between the two leaves more acknowledged than this process was told.
      const distinct = distinctIds(hes.received).size;
      expect(distinct).toBeGreaterThanOrEqual(acknowledged.size);
      expect(sent).toBeGreaterThanOrEqual(distinct);
      // First deliveries of a meter come in the order of storing.
      for (const meterNo of ['K1', 'K2', 'K3', 'K4']) {
        const ids = messages.filter((message) => message.meterNo === meterNo).map(({ id }) => id);
        const firsts = ids.filter((id, i) => ids.indexOf(id) === i);
        expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
      }
    } finally {
      await hes.end();
      await broker.remove();
      removeDirectory(directory);
    }
  },
  120_000,
);
