import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import type { SecuritySuite } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { decodeGeneralCiphering, encodeGeneralCiphering } from '../../../src/dlms/apdu/general-ciphering.ts';
import { decodeGeneralSigning, encodeGeneralSigning } from '../../../src/dlms/apdu/general-signing.ts';
import { completeAgreement, makeEphemeralShare } from '../../../src/dlms/ciphering/key-agreement.ts';
import {
  MessageSecurity,
  type MessageSecurityConfig,
  type OpenedApdu,
  type Protection,
} from '../../../src/dlms/ciphering/message-security.ts';
import {
  parseSecurityControl,
  satisfies,
  securityControl,
} from '../../../src/dlms/ciphering/security-control.ts';
import type { CipheringForm, EcKeyPair } from '../../../src/dlms/ciphering/types.ts';
import { generateEcKeyPair } from '../../../src/kernels/index.ts';
import { vectors } from '../../vectors/known-answers.json';
import { codeOf, expectTotal } from '../mutation.ts';

const random = new SeededRandom(11);
const bytes = (length: number): Uint8Array => random.bytes(length);
const GET = fromHex('C0010000080000010000FF0200');
const NOTIFICATION = fromHex('0f0000000100020100');
const CLIENT = fromHex('4D4D4D0000000001');
const SERVER = fromHex('4D4D4D0000BC614E');
const SUITES: readonly SecuritySuite[] = [0, 1, 2];
const POLICIES = ['auth', 'enc', 'auth-enc'] as const;
const SYMMETRIC_FORMS: readonly CipheringForm[] = [
  'service-specific',
  'general-glo',
  'general-ded',
  'identified-key',
  'wrapped-key',
];
const AGREED_FORMS: readonly CipheringForm[] = ['one-pass-diffie-hellman', 'static-unified-model'];

interface Side {
  readonly config: MessageSecurityConfig;
  readonly security: MessageSecurity;
}

interface Pair {
  readonly client: Side;
  readonly server: Side;
}

function side(config: MessageSecurityConfig): Side {
  return { config, security: new MessageSecurity(config) };
}

function pair(suite: SecuritySuite, extra: Partial<MessageSecurityConfig> = {}): Pair {
  const length = suite === 2 ? 32 : 16;
  const curve = suite === 2 ? 'P-384' : 'P-256';
  const shared = {
    suite,
    encryptionKey: bytes(length),
    authenticationKey: bytes(length),
    broadcastKey: bytes(length),
    masterKey: bytes(length),
    dedicatedKey: bytes(length),
    randomBytes: bytes,
    acceptBroadcast: true,
    ...extra,
  };
  let counter = 1;
  const nextInvocationCounter = (): number => counter++;
  const make = (): EcKeyPair => generateEcKeyPair(curve, bytes);
  const [signC, agreeC, signS, agreeS] = [make(), make(), make(), make()];
  const own = (sign: EcKeyPair, agree: EcKeyPair, peerSign: EcKeyPair, peerAgree: EcKeyPair) =>
    suite === 0
      ? {}
      : {
          signingKey: sign,
          agreementKey: agree,
          peerSigningKey: peerSign.publicKey,
          peerAgreementKey: peerAgree.publicKey,
        };
  return {
    client: side({
      ...shared,
      systemTitle: CLIENT,
      nextInvocationCounter,
      ...own(signC, agreeC, signS, agreeS),
    }),
    server: side({
      ...shared,
      systemTitle: SERVER,
      nextInvocationCounter,
      ...own(signS, agreeS, signC, agreeC),
    }),
  };
}

/** Every protection that a suite knows, except none at all. */
function protections(suite: SecuritySuite): Protection[] {
  const forms = suite === 0 ? SYMMETRIC_FORMS : [...SYMMETRIC_FORMS, ...AGREED_FORMS];
  const all: Protection[] = [];
  for (const signed of suite === 0 ? [false] : [false, true]) {
    for (const form of forms) {
      for (const policy of POLICIES) {
        const dedicated = form === 'general-ded';
        all.push({ policy, form, signed, key: 'unicast', dedicated });
        if (form === 'service-specific') all.push({ policy, form, signed, key: 'unicast', dedicated: true });
        if (['service-specific', 'general-glo', 'identified-key'].includes(form)) {
          all.push({ policy, form, signed, key: 'broadcast', dedicated: false });
        }
      }
    }
    if (signed)
      all.push({ policy: 'none', form: 'service-specific', signed, key: 'unicast', dedicated: false });
  }
  return all;
}

const nameOf = (p: Protection): string =>
  `${p.form}, ${p.policy}, ${p.key}${p.dedicated ? ', dedicated' : ''}${p.signed ? ', signed' : ''}`;

/** A signed APDU has no glo- or ded- tag, and goes in the general form. */
function asOpened(protection: Protection): Protection {
  if (protection.form !== 'service-specific' || !protection.signed || protection.policy === 'none')
    return protection;
  return { ...protection, form: protection.dedicated ? 'general-ded' : 'general-glo' };
}

describe.each(SUITES)('suite %d', (suite) => {
  const { client, server } = pair(suite);

  test.each(protections(suite).map((protection) => [nameOf(protection), protection] as const))(
    '%s: round trip, overhead, stated facts',
    (_name, protection) => {
      for (const length of [1, 13, 127, 128, 300, 2000]) {
        const apdu = concat([GET, new Uint8Array(length)]);
        const sent = client.security.protect(apdu, protection, SERVER);
        expect(sent.length - apdu.length).toBeLessThanOrEqual(client.security.overhead(protection));
        const opened = server.security.open(sent, CLIENT);
        expect(opened.plaintext).toEqual(apdu);
        expect(opened.protection).toEqual(asOpened(protection));
        expect(opened.invocationCounter === undefined).toBe(protection.policy === 'none');
        expect(opened.signedBy).toEqual(protection.signed ? CLIENT : undefined);
        const states = protection.signed || protection.form !== 'service-specific';
        expect(opened.systemTitle).toEqual(states ? CLIENT : undefined);
        // What states its originator opens without being told.
        if (states) expect(server.security.open(sent, undefined).plaintext).toEqual(apdu);
        else expect(codeOf(() => server.security.open(sent, undefined))).toBe('decryption-failed');
      }
    },
  );

  test('the overhead is exact where every length takes three bytes, and 0 for nothing', () => {
    const apdu = concat([GET, new Uint8Array(40_000)]);
    for (const protection of protections(suite)) {
      const added = client.security.protect(apdu, protection, SERVER).length - apdu.length;
      // The tag of a service of its own spares the system title.
      const spared = protection.form === 'service-specific' && !protection.signed ? 9 : 0;
      expect({ protection, added: added + spared }).toEqual({
        protection,
        added: client.security.overhead(protection),
      });
      const { policy: _policy, ...rest } = protection;
      const nothing = client.security.overhead({ ...rest, policy: 'none', signed: false });
      expect(nothing).toBe(0);
    }
  });

  test('what is authenticated or signed is refused with any bit changed; nothing but typed errors comes of it', () => {
    for (const protection of protections(suite)) {
      const sent = client.security.protect(GET, protection, SERVER);
      const authentic = protection.policy !== 'enc';
      const step = suite === 2 ? 37 : protection.signed || AGREED_FORMS.includes(protection.form) ? 11 : 1;
      for (let bit = 0; bit < sent.length * 8; bit += step) {
        const changed = sent.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let opened: OpenedApdu;
        try {
          opened = server.security.open(changed, CLIENT);
        } catch (error) {
          if (!(error instanceof DcuError) || error.code === 'internal') throw error;
          continue;
        }
        if (!authentic) continue;
        // The tag around and the security control may be changed into those of less protection, or of none: then that is
        // what is told, and what was asked for is not there.
        const { policy, signed } = opened.protection;
        if (!satisfies(policy, protection.policy) || (protection.signed && !signed)) continue;
        // Another service's glo- tag with the same key.
        if (bit < 8) continue;
        throw new Error(`${nameOf(protection)} opened with bit ${bit} changed`);
      }
    }
  });

  test('every truncation gives a typed error, with the offset where bytes are missing', () => {
    for (const protection of protections(suite).filter(({ policy }) => policy !== 'enc')) {
      const sent = client.security.protect(GET, protection, SERVER);
      for (let length = 1; length < sent.length; length++) {
        try {
          server.security.open(sent.slice(0, length), CLIENT);
          throw new Error(`${nameOf(protection)} opened with ${length} of ${sent.length} bytes`);
        } catch (error) {
          if (!(error instanceof DcuError)) throw error;
          expect({ length, code: error.code }).toEqual({ length, code: 'truncated' });
          expect(error.offset).toBeGreaterThanOrEqual(0);
          expect(error.offset).toBeLessThanOrEqual(length);
        }
      }
    }
  });

  test('keys of another length or of another suite are named, and their bytes are not', () => {
    const other = suite === 2 ? 16 : 32;
    const fields = [
      'encryptionKey',
      'authenticationKey',
      'broadcastKey',
      'masterKey',
      'dedicatedKey',
    ] as const;
    for (const field of fields) {
      for (const length of [0, 15, 17, other]) {
        const key = bytes(length);
        const make = () => new MessageSecurity({ ...client.config, [field]: key });
        expect(make).toThrow(expect.objectContaining({ code: 'invalid-field', field }));
      }
    }
    const foreign = generateEcKeyPair(suite === 2 ? 'P-256' : 'P-384', bytes);
    for (const field of ['signingKey', 'agreementKey'] as const) {
      expect(codeOf(() => new MessageSecurity({ ...client.config, [field]: foreign }))).toBe('invalid-field');
    }
    for (const field of ['peerSigningKey', 'peerAgreementKey'] as const) {
      expect(codeOf(() => new MessageSecurity({ ...client.config, [field]: foreign.publicKey }))).toBe(
        'invalid-field',
      );
    }
    expect(codeOf(() => new MessageSecurity({ ...client.config, systemTitle: bytes(7) }))).toBe(
      'invalid-field',
    );
  });

  test('GMAC is bound to suite, title, counter and challenge', () => {
    const challenge = bytes(24);
    const answer = client.security.gmac(9, challenge);
    expect(answer[0]).toBe(0x10 | suite);
    expect(server.security.verifyGmac(CLIENT, challenge, answer)).toBe(true);
    expect(server.security.verifyGmac(SERVER, challenge, answer)).toBe(false);
    expect(server.security.verifyGmac(CLIENT.slice(1), challenge, answer)).toBe(false);
    expect(server.security.verifyGmac(CLIENT, challenge.slice(1), answer)).toBe(false);
    for (let bit = 0; bit < answer.length * 8; bit++) {
      const flipped = answer.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(server.security.verifyGmac(CLIENT, challenge, flipped)).toBe(false);
    }
    expect(server.security.verifyGmac(CLIENT, challenge, answer.slice(0, 16))).toBe(false);
  });

  test('keys are wrapped for transfer, and only keys of the suite come out', () => {
    const key = bytes(suite === 2 ? 32 : 16);
    const wrapped = client.security.wrapKey(key);
    expect(server.security.unwrapKey(wrapped)).toEqual(key);
    expect(server.security.unwrapKey(wrapped.slice(8))).toBeUndefined();
    wrapped[3] = (wrapped[3] ?? 0) ^ 1;
    expect(server.security.unwrapKey(wrapped)).toBeUndefined();
    expect(server.security.unwrapKey(client.security.wrapKey(bytes(suite === 2 ? 16 : 32)))).toBeUndefined();
  });

  test('any APDU, any protection (property)', () => {
    const all = protections(suite);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), fc.nat(all.length - 1), (content, at) => {
        const apdu = concat([Uint8Array.of(0xc4), content]);
        const protection = all[at] ?? all[0];
        if (protection === undefined) throw new Error('no protection');
        const sent = server.security.protect(apdu, protection, CLIENT);
        expect(client.security.open(sent, SERVER).plaintext).toEqual(apdu);
      }),
      { numRuns: suite === 2 ? 30 : 100 },
    );
  });

  test('released keys are of no use', () => {
    const { client: own } = pair(suite);
    const sent = own.security.protect(GET, {
      policy: 'auth-enc',
      form: 'general-glo',
      signed: false,
      key: 'unicast',
    });
    own.security.release();
    for (const use of [
      () => own.security.open(sent, SERVER),
      () => own.security.gmac(1, GET),
      () => own.security.wrapKey(bytes(16)),
      ...protections(suite).map((protection) => () => own.security.protect(GET, protection, SERVER)),
    ]) {
      expect(use).toThrow(DcuError);
    }
  });
});

describe('known answers', () => {
  test.each(vectors.filter(({ sc }) => sc !== undefined))('$name', (vector) => {
    const title = fromHex(vector.system_title ?? '');
    const counter = Number.parseInt(vector.ic ?? '', 16);
    const keys = { encryptionKey: fromHex(vector.ek ?? ''), authenticationKey: fromHex(vector.ak ?? '') };
    const { policy } = parseSecurityControl(Number.parseInt(vector.sc ?? '', 16));
    const common = { ...keys, suite: 0, randomBytes: bytes } as const;
    const sender = new MessageSecurity({
      ...common,
      systemTitle: title,
      nextInvocationCounter: () => counter,
    });
    const protection = { policy, form: 'service-specific', signed: false, key: 'unicast' } as const;
    const sent = sender.protect(fromHex(vector.plain ?? ''), protection);
    expect(toHex(sent)).toBe(vector.expected.toLowerCase());
    const receiver = new MessageSecurity({ ...common, systemTitle: CLIENT });
    expect(receiver.open(sent, title)).toEqual({
      plaintext: fromHex(vector.plain ?? ''),
      protection: { ...protection, dedicated: false },
      invocationCounter: counter,
    });
  });

  test('HLS-GMAC as the Green Book computes it', () => {
    const security = new MessageSecurity({
      suite: 0,
      systemTitle: CLIENT,
      encryptionKey: fromHex('000102030405060708090A0B0C0D0E0F'),
      authenticationKey: fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF'),
      randomBytes: bytes,
    });
    const answer = security.gmac(1, new TextEncoder().encode('P6wRJ21F'));
    expect(toHex(answer)).toBe('10000000011a52fe7dd3e72748973c1e28');
  });
});

describe('what must not pass', () => {
  const glo = { policy: 'auth-enc', form: 'general-glo', signed: false, key: 'unicast' } as const;
  const { client, server } = pair(1);

  test('an unprotected APDU comes back as it is, and protecting with nothing changes nothing', () => {
    expect(server.security.open(GET, CLIENT)).toEqual({
      plaintext: GET,
      protection: {
        policy: 'none',
        form: 'service-specific',
        signed: false,
        key: 'unicast',
        dedicated: false,
      },
    });
    expect(client.security.protect(GET, { ...glo, policy: 'none' })).toBe(GET);
  });

  test('another suite, compression, a reserved suite', () => {
    const zero = pair(0, { encryptionKey: bytes(16) });
    const sent = zero.client.security.protect(GET, glo);
    expect(codeOf(() => server.security.open(sent, CLIENT))).toBe('decryption-failed');
    const own = client.security.protect(GET, glo);
    expect(own[11]).toBe(0x31);
    for (const [control, code] of [
      [0xb1, 'unsupported'],
      [0x32, 'decryption-failed'],
      [0x3f, 'decryption-failed'],
    ] as const) {
      const changed = own.slice();
      changed[11] = control;
      expect({ control, code: codeOf(() => server.security.open(changed, CLIENT)) }).toEqual({
        control,
        code,
      });
    }
  });

  test('our own APDU sent back, and one meant for another', () => {
    const sent = client.security.protect(GET, glo);
    expect(codeOf(() => client.security.open(sent, SERVER))).toBe('decryption-failed');
    for (const form of ['identified-key', 'wrapped-key', 'one-pass-diffie-hellman'] as const) {
      const other = client.security.protect(GET, { ...glo, form }, fromHex('4D4D4D0000000099'));
      expect(codeOf(() => server.security.open(other, CLIENT))).toBe('decryption-failed');
    }
    const signed = client.security.protect(
      GET,
      { ...glo, policy: 'none', signed: true },
      fromHex('4D4D4D0000000099'),
    );
    expect(codeOf(() => server.security.open(signed, CLIENT))).toBe('decryption-failed');
  });

  test('the broadcast key where it is not accepted, and with a dedicated tag', () => {
    const sent = client.security.protect(GET, { ...glo, key: 'broadcast' });
    expect(server.security.open(sent, CLIENT).protection.key).toBe('broadcast');
    const strict = new MessageSecurity({ ...server.config, acceptBroadcast: false });
    expect(codeOf(() => strict.open(sent, CLIENT))).toBe('decryption-failed');
    const dedicated = client.security.protect(GET, { ...glo, form: 'general-ded' });
    dedicated[11] = (dedicated[11] ?? 0) | 0x40;
    expect(codeOf(() => server.security.open(dedicated, CLIENT))).toBe('apdu-invalid');
  });

  test('keys that are not there are named: when protecting as a field, when opening as a failure', () => {
    const bare = (config: MessageSecurityConfig): MessageSecurity =>
      new MessageSecurity({
        suite: 1,
        systemTitle: config.systemTitle,
        randomBytes: bytes,
        nextInvocationCounter: () => 1,
      });
    for (const protection of protections(1)) {
      const lacking = bare(client.config);
      expect(codeOf(() => lacking.protect(GET, protection, SERVER))).toBe('invalid-field');
      const sent = client.security.protect(GET, protection, SERVER);
      expect(codeOf(() => bare(server.config).open(sent, CLIENT))).toBe('decryption-failed');
    }
    const { authenticationKey: _none, ...keys } = client.config;
    const noAuthentication = new MessageSecurity(keys);
    expect(() => noAuthentication.protect(GET, glo)).toThrow(
      expect.objectContaining({ field: 'authenticationKey' }),
    );
    expect(() => noAuthentication.gmac(1, GET)).toThrow(
      expect.objectContaining({ field: 'authenticationKey' }),
    );
    expect(noAuthentication.protect(GET, { ...glo, policy: 'enc' })[11]).toBe(0x21);
    const { nextInvocationCounter: _counter, ...silent } = client.config;
    expect(() => new MessageSecurity(silent).protect(GET, glo)).toThrow(
      expect.objectContaining({ field: 'nextInvocationCounter' }),
    );
  });

  test('an authenticated APDU without the authentication key', () => {
    const { authenticationKey: _none, ...keys } = server.config;
    const noAuthentication = new MessageSecurity(keys);
    expect(() => noAuthentication.open(client.security.protect(GET, glo), CLIENT)).toThrow(
      expect.objectContaining({ code: 'decryption-failed', field: 'authenticationKey' }),
    );
    const encrypted = client.security.protect(GET, { ...glo, policy: 'enc' });
    expect(noAuthentication.open(encrypted, CLIENT).plaintext).toEqual(GET);
  });

  test('what was drawn for one message is wiped, and nothing is drawn where nothing is needed', () => {
    const drawn: Uint8Array[] = [];
    const randomBytes = (length: number): Uint8Array => {
      const made = bytes(length);
      drawn.push(made);
      return made;
    };
    const own = new MessageSecurity({ ...client.config, randomBytes });
    for (const form of ['service-specific', 'general-glo', 'general-ded'] as const) {
      own.protect(GET, { ...glo, form });
    }
    expect(drawn).toEqual([]);
    for (const form of ['wrapped-key', 'one-pass-diffie-hellman'] as const) {
      drawn.length = 0;
      own.protect(GET, { ...glo, form }, SERVER);
      const secrets = drawn.filter(({ length }) => length > 8);
      expect(secrets.map(toHex)).toEqual([toHex(new Uint8Array(secrets[0]?.length ?? 0))]);
    }
  });

  test('public key protection in suite 0, and without a recipient', () => {
    const zero = pair(0).client.security;
    expect(codeOf(() => zero.protect(GET, { ...glo, signed: true }))).toBe('unsupported');
    for (const form of AGREED_FORMS) {
      expect(() => client.security.protect(GET, { ...glo, form })).toThrow(
        expect.objectContaining({ code: 'invalid-field', field: 'recipient' }),
      );
    }
    expect(codeOf(() => client.security.protect(GET, glo, bytes(7)))).toBe('invalid-field');
    const signed = client.security.protect(GET, { ...glo, policy: 'none', signed: true }, SERVER);
    expect(codeOf(() => pair(0).server.security.open(signed, CLIENT))).toBe('unsupported');
  });

  test('an ephemeral key that is not signed, or no point; key-info that says nothing known', () => {
    const sent = client.security.protect(GET, { ...glo, form: 'one-pass-diffie-hellman' }, SERVER);
    const decoded = decodeGeneralCiphering(sent);
    const { keyInfo } = decoded;
    if (keyInfo?.kind !== 'agreed') throw new Error('no agreed key');
    const withKey = (changed: typeof decoded.keyInfo): string | undefined =>
      codeOf(() =>
        server.security.open(
          encodeGeneralCiphering({ ...decoded, ...(changed === undefined ? {} : { keyInfo: changed }) }),
          CLIENT,
        ),
      );
    const unsigned = keyInfo.keyCipheredData.slice(0, 64);
    expect(withKey({ ...keyInfo, keyCipheredData: unsigned })).toBe('decryption-failed');
    expect(withKey({ ...keyInfo, keyParameters: Uint8Array.of(3) })).toBe('apdu-invalid');
    expect(withKey({ ...keyInfo, keyParameters: Uint8Array.of(1, 1) })).toBe('apdu-invalid');
    expect(withKey({ kind: 'identified', keyId: 7 })).toBe('apdu-invalid');
    expect(withKey({ kind: 'wrapped', kekId: 1, keyCipheredData: bytes(24) })).toBe('apdu-invalid');
    expect(withKey({ kind: 'wrapped', kekId: 0, keyCipheredData: bytes(24) })).toBe('decryption-failed');
    const wrappedLong = client.security.wrapKey(bytes(32));
    expect(withKey({ kind: 'wrapped', kekId: 0, keyCipheredData: wrappedLong })).toBe('decryption-failed');
    const { transactionId: _id, ...rest } = decoded;
    const noNonce = encodeGeneralCiphering({
      ...rest,
      transactionId: new Uint8Array(0),
      keyInfo: { kind: 'agreed', keyParameters: Uint8Array.of(2), keyCipheredData: new Uint8Array(0) },
    });
    expect(codeOf(() => server.security.open(noNonce, CLIENT))).toBe('apdu-invalid');
  });

  test('a static key of the peer that is no point is the configuration to blame', () => {
    const config = { ...client.config, peerAgreementKey: bytes(64) };
    for (const form of AGREED_FORMS) {
      expect(() => new MessageSecurity(config).protect(GET, { ...glo, form }, SERVER)).toThrow(
        expect.objectContaining({ code: 'invalid-field', field: 'peerAgreementKey' }),
      );
    }
  });

  test('ciphered around signed and signed around ciphered both open; three layers do, four do not', () => {
    const sign = (apdu: Uint8Array): Uint8Array =>
      client.security.protect(apdu, { ...glo, policy: 'none', signed: true }, SERVER);
    const cipher = (apdu: Uint8Array): Uint8Array => client.security.protect(apdu, glo, SERVER);
    for (const sent of [sign(cipher(GET)), cipher(sign(GET)), cipher(sign(cipher(GET)))]) {
      expect(server.security.open(sent, undefined)).toMatchObject({
        plaintext: GET,
        protection: { policy: 'auth-enc', form: 'general-glo', signed: true },
        signedBy: CLIENT,
        systemTitle: CLIENT,
      });
    }
    expect(codeOf(() => server.security.open(sign(cipher(sign(cipher(GET)))), undefined))).toBe(
      'apdu-invalid',
    );
  });

  test('an originator with a title of another length', () => {
    const decoded = decodeGeneralCiphering(
      client.security.protect(GET, { ...glo, form: 'identified-key' }, SERVER),
    );
    const sent = encodeGeneralCiphering({ ...decoded, originatorSystemTitle: bytes(7) });
    expect(codeOf(() => server.security.open(sent, CLIENT))).toBe('decryption-failed');
  });

  test('errors carry neither keys nor plaintext', () => {
    for (const protection of protections(1)) {
      const sent = client.security.protect(GET, protection, SERVER);
      sent[sent.length - 1] = (sent[sent.length - 1] ?? 0) ^ 1;
      try {
        server.security.open(sent, CLIENT);
      } catch (error) {
        if (!(error instanceof DcuError)) throw error;
        const text = `${error.message} ${JSON.stringify(error)} ${JSON.stringify(error.facts)} ${error.stack}`;
        const { config } = server;
        const secrets = [
          GET,
          config.encryptionKey,
          config.authenticationKey,
          config.broadcastKey,
          config.masterKey,
          config.dedicatedKey,
          config.agreementKey?.privateKey,
          config.signingKey?.privateKey,
        ];
        for (const secret of secrets) expect(text.toLowerCase()).not.toContain(toHex(secret ?? GET));
      }
    }
  });
});

describe('what stands in the bytes', () => {
  const { client, server } = pair(1);
  const base = { policy: 'auth-enc', signed: false, key: 'unicast' } as const;

  test.each([
    ['service-specific', false, GET, 0xc8],
    ['service-specific', true, GET, 0xd0],
    ['service-specific', false, NOTIFICATION, 0xdb],
    ['service-specific', true, NOTIFICATION, 0xdc],
    ['general-glo', false, GET, 0xdb],
    ['general-ded', false, GET, 0xdc],
    ['identified-key', false, GET, 0xdd],
    ['wrapped-key', false, GET, 0xdd],
  ] as const)('%s, dedicated %p: the tag', (form, dedicated, apdu, tag) => {
    expect(client.security.protect(apdu, { ...base, form, dedicated })[0]).toBe(tag);
  });

  test('the key set bit tells the broadcast key, and stays 0 in general-ciphering, whose key-info does', () => {
    const control = (form: CipheringForm): number | undefined => {
      const sent = client.security.protect(GET, { ...base, form, key: 'broadcast' }, SERVER);
      return form === 'identified-key' ? decodeGeneralCiphering(sent).cipheredContent[0] : sent[11];
    };
    expect([control('general-glo'), control('identified-key')]).toEqual([0x71, 0x31]);
    const sent = client.security.protect(GET, { ...base, form: 'identified-key', key: 'broadcast' }, SERVER);
    expect(decodeGeneralCiphering(sent).keyInfo).toEqual({ kind: 'identified', keyId: 1 });
    expect(securityControl('auth', 2, true)).toBe(0x52);
  });

  test('a transaction id rises with the counter, and an answer takes over that of its request', () => {
    const ask = (): Uint8Array =>
      client.security.protect(GET, { ...base, form: 'static-unified-model' }, SERVER);
    const [first, second] = [ask(), ask()].map((sent) => server.security.open(sent, CLIENT).transactionId);
    expect(first?.length).toBe(8);
    expect(toHex(first ?? GET) < toHex(second ?? GET)).toBe(true);
    const answer = server.security.protect(GET, { ...base, form: 'static-unified-model' }, CLIENT, first);
    expect(client.security.open(answer, SERVER).transactionId).toEqual(first);
  });

  test('the key of one message opens no other: fresh each time, and bound to both titles', () => {
    for (const form of ['wrapped-key', 'one-pass-diffie-hellman', 'static-unified-model'] as const) {
      const [one, two] = [0, 1].map(() =>
        decodeGeneralCiphering(client.security.protect(GET, { ...base, form }, SERVER)),
      );
      if (one === undefined || two === undefined) throw new Error('nothing sent');
      const mixed = encodeGeneralCiphering({ ...one, cipheredContent: two.cipheredContent });
      expect(codeOf(() => server.security.open(mixed, CLIENT))).toBe('decryption-failed');
    }
  });

  test('key-info left out means the global unicast key', () => {
    const sent = decodeGeneralCiphering(
      client.security.protect(GET, { ...base, form: 'identified-key' }, SERVER),
    );
    const { keyInfo: _left, ...rest } = sent;
    const opened = server.security.open(encodeGeneralCiphering(rest), CLIENT);
    expect(opened).toMatchObject({ plaintext: GET, protection: { form: 'identified-key' } });
  });

  test('peers that derive keys as edition 8 printed it are understood when told so, and only then', () => {
    const old = pair(1, { keyDerivation: 'edition-8' });
    for (const form of AGREED_FORMS) {
      const sent = old.client.security.protect(GET, { ...base, form }, SERVER);
      expect(old.server.security.open(sent, CLIENT).plaintext).toEqual(GET);
      const current = new MessageSecurity({ ...old.server.config, keyDerivation: 'current' });
      expect(codeOf(() => current.open(sent, CLIENT))).toBe('decryption-failed');
    }
  });
});

describe('codecs', () => {
  const octets = fc.uint8Array({ maxLength: 200 });
  const header = {
    transactionId: octets,
    originatorSystemTitle: octets,
    recipientSystemTitle: octets,
    dateTime: octets,
    otherInformation: octets,
  };
  const keyInfo = fc.oneof(
    fc.record({ kind: fc.constant('identified' as const), keyId: fc.integer({ min: 0, max: 255 }) }),
    fc.record({
      kind: fc.constant('wrapped' as const),
      kekId: fc.integer({ min: 0, max: 255 }),
      keyCipheredData: octets,
    }),
    fc.record({ kind: fc.constant('agreed' as const), keyParameters: octets, keyCipheredData: octets }),
  );
  /** Fast-check's arrays may come from another realm's pool; equality is by content. */
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_key, part) => (part instanceof Uint8Array ? toHex(part) : part));

  test('general-ciphering: any fields, with and without key-info (property)', () => {
    const apdu = fc.record(
      { ...header, keyInfo, cipheredContent: octets },
      {
        requiredKeys: [
          'transactionId',
          'originatorSystemTitle',
          'recipientSystemTitle',
          'dateTime',
          'otherInformation',
          'cipheredContent',
        ],
      },
    );
    fc.assert(
      fc.property(apdu, ({ keyInfo: info, cipheredContent, ...rest }) => {
        const given = { ...rest, ...(info === undefined ? {} : { keyInfo: info }), cipheredContent };
        expect(plain(decodeGeneralCiphering(encodeGeneralCiphering(given)))).toBe(plain(given));
      }),
    );
  });

  test('damage ends in a typed error; other tags are refused', () => {
    const { client } = pair(1);
    const sent = client.security.protect(
      GET,
      { policy: 'auth-enc', form: 'one-pass-diffie-hellman', signed: false, key: 'unicast' },
      SERVER,
    );
    expectTotal(sent, decodeGeneralCiphering);
    expect(codeOf(() => decodeGeneralCiphering(GET))).toBe('apdu-invalid');
    expect(codeOf(() => decodeGeneralSigning(GET))).toBe('apdu-invalid');
    expect(decodeGeneralCiphering(concat([sent, GET]))).toEqual(decodeGeneralCiphering(sent));
    for (const [at, value] of [
      [30, 2],
      [31, 3],
    ] as const) {
      const changed = encodeGeneralCiphering({ ...decodeGeneralCiphering(sent) });
      changed[at] = value;
      expect(() => decodeGeneralCiphering(changed)).toThrow(
        expect.objectContaining({ code: 'apdu-invalid', offset: at }),
      );
    }
  });

  test('general-signing: fields, signed part and bytes behind', () => {
    const { client } = pair(1);
    const sent = client.security.protect(
      GET,
      { policy: 'none', form: 'general-glo', signed: true, key: 'unicast' },
      SERVER,
    );
    const decoded = decodeGeneralSigning(sent);
    expect(decoded.content).toEqual(GET);
    expect(decoded.signature.length).toBe(64);
    expect(encodeGeneralSigning(decoded.signedPart, decoded.signature)).toEqual(sent);
    expect(decodeGeneralSigning(concat([sent, GET]))).toEqual(decoded);
    expectTotal(sent, decodeGeneralSigning);
  });
});

describe.each([1, 2] as const)('key agreement by ephemeral unified model in suite %d', (suite) => {
  const curve = suite === 2 ? 'P-384' : 'P-256';
  const [signC, signS] = [generateEcKeyPair(curve, bytes), generateEcKeyPair(curve, bytes)];
  const titles = { clientTitle: CLIENT, serverTitle: SERVER };

  test('both sides come to the same key, another for each key id and pair of titles', () => {
    const keys = ([0, 1, 2, 3] as const).map((keyId) => {
      const client = makeEphemeralShare(suite, keyId, signC, bytes);
      const server = makeEphemeralShare(suite, keyId, signS, bytes);
      const atClient = completeAgreement(suite, {
        keyId,
        ownShare: client.pair,
        peerKeyData: server.keyData,
        peerSigningKey: signS.publicKey,
        ...titles,
      });
      const atServer = completeAgreement(suite, {
        keyId,
        ownShare: server.pair,
        peerKeyData: client.keyData,
        peerSigningKey: signC.publicKey,
        ...titles,
      });
      expect(atClient).toEqual(atServer);
      expect(atClient?.length).toBe(suite === 2 ? 32 : 16);
      const swapped = completeAgreement(suite, {
        keyId,
        ownShare: client.pair,
        peerKeyData: server.keyData,
        peerSigningKey: signS.publicKey,
        clientTitle: SERVER,
        serverTitle: CLIENT,
      });
      expect(swapped).not.toEqual(atClient);
      return toHex(atClient ?? GET);
    });
    expect(new Set(keys).size).toBe(4);
  });

  test('a share with a changed bit, of another length, key id or signer is refused', () => {
    const client = makeEphemeralShare(suite, 0, signC, bytes);
    const server = makeEphemeralShare(suite, 0, signS, bytes);
    const complete = (peerKeyData: Uint8Array, peerSigningKey = signC.publicKey, keyId: 0 | 1 = 0) =>
      completeAgreement(suite, { keyId, ownShare: server.pair, peerKeyData, peerSigningKey, ...titles });
    expect(complete(client.keyData)).toBeDefined();
    for (let bit = 0; bit < client.keyData.length * 8; bit += 29) {
      const changed = client.keyData.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(complete(changed)).toBeUndefined();
    }
    expect(complete(client.keyData.slice(1))).toBeUndefined();
    expect(complete(new Uint8Array(0))).toBeUndefined();
    expect(complete(client.keyData, signS.publicKey)).toBeUndefined();
    expect(complete(client.keyData, signC.publicKey, 1)).toBeUndefined();
    expect(codeOf(() => makeEphemeralShare(0, 0, signC, bytes))).toBe('unsupported');
  });
});
