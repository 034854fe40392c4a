import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { type MemoryChannel, memoryPair } from '../../../src/channels/memory.ts';
import { pump } from '../../../src/channels/pump.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../../src/dlms/datetime.ts';
import { type CosemResponse, createServerMachine } from '../../../src/dlms/server.ts';
import { octetString } from '../../../src/dlms/values.ts';
import { ClockSchedule, HesClock } from '../../../src/headend/dial/hes-clock.ts';
import { WrapperTap } from '../../../src/headend/dial/wrapper-tap.ts';

const START_MS = Date.UTC(2026, 2, 2, 12);
const DAY_MS = 86_400_000;
const PASSWORD = new TextEncoder().encode('Secret-1');

let clock: VirtualClock;
let schedule: ClockSchedule;
let taken: number[];
let warned: string[];
let read: number;
let failed: DcuError | undefined;
let hesClock: HesClock | undefined;
/** What the head-end's clock shows. */
let shows: () => DlmsData;
/** How long each byte takes to the head-end. */
let delayMs: number;

beforeEach(() => {
  clock = new VirtualClock(START_MS);
  schedule = new ClockSchedule();
  taken = [];
  warned = [];
  read = 0;
  failed = undefined;
  delayMs = 0;
  shows = () => octetString(encodeDateTime(fromUtcMs(clock.now() + 5000, -60)));
});
afterEach(() => hesClock?.stop());

const handle = (): CosemResponse => ({ result: 'success', data: encodeData(shows()) });

/** A connection to a head-end's server. */
function connect(password = PASSWORD): MemoryChannel {
  hesClock?.stop();
  const [ours, theirs] = memoryPair({ clock, forth: (bytes) => [{ bytes, delayMs }] });
  const link = {
    framing: 'wrapper',
    clientAddress: 1,
    serverAddress: 7,
    responseTimeoutMs: 20_000,
    maxApdu: 1024,
  } as const;
  const server = createServerMachine({
    link,
    devices: [
      {
        address: 7,
        systemTitle: new Uint8Array(8),
        associations: [{ clientAddress: 1, auth: 'lls', policy: 'none', password: PASSWORD }],
        nextInvocationCounter: () => 1,
        acceptInvocationCounter: () => true,
        handle,
      },
    ],
    maxPduSize: 1024,
    randomBytes: (length) => new SeededRandom(1).bytes(length),
    idleTimeoutMs: 60_000,
  });
  pump(server, theirs, clock, () => {});
  const association = { auth: 'lls', policy: 'none', password, maxPduSize: 1024 } as const;
  hesClock = new HesClock({
    tap: new WrapperTap(ours),
    schedule,
    config: async () => ({ link, association, randomBytes: (length) => new Uint8Array(length) }),
    setClock: async (ms) => {
      if (ms < 0) throw new DcuError('invalid-field', 'too early');
      taken.push(ms);
    },
    clock,
    log: { ...silentLog, warn: (message) => warned.push(message) },
    onRead: () => read++,
    onFailed: (reason) => {
      failed = reason;
    },
  });
  hesClock.start();
  return theirs;
}

test('the time is taken over at once and twice a day, by its offset', async () => {
  connect();
  await clock.advance(0);
  expect(taken).toEqual([START_MS + 5000]);
  await clock.advance(2 * DAY_MS);
  expect(taken).toHaveLength(5);
  expect(read).toBe(5);
  expect(failed).toBeUndefined();
});

test('half of the time that the answer took is added', async () => {
  delayMs = 3000;
  connect();
  await clock.advance(20_000);
  // It showed the time when the request came, 3 s after it was sent; the way back takes none here.
  expect(taken).toEqual([START_MS + 6000 + 5000 + 1500]);
});

test('a head-end that hangs up is not asked again at the next connection', async () => {
  connect().onClosed(() => {});
  await clock.advance(0);
  const again = connect();
  await clock.advance(DAY_MS / 2 - 1);
  expect(taken).toHaveLength(1);
  await clock.advance(1);
  expect(taken).toHaveLength(2);
  await again.close();
});

describe('a time that cannot be relied upon is not taken over, and ends no connection', () => {
  const cases: Readonly<Record<string, () => DlmsData>> = {
    'no offset': () =>
      octetString(encodeDateTime({ ...fromUtcMs(START_MS, 0), deviationMinutes: undefined } as never)),
    'marked invalid': () => octetString(encodeDateTime(fromUtcMs(START_MS, 0, 1))),
    'not a time': () => ({ type: 'long-unsigned', value: 5 }),
    'unspecified date': () => octetString(new Uint8Array(12).fill(0xff)),
    'too short': () => octetString(new Uint8Array(5)),
  };
  for (const [what, value] of Object.entries(cases)) {
    test(what, async () => {
      shows = value;
      connect();
      await clock.advance(0);
      expect(taken).toEqual([]);
      expect(warned).toHaveLength(1);
      expect(read).toBe(1);
      expect(failed).toBeUndefined();
    });
  }

  test('too long under way', async () => {
    delayMs = 15_000;
    connect();
    await clock.advance(100_000);
    expect(taken).toEqual([]);
    expect(warned).toHaveLength(1);
  });
});

test('a head-end that does not let us in is left', async () => {
  connect(new TextEncoder().encode('wrong'));
  await clock.advance(0);
  expect(failed?.code).toBe('association-refused');
  expect(read).toBe(0);
});

test('what is stopped asks nobody any more', async () => {
  connect();
  await clock.advance(0);
  hesClock?.stop();
  await clock.advance(2 * DAY_MS);
  expect(taken).toHaveLength(1);
  expect(failed).toBeUndefined();
});
