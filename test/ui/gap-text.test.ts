import { expect, test } from 'bun:test';
import { GAP_CAUSES, UNREAD_REASONS } from '../../src/tasks/gaps.ts';
import { gapText } from '../../ui/pages/meter/gap-text.ts';

const gap = { fromMs: 0, toMs: 1, reason: 'missing', why: null } as const;

test('each cause and each reason has words of its own', () => {
  const unread = UNREAD_REASONS.map((reason) =>
    gapText({ ...gap, cause: 'unread', why: { reason, code: null, message: null, since: null } }),
  );
  const causes = GAP_CAUSES.filter((cause) => cause !== 'unread').map((cause) => gapText({ ...gap, cause }));
  expect(new Set([...unread, ...causes]).size).toBe(UNREAD_REASONS.length + GAP_CAUSES.length - 1);
  expect([...unread, ...causes].filter((text) => text.includes('undefined'))).toEqual([]);
});

test('the last error is told with it', () => {
  const why = { reason: 'failed', code: 'link-timeout', message: 'no answer', since: 5 } as const;
  expect(gapText({ ...gap, cause: 'unread', why })).toBe('Not fetched yet: the last read failed (no answer)');
});
