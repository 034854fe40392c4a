import { describe, expect, test } from 'bun:test';
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts';
import type { Effect } from '../../../src/base/machine.ts';
import { encodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { conformanceMask, LN_CONFORMANCE } from '../../../src/dlms/apdu/conformance.ts';
import { encodeGeneralBlock } from '../../../src/dlms/apdu/general-block-transfer.ts';
import { encodeGetRequest } from '../../../src/dlms/apdu/get.ts';
import { encodeInitiateRequest } from '../../../src/dlms/apdu/initiate.ts';
import { encodeSetRequest } from '../../../src/dlms/apdu/set.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import {
  type CosemRequest,
  createServerMachine,
  type ServerCommand,
  type ServerEvent,
} from '../../../src/dlms/server.ts';
import { octetString, structure, u8 } from '../../../src/dlms/values.ts';
import { counterFrom, KEYS, WRAPPER } from './loopback.ts';

const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
const CHALLENGE = new Uint8Array(16).fill(0x31);

/** A server for clients 1 (no authentication) and 100 to 199 (HLS), whose peers are written out. */
class Victim {
  readonly events: ServerEvent[] = [];
  readonly asked: CosemRequest[] = [];
  timer: number | undefined;
  nowMs = 0;
  later = false;
  answerBytes = 10;
  readonly #server = createServerMachine({
    link: WRAPPER,
    devices: [
      {
        address: 1,
        systemTitle: KEYS.serverTitle,
        associations: [1, 2, 3, ...Array.from({ length: 100 }, (_, i) => 100 + i)].map((clientAddress) => ({
          clientAddress,
          auth: clientAddress < 100 ? ('none' as const) : ('hls-gmac' as const),
          policy: 'none' as const,
          ...KEYS,
        })),
        nextInvocationCounter: counterFrom(1),
        acceptInvocationCounter: () => true,
        handle: (request) => {
          this.asked.push(request);
          if (this.later) return undefined;
          return { result: 'success', data: encodeData(octetString(new Uint8Array(this.answerBytes))) };
        },
      },
    ],
    maxPduSize: 2048,
    randomBytes: (length) => new Uint8Array(length).fill(7),
    idleTimeoutMs: 60_000,
    handshakeTimeoutMs: 5000,
  });

  send(apdu: Uint8Array, client = 1): string[] {
    return this.#take(
      this.#server.step({ on: 'bytes', bytes: encodeWrapperFrame(client, 1, apdu) }, this.nowMs),
    );
  }

  command(command: ServerCommand): string[] {
    return this.#take(this.#server.step({ on: 'command', command }, this.nowMs));
  }

  /** Lets time go by; the timer fires when it is due. */
  wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.timer !== undefined && this.timer <= untilMs) {
      this.nowMs = this.timer;
      this.timer = undefined;
      this.#take(this.#server.step({ on: 'timer', timer: 'server-idle' }, this.nowMs));
    }
    this.nowMs = untilMs;
  }

  associate(client = 1, conformance = conformanceMask(LN_CONFORMANCE), pdu = 128): string[] {
    const initiate = encodeInitiateRequest({
      responseAllowed: true,
      dlmsVersion: 6,
      conformance,
      clientMaxReceivePduSize: pdu,
    });
    const hls = {
      mechanism: 'hls-gmac' as const,
      authenticationValue: CHALLENGE,
      callingApTitle: KEYS.clientTitle,
    };
    return this.send(
      encodeAarq({
        context: 'ln',
        mechanism: 'none',
        ...(client >= 100 ? hls : {}),
        userInformation: initiate,
      }),
      client,
    );
  }

  get(client = 1): string[] {
    return this.send(
      encodeGetRequest({ type: 'normal', invoke: 0xc1, request: { attribute: ENERGY } }),
      client,
    );
  }

  #take(effects: readonly Effect<ServerEvent>[]): string[] {
    const sent: string[] = [];
    for (const effect of effects) {
      if (effect.do === 'emit') this.events.push(effect.event);
      if (effect.do === 'arm') this.timer = this.nowMs + effect.delayMs;
      if (effect.do === 'disarm') this.timer = undefined;
      if (effect.do === 'send') sent.push(toHex(effect.bytes.subarray(8)));
    }
    return sent;
  }
}

describe('a hostile client', () => {
  test('half an authentication is forgotten long before an idle association', () => {
    const victim = new Victim();
    victim.associate(1);
    expect(victim.associate(100)[0]).toStartWith('61');
    victim.wait(4999);
    // Repeating itself buys it no time.
    victim.get(100);
    victim.wait(2);
    expect(victim.get(100)).toEqual(['d80101']);
    expect(victim.get(1)[0]).toStartWith('c401c1');
    victim.wait(59_000);
    expect(victim.get(1)[0]).toStartWith('c401c1');
    victim.wait(60_001);
    expect(victim.get(1)).toEqual(['d80101']);
  });

  test('before it has proved itself nothing is kept for it', () => {
    const victim = new Victim();
    victim.associate(100);
    const block = { last: false, blockNumber: 1, raw: new Uint8Array(1900) };
    const request = { attribute: ENERGY };
    expect(
      victim.send(encodeSetRequest({ type: 'with-first-datablock', invoke: 0xc1, request, block }), 100),
    ).toEqual(['d80101']);
    expect(victim.get(100)).toEqual(['d80101']);
    const general = { last: false, streaming: false, window: 1, blockNumberAck: 0, data: block.raw };
    expect(victim.send(encodeGeneralBlock({ ...general, blockNumber: 1 }), 100)).toEqual(['d80102']);
    expect(victim.asked).toEqual([]);
  });

  test('opening everything costs nobody else an association', () => {
    const victim = new Victim();
    victim.associate(1);
    victim.wait(10);
    for (let client = 100; client < 200; client++) expect(victim.associate(client)[0]).toStartWith('61');
    expect(victim.get(1)[0]).toStartWith('c401c1');
    // Who is refused takes no place either.
    for (let client = 300; client < 400; client++) victim.associate(client);
    expect(victim.get(1)[0]).toStartWith('c401c1');
  });

  test('a flood while the device thinks is cut, and others are heard', () => {
    const victim = new Victim();
    victim.associate(1);
    victim.associate(2);
    victim.later = true;
    expect(victim.get(1)).toEqual([]);
    for (let i = 0; i < 100; i++) victim.get(1);
    victim.get(2);
    let answers = 0;
    for (let i = 0; i < 10; i++) {
      answers += victim.command({ type: 'respond', response: { result: 'temporary-failure' } }).length;
    }
    // Its first request, four that waited, and the one of the other client.
    expect(answers).toBe(6);
    expect(victim.asked).toHaveLength(6);
  });

  test('requests that wait are counted in bytes too', () => {
    const victim = new Victim();
    for (const client of [1, 2, 3]) victim.associate(client);
    victim.later = true;
    victim.get(1);
    const long = concat([fromHex('c101c1 0003 0100010800ff 02 00 0982ffff'), new Uint8Array(60_000)]);
    victim.send(long, 2);
    victim.send(long, 3);
    victim.get(1);
    let answers = 0;
    for (let i = 0; i < 6; i++) {
      answers += victim.command({ type: 'respond', response: { result: 'success' } }).length;
    }
    expect(answers).toBe(3);
  });

  test('what it sends in blocks and never ends is bounded', () => {
    const victim = new Victim();
    victim.associate(1);
    const block = (blockNumber: number) => ({ last: false, blockNumber, raw: new Uint8Array(1900) });
    const request = { attribute: ENERGY };
    const first = victim.send(
      encodeSetRequest({ type: 'with-first-datablock', invoke: 0xc1, request, block: block(1) }),
    );
    expect(first).toEqual(['c502c100000001']);
    let last = '';
    for (let n = 2; n < 60 && !last.startsWith('c503'); n++) {
      [last = ''] = victim.send(encodeSetRequest({ type: 'with-datablock', invoke: 0xc1, block: block(n) }));
    }
    // long-set-aborted, at 64 KiB
    expect(last).toBe('c503c11100000023');
    let answer = '';
    for (let n = 1; n < 60 && !answer.startsWith('d8'); n++) {
      [answer = ''] = victim.send(
        encodeGeneralBlock({
          last: false,
          streaming: false,
          window: 1,
          blockNumber: n,
          blockNumberAck: n - 1,
          data: new Uint8Array(1900),
        }),
      );
    }
    expect(answer).toBe('d80104');
    expect(victim.get(1)[0]).toStartWith('c401c1');
    expect(victim.asked).toHaveLength(1);
  });

  test('a list is served up to a length, and up to what it brings', () => {
    const victim = new Victim();
    victim.associate(1, undefined, 0);
    const list = (n: number) =>
      encodeGetRequest({
        type: 'with-list',
        invoke: 0xc1,
        requests: Array.from({ length: n }, () => ({ attribute: ENERGY })),
      });
    expect(victim.send(list(257))).toEqual(['d80104']);
    expect(victim.asked).toHaveLength(0);
    victim.answerBytes = 1024 * 1024;
    victim.send(list(256));
    expect(victim.asked).toHaveLength(4);
  });

  test('values that unfold to a million are no values', () => {
    const victim = new Victim();
    victim.associate();
    // A compact-array of seven structures, each of an unsigned and 65,535 null-data.
    const bomb = fromHex('13 02 02 11 01ffff00 07 01010101010101');
    const requests = Array.from({ length: 16 }, () => ({ attribute: ENERGY }));
    const values = requests.map(() => bomb);
    // type-unmatched, each
    expect(victim.send(encodeSetRequest({ type: 'with-list', invoke: 0xc1, requests, values }))).toEqual([
      `c505c110${'0c'.repeat(16)}`,
    ]);
    expect(victim.asked).toHaveLength(0);
  });

  test('all attributes at once are no more than an object can have', () => {
    const victim = new Victim();
    victim.associate();
    const setAll = (elements: number) =>
      victim.send(
        encodeSetRequest({
          type: 'normal',
          invoke: 0xc1,
          request: { attribute: { ...ENERGY, attribute: 0 } },
          value: encodeData(structure(...Array.from({ length: elements }, () => u8(1)))),
        }),
      );
    expect(setAll(127)).toEqual(['c501c100']);
    expect(victim.asked).toHaveLength(127);
    // type-unmatched
    expect(setAll(128)).toEqual(['c501c10c']);
    expect(setAll(20_000)).toEqual(['c501c10c']);
    expect(victim.asked).toHaveLength(127);
  });

  test('a new request ends a long transfer; blocks of none are refused', () => {
    const victim = new Victim();
    victim.associate(1, conformanceMask(LN_CONFORMANCE.filter((bit) => bit !== 'general-block-transfer')));
    victim.answerBytes = 500;
    const next = (blockNumber: number) =>
      victim.send(encodeGetRequest({ type: 'next', invoke: 0x41, blockNumber }));
    // no-long-get-in-progress
    expect(next(1)).toEqual(['c4024101000000010110']);
    expect(victim.get()[0]).toStartWith('c402c10000000001');
    expect(next(1)[0]).toStartWith('c402410000000002');
    victim.answerBytes = 5;
    expect(victim.get()[0]).toStartWith('c401c100');
    expect(next(2)).toEqual(['c4024101000000020110']);
    victim.answerBytes = 500;
    victim.get();
    // data-block-number-invalid, and the transfer is over
    expect(next(7)).toEqual(['c4024101000000070113']);
    expect(next(1)).toEqual(['c4024101000000010110']);
    // SET and ACTION: no long transfer in progress
    expect(victim.send(fromHex('c10341 01 00000002 0100'))).toEqual(['c503411200000002']);
    expect(victim.send(fromHex('c30641 01 00000002 0100'))).toEqual(['c70141 10 00'.replaceAll(' ', '')]);
    expect(victim.send(fromHex('c30241 00000001'))).toEqual(['c701411000']);
  });
});
