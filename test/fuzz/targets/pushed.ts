import { concat } from '../../../src/base/bytes.ts';
import { DcuError, type ErrorCode } from '../../../src/base/errors.ts';
import type { Random } from '../../../src/base/random.ts';
import { MessageSecurity } from '../../../src/dlms/ciphering/message-security.ts';
import type { CipheringForm } from '../../../src/dlms/ciphering/types.ts';
import { pushBlocks } from '../../../src/dlms/cosem/push-body.ts';
import { decodeTelegram } from '../../../src/dlms/decode/index.ts';
import { createPushReceiver, GAP_TIMER, PUSH_FRAMINGS } from '../../../src/dlms/link/push-receiver.ts';
import { framePushed, type PushRoute } from '../../../src/dlms/link/push-route.ts';
import { claimsOf, confirmPushed, openPushed } from '../../../src/dlms/notifications.ts';
import { PushAssembly } from '../../../src/dlms/push-assembly.ts';
import { ReplayGuard } from '../../../src/dlms/replay-guard.ts';
import { placeNotification } from '../../../src/meters/push/placing.ts';
import { Broken, type FuzzTarget } from '../target.ts';
import { FRAME_SEEDS, PDU_SEEDS } from './seeds.ts';

const KEYS = {
  encryptionKey: Uint8Array.from({ length: 16 }, (_, i) => i),
  authenticationKey: Uint8Array.from({ length: 16 }, (_, i) => 0xd0 + i),
};
const TITLE = Uint8Array.fromHex('4f44430000000001');
const MAX_APDU = 4096;

/** What a listener may say to an APDU that somebody has sent. */
const REFUSES: readonly ErrorCode[] = [
  'truncated',
  'apdu-invalid',
  'apdu-unexpected',
  'apdu-too-long',
  'axdr-invalid',
  'axdr-too-deep',
  'unsupported',
  'security-required',
  'decryption-failed',
  'replay-detected',
  'type-mismatch',
  'overflow',
  'invalid-argument',
];

/** Clock and one register: a bare profile buffer, and the layout that it fits. */
const CLOCK = Uint8Array.fromHex('090c07ea0b17010c000000ffc400');
const BUFFER = concat([
  Uint8Array.of(1, 2),
  ...[1, 2].map((n) => concat([Uint8Array.of(2, 2), CLOCK, Uint8Array.of(6, 0, 0, 0, n)])),
]);
const LAYOUT = {
  kind: 'energy',
  layout: {
    obis: '1.0.99.1.0.255',
    objects: [
      { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, dataIndex: 0 },
      { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, dataIndex: 0 },
    ],
    clockIndex: 0,
    columns: [{ classId: 3, obis: '1.0.1.8.0.255', attribute: 2, dataIndex: 0, scaler: 0, unit: 30 }],
    capturePeriodS: 0,
  },
} as const;

/** Later than any row of the seeds. */
const RECEIVED_MS = Date.UTC(2030, 0, 1);
const ROUTES: readonly PushRoute[] = [
  { framing: 'wrapper', source: 1, destination: 102 },
  { framing: 'hdlc', source: { value: 145, bytes: 2 }, destination: { value: 103, bytes: 1 } },
  { framing: 'mbus', address: 255, source: 1, destination: 103 },
  { framing: 'raw' },
];

function sealed(apdu: Uint8Array, form: CipheringForm, counter: number): Uint8Array {
  const security = new MessageSecurity({
    ...KEYS,
    suite: 0,
    systemTitle: TITLE,
    nextInvocationCounter: () => counter,
    randomBytes: (length) => new Uint8Array(length),
  });
  try {
    return security.protect(apdu, { policy: 'auth-enc', form, signed: false, key: 'unicast' });
  } finally {
    security.release();
  }
}

function ourSeeds(): Uint8Array[] {
  const plain = concat([Uint8Array.fromHex('0f400000010c07ea0b17010c000000ffc400'), BUFFER]);
  const forms = ['general-glo', 'identified-key'] as const;
  const apdus = [
    [plain],
    ...forms.map((form, i) => [sealed(plain, form, i + 1)]),
    pushBlocks(sealed(plain, 'general-glo', 9), 40),
  ];
  return ROUTES.flatMap((route) =>
    apdus.map((some) => concat(some.flatMap((apdu) => framePushed(apdu, route, { from: 'server' })))),
  );
}

/** Everything between the bytes of one peer and what the store or the screen is given. */
function listen(input: Uint8Array, random: Random): void {
  const framing = random.next() < 0.7 ? 'auto' : (PUSH_FRAMINGS[Math.floor(random.next() * 4)] ?? 'auto');
  const receiver = createPushReceiver({ framing, maxApdu: MAX_APDU, gapMs: 1 });
  const assembly = new PushAssembly({ maxApdu: MAX_APDU });
  const replays = new ReplayGuard({ limit: 4 });
  let accepted = -1;
  const take = (apdu: Uint8Array): void => {
    const { apdu: whole } = assembly.take('', apdu);
    if (whole === undefined) return;
    if (whole.length > MAX_APDU) throw new Broken(`an APDU of ${whole.length} bytes`);
    const claims = claimsOf(whole);
    const opened = openPushed(whole, { ...KEYS, originator: TITLE }, claims);
    decodeTelegram(opened.plaintext, { transport: 'apdu' });
    placeNotification(opened.plaintext, {
      meterId: 1,
      layouts: [LAYOUT],
      known: [],
      receivedAtMs: RECEIVED_MS,
    });
    replays.accept(claims.originator ?? TITLE, opened);
    const counter = replays.last(TITLE) ?? -1;
    if (counter < accepted) throw new Broken('an invocation counter went down');
    accepted = counter;
    confirmPushed(opened, claims.originator, KEYS, {
      systemTitle: TITLE.map((byte) => byte ^ 1),
      nextInvocationCounter: () => 1,
      randomBytes: (length) => new Uint8Array(length),
    });
  };
  const step = (one: Parameters<typeof receiver.step>[0]): void => {
    for (const effect of receiver.step(one, 0)) {
      if (effect.do !== 'emit') continue;
      try {
        take(effect.event.apdu);
      } catch (error) {
        if (!(error instanceof DcuError) || !REFUSES.includes(error.code)) throw error;
      }
    }
  };
  for (let at = 0; at < input.length; ) {
    const to = at + 1 + Math.floor(random.next() * (input.length - at));
    step({ on: 'bytes', bytes: input.subarray(at, to) });
    if (random.next() < 0.1) step({ on: 'timer', timer: GAP_TIMER });
    at = to;
  }
  step({ on: 'closed' });
}

export const PUSHED_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'pushed data, from bytes to the store',
    seeds: [...ourSeeds(), ...FRAME_SEEDS, ...PDU_SEEDS],
    refuses: [],
    run: listen,
  },
];
