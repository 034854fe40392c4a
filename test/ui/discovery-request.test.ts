import { expect, test } from 'bun:test';
import { emptySearch, foundLink, searchBody, searchKind } from '../../ui/pages/discovery/request.ts';

const form = (given: Partial<typeof emptySearch>) => ({ ...emptySearch, channel: 'c', ...given });

test('channels that lead to meters can be looked at, others not', () => {
  expect([2, 4, 7, 8, 12, 14, 5, 9, 13].map((commType) => searchKind({ commType }))).toEqual([
    'module',
    'line',
    'line',
    'line',
    'network',
    'network',
    undefined,
    undefined,
    undefined,
  ]);
  expect(searchKind(undefined)).toBeUndefined();
});

test('only what belongs to the channel and is filled in is asked for', () => {
  const all = form({ addresses: '16-20', serials: '1, 2', hosts: 'a b,c', nodes: '5' });
  expect(searchBody(all, 'line')).toEqual({
    channel: 'c',
    addresses: '16-20',
    addressBytes: 2,
    serials: ['1', '2'],
  });
  expect(searchBody(all, 'network')).toEqual({ channel: 'c', hosts: ['a', 'b', 'c'], ports: [4059] });
  expect(searchBody(all, 'module')).toEqual({ channel: 'c', nodes: ['5'] });
  for (const kind of ['line', 'module'] as const)
    expect(searchBody(form({}), kind)).toEqual({ channel: 'c' });
});

test('credentials go along only where they are wanted, and only those of the mechanism', () => {
  const typed = { password: 'p', encryptionKey: 'e', authenticationKey: 'a' };
  expect(searchBody(form(typed), 'line').credentials).toBeUndefined();
  expect(searchBody(form({ ...typed, withCredentials: true }), 'line').credentials).toEqual({
    clientAddress: 1,
    auth: 'lls',
    policy: 'none',
    secrets: { password: 'p' },
  });
  expect(searchBody(form({ ...typed, withCredentials: true, auth: 'hls-gmac' }), 'line').credentials).toEqual(
    {
      clientAddress: 1,
      auth: 'hls-gmac',
      policy: 'auth-enc',
      secrets: { encryptionKey: 'e', authenticationKey: 'a' },
    },
  );
});

test('a found device is accepted where found devices wait', () => {
  expect(foundLink({ channel: 'line 1' }, { address: '1/17' } as never)).toBe(
    '/found?channel=line+1&search=1%2F17',
  );
});
