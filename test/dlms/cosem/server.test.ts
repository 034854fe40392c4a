import { describe, expect, test } from 'bun:test';
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts';
import type { Effect } from '../../../src/base/machine.ts';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { decodeAare } from '../../../src/dlms/apdu/aare.ts';
import { type Aarq, encodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { conformanceMask, LN_CONFORMANCE } from '../../../src/dlms/apdu/conformance.ts';
import { decodeGetResponse } from '../../../src/dlms/apdu/get.ts';
import { decodeInitiateResponse, encodeInitiateRequest } from '../../../src/dlms/apdu/initiate.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import {
  type CosemRequest,
  createServerMachine,
  type LogicalDevice,
  type ServerCommand,
  type ServerEvent,
} from '../../../src/dlms/server.ts';
import { octetString, u16 } from '../../../src/dlms/values.ts';
import { decodeCiphered, encodeCiphered, SuiteZero } from '../ciphering/reference.ts';
import { counterFrom, HDLC, KEYS, pair, WRAPPER } from './loopback.ts';

interface Reply {
  readonly from: number;
  readonly to: number;
  readonly apdu: Uint8Array;
}

interface BenchOptions {
  readonly auth?: AuthMechanism;
  readonly policy?: SecurityPolicy;
  /** Requests are kept until the test answers them. */
  readonly later?: boolean;
  readonly hint?: boolean;
}

/** A server whose peer is written out, APDU by APDU, over the wrapper. */
class Bench {
  readonly events: ServerEvent[] = [];
  readonly timers = new Map<string, number>();
  readonly asked: CosemRequest[] = [];
  readonly cipher = new SuiteZero(KEYS.encryptionKey, KEYS.authenticationKey);
  counter = 1000;
  nowMs = 0;
  readonly #server;
  #lowest = 0;

  constructor(options: BenchOptions = {}) {
    const { auth = 'none', policy = 'none' } = options;
    const random = new SeededRandom(3);
    const device = (address: number): LogicalDevice => ({
      address,
      systemTitle: KEYS.serverTitle,
      associations: [
        { clientAddress: 1, auth, policy, ...KEYS },
        { clientAddress: 16, auth: 'none', policy: 'none' },
        ...Array.from({ length: 20 }, (_, i) => ({
          clientAddress: 100 + i,
          auth: 'none' as const,
          policy: 'none' as const,
        })),
      ],
      nextInvocationCounter: counterFrom(1),
      acceptInvocationCounter: (_client, counter) => {
        if (counter < this.#lowest) return false;
        this.#lowest = counter + 1;
        return true;
      },
      ...(options.hint ? { expectedInvocationCounter: () => this.#lowest } : {}),
      handle: (request) => {
        this.asked.push(request);
        if (options.later) return undefined;
        if (request.type === 'action') return { result: 'success' };
        if (request.type === 'set') return { result: 'success' };
        const long = request.attribute.attribute === 9;
        return {
          result: 'success',
          data: encodeData(long ? octetString(new Uint8Array(400)) : u16(address)),
        };
      },
    });
    this.#server = createServerMachine({
      link: WRAPPER,
      devices: [device(1), device(2)],
      maxPduSize: 512,
      randomBytes: (length) => random.bytes(length),
      idleTimeoutMs: 60_000,
    });
  }

  bytes(bytes: Uint8Array): Reply[] {
    return this.#take(this.#server.step({ on: 'bytes', bytes }, this.nowMs));
  }

  send(hex: string | Uint8Array, client = 1, server = 1): Reply[] {
    return this.bytes(encodeWrapperFrame(client, server, typeof hex === 'string' ? fromHex(hex) : hex));
  }

  /** The only answer, in hex; empty when there is none. */
  ask(hex: string | Uint8Array, client = 1, server = 1): string {
    const replies = this.send(hex, client, server);
    expect(replies.length).toBeLessThanOrEqual(1);
    return toHex(replies[0]?.apdu ?? new Uint8Array(0));
  }

  command(command: ServerCommand): Reply[] {
    return this.#take(this.#server.step({ on: 'command', command }, this.nowMs));
  }

  timer(timer: string): Reply[] {
    this.timers.delete(timer);
    return this.#take(this.#server.step({ on: 'timer', timer }, this.nowMs));
  }

  closed(): void {
    this.#take(this.#server.step({ on: 'closed' }, this.nowMs));
  }

  seal(plain: Uint8Array, policy: SecurityPolicy = 'auth-enc', counter = this.counter++): Uint8Array {
    const sealed = this.cipher.seal(policy, KEYS.clientTitle, counter, plain);
    return encodeCiphered('service-specific', plain[0] ?? 0, KEYS.clientTitle, sealed);
  }

  unseal(apdu: Uint8Array): Uint8Array {
    return this.cipher.open(KEYS.serverTitle, decodeCiphered(apdu).sealed).plaintext;
  }

  #take(effects: readonly Effect<ServerEvent>[]): Reply[] {
    const replies: Reply[] = [];
    for (const effect of effects) {
      if (effect.do === 'emit') this.events.push(effect.event);
      if (effect.do === 'arm') this.timers.set(effect.timer, this.nowMs + effect.delayMs);
      if (effect.do === 'disarm') this.timers.delete(effect.timer);
      if (effect.do === 'send') {
        const view = new DataView(effect.bytes.buffer, effect.bytes.byteOffset);
        replies.push({ from: view.getUint16(2), to: view.getUint16(4), apdu: effect.bytes.slice(8) });
      }
    }
    return replies;
  }
}

function initiate(
  conformance: number = conformanceMask(LN_CONFORMANCE),
  size = 128,
  dlmsVersion = 6,
): Uint8Array {
  return encodeInitiateRequest({
    responseAllowed: true,
    dlmsVersion,
    conformance,
    clientMaxReceivePduSize: size,
  });
}

function aarq(overrides: Partial<Aarq> = {}): Uint8Array {
  return encodeAarq({ context: 'ln', userInformation: initiate(), ...overrides });
}

function gmacAarq(bench: Bench, overrides: Partial<Aarq> = {}): Uint8Array {
  return aarq({
    context: 'ln-ciphered',
    callingApTitle: KEYS.clientTitle,
    mechanism: 'hls-gmac',
    authenticationValue: new Uint8Array(16).fill(9),
    userInformation: bench.seal(initiate()),
    ...overrides,
  });
}

function pass3(bench: Bench, challenge: Uint8Array): Uint8Array {
  const value = encodeData(octetString(bench.cipher.gmac(KEYS.clientTitle, bench.counter++, challenge)));
  return concat([fromHex('c301c1000f0000280000ff0101'), value]);
}

function associated(options: BenchOptions = {}): Bench {
  const bench = new Bench(options);
  const { auth = 'none', policy = 'none' } = options;
  if (auth === 'hls-gmac') {
    const aare = decodeAare(fromHex(bench.ask(gmacAarq(bench))));
    const reply = bench.ask(bench.seal(pass3(bench, aare.authenticationValue ?? new Uint8Array(0))));
    expect(toHex(bench.unseal(fromHex(reply)))).toStartWith('c701c10001000911');
  } else if (policy !== 'none') {
    bench.ask(
      aarq({
        context: 'ln-ciphered',
        callingApTitle: KEYS.clientTitle,
        userInformation: bench.seal(initiate()),
      }),
    );
  } else bench.ask(aarq());
  expect(bench.events.at(-1)).toMatchObject({ type: 'associated' });
  return bench;
}

const GET_REGISTER = 'c001c1 0003 0100010800ff 02 00';
const GET_LONG = 'c001c1 0003 0100010800ff 09 00';
const NOT_POSSIBLE = 'd80101';
const NOT_SUPPORTED = 'd80102';

describe('associations', () => {
  test('what is negotiated is what both can do', () => {
    const bench = new Bench();
    const aare = decodeAare(fromHex(bench.ask(aarq())));
    expect(aare).toMatchObject({ result: 'accepted', diagnostic: 'null', context: 'ln' });
    expect(decodeInitiateResponse(aare.userInformation ?? new Uint8Array(0))).toEqual({
      dlmsVersion: 6,
      // General forms protect nothing in a context without ciphering.
      conformance: conformanceMask(LN_CONFORMANCE.filter((bit) => bit !== 'general-protection')),
      serverMaxReceivePduSize: 512,
      vaaName: 7,
    });
    expect(bench.events).toMatchObject([
      { type: 'associated', caller: { clientAddress: 1, auth: 'none', context: { maxSendPduSize: 128 } } },
    ]);
    const modest = decodeAare(fromHex(new Bench().ask(aarq({ userInformation: initiate(0x001010) }))));
    expect(decodeInitiateResponse(modest.userInformation ?? new Uint8Array(0)).conformance).toBe(0x001010);
  });

  const refusals: Record<string, readonly [BenchOptions, (bench: Bench) => Uint8Array, string, number?]> = {
    'an unknown client': [{}, () => aarq(), 'no-reason-given', 77],
    'short names': [{}, () => aarq({ context: 'sn' }), 'application-context-name-not-supported'],
    'ciphering for a client without keys': [
      {},
      () => aarq({ context: 'ln-ciphered', callingApTitle: KEYS.clientTitle }),
      'application-context-name-not-supported',
      16,
    ],
    'no ciphering where it is asked for': [
      { policy: 'auth' },
      () => aarq(),
      'application-context-name-not-supported',
    ],
    'no mechanism where one is asked for': [
      { auth: 'lls' },
      () => aarq(),
      'authentication-mechanism-name-required',
    ],
    'another mechanism': [
      { auth: 'lls' },
      () => aarq({ mechanism: 'hls-md5', authenticationValue: KEYS.password }),
      'authentication-mechanism-name-not-recognised',
    ],
    'a wrong password': [
      { auth: 'lls' },
      () => aarq({ mechanism: 'lls', authenticationValue: fromHex('3132333435363739') }),
      'authentication-failure',
    ],
    'no password': [{ auth: 'lls' }, () => aarq({ mechanism: 'lls' }), 'authentication-failure'],
    'HLS without a system title': [
      { auth: 'hls-gmac' },
      () => aarq({ mechanism: 'hls-gmac', authenticationValue: new Uint8Array(16) }),
      'calling-AP-title-not-recognized',
    ],
    'HLS with a short challenge': [
      { auth: 'hls-gmac' },
      (bench) => gmacAarq(bench, { authenticationValue: new Uint8Array(7) }),
      'authentication-failure',
    ],
    'an old version': [
      {},
      () => aarq({ userInformation: initiate(0xffffff, 128, 5) }),
      'no-reason-given: dlms-version-too-low',
    ],
    'nothing in common': [
      {},
      () => aarq({ userInformation: initiate(0x180000) }),
      'no-reason-given: incompatible-conformance',
    ],
    'a PDU too short for a block': [
      {},
      () => aarq({ userInformation: initiate(0xffffff, 16) }),
      'no-reason-given: pdu-size-too-short',
    ],
    'no InitiateRequest': [{}, () => encodeAarq({ context: 'ln' }), 'no-reason-given: other'],
  };
  for (const [name, [options, make, diagnostic, client]] of Object.entries(refusals)) {
    test(`${name}: ${diagnostic}`, () => {
      const bench = new Bench(options);
      const aare = decodeAare(fromHex(bench.ask(make(bench), client)));
      const [expected = '', error] = diagnostic.split(': ');
      expect(aare).toMatchObject({ result: 'rejected-permanent', diagnostic: expected });
      expect(bench.events[0]).toMatchObject({ type: 'refused', diagnostic: error ?? expected });
      expect(bench.events.some(({ type }) => type === 'security')).toBe(
        expected === 'authentication-failure',
      );
      expect(bench.ask(GET_REGISTER, client)).toBe(NOT_POSSIBLE);
    });
  }

  test('before an association nothing is served, and garbage is answered in kind', () => {
    const bench = new Bench();
    for (const hex of [GET_REGISTER, 'c8020000', '6203800100', '99', '05010203']) {
      expect(bench.ask(hex)).toBe(NOT_POSSIBLE);
    }
    expect(decodeAare(fromHex(bench.ask('60ff'))).result).toBe('rejected-permanent');
    expect(bench.asked).toEqual([]);
  });

  test('answers and pushes are never answered, nor is an unknown logical device', () => {
    const bench = associated();
    for (const hex of ['c401c1001105', '6100', 'd80102', '0f00000000001105', '0e010601']) {
      expect(bench.ask(hex)).toBe('');
    }
    expect(bench.ask(aarq(), 1, 99)).toBe('');
  });

  test('release, and again', () => {
    const bench = associated();
    expect(bench.ask('6203800100')).toBe('6303800100');
    expect(bench.events.at(-1)).toEqual({ type: 'released', clientAddress: 1 });
    expect(bench.ask('6203800100')).toBe(NOT_POSSIBLE);
    bench.ask(aarq());
    expect(bench.ask(GET_REGISTER)).toBe('c401c100120001');
  });

  test('a client that begins anew loses the association that stood', () => {
    const bench = associated();
    bench.ask(aarq());
    expect(bench.events.map(({ type }) => type)).toEqual(['associated', 'released', 'associated']);
  });

  test('two logical devices and the public client side by side; a chunk with several requests', () => {
    const bench = new Bench();
    for (const [client, server] of [
      [1, 1],
      [1, 2],
      [16, 2],
    ] as const)
      bench.send(aarq(), client, server);
    const chunk = concat([
      encodeWrapperFrame(1, 2, fromHex(GET_REGISTER)),
      encodeWrapperFrame(16, 2, fromHex(GET_REGISTER)),
      encodeWrapperFrame(1, 1, fromHex(GET_REGISTER)),
    ]);
    expect(bench.bytes(chunk).map(({ from, to, apdu }) => [from, to, toHex(apdu)])).toEqual([
      [2, 1, 'c401c100120002'],
      [2, 16, 'c401c100120002'],
      [1, 1, 'c401c100120001'],
    ]);
  });

  test('one peer holds a bounded number of associations; the one idle longest gives way', () => {
    const bench = new Bench();
    for (let i = 0; i < 9; i++) {
      bench.nowMs = i;
      bench.send(aarq(), 100 + i);
    }
    expect(bench.events.filter(({ type }) => type === 'released')).toEqual([
      { type: 'released', clientAddress: 100 },
    ]);
    expect(bench.ask(GET_REGISTER, 100)).toBe(NOT_POSSIBLE);
    expect(bench.ask(GET_REGISTER, 108)).toStartWith('c401');
  });

  test('an idle association is closed, one that is used is not', () => {
    const bench = associated();
    expect(bench.timers.get('server-idle')).toBe(60_000);
    bench.nowMs = 40_000;
    bench.ask(GET_REGISTER);
    bench.nowMs = 60_000;
    bench.timer('server-idle');
    expect(bench.events.at(-1)?.type).toBe('associated');
    bench.nowMs = bench.timers.get('server-idle') ?? 0;
    expect(bench.nowMs).toBe(100_000);
    bench.timer('server-idle');
    expect(bench.events.at(-1)).toEqual({ type: 'released', clientAddress: 1 });
    expect(bench.timers.size).toBe(0);
  });

  test('the end of the connection releases what stood', () => {
    const bench = associated();
    bench.closed();
    expect(bench.events.at(-1)).toEqual({ type: 'released', clientAddress: 1 });
  });
});

describe('HLS-GMAC', () => {
  test('nothing but the proof is served before it', () => {
    const bench = new Bench({ auth: 'hls-gmac', policy: 'auth-enc' });
    bench.ask(gmacAarq(bench));
    for (const hex of [GET_REGISTER, 'c301c10046000060030aff0100', 'c002c100000001']) {
      expect(bench.ask(bench.seal(fromHex(hex)))).toBe(NOT_POSSIBLE);
    }
    expect(bench.events).toEqual([]);
  });

  test('a wrong proof ends the association and is told', () => {
    const bench = new Bench({ auth: 'hls-gmac', policy: 'auth-enc' });
    bench.ask(gmacAarq(bench));
    const reply = bench.ask(bench.seal(pass3(bench, new Uint8Array(16))));
    expect(toHex(bench.unseal(fromHex(reply)))).toBe('c701c1fa00');
    expect(bench.events).toEqual([
      { type: 'refused', clientAddress: 1, diagnostic: 'authentication-failure' },
      { type: 'security', code: 'authentication-failed', clientAddress: 1 },
    ]);
    expect(bench.ask(bench.seal(fromHex(GET_REGISTER)))).toBe(NOT_POSSIBLE);
  });
});

describe('protection', () => {
  const ciphered = { auth: 'hls-gmac', policy: 'auth-enc' } as const;

  test('an unciphered request or release is refused, a ciphered one answered in kind', () => {
    const bench = associated(ciphered);
    expect(bench.ask(GET_REGISTER)).toBe(NOT_SUPPORTED);
    expect(bench.ask('6203800100')).toBe(NOT_SUPPORTED);
    const reply = fromHex(bench.ask(bench.seal(fromHex(GET_REGISTER))));
    expect(reply[0]).toBe(0xcc);
    expect(toHex(bench.unseal(reply))).toBe('c401c100120001');
    const general = encodeCiphered(
      'general-glo',
      0xc0,
      KEYS.clientTitle,
      bench.cipher.seal('auth-enc', KEYS.clientTitle, bench.counter++, fromHex(GET_REGISTER)),
    );
    const generalReply = fromHex(bench.ask(general));
    expect(generalReply[0]).toBe(0xdb);
    expect(toHex(bench.unseal(generalReply))).toBe('c401c100120001');
    const wrapped = bench.seal(initiate());
    const rlrq = concat([
      Uint8Array.of(
        0x62,
        wrapped.length + 7,
        0x80,
        0x01,
        0x00,
        0xbe,
        wrapped.length + 2,
        0x04,
        wrapped.length,
      ),
      wrapped,
    ]);
    expect(bench.ask(rlrq)).toMatch(/^63..800100be..04..28/);
    expect(bench.events.at(-1)).toEqual({ type: 'released', clientAddress: 1 });
  });

  test('less protection than the policy is refused', () => {
    const bench = associated({ policy: 'auth-enc' });
    for (const policy of ['none', 'auth', 'enc'] as const) {
      expect(bench.ask(bench.seal(fromHex(GET_REGISTER), policy))).toBe(NOT_SUPPORTED);
    }
  });

  test('a replay is refused, and told with the counter that is due where the device knows it', () => {
    for (const hint of [false, true]) {
      const bench = associated({ ...ciphered, hint });
      const request = bench.seal(fromHex(GET_REGISTER));
      bench.ask(request);
      const due = bench.counter.toString(16).padStart(8, '0');
      expect(bench.ask(request)).toBe(hint ? `d80106${due}` : 'd80105');
      expect(bench.events.at(-1)).toEqual({ type: 'security', code: 'replay-detected', clientAddress: 1 });
      expect(bench.asked.length).toBe(1);
    }
  });

  test('a corrupted request is refused and told', () => {
    const bench = associated(ciphered);
    const request = bench.seal(fromHex(GET_REGISTER));
    request[request.length - 1] = (request.at(-1) ?? 0) ^ 1;
    expect(bench.ask(request)).toBe('d80105');
    expect(bench.events.at(-1)).toEqual({ type: 'security', code: 'decryption-failed', clientAddress: 1 });
  });

  test('an AARQ with a counter that was used, or with wrong keys', () => {
    const bench = associated({ ...ciphered, hint: true });
    bench.counter = 5;
    expect(bench.ask(gmacAarq(bench))).toMatch(/^d80106/);
    expect(bench.events.slice(-2)).toMatchObject([{ code: 'replay-detected' }, { type: 'refused' }]);
    const wrong = gmacAarq(bench);
    wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
    expect(decodeAare(fromHex(bench.ask(wrong)))).toMatchObject({ diagnostic: 'authentication-failure' });
    expect(bench.events.slice(-2)).toMatchObject([{ code: 'decryption-failed' }, { type: 'refused' }]);
  });
});

describe('services', () => {
  test('malformed, unknown and not negotiated requests', () => {
    const bench = associated();
    expect(bench.ask('c001c1 0003')).toBe('d80103');
    expect(bench.ask('c009c1 0003')).toBe('d80103');
    expect(bench.ask(`${GET_REGISTER} 00`)).toBe('d80103');
    expect(bench.ask('0500000000')).toBe('d80202');
    expect(bench.ask('c104c1 01 00030100010800ff0200 02 1105 1106')).toBe('d80103');
    expect(bench.ask('c303c1 01 0046000060030aff01 00')).toBe('d80103');
    const modest = new Bench();
    modest.ask(aarq({ userInformation: initiate(conformanceMask(['get'])) }));
    expect(modest.ask('c101c1 00030100010800ff0200 1105')).toBe(NOT_SUPPORTED);
    expect(modest.ask('c301c1 0046000060030aff01 00')).toBe(NOT_SUPPORTED);
    expect(modest.ask('c003c1 01 00030100010800ff0200')).toBe(NOT_SUPPORTED);
    expect(modest.ask('c001c1 0007 0100630100ff 02 01 02 0204 0600000001 0600000000 120001 120000')).toBe(
      'c401c1010d',
    );
    expect(modest.ask(GET_LONG)).toBe('c401c101fa');
    expect(modest.asked.length).toBe(1);
    const lists = new Bench();
    lists.ask(
      aarq({
        userInformation: initiate(conformanceMask(['get', 'multiple-references', 'selective-access'])),
      }),
    );
    expect(lists.ask('c003c1 02 00030100010800ff0200 00030100010800ff0900')).toBe('c403c10201fa01fa');
    expect(lists.ask('c001c1 0007 0100630100ff 02 01 02 0201 0c02fffe')).toBe('c401c1010c');
    expect(modest.ask(GET_REGISTER)).toBe('c401c100120001');
  });

  test('a selection that cannot be understood is type-unmatched', () => {
    const bench = associated();
    expect(bench.ask('c001c1 0007 0100630100ff 02 01 02 1105')).toBe('c401c1010c');
    expect(bench.ask('c001c1 0007 0100630100ff 02 01 63 0204 0600000001 0600000000 120001 120000')).toBe(
      'c401c1010c',
    );
    expect(bench.asked).toEqual([]);
  });

  test('a long GET in blocks, and every way to leave its path', () => {
    const bench = associated();
    const blocks: Uint8Array[] = [];
    let reply = fromHex(bench.ask(GET_LONG));
    for (let n = 1; ; n++) {
      expect(reply.length).toBeLessThanOrEqual(128);
      const response = decodeGetResponse(reply);
      if (response.type !== 'with-datablock' || !response.block.ok) throw new Error('no block');
      expect(response.blockNumber).toBe(n);
      blocks.push(response.block.data);
      if (response.last) break;
      reply = fromHex(bench.ask(`c002c1${n.toString(16).padStart(8, '0')}`));
    }
    expect(toHex(concat(blocks))).toBe(toHex(encodeData(octetString(new Uint8Array(400)))));
    expect(bench.ask('c002c100000004')).toBe('c402c101000000040110');
    bench.ask(GET_LONG);
    expect(bench.ask('c002c100000002')).toBe('c402c101000000020113');
    expect(bench.ask('c002c100000001')).toBe('c402c101000000010110');
    bench.ask(GET_LONG);
    bench.ask(GET_REGISTER);
    expect(bench.ask('c002c100000001')).toBe('c402c101000000010110');
  });

  test('a long SET, and every way to leave its path', () => {
    const bench = associated();
    const first = (number: string, last = '00'): string =>
      bench.ask(`c102c1 00030100010800ff0200 ${last} ${number} 02 0903`);
    const next = (number: string, raw: string, last = '00'): string =>
      bench.ask(`c103c1 ${last} ${number} ${raw}`);
    expect(first('00000001')).toBe('c502c100000001');
    expect(next('00000002', '01aa')).toBe('c502c100000002');
    expect(next('00000003', '02bbcc', '01')).toBe('c503c10000000003');
    expect(bench.asked).toEqual([
      {
        type: 'set',
        attribute: { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 },
        value: octetString(fromHex('aabbcc')),
      },
    ]);
    expect(next('00000004', '00', '01')).toBe('c503c11200000004');
    expect(first('00000002')).toBe('c503c11300000002');
    first('00000001');
    expect(next('00000003', '00')).toBe('c503c11300000003');
    expect(next('00000002', '00')).toBe('c503c11200000002');
    first('00000001');
    expect(next('00000002', '0199', '01')).toBe('c503c10c00000002');
    expect(bench.asked.length).toBe(1);
  });

  test('a SET that never ends is cut off', () => {
    const bench = associated();
    bench.ask('c102c1 00030100010800ff0200 00 00000001 00');
    const raw = `8201c2${'00'.repeat(450)}`;
    let reply = '';
    for (let n = 2; n < 200 && !reply.startsWith('c503'); n++) {
      reply = bench.ask(`c103c1 00 ${n.toString(16).padStart(8, '0')} ${raw}`);
    }
    expect(reply).toMatch(/^c503c111/);
  });

  test('lists of SET and ACTION, whole and in blocks', () => {
    const bench = associated();
    const one = '00030100010800ff0200';
    expect(bench.ask(`c104c1 02 ${one}${one} 02 1105 1106`)).toBe('c505c1020000');
    expect(bench.ask(`c105c1 02 ${one}${one} 00 00000001 03 021105`)).toBe('c502c100000001');
    expect(bench.ask('c103c1 01 00000002 02 1106')).toBe('c504c102000000000002');
    const method = '0046000060030aff01';
    expect(bench.ask(`c303c1 02 ${method}${method} 02 0f00 00`)).toBe('c703c10200000000');
    expect(bench.asked.slice(-2)).toMatchObject([{ parameter: { type: 'integer' } }, { type: 'action' }]);
    expect(bench.asked.at(-1)).not.toHaveProperty('parameter');
    expect(bench.ask(`c305c1 01 ${method} 00 00000001 01 01`)).toBe('c704c100000001');
    expect(bench.ask('c306c1 01 00000002 02 0f00')).toBe('c703c1010000');
  });

  test('an ACTION in blocks, and every way to leave its path', () => {
    const bench = associated();
    const method = '0046000060030aff01';
    expect(bench.ask(`c304c1 ${method} 00 00000001 01 0f`)).toBe('c704c100000001');
    expect(bench.ask('c306c1 01 00000002 01 00')).toBe('c701c10000');
    expect(bench.asked.at(-1)).toMatchObject({ type: 'action', parameter: { type: 'integer', value: 0 } });
    expect(bench.ask('c306c1 01 00000003 01 00')).toBe('c701c11000');
    bench.ask(`c304c1 ${method} 00 00000001 01 0f`);
    expect(bench.ask('c306c1 01 00000003 01 00')).toBe('c701c10f00');
    expect(bench.ask('c302c1 00000001')).toBe('c701c11000');
  });
});

describe('answers that come later', () => {
  const five = { result: 'success', data: fromHex('1105') } as const;

  test('a list is asked item by item', () => {
    const bench = associated({ later: true });
    const one = '00030100010800ff0200';
    expect(bench.ask(`c003c1 02 ${one}${one}`)).toBe('');
    expect(bench.command({ type: 'respond', response: five })).toEqual([]);
    expect(bench.asked.length).toBe(2);
    const [reply] = bench.command({ type: 'respond', response: { result: 'object-undefined' } });
    expect(toHex(reply?.apdu ?? new Uint8Array(0))).toBe('c403c1020011050104');
  });

  test('others wait, and each answer goes to the one who asked', () => {
    const bench = new Bench({ later: true });
    bench.send(aarq(), 1, 1);
    bench.send(aarq(), 16, 2);
    expect(bench.send(GET_REGISTER, 1, 1)).toEqual([]);
    expect(bench.send(GET_REGISTER, 16, 2)).toEqual([]);
    expect(bench.asked.length).toBe(1);
    const [first] = bench.command({ type: 'respond', response: five });
    expect([first?.from, first?.to]).toEqual([1, 1]);
    expect(bench.asked.length).toBe(2);
    const [second] = bench.command({ type: 'respond', response: five });
    expect([second?.from, second?.to]).toEqual([2, 16]);
    expect(bench.command({ type: 'respond', response: five })).toEqual([]);
  });

  test('an answer whose client is gone is not given to the next one', () => {
    const device: LogicalDevice = {
      address: 1,
      systemTitle: KEYS.serverTitle,
      associations: [{ clientAddress: 1, auth: 'none', policy: 'none' }],
      nextInvocationCounter: counterFrom(1),
      acceptInvocationCounter: () => true,
      handle: () => undefined,
    };
    const line = pair({ link: HDLC, devices: [device] });
    const get = { type: 'get', attribute: { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 } } as const;
    line.run({ type: 'open' });
    line.client.command(get, line.nowMs);
    line.deliver();
    expect(line.last({ type: 'release' })).toEqual({ type: 'released' });
    expect(line.last({ type: 'open' }).type).toBe('opened');
    line.client.command(get, line.nowMs);
    line.deliver();
    const seen = line.client.events.length;
    line.server.command({ type: 'respond', response: { result: 'hardware-fault' } }, line.nowMs);
    line.server.command({ type: 'respond', response: five }, line.nowMs);
    line.settle(60_000, () => line.client.events.length > seen);
    expect(line.client.events.slice(seen)).toEqual([
      { type: 'get-result', results: [{ ok: true, data: five.data }] },
    ]);
  });

  test('a push goes out as it is', () => {
    const bench = associated();
    const [push] = bench.command({ type: 'notify', apdu: fromHex('0f00000000001105') });
    expect([push?.to, toHex(push?.apdu ?? new Uint8Array(0))]).toEqual([1, '0f00000000001105']);
  });
});

test('no damaged request takes the server down', () => {
  const random = new SeededRandom(11);
  const requests = [
    toHex(aarq()),
    GET_REGISTER,
    GET_LONG,
    'c002c100000001',
    'c003c1 02 00030100010800ff0200 00030100010800ff0200',
    'c102c1 00030100010800ff0200 00 00000001 02 0903',
    'c103c1 01 00000002 01 01',
    'c304c1 0046000060030aff01 00 00000001 01 0f',
    '6203800100',
  ].map((hex) => fromHex(hex));
  const bench = new Bench();
  for (let i = 0; i < 5000; i++) {
    if (i % 20 === 0) bench.send(aarq());
    const request = (requests[Math.floor(random.next() * requests.length)] ?? new Uint8Array(1)).slice();
    for (let k = 0; k < 2; k++) {
      request[Math.floor(random.next() * request.length)] = Math.floor(random.next() * 256);
    }
    bench.send(random.next() < 0.2 ? request.slice(0, Math.ceil(random.next() * request.length)) : request);
  }
  bench.send(aarq());
  expect(bench.ask(GET_REGISTER)).toBe('c401c100120001');
});
