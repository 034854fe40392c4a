import { systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type DlmsClient, openDlmsClient } from '../../src/channels/dlms-client.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import type { AssociationConfig, ClientConfig } from '../../src/dlms/client.ts';
import type { LinkConfig } from '../../src/dlms/link/link.ts';
import { proveWithAes } from './our-meter.ts';
import { isTested, type MeterHabits, TESTS } from './our-operations.ts';
import type { Told } from './worker.ts';
import {
  authenticationKey,
  CLIENT_TITLE,
  type Column,
  encryptionKey,
  type Operation,
  PASSWORD,
  SIGNING,
  WRONG_PASSWORD,
  wrongKey,
} from './world.ts';

/** Where a peer's meter is to be found. */
export interface Target extends MeterHabits {
  readonly port: number;
  readonly server: number;
}

const TIMEOUT_MS = 5000;
/** Small enough that long values and the profile come in blocks. */
const MAX_PDU = 512;

let counter = Math.floor(Date.now() / 1000);

function linkOf({ framing, kind }: Column, server: number): LinkConfig {
  const common = { clientAddress: kind.client, serverAddress: server, responseTimeoutMs: TIMEOUT_MS };
  if (framing === 'wrapper') return { framing, ...common, maxApdu: 65_535 };
  // Every second association proposes frames as long as they may be, and windows.
  const [size, window] = kind.client % 2 === 0 ? [2030, 7] : [128, 1];
  return {
    framing,
    ...common,
    addressBytes: 1,
    maxInfoTransmit: size,
    maxInfoReceive: size,
    windowTransmit: window,
    windowReceive: window,
    interOctetTimeoutMs: 1000,
    retries: 1,
  };
}

function associationOf({ referencing, kind }: Column, wrong: boolean): AssociationConfig {
  const { auth, suite, form, dedicated } = kind;
  const titled = suite !== undefined || auth === 'hls-gmac' || auth === 'hls-sha256' || auth === 'hls-ecdsa';
  const signing = suite === undefined || suite === 0 ? undefined : SIGNING[suite];
  return {
    auth,
    referencing,
    maxPduSize: MAX_PDU,
    ...(auth === 'hls' ? { hook: { prove: wrong ? () => new Uint8Array(16) : proveWithAes } } : {}),
    ...(auth === 'none' || auth === 'hls-gmac' || auth === 'hls-ecdsa'
      ? {}
      : { password: wrong ? WRONG_PASSWORD : PASSWORD }),
    ...(titled ? { systemTitle: CLIENT_TITLE } : {}),
    ...(suite === undefined
      ? { policy: 'none' }
      : {
          policy: 'auth-enc',
          suite,
          ...(form === undefined ? {} : { form }),
          ...(dedicated === undefined ? {} : { dedicated }),
          encryptionKey: encryptionKey(suite),
          authenticationKey: wrong ? wrongKey(suite) : authenticationKey(suite),
          nextInvocationCounter: () => counter++,
        }),
    ...(auth === 'hls-ecdsa' && signing
      ? {
          signingKey: wrong ? signing.other : signing.client,
          peerSigningKey: signing.meter.publicKey,
        }
      : {}),
  };
}

async function withClient<Value>(
  target: Target,
  column: Column,
  use: (client: DlmsClient) => Promise<Value>,
  wrong = false,
): Promise<Value> {
  const config: ClientConfig = {
    link: linkOf(column, target.server),
    association: associationOf(column, wrong),
    randomBytes: (length) => systemRandom.bytes(length),
  };
  const channel = await openTcp({ host: '127.0.0.1', port: target.port, connectTimeoutMs: TIMEOUT_MS });
  try {
    const client = await openDlmsClient(channel, config, systemClock);
    const value = await use(client);
    await client.release();
    return value;
  } finally {
    await channel.close();
  }
}

/** A refused association ends in one of these, never in a time-out or an internal error. */
const REFUSALS: readonly string[] = [
  'association-refused',
  'authentication-failed',
  'decryption-failed',
  'exception-response',
  'link-closed',
  'channel-lost',
];

async function wrongSecret(target: Target, column: Column): Promise<unknown> {
  const ended = await withClient(target, column, () => Promise.resolve('accepted'), true).catch(
    (thrown: unknown) => thrown,
  );
  return ended instanceof DcuError && REFUSALS.includes(ended.code) ? 'refused' : String(ended);
}

/** Tries the operations in one association; one that breaks it lets the next begin anew. */
export async function ourClient(
  target: Target,
  column: Column,
  operations: readonly Operation[],
): Promise<Readonly<Record<string, Told>>> {
  const told: Record<string, Told> = {};
  const attempt = async (operation: Operation, run: () => Promise<unknown>): Promise<void> => {
    try {
      told[operation] = { value: await run() };
    } catch (thrown) {
      told[operation] = {
        error: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
      };
    }
  };
  for (let left = operations; left.length > 0; ) {
    const [next] = left;
    if (next !== undefined && !isTested(next)) {
      if (next === 'wrong secret') await attempt(next, () => wrongSecret(target, column));
      left = left.slice(1);
      continue;
    }
    const session = await withClient(target, column, async (client) => {
      for (const operation of left) {
        if (!isTested(operation)) return;
        left = left.slice(1);
        await attempt(operation, () => TESTS[operation](client, target));
        if (client.ended !== undefined) return;
      }
    }).catch((thrown: unknown) => thrown);
    if (session instanceof Error && next !== undefined && !(next in told)) {
      told[next] = { error: `${session.name}: ${session.message}` };
      left = left.slice(1);
    } else if (session instanceof Error && left.length === 0) {
      told['release'] = { error: `${session.name}: ${session.message}` };
    }
  }
  return told;
}
