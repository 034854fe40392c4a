import { describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { conformanceMask } from '../../../src/dlms/apdu/conformance.ts';
import { encodeInitiateError } from '../../../src/dlms/apdu/service-error.ts';
import type { ClientEvent } from '../../../src/dlms/client.ts';
import { createClientMachine } from '../../../src/dlms/client.ts';
import { octetString } from '../../../src/dlms/values.ts';
import { decodeCiphered, encodeCiphered } from '../ciphering/reference.ts';
import { codeOf } from '../mutation.ts';
import { HDLC, KEYS, WRAPPER } from './loopback.ts';
import { ScriptedClient } from './scripted-client.ts';

const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
const GET = { type: 'get', attribute: ENERGY } as const;
const last = (client: ScriptedClient): ClientEvent | undefined => client.events.at(-1);
const data = (hex: string): ClientEvent => ({
  type: 'get-result',
  results: [{ ok: true, data: fromHex(hex) }],
});

/** An answer to the request that was just sent, with its invoke id. */
function answer(client: ScriptedClient, hex: string): void {
  const bytes = fromHex(hex);
  bytes[2] = client.sent[2] ?? 0;
  client.apdu(bytes);
}

describe('answers of real servers', () => {
  test('bytes behind a value are cut off', () => {
    const client = new ScriptedClient().open();
    client.command(GET);
    answer(client, 'c401c1 00 0600001391 0600001391');
    expect(last(client)).toEqual(data('0600001391'));
  });

  test('a damaged value is handed on whole, for its decoder to save what is good', () => {
    const client = new ScriptedClient().open();
    client.command(GET);
    answer(client, 'c401c1 00 0102 1105 99');
    expect(last(client)).toEqual(data('0102110599'));
  });

  test('a last block of length zero, with bytes behind it', () => {
    const client = new ScriptedClient().open();
    client.command(GET);
    answer(client, 'c402c1 00 00000001 00 05 0600001391');
    expect(toHex(client.sent)).toStartWith('c002');
    expect(last(client)).toEqual({ type: 'block', blockNumber: 1, data: fromHex('0600001391') });
    answer(client, 'c402c1 01 00000002 00 00 1234');
    expect(last(client)).toEqual(data('0600001391'));
  });

  test('empty blocks for ever end the request', () => {
    const client = new ScriptedClient().open();
    client.command(GET);
    for (let n = 1; n < 10 && last(client)?.type !== 'request-failed'; n++) {
      answer(client, `c402c1 00 ${n.toString(16).padStart(8, '0')} 00 00`);
    }
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-invalid' } });
  });

  test('a block out of order fails the request and leaves the association', () => {
    for (const number of ['00000001', '00000003', '00000000', 'ffffffff']) {
      const client = new ScriptedClient().open();
      client.command(GET);
      answer(client, 'c402c1 00 00000001 00 01 06');
      answer(client, `c402c1 01 ${number} 00 04 00001391`);
      expect(last(client)).toMatchObject({
        type: 'request-failed',
        error: { code: 'block-out-of-order', facts: { expected: 2 } },
      });
      client.command(GET);
      answer(client, 'c401c1 00 1105');
      expect(last(client)).toEqual(data('1105'));
    }
  });

  test('a transfer that the server breaks off keeps its reason', () => {
    const client = new ScriptedClient().open();
    client.command(GET);
    answer(client, 'c402c1 00 00000001 00 01 06');
    answer(client, 'c402c1 01 00000002 01 0f');
    expect(last(client)).toEqual({
      type: 'get-result',
      results: [{ ok: false, result: 'long-get-aborted' }],
    });
  });

  test('a list that is refused as a whole refuses each attribute', () => {
    const client = new ScriptedClient().open();
    client.command({ type: 'get-list', attributes: [ENERGY, ENERGY] });
    answer(client, 'c401c1 01 03');
    const refused = { ok: false, result: 'read-write-denied' } as const;
    expect(last(client)).toEqual({ type: 'get-result', results: [refused, refused] });
  });

  test('a list with the wrong number of results fails', () => {
    const client = new ScriptedClient().open();
    client.command({ type: 'get-list', attributes: [ENERGY, ENERGY] });
    answer(client, 'c403c1 01 00 1105');
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-invalid' } });
  });

  test('exception responses and service errors fail the request alone', () => {
    const cases = [
      ['d8010600001234', 'exception-response', { expectedInvocationCounter: 0x1234 }],
      ['d80102', 'exception-response', { serviceError: 'service-not-supported' }],
      ['0e050502', 'confirmed-service-error', { error: 'access' }],
      ['c501c100', 'apdu-unexpected', {}],
      ['c409c100', 'apdu-invalid', {}],
      ['c4', 'truncated', {}],
    ] as const;
    for (const [hex, code, facts] of cases) {
      const client = new ScriptedClient().open();
      client.command(GET);
      if (hex.startsWith('c4') || hex.startsWith('c5')) {
        const bytes = fromHex(hex);
        if (bytes.length > 2) bytes[2] = client.sent[2] ?? 0;
        client.apdu(bytes);
      } else client.apdu(fromHex(hex));
      if (hex === 'c4') {
        // Without an invoke id it is no answer to anything.
        expect(last(client)?.type).toBe('opened');
        continue;
      }
      expect(last(client)).toMatchObject({ type: 'request-failed', error: { code, facts } });
      client.command(GET);
      answer(client, 'c401c1 00 1105');
      expect(last(client)).toEqual(data('1105'));
    }
  });

  test('notifications come through at any time and are no answer', () => {
    const client = new ScriptedClient().open();
    const push = fromHex('0f00000001001105');
    client.apdu(push);
    expect(last(client)).toEqual({ type: 'notification', apdu: push });
    client.command(GET);
    client.apdu(push);
    expect(last(client)).toEqual({ type: 'notification', apdu: push });
    answer(client, 'c401c1 00 1105');
    expect(last(client)).toEqual(data('1105'));
  });

  test('a method that went well but could not return its value says why', () => {
    const client = new ScriptedClient().open();
    client.command({ type: 'action', method: { ...ENERGY, attribute: 1 } });
    answer(client, 'c701c1 00 01 01 02');
    expect(last(client)).toEqual({ type: 'action-result', result: 'temporary-failure' });
  });

  test('a SET in blocks follows the acknowledgements', () => {
    const client = new ScriptedClient({ serverPdu: 64 }).open();
    const value = octetString(new Uint8Array(90).fill(7));
    const start = (): void => client.command({ type: 'set', attribute: ENERGY, value });
    start();
    const blocks: string[] = [];
    for (let n = 1; last(client)?.type !== 'set-result' && n < 20; n++) {
      expect(client.sent.length).toBeLessThanOrEqual(64);
      blocks.push(toHex(client.sent.subarray(0, 2)));
      const number = n.toString(16).padStart(8, '0');
      const isLast = client.sent[n === 1 ? 13 : 3] === 1;
      answer(client, isLast ? `c503c1 00 ${number}` : `c502c1 ${number}`);
    }
    expect(last(client)).toEqual({ type: 'set-result', result: 'success' });
    // Blocks behind the first have the room of its descriptor.
    expect(blocks).toEqual(['c102', 'c103']);
    start();
    answer(client, 'c502c1 00000002');
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'block-out-of-order' } });
    start();
    answer(client, 'c501c1 03');
    expect(last(client)).toEqual({ type: 'set-result', result: 'read-write-denied' });
  });
});

describe('only what was granted is used', () => {
  const granted = (...bits: Parameters<typeof conformanceMask>[0][]): number =>
    bits.reduce((mask, names) => mask | conformanceMask(names), 0);
  const bare = granted(['get', 'set', 'action']);

  test('lists become single requests', () => {
    const client = new ScriptedClient({ conformance: bare }).open();
    client.command({ type: 'get-list', attributes: [ENERGY, { ...ENERGY, attribute: 3 }] });
    expect(toHex(client.sent)).toBe('c00142000301000108 00ff0200'.replace(' ', '').replace('42', '41'));
    answer(client, 'c401c1 00 1105');
    expect(last(client)?.type).toBe('opened');
    answer(client, 'c401c1 01 04');
    expect(last(client)).toEqual({
      type: 'get-result',
      results: [
        { ok: true, data: fromHex('1105') },
        { ok: false, result: 'object-undefined' },
      ],
    });
  });

  test('selective access and blocks are not even tried', () => {
    const client = new ScriptedClient({ conformance: bare, serverPdu: 64 }).open();
    const tries = [
      { ...GET, selection: { by: 'entry', fromEntry: 1, toEntry: 2 } },
      { type: 'set', attribute: ENERGY, value: octetString(new Uint8Array(90)) },
      { type: 'action', method: ENERGY, parameter: octetString(new Uint8Array(90)) },
    ] as const;
    for (const command of tries) {
      expect(client.outcome(() => client.command(command))).toBe('request-failed not-granted');
    }
    expect(client.outcome(() => client.command(GET))).toBe('send c0');
  });

  test('a list longer than the PDU goes in several, an empty one not at all', () => {
    const client = new ScriptedClient({ serverPdu: 64 }).open();
    client.command({ type: 'get-list', attributes: [] });
    expect(last(client)).toEqual({ type: 'get-result', results: [] });
    client.command({ type: 'get-list', attributes: Array.from({ length: 9 }, () => ENERGY) });
    let requests = 0;
    const before = client.events.length;
    while (client.events.length === before) {
      expect(client.sent.length).toBeLessThanOrEqual(64);
      requests++;
      const count = client.sent[1] === 3 ? (client.sent[3] ?? 0) : 1;
      answer(
        client,
        count === 1 && client.sent[1] === 1 ? 'c401c1 001105' : `c403c1 0${count} ${'001105'.repeat(count)}`,
      );
      if (requests > 20) throw new Error('no end');
    }
    expect(requests).toBeGreaterThan(1);
    expect(last(client)).toMatchObject({ results: Array.from({ length: 9 }, () => ({ ok: true })) });
  });
});

describe('the association', () => {
  test('a refusal names result, diagnostic and initiate error', () => {
    const client = new ScriptedClient();
    client.command({ type: 'open' });
    client.connected();
    const refusal = client.aare({
      result: 'rejected-permanent',
      diagnostic: 'authentication-failure',
      userInformation: encodeInitiateError('refused-by-the-VDE-Handler'),
    });
    expect(client.outcome(() => client.apdu(refusal))).toBe('disconnect');
    client.disconnected();
    expect(last(client)).toMatchObject({
      type: 'failed',
      error: {
        code: 'association-refused',
        facts: {
          result: 'rejected-permanent',
          diagnostic: 'authentication-failure',
          value: 'refused-by-the-VDE-Handler',
        },
      },
    });
  });

  test('an exception to the AARQ hands on the counter that is expected', () => {
    const client = new ScriptedClient({ policy: 'auth-enc', auth: 'hls-gmac' });
    client.command({ type: 'open' });
    client.connected();
    client.apdu(fromHex('d80106000000c8'));
    client.disconnected();
    expect(last(client)).toMatchObject({
      type: 'failed',
      error: { code: 'exception-response', facts: { expectedInvocationCounter: 200 } },
    });
  });

  test('HDLC goes down without a release request', () => {
    const client = new ScriptedClient({ link: HDLC }).open();
    expect(client.outcome(() => client.command({ type: 'release' }))).toBe('disconnect');
    expect(client.outcome(() => client.disconnected())).toBe('released');
  });

  test('a ciphered association is released by a ciphered request', () => {
    const client = new ScriptedClient({ policy: 'auth-enc' }).open();
    client.command({ type: 'release' });
    expect(toHex(client.sent)).toMatch(/^62..800100be..04..21..30/);
  });

  test('the AARE states the system title that counts', () => {
    const other = fromHex('5858580000000001');
    const client = new ScriptedClient({
      policy: 'auth-enc',
      association: { meterSystemTitle: other },
    }).open();
    expect(last(client)).toMatchObject({ association: { serverSystemTitle: KEYS.serverTitle } });
    client.command(GET);
    const reply = fromHex('c40141001105');
    client.apdu(client.seal(reply));
    expect(last(client)).toEqual(data('1105'));
  });

  test('with HLS every way to cheat ends in authentication-failed', () => {
    const aares: readonly ((client: ScriptedClient) => Uint8Array)[] = [
      (client) => client.aare({ authenticationValue: new Uint8Array(7) }),
      (client) => client.aare({ authenticationValue: new Uint8Array(65) }),
      (client) =>
        client.aare({
          authenticationValue: decodeAarq(client.sent).authenticationValue ?? new Uint8Array(0),
        }),
    ];
    for (const make of aares) {
      const client = new ScriptedClient({ auth: 'hls-gmac' });
      client.command({ type: 'open' });
      client.connected();
      client.apdu(make(client));
      client.disconnected();
      expect(last(client)).toMatchObject({ type: 'failed', error: { code: 'authentication-failed' } });
    }
    const replies: readonly ((client: ScriptedClient) => Uint8Array)[] = [
      (client) => client.hlsReply(new Uint8Array(16).fill(2)),
      () => fromHex('c7014100 00'),
      () => fromHex('c70141fa 00'),
      () => fromHex('c7014100 01 00 1105'),
      () => fromHex('c7014100 01 01 03'),
    ];
    for (const make of replies) {
      const client = new ScriptedClient({ auth: 'hls-gmac' });
      client.command({ type: 'open' });
      client.connected();
      client.apdu(client.aare());
      client.apdu(make(client));
      client.disconnected();
      expect(last(client)).toMatchObject({ type: 'failed', error: { code: 'authentication-failed' } });
    }
  });
});

describe('protection of answers', () => {
  const reply = fromHex('c40141001105');
  const cases: Record<string, readonly [(client: ScriptedClient) => Uint8Array, string]> = {
    'an answer in the clear': [() => reply, 'security-required'],
    'an answer with less protection': [(client) => client.seal(reply, 'auth'), 'security-required'],
    'a counter that was there already': [(client) => client.seal(reply, 'auth-enc', 499), 'replay-detected'],
    'a tag that does not verify': [
      (client) => {
        const sealed = client.seal(reply);
        sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
        return sealed;
      },
      'decryption-failed',
    ],
    'our own request sent back': [
      (client) => {
        const { sealed } = decodeCiphered(client.sent);
        return encodeCiphered('general-glo', 0xc0, KEYS.clientTitle, sealed);
      },
      'decryption-failed',
    ],
    'dedicated ciphering that nobody agreed on': [
      () => fromHex(`d412 30 00000001 ${'00'.repeat(13)}`),
      'decryption-failed',
    ],
  };
  for (const [name, [make, code]] of Object.entries(cases)) {
    test(`${name} ends the association: ${code}`, () => {
      const client = new ScriptedClient({ policy: 'auth-enc' }).open();
      client.command(GET);
      expect(client.outcome(() => client.apdu(make(client)))).toBe('disconnect');
      expect(client.outcome(() => client.disconnected())).toBe(`failed ${code}`);
    });
  }

  test('more protection than asked for is welcome, also in general-glo-ciphering', () => {
    const client = new ScriptedClient({ policy: 'auth' }).open();
    client.command(GET);
    client.apdu(client.seal(reply, 'auth-enc'));
    expect(last(client)).toEqual(data('1105'));
    client.command(GET);
    const second = fromHex('c40142001106');
    second[2] = 0x42;
    const sealed = client.cipher.seal('auth', KEYS.serverTitle, client.counter++, second);
    client.apdu(encodeCiphered('general-glo', 0xc4, KEYS.serverTitle, sealed));
    expect(last(client)).toEqual(data('1106'));
  });

  test('what was accepted once is a replay in the next association too', () => {
    const told: number[] = [];
    const onMeterCounter = (lowest: number) => told.push(lowest);
    const client = new ScriptedClient({ policy: 'auth-enc', association: { onMeterCounter } }).open();
    client.command(GET);
    client.apdu(client.seal(reply));
    expect(client.lowestMeterCounter).toBe(502);
    expect(told).toEqual([501, 502]);
    client.disconnected();
    client.counter = 501;
    client.command({ type: 'open' });
    client.connected();
    client.apdu(client.aare());
    client.disconnected();
    expect(last(client)).toMatchObject({ type: 'failed', error: { code: 'replay-detected' } });
    expect(client.lowestMeterCounter).toBe(502);
  });

  test('each invocation counter is used once', () => {
    const client = new ScriptedClient({ policy: 'auth-enc', auth: 'hls-gmac' }).open();
    for (let i = 0; i < 5; i++) {
      client.command(GET);
      const plain = fromHex('c40141001105');
      plain[2] = 0x40 | (i + 2);
      client.apdu(client.seal(plain));
      expect(last(client)).toEqual(data('1105'));
    }
    const counters = client.link.commands.flatMap((command) => {
      if (command.type !== 'send' || command.apdu[0] === 0x60) return [];
      const { sealed } = decodeCiphered(command.apdu);
      return [new DataView(sealed.buffer, sealed.byteOffset).getUint32(1)];
    });
    expect(new Set(counters).size).toBe(counters.length);
    expect(counters).toEqual([...counters].sort((a, b) => a - b));
  });

  test('a counter source that has run dry fails the request, not the process', () => {
    let left = 2;
    const client = new ScriptedClient({
      policy: 'auth-enc',
      association: { nextInvocationCounter: () => (left-- > 1 ? 0xffffffff : 2 ** 32) },
    }).open();
    expect(client.outcome(() => client.command(GET))).toBe('request-failed invocation-counter-exhausted');
  });
});

test('a configuration that lacks what it needs is refused by field', () => {
  const base = { auth: 'none', policy: 'none', maxPduSize: 1024 } as const;
  const full = {
    ...base,
    systemTitle: KEYS.clientTitle,
    encryptionKey: KEYS.encryptionKey,
    authenticationKey: KEYS.authenticationKey,
    nextInvocationCounter: () => 1,
  };
  const { systemTitle: _title, ...withoutTitle } = full;
  const { nextInvocationCounter: _next, ...withoutCounter } = full;
  const configs = [
    { ...base, auth: 'lls' },
    { ...withoutTitle, auth: 'hls-gmac' },
    { ...withoutCounter, policy: 'enc' },
    { ...full, policy: 'auth', encryptionKey: new Uint8Array(15) },
    { ...base, systemTitle: new Uint8Array(7) },
    { ...base, maxPduSize: 70_000 },
  ] as const;
  for (const association of configs) {
    const create = () =>
      createClientMachine({ link: WRAPPER, association, randomBytes: (length) => new Uint8Array(length) });
    expect(codeOf(create)).toBe('invalid-field');
  }
});
