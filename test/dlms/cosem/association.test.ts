import { describe, expect, test } from 'bun:test';
import {
  AUTH_MECHANISMS,
  type AuthMechanism,
  type SecurityPolicy,
  type SecuritySuite,
} from '../../../src/base/model.ts';
import { aesHook } from '../../../src/cli/hls-hook.ts';
import { decodeAare, encodeAare } from '../../../src/dlms/apdu/aare.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { MessageSecurity, UNPROTECTED } from '../../../src/dlms/ciphering/message-security.ts';
import type { CipheringForm } from '../../../src/dlms/ciphering/types.ts';
import type { AssociationConfig, ClientEvent } from '../../../src/dlms/client.ts';
import { isHls } from '../../../src/dlms/cosem/hls.ts';
import type { AssociationPolicy, Caller, CosemResponse, LogicalDevice } from '../../../src/dlms/server.ts';
import { array, structure, u32 } from '../../../src/dlms/values.ts';
import { counterFrom, HDLC, KEYS, type Loopback, pair, WRAPPER } from './loopback.ts';
import { MATERIAL } from './security-material.ts';

const LONG = array(Array.from({ length: 300 }, (_, at) => structure(u32(at))));
const REGISTER = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
const PROFILE = { classId: 7, obis: '1.0.99.1.0.255', attribute: 2 };
const RELAY = { classId: 70, obis: '0.0.96.3.10.255', attribute: 1 };
const SECRET = new TextEncoder().encode('a secret of two!');

interface Bench extends LogicalDevice {
  readonly callers: Caller[];
  readonly accepted: number[];
  /** What the next answers ask for besides. */
  least?: CosemResponse['protection'];
}

/** Counts invocation counters for each client, as a device must. */
function bench(policy: Partial<AssociationPolicy>, more: Partial<LogicalDevice> = {}): Bench {
  const lowest = new Map<string, number>();
  const device: Bench = {
    address: 1,
    systemTitle: KEYS.serverTitle,
    associations: [{ clientAddress: 1, auth: 'none', policy: 'none', ...policy }],
    callers: [],
    accepted: [],
    nextInvocationCounter: counterFrom(100),
    acceptInvocationCounter: (client, counter, key) => {
      const name = `${client} ${key}`;
      if (counter < (lowest.get(name) ?? 0)) return false;
      lowest.set(name, counter + 1);
      device.accepted.push(counter);
      return true;
    },
    handle(request, caller) {
      device.callers.push(caller);
      const data =
        request.type === 'get' ? encodeData(request.attribute.classId === 7 ? LONG : u32(5)) : undefined;
      return {
        result: 'success',
        ...(data ? { data } : {}),
        ...(device.least ? { protection: device.least } : {}),
      };
    },
    ...more,
  };
  return device;
}

/** Reads, writes, acts, transfers a long value and releases. */
function works(line: Loopback): void {
  expect(line.last({ type: 'open' })).toMatchObject({ type: 'opened' });
  expect(line.last({ type: 'get', attribute: REGISTER })).toEqual({
    type: 'get-result',
    results: [{ ok: true, data: encodeData(u32(5)) }],
  });
  expect(line.last({ type: 'get', attribute: PROFILE })).toEqual({
    type: 'get-result',
    results: [{ ok: true, data: encodeData(LONG) }],
  });
  expect(line.last({ type: 'set', attribute: REGISTER, value: u32(7) })).toMatchObject({ result: 'success' });
  expect(line.last({ type: 'action', method: RELAY })).toMatchObject({ result: 'success' });
  expect(line.last({ type: 'release' })).toEqual({ type: 'released' });
}

/** Whether a byte sequence went over the line in a direction, in one piece. */
function wentBy(line: Loopback, tag: number): boolean {
  return line.wire.some(({ bytes }) => bytes[8] === tag);
}

const failure = (event: ClientEvent): string => ('error' in event ? event.error.code : event.type);

const PLAIN_FORMS = ['service-specific', 'general-glo', 'identified-key', 'wrapped-key'] as const;
const FORMS: Readonly<Record<SecuritySuite, readonly CipheringForm[]>> = {
  0: PLAIN_FORMS,
  1: [...PLAIN_FORMS, 'one-pass-diffie-hellman', 'static-unified-model'],
  2: [...PLAIN_FORMS, 'one-pass-diffie-hellman', 'static-unified-model'],
};
/** The APDU tag that a ciphered GET has in each form. */
const GET_TAG: Readonly<Record<CipheringForm, number>> = {
  'service-specific': 0xc8,
  'general-glo': 0xdb,
  'general-ded': 0xdc,
  'identified-key': 0xdd,
  'wrapped-key': 0xdd,
  'one-pass-diffie-hellman': 0xdd,
  'static-unified-model': 0xdd,
};
const CIPHERED = ['auth', 'enc', 'auth-enc'] as const satisfies readonly SecurityPolicy[];
const SUITES = [0, 1, 2] as const;

function secured(
  suite: SecuritySuite,
  policy: SecurityPolicy,
  client: Partial<AssociationConfig>,
  link = WRAPPER,
  server: Partial<AssociationPolicy> = {},
): { line: Loopback; device: Bench } {
  const material = MATERIAL[suite];
  const device = bench({ policy, suite, ...material.server, ...server });
  const line = pair({
    link,
    policy,
    devices: [device],
    client: { suite, ...material.client, ...client },
  });
  return { line, device };
}

for (const link of [WRAPPER, HDLC]) {
  describe.each(SUITES)(`${link.framing}, suite %i`, (suite) => {
    test.each(FORMS[suite].flatMap((form) => CIPHERED.map((policy) => [form, policy] as const)))(
      '%s, policy %s',
      (form, policy) => {
        const { line, device } = secured(suite, policy, { form, meterSystemTitle: KEYS.serverTitle }, link);
        works(line);
        expect(device.callers[0]).toMatchObject({
          systemTitle: KEYS.clientTitle,
          protection: { policy, signed: false },
        });
        if (link === WRAPPER) {
          expect(wentBy(line, GET_TAG[form])).toBe(true);
          expect(wentBy(line, 0xc0)).toBe(false);
        }
      },
    );

    test.each(['service-specific', 'general-ded'] as const)('a dedicated key, %s', (form) => {
      const { line, device } = secured(suite, 'auth-enc', { form, dedicated: true }, link);
      works(line);
      // The global key is used for the two InitiateRequests alone; over HDLC there is no release request.
      expect(device.accepted).toHaveLength(link === WRAPPER ? 2 : 1);
      if (link === WRAPPER) expect(wentBy(line, form === 'general-ded' ? 0xdc : 0xd0)).toBe(true);
    });

    if (suite === 0) return;
    test('signed requests and signed answers', () => {
      const { line, device } = secured(suite, 'auth-enc', { signed: true, signedResponses: true }, link, {
        signedRequests: true,
        signedResponses: true,
      });
      works(line);
      expect(device.callers[0]?.protection).toEqual({ policy: 'auth-enc', signed: true });
    });
  });

  describe.each(AUTH_MECHANISMS)(`${link.framing}, %s`, (auth) => {
    const policies: readonly SecurityPolicy[] = ['none', 'auth-enc'];
    test.each(policies)('policy %s: both sides are content', (policy) => {
      const { line, device } = authenticated(auth, policy, link);
      works(line);
      expect(line.server.events[0]).toMatchObject({ type: 'associated', caller: { auth } });
      expect(device.callers.every((caller) => caller.auth === auth)).toBe(true);
    });

    test('with another secret nothing is served, and it is told', () => {
      if (auth === 'none') return;
      const { line, device } = authenticated(auth, 'none', link, strangerTo(auth));
      const event = line.last({ type: 'open' });
      expect(failure(event)).toMatch(/^(association-refused|authentication-failed)$/);
      expect(device.callers).toEqual([]);
      expect(line.server.events).toContainEqual({
        type: 'security',
        code: 'authentication-failed',
        clientAddress: 1,
      });
    });
  });
}

function authenticated(
  auth: AuthMechanism,
  policy: SecurityPolicy,
  link = WRAPPER,
  client: Partial<AssociationConfig> = {},
): { line: Loopback; device: Bench } {
  const suite = auth === 'hls-ecdsa' ? 1 : 0;
  const material = MATERIAL[suite];
  const common = { suite, password: SECRET, hook: aesHook(SECRET) } as const;
  const device = bench({ auth, policy, ...common, ...material.server });
  const line = pair({
    link,
    auth,
    policy,
    devices: [device],
    client: { ...common, ...material.client, ...client },
  });
  return { line, device };
}

function strangerTo(auth: AuthMechanism): Partial<AssociationConfig> {
  const password = new TextEncoder().encode('another secret!!');
  switch (auth) {
    case 'hls-gmac':
      return { encryptionKey: new Uint8Array(16) };
    case 'hls-ecdsa': {
      const { signingKey } = MATERIAL[1].server;
      return signingKey ? { signingKey } : {};
    }
    default:
      return { password, hook: aesHook(password) };
  }
}

const HLS = AUTH_MECHANISMS.filter(isHls);

/** Replaces `from` by `to` (of the same length) where it occurs; undefined = nothing found. */
function replaced(bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const at = bytes.toHex().indexOf(from.toHex());
  if (at < 0) return bytes;
  const out = bytes.slice();
  out.set(to, at / 2);
  return out;
}

/** The bytes behind a pattern of hexadecimal digits. */
function behind(bytes: Uint8Array, pattern: string, length: number): Uint8Array | undefined {
  const at = bytes.toHex().indexOf(pattern);
  return at < 0 ? undefined : bytes.slice((at + pattern.length) / 2, (at + pattern.length) / 2 + length);
}

describe.each(HLS)('a server that cannot prove itself in %s', (auth) => {
  test('is left', () => {
    const { line } = authenticated(auth, 'none');
    line.tamper = (bytes, direction) => {
      if (direction === 'down' || bytes[8] !== 0xc7) return bytes;
      const out = bytes.slice();
      out[out.length - 1] = (out.at(-1) ?? 0) ^ 1;
      return out;
    };
    expect(failure(line.last({ type: 'open' }))).toBe('authentication-failed');
  });

  test('is left when it sends our own challenge back', () => {
    const { line, device } = authenticated(auth, 'none');
    const length = auth === 'hls-ecdsa' ? 32 : 16;
    const lengths = `${(length + 2).toString(16)}80${length.toString(16)}`;
    let own: Uint8Array | undefined;
    line.tamper = (bytes, direction) => {
      if (direction === 'down') {
        own ??= behind(bytes, `ac${lengths}`, length);
        return bytes;
      }
      const theirs = behind(bytes, `aa${lengths}`, length);
      return theirs && own ? replaced(bytes, theirs, own) : bytes;
    };
    expect(failure(line.last({ type: 'open' }))).toBe('authentication-failed');
    expect(own).toHaveLength(length);
    expect(device.callers).toEqual([]);
  });
});

describe('hostile clients', () => {
  const ciphered = (client: Partial<AssociationConfig> = {}, server: Partial<AssociationPolicy> = {}) =>
    secured(1, 'auth-enc', client, WRAPPER, server);

  /** The last chunk that the client sent. */
  const lastDown = (line: Loopback): Uint8Array =>
    line.wire.findLast(({ direction }) => direction === 'down')?.bytes ?? new Uint8Array(0);
  const lastUp = (line: Loopback): string =>
    line.wire
      .findLast(({ direction }) => direction === 'up')
      ?.bytes.subarray(8)
      .toHex() ?? '';
  const put = (line: Loopback, bytes: Uint8Array): string => {
    line.server.bytes(bytes, line.nowMs);
    const answer = line.server.sent.splice(0).at(-1);
    return answer?.subarray(8).toHex() ?? '';
  };

  test.each(['service-specific', 'identified-key', 'wrapped-key', 'static-unified-model'] as const)(
    'a request in %s that is sent again is a replay',
    (form) => {
      const { line, device } = ciphered({ form, meterSystemTitle: KEYS.serverTitle });
      line.last({ type: 'open' });
      line.last({ type: 'get', attribute: REGISTER });
      const served = device.callers.length;
      expect(put(line, lastDown(line))).toBe('d80105');
      expect(device.callers).toHaveLength(served);
      expect(line.server.events.at(-1)).toEqual({
        type: 'security',
        code: 'replay-detected',
        clientAddress: 1,
      });
    },
  );

  test('under a dedicated key as well', () => {
    const { line, device } = ciphered({ dedicated: true });
    line.last({ type: 'open' });
    line.last({ type: 'get', attribute: REGISTER });
    expect(put(line, lastDown(line))).toBe('d80105');
    expect(device.callers).toHaveLength(1);
  });

  test('an AARQ that is sent again opens nothing, and costs nobody a counter', () => {
    const { line, device } = ciphered();
    line.last({ type: 'open' });
    const aarq = line.wire[0]?.bytes ?? new Uint8Array(0);
    line.last({ type: 'release' });
    const before = [...device.accepted];
    const answer = put(line, aarq);
    expect(answer.startsWith('61')).toBe(true);
    expect(answer).toContain('a203020101');
    expect(device.accepted).toEqual(before);
    expect(line.last({ type: 'open' })).toMatchObject({ type: 'opened' });
  });

  test('bytes that nobody has encrypted raise no counter where encryption alone is asked for', () => {
    const { line, device } = secured(0, 'enc', {});
    line.tamper = (bytes, direction) => {
      if (direction === 'up') return bytes;
      const at = bytes.toHex().indexOf('21') / 2;
      const out = bytes.slice();
      // Counter at its most, content damaged.
      if (Number.isInteger(at) && out[8] === 0x60) {
        out.fill(0xff, at + 3, at + 7);
        out[at + 8] = (out[at + 8] ?? 0) ^ 0xff;
      }
      return out;
    };
    expect(failure(line.last({ type: 'open' }))).toBe('association-refused');
    expect(device.accepted).toEqual([]);
  });

  test('a plain request is refused in a ciphered association', () => {
    const { line, device } = ciphered();
    line.last({ type: 'open' });
    const plain = Uint8Array.fromHex(`0001000100010 00d c001c1 0003 0100010800ff 02 00`.replaceAll(' ', ''));
    expect(put(line, plain)).toBe('d80102');
    expect(device.callers).toEqual([]);
  });

  test('less protection than the policy, or no signature where one is due', () => {
    const weak = ciphered({ policy: 'auth' });
    expect(failure(weak.line.last({ type: 'open' }))).toBe('association-refused');
    const unsigned = ciphered({}, { signedRequests: true });
    unsigned.line.last({ type: 'open' });
    expect(failure(unsigned.line.last({ type: 'get', attribute: REGISTER }))).toBe('exception-response');
    expect(unsigned.device.callers).toEqual([]);
  });

  test("a client that calls itself what the server is called, or comes with another's APDU", () => {
    const mirror = secured(0, 'auth-enc', { systemTitle: KEYS.serverTitle });
    expect(failure(mirror.line.last({ type: 'open' }))).toBe('association-refused');
    expect(mirror.line.server.events).toContainEqual({
      type: 'refused',
      clientAddress: 1,
      diagnostic: 'calling-AP-title-not-recognized',
    });
    const other = secured(0, 'auth-enc', { form: 'general-glo' });
    other.line.last({ type: 'open' });
    other.line.tamper = (bytes, direction) =>
      direction === 'down' && bytes[8] === 0xdb
        ? replaced(bytes, KEYS.clientTitle, Uint8Array.fromHex('4D4D4D0000000009'))
        : bytes;
    expect(failure(other.line.last({ type: 'get', attribute: REGISTER }))).toBe('exception-response');
    expect(lastUp(other.line)).toBe('d80105');
    expect(other.device.callers).toEqual([]);
  });

  test('general forms are refused where they were not granted, by both sides', () => {
    const proposedConformance = ['get', 'set', 'action'] as const;
    const { line, device } = ciphered({ form: 'general-glo', proposedConformance });
    line.last({ type: 'open' });
    expect(failure(line.last({ type: 'get', attribute: REGISTER }))).toBe('not-granted');
    expect(device.callers).toEqual([]);
  });

  test('a PDU without room for general forms is room enough for the others', () => {
    const small = (form: CipheringForm, server: Partial<AssociationPolicy> = {}) => {
      const policy = { policy: 'auth-enc', suite: 1, ...MATERIAL[1].server, ...server } as const;
      const client = { suite: 1, ...MATERIAL[1].client, form, meterSystemTitle: KEYS.serverTitle } as const;
      return pair({ policy: 'auth-enc', devices: [bench(policy)], clientPdu: 128, client });
    };
    const line = small('service-specific');
    works(line);
    for (const { bytes, direction } of line.wire) {
      if (direction === 'up') expect(bytes.length - 8).toBeLessThanOrEqual(128);
    }
    const general = small('one-pass-diffie-hellman');
    expect(general.last({ type: 'open' }).type).toBe('opened');
    expect(failure(general.last({ type: 'get', attribute: REGISTER }))).toBe('not-granted');
    // Where requests must be signed, nothing could be asked.
    const signed = small('service-specific', { signedRequests: true });
    expect(failure(signed.last({ type: 'open' }))).toBe('association-refused');
  });

  test('under the broadcast key only what nobody answers is taken', () => {
    const { line, device } = ciphered();
    line.last({ type: 'open' });
    const anyone = new MessageSecurity({
      ...MATERIAL[1].client,
      suite: 1,
      systemTitle: KEYS.clientTitle,
      nextInvocationCounter: counterFrom(1000),
      randomBytes: (length) => new Uint8Array(length),
    });
    const protection = { ...UNPROTECTED, policy: 'auth-enc', key: 'broadcast' } as const;
    const say = (hex: string): string => {
      const apdu = anyone.protect(Uint8Array.fromHex(hex.replaceAll(' ', '')), protection);
      return put(line, Uint8Array.of(0, 1, 0, 1, 0, 1, 0, apdu.length, ...apdu));
    };
    expect(say('c001c1 0003 0100010800ff 02 00')).toBe('d80102');
    expect(say('c101c1 0003 0100010800ff 02 00 0600000007')).toBe('d80102');
    expect(device.callers).toHaveLength(0);
    expect(say('c10181 0003 0100010800ff 02 00 0600000007')).toBe('');
    expect(device.callers).toHaveLength(1);
    // What anybody who has this key counts shuts nobody out who has the other one.
    expect(line.last({ type: 'get', attribute: REGISTER })).toMatchObject({ type: 'get-result' });
    expect(device.callers).toHaveLength(2);
  });

  test('a policy for requests and another for answers', () => {
    const { line, device } = secured(1, 'auth', {}, WRAPPER, { responsePolicy: 'auth-enc' });
    line.last({ type: 'open' });
    line.last({ type: 'get', attribute: REGISTER });
    expect(lastUp(line).slice(0, 6)).toMatch(/^cc..31/);
    expect(device.callers[0]?.protection?.policy).toBe('auth');
  });

  test('an attribute that asks for more raises its answer alone', () => {
    const { line, device } = secured(1, 'auth', {});
    line.last({ type: 'open' });
    device.least = { policy: 'enc', signed: false };
    line.last({ type: 'get', attribute: REGISTER });
    expect(lastUp(line).slice(0, 6)).toMatch(/^cc..31/);
    delete device.least;
    line.last({ type: 'get', attribute: REGISTER });
    expect(lastUp(line).slice(0, 6)).toMatch(/^cc..11/);
  });
});

describe('hostile servers', () => {
  test('an answer of before is a replay, and the association ends', () => {
    const { line } = secured(1, 'auth-enc', {});
    line.last({ type: 'open' });
    line.last({ type: 'get', attribute: REGISTER });
    const old = line.wire.findLast(({ direction }) => direction === 'up')?.bytes;
    line.tamper = (bytes, direction) => (direction === 'up' ? old : bytes);
    expect(failure(line.last({ type: 'get', attribute: REGISTER }))).toBe('replay-detected');
  });

  test('an answer to another request under a key of its own is a replay', () => {
    const { line } = secured(1, 'auth-enc', { form: 'wrapped-key', meterSystemTitle: KEYS.serverTitle });
    line.last({ type: 'open' });
    line.last({ type: 'get', attribute: REGISTER });
    const old = line.wire.findLast(({ direction }) => direction === 'up')?.bytes;
    line.tamper = (bytes, direction) => (direction === 'up' ? old : bytes);
    expect(failure(line.last({ type: 'get', attribute: REGISTER }))).toBe('replay-detected');
  });

  test.each(['general-glo', 'wrapped-key'] as const)('what is pushed in %s is taken once', (form) => {
    const { line } = secured(1, 'auth-enc', {});
    line.last({ type: 'open' });
    const meter = new MessageSecurity({
      ...MATERIAL[1].server,
      suite: 1,
      systemTitle: KEYS.serverTitle,
      nextInvocationCounter: counterFrom(5000),
      randomBytes: (length) => new Uint8Array(length),
    });
    const plain = Uint8Array.fromHex('0f000000010012002a');
    const apdu = meter.protect(plain, { ...UNPROTECTED, policy: 'auth-enc', form }, KEYS.clientTitle);
    const push = (): ClientEvent | undefined => {
      line.server.command({ type: 'notify', apdu }, line.nowMs);
      line.deliver();
      return line.client.events.at(-1);
    };
    expect(push()).toEqual({ type: 'notification', apdu: plain });
    expect(push()).toMatchObject({ type: 'failed', error: { code: 'replay-detected' } });
  });

  test('an unsigned answer where a signature is due', () => {
    const { line, device } = secured(1, 'auth-enc', { signedResponses: true });
    line.last({ type: 'open' });
    expect(failure(line.last({ type: 'get', attribute: REGISTER }))).toBe('security-required');
    expect(device.callers).toHaveLength(1);
  });

  test('a counter that jumps ahead is taken; what came in no tag is not kept for later', () => {
    const { line, device } = secured(0, 'auth-enc', {});
    line.last({ type: 'open' });
    for (let skip = 0; skip < 1000; skip++) device.nextInvocationCounter();
    expect(line.last({ type: 'get', attribute: REGISTER })).toMatchObject({ type: 'get-result' });
    expect(line.clientMachine.lowestMeterCounter).toBeGreaterThan(1000);
    const unproven = secured(0, 'enc', {});
    works(unproven.line);
    expect(unproven.line.clientMachine.lowestMeterCounter).toBe(0);
  });
});

describe('the AARQ', () => {
  const request = (fields: string): Uint8Array => {
    const body = Uint8Array.fromHex(fields.replaceAll(/\s/g, ''));
    return Uint8Array.of(0, 1, 0, 1, 0, 1, 0, body.length + 2, 0x60, body.length, ...body);
  };
  const LN = 'a109 0607 60857405080101';
  const INITIATE = 'be10 040e 01000000 065f1f0400001e1d ffff';
  const ask = (device: LogicalDevice, ...aarqs: readonly string[]): string[] => {
    const line = pair({ devices: [device] });
    return aarqs.map((fields) => {
      line.server.bytes(request(fields), 0);
      return line.server.sent.splice(0).at(-1)?.subarray(8).toHex() ?? '';
    });
  };
  const ACCEPTED = 'a203020100a305a103020100';
  const refusedFor = (diagnostic: number, choice = 'a1'): string =>
    `a203020101a305${choice}030201${diagnostic.toString(16).padStart(2, '0')}`;

  test.each([
    ['as it should be', `${LN} ${INITIATE}`, ACCEPTED],
    ['with a protocol version', `80020780 ${LN} ${INITIATE}`, ACCEPTED],
    ['with a version that nobody speaks', `80020640 ${LN} ${INITIATE}`, refusedFor(2, 'a2')],
    ['with fields that say nothing to us', `${LN} a203020105 a803020107 bd0304010a ${INITIATE}`, ACCEPTED],
    ['with implementation information', `${LN} 9d03414243 ${INITIATE}`, ACCEPTED],
    ['with its context twice', `${LN} ${LN} ${INITIATE}`, refusedFor(1)],
    ['with another context', `a109 0607 60857405080105 ${INITIATE}`, refusedFor(2)],
    ['with short names', `a109 0607 60857405080102 ${INITIATE}`, refusedFor(2)],
    ['with ciphering', `a109 0607 60857405080103 ${INITIATE}`, refusedFor(2)],
    ['without a context', INITIATE, refusedFor(1)],
    [
      'with a mechanism that is not due',
      `${LN} 8a020780 8b0760857405080201 ac0a80083132333435363738 ${INITIATE}`,
      refusedFor(11),
    ],
    [
      'with a mechanism that does not count',
      `${LN} 8a020700 8b0760857405080201 ac0a80083132333435363738 ${INITIATE}`,
      ACCEPTED,
    ],
    [
      'with a dedicated key in the clear',
      `${LN} be20 041e 0110${'11'.repeat(16)} 0000 065f1f0400001e1d ffff`,
      refusedFor(1),
    ],
  ])('%s', (_, fields, answer) => {
    expect(ask(bench({}), fields)[0]).toContain(answer);
  });

  test('twice in a row begins anew', () => {
    const answers = ask(bench({}), `${LN} ${INITIATE}`, `${LN} ${INITIATE}`);
    expect(answers[0]).toContain(ACCEPTED);
    expect(answers[1]).toBe(answers[0] ?? '');
  });

  test('of a user: who is not in the list does not come in', () => {
    const users = [{ id: 3, name: 'reader' }];
    const [three, five, none] = ask(
      bench({ users }),
      `${LN} a903020103 ${INITIATE}`,
      `${LN} a903020105 ${INITIATE}`,
      `${LN} ${INITIATE}`,
    );
    expect(three).toContain(ACCEPTED);
    expect(five).toContain(refusedFor(6));
    expect(none).toContain(refusedFor(6));
    const device = bench({ users });
    const line = pair({ devices: [device], client: { userId: 3 } });
    works(line);
    expect(device.callers[0]?.userId).toBe(3);
  });

  test.each([0, 127, 128, 200, 255])('of user %i', (userId) => {
    const device = bench({ users: [{ id: userId, name: 'somebody' }] });
    works(pair({ devices: [device], client: { userId } }));
    expect(device.callers[0]?.userId).toBe(userId);
  });

  test('of a user whose number is no identifier is not sent', () => {
    const line = pair({ devices: [bench({})], client: { userId: 40_000 } });
    expect(failure(line.last({ type: 'open' }))).toBe('invalid-argument');
  });

  test('a refusal of the service provider is told by its name', () => {
    const aare = encodeAare({
      context: 'ln',
      result: 'rejected-transient',
      diagnostic: 'provider: no-common-acse-version',
      respondingAeQualifier: Uint8Array.of(1, 2, 3),
    });
    expect(decodeAare(aare)).toEqual({
      context: 'ln',
      result: 'rejected-transient',
      diagnostic: 'provider: no-common-acse-version',
      respondingAeQualifier: Uint8Array.of(1, 2, 3),
    });
    expect(aare.toHex()).toContain('a305a203020102');
  });

  test('a dedicated key of another length than the suite has', () => {
    const { line, device } = secured(2, 'auth-enc', {});
    const short = secured(1, 'auth-enc', {
      ...MATERIAL[2].client,
      suite: 2,
      dedicated: true,
    });
    expect(failure(short.line.last({ type: 'open' }))).toBe('association-refused');
    works(line);
    expect(device.callers.length).toBeGreaterThan(0);
  });
});

describe('what a configuration lacks is named', () => {
  const base: AssociationConfig = { auth: 'none', policy: 'none', maxPduSize: 1024 };
  const full = {
    ...MATERIAL[1].client,
    suite: 1,
    systemTitle: KEYS.clientTitle,
    nextInvocationCounter: counterFrom(1),
  } as const;
  const without = (field: keyof typeof full, more: Partial<AssociationConfig>): AssociationConfig => {
    const { [field]: _, ...rest } = full;
    return { ...base, ...rest, ...more };
  };
  const cases: readonly (readonly [string, AssociationConfig])[] = [
    ['password', { ...base, auth: 'lls' }],
    ['password', { ...base, auth: 'hls-md5' }],
    ['password', { ...base, auth: 'hls-sha1' }],
    ['hook', { ...base, auth: 'hls' }],
    ['password', { ...base, auth: 'hls-sha256', systemTitle: KEYS.clientTitle }],
    ['systemTitle', { ...base, auth: 'hls-sha256', password: SECRET }],
    ['systemTitle', without('systemTitle', { auth: 'hls-gmac' })],
    ['systemTitle', without('systemTitle', { auth: 'hls-ecdsa' })],
    ['suite', { ...base, auth: 'hls-ecdsa', systemTitle: KEYS.clientTitle }],
    ['signingKey', without('signingKey', { auth: 'hls-ecdsa' })],
    ['peerSigningKey', without('peerSigningKey', { auth: 'hls-ecdsa' })],
    ['encryptionKey', without('encryptionKey', { auth: 'hls-gmac' })],
    ['encryptionKey', without('encryptionKey', { policy: 'enc' })],
    ['authenticationKey', without('authenticationKey', { policy: 'auth' })],
    ['nextInvocationCounter', without('nextInvocationCounter', { policy: 'auth' })],
    ['masterKey', without('masterKey', { policy: 'auth', form: 'wrapped-key' })],
    ['agreementKey', without('agreementKey', { policy: 'auth', form: 'static-unified-model' })],
    ['peerAgreementKey', without('peerAgreementKey', { policy: 'auth', form: 'one-pass-diffie-hellman' })],
    ['meterSystemTitle', without('encryptionKey', { policy: 'auth', form: 'wrapped-key' })],
    ['dedicated', { ...base, ...full, policy: 'auth', form: 'general-ded' }],
    ['policy', { ...base, ...full, dedicated: true }],
    ['policy', { ...base, ...full, signed: true }],
    ['policy', { ...base, ...full, form: 'general-glo' }],
    ['signingKey', without('signingKey', { policy: 'auth', signed: true })],
    ['peerSigningKey', without('peerSigningKey', { policy: 'auth', signedResponses: true })],
    ['encryptionKey', { ...base, ...full, suite: 2, policy: 'auth' }],
  ];
  test.each(cases)('%s (%#)', (field, association) => {
    expect(() => pair({ devices: [bench({})], client: onlyOf(association) })).toThrow(
      expect.objectContaining({ field }),
    );
  });
});

/** A whole configuration: what the test bench would fill in is left out. */
function onlyOf(association: AssociationConfig): Partial<AssociationConfig> {
  const nothing = {
    password: undefined,
    systemTitle: undefined,
    encryptionKey: undefined,
    authenticationKey: undefined,
    nextInvocationCounter: undefined,
  };
  return { ...nothing, ...association } as Partial<AssociationConfig>;
}

test('each association has a challenge of its own', () => {
  const { line } = authenticated('hls-md5', 'none');
  const challenges = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const from = line.wire.length;
    line.last({ type: 'open' });
    const aarq = line.wire[from]?.bytes ?? new Uint8Array(0);
    challenges.add(behind(aarq, 'ac128010', 16)?.toHex() ?? '');
    line.last({ type: 'release' });
  }
  expect(challenges.size).toBe(3);
});
