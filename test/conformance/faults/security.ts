import { ByteReader, concat } from '../../../src/base/bytes.ts';
import { gmac, type Keys, openBytes, sealBytes } from '../../../src/conformance/sealed-content.ts';
import { replyToHls } from '../../../src/conformance/session.ts';
import { createGcmKey } from '../../../src/kernels/index.ts';
import type { MeterPlan } from '../../../src/simulator/plan.ts';
import type { Breakage, Fault } from './broken-meter.ts';
import { type ApduHooks, apdus, withDevice } from './mangling.ts';

const GMAC = { framing: 'wrapper', auth: 'hls-gmac' } as const;
export const CLIENT_TITLE = new TextEncoder().encode('DCUTEST1');
const CHALLENGE = new Uint8Array(16).fill(0x5a);
const AUTH_ENC = 0x30;
const TAG_BYTES = 12;
/** glo-initiate-request, glo-get-request, glo-action-request: short enough for a length of one octet. */
const CIPHERED_REQUESTS = [0xc8, 0xcb];

export function keysOf({
  encryptionKey,
  authenticationKey,
}: Pick<MeterPlan, 'encryptionKey' | 'authenticationKey'>): Keys {
  if (encryptionKey === undefined || authenticationKey === undefined)
    throw new Error('the meter has no keys');
  return { encryptionKey, authenticationKey };
}

/** Accepts every invocation counter. */
const careless: Breakage = {
  config: (config) => withDevice(config, () => ({ acceptInvocationCounter: () => true })),
};

const fixedChallenge: Breakage = {
  config: (config) => ({ ...config, randomBytes: (length) => CHALLENGE.slice(0, length) }),
};

/** The same content under a tag that fits, whatever tag it had. */
function resealed(apdu: Uint8Array, keys: Keys): Uint8Array {
  const control = apdu[2] ?? 0;
  if (!CIPHERED_REQUESTS.includes(apdu[0] ?? 0) || control !== AUTH_ENC || apdu.length < 7 + TAG_BYTES)
    return apdu;
  const counter = new ByteReader(apdu, 3).u32();
  const iv = concat([CLIENT_TITLE, apdu.subarray(3, 7)]);
  const key = createGcmKey(keys.encryptionKey);
  const plain = key.crypt(iv, apdu.slice(7, -TAG_BYTES));
  key.release();
  const sealed = sealBytes(plain, control, counter, CLIENT_TITLE, keys);
  return concat([Uint8Array.of(apdu[0] ?? 0, sealed.length), sealed]);
}

const both = (first: Breakage, hooks: ApduHooks): Breakage => ({ ...first, ...apdus(hooks) });

export const SECURITY_FAULTS: readonly Fault[] = [
  {
    id: 'replay-accepted',
    title: 'Invocation counters of clients are not checked',
    combination: GMAC,
    finds: ['SYMSEC_MSG_N9', 'SYMSEC_MSG_N10', 'SYMSEC_MSG_N11', 'SYMSEC_OPEN_N6'],
    plant: () => () => careless,
  },
  {
    id: 'tag-unchecked',
    title: 'Authentication tags are not verified',
    combination: GMAC,
    finds: ['SYMSEC_MSG_N2', 'SYMSEC_MSG_N3', 'SYMSEC_MSG_N8'],
    plant: (plan) => () => apdus({ request: (apdu) => ({ forward: resealed(apdu, keysOf(plan)) }) }),
  },
  {
    id: 'challenge-repeated',
    title: 'The challenge is always the same',
    combination: GMAC,
    finds: ['SYMSEC_HLS_P2', 'SYMSEC_HLS_N4'],
    plant: () => () => fixedChallenge,
  },
  {
    id: 'counter-stands',
    title: 'The meter’s invocation counter does not grow',
    combination: GMAC,
    finds: ['SYMSEC_MSG_P3', 'SYMSEC_MSG_P4'],
    plant: () => () => ({
      config: (config) => withDevice(config, () => ({ nextInvocationCounter: () => 77 })),
    }),
  },
  {
    id: 'counter-restarts',
    title: 'The meter’s invocation counter begins anew with each connection',
    combination: GMAC,
    finds: ['SYMSEC_MSG_P4'],
    plant: () => () => {
      let counter = 1;
      return { config: (config) => withDevice(config, () => ({ nextInvocationCounter: () => counter++ })) };
    },
  },
  {
    id: 'plain-served',
    title: 'Plain requests are served in a ciphered association',
    combination: GMAC,
    finds: ['SYMSEC_MSG_N1'],
    plant: (plan) => () =>
      both(careless, {
        request(apdu) {
          if (apdu[0] !== 0xc0) return { forward: apdu };
          const sealed = sealBytes(apdu, AUTH_ENC, 0x7fff_0000, CLIENT_TITLE, keysOf(plan));
          return { forward: concat([Uint8Array.of(0xc8, sealed.length), sealed]) };
        },
      }),
  },
  {
    id: 'policy-unchecked',
    title: 'Less protection than the policy asks for is enough',
    combination: GMAC,
    finds: ['SYMSEC_MSG_N13', 'SYMSEC_MSG_N14'],
    plant: () => () => ({
      config: (config) =>
        withDevice(config, ({ associations }) => ({
          associations: associations.map((one) => ({ ...one, policy: 'none' as const })),
        })),
    }),
  },
  {
    id: 'any-proof',
    title: 'Every proof of the client is believed',
    combination: GMAC,
    finds: [
      'SYMSEC_HLS_N1',
      'SYMSEC_HLS_N2',
      'SYMSEC_HLS_N3',
      'SYMSEC_HLS_N4',
      'SYMSEC_HLS_N5',
      'SYMSEC_HLS_N6',
    ],
    plant: (plan) => () =>
      both(fixedChallenge, {
        request(apdu) {
          if (apdu[0] !== 0xcb) return { forward: apdu };
          const keys = keysOf(plan);
          const counter = new ByteReader(apdu, 3).u32();
          const plain = replyToHls(gmac(CHALLENGE, 0, counter, CLIENT_TITLE, keys));
          const sealed = sealBytes(plain, AUTH_ENC, counter, CLIENT_TITLE, keys);
          return { forward: concat([Uint8Array.of(0xcb, sealed.length), sealed]) };
        },
      }),
  },
  {
    id: 'answers-plain',
    title: 'Answers are not ciphered',
    combination: GMAC,
    finds: ['SYMSEC_MSG_P1', 'SYMSEC_MSG_P2'],
    plant: (plan) => () =>
      apdus({
        response(apdu) {
          if (apdu[0] !== 0xcc || (apdu[1] ?? 0x80) >= 0x80) return apdu;
          return openBytes(apdu.subarray(2), plan.systemTitle, keysOf(plan))?.plain ?? apdu;
        },
      }),
  },
  {
    id: 'answers-weaker',
    title: 'Answers are authenticated and not encrypted',
    combination: GMAC,
    finds: ['SYMSEC_MSG_P2'],
    plant: (plan) => () =>
      apdus({
        response(apdu) {
          if (apdu[0] !== 0xcc || (apdu[1] ?? 0x80) >= 0x80) return apdu;
          const keys = keysOf(plan);
          const opened = openBytes(apdu.subarray(2), plan.systemTitle, keys);
          if (opened === undefined) return apdu;
          const sealed = sealBytes(opened.plain, 0x10, opened.counter, plan.systemTitle, keys);
          return concat([Uint8Array.of(0xcc, sealed.length), sealed]);
        },
      }),
  },
  {
    id: 'faults-told-apart',
    title: 'Refusals differ by what was wrong',
    combination: GMAC,
    finds: ['SYMSEC_MSG_N21'],
    plant: () => {
      let refusals = 0;
      return () =>
        apdus({
          response: (apdu) =>
            apdu[0] === 0xd8 ? apdu.map((byte, i) => (i === 2 ? 1 + (refusals++ % 3) : byte)) : apdu,
        });
    },
  },
  {
    id: 'locked-out',
    title: 'One wrong key locks the meter for good',
    combination: GMAC,
    finds: ['SYMSEC_OPEN_N7'],
    plant: () => {
      let locked = false;
      return () =>
        apdus({
          request: (apdu) => (locked ? undefined : { forward: apdu }),
          response(apdu) {
            locked ||= apdu[0] === 0x61 && apdu.includes(0x0d) && apdu.length < 60;
            return apdu;
          },
        });
    },
  },
];
