import { describe, expect, test } from 'bun:test';
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts';
import {
  decodeGeneralCiphering,
  encodeGeneralCiphering,
  encodeGeneralHeader,
} from '../../../src/dlms/apdu/general-ciphering.ts';
import { decodeGeneralSigning, encodeGeneralSigning } from '../../../src/dlms/apdu/general-signing.ts';
import { ContentCipher, readSealed } from '../../../src/dlms/ciphering/content-cipher.ts';
import { completeAgreement } from '../../../src/dlms/ciphering/key-agreement.ts';
import { agreedKey, partyWithTransaction } from '../../../src/dlms/ciphering/key-derivation.ts';
import { MessageSecurity } from '../../../src/dlms/ciphering/message-security.ts';
import { createGcmKey, ecdhSecret, ecdsaVerify, ecPublicKey } from '../../../src/kernels/index.ts';
import {
  agreedKeys,
  gbcsMessages,
  generalCiphering,
  generalSigning,
  keyAgreement,
} from '../../vectors/known-answers.json';

/** Nobody here wrote these answers: the Green Book's worked examples and the messages that British meters are tested with. */

describe.each(keyAgreement)('$name', (example) => {
  const ownShare = {
    privateKey: fromHex(example.serverEphemeralPrivate),
    publicKey: fromHex(example.serverEphemeralKey),
  };
  const agreement = {
    keyId: 0,
    ownShare,
    peerKeyData: concat([fromHex(example.clientEphemeralKey), fromHex(example.clientSignature)]),
    peerSigningKey: fromHex(example.clientSigningKey),
    clientTitle: fromHex(example.clientTitle),
    serverTitle: fromHex(example.serverTitle),
    edition: 'edition-8',
  } as const;

  test('the server comes to the same secret and key', () => {
    expect(toHex(ecPublicKey('P-256', ownShare.privateKey))).toBe(example.serverEphemeralKey);
    const secret = ecdhSecret('P-256', ownShare.privateKey, fromHex(example.clientEphemeralKey));
    expect(secret?.toHex()).toBe(example.sharedSecret);
    expect(completeAgreement(1, agreement)?.toHex()).toBe(example.editionEightKey);
  });

  test('the signature is for this key id, and the other edition gives another key', () => {
    expect(completeAgreement(1, { ...agreement, keyId: 1 })).toBeUndefined();
    const other = completeAgreement(1, { ...agreement, edition: 'current' });
    expect(other).toBeDefined();
    expect(other?.toHex()).not.toBe(example.editionEightKey);
  });
});

describe.each(agreedKeys)('$name', (example) => {
  const own = { privateKey: fromHex(example.privateKey), publicKey: fromHex(example.publicKey) };
  const originator = fromHex(example.originator);
  const parties = {
    u:
      example.transactionId === ''
        ? originator
        : partyWithTransaction(originator, fromHex(example.transactionId)),
    v: fromHex(example.recipient),
  };

  test('the recipient derives the key, by the edition it was printed in', () => {
    expect(toHex(ecPublicKey('P-256', own.privateKey))).toBe(example.publicKey);
    const peer = fromHex(example.peerKey);
    if (example.sharedSecret !== undefined) {
      expect(ecdhSecret('P-256', own.privateKey, peer)?.toHex()).toBe(example.sharedSecret);
    }
    const derived = (edition: 'current' | 'edition-8'): string | undefined =>
      agreedKey(1, own, peer, parties, { edition })?.toHex();
    if (example.editionEightKey !== undefined) expect(derived('edition-8')).toBe(example.editionEightKey);
    if (example.key !== undefined) expect(derived('current')).toBe(example.key);
    expect(example.key ?? example.editionEightKey).toBeDefined();
  });
});

test.each(agreedKeys.filter(({ peerSignature }) => peerSignature !== undefined))(
  '$name: the ephemeral key is signed by itself, without a key id',
  ({ peerKey, peerSigningKey = '', peerSignature = '' }) => {
    const signed = (message: Uint8Array): boolean =>
      ecdsaVerify('P-256', fromHex(peerSigningKey), message, fromHex(peerSignature));
    const key = fromHex(peerKey);
    expect(signed(key)).toBe(true);
    expect([0, 1, 2].map((id) => signed(Uint8Array.of(id, ...key)))).toEqual([false, false, false]);
  },
);

describe.each(generalCiphering)('general-ciphering: $name', (example) => {
  const apdu = fromHex(example.apdu);
  const [onePass, , staticModel] = agreedKeys;

  test('its fields, and back to the same bytes', () => {
    const decoded = decodeGeneralCiphering(apdu);
    expect(toHex(decoded.transactionId)).toBe('0102030405060708');
    expect(toHex(decoded.originatorSystemTitle)).toBe('4d4d4d0000bc614e');
    expect(toHex(decoded.recipientSystemTitle)).toBe('4d4d4d0000000001');
    expect([decoded.dateTime.length, decoded.otherInformation.length]).toEqual([0, 0]);
    const { keyInfo } = decoded;
    if (keyInfo?.kind !== 'agreed') throw new Error('no agreed key');
    expect(toHex(keyInfo.keyParameters)).toBe(keyInfo.keyCipheredData.length === 0 ? '02' : '01');
    expect([0, 128]).toContain(keyInfo.keyCipheredData.length);
    expect(encodeGeneralCiphering(decoded)).toEqual(apdu);
  });

  test('the key that we agree on deciphers it', () => {
    const { cipheredContent, originatorSystemTitle } = decodeGeneralCiphering(apdu);
    const { control, invocationCounter, content } = readSealed(cipheredContent);
    expect([control, invocationCounter]).toEqual([0x31, 0]);
    const iv = concat([originatorSystemTitle, new Uint8Array(4)]);
    const plain = createGcmKey(fromHex(example.key)).crypt(iv, content.subarray(0, -12));
    expect(toHex(plain)).toBe(example.plain);
  });

  test('the printed tag, which belongs to no additional data that could be found, does not open it', () => {
    if (onePass === undefined || staticModel === undefined) throw new Error('no keys');
    const security = new MessageSecurity({
      suite: 1,
      systemTitle: fromHex('4d4d4d0000000001'),
      authenticationKey: fromHex(example.authenticationKey),
      agreementKey: { privateKey: fromHex(onePass.privateKey), publicKey: fromHex(onePass.publicKey) },
      peerAgreementKey: fromHex(staticModel.peerKey),
      peerSigningKey: fromHex(onePass.peerSigningKey ?? ''),
      randomBytes: (length) => new Uint8Array(length),
    });
    expect(example.tagVerifies).toBe(false);
    expect(() => security.open(apdu, undefined)).toThrow(/tag does not verify/);
  });
});

describe.each(gbcsMessages)('GBCS: $name', ({ message, privateKey, publicKey, peerKey }) => {
  const apdu = fromHex(message);

  test('its MAC is that of general-ciphering with empty fields, whose lengths are authenticated', () => {
    const { keyInfo, cipheredContent, ...header } = decodeGeneralCiphering(apdu);
    expect(keyInfo).toBeUndefined();
    const sealed = readSealed(cipheredContent);
    const signing = decodeGeneralSigning(sealed.content);
    const own = { privateKey: fromHex(privateKey), publicKey: fromHex(publicKey) };
    const u = partyWithTransaction(signing.originatorSystemTitle, signing.transactionId);
    const parties = { u, v: signing.recipientSystemTitle };
    const key = agreedKey(1, own, fromHex(peerKey), parties, { edition: 'edition-8' });
    const cipher = new ContentCipher(key ?? new Uint8Array(16));
    const associated = encodeGeneralHeader(header);
    expect(toHex(associated)).toBe('0000000000');
    const plaintext = cipher.open(signing.originatorSystemTitle, sealed, associated);
    expect(plaintext[0]).toBe(0xdf);
    expect(toHex(cipher.seal(sealed.control, signing.originatorSystemTitle, 0, plaintext, associated))).toBe(
      toHex(cipheredContent),
    );
    expect(() => cipher.open(signing.originatorSystemTitle, sealed)).toThrow(/tag does not verify/);
  });
});

describe.each(generalSigning)('general-signing: $name', ({ apdu: hex, signerKey }) => {
  const apdu = fromHex(hex);

  test('the signature is over the fields with their lengths, content included', () => {
    const { signature, signedPart, content } = decodeGeneralSigning(apdu);
    const holds = (message: Uint8Array): boolean =>
      ecdsaVerify('P-256', fromHex(signerKey), message, signature);
    expect(holds(signedPart)).toBe(true);
    expect(holds(apdu.subarray(0, signedPart.length + 1))).toBe(false);
    const header = signedPart.subarray(0, signedPart.length - content.length - 1);
    expect(holds(concat([header, content]))).toBe(false);
    expect(encodeGeneralSigning(signedPart, signature)).toEqual(apdu);
  });

  test('the recipient opens it', () => {
    const recipient = decodeGeneralSigning(apdu).recipientSystemTitle;
    const security = new MessageSecurity({
      suite: 1,
      systemTitle: recipient,
      peerSigningKey: fromHex(signerKey),
      randomBytes: (length) => new Uint8Array(length),
    });
    const opened = security.open(apdu, undefined);
    expect(opened.signedBy?.toHex()).toBe('00db1234567890a0');
    expect(opened.protection).toMatchObject({ signed: true, policy: 'none' });
    expect(opened.plaintext[0]).toBe(0xda);
    const changed = apdu.slice();
    changed[60] = (changed[60] ?? 0) ^ 1;
    expect(() => security.open(changed, undefined)).toThrow(/signature does not verify/);
  });
});
