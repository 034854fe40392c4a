import { describe, expect, test } from 'bun:test';
import { SeededRandom } from '../../src/base/random.ts';
import { initiateRequest } from '../../src/conformance/aarq.ts';
import { describeApdu } from '../../src/conformance/describe.ts';
import { buildBlock, parseBlock } from '../../src/conformance/general-blocks.ts';
import { Protection } from '../../src/conformance/protection.ts';
import { nextBlockRequest, readBlock, readRequest, readResults } from '../../src/conformance/short-names.ts';
import { TARGET_FORMS, type TargetSecurity } from '../../src/conformance/target.ts';
import { encodeGeneralBlock } from '../../src/dlms/apdu/general-block-transfer.ts';
import { decodeInitiateRequest } from '../../src/dlms/apdu/initiate.ts';
import { encodeReadRequest, encodeReadResponse } from '../../src/dlms/apdu/read.ts';
import { MessageSecurity } from '../../src/dlms/ciphering/message-security.ts';
import { generateEcKeyPair } from '../../src/kernels/index.ts';

const random = new SeededRandom(3);
const pair = () => generateEcKeyPair('P-256', (length) => random.bytes(length));
const [client, meter] = [pair(), pair()];
const CLIENT = new TextEncoder().encode('DCUTEST1');
const METER = new TextEncoder().encode('ODC00001');
const keys = { encryptionKey: random.bytes(16), authenticationKey: random.bytes(16) };
const dedicatedKey = random.bytes(16);
const GET = Uint8Array.of(0xc0, 1, 0xc1, 0, 1, 0, 0, 42, 0, 0, 255, 2, 0);

const security: TargetSecurity = {
  auth: 'hls-gmac',
  policy: 'auth-enc',
  suite: 1,
  systemTitle: CLIENT,
  ...keys,
  signingKey: client,
  peerSigningKey: meter.publicKey,
};

/** The tester's protection and the library's, as the meter would use it. */
function bothSides(changes: Partial<TargetSecurity> = {}): { ours: Protection; theirs: MessageSecurity } {
  let counter = 1;
  const ours = new Protection({ ...security, ...changes }, () => counter++, dedicatedKey);
  ours.serverTitle = METER;
  ours.general = true;
  const theirs = new MessageSecurity({
    ...keys,
    suite: 1,
    systemTitle: METER,
    nextInvocationCounter: () => counter++,
    randomBytes: (length) => random.bytes(length),
    dedicatedKey,
    signingKey: meter,
    peerSigningKey: client.publicKey,
  });
  return { ours, theirs };
}

describe('protection of the tester against that of the library', () => {
  for (const form of TARGET_FORMS) {
    for (const signed of [false, true]) {
      const how = `${form}${signed ? ', signed' : ''}`;

      test(`${how}: what the tester seals the library opens`, () => {
        const { ours, theirs } = bothSides({ form, signed });
        const { plaintext, protection } = theirs.open(ours.seal(GET), CLIENT);
        expect(plaintext).toEqual(GET);
        expect(protection).toMatchObject({ policy: 'auth-enc', signed });
        expect(protection.dedicated).toBe(form === 'service-specific' || form === 'general-ded');
      });

      test(`${how}: what the library seals the tester opens`, () => {
        const { ours, theirs } = bothSides();
        const dedicated = form === 'general-ded';
        const answer = theirs.protect(
          GET,
          { policy: 'auth-enc', form, signed, key: 'unicast', dedicated },
          CLIENT,
        );
        const opened = ours.open(answer);
        expect(opened?.plain).toEqual(GET);
        expect(opened).toMatchObject({ signed, dedicated });
        const spoilt = answer.map((byte, i) => (i === answer.length - 1 ? byte ^ 1 : byte));
        expect(ours.open(spoilt)).toBeUndefined();
      });
    }
  }

  test('a signature of somebody else does not open', () => {
    const { theirs } = bothSides();
    const { ours } = bothSides({ peerSigningKey: client.publicKey });
    const protection = { policy: 'auth-enc', form: 'general-glo', signed: true, key: 'unicast' } as const;
    expect(ours.open(theirs.protect(GET, protection, CLIENT))).toBeUndefined();
  });

  test('the InitiateRequest goes with its glo- tag, under the global key, unsigned', () => {
    const { ours, theirs } = bothSides({ form: 'general-ded', signed: true });
    const plain = initiateRequest({ dedicatedKey });
    const sealed = ours.seal(plain);
    expect(sealed[0]).toBe(0x21);
    const { plaintext, protection } = theirs.open(sealed, CLIENT);
    expect(protection).toMatchObject({ signed: false, dedicated: false });
    expect(decodeInitiateRequest(plaintext).dedicatedKey).toEqual(dedicatedKey);
  });
});

describe('short names and general blocks of the tester', () => {
  const selection = { selector: 2, parameters: Uint8Array.of(0x12, 0, 8) };

  test('READ is what the library makes of it', () => {
    expect(readRequest({ name: 0xfd08 }, { name: 0xfa08, selection })).toEqual(
      encodeReadRequest([
        { type: 'variable-name', name: 0xfd08 },
        { type: 'parameterized-access', name: 0xfa08, selection },
      ]),
    );
    expect(nextBlockRequest(259)).toEqual(
      encodeReadRequest([{ type: 'block-number-access', blockNumber: 259 }]),
    );
  });

  test('results and blocks are read, and nothing else', () => {
    const data = Uint8Array.of(0x11, 7);
    const list = encodeReadResponse([
      { type: 'data-access-error', result: 'object-undefined' },
      { type: 'data', data },
    ]);
    expect(readResults(list)).toEqual([
      { kind: 'refused', result: 'object-undefined' },
      { kind: 'data', data },
    ]);
    const block = encodeReadResponse([{ type: 'data-block-result', last: true, blockNumber: 3, raw: data }]);
    expect(readBlock(block)).toEqual({ last: true, number: 3, raw: data });
    expect(readResults(block)).toBeUndefined();
    expect(readBlock(list)).toBeUndefined();
    for (let length = 0; length < block.length; length++) {
      expect(readBlock(block.subarray(0, length))).toBeUndefined();
    }
  });

  test('general blocks are what the library makes of them', () => {
    const block = { last: false, streaming: true, window: 5, number: 300, ack: 2, data: GET };
    const { number: blockNumber, ack: blockNumberAck, ...rest } = block;
    const built = buildBlock(block);
    expect(built).toEqual(encodeGeneralBlock({ ...rest, blockNumber, blockNumberAck }));
    expect(parseBlock(built)).toEqual(block);
    expect(parseBlock(built.subarray(0, -1))).toBeUndefined();
  });

  test('a line of evidence names what is read, never a value', () => {
    expect(describeApdu(readRequest({ name: 0xfd08 }))).toBe('read-request fd08');
    expect(describeApdu(readRequest({ name: 0xfa08, selection }))).toBe('read-request fa08 with parameters');
    expect(describeApdu(nextBlockRequest(2))).toBe('read-request behind block 2');
    expect(describeApdu(Uint8Array.of(0x0c, 1, 0, 0x11, 7))).toBe('read-response data');
    expect(describeApdu(Uint8Array.of(0x0c, 1, 1, 4))).toBe('read-response object-undefined');
    expect(describeApdu(Uint8Array.of(0x0c, 1, 2, 1, 0, 2, 0))).toBe('read-response block 2, last');
  });
});
