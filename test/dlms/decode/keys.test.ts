import { describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { MessageSecurity } from '../../../src/dlms/ciphering/message-security.ts';
import {
  decodeTelegram,
  explainLines,
  explainTelegram,
  type KeysOf,
} from '../../../src/dlms/decode/index.ts';
import { MATERIAL } from '../cosem/security-material.ts';

const CLIENT = fromHex('4d4d4d0000000001');
const METER = fromHex('4d4d4d0000bc614e');
const GET = fromHex('c001c100030100010800ff0200');
const INITIATE = fromHex('01000000065f1f0400007e1f04b0');

function clientOf(suite: 0 | 1 | 2): MessageSecurity {
  let counter = 7;
  return new MessageSecurity({
    ...MATERIAL[suite].client,
    suite,
    systemTitle: CLIENT,
    nextInvocationCounter: () => counter++,
    randomBytes: (length) => new Uint8Array(length).fill(9),
  });
}

const field = (tag: number, content: Uint8Array): Uint8Array =>
  Uint8Array.of(tag, content.length, ...content);

describe('signatures', () => {
  test.each([1, 2] as const)('of suite %d: verified, false, or not looked at for want of a key', (suite) => {
    const signed = clientOf(suite).protect(
      GET,
      { policy: 'none', form: 'general-glo', signed: true, key: 'unicast' },
      METER,
    );
    const verified = (keysOf: KeysOf): unknown =>
      decodeTelegram(signed, { transport: 'apdu', keysOf }).apdu['signatureVerified'];
    const { peerSigningKey } = MATERIAL[suite].server;
    const { peerSigningKey: another } = MATERIAL[suite].client;
    if (peerSigningKey === undefined || another === undefined) throw new Error('no keys');
    expect(verified(() => ({ peerSigningKey }))).toBe(true);
    expect(verified(() => ({ peerSigningKey: another }))).toBe(false);
    expect(verified(() => ({}))).toBe(false);
    const { layers, apdu } = decodeTelegram(signed, { transport: 'apdu' });
    expect(layers).toEqual(['general-signing', 'get-request']);
    expect(apdu['systemTitle']).toBe('4D4D4D0000000001');
  });
});

describe('whose keys are asked for', () => {
  const { client: held } = MATERIAL[0];

  /** Titles that were asked about, with keys for that of the client. */
  function asking(): { readonly titles: (string | undefined)[]; readonly keysOf: KeysOf } {
    const titles: (string | undefined)[] = [];
    const keysOf: KeysOf = (title) => {
      titles.push(title && toHex(title));
      return title && toHex(title) === toHex(CLIENT) ? held : {};
    };
    return { titles, keysOf };
  }

  const protect = (apdu: Uint8Array): Uint8Array =>
    clientOf(0).protect(
      apdu,
      { policy: 'auth-enc', form: 'service-specific', signed: false, key: 'unicast' },
      METER,
    );

  test.each([
    ['AARQ', 0x60, 0xa6],
    ['AARE', 0x61, 0xa4],
  ])('those of the title in an %s', (_, tag, titleTag) => {
    const associating = field(
      tag,
      Uint8Array.of(
        ...fromHex('a109060760857405080103'),
        ...(tag === 0x61 ? fromHex('a203020100a305a103020100') : []),
        ...field(titleTag, field(0x04, CLIENT)),
        ...field(0xbe, field(0x04, protect(INITIATE))),
      ),
    );
    const { titles, keysOf } = asking();
    const lines = explainLines(explainTelegram(associating, { transport: 'apdu', keysOf })).join('\n');
    expect(titles).toEqual([toHex(CLIENT)]);
    expect(lines).toContain('deciphered');
    expect(lines).toContain('client-max-receive-pdu-size 1200');
  });

  test('those of nobody known where the APDU states no title; of the sender that was given for decoding', () => {
    const sealed = protect(GET);
    const { titles, keysOf } = asking();
    const lines = explainLines(explainTelegram(sealed, { transport: 'apdu', keysOf })).join('\n');
    expect(titles).toEqual([undefined]);
    expect(lines).toContain('not deciphered');
    const decoded = decodeTelegram(sealed, { transport: 'apdu', keysOf, systemTitle: CLIENT });
    expect(decoded.layers).toEqual(['glo-get-request', 'get-request']);
    expect(decoded.apdu).toMatchObject({ security: 'auth-enc', invocationCounter: 7 });
  });

  test('those of the originator of a general form', () => {
    const sealed = clientOf(0).protect(
      GET,
      { policy: 'auth-enc', form: 'general-glo', signed: false, key: 'unicast' },
      METER,
    );
    const { titles, keysOf } = asking();
    const { apdu } = decodeTelegram(sealed, { transport: 'apdu', keysOf });
    expect(titles).toContain(toHex(CLIENT));
    expect(apdu).toMatchObject({ type: 'general-glo-ciphering', systemTitle: '4D4D4D0000000001' });
    expect(explainLines(explainTelegram(sealed, { transport: 'apdu', keysOf })).join('\n')).toContain(
      'deciphered',
    );
  });
});
