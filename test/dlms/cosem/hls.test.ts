import { describe, expect, test } from 'bun:test';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { aesHook } from '../../../src/cli/hls-hook.ts';
import {
  challengeBytes,
  type HlsCredentials,
  type HlsMechanism,
  type HlsProof,
  isFitChallenge,
  lackingForHls,
  proveHls,
  verifyHls,
} from '../../../src/dlms/cosem/hls.ts';
import { SuiteZero } from '../ciphering/reference.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const range = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => from + at);

const CLIENT = fromHex('4D4D4D0000000001');
const SERVER = fromHex('4D4D4D0000BC614E');
const SECRET = text('12345678ABCDEFGH');

/** Challenges, keys and GMAC values of the Green Book's HLS example (9.2.7.4). */
const CTOS = text('K56iVagY');
const STOC = text('P6wRJ21F');
const CTOS_LONG = range(0, 32);
const STOC_LONG = range(0x40, 32);

const passThree = (ctos = CTOS, stoc = STOC): HlsProof => ({
  prover: 'client',
  challenge: stoc,
  ownChallenge: ctos,
  proverTitle: CLIENT,
  verifierTitle: SERVER,
});
const passFour = (ctos = CTOS, stoc = STOC): HlsProof => ({
  prover: 'server',
  challenge: ctos,
  ownChallenge: stoc,
  proverTitle: SERVER,
  verifierTitle: CLIENT,
});

function gmacOf(title: Uint8Array, counter: number, lastKeyByte = 0x0f): HlsCredentials {
  const key = range(0, 16);
  key[15] = lastKeyByte;
  const cipher = new SuiteZero(key, range(0xd0, 16));
  return {
    gmac: (challenge) => cipher.gmac(title, counter, challenge),
    verifyGmac: (peer, challenge, value) => cipher.verifyGmac(peer, challenge, value),
  };
}

const PAIRS = {
  1: {
    privateKey: fromHex('c2e5b2f1a3d4977881122334455667788990011aabbccddeeff0102030405060'),
    publicKey: fromHex(
      '42686eaf8698cbdffc5fd10ef9bc985dd99753f73b7a642cb8846ceab2fb6890' +
        'c0cc652dfa60d272feec726b4cc564fa1182f11b5493d14c97cd1285e681d454',
    ),
  },
  2: {
    privateKey: fromHex(
      '1f2e3d4c5b6a79880102030405060708090a0b0c0d0e0f101112131415161718' + '191a1b1c1d1e1f202122232425262728',
    ),
    publicKey: fromHex(
      '6878224be6a1087d9477906672d166d45b5f8e2ef5e9ee2cd00234b6c7293cb3' +
        'aa4b6cb79e2de1710ee4fd8edc78050e71bbb23fe512ef12bd7ed84f898d5b4b' +
        '65c4b37e4d4afd2b047d1c8a7f9560bcfddd383abe2d31a95badee61bac5a1ef',
    ),
  },
} as const;

interface Case {
  readonly mechanism: HlsMechanism;
  readonly client: HlsCredentials;
  readonly server: HlsCredentials;
  readonly stranger: HlsCredentials;
  readonly three: HlsProof;
  readonly four: HlsProof;
  /** f(StoC) and f(CtoS) as somebody else computes them. */
  readonly known: readonly [string, string];
}

const short = { three: passThree(), four: passFour() };
const long = { three: passThree(CTOS_LONG, STOC_LONG), four: passFour(CTOS_LONG, STOC_LONG) };
const secret = { client: { password: SECRET }, server: { password: SECRET } };
const stranger = { password: text('12345678ABCDEFGI') };
const signer = (suite: 1 | 2): HlsCredentials => ({
  suite,
  signingKey: PAIRS[suite],
  peerSigningKey: PAIRS[suite].publicKey,
});
const otherSigner: HlsCredentials = {
  suite: 1,
  signingKey: { ...PAIRS[1], privateKey: range(1, 32) },
  peerSigningKey: PAIRS[1].publicKey,
};

/** Digests and AES: computed by gurux-dlms 1.0.203. ECDSA: signed by OpenSSL through python-cryptography 48. */
const CASES: readonly Case[] = [
  {
    mechanism: 'hls',
    client: { hook: aesHook(SECRET) },
    server: { hook: aesHook(SECRET) },
    stranger: { hook: aesHook(text('another secret')) },
    ...short,
    known: ['4a06980e224cb2f136aff778373fbb9d', 'ee2a20631c54cf94a38159e37086d851'],
  },
  {
    mechanism: 'hls-md5',
    ...secret,
    stranger,
    ...short,
    known: ['54cbfebf5eb6cfae8cfd057515ac227c', '48e666879535c6913962ac67993a97be'],
  },
  {
    mechanism: 'hls-sha1',
    ...secret,
    stranger,
    ...short,
    known: ['08aef3c1e0b566d5f005411c4675681e5c79fe73', 'ce7b01f673b86db6de269df936b6bb0d284bdf08'],
  },
  {
    mechanism: 'hls-gmac',
    client: gmacOf(CLIENT, 1),
    server: gmacOf(SERVER, 0x01234567),
    stranger: gmacOf(CLIENT, 1, 0xff),
    ...short,
    known: ['10000000011a52fe7dd3e72748973c1e28', '1001234567fe1466afb3dbcd4f9389e2b7'],
  },
  {
    mechanism: 'hls-sha256',
    ...secret,
    stranger,
    ...short,
    known: [
      'f5663c9488cbaf2704fbbeba3bea00f2a6bfbda9a381d17fc77d72791de1ba7d',
      'db7514dae696622863b36a0f7b3a011aa285918e29c732a87b8fb76ad84e2c87',
    ],
  },
  {
    mechanism: 'hls-ecdsa',
    client: signer(1),
    server: signer(1),
    stranger: otherSigner,
    ...long,
    known: [
      '84c26a92521ee25eda0ad97fe159c1ad1571fbdb2a483dd4c84bffbb32653823' +
        '5eb34b787825d143e257621bd0a35fe5bc1b4a93e23f201243d2b56881b202ec',
      'b493e013dd04986faccc92981bb7b7d98aaf7d05a243f5c1bf5b18e2dd8af30c' +
        '324e9d3a713fbc4d786f8f281822e7d06569dd09b7d86bda81ba902d094ecb57',
    ],
  },
  {
    mechanism: 'hls-ecdsa',
    client: signer(2),
    server: signer(2),
    stranger: otherSigner,
    ...long,
    known: [
      '9ecbe973428fe80bcc145a20fd74ef5209b9e2b37743abcdce5bdad45e7bf814' +
        'e03f64cece4fe257d8b8b123cceb9d02cba70b5ef0a9994b2543c63b21d4aac3' +
        '01b561b6f6005229b0c608b26f72d46c9e21bdae7f108615eee1f5568f436638',
      'db5ffa3e03b1d34bf2ceacae4ee6062f842d48e066e8f1c6ef59ff6dcd844275' +
        '6b926d7a033b37d600605fedc6192b567466a229e091511fbe2908f74453eb8d' +
        'a9d2ce1384ad7e12497448a506ea5c8fa9c73807d6a7206bdcebcb02f65bf2ca',
    ],
  },
];

describe.each(CASES)('$mechanism', ({ mechanism, client, server, stranger: other, three, four, known }) => {
  const [fStoC, fCtoS] = known.map((hex) => fromHex(hex)) as [Uint8Array, Uint8Array];

  test('takes what somebody else has computed, and computes the same', () => {
    expect(verifyHls(mechanism, server, three, fStoC)).toBe(true);
    expect(verifyHls(mechanism, client, four, fCtoS)).toBe(true);
    if (mechanism === 'hls-ecdsa') return; // Signatures are not repeatable.
    expect(proveHls(mechanism, client, three).toHex()).toBe(fStoC.toHex());
    expect(proveHls(mechanism, server, four).toHex()).toBe(fCtoS.toHex());
  });

  test('both roles are content with each other', () => {
    expect(verifyHls(mechanism, server, three, proveHls(mechanism, client, three))).toBe(true);
    expect(verifyHls(mechanism, client, four, proveHls(mechanism, server, four))).toBe(true);
  });

  test('a stranger proves nothing to either', () => {
    expect(verifyHls(mechanism, server, three, proveHls(mechanism, other, three))).toBe(false);
    expect(verifyHls(mechanism, client, four, proveHls(mechanism, other, four))).toBe(false);
  });

  test('no proof stands for another challenge, for the other pass, or damaged', () => {
    const otherChallenge = { ...three, challenge: concat([three.challenge, Uint8Array.of(1)]) };
    expect(verifyHls(mechanism, server, otherChallenge, fStoC)).toBe(false);
    expect(verifyHls(mechanism, server, three, fCtoS)).toBe(false);
    expect(verifyHls(mechanism, client, four, fStoC)).toBe(false);
    for (let at = 0; at < fStoC.length; at++) {
      const flipped = fStoC.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x40;
      expect(verifyHls(mechanism, server, three, flipped)).toBe(false);
    }
    expect(verifyHls(mechanism, server, three, fStoC.subarray(1))).toBe(false);
    expect(verifyHls(mechanism, server, three, new Uint8Array(0))).toBe(false);
    expect(verifyHls(mechanism, server, three, concat([fStoC, Uint8Array.of(0)]))).toBe(false);
  });

  test('the challenge itself, sent back, proves nothing', () => {
    expect(verifyHls(mechanism, client, four, four.challenge)).toBe(false);
    expect(verifyHls(mechanism, server, three, three.challenge)).toBe(false);
  });

  test('without its credentials it names what is missing', () => {
    const lacking = lackingForHls(mechanism, {});
    expect(lacking).toBe(
      (
        {
          hls: 'hook',
          'hls-md5': 'password',
          'hls-sha1': 'password',
          'hls-gmac': 'gmac',
          'hls-sha256': 'password',
          'hls-ecdsa': 'suite',
        } as const
      )[mechanism],
    );
    expect(lackingForHls(mechanism, client)).toBeUndefined();
    expect(() => proveHls(mechanism, {}, three)).toThrow(DcuError);
  });
});

describe.each(['hls-gmac', 'hls-sha256', 'hls-ecdsa'] as const)('titles in %s', (mechanism) => {
  const found = CASES.find((one) => one.mechanism === mechanism);
  if (found === undefined) throw new Error('no case');
  const { client, server, three, known } = found;

  test('another prover or verifier has another proof', () => {
    const value = fromHex(known[0]);
    const otherTitle = fromHex('4D4D4D0000000002');
    expect(verifyHls(mechanism, server, { ...three, proverTitle: otherTitle }, value)).toBe(false);
    const bindsVerifier = mechanism !== 'hls-gmac';
    expect(verifyHls(mechanism, server, { ...three, verifierTitle: otherTitle }, value)).toBe(!bindsVerifier);
  });

  test('a title that is missing or of another length fails with a code', () => {
    const { proverTitle: _, ...untitled } = three;
    expect(() => verifyHls(mechanism, server, untitled, new Uint8Array(17))).toThrow(DcuError);
    if (mechanism === 'hls-gmac') return; // It proves under the title of its own cipher.
    expect(() => proveHls(mechanism, client, untitled)).toThrow(DcuError);
    expect(() => proveHls(mechanism, client, { ...three, verifierTitle: range(0, 7) })).toThrow(DcuError);
  });
});

describe('credentials of mechanism 7', () => {
  test.each([
    [{ ...signer(1), suite: 0 as const }, 'suite'],
    [{ suite: 1 as const, peerSigningKey: PAIRS[1].publicKey }, 'signingKey'],
    [{ suite: 1 as const, signingKey: PAIRS[1] }, 'peerSigningKey'],
  ])('%# lacks %s', (credentials, field) => {
    expect(lackingForHls('hls-ecdsa', credentials)).toBe(field as keyof HlsCredentials);
  });
});

describe('challenges', () => {
  test.each([
    ['hls-md5', 7, false],
    ['hls-md5', 8, true],
    ['hls-md5', 64, true],
    ['hls-md5', 65, false],
    ['hls-gmac', 16, true],
    ['hls-ecdsa', 31, false],
    ['hls-ecdsa', 32, true],
    ['hls-ecdsa', 64, true],
    ['hls-ecdsa', 65, false],
  ] as const)('%s with %i bytes: %p', (mechanism, length, fits) => {
    expect(isFitChallenge(mechanism, range(1, length), range(2, length))).toBe(fits);
    expect(isFitChallenge(mechanism, range(1, length), undefined)).toBe(fits);
    expect(isFitChallenge(mechanism, range(1, length), range(1, length))).toBe(false);
    expect(isFitChallenge(mechanism, undefined, undefined)).toBe(false);
    const { own, least, most } = challengeBytes(mechanism);
    expect(own >= least && own <= most).toBe(true);
  });
});
