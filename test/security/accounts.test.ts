import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { AccountService } from '../../src/security/accounts.ts';
import { checkPassword, generatePassword, PasswordHasher } from '../../src/security/passwords.ts';
import { RIGHTS, requireRight, rightsOf } from '../../src/security/roles.ts';
import type { Store } from '../../src/store/types.ts';
import { openTestStore, removeDirectory, temporaryDirectory } from '../store/fixture.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PASSWORD = 'green-harbour-77';

const holder = (account: { readonly role: string; readonly mustChangePassword: boolean }) => ({
  account,
  rights: rightsOf(account.role),
});

let directory: string;
let store: Store;
let clock: VirtualClock;
let accounts: AccountService;

beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  accounts = new AccountService({ rows: store.accounts, clock, random: systemRandom });
});

afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

describe('the first administrator', () => {
  test('is made once, with a password that must be changed', async () => {
    const first = await accounts.offerFirst();
    expect(first?.name).toBe('admin');
    const login = await accounts.login('admin', first?.password ?? '', 'web');
    expect(login.account).toMatchObject({ role: 'administrator', mustChangePassword: true });
    expect(() => requireRight(holder(login.account), 'meters.read')).toThrow(
      expect.objectContaining({ code: 'password-change-required' }),
    );
    requireRight(holder(login.account), 'account.self');
    await accounts.changePassword(login.token, first?.password ?? '', PASSWORD, 'web');
    const { account } = await accounts.authenticate(login.token);
    expect(account.mustChangePassword).toBe(false);
    requireRight(holder(account), 'accounts.manage');
    expect(await accounts.offerFirst()).toBeUndefined();
  });

  test('gets another password at each start until one was chosen; the ones before are dead', async () => {
    const missed = await accounts.offerFirst();
    const { token } = await accounts.login('admin', missed?.password ?? '', 'web');
    const second = await accounts.offerFirst();
    expect(second?.name).toBe('admin');
    expect(await accounts.authenticate(token).catch((error: unknown) => error)).toMatchObject({
      code: 'unauthenticated',
    });
    expect(
      await accounts.login('admin', missed?.password ?? '', 'web').catch((error: unknown) => error),
    ).toMatchObject({ code: 'unauthenticated' });
    expect((await accounts.login('admin', second?.password ?? '', 'web')).account.name).toBe('admin');
  });

  test('leaves neither password nor token in the database', async () => {
    const first = await accounts.offerFirst();
    const { token } = await accounts.login('admin', first?.password ?? '', 'web');
    for (const file of ['dcu.db', 'dcu.db-wal']) {
      const bytes = readFileSync(join(directory, file)).toString('latin1');
      expect(bytes).not.toContain(first?.password ?? 'missing');
      expect(bytes).not.toContain(token);
    }
  });
});

describe('login', () => {
  beforeEach(async () => {
    await accounts.create('olga', 'operator', PASSWORD, false);
  });

  test('gives the same answer for a wrong password and an unknown name', async () => {
    const wrong = await accounts.login('olga', 'wrong password', 'a').catch((error: unknown) => error);
    const unknown = await accounts.login('nobody', PASSWORD, 'b').catch((error: unknown) => error);
    expect(wrong).toMatchObject({ code: 'unauthenticated' });
    expect(JSON.stringify(unknown)).toBe(JSON.stringify(wrong));
  });

  test('blocks account and interface for 24 hours after five failures', async () => {
    for (let i = 0; i < 5; i++) {
      await expect(accounts.login('olga', 'wrong password', 'ethernet')).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    }
    await expect(accounts.login('olga', PASSWORD, 'elsewhere')).rejects.toMatchObject({
      code: 'locked-out',
      facts: { retryAfterS: 86_400 },
    });
    await accounts.create('vera', 'viewer', PASSWORD, false);
    await expect(accounts.login('vera', PASSWORD, 'ethernet')).rejects.toMatchObject({ code: 'locked-out' });
    expect((await accounts.login('vera', PASSWORD, 'elsewhere')).account.name).toBe('vera');
    await clock.advance(24 * HOUR + 1);
    expect((await accounts.login('olga', PASSWORD, 'ethernet')).account.name).toBe('olga');
  });

  test('many tries at once do not outrun the counter', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => accounts.login('olga', 'wrong password', 'web')),
    );
    const codes = tries.map((result) => (result.status === 'rejected' ? result.reason.code : 'in'));
    expect(codes.filter((code) => code === 'unauthenticated').length).toBe(5);
    expect(codes.filter((code) => code === 'locked-out').length).toBe(5);
  });

  test('a block survives a restart and is lifted by another administrator', async () => {
    for (let i = 0; i < 5; i++) await accounts.login('olga', 'wrong password', 'web').catch(() => undefined);
    await store.close();
    store = await openTestStore(directory);
    accounts = new AccountService({ rows: store.accounts, clock, random: systemRandom });
    await expect(accounts.login('olga', PASSWORD, 'x')).rejects.toMatchObject({ code: 'locked-out' });
    await accounts.unlock('account', 'olga');
    await accounts.unlock('interface', 'web');
    expect((await accounts.login('olga', PASSWORD, 'web')).account.name).toBe('olga');
  });

  test('a success forgets the failures before it', async () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++)
        await accounts.login('olga', 'wrong password', 'web').catch(() => undefined);
      expect((await accounts.login('olga', PASSWORD, 'web')).account.name).toBe('olga');
    }
  }, 20_000);
});

describe('sessions', () => {
  beforeEach(async () => {
    await accounts.create('olga', 'operator', PASSWORD, false);
  });

  test('end after 30 idle minutes', async () => {
    const { token } = await accounts.login('olga', PASSWORD, 'web');
    await clock.advance(29 * MINUTE);
    expect((await accounts.authenticate(token)).account.name).toBe('olga');
    await clock.advance(29 * MINUTE);
    expect((await accounts.authenticate(token)).account.name).toBe('olga');
    await clock.advance(31 * MINUTE);
    await expect(accounts.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('looking on is no use: the idle end stays, and is reached', async () => {
    const { token, expiresAt } = await accounts.login('olga', PASSWORD, 'web');
    for (let minute = 1; minute < 30; minute++) {
      await clock.advance(MINUTE);
      expect(await accounts.lookUp(token)).toMatchObject({ account: { name: 'olga' }, expiresAt });
    }
    await clock.advance(MINUTE);
    await expect(accounts.lookUp(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(accounts.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('end after 12 hours, however busy', async () => {
    const { token } = await accounts.login('olga', PASSWORD, 'web');
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      await clock.advance(20 * MINUTE);
      await accounts.authenticate(token);
    }
    await clock.advance(20 * MINUTE);
    await expect(accounts.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('end with logout, and all others with a change of the password', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map(() => accounts.login('olga', PASSWORD, 'web')));
    await accounts.logout(one?.token ?? '');
    await expect(accounts.authenticate(one?.token ?? '')).rejects.toMatchObject({ code: 'unauthenticated' });
    await accounts.changePassword(two?.token ?? '', PASSWORD, 'another-long-one-5', 'web');
    expect((await accounts.authenticate(two?.token ?? '')).account.name).toBe('olga');
    await expect(accounts.authenticate(three?.token ?? '')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(accounts.login('olga', PASSWORD, 'web')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('a change of the password needs the current one and a good new one', async () => {
    const { token } = await accounts.login('olga', PASSWORD, 'web');
    await expect(accounts.changePassword(token, 'not it', 'another-long-one-5', 'web')).rejects.toMatchObject(
      {
        code: 'unauthenticated',
        field: 'current',
      },
    );
    for (const next of ['short', PASSWORD, 'olga-and-more-of-it', 'aaaaaaaaaaaaaaa', 'my-password-123']) {
      await expect(accounts.changePassword(token, PASSWORD, next, 'web')).rejects.toMatchObject({
        code: 'invalid-field',
        field: 'next',
      });
    }
    expect((await accounts.login('olga', PASSWORD, 'web')).account.name).toBe('olga');
  });

  test.each(['', 'x', 'A'.repeat(43)])('there is none for token %p', async (token) => {
    await expect(accounts.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('passwords', () => {
  test('an unknown name costs as much as a known one', async () => {
    const hasher = new PasswordHasher();
    const hash = await hasher.hash(PASSWORD);
    const timeOf = async (stored: string | undefined): Promise<number> => {
      const from = performance.now();
      for (let i = 0; i < 4; i++) expect(await hasher.verify('some other one', stored)).toBe(false);
      return performance.now() - from;
    };
    await timeOf(hash);
    const [known, unknown] = [await timeOf(hash), await timeOf(undefined)];
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(10);
  });

  test('a generated one keeps the rules and never comes twice', () => {
    const made = new Set(Array.from({ length: 200 }, () => generatePassword(systemRandom)));
    expect(made.size).toBe(200);
    for (const password of made) checkPassword(password, 'admin');
  });

  test('a flood of logins is refused, not piled up', async () => {
    const hasher = new PasswordHasher(2);
    const results = await Promise.allSettled([1, 2, 3].map(() => hasher.hash(PASSWORD)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });
});

describe('roles', () => {
  test('say who may do what', () => {
    expect(rightsOf('administrator')).toEqual(new Set(RIGHTS));
    expect(rightsOf('operator').has('readings.execute')).toBe(true);
    for (const right of [
      'meters.write',
      'relay.operate',
      'settings.write',
      'tasks.write',
      'accounts.manage',
    ] as const) {
      expect(rightsOf('operator').has(right)).toBe(false);
      expect(rightsOf('viewer').has(right)).toBe(false);
    }
    expect(rightsOf('viewer').has('readings.execute')).toBe(false);
    expect(rightsOf('constructor').size).toBe(0);
    expect(() =>
      requireRight(holder({ role: 'viewer', mustChangePassword: false }), 'relay.operate'),
    ).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });
});
