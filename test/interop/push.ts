import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { listenPushes, type PushArrival } from '../../src/channels/push-listen.ts';
import { documentOf, readNotification } from '../../src/cli/listen-notification.ts';
import { ReplayGuard } from '../../src/dlms/replay-guard.ts';
import { startNeighbourhood } from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import type { PushPlan } from '../../src/simulator/push-plan.ts';
import type { Cell } from './directions.ts';
import { type Environment, pythonPeer } from './environments.ts';
import { linesOf } from './lines.ts';

const OURS = 'Gurux pushes, we listen';
const THEIRS = 'we push, Gurux reads';
export const PUSH_DIRECTIONS = [OURS, THEIRS] as const;

const FRAMINGS = ['wrapper', 'hdlc'] as const;
const TRANSPORTS = ['tcp', 'udp'] as const;
const CIPHERED = [false, true] as const;
const PATIENCE_MS = 10_000;

interface How {
  readonly framing: (typeof FRAMINGS)[number];
  readonly transport: (typeof TRANSPORTS)[number];
  readonly ciphered: boolean;
}

/** The meter of our simulation that pushes; its keys are those of the peer's meter too. */
const planned = (push: PushPlan) =>
  planNeighbourhood({ seed: 5, meters: 1, tcpBase: 0, framing: 'hdlc', auth: 'none', push });
const PLAN = { host: '127.0.0.1', intervalS: 0, content: 'registers' } as const;
const [METER] = planned({ ...PLAN, port: 1, framing: 'raw', transport: 'tcp', ciphered: 'general-glo' });

/** The Gurux program: a line for each job, a line for each answer. */
class GuruxPush {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor(environment: Environment) {
    this.#child = Bun.spawn([...environment.command('push')], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = linesOf(this.#child.stdout);
    this.#tell({
      title: METER?.systemTitle.toHex(),
      encryptionKey: METER?.encryptionKey?.toHex(),
      authenticationKey: METER?.authenticationKey?.toHex(),
    });
  }

  async ask(job: object): Promise<Record<string, unknown>> {
    this.#tell(job);
    return this.answer();
  }

  /** @throws what the program says went wrong */
  async answer(): Promise<Record<string, unknown>> {
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error('the Gurux program has ended');
    const line = JSON.parse(value) as Record<string, unknown>;
    if (typeof line['error'] === 'string') throw new Error(line['error']);
    return line;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }

  #tell(line: object): void {
    void this.#child.stdin.write(`${JSON.stringify(line)}\n`);
    void this.#child.stdin.flush();
  }
}

/**
 * Pushed data both ways: what the Gurux library pushes is received here, what our simulated meters push is read by it,
 * in each framing it has, over TCP and UDP, ciphered or not; events too.
 */
export async function pushCells(environment?: Environment): Promise<Cell[]> {
  const gurux = new GuruxPush(environment ?? (await pythonPeer('gurux', ['-O'])));
  const cells: Cell[] = [];
  try {
    for (const framing of FRAMINGS) {
      for (const transport of TRANSPORTS) {
        for (const ciphered of CIPHERED) {
          const how = { framing, transport, ciphered };
          const cell = cellOf(how);
          cells.push(
            await cell(OURS, 'data', () => received(gurux, how, 'data', checkData)),
            ciphered
              ? lacking(how, OURS, 'event', 'ciphered events')
              : await cell(OURS, 'event', () => received(gurux, how, 'event', checkEvent)),
            await cell(THEIRS, 'data', () => pushed(gurux, how)),
          );
        }
      }
    }
  } finally {
    await gurux.stop();
  }
  return cells;
}

const named = ({ framing, transport, ciphered }: How, direction: string, operation: string) => ({
  direction,
  framing,
  referencing: 'ln',
  association: `${transport}${ciphered ? ', general-glo' : ''}`,
  operation,
});

/** In all of these the library raises `Invalid GLO command`. */
const lacking = (how: How, direction: string, operation: string, reason: string): Cell => ({
  ...named(how, direction, operation),
  outcome: 'peer lacks it',
  reason,
});

const cellOf =
  (how: How) =>
  async (direction: string, operation: string, attempt: () => Promise<void>): Promise<Cell> => {
    const cell = named(how, direction, operation);
    try {
      await attempt();
      return { ...cell, outcome: 'passed' };
    } catch (error) {
      return { ...cell, outcome: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  };

type Document = ReturnType<typeof documentOf>;

async function received(
  gurux: GuruxPush,
  { framing, transport, ciphered }: How,
  what: string,
  check: (document: Document, ciphered: boolean) => void,
): Promise<void> {
  const came = Promise.withResolvers<PushArrival>();
  const listener = await listenPushes(
    { host: '127.0.0.1', port: 0, transport },
    { onArrival: came.resolve, onFault: ({ error }) => came.reject(error) },
  );
  const cancel = systemClock.after(PATIENCE_MS, () => came.reject(new Error('nothing came')));
  try {
    const job = { do: 'push', port: listener.port, framing, transport, ciphered, what };
    await gurux.ask(job);
    const arrival = await came.promise;
    const { encryptionKey, authenticationKey } = METER ?? {};
    const notification = readNotification(arrival, {
      keysOf: () => ({
        ...(encryptionKey && { encryptionKey }),
        ...(authenticationKey && { authenticationKey }),
      }),
      systemTitle: METER?.systemTitle,
      replays: new ReplayGuard({ limit: 4 }),
    });
    check(documentOf(arrival, notification), ciphered);
  } finally {
    cancel();
    await listener.close();
  }
}

function same(what: string, found: unknown, expected: unknown): void {
  if (Bun.deepEquals(found, expected)) return;
  throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}

function checkData({ type, security, readings, dateTime }: Document, ciphered: boolean): void {
  same('type', type, 'data-notification');
  same('protection', security?.policy ?? 'none', ciphered ? 'auth-enc' : 'none');
  same('date-time', new Date(dateTime ?? '').toISOString(), '2026-11-23T12:00:00.000Z');
  const values = Object.fromEntries(readings.map(({ obis, value }) => [obis, value]));
  same('serial number', values['0.0.96.1.0.255'], '12345678');
  same('energy', values['1.0.1.8.0.255'], '1234567');
}

function checkEvent({ type, security, readings }: Document, ciphered: boolean): void {
  same('type', type, 'event-notification-request');
  same('protection', security?.policy ?? 'none', ciphered ? 'auth-enc' : 'none');
  same(
    'reading',
    readings.map(({ obis, value }) => [obis, value]),
    [['1.0.1.8.0.255', '1234567']],
  );
}

const DATA_NOTIFICATION = 0x0f;

async function pushed(gurux: GuruxPush, { framing, transport, ciphered }: How): Promise<void> {
  const { port } = await gurux.ask({ do: 'read', framing, transport, ciphered });
  if (typeof port !== 'number') throw new Error('the reader has no port');
  const plan = {
    ...PLAN,
    port,
    framing,
    transport,
    ...(ciphered ? { ciphered: 'general-glo' as const } : {}),
  };
  const street = await startNeighbourhood({
    seed: 5,
    clock: systemClock,
    log: silentLog,
    meters: planned(plan),
  });
  try {
    street.meters[0]?.device.askPush();
    const { ok } = await gurux.answer();
    const { command, value } = ok as { command: unknown; value: unknown };
    same('command', command, DATA_NOTIFICATION);
    const text = JSON.stringify(value);
    const number = METER?.meterNo ?? '';
    if (!text.includes(Buffer.from(number).toHex()) && !text.includes(number)) {
      throw new Error(`no serial number in ${text.slice(0, 300)}`);
    }
  } finally {
    await street.stop();
  }
}
