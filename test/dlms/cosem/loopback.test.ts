import { describe, expect, test } from 'bun:test';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { LogicalDevice } from '../../../src/dlms/server.ts';
import { array, structure, u32 } from '../../../src/dlms/values.ts';
import { counterFrom, HDLC, KEYS, pair, WRAPPER } from './loopback.ts';

const AUTHS: readonly AuthMechanism[] = ['none', 'lls', 'hls-gmac'];
const POLICIES: readonly SecurityPolicy[] = ['none', 'auth', 'enc', 'auth-enc'];
const LONG = array(Array.from({ length: 500 }, (_, i) => structure(u32(i))));

/** Attribute 2 is 5, attribute 9 a long value; what is set or given to a method comes back. */
function echoDevice(auth: AuthMechanism, policy: SecurityPolicy): LogicalDevice & { written?: DlmsData } {
  let lowest = 0;
  const device: LogicalDevice & { written?: DlmsData } = {
    address: 1,
    systemTitle: KEYS.serverTitle,
    associations: [{ clientAddress: 1, auth, policy, ...KEYS }],
    nextInvocationCounter: counterFrom(100),
    acceptInvocationCounter: (_client, counter) => {
      if (counter < lowest) return false;
      lowest = counter + 1;
      return true;
    },
    handle(request) {
      if (request.type === 'get') {
        const value = request.attribute.attribute === 9 ? LONG : u32(5);
        return request.attribute.attribute === 3
          ? { result: 'object-undefined' }
          : { result: 'success', data: encodeData(value) };
      }
      if (request.type === 'set') {
        device.written = request.value;
        return { result: 'success' };
      }
      if (request.parameter === undefined) return { result: 'success' };
      return { result: 'success', data: encodeData(request.parameter) };
    },
  };
  return device;
}

const at = (attribute: number) => ({ classId: 3, obis: '1.0.1.8.0.255', attribute });
const five = { ok: true, data: encodeData(u32(5)) } as const;
const long = { ok: true, data: encodeData(LONG) } as const;

for (const link of [WRAPPER, HDLC]) {
  for (const auth of AUTHS) {
    for (const policy of POLICIES) {
      describe(`${link.framing}, auth ${auth}, policy ${policy}`, () => {
        test('every service works whole and in blocks', () => {
          const device = echoDevice(auth, policy);
          const line = pair({ link, auth, policy, devices: [device], clientPdu: 300, serverPdu: 200 });
          expect(line.last({ type: 'open' })).toMatchObject({
            type: 'opened',
            association: { serverMaxPduSize: 200 },
          });
          expect(line.last({ type: 'get', attribute: at(2) })).toEqual({
            type: 'get-result',
            results: [five],
          });
          const events = line.run({ type: 'get', attribute: at(9) });
          expect(events.at(-1)).toEqual({ type: 'get-result', results: [long] });
          const blocks = events.filter((event) => event.type === 'block');
          expect(blocks.length).toBeGreaterThan(10);
          expect(blocks.map((block) => block.blockNumber)).toEqual(blocks.map((_, i) => i + 1));
          expect(line.last({ type: 'get-list', attributes: [at(2), at(9), at(3), at(2)] })).toEqual({
            type: 'get-result',
            results: [five, long, { ok: false, result: 'object-undefined' }, five],
          });
          expect(line.last({ type: 'set', attribute: at(2), value: u32(7) })).toEqual({
            type: 'set-result',
            result: 'success',
          });
          expect(device.written).toEqual(u32(7));
          expect(line.last({ type: 'set', attribute: at(2), value: LONG })).toMatchObject({
            result: 'success',
          });
          expect(device.written).toEqual(LONG);
          expect(line.last({ type: 'action', method: at(1) })).toEqual({
            type: 'action-result',
            result: 'success',
          });
          expect(line.last({ type: 'action', method: at(1), parameter: LONG })).toEqual({
            type: 'action-result',
            result: 'success',
            data: encodeData(LONG),
          });
          expect(line.last({ type: 'release' })).toEqual({ type: 'released' });
          expect(line.server.events.map(({ type }) => type)).toEqual(['associated', 'released']);
        });

        test('no APDU is longer than its receiver takes', () => {
          const line = pair({
            auth,
            policy,
            devices: [echoDevice(auth, policy)],
            clientPdu: 130,
            serverPdu: 110,
          });
          line.run({ type: 'open' });
          const from = line.wire.length;
          line.run({ type: 'get', attribute: at(9) });
          line.run({ type: 'get-list', attributes: Array.from({ length: 40 }, () => at(9)) });
          line.run({ type: 'set', attribute: at(2), value: LONG });
          line.run({ type: 'action', method: at(1), parameter: LONG });
          for (const { direction, bytes } of line.wire.slice(from)) {
            expect(bytes.length - 8).toBeLessThanOrEqual(direction === 'down' ? 110 : 130);
          }
        });

        test('a second association after a release uses no invocation counter twice', () => {
          const line = pair({ link, auth, policy, devices: [echoDevice(auth, policy)] });
          for (let i = 0; i < 3; i++) {
            expect(line.last({ type: 'open' }).type).toBe('opened');
            expect(line.last({ type: 'get', attribute: at(2) })).toMatchObject({ results: [five] });
            expect(line.last({ type: 'release' }).type).toBe('released');
          }
        });
      });
    }
  }
}
