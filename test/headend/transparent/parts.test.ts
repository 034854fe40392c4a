import { expect, test } from 'bun:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { HostRanges, portRange } from '../../../src/base/host-ranges.ts';
import type { Meter } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { portOf } from '../../../src/concentrator/meter-ports.ts';
import { encodeGateway } from '../../../src/dlms/apdu/gateway.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { GatewaySplitter, type SplitPart } from '../../../src/headend/transparent/gateway-splitter.ts';
import { HOLD_MS, LineShares, OTHERS_MS } from '../../../src/headend/transparent/line-shares.ts';
import { MeterNames } from '../../../src/headend/transparent/meter-names.ts';
import { endsOf } from '../../../src/headend/transparent/meter-request.ts';
import { exceptionOf } from '../../../src/headend/transparent/refusals.ts';
import { answerDue } from '../../../src/meters/apdu-pipe.ts';
import { newMeter } from '../../concentrator/house.ts';

const GET = Uint8Array.fromHex('c001c100080000010000ff0200');
const gateway = { networkId: 3, address: Uint8Array.fromHex('313233') };
const behind = encodeWrapperFrame(16, 1, encodeGateway('request', gateway, GET));
const own = encodeWrapperFrame(1, 1, GET);

/** Passed bytes in one piece, the rest as it is. */
function split(chunks: readonly Uint8Array[]): { readonly passed: string; readonly rest: unknown[] } {
  const splitter = new GatewaySplitter();
  const parts: SplitPart[] = chunks.flatMap((chunk) => splitter.push(chunk));
  const passed = parts.map((part) => ('passed' in part ? part.passed.toHex() : '')).join('');
  const rest = parts.flatMap((part) => {
    if ('passed' in part) return [];
    if ('bad' in part) return [part.bad.code];
    const { networkId, address } = part.gateway.gateway;
    return [[part.ports.client, part.ports.server, networkId, address.toHex(), part.gateway.apdu.toHex()]];
  });
  return { passed, rest };
}

const concat = (...pieces: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(pieces.flatMap((one) => [...one]));

test('frames for meters are taken out, whatever the chunks; everything else goes through byte for byte', () => {
  const empty = encodeWrapperFrame(1, 1, new Uint8Array(0));
  const llc = encodeWrapperFrame(1, 1, Uint8Array.fromHex('e6e600c001'));
  const stream = concat(own, behind, empty, llc, behind, behind, own);
  const expected = {
    passed: concat(own, empty, llc, own).toHex(),
    rest: Array.from({ length: 3 }, () => [16, 1, 3, '313233', GET.toHex()]),
  };
  expect(split([stream])).toEqual(expected);
  expect(split([...stream].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  const random = new SeededRandom(5);
  for (let run = 0; run < 200; run++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; ) {
      const length = 1 + ((random.bytes(1)[0] ?? 0) % 24);
      chunks.push(stream.slice(at, at + length));
      at += length;
    }
    expect(split(chunks)).toEqual(expected);
  }
});

test('an own frame goes through as it comes in, a frame for a meter when it is whole', () => {
  const splitter = new GatewaySplitter();
  expect(splitter.push(own.slice(0, 11))).toEqual([{ passed: own.slice(0, 11) }]);
  expect(splitter.push(own.slice(11))).toEqual([{ passed: own.slice(11) }]);
  expect(splitter.push(behind.slice(0, -1))).toEqual([]);
  expect(splitter.push(behind.slice(-1))).toHaveLength(1);
});

test('what cannot be a header is for the server at once, and nothing behind it is looked into', () => {
  const garbage = Uint8Array.fromHex('474554');
  expect(split([concat(garbage, behind)])).toEqual({ passed: concat(garbage, behind).toHex(), rest: [] });
  expect(split([Uint8Array.of(0), Uint8Array.of(2), behind])).toEqual({
    passed: concat(Uint8Array.of(0, 2), behind).toHex(),
    rest: [],
  });
});

test('prefixes that are cut, have no address or nothing behind them are bad, and only their frame is lost', () => {
  for (const bad of ['e6', 'e603', 'e60300c001', 'e603ff3132', 'e60303313233']) {
    const frame = encodeWrapperFrame(16, 1, Uint8Array.fromHex(bad));
    const { passed, rest } = split([concat(frame, own)]);
    expect(passed).toBe(own.toHex());
    expect(rest).toHaveLength(1);
    expect(['apdu-invalid', 'truncated']).toContain(String(rest[0]));
  }
});

const meterOf = (id: number, meterNo: string, rest: Partial<Meter> = {}): Meter => ({
  ...newMeter(meterNo, {}),
  id,
  hasPassword: false,
  hasKeys: false,
  createdAt: 0,
  ...rest,
});

test('a meter goes by its number before its logical device, and by its unit or MAC; of two, the one in use', () => {
  const address = { framing: 'hdlc', clientAddress: 1, serverAddress: 1, addressBytes: 1 } as const;
  const meters = [
    meterOf(1, '12345678'),
    meterOf(2, '000000000042', { address: { ...address, node: '112233445566' } }),
    meterOf(3, 'KAM-7', { mac: 0x0a_0b_0c_0d_0e_0f }),
    meterOf(4, '12'),
    meterOf(5, '112233445566', { enabled: false }),
  ];
  const names = new MeterNames(new Map(meters.map((meter) => [meter.id, meter])));
  const find = (hex: string): number | undefined => names.find(Uint8Array.fromHex(hex))?.id;
  const text = (number: string): string => new TextEncoder().encode(number).toHex();
  expect(find(text('12345678'))).toBe(1);
  expect(find(text('KAM-7'))).toBe(3);
  expect(find('0011')).toBe(2);
  expect(find(text('12'))).toBe(4);
  expect(find('112233445566')).toBe(2);
  expect(find('000012345678')).toBe(1);
  expect(find('0a0b0c0d0e0f')).toBe(3);
  for (const nobody of ['00', '0001', 'ffff', '999999999999', text('1234567'), text('x'.repeat(255))])
    expect(find(nobody)).toBeUndefined();
});

test('logical device 1 is the one of the archive in HDLC; wPorts are kept in wrapper', () => {
  const hdlc = { framing: 'hdlc', clientAddress: 1, serverAddress: 16, addressBytes: 2 } as const;
  const wrapper = { framing: 'wrapper', clientAddress: 1, serverAddress: 16, addressBytes: 1 } as const;
  expect(endsOf({ address: hdlc }, { client: 48, server: 1 })).toEqual({
    clientAddress: 48,
    serverAddress: 16,
  });
  expect(endsOf({ address: hdlc }, { client: 48, server: 2 })).toEqual({
    clientAddress: 48,
    serverAddress: 2,
  });
  expect(endsOf({ address: wrapper }, { client: 300, server: 1 })).toEqual({
    clientAddress: 300,
    serverAddress: 1,
  });
  for (const [client, server] of [
    [0, 1],
    [127, 1],
    [1, 0],
    [1, 127],
    [1, 128],
  ] as const)
    expect(() => endsOf({ address: hdlc }, { client, server })).toThrow(DcuError);
});

test('what is sent without a confirmed service is not waited for; what is ciphered is', () => {
  const due = (hex: string): string => answerDue(Uint8Array.fromHex(hex));
  expect(due('c001c1')).toBe('yes');
  expect(due('c101c1')).toBe('yes');
  expect(due('c10181')).toBe('no');
  expect(due('c30181')).toBe('no');
  expect(due('16')).toBe('no');
  expect(due('d900000001')).toBe('no');
  expect(due('d940000001')).toBe('yes');
  expect(due('e0c100010000')).toBe('block');
  expect(due('e08100010000')).toBe('yes');
  expect(due('c9')).toBe('yes');
  expect(due('60')).toBe('yes');
  expect(due('c1')).toBe('yes');
});

test('refusals are exception-responses', () => {
  const code = (of: ConstructorParameters<typeof DcuError>[0]): string =>
    exceptionOf(new DcuError(of, '')).toHex();
  expect(code('not-found')).toBe('d80103');
  expect(code('unsupported')).toBe('d80202');
  expect(code('apdu-too-long')).toBe('d80104');
  expect(code('link-timeout')).toBe('d80101');
});

test('ranges of addresses and ports', () => {
  const ranges = new HostRanges('192.0.2.7, 10.1.0.0/16; 2001:db8::/32');
  const has = (host: string): boolean => ranges.has(host);
  expect(['192.0.2.7', '10.1.255.1', '::ffff:10.1.2.3', '2001:db8:1::1'].every(has)).toBe(true);
  expect(['192.0.2.8', '10.2.0.1', '2001:db9::1', '', 'localhost'].some(has)).toBe(false);
  expect(new HostRanges(' ').isEmpty).toBe(true);
  expect(portRange(' 5000 - 5010 ')).toEqual({ first: 5000, last: 5010 });
  expect(portRange('')).toBeUndefined();
  expect(portOf(3, { first: 5000, last: 5002 })).toBe(5002);
  expect(portOf(4, { first: 5000, last: 5002 })).toBeUndefined();
});

test('a line that head-ends have kept for long belongs to the others for a while, whichever head-end comes next', async () => {
  const clock = new VirtualClock(0);
  const shares = new LineShares(clock);
  expect(shares.begin('line', true)).toBe(true);
  await clock.advance(HOLD_MS - 1);
  expect(shares.mayGoOn('line', true)).toBe(true);
  // Another one follows without a gap: nobody else has had a turn.
  shares.end('line');
  expect(shares.begin('line', true)).toBe(true);
  await clock.advance(1);
  expect(shares.mayGoOn('line', true)).toBe(false);
  shares.end('line');
  expect(shares.restMs('line')).toBe(OTHERS_MS);
  expect(shares.begin('line', true)).toBe(false);
  expect(shares.begin('line', false)).toBe(true);
  expect(shares.begin('another line', true)).toBe(true);
  await clock.advance(OTHERS_MS);
  expect(shares.begin('line', true)).toBe(true);
  // Whoever waited has gone: the time begins anew.
  await clock.advance(HOLD_MS - 1);
  expect(shares.mayGoOn('line', false)).toBe(true);
  await clock.advance(HOLD_MS);
  expect(shares.mayGoOn('line', true)).toBe(true);
});
