import { expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { DcuError, toDcuError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { PushSender, type PushSenderOptions } from '../../src/channels/push-sender.ts';

const NOW = {
  randomisationStartIntervalMs: 0,
  numberOfRetries: 1,
  repetitionDelay: { minMs: 1 },
  confirmed: false,
  confirmationTimeoutMs: 10,
} as const;

const sender = (options: Partial<PushSenderOptions>): PushSender =>
  new PushSender({
    opener: { name: 'memory', open: async () => memoryPair()[0] },
    route: { framing: 'raw' },
    timing: NOW,
    clock: systemClock,
    random: systemRandom,
    protect: (apdu) => apdu,
    unprotect: (apdu) => apdu,
    ...options,
  });

test('a push that failed says why its last try did', async () => {
  const lacking = new DcuError('invalid-field', 'encryptionKey is needed', { field: 'encryptionKey' });
  const push = sender({
    protect: () => {
      throw lacking;
    },
  });
  const error = await push.push(Uint8Array.of(0)).catch(toDcuError);
  expect(error).toMatchObject({ code: 'link-timeout', cause: lacking });
  expect(String(error)).toContain('encryptionKey is needed');
});
