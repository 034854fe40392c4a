import { afterEach, describe, expect, test } from 'bun:test';
import { concat } from '../../src/base/bytes.ts';
import { listenCommand } from '../../src/cli/listen.ts';
import { scaledText } from '../../src/cli/listen-notification.ts';
import { runCli } from '../../src/cli/program.ts';
import { encodeInformationReport } from '../../src/dlms/apdu/information-report.ts';
import { encodeDataNotification, encodeEventNotification } from '../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import { MessageSecurity } from '../../src/dlms/ciphering/message-security.ts';
import { pushBlocks } from '../../src/dlms/cosem/push-body.ts';
import { framePushed } from '../../src/dlms/link/push-route.ts';
import { enumeration, i8, logicalName, structure, u16 } from '../../src/dlms/values.ts';
import { Listening, sendTcp, sendUdp } from './listening.ts';

const KEYS = {
  encryptionKey: Uint8Array.from({ length: 16 }, (_, i) => 0x10 + i),
  authenticationKey: Uint8Array.from({ length: 16 }, (_, i) => 0xd0 + i),
};
const OPTIONS = [
  '--encryption-key',
  KEYS.encryptionKey.toHex(),
  '--authentication-key',
  KEYS.authenticationKey.toHex(),
];
const TITLE = Uint8Array.fromHex('4f44430000000001');
const BODY = encodeData(
  structure(structure(logicalName('1.0.32.7.0.255'), u16(2315), structure(i8(-1), enumeration(35)))),
);
const APDU = encodeDataNotification({ longInvoke: 1, body: BODY });

function sealed(counter: number, keys = KEYS, title = TITLE): Uint8Array {
  const security = new MessageSecurity({
    ...keys,
    suite: 0,
    systemTitle: title,
    nextInvocationCounter: () => counter,
    randomBytes: (length) => new Uint8Array(length),
  });
  try {
    return security.protect(APDU, { policy: 'auth-enc', form: 'general-glo', signed: false, key: 'unicast' });
  } finally {
    security.release();
  }
}
const wrapped = (apdu: Uint8Array): Uint8Array =>
  concat(framePushed(apdu, { framing: 'wrapper', source: 1, destination: 102 }, { from: 'server' }));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(...args: string[]): Promise<{ listener: Listening; port: number }> {
  const listener = new Listening(...args);
  closing.push(() => listener.stop());
  return { listener, port: await listener.port() };
}
async function send(port: number, ...runs: Uint8Array[]): Promise<void> {
  const peer = await sendTcp(port, ...runs);
  closing.push(() => peer.close());
}
/** Whether a document is there, and what its error is. */
const outcomes = (listener: Listening): unknown[] =>
  listener.documents().map(({ ok, error }) => (ok === true ? 'ok' : (error as { code: string }).code));

test('the first document says where it listens; a replay and a lowered counter are refused and told', async () => {
  const { listener, port } = await listening('--json', ...OPTIONS);
  expect(JSON.parse(listener.out[0] ?? '')).toEqual({
    listening: { host: '127.0.0.1', port, transport: 'both' },
  });
  await send(port, wrapped(sealed(7)));
  await listener.until(() => outcomes(listener).length === 1);
  await send(port, wrapped(sealed(7)));
  await listener.until(() => outcomes(listener).length === 2);
  expect(listener.documents()[1]).toMatchObject({
    error: { code: 'replay-detected', message: expect.stringContaining('was used') },
  });
  await send(port, wrapped(sealed(3)), wrapped(sealed(9)));
  await listener.until(() => outcomes(listener).filter((one) => one === 'ok').length === 2);
  // Told once a minute for a host and cause.
  expect(outcomes(listener)).toEqual(['ok', 'replay-detected', 'ok']);
  // Another meter counts for itself.
  await send(port, wrapped(sealed(1, KEYS, Uint8Array.fromHex('4f44430000000002'))));
  await listener.until(() => outcomes(listener).length === 4);
  expect(outcomes(listener).at(-1)).toBe('ok');
  expect(await listener.stop()).toBe(0);
  expect(listener.err.at(-1)).toContain('3 notifications shown, 2 not');
});

test('a lowered counter is told as such', async () => {
  const { listener, port } = await listening('--json', ...OPTIONS);
  await send(port, wrapped(sealed(7)), wrapped(sealed(3)));
  await listener.until(() => outcomes(listener).length === 2);
  expect(listener.documents()[1]).toMatchObject({
    ok: false,
    error: { code: 'replay-detected', message: expect.stringContaining('lies below') },
  });
});

test('another key, no key, a broken frame: told once a minute, without key or plaintext', async () => {
  const other = { ...KEYS, encryptionKey: new Uint8Array(16).fill(0x77) };
  const { listener, port } = await listening('--json', '--trace', ...OPTIONS);
  const bad = wrapped(sealed(1, other));
  for (let i = 0; i < 5; i++) await send(port, bad);
  await send(port, Uint8Array.of(0x7e, 0xa0, 0x09, 0x03, 0x03, 0x13, 0, 0, 0, 0, 0x7e));
  await send(port, wrapped(sealed(2)));
  await listener.until(() => outcomes(listener).includes('ok'));
  expect(outcomes(listener).filter((one) => one === 'decryption-failed')).toHaveLength(1);
  const told = [...listener.out, ...listener.err.filter((line) => !/ [<>] /.test(line))].join('\n');
  for (const secret of [KEYS.encryptionKey, KEYS.authenticationKey, other.encryptionKey, BODY]) {
    expect(told.toLowerCase()).not.toContain(secret.toHex());
  }
  expect(listener.err.some((line) => line.includes(` < `) && line.includes(bad.toHex()))).toBe(true);

  const blind = await listening('--json');
  await send(blind.port, wrapped(sealed(2)));
  await blind.listener.until(() => outcomes(blind.listener).length === 1);
  expect(outcomes(blind.listener)).toEqual(['security-required']);
});

describe('the end', () => {
  test('after --count notifications: 0', async () => {
    const { listener, port } = await listening('--json', '--count', '2', '--timeout', '5');
    await send(port, wrapped(APDU), wrapped(APDU), wrapped(APDU));
    expect(await listener.status).toBe(0);
    expect(listener.documents()).toHaveLength(2);
  });

  test('after --timeout with none, or less than --count: 1', async () => {
    const { listener } = await listening('--json', '--timeout', '1');
    expect(await listener.status).toBe(1);
    expect(listener.documents()).toMatchObject([{ ok: false, error: { code: 'link-timeout' } }]);
  });

  test('after --timeout with some: 0', async () => {
    const { listener, port } = await listening('--timeout', '1');
    await send(port, wrapped(APDU));
    expect(await listener.status).toBe(0);
    expect(listener.out.join('\n')).toContain('1.0.32.7.0.255     Voltage L1, instantaneous  231.5 V');
  });

  test('when told to stop: 0, and the port is free again', async () => {
    const { listener, port } = await listening();
    expect(await listener.stop()).toBe(0);
    const again = new Listening('--port', String(port));
    closing.push(() => again.stop());
    expect(await again.port()).toBe(port);
  });

  test('at once when the port is taken or an option is wrong', async () => {
    const { port } = await listening();
    const taken = new Listening('--json', '--port', String(port));
    expect(await taken.status).toBe(1);
    expect(taken.out.join('')).toContain('channel-open-failed');
    const io = { out: () => {}, err: () => {}, signal: new AbortController().signal };
    for (const args of [
      ['listen'],
      ['listen', '--port', '0', '--transport', 'x'],
      ['listen', '--port', '0', '--encryption-key', '00'],
    ]) {
      expect(await runCli(args, io, [listenCommand])).toBe(2);
    }
  });
});

test('events and information reports are shown too, in blocks as well', async () => {
  const { listener, port } = await listening('--json');
  const attribute = { classId: 1, obis: '0.0.96.11.1.255', attribute: 2 };
  await send(port, wrapped(encodeEventNotification({ attribute, value: encodeData(u16(46)) })));
  await send(port, wrapped(encodeInformationReport({ names: [0x1234], values: [encodeData(u16(5))] })));
  const udp = await sendUdp(port, ...pushBlocks(APDU, 24).map(wrapped));
  closing.push(() => udp.close());
  await listener.until(() => listener.documents().length === 3);
  const byType = Object.fromEntries(listener.documents().map((document) => [document['type'], document]));
  expect(byType['event-notification-request']).toMatchObject({
    readings: [{ obis: '0.0.96.11.1.255', value: '46' }],
  });
  expect(byType['information-report-request']).toMatchObject({
    apdu: { names: [0x1234], values: [{ value: '5' }] },
  });
  expect(byType['data-notification']).toMatchObject({ blocks: true, transport: 'udp' });
});

test('a host that sends without end is heard no more often than it may be', async () => {
  const { listener, port } = await listening('--json');
  await send(port, concat(Array.from({ length: 2000 }, () => wrapped(APDU))));
  await listener.until(() => outcomes(listener).includes('overflow'));
  await Bun.sleep(50);
  expect(outcomes(listener).filter((one) => one === 'ok').length).toBeLessThan(300);
  expect(await listener.stop()).toBe(0);
});

test('a number times a power of ten is written exactly', () => {
  const cases: [string, number, string][] = [
    ['2315', -1, '231.5'],
    ['-5', -2, '-0.05'],
    ['0', 3, '0'],
    ['12', 3, '12000'],
    ['18446744073709551615', -3, '18446744073709551.615'],
    ['00ff', 0, '00ff'],
    ['abc', -1, 'abc'],
  ];
  for (const [value, scaler, text] of cases) expect(scaledText(value, scaler)).toBe(text);
});
