import { describe, expect, test } from 'bun:test';
import { toHex } from '../../../src/base/bytes.ts';
import { conformanceMask, LN_CONFORMANCE, LN_PROPOSED } from '../../../src/dlms/apdu/conformance.ts';
import { decodeGeneralBlock, encodeGeneralBlock } from '../../../src/dlms/apdu/general-block-transfer.ts';
import { encodeGetResponse } from '../../../src/dlms/apdu/get.ts';
import { encodeDataNotification } from '../../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { GENERAL_BLOCK_ABORT } from '../../../src/dlms/cosem/general-blocks.ts';
import { octetString, u16 } from '../../../src/dlms/values.ts';
import { HDLC } from './loopback.ts';
import { ScriptedClient, type ScriptedOptions } from './scripted-client.ts';

const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
const ANSWER = encodeGetResponse({
  type: 'normal',
  invoke: 0xc1,
  result: { ok: true, data: encodeData(octetString(new Uint8Array(60).fill(3))) },
});
const PART = 20;

/** The n-th block of the answer, counted from 1. */
const part = (n: number, more: Partial<Parameters<typeof encodeGeneralBlock>[0]> = {}): Uint8Array =>
  encodeGeneralBlock({
    last: n * PART >= ANSWER.length,
    streaming: false,
    window: 6,
    blockNumber: n,
    blockNumberAck: 0,
    data: ANSWER.subarray((n - 1) * PART, n * PART),
    ...more,
  });

function asked(options: ScriptedOptions = {}): ScriptedClient {
  const client = new ScriptedClient({
    ...options,
    association: { generalBlocks: { window: 4 }, ...options.association },
  }).open();
  client.command({ type: 'get', attribute: ENERGY });
  return client;
}

const sentBlock = (client: ScriptedClient) => {
  const { last, streaming, window, blockNumber, blockNumberAck, data } = decodeGeneralBlock(client.sent);
  return [last, streaming, window, blockNumber, blockNumberAck, data.length];
};

describe('a client and general blocks', () => {
  test('a plain request may be answered in blocks; each window is acknowledged', () => {
    const client = asked();
    expect(toHex(client.sent)).toStartWith('c001c1');
    client.apdu(part(1));
    expect(sentBlock(client)).toEqual([true, false, 4, 1, 1, 0]);
    client.apdu(part(2, { streaming: true, blockNumberAck: 1 }));
    client.apdu(part(3, { streaming: true, blockNumberAck: 1 }));
    expect(client.events.at(-1)?.type).toBe('opened');
    client.apdu(part(4, { blockNumberAck: 1 }));
    expect(client.events.at(-1)).toMatchObject({ type: 'get-result', results: [{ ok: true }] });
    expect(client.armed.size).toBe(0);
  });

  test('silence: the last word again, three times, then the server is given up', () => {
    const client = asked();
    client.apdu(part(1));
    const word = toHex(client.sent);
    for (let i = 0; i < 3; i++) {
      expect(client.armed.get('client-blocks')).toBe(1667);
      expect(client.outcome(() => client.timer('client-blocks'))).toBe('send e0');
      expect(toHex(client.sent)).toBe(word);
    }
    expect(client.outcome(() => client.timer('client-blocks'))).toBe('disconnect');
    client.disconnected();
    expect(client.events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'link-timeout' } });
    expect(client.outcome(() => client.timer('client-blocks'))).toBe('');
  });

  test('a block that came puts the end off', () => {
    const client = asked();
    client.apdu(part(1));
    client.timer('client-blocks');
    client.timer('client-blocks');
    client.apdu(part(2, { blockNumberAck: 1 }));
    for (let i = 0; i < 3; i++) expect(client.outcome(() => client.timer('client-blocks'))).toBe('send e0');
  });

  test('an end of the transfer is an end of the request, and the association stands', () => {
    const ends: readonly (readonly [Uint8Array, string])[] = [
      [GENERAL_BLOCK_ABORT, 'apdu-unexpected'],
      [Uint8Array.of(0xe0, 0x80), 'truncated'],
      [Uint8Array.of(0xd8, 1, 4), 'exception-response'],
    ];
    for (const [end, code] of ends) {
      const client = asked();
      client.apdu(part(1));
      client.apdu(end);
      expect(client.events.at(-1)).toMatchObject({ type: 'request-failed', error: { code } });
      expect(client.armed.size).toBe(0);
      client.command({ type: 'get', attribute: ENERGY });
      client.apdu(
        encodeGetResponse({ type: 'normal', invoke: 0xc2, result: { ok: true, data: encodeData(u16(1)) } }),
      );
      expect(client.events.at(-1)).toMatchObject({ type: 'get-result' });
    }
  });

  test('a server that sends for ever is stopped', () => {
    const client = asked();
    for (let n = 1; n < 300 && client.events.at(-1)?.type === 'opened'; n++) {
      client.apdu(part(n, { last: false, streaming: true, data: Uint8Array.of(1) }));
    }
    expect(client.events.at(-1)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-invalid' } });
  });

  test('always in blocks where that was asked for; a window of one on HDLC', () => {
    const always = asked({ association: { generalBlocks: { window: 9, always: true } } });
    expect(sentBlock(always)).toEqual([true, false, 9, 1, 0, 13]);
    always.apdu(part(1, { blockNumberAck: 1 }));
    expect(sentBlock(always)).toEqual([true, false, 9, 2, 1, 0]);
    const hdlc = asked({ link: HDLC, association: { generalBlocks: { window: 9, always: true } } });
    expect(sentBlock(hdlc)).toEqual([true, false, 1, 1, 0, 13]);
    expect(hdlc.armed.size).toBe(0);
  });

  test('what was not granted, or not proposed, is neither used nor understood', () => {
    const withheld = LN_CONFORMANCE.filter((bit) => bit !== 'general-block-transfer');
    for (const options of [
      { conformance: conformanceMask(withheld), association: { generalBlocks: { window: 9, always: true } } },
      { conformance: conformanceMask(LN_CONFORMANCE), association: { proposedConformance: LN_PROPOSED } },
    ]) {
      const client = asked(options);
      expect(toHex(client.sent)).toStartWith('c001');
      const sent = client.link.commands.length;
      client.apdu(part(1));
      expect(client.link.commands.length).toBe(sent);
    }
  });

  test('a confirmed notification is confirmed, an unconfirmed one is not', () => {
    const client = new ScriptedClient().open();
    const body = encodeData(u16(1));
    const say = (longInvoke: number) =>
      client.outcome(() => client.apdu(encodeDataNotification({ longInvoke, body })));
    expect(say(0x00000001)).toBe('notification');
    expect(say(0x40000001)).toBe('send-unconfirmed, notification');
    const last = client.link.commands.at(-1);
    expect(last?.type === 'send-unconfirmed' && toHex(last.apdu)).toBe('104000000100');
    client.command({ type: 'get', attribute: ENERGY });
    expect(say(0x40000002)).toBe('send-unconfirmed, notification');
    client.apdu(encodeGetResponse({ type: 'normal', invoke: 0xc1, result: { ok: true, data: body } }));
    expect(client.events.at(-1)).toMatchObject({ type: 'get-result' });
  });
});
