import {
  AUTHENTICATION_KEY,
  ENCRYPTION_KEY,
  openServed,
  PASSWORD,
  type ServedHouse,
} from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, pythonPeer } from './environments.ts';
import { askPeer, HES_TITLE, outcome } from './head-end-peer.ts';

export const HEAD_END_SECURITY = 'Gurux as head-end, keys and lock-out';

const MASTER_KEY = '0f0e0d0c0b0a09080706050403020100';
const RENEWED = {
  encryptionKey: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf',
  authenticationKey: 'b0b1b2b3b4b5b6b7b8b9babbbcbdbebf',
};
const TOOL = {
  encryptionKey: 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf',
  authenticationKey: 'e0e1e2e3e4e5e6e7e8e9eaebecedeeef',
};
const ATTEMPTS = 5;
/** The concentrator and its one meter. */
const DEVICES = 2;
/** All that is asked and answered is authenticated and encrypted. */
const AUTHENTICATED_ENCRYPTED = 0x6c;

const hex = (text: string): string => new TextEncoder().encode(text).toHex();
const ciphered = (keys: typeof RENEWED) => ({ client: 1, auth: 'hls-gmac', suite: 0, ...keys });
const OWN = ciphered({ encryptionKey: ENCRYPTION_KEY, authenticationKey: AUTHENTICATION_KEY });

/** How the head-end proves who it is where it is to fail: a secret, or keys. */
const FAILING = {
  'hls-sha256': { client: 1, auth: 'hls-sha256', suite: null },
  'hls-gmac': { ...OWN, wrongKey: 'ff'.repeat(16) },
} as const;

interface KeyChange {
  readonly policy: number;
  readonly devices: readonly number[];
  readonly old: boolean;
}

interface LockOut {
  readonly states: readonly (readonly number[])[];
  readonly tries: number;
  readonly whileLocked: boolean;
  readonly afterReset: boolean;
}

/**
 * The Gurux client changes its keys by key transfer and goes on under the new ones; and it fails to prove who it is until
 * it is locked out, and is let in again by the reset of the port's protection over another channel.
 */
export async function headEndSecurityCells(environment?: Environment): Promise<Cell[]> {
  const gurux = environment ?? (await pythonPeer('gurux', ['-O']));
  return [
    await cellOf('key changed', 'hls-gmac', async () => keyChanged(gurux)),
    await cellOf('locked out, unlocked', 'hls-sha256', async () => lockedOut(gurux, 'hls-sha256')),
    await cellOf('locked out, unlocked', 'hls-gmac', async () => lockedOut(gurux, 'hls-gmac')),
  ];
}

async function cellOf(operation: string, association: string, work: () => Promise<void>): Promise<Cell> {
  const common = {
    direction: HEAD_END_SECURITY,
    framing: 'wrapper',
    referencing: 'ln',
    association,
    operation,
  };
  const done = await outcome(work);
  return 'value' in done
    ? { ...common, outcome: 'passed' }
    : { ...common, outcome: 'failed', reason: done.reason };
}

async function withHouse(auth: string, work: (served: ServedHouse) => Promise<void>): Promise<void> {
  const served = await openServed({ meters: 1 });
  try {
    await served.attributes({
      'hes.auth': auth,
      'hes.rights': 'full',
      'hes.encryption.key': ENCRYPTION_KEY,
      'hes.authentication.key': AUTHENTICATION_KEY,
      'hes.master.key': MASTER_KEY,
    });
    await served.attributes(
      {
        port: '0',
        'hes.rights': 'full',
        'hes.encryption.key': TOOL.encryptionKey,
        'hes.authentication.key': TOOL.authenticationKey,
      },
      'tcp_server_gui',
    );
    await served.house.concentrator.headend.settled();
    await work(served);
  } finally {
    await served.end();
  }
}

const WORLD = { password: hex(PASSWORD), wrongPassword: hex('guessed'), clientTitle: HES_TITLE };

const keyChanged = (gurux: Environment): Promise<void> =>
  withHouse('hls-gmac', async (served) => {
    const told = await askPeer<KeyChange>(gurux, 'hes_security', {
      work: 'key changed',
      port: served.port,
      world: WORLD,
      kind: OWN,
      renewed: ciphered(RENEWED),
      masterKey: MASTER_KEY,
    });
    must(told.policy === AUTHENTICATED_ENCRYPTED && !told.old, told);
    must(Bun.deepEquals(told.devices, [DEVICES, DEVICES, DEVICES]), told);
    const { configuration } = served.house.concentrator.store;
    const kept = await configuration.channelSecret('tcp_server', 'hes.encryption.key');
    must(kept === RENEWED.encryptionKey, 'the new key was not kept');
  });

const lockedOut = (gurux: Environment, auth: keyof typeof FAILING): Promise<void> =>
  withHouse(auth, async (served) => {
    const told = await askPeer<LockOut>(gurux, 'hes_security', {
      work: 'locked out',
      port: served.port,
      toolPort: served.portOf('tcp_server_gui'),
      world: WORLD,
      kind: FAILING[auth],
      tool: ciphered(TOOL),
      attempts: ATTEMPTS,
    });
    must(told.tries === ATTEMPTS && !told.whileLocked && told.afterReset, told);
    const expected = [
      [0, 0, 0],
      [1, ATTEMPTS, ATTEMPTS],
      [0, 0, ATTEMPTS],
    ];
    must(Bun.deepEquals(told.states, expected), told);
  });

function must(holds: boolean, told: unknown): void {
  if (!holds) throw new Error(JSON.stringify(told));
}
